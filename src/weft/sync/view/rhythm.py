"""What stamps say of sampling: the period, what counts as a gap, and the even instants under the jitter."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Interpolation, ListedTimeline, PiecewiseTimeline, RegularTimeline, Reset, Stream
from weft.core.runs import GAP_PERIODS
from weft.dsp.dejitter import Dejittered, dejitter
from weft.dsp.timing import GAP_FACTOR, measure_timing

Floats = NDArray[np.float64]

JITTERY_SHARE = 0.1
"""Stamps whose spacing scatters by more than this share of a period say when they were written, not sampled."""

LEAST_JITTER_NS = 100.0
"""Stamps that all lie closer to an even rhythm are rounded, and have nothing to be undone."""

_PICKED = (Interpolation.NEAREST, Interpolation.HOLD, Interpolation.NONE)


@dataclass(frozen=True, eq=False)
class Rhythm:
    """What a stream's stamps say about its sampling.

    ``period_ns`` is 0 where fewer than two instants are known. ``smooth_ns`` holds, for listed
    stamps that only jitter around a rhythm, when the samples were taken, ns since the first stamp,
    float64 (n), increasing; ``None`` where the stamps say it themselves.
    """

    period_ns: float
    max_gap_ns: float
    filter_gap_ns: float
    smooth_ns: Floats | None = None


def rhythm_of(
    stream: Stream, max_gap_s: float | None, *, resets: tuple[Reset, ...] = (), straighten: bool = True
) -> Rhythm:
    """The stream's rhythm.

    Parameters
    ----------
    stream
        The stream.
    max_gap_s
        Replaces three median periods as the longest interval that a value may be made in.
    resets
        Of its clock: a device that was restarted begins a rhythm of its own.
    straighten
        Whether to undo jitter.
    """
    listed = isinstance(stream.timeline, ListedTimeline)
    timing = measure_timing(stream.timestamps_ns) if listed else None
    rate_hz = _rate_of(stream)
    period_ns = timing.median_period_ns if timing else NS_PER_S / rate_hz if rate_hz else 0.0
    smooth_ns = _straightened(stream, resets) if straighten and listed else None
    jittery = timing is not None and timing.jitter_ns > JITTERY_SHARE * period_ns
    if smooth_ns is not None:
        period_ns, jittery = float(np.median(np.diff(smooth_ns))), False
    max_gap_ns = GAP_PERIODS * period_ns if max_gap_s is None else max_gap_s * NS_PER_S
    filter_gap_ns = (GAP_PERIODS if jittery else GAP_FACTOR) * period_ns
    return Rhythm(period_ns, max_gap_ns, filter_gap_ns, smooth_ns)


def dejittered(stream: Stream, resets: tuple[Reset, ...] = ()) -> list[Dejittered | None]:
    """For each stretch of a stream between resets of its clock: its even instants, or ``None`` without a rhythm.

    Only asked of listed stamps of signals that are sampled: band-limited ones, and others with a declared rate.
    """
    recorded_ns = stream.recorded_ns
    return [
        dejitter(recorded_ns[start:stop], nominal_rate_hz=stream.nominal_rate_hz or 0.0)
        for start, stop in _stretches(stream, resets)
    ]


def policy_of(stream: Stream) -> Interpolation:
    """How values are made: the stream's policy, but words, states and objects are only ever held."""
    if stream.interpolation not in _PICKED and stream.samples.dtype.kind not in "iuf":
        return Interpolation.HOLD
    return stream.interpolation


def _stretches(stream: Stream, resets: tuple[Reset, ...]) -> list[tuple[int, int]]:
    """The samples ``start <= i < stop`` between resets."""
    edges = [0, *(stream.timeline.index_ns(reset.at_ns) for reset in resets), len(stream)]
    return [(start, stop) for start, stop in pairwise(edges) if start < stop]


def _straightened(stream: Stream, resets: tuple[Reset, ...]) -> Floats | None:
    """Even instants since the first stamp where samples show a rhythm under their jitter; ``None`` where none do."""
    policy = policy_of(stream)
    if policy in _PICKED or not (policy is Interpolation.BAND_LIMITED or stream.nominal_rate_hz):
        return None
    smooth: Floats = (
        (stream.timestamps_ns - stream.timeline.first_ns).astype(np.float64) if len(stream) else np.zeros(0)
    )
    moved = False
    for (start, stop), found in zip(_stretches(stream, resets), dejittered(stream, resets), strict=True):
        if found is not None and found.largest_move_ns >= LEAST_JITTER_NS:
            smooth[start:stop] = found.instants_ns + float(stream.recorded_ns[start] - stream.timeline.first_ns)
            moved = True
    return smooth if moved and not np.any(np.diff(smooth) < 0) else None


def _rate_of(stream: Stream) -> float | None:
    """Samples per second where there is no gap; end to end, gaps would count as slowness."""
    timeline = stream.timeline
    if isinstance(timeline, PiecewiseTimeline) and timeline.pieces:
        timeline = timeline.longest
    if isinstance(timeline, RegularTimeline):
        return float(timeline.rate_hz)
    if isinstance(timeline, ListedTimeline):
        return stream.effective_rate_hz or stream.nominal_rate_hz
    return stream.nominal_rate_hz or stream.effective_rate_hz
