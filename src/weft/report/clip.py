"""A moment of a clock and of the reference, as recorded and as aligned."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weft.core import Interval

CLIP_RATE_HZ = 8000
"""A telephone's: speech stays plain, and a clip takes 130 kB in the page."""

Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Sight:
    """One alignment of a clip: what the device gave at the moment, by one map.

    ``sound`` is float32 (n) at :data:`CLIP_RATE_HZ`, silent where there is none; ``frames`` are JPEG files.
    ``mouth`` is the opening of the mouth that is seen longest, 0..1, float32 at even moments; empty where none is.
    """

    sound: Sound
    frames: tuple[bytes, ...] = ()
    mouth: Sound = field(default_factory=lambda: np.zeros(0, dtype=np.float32))


@dataclass(frozen=True)
class Clip:
    """A moment of a clock and of the reference.

    Parameters
    ----------
    clock, stream, reference_stream
        Whose moment, and from which streams.
    interval
        On the reference clock.
    reference
        The reference's sound.
    before
        The device's, had both recordings begun together; after
        by the clock's map.
    """

    clock: str
    stream: str
    reference_stream: str
    interval: Interval
    reference: Sound
    before: Sight
    after: Sight
