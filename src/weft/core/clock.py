"""A device's clock, and the moments at which it was set back."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from weft.core.errors import UsageError
from weft.core.times import Int64Array, as_ns_array


class Epoch(StrEnum):
    """What a clock reads zero at."""

    START = "start"
    """The first sample of the file; no wall time is known."""
    UNIX = "unix"
    """1970-01-01 UTC."""
    BOOT = "boot"
    """Some moment that only the device knows, usually its last start."""


@dataclass(frozen=True, slots=True)
class Reset:
    """A moment at which a clock was set to another reading.

    From ``at_ns`` (an unfolded reading) on, the device really showed
    ``unfolded - shift_ns``.
    """

    at_ns: int
    shift_ns: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A named clock.

    A clock that is set back shows the same reading twice, so a reading alone no
    longer says when. weft therefore *unfolds* it: after a reset a constant is added
    so that stamps keep growing, and the constant is kept here. What the device
    really showed is always ``raw_ns``::

        raw       100 101 102 | 3   4   5       the device was restarted
        unfolded  100 101 102 | 103 104 105     what every stamp in weft reads
                              at_ns = 103, shift_ns = 100

    Examples
    --------
    >>> clock = Clock("eeg", resets=(Reset(at_ns=103, shift_ns=100),))
    >>> clock.raw_ns([102, 103]).tolist()
    [102, 3]
    """

    name: str
    epoch: Epoch = Epoch.START
    resets: tuple[Reset, ...] = ()

    def __post_init__(self) -> None:
        if not self.name:
            raise UsageError("a clock needs a name")
        if any(a.at_ns >= b.at_ns for a, b in itertools.pairwise(self.resets)):
            raise UsageError(f"the resets of clock {self.name!r} must be in increasing order")

    def raw_ns(self, unfolded_ns: Int64Array | list[int]) -> Int64Array:
        """What the device showed at unfolded readings, int64 (n)."""
        times_ns = as_ns_array(unfolded_ns)
        shifts = np.array([0, *(reset.shift_ns for reset in self.resets)], dtype=np.int64)
        which = np.searchsorted([reset.at_ns for reset in self.resets], times_ns, side="right")
        return times_ns - shifts[which]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        resets = [[reset.at_ns, reset.shift_ns] for reset in self.resets]
        return {"name": self.name, "epoch": str(self.epoch), "resets": resets}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Clock:
        """The clock that :meth:`to_dict` wrote."""
        return cls(record["name"], Epoch(record["epoch"]), tuple(Reset(*reset) for reset in record["resets"]))
