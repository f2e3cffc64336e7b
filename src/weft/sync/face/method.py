"""What a method must know to compare a talking face with a sound: how it sees a mouth and how it hears a voice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.core import Stream
from weft.faces import FaceTrack
from weft.sync.face.signals import Rhythm, mouth_rhythm, voice_rhythm


@dataclass(frozen=True)
class FaceMethod:
    """One way to compare a face with a sound.

    Parameters
    ----------
    name
        The evidence's method.
    mouth, voice
        The rhythm of one face, and of the sound, in the same columns; where they fit, the
        product of their rows is large. ``None`` where there is nothing to compare.
    synchronisable
        What the heights of single windows at one lag, in standard deviations of wrong lags, say of
        whether the face is the speaker's: a probability for each. ``None`` where the method has no opinion.
    """

    name: str
    mouth: Callable[[FaceTrack], Rhythm | None]
    voice: Callable[[Stream], Rhythm | None]
    synchronisable: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None


HAND_MADE = FaceMethod("audio_face", mouth_rhythm, voice_rhythm)
"""The syllable rhythm of the mouth's opening against that of the sound's loudness."""
