"""The stretches of a timeline without a gap."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from weft.core.timeline import PiecewiseTimeline, RegularTimeline, Timeline

_CHUNK = 1 << 18
"""Stamps looked at together: memory does not grow with the recording."""


GAP_PERIODS = 3.0
"""Neighbours farther apart than three periods have a gap between them: no value is made there."""


def runs_without_gap(timeline: Timeline, longest_step_ns: float) -> Iterator[tuple[int, int]]:
    """Half-open pairs of sample indices between which no step is longer than ``longest_step_ns``.

    They cover the timeline in order. A regular timeline, and each piece of one in pieces, has
    no gap by construction and is not looked into.

    Examples
    --------
    >>> from weft.core.timeline import ListedTimeline
    >>> list(runs_without_gap(ListedTimeline(np.array([0, 10, 20, 90, 100])), 15))
    [(0, 3), (3, 5)]
    """
    if not len(timeline):
        return
    start = 0
    for gap in _gaps(timeline, longest_step_ns):
        yield start, gap
        start = gap
    yield start, len(timeline)


def _gaps(timeline: Timeline, longest_step_ns: float) -> Iterator[int]:
    """The samples that a gap lies before."""
    if isinstance(timeline, RegularTimeline):
        return
    if isinstance(timeline, PiecewiseTimeline):
        counts = itertools.accumulate(len(piece) for piece in timeline.pieces)
        for count, (before, after) in zip(counts, itertools.pairwise(timeline.pieces), strict=False):
            if after.first_ns - before.last_ns > longest_step_ns:
                yield count
        return
    for at in range(0, len(timeline), _CHUNK):
        begin = max(0, at - 1)
        steps_ns = np.diff(timeline.slice_ns(begin, min(len(timeline), at + _CHUNK)))
        yield from (begin + int(step) + 1 for step in np.flatnonzero(steps_ns > longest_step_ns))
