"""One device's one signal, in its own clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core.errors import UsageError
from weft.core.interval import Interval
from weft.core.modality import DEFAULT_INTERPOLATION, Interpolation, Modality
from weft.core.samples import Samples
from weft.core.timeline import PiecewiseTimeline, RegularTimeline, Timeline
from weft.core.times import NS_PER_S, Int64Array

RECORDED = "recorded"
"""``Stream.stamps["<clock>/recorded"]``: what the device wrote where jitter let its stamps run backwards."""


@dataclass(frozen=True, eq=False)
class Stream:
    """One device's one signal, in its own clock.

    Parameters
    ----------
    name
        Unique in its recording: ``"cam/video"``.
    modality
        What the signal is.
    clock
        The name of the clock that ``timeline`` reads.
    timeline
        When each sample was taken (for a frame: when its presentation starts).
    samples
        The values, sample axis first, read lazily.
    nominal_rate_hz
        What the file or device declares; ``None`` for irregular streams. What is
        measured is :attr:`effective_rate_hz`; the two never share a name.
    channels
        A name for each column of a sample, where a sample has columns.
    units
        The unit of each channel, in the same order; empty where the file names none.
    interpolation
        How values between samples are made; by default what suits the modality.
    stamps
        The same samples' stamps by other clocks (a bag's log and publish times),
        clock name to int64 (n). They are evidence; nothing is derived from them here.
    source
        The file, relative to the recording's folder.
    details
        What else the file says (codec, resolution, message type), JSON-ready.

    Raises
    ------
    UsageError
        If the numbers of stamps and samples differ. weft never keeps the shorter silently.
    """

    name: str
    modality: Modality
    clock: str
    timeline: Timeline
    samples: Samples
    nominal_rate_hz: float | None = None
    channels: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    interpolation: Interpolation = Interpolation.BY_MODALITY
    stamps: Mapping[str, Int64Array] = field(default_factory=dict)
    source: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = {"stamps": len(self.timeline), "samples": self.samples.shape[0]}
        counts |= {f"stamps of clock {clock!r}": len(times) for clock, times in self.stamps.items()}
        if len(set(counts.values())) > 1:
            raise UsageError(f"stream {self.name!r}: every sample needs one stamp, found {counts}")
        if self.interpolation is Interpolation.BY_MODALITY:
            object.__setattr__(self, "interpolation", DEFAULT_INTERPOLATION[self.modality])

    def __len__(self) -> int:
        return len(self.timeline)

    def __repr__(self) -> str:
        rate = f"{self.effective_rate_hz:.3f} Hz" if self.effective_rate_hz else "irregular"
        return f"Stream({self.name!r}, {self.modality}, clock={self.clock!r}, {len(self)} samples, {rate})"

    @property
    def timestamps_ns(self) -> Int64Array:
        """Every sample's time on the stream's own clock, int64 (n).

        This builds the whole array; long sound is better asked in slices of ``timeline``.
        """
        return self.timeline.slice_ns(0, len(self.timeline))

    @property
    def recorded_ns(self) -> Int64Array:
        """The stamps as the device wrote them, int64 (n).

        They differ from :attr:`timestamps_ns` only where chunks overtook each other: samples keep their
        order, and the timeline, which cannot run backwards, takes the middle between the nearest ways to
        put their stamps in order.
        """
        return self.stamps.get(f"{self.clock}/{RECORDED}", self.timestamps_ns)

    @cached_property
    def interval(self) -> Interval:
        """From the first stamp to one mean period after the last; empty when nothing was recorded."""
        if not len(self):
            return Interval(0, 0)
        period_ns = round(NS_PER_S / self.effective_rate_hz) if self.effective_rate_hz else 1
        return Interval(self.timeline.first_ns, self.timeline.last_ns + period_ns)

    @cached_property
    def effective_rate_hz(self) -> float | None:
        """Samples per second of the device's own clock while it recorded; ``None`` below two instants.

        Lost samples lower it; pauses (longer than a second and than 20 median intervals) do not.
        """
        if len(self) < 2 or self.timeline.last_ns == self.timeline.first_ns:
            return None
        if isinstance(self.timeline, RegularTimeline):
            return float(self.timeline.rate_hz)
        if isinstance(self.timeline, PiecewiseTimeline):
            return float(self.timeline.longest.rate_hz)
        intervals_ns = np.diff(self.timestamps_ns)
        pauses = intervals_ns > max(NS_PER_S, 20.0 * float(np.median(intervals_ns)))
        recorded_ns = int(intervals_ns[~pauses].sum())
        return float((~pauses).sum()) * NS_PER_S / recorded_ns if recorded_ns else None

    def read(self, interval: Interval) -> tuple[Int64Array, NDArray[Any]]:
        """The samples whose stamps lie in ``interval`` of the stream's own clock.

        Returns
        -------
        tuple
            Their stamps, int64 (m), and their values, shape (m, ...).
        """
        start, stop = self.timeline.index_ns(interval.start_ns), self.timeline.index_ns(interval.stop_ns)
        return self.timeline.slice_ns(start, stop), self.samples.read(start, stop)
