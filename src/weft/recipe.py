"""The options that make a dataset's version; equal inputs and equal recipe give equal bytes.

A recipe is a TOML file::

    reference = "mic"        # default: chosen for each recording
    budget_ms = 80.0

    [context]                # see weft.context.ContextOptions
    history_s = 5.0
    future_s = 5.0
    pause_s = 0.5
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from weft.context import ContextOptions
from weft.core import UnreadableError, UsageError


@dataclass(frozen=True)
class Recipe:
    """Every option that shapes a version.

    Parameters
    ----------
    reference
        The clock that all others are mapped to; empty to let the solver choose.
    budget_ms
        The largest 95 % error with which a clock still counts as aligned.
    context
        What may be chosen about capsules.

    Raises
    ------
    UsageError
        If the budget is not positive.

    Examples
    --------
    >>> Recipe.from_dict({"budget_ms": 40, "context": {"history_s": 8}}).context.history_s
    8
    """

    reference: str = ""
    budget_ms: float = 80.0
    context: ContextOptions = field(default_factory=ContextOptions)

    def __post_init__(self) -> None:
        if not 0.0 < self.budget_ms < float("inf"):
            raise UsageError(f"the budget must be a positive number of milliseconds, found {self.budget_ms!r}")

    def resolved(self) -> Recipe:
        """This recipe with what depends on the installation written out."""
        return replace(self, context=self.context.resolved())

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {"reference": self.reference, "budget_ms": self.budget_ms, "context": self.context.to_dict()}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Recipe:
        """The recipe that :meth:`to_dict` wrote; what is absent keeps its default.

        Raises
        ------
        UsageError
            If an option is unknown or its value not allowed.
        """
        unknown = sorted(set(record) - {"reference", "budget_ms", "context"})
        if unknown:
            raise UsageError(f"unknown recipe options {', '.join(unknown)}; known are reference, budget_ms, context")
        context = record.get("context", {})
        if not isinstance(context, Mapping):
            raise UsageError("a recipe's `context` must be a table, as in [context] history_s = 5.0")
        reference, budget_ms = record.get("reference", ""), record.get("budget_ms", 80.0)
        if not isinstance(reference, str):
            raise UsageError(f"reference must be a clock's name, found {reference!r}")
        if isinstance(budget_ms, bool) or not isinstance(budget_ms, (int, float)):
            raise UsageError(f"budget_ms must be a number, found {budget_ms!r}")
        return cls(reference, float(budget_ms), ContextOptions.from_dict(context))


def read_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file.

    Raises
    ------
    UsageError
        If the file is not there, or an option is unknown or not allowed.
    UnreadableError
        If it is not TOML.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such recipe") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: not a TOML file: {error}") from error
    try:
        return Recipe.from_dict(table)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def recipe_from(path: Path | None, *, reference: str = "", budget_ms: float | None = None) -> Recipe:
    """The recipe of a file, with what the command line says in its place.

    Raises
    ------
    UsageError
        If the file or an option is wrong.
    """
    recipe = read_recipe(path) if path is not None else Recipe()
    return replace(
        recipe,
        reference=reference or recipe.reference,
        budget_ms=recipe.budget_ms if budget_ms is None else budget_ms,
    )
