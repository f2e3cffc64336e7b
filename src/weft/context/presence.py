"""For every stream and every stretch of the reference: what is there, or why it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from weft.context.mapping import usable_map
from weft.context.snapping import Blocks
from weft.core import (
    NS_PER_MS,
    NS_PER_S,
    Alignment,
    Interval,
    Modality,
    Recording,
    RegularTimeline,
    Stream,
    StreamSpan,
    TimeMap,
)
from weft.core.runs import GAP_PERIODS, runs_without_gap

_POINTLIKE = (Modality.EVENT, Modality.TEXT)
"""Between their samples nothing is missing."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Where one stream has samples, on the reference clock.

    ``reference`` holds the stretches without a gap where the clock is known, on the reference
    clock; ``whole`` runs from the first to the last of them.
    """

    stream: Stream
    time_map: TimeMap | None
    reason: str
    reference: Blocks

    @property
    def whole(self) -> Interval | None:
        """From the first to the last reference time at which it has samples."""
        if not len(self.reference):
            return None
        return Interval(int(self.reference.starts_ns[0]), int(self.reference.stops_ns[-1]))

    def span(self, context: Interval) -> StreamSpan:
        """What a capsule with this context holds of the stream."""
        name, modality = self.stream.name, str(self.stream.modality)
        if self.time_map is None:
            return StreamSpan(name, modality, None, 0.0, "not_aligned")
        whole = self.whole
        shared = None if whole is None else _meeting(whole, context)
        if whole is None or shared is None:
            return StreamSpan(name, modality, None, 0.0, "ended")
        covered_ns = self.reference.shared_ns(context)
        if shared.is_empty:  # A point event's own instant: there or not.
            present = 1.0 if self.reference.contains(shared.start_ns) else 0.0
        else:
            present = covered_ns / context.duration_ns
        reason = "" if present >= 1.0 else "gap" if whole.covers(context) else "ended"
        if present == 0.0:
            return StreamSpan(name, modality, None, 0.0, reason)
        edges = self.time_map.inverse([shared.start_ns, shared.stop_ns], extrapolate=True)
        device = Interval(int(edges[0]), int(max(edges)))
        return StreamSpan(name, modality, device, round(present, 6), reason, self._error95_ms(device))

    def _error95_ms(self, device: Interval) -> float | None:
        """The largest of the alignment's errors at both ends."""
        if self.time_map is None:
            return None
        edges = np.array([device.start_ns, max(device.start_ns, device.stop_ns - 1)], dtype=np.int64)
        return round(float(np.max(self.time_map.error95_ns(edges))) / NS_PER_MS, 6)


def presences(recording: Recording, alignment: Alignment, *, use_weak: bool) -> tuple[Presence, ...]:
    """Every stream of a recording, by name, with where it has samples."""
    return tuple(
        _presence(stream, *usable_map(alignment, stream.clock, use_weak=use_weak))
        for stream in sorted(recording.streams, key=lambda s: s.name)
    )


def _presence(stream: Stream, time_map: TimeMap | None, reason: str) -> Presence:
    """One stream's stretches on the reference clock."""
    if time_map is None:
        return Presence(stream, None, reason, Blocks([]))
    pieces = [
        Interval(int(edges[0]), int(max(edges)))
        for run in device_runs(stream)
        for piece in time_map.pieces
        if (part := run.overlap(piece.device)) is not None
        for edges in [piece.to_reference_ns(np.array([part.start_ns, part.stop_ns], dtype=np.int64))]
    ]
    return Presence(stream, time_map, reason, Blocks(pieces))


def device_runs(stream: Stream) -> Iterator[Interval]:
    """The stretches of a stream's clock without a gap.

    A gap is what aligned reading masks, a step of more than three periods; between events
    nothing is missing.
    """
    if not len(stream):
        return
    whole = stream.interval
    if isinstance(stream.timeline, RegularTimeline) or stream.modality in _POINTLIKE:
        yield whole
        return
    rate_hz = stream.nominal_rate_hz or stream.effective_rate_hz
    period_ns = round(NS_PER_S / rate_hz) if rate_hz else 0
    for start, stop in runs_without_gap(stream.timeline, GAP_PERIODS * period_ns):
        first_ns, last_ns = (int(stream.timeline.slice_ns(i, i + 1)[0]) for i in (start, stop - 1))
        yield Interval(first_ns, whole.stop_ns if stop == len(stream) else last_ns + period_ns)


def _meeting(one: Interval, other: Interval) -> Interval | None:
    """The time that two intervals share, an instant included."""
    start_ns, stop_ns = max(one.start_ns, other.start_ns), min(one.stop_ns, other.stop_ns)
    if start_ns > stop_ns or (start_ns == stop_ns and not other.is_empty):
        return None
    return Interval(start_ns, stop_ns)
