"""A recording in which one clock reads otherwise by a known shift and drift; originals stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from weft.core import (
    Clock,
    Evidence,
    ListedTimeline,
    PiecewiseTimeline,
    Recording,
    RegularTimeline,
    Reset,
    Stream,
    Timeline,
)
from weft.core.times import Int64Array

LARGEST_DENOMINATOR = 300
"""Of a skewed rate: keeps instants in int64, and the rate within 0.001 ppm of what was asked."""


@dataclass(frozen=True)
class Skew:
    """``t_skewed = t + shift + drift * (t - t0)``: what a clock reads instead of ``t``."""

    shift_ns: int
    drift: float
    t0_ns: int

    def apply(self, t_ns: Int64Array) -> Int64Array:
        """Skewed readings of true ones."""
        skewed_ns: Int64Array = t_ns + self.shift_ns + np.rint(self.drift * (t_ns - self.t0_ns)).astype(np.int64)
        return skewed_ns

    def at_ns(self, t_ns: int) -> int:
        """The skewed reading of one."""
        return int(self.apply(np.array([t_ns], dtype=np.int64))[0])


def skewed(recording: Recording, clock: str, skew: Skew) -> Recording:
    """The recording as if ``clock`` had read otherwise: its streams, others' stamps of it, and stored evidence."""
    return replace(
        recording,
        streams=tuple(_stream(stream, clock, skew) for stream in recording.streams),
        clocks=tuple(_clock(one, skew) if one.name == clock else one for one in recording.clocks),
        evidence=tuple(_evidence(e, clock, skew) for e in recording.evidence),
    )


def _stream(stream: Stream, clock: str, skew: Skew) -> Stream:
    """A stream with its own stamps and those by other clocks skewed where they are the clock's."""
    stamps: Mapping[str, Int64Array] = {
        name: skew.apply(times_ns) if name == clock else times_ns for name, times_ns in stream.stamps.items()
    }
    timeline = _timeline(stream.timeline, skew) if stream.clock == clock else stream.timeline
    return replace(stream, timeline=timeline, stamps=stamps)


def _timeline(timeline: Timeline, skew: Skew) -> Timeline:
    """The instants skewed; what is regular stays so."""
    if isinstance(timeline, RegularTimeline):
        return _regular(timeline, skew)
    if isinstance(timeline, PiecewiseTimeline):
        return PiecewiseTimeline(tuple(_regular(piece, skew) for piece in timeline.pieces))
    return ListedTimeline(skew.apply(timeline.slice_ns(0, len(timeline))))


def _regular(timeline: RegularTimeline, skew: Skew) -> RegularTimeline:
    """Another start and another rate."""
    rate_hz = Fraction(float(timeline.rate_hz) / (1.0 + skew.drift)).limit_denominator(LARGEST_DENOMINATOR)
    return RegularTimeline(skew.at_ns(timeline.start_ns), rate_hz, timeline.count)


def _clock(clock: Clock, skew: Skew) -> Clock:
    """The clock's resets at their skewed readings."""
    return replace(clock, resets=tuple(Reset(skew.at_ns(reset.at_ns), reset.shift_ns) for reset in clock.resets))


def _evidence(e: Evidence, clock: str, skew: Skew) -> Evidence:
    """Stored evidence as it would have been measured."""
    if e.reference == clock:
        return _evidence(e.reversed(), clock, skew).reversed()
    if e.clock != clock:
        return e
    times_ns = skew.apply(e.times_ns)
    return replace(e, times_ns=times_ns, offsets_ns=e.offsets_ns - (times_ns - e.times_ns))
