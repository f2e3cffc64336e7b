"""Sound that starts a moment later than it was recorded, so that a second measurement looks at other windows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import Modality, Recording, RegularTimeline, Samples, Stream

LATE_S = 1.37
LARGEST_SHARE = 0.02
"""Of a stream that is left out at most."""


@dataclass(frozen=True, eq=False)
class LateSamples:
    """Samples without the first ``skip``; nothing is copied."""

    inner: Samples
    skip: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The inner shape with fewer samples."""
        return (self.inner.shape[0] - self.skip, *self.inner.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The inner type."""
        return self.inner.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The samples ``start <= i < stop`` after those that were skipped."""
        return self.inner.read(start + self.skip, stop + self.skip)


def starting_later(recording: Recording, clock: str) -> Recording:
    """The recording with the regular sound of one clock starting later; all else as it was."""
    streams = tuple(_late(stream) if stream.clock == clock else stream for stream in recording.streams)
    return replace(recording, streams=streams)


def _late(stream: Stream) -> Stream:
    """One stream without its first moment, where it is regular sound."""
    timeline = stream.timeline
    if stream.modality is not Modality.AUDIO or not isinstance(timeline, RegularTimeline) or stream.stamps:
        return stream
    skip = int(min(LATE_S * timeline.rate_hz, LARGEST_SHARE * len(timeline)))
    first_ns = int(timeline.slice_ns(skip, skip + 1)[0]) if skip else timeline.start_ns
    later = RegularTimeline(first_ns, timeline.rate_hz, timeline.count - skip)
    return replace(stream, timeline=later, samples=LateSamples(stream.samples, skip))
