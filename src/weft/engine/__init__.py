"""Steps that are never done twice, and runs that survive what fails in them."""

from weft.engine.runner import Item, Outcome, run
from weft.engine.steps import StepCache, step_key

__all__ = ["Item", "Outcome", "StepCache", "run", "step_key"]
