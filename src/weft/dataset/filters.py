"""Conditions on columns, as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from weft.core import UsageError
from weft.dataset.tables import COLUMNS

Filter: TypeAlias = Mapping[str, Any] | pc.Expression | None


def expression_of(condition: Filter, *, table: str = "capsules") -> pc.Expression | None:
    """``condition`` as Arrow's own expression; ``None`` when everything is wanted.

    Parameters
    ----------
    condition
        Column names with what they must be, all at once: a value, a list or set of values,
        or a pair ``(start, stop)`` for ``start <= value < stop`` with ``None`` for an open
        end. An Arrow expression is passed through.
    table
        The table whose columns it names.

    Raises
    ------
    UsageError
        If there is no such column.

    Examples
    --------
    >>> print(expression_of({"tier": ["mother", "child"], "duration_s": (1.0, None)}))
    (is_in(tier, {value_set=string:[
      "mother",
      "child"
    ], null_matching_behavior=MATCH}) and (duration_s >= 1))
    """
    if condition is None or isinstance(condition, pc.Expression):
        return condition
    unknown = [name for name in condition if name not in COLUMNS[table]]
    if unknown:
        known = ", ".join(name for name in COLUMNS[table] if not name.endswith("_json"))
        raise UsageError(f"{table} have no column {', '.join(unknown)}; they have {known}")
    parts = [_one(name, wanted, COLUMNS[table][name]) for name, wanted in condition.items()]
    return reduce(lambda left, right: left & right, parts) if parts else None


def _one(name: str, wanted: Any, kind: pa.DataType) -> pc.Expression:
    """The condition on one column."""
    column = pc.field(name)
    if wanted is None:
        return column.is_null()
    if isinstance(wanted, (list, set, frozenset)):
        return column.isin(pa.array(sorted(wanted, key=repr) if isinstance(wanted, (set, frozenset)) else wanted, kind))
    if not isinstance(wanted, tuple):
        return column == pa.scalar(wanted, kind)
    if len(wanted) != 2:
        raise UsageError(f"a range of {name!r} is a pair (start, stop), found {wanted!r}")
    start, stop = wanted
    bounds = [column >= pa.scalar(start, kind)] if start is not None else []
    bounds += [column < pa.scalar(stop, kind)] if stop is not None else []
    return reduce(lambda left, right: left & right, bounds) if bounds else pc.scalar(True)
