"""What every kind of event comes down to: when on a clock, how sure, and of what kind."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S
from weft.core.times import Int64Array

CLAP, LIGHT, PULSE, MARKER, BLINK = "clap", "light", "pulse", "marker", "blink"

_MATTER = frozenset({CLAP, LIGHT, PULSE, MARKER})
"""Kinds that one cause may give: a slate is heard, seen, and sent down a wire."""


@dataclass(frozen=True, eq=False)
class EventList:
    """Events of one kind on one clock.

    Parameters
    ----------
    clock, source
        The clock, and the stream or file that they come from.
    kind
        ``"clap"``, ``"light"``, ``"pulse"``, ``"marker"`` or ``"blink"``.
    times_ns
        Readings of the clock, int64 (n), never decreasing.
    sds_ns
        Standard deviation of each, float64 (n), positive.
    in_frames
        Whether what a camera's frames show was taken at their stamps.
    labels
        What markers are called, each once.
    """

    clock: str
    source: str
    kind: str
    times_ns: Int64Array
    sds_ns: NDArray[np.float64]
    in_frames: bool = False
    labels: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return int(self.times_ns.size)

    def chosen(self, which: NDArray[np.bool_]) -> EventList:
        """Some of the events."""
        return replace(self, times_ns=self.times_ns[which], sds_ns=self.sds_ns[which])

    def seconds(self, origin_ns: int) -> NDArray[np.float64]:
        """Times as seconds from an origin."""
        return (self.times_ns - origin_ns) / NS_PER_S


def may_share_cause(one: EventList, other: EventList) -> bool:
    """Whether two kinds of events can have one cause."""
    if BLINK in (one.kind, other.kind):
        return one.kind == other.kind
    return one.kind in _MATTER and other.kind in _MATTER
