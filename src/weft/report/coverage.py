"""Where on the reference clock a stream has samples, and where it has gaps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.core import ClockAlignment, Interval, ListedTimeline, Modality, RegularTimeline, Stream
from weft.dsp.timing import measure_timing
from weft.report.data import StreamData

GAP_PERIODS = 3.0
"""As in aligned reading: neighbours farther apart than three median periods have a gap between them."""

TOUCHING_NS = 1_000_000
"""Stretches that meet to within a millisecond are one; pieces of a map meet like that."""

POINTLIKE = (Modality.EVENT, Modality.TEXT)
"""Between their samples nothing is missing."""

MOST_INSTANTS = 300
"""Of events that are drawn one by one."""


def stream_data(stream: Stream, entry: ClockAlignment) -> StreamData:
    """A stream with its coverage, from its stamps.

    Notes
    -----
    The stamps of regular streams are not read: they have no gaps by construction. Other
    timelines than listed ones are taken for gapless.
    """
    breaks = _breaks(stream)
    duration_ns = stream.timeline.last_ns - stream.timeline.first_ns if len(stream) else 0
    stretches = joined(_stretches(stream, entry, breaks), TOUCHING_NS)
    pointlike = stream.modality in POINTLIKE
    return StreamData(
        name=stream.name,
        modality=str(stream.modality),
        clock=stream.clock,
        samples=len(stream),
        status=entry.status,
        nominal_rate_hz=stream.nominal_rate_hz,
        effective_rate_hz=None if pointlike else stream.effective_rate_hz,
        source=stream.source,
        duration_ns=duration_ns,
        span=Interval(stretches[0].start_ns, stretches[-1].stop_ns) if stretches else None,
        stretches=() if pointlike else tuple(stretches),
        gaps=None if pointlike else len(breaks),
        instants=_instants(stream, entry) if pointlike else (),
    )


def _breaks(stream: Stream) -> NDArray[np.intp]:
    """The samples after which a gap begins."""
    if not isinstance(stream.timeline, ListedTimeline) or stream.modality in POINTLIKE:
        return np.zeros(0, dtype=np.intp)
    timing = measure_timing(stream.timeline.times_ns)
    if timing is None:
        return np.zeros(0, dtype=np.intp)
    return np.flatnonzero(np.diff(stream.timeline.times_ns) > GAP_PERIODS * timing.median_period_ns)


def _stretches(stream: Stream, entry: ClockAlignment, breaks: NDArray[np.intp]) -> list[Interval]:
    """The gapless parts on the reference clock, cut where the map jumps."""
    if entry.time_map is None or not len(stream):
        return []
    timeline = stream.timeline
    pointlike = stream.modality in POINTLIKE
    period_ns = 1 if pointlike else stream.interval.stop_ns - timeline.last_ns
    if isinstance(timeline, RegularTimeline):
        runs = [(timeline.first_ns, timeline.last_ns + period_ns)]
    else:
        edges = [0, *(breaks + 1).tolist(), len(timeline)]
        runs = [
            (int(timeline.slice_ns(a, a + 1)[0]), int(timeline.slice_ns(b - 1, b)[0]) + period_ns)
            for a, b in pairwise(edges)
        ]
    found = []
    for start_ns, stop_ns in runs:
        for piece in entry.time_map.pieces:
            shared = piece.device.overlap(Interval(start_ns, stop_ns))
            if shared is not None:
                mapped = piece.to_reference_ns(np.array([shared.start_ns, shared.stop_ns], dtype=np.int64))
                found.append(Interval(int(mapped[0]), int(mapped[1])))
    return sorted(found)


def joined(stretches: Sequence[Interval], least_gap_ns: int) -> list[Interval]:
    """Stretches in order, those joined that have less than a certain gap between them.

    Examples
    --------
    >>> joined([Interval(0, 10), Interval(11, 20), Interval(90, 99)], 5)
    [Interval(start_ns=0, stop_ns=20), Interval(start_ns=90, stop_ns=99)]
    """
    found: list[Interval] = []
    for stretch in stretches:
        if found and stretch.start_ns - found[-1].stop_ns < least_gap_ns:
            found[-1] = found[-1].hull(stretch)
        else:
            found.append(stretch)
    return found


def _instants(stream: Stream, entry: ClockAlignment) -> tuple[int, ...]:
    """Reference times of events where the clock is known, at most :data:`MOST_INSTANTS`."""
    if entry.time_map is None or not len(stream):
        return ()
    times_ns = stream.timestamps_ns
    times_ns = times_ns[entry.time_map.known(times_ns)]
    every = max(1, -(-len(times_ns) // MOST_INSTANTS))
    return tuple(entry.time_map.apply(times_ns[::every]).tolist())
