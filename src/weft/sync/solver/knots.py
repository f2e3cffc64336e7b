"""The unknowns of the joint solution: each clock's offset at knots, straight between them.

::

    offset        o-----o                o knots of piece 0 and piece 1; between pieces the clock
                              o-----o-o    was set, dropped or restarted, so nothing joins them
    evidence       x xx x     x xx x
    device    ----|-----|-----|-----|-|--->
                                     ^ beyond evidence the knots follow each other at growing distances,
                                       so that the uncertainty can widen as it should
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Interval
from weft.core.times import Int64Array

LEAST_SPAN_NS = NS_PER_S
"""Knots of one piece lie at least this far apart, so that a slope is defined."""

BARE_NS = 30 * NS_PER_S
"""Stretches without evidence that are shorter get no knots of their own: a rate wanders by 0.2 ppm in them, 4 µs."""


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
    bare
        For each piece and each span between two of its knots, whether it lies where no evidence is.
    first
        Where the clock's unknowns start in the solution's vector.
    """

    clock: str
    base_ns: int
    pieces: tuple[Interval, ...]
    knots: tuple[Int64Array, ...]
    bare: tuple[tuple[bool, ...], ...]
    first: int

    @property
    def count(self) -> int:
        """The number of unknowns."""
        return sum(len(knots) for knots in self.knots)

    def piece_of(self, times_ns: Int64Array) -> NDArray[np.int64]:
        """Index of the piece that each reading belongs to; in a gap, the nearer one."""
        return piece_of(self.pieces, times_ns)

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


def piece_of(pieces: tuple[Interval, ...], times_ns: Int64Array) -> NDArray[np.int64]:
    """Index of the piece that each reading belongs to; in a gap, the nearer one."""
    cuts = [(a.stop_ns + b.start_ns) // 2 for a, b in pairwise(pieces)]
    which: NDArray[np.int64] = np.searchsorted(np.array(cuts, dtype=np.int64), times_ns, side="right")
    return which


def place_knots(piece: Interval, seen_ns: Int64Array, *, spans: int = 1) -> tuple[Int64Array, tuple[bool, ...]]:
    """The knots of one piece, and which spans between them lie where no evidence is.

    Parameters
    ----------
    piece
        The device's readings of the piece.
    seen_ns
        Readings at which evidence was measured, sorted, int64 (n).
    spans
        Into how many the part with evidence is divided: more than one where the drift bends.
    """
    start, stop = piece.start_ns, max(piece.stop_ns, piece.start_ns + LEAST_SPAN_NS)
    inside = seen_ns[(seen_ns >= start) & (seen_ns <= stop)]
    if inside.size < 2 or inside[-1] - inside[0] < LEAST_SPAN_NS:
        return np.array([start, stop], dtype=np.int64), (False,)
    low, high = int(inside[0]), int(inside[-1])
    places, bare = [start], []
    if low - start > BARE_NS:
        places += [*(low - d for d in reversed(_growing(low - start))), low]
        bare += [True] * (len(places) - 1)
    last = stop if stop - high <= BARE_NS else high
    for knot, without in _within(inside, places[-1], last, spans):
        places.append(knot)
        bare.append(without)
    if last != stop:
        beyond = [*(high + d for d in _growing(stop - high)), stop]
        places += beyond
        bare += [True] * len(beyond)
    return np.array(places, dtype=np.int64), tuple(bare)


def _growing(reach_ns: int) -> list[int]:
    """Distances that double, from ``BARE_NS`` to less than the whole."""
    steps, at = [], BARE_NS
    while at < reach_ns * 0.75:
        steps.append(at)
        at *= 2
    return steps


def _within(inside: Int64Array, start: int, stop: int, spans: int) -> list[tuple[int, bool]]:
    """Knots after ``start`` up to ``stop``: around holes in the evidence, and evenly where the drift bends."""
    wide = np.flatnonzero(np.diff(inside) > max(2 * BARE_NS, 0.1 * (stop - start)))
    holes = [(int(inside[k]), int(inside[k + 1])) for k in wide]
    knots: list[tuple[int, bool]] = []
    at = start
    for a, b in [*holes, (stop, stop)]:
        parts = max(1, min(round(spans * (a - at) / (stop - start)), (a - at) // LEAST_SPAN_NS)) if spans > 1 else 1
        if a - at >= LEAST_SPAN_NS:
            knots += [(int(k), False) for k in np.linspace(0, a - at, parts + 1).astype(np.int64)[1:] + at]
            at = a
        if b > a:
            knots += [((at + b) // 2, True), (b, True)]
            at = b
    if knots and knots[-1][0] < stop:
        knots[-1] = (stop, knots[-1][1])
    return knots or [(stop, False)]
