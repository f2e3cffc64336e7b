"""Where on the reference clock a stream has samples, and where it has gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weft.core import (
    NS_PER_S,
    ClockAlignment,
    Interval,
    ListedTimeline,
    Modality,
    PiecewiseTimeline,
    RegularTimeline,
    Stream,
)
from weft.core.runs import GAP_PERIODS, runs_without_gap
from weft.dsp.timing import measure_timing
from weft.report.data import StreamData

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
    The stamps of regular streams are not read: they have no gaps by construction.
    """
    runs = _runs(stream)
    duration_ns = stream.timeline.last_ns - stream.timeline.first_ns if len(stream) else 0
    stretches = joined(_placed(runs, entry), TOUCHING_NS)
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
        gaps=None if pointlike else max(0, len(runs) - 1),
        instants=_instants(stream, entry) if pointlike else (),
    )


def _runs(stream: Stream) -> list[Interval]:
    """The gapless parts on the stream's own clock, each up to a period after its last sample."""
    timeline = stream.timeline
    if not len(stream):
        return []
    if stream.modality in POINTLIKE:
        return [Interval(timeline.first_ns, timeline.last_ns + 1)]
    period_ns = _period_ns(stream)
    return [
        Interval(int(timeline.slice_ns(start, start + 1)[0]), int(timeline.slice_ns(stop - 1, stop)[0]) + period_ns)
        for start, stop in runs_without_gap(timeline, GAP_PERIODS * max(1, period_ns))
    ]


def _period_ns(stream: Stream) -> int:
    """The usual time between samples; that of listed stamps is their median, as the ends say nothing of gaps."""
    timeline = stream.timeline
    if isinstance(timeline, PiecewiseTimeline):
        timeline = timeline.longest
    if isinstance(timeline, RegularTimeline):
        return round(NS_PER_S / timeline.rate_hz)
    timing = measure_timing(timeline.times_ns) if isinstance(timeline, ListedTimeline) else None
    if timing is not None:
        return round(timing.median_period_ns)
    rate_hz = stream.nominal_rate_hz or stream.effective_rate_hz
    return round(NS_PER_S / rate_hz) if rate_hz else 1


def _placed(runs: Sequence[Interval], entry: ClockAlignment) -> list[Interval]:
    """Runs on the reference clock, cut where the map jumps."""
    found = []
    pieces = entry.time_map.pieces if entry.time_map else ()
    for run in runs:
        for piece in pieces:
            shared = piece.device.overlap(run)
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
