"""A recording seen on its reference clock: values between two reference times, with masks.

Nothing is rewritten. Every request is taken back to each stream's own clock, the samples
that it needs are read there, and what cannot be known is masked with a reason::

    reference   |---------------- window -----------------|
    grid        .   .   .   .   .   .   .   .   .   .   .
                 \\   \\   \\                        /   /      by the clock's map
    samples       x  x x  x  x      (gap)      x  x   x
    valid       n   y   y   y   n   n   n   n   y   y   n
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import (
    Alignment,
    Interpolation,
    Interval,
    Modality,
    Piece,
    Recording,
    Slice,
    Status,
    Stream,
    TimeMap,
    UsageError,
    Window,
)
from weft.core.times import Int64Array
from weft.sync.view.between import empty_values, values_between
from weft.sync.view.placing import Grid, chains_of, error95_of
from weft.sync.view.rhythm import Rhythm, policy_of, rhythm_of


class AlignedRecording:
    """A recording seen on the reference clock of an alignment.

    Parameters
    ----------
    recording, alignment
        The streams, and the map of each of their clocks.
    weak
        Whether clocks with the status ``weak`` give values. Their slices then have the reason
        ``"weak"`` where nothing else is missing. If false they are treated as not aligned.
    max_gap_s
        By stream or modality name, the longest interval between neighbours that a value may be
        made in; by default three median periods. Band-limited streams take no part in it: for
        a filter one lost sample is a gap.
    dejitter
        Whether samples of regular streams stand at the even instants that their stamps jitter around,
        counted across lost samples and never bent by them. The stamps themselves stay what they were.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from weft.core import ArraySamples, Clock, ClockAlignment, RegularTimeline
    >>> mic = Stream("mic/audio", Modality.AUDIO, "mic", RegularTimeline(0, Fraction(8000), 16000),
    ...              ArraySamples(np.ones(16000, dtype=np.int16)))
    >>> recording = Recording("talk", Path("."), (mic,), (Clock("mic"),))
    >>> entry = ClockAlignment(Clock("mic"), ("mic/audio",), Status.ALIGNED, TimeMap.identity("mic"))
    >>> view = AlignedRecording(recording, Alignment("talk", "mic", (entry,)))
    >>> view.window(0, 1_000_000_000, {"audio": 16_000})["mic/audio"]
    Slice('mic/audio', (16000,) float32, 16000 valid)
    """

    def __init__(
        self,
        recording: Recording,
        alignment: Alignment,
        *,
        weak: bool = True,
        max_gap_s: Mapping[str, float] | None = None,
        dejitter: bool = True,
    ) -> None:
        self.recording = recording
        self.alignment = alignment
        self._weak = weak
        self._dejitter = dejitter
        self._max_gap_s = _by_stream(recording, max_gap_s or {}, what="max_gap_s")
        self._rhythms: dict[str, Rhythm] = {}

    @property
    def interval(self) -> Interval:
        """From the first to the last reference time that any stream with a known clock has samples at.

        Empty when no stream has.
        """
        hull: Interval | None = None
        for stream in self.recording.streams:
            span = self.span_of(stream.name)
            if span is not None:
                hull = span if hull is None else hull.hull(span)
        return hull or Interval(0, 0)

    def span_of(self, name: str) -> Interval | None:
        """The reference times that one stream covers; ``None`` when its clock is not known or it is empty."""
        stream = self.recording.stream(name)
        time_map = self._map_of(stream)
        if time_map is None or not len(stream):
            return None
        device = stream.interval.overlap(time_map.validity)
        if device is None:
            return None
        edges = time_map.apply([device.start_ns, device.stop_ns], extrapolate=True)
        return Interval(int(edges[0]), int(edges[1]))

    def window(
        self,
        start_ns: int,
        stop_ns: int,
        rates_hz: Mapping[str, float] | None = None,
        *,
        streams: Iterable[str] | None = None,
    ) -> Window:
        """The streams' values at reference times ``start_ns <= t < stop_ns``.

        Parameters
        ----------
        start_ns, stop_ns
            Times on the reference clock.
        rates_hz
            By stream name or by modality name: give this stream on the regular grid
            ``start_ns + i / rate``. Streams that are not named keep their own instants,
            mapped to the reference. Events and texts always do.
        streams
            The streams to read; by default all.

        Returns
        -------
        Window
            One slice per stream. Sound and other band-limited signals are filtered, so that a
            lower rate does not alias; poses and gaze lie on straight lines or shortest turns;
            images, clouds and states are samples as they are. Integers of up to 16 bits become
            float32 where values are computed, in their own scale. In a slice of several
            channels a channel that is missing by itself is NaN.

        Raises
        ------
        UsageError
            If the interval runs backwards, or ``rates_hz`` or ``streams`` name something that
            this recording does not have, or ask for events at a rate.

        Notes
        -----
        Only the samples that the window needs are read. A value is made only between two samples
        that no gap, missing sample, jump of the clock or end of its map separates.
        """
        interval = Interval(start_ns, stop_ns)
        rates = _by_stream(self.recording, rates_hz or {}, what="rates_hz")
        grids = {rate: Grid.over(interval, rate) for rate in set(rates.values())}
        chosen = self.recording.streams if streams is None else [self.recording.stream(name) for name in streams]
        slices = {}
        for stream in chosen:
            self._require_values_between(stream, rates_hz or {})
            rate = rates.get(stream.name)
            if rate is None or policy_of(stream) is Interpolation.NONE:
                slices[stream.name] = self._native(stream, interval)
            else:
                slices[stream.name] = self._on_grid(stream, grids[rate], rate)
        return Window(interval, slices)

    def windows(
        self,
        duration_ns: int,
        *,
        step_ns: int | None = None,
        rates_hz: Mapping[str, float] | None = None,
        streams: Iterable[str] | None = None,
        within: Interval | None = None,
    ) -> Iterator[Window]:
        """Windows one after another, the last one cut off at the end.

        Parameters
        ----------
        duration_ns
            How long each is.
        step_ns
            From one start to the next; by default ``duration_ns``, so that they cover
            everything once.
        rates_hz, streams
            As for :meth:`window`.
        within
            Where, on the reference clock; by default :attr:`interval`.

        Raises
        ------
        UsageError
            If a duration or step is not positive.
        """
        step = duration_ns if step_ns is None else step_ns
        if duration_ns <= 0 or step <= 0:
            raise UsageError(f"windows need a positive duration and step, found {duration_ns} ns and {step} ns")
        names = None if streams is None else tuple(streams)
        span = within or self.interval
        for start_ns in range(span.start_ns, span.stop_ns, step):
            yield self.window(start_ns, min(start_ns + duration_ns, span.stop_ns), rates_hz, streams=names)

    def _map_of(self, stream: Stream) -> TimeMap | None:
        """The map of the stream's clock, unless it is weak and weak ones are not wanted."""
        entry = self.alignment[stream.clock]
        return None if entry.status is Status.WEAK and not self._weak else entry.time_map

    def _rhythm_of(self, stream: Stream) -> Rhythm:
        """The stream's rhythm, measured once."""
        if stream.name not in self._rhythms:
            resets = self.recording.clock(stream.clock).resets
            gap_s = self._max_gap_s.get(stream.name)
            self._rhythms[stream.name] = rhythm_of(stream, gap_s, resets=resets, straighten=self._dejitter)
        return self._rhythms[stream.name]

    def instants_ns(self, name: str) -> Int64Array:
        """The reference time of every sample of one stream that its map covers, int64 (m).

        Raises
        ------
        UsageError
            If the stream's clock is not known.
        """
        stream = self.recording.stream(name)
        if self._map_of(stream) is None:
            raise UsageError(f"stream {name!r} has no reference times: its clock {stream.clock!r} is not aligned")
        parts = [self._instants_in(stream, piece, None)[2] for piece in self._pieces_of(stream)]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def _require_values_between(self, stream: Stream, rates_hz: Mapping[str, float]) -> None:
        """Events named one by one cannot have a rate; rotations are rows of four."""
        if stream.name in rates_hz and policy_of(stream) is Interpolation.NONE:
            raise UsageError(
                f"stream {stream.name!r} holds events, which have no values at a rate; leave it out of rates_hz"
            )
        if policy_of(stream) is Interpolation.ROTATION and stream.samples.shape[1:] != (4,):
            raise UsageError(
                f"stream {stream.name!r}: rotations are rows of x, y, z, w, "
                f"found samples of shape {stream.samples.shape[1:]}"
            )

    def _on_grid(self, stream: Stream, grid: Grid, rate_hz: float) -> Slice:
        """The stream at regular instants."""
        values = empty_values(stream, len(grid))
        valid = np.zeros(len(grid), dtype=np.bool_)
        time_map = self._map_of(stream)
        if time_map is None:
            return Slice(stream.name, grid.times_ns, values, valid, "not_aligned", math.inf)
        rhythm = self._rhythm_of(stream)
        step = 1e9 / rate_hz / rhythm.period_ns if rhythm.period_ns else 1.0
        for chain in chains_of(time_map, rhythm.period_ns) if len(stream) else []:
            low, high = chain.instants_of(grid.times_ns)
            here = Grid(grid.times_ns[low:high], grid.parts_ns[low:high])
            at_ns = chain.place(here, stream.timeline.first_ns)
            values[low:high], valid[low:high] = values_between(
                stream, rhythm, chain.samples_of(stream), at_ns, step=step
            )
        reason = self._reason(stream, time_map, grid.times_ns[~valid])
        known_ns = time_map.inverse(grid.times_ns[valid], extrapolate=True)
        return Slice(stream.name, grid.times_ns, values, valid, reason, error95_of(time_map, known_ns))

    def _native(self, stream: Stream, interval: Interval) -> Slice:
        """The stream at its own instants, mapped to the reference."""
        time_map = self._map_of(stream)
        if time_map is None:
            return _joined(stream, [], "not_aligned", math.inf)
        parts = []
        for piece in self._pieces_of(stream):
            shared = piece.reference.grown(0, 1).overlap(interval)
            if shared is None and self._rhythm_of(stream).smooth_ns is None:
                continue
            low, device_ns, times_ns = self._instants_in(stream, piece, interval)
            first, stop = np.searchsorted(times_ns, [interval.start_ns, interval.stop_ns])
            if first < stop:
                read = np.asarray(stream.samples.read(low + int(first), low + int(stop)))
                parts.append((times_ns[first:stop], device_ns[first:stop], read))
        error95_ns = max((error95_of(time_map, device_ns) for _, device_ns, _ in parts), default=0.0)
        slice_ = _joined(stream, parts, "", error95_ns)
        return _with_reason(slice_, self._hole(stream, time_map, slice_, interval))

    def _pieces_of(self, stream: Stream) -> tuple[Piece, ...]:
        """The pieces of the map of the stream's clock, where there is something to map."""
        time_map = self._map_of(stream)
        return time_map.pieces if time_map is not None and len(stream) else ()

    def _instants_in(self, stream: Stream, piece: Piece, around: Interval | None) -> tuple[int, Int64Array, Int64Array]:
        """The first sample of a piece near reference times, and those samples' device and reference times.

        A sample belongs to a piece by its stamp, and stands where its even instant lies.
        """
        smooth_ns = self._rhythm_of(stream).smooth_ns
        is_last = piece is self._pieces_of(stream)[-1]
        low = stream.timeline.index_ns(piece.device.start_ns)
        high = stream.timeline.index_ns(piece.device.stop_ns + (1 if is_last else 0))
        if around is not None:
            edges_ns = piece.to_device_ns(np.array([around.start_ns, around.stop_ns], dtype=np.int64))
            edges_ns = edges_ns + np.array([-1, 1])
            if smooth_ns is None:
                near = [stream.timeline.index_ns(int(edge)) for edge in edges_ns]
            else:
                near = np.searchsorted(smooth_ns, edges_ns - stream.timeline.first_ns).tolist()
            low, high = max(low, near[0]), min(high, near[1])
        high = max(low, high)
        if smooth_ns is None:
            device_ns = stream.timeline.slice_ns(low, high)
        else:
            device_ns = stream.timeline.first_ns + np.rint(smooth_ns[low:high]).astype(np.int64)
        return low, device_ns, piece.to_reference_ns(device_ns)

    def _hole(self, stream: Stream, time_map: TimeMap, found: Slice, interval: Interval) -> str:
        """Why a window lacks native instants, from the longest stretch without one; empty when none is missing."""
        if policy_of(stream) is Interpolation.NONE:
            return self._reason(stream, time_map, np.zeros(0, dtype=np.int64))
        edges_ns = np.concatenate([[interval.start_ns], found.times_ns, [interval.stop_ns]])
        holes_ns = np.diff(edges_ns)
        rhythm = self._rhythm_of(stream)
        wide = holes_ns > max(rhythm.max_gap_ns, 1.0) if len(stream) else holes_ns > 0
        middles_ns = (edges_ns[:-1] + holes_ns // 2)[wide]
        return self._reason(stream, time_map, middles_ns)

    def _reason(self, stream: Stream, time_map: TimeMap, missing_ns: Int64Array) -> str:
        """The commonest reason of missing instants; ``"weak"`` when none is missing on a weak clock."""
        if not len(missing_ns):
            return "weak" if self.alignment[stream.clock].status is Status.WEAK else ""
        device_ns = time_map.inverse(missing_ns, extrapolate=True)
        span = Interval(stream.timeline.first_ns, stream.timeline.last_ns) if len(stream) else None
        ended = np.ones(len(device_ns), dtype=np.bool_)
        if span is not None:
            ended = (device_ns < span.start_ns) | (device_ns > span.stop_ns)
        valid = time_map.validity
        unknown = ~ended & ((device_ns < valid.start_ns) | (device_ns > valid.stop_ns))
        counts = {"ended": int(ended.sum()), "not_aligned": int(unknown.sum())}
        counts["gap"] = len(device_ns) - sum(counts.values())
        return max(counts, key=lambda reason: counts[reason])


def _by_stream(recording: Recording, by_name: Mapping[str, float], *, what: str) -> dict[str, float]:
    """Numbers by stream name, from numbers by stream or modality name; a stream's own wins."""
    streams = {stream.name: stream for stream in recording.streams}
    modalities = {str(modality) for modality in Modality}
    unknown = [name for name in by_name if name not in streams and str(name) not in modalities]
    if unknown:
        raise UsageError(
            f"{what} names {', '.join(map(repr, unknown))}; recording {recording.name!r} has the streams "
            f"{', '.join(streams) or 'none'}, and modalities are {', '.join(sorted(modalities))}"
        )
    return {
        name: float(by_name[key])
        for name, stream in streams.items()
        if (key := name if name in by_name else str(stream.modality)) in by_name
    }


def _joined(stream: Stream, parts: list[tuple[Any, Any, NDArray[Any]]], reason: str, error95_ns: float) -> Slice:
    """One slice of the samples found in each piece of the map, as they are."""
    if not parts:
        shape = (0, *(max(0, size) for size in stream.samples.shape[1:]))
        nothing = np.zeros(shape, dtype=stream.samples.dtype)
        return Slice(stream.name, np.zeros(0, dtype=np.int64), nothing, np.zeros(0, dtype=np.bool_), reason, error95_ns)
    times_ns = np.concatenate([times for times, _, _ in parts])
    values = np.concatenate([read for _, _, read in parts]) if len(parts) > 1 else parts[0][2]
    valid = np.ones(len(values), dtype=np.bool_)
    if values.dtype.kind == "f" and values.size:
        valid = np.asarray(~np.isnan(values.reshape(len(values), -1)).all(axis=1))
        if not valid.all():
            values = values.copy()
            values[~valid] = 0
    return Slice(stream.name, times_ns, values, valid, reason, error95_ns)


def _with_reason(found: Slice, reason: str) -> Slice:
    """The slice with its reason."""
    return Slice(found.stream, found.times_ns, found.values, found.valid, reason, found.error95_ns)
