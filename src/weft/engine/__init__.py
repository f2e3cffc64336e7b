"""Steps that are never done twice, and runs that survive what fails in them."""

from weft.engine.code_version import code_version
from weft.engine.runner import Item, Outcome, run
from weft.engine.steps import StepCache, step_key

__all__ = ["Item", "Outcome", "StepCache", "code_version", "run", "step_key"]
