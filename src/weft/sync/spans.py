"""When a clock was read."""

from __future__ import annotations

from weft.core import Interval, Recording


def clock_span(recording: Recording, clock: str) -> Interval | None:
    """From the first to the last sample that reads a clock; ``None`` when nothing does."""
    span: Interval | None = None
    for stream in recording.streams_of(clock):
        if len(stream):
            span = stream.interval if span is None else span.hull(stream.interval)
    return span
