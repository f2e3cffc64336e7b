"""Clips of talking people joined into one recording of two devices, with known truth.

A camera and a recorder see and hear the same clips in a row; the recorder's clock is
offset and drifts. So that nothing but the speech can relate the two, each clip loses a
random piece at both ends, and around every join the camera has no frames and the
recorder hears only the clip's own background::

    camera     [ clip 3 ]  [ clip 1 ]  [ clip 7 ]     no frames around joins
    recorder   [ clip 3 ]~~[ clip 1 ]~~[ clip 7 ]     background around joins
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weft.core import ArraySamples, ListedTimeline, Modality, RegularTimeline, Stream, UsageError

_GUARD_S = 0.1
_LONGEST_TRIM_S = 0.25
_BACKGROUND_S = 0.05


@dataclass(frozen=True, eq=False)
class TalkingClip:
    """One decoded clip: frames (n, h, w, 3) uint8 at ``times_s``, sound (m) float32 from time 0 on."""

    times_s: NDArray[np.float64]
    images: NDArray[np.uint8]
    sound: NDArray[np.float32]
    rate_hz: int


def join_clips(
    clips: Sequence[Path], *, offset_s: float = 0.0, drift: float = 0.0, seed: int = 0
) -> tuple[Stream, Stream]:
    """The camera's video (clock ``cam``) and the recorder's sound (clock ``mic``) of clips in a row.

    Parameters
    ----------
    clips
        Media files of one image size and one sound rate, each with a face that speaks in step with its sound.
    offset_s, drift
        The recorder reads ``(1 + drift) * t + offset_s`` when the camera reads ``t``; the
        drift is made exact to a hundredth of a hertz of the sound's rate.
    seed
        Of the random trims.

    Raises
    ------
    UsageError
        If there is no clip, or their sounds have different rates.
    """
    decoded = [decode_clip(path) for path in clips]
    rates = sorted({clip.rate_hz for clip in decoded})
    if len(rates) != 1:
        raise UsageError(f"clips to join need one sound rate, found {rates}")
    rng = np.random.default_rng(seed)
    times, images, sounds, at_s = [], [], [], 0.0
    for clip in decoded:
        start_s, stop_s = trim(clip, rng)
        keep = (clip.times_s >= start_s + _GUARD_S) & (clip.times_s < stop_s - _GUARD_S)
        times.append(clip.times_s[keep] - start_s + at_s)
        images.append(clip.images[keep])
        sounds.append(guarded(clip.sound[round(start_s * rates[0]) : round(stop_s * rates[0])], rates[0], rng))
        at_s += len(sounds[-1]) / rates[0]
    times_ns = np.round(np.concatenate(times) * 1e9).astype(np.int64)
    sound = np.concatenate(sounds)
    rate_hz = Fraction(round(rates[0] / (1 + drift) * 100), 100)
    return (
        Stream("cam/video", Modality.VIDEO, "cam", ListedTimeline(times_ns), ArraySamples(np.concatenate(images))),
        Stream(
            "mic/audio",
            Modality.AUDIO,
            "mic",
            RegularTimeline(round(offset_s * 1e9), rate_hz, len(sound)),
            ArraySamples(sound),
        ),
    )


def decode_clip(path: Path) -> TalkingClip:
    """A small clip, wholly in memory; several channels are averaged."""
    import av

    with av.open(str(path)) as container:
        frames = [(float(frame.time or 0.0), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono")
        blocks = [block for frame in container.decode(audio=0) for block in resampler.resample(frame)]
        rate_hz = int(container.streams.audio[0].rate)
    sound = np.concatenate([block.to_ndarray()[0] for block in blocks]).astype(np.float32)
    return TalkingClip(np.array([t for t, _ in frames]), np.array([image for _, image in frames]), sound, rate_hz)


def trim(clip: TalkingClip, rng: np.random.Generator) -> tuple[float, float]:
    """Where a clip starts and stops after losing a random piece at both ends, in seconds."""
    stop_s = min(float(clip.times_s[-1]), len(clip.sound) / clip.rate_hz) - rng.uniform(0, _LONGEST_TRIM_S)
    return float(rng.uniform(0.02, _LONGEST_TRIM_S)), stop_s


def guarded(sound: NDArray[np.float32], rate_hz: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The sound with its ends replaced by random samples of its own quietest stretch."""
    size, guard = round(_BACKGROUND_S * rate_hz), round(_GUARD_S * rate_hz)
    stretches = sound[: len(sound) // size * size].reshape(-1, size)
    quiet = stretches[np.argmin((stretches**2).sum(axis=1))]
    ended = sound.copy()
    ended[:guard], ended[-guard:] = rng.choice(quiet, guard), rng.choice(quiet, guard)
    return ended
