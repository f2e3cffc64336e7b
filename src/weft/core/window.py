"""What a request on the reference clock gives back: values with their times and their masks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core.errors import UsageError
from weft.core.interval import Interval
from weft.core.times import Int64Array


@dataclass(frozen=True, eq=False)
class Slice:
    """One stream's part of a window.

    Parameters
    ----------
    stream
        The stream's name.
    times_ns
        Instants on the reference clock, int64 (n).
    values
        Shape (n, ...). Where ``valid`` is false they are 0 (or empty) and mean nothing.
    valid
        Whether each instant has a value, bool (n): false in gaps, beyond the ends, and
        where the clock is not known.
    reason
        Why instants are missing, in a word: ``""``, ``"gap"``, ``"not_aligned"``, ``"ended"``.
    error95_ns
        Half-width of the 95 % interval of the instants' alignment; the largest in the window.
    synthetic
        Whether a model made the values.
    """

    stream: str
    times_ns: Int64Array
    values: NDArray[Any]
    valid: NDArray[np.bool_]
    reason: str = ""
    error95_ns: float = 0.0
    synthetic: bool = False

    def __post_init__(self) -> None:
        if not len(self.times_ns) == len(self.values) == len(self.valid):
            raise UsageError(
                f"slice of {self.stream!r}: times, values and mask must agree, "
                f"found {len(self.times_ns)}, {len(self.values)}, {len(self.valid)}"
            )

    def __len__(self) -> int:
        return len(self.times_ns)

    def __repr__(self) -> str:
        return f"Slice({self.stream!r}, {self.values.shape} {self.values.dtype}, {int(self.valid.sum())} valid)"


@dataclass(frozen=True, eq=False)
class Window:
    """The slices of several streams over one interval of the reference clock."""

    interval: Interval
    slices: Mapping[str, Slice] = field(default_factory=dict)

    def __getitem__(self, stream: str) -> Slice:
        """The slice of one stream."""
        try:
            return self.slices[stream]
        except KeyError:
            known = ", ".join(self.slices) or "none"
            raise UsageError(f"this window has no stream {stream!r}; it has {known}") from None
