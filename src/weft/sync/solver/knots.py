"""The unknowns of the joint solution: each clock's offset at knots, straight between them.

::

    offset        o-----o            o knots of piece 0 and piece 1; between pieces the clock
                             o-----o   was set, dropped or restarted, so nothing joins them
    device    ----|-----|----|-----|--->
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Clock, Evidence, Interval
from weft.core.times import Int64Array

LEAST_SPAN_NS = NS_PER_S
"""Knots of one piece lie at least this far apart, so that a slope is defined."""


@dataclass(frozen=True)
class ClockKnots:
    """One clock's pieces and knots.

    Parameters
    ----------
    clock
        Its name.
    base_ns
        An offset near all of the clock's offsets; unknowns are what is left, so that floats suffice.
    pieces
        The device's readings of each piece.
    knots
        For each piece its knots, int64, the outer two at or beyond the piece's ends.
    first
        Where the clock's unknowns start in the solution's vector.
    """

    clock: str
    base_ns: int
    pieces: tuple[Interval, ...]
    knots: tuple[Int64Array, ...]
    first: int

    @property
    def count(self) -> int:
        """The number of unknowns."""
        return sum(len(knots) for knots in self.knots)

    def piece_of(self, times_ns: Int64Array) -> NDArray[np.int64]:
        """Index of the piece that each reading belongs to; in a gap, the nearer one."""
        cuts = [(a.stop_ns + b.start_ns) // 2 for a, b in pairwise(self.pieces)]
        which: NDArray[np.int64] = np.searchsorted(np.array(cuts, dtype=np.int64), times_ns, side="right")
        return which

    def rows(self, times_ns: Int64Array) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The two unknowns that each reading's offset mixes, and their shares, (n, 2) each."""
        which = self.piece_of(times_ns)
        columns = np.zeros((len(times_ns), 2), dtype=np.int64)
        shares = np.zeros((len(times_ns), 2))
        start = self.first
        for index, knots in enumerate(self.knots):
            here = which == index
            left = np.clip(np.searchsorted(knots, times_ns[here], side="right") - 1, 0, len(knots) - 2)
            along = (times_ns[here] - knots[left]) / (knots[left + 1] - knots[left])
            columns[here] = start + left[:, None] + np.array([0, 1])
            shares[here] = np.stack([1.0 - along, along], axis=1)
            start += len(knots)
        return columns, shares


def pieces_of_clock(clock: Clock, span: Interval, evidence: Sequence[Evidence]) -> tuple[Interval, ...]:
    """A clock's span cut at its resets and at the breaks that evidence about it found."""
    gaps = [(reset.at_ns, reset.at_ns) for reset in clock.resets]
    for e in evidence:
        key = "clock_ns" if e.clock == clock.name else "reference_ns"
        gaps += [(int(gap[key][0]), int(gap[key][1])) for gap in e.details.get("breaks", ())]
    pieces, start = [], span.start_ns
    for stop, begin in sorted(gaps):
        if start < stop < span.stop_ns:
            pieces.append(Interval(start, stop))
            start = max(stop, begin)
    if start < span.stop_ns or not pieces:
        pieces.append(Interval(min(start, span.stop_ns), span.stop_ns))
    return tuple(pieces)


def outer_knots(piece: Interval) -> Int64Array:
    """The two knots of a straight piece: its ends."""
    return np.array([piece.start_ns, max(piece.stop_ns, piece.start_ns + LEAST_SPAN_NS)], dtype=np.int64)
