"""What the surroundings sound like while nobody speaks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.context.snapping import Blocks
from weft.context.sound import FRAME_RATE_HZ, SoundFrames
from weft.core import Annotation, Interval, Origin
from weft.dsp.loudness import power_db, signal_to_noise_db

METHOD = "frames of 16 ms outside speech, sound below 8 kHz, A-weighting of IEC 61672-1"

_GUARD_FRAMES = 6
"""About 0.1 s next to speech is left out: a room still rings there."""

_SPEECH = 0.35
"""Frames from this probability on are not background."""

_STEADY_DB = 3.0
_ONSET_DB = 6.0
"""A frame whose bands rise by this much on average is an onset; a steady hiss stays under 4 dB."""

_ENOUGH_S = 1.0


def quiet_frames(frames: SoundFrames, utterances: Blocks) -> NDArray[np.bool_]:
    """Which frames of a recording show the surroundings alone, bool (n).

    A frame does that when no utterance holds it, the detector (where one ran) takes it for no
    speech, and neither holds for a frame within 0.1 s.
    """
    from scipy import ndimage

    middle_ns = frames.starts_ns + (frames.stops_ns - frames.starts_ns) // 2
    index = np.searchsorted(utterances.starts_ns, middle_ns, side="right") - 1
    spoken = frames.speech >= _SPEECH
    if len(utterances):
        spoken |= (index >= 0) & (middle_ns < utterances.stops_ns[np.maximum(index, 0)])
    near = ndimage.maximum_filter1d(spoken.astype(np.uint8), 2 * _GUARD_FRAMES + 1, mode="constant")
    return np.asarray(near == 0, dtype=np.bool_)


def ambient_of(
    context: Interval, anchor: Interval, frames: SoundFrames, quiet: NDArray[np.bool_], clock: str
) -> Annotation | None:
    """The ambient sound of a context, or ``None`` where no frame in it is free of speech.

    The value names ``level_a_dbfs`` (10th, 50th and 90th percentile, A-weighted),
    ``level_dbfs`` (the same, plain), ``centroid_hz`` and ``flatness`` (medians),
    ``stationarity`` (share of frames within 3 dB of the median level), ``onsets_per_s``,
    ``snr_db`` (the anchor's mean A-weighted power, which rumble does not swamp, against the
    background's; ``None`` where the anchor is empty, is itself background, or does not stand out), ``measured_s``.

    Notes
    -----
    Levels are relative to full scale: without a calibrated microphone no sound pressure can
    be told. Confidence grows with ``measured_s`` up to one second.
    """
    at = frames.within(context)
    chosen = np.flatnonzero(quiet[at]) + at.start
    if not chosen.size:
        return None
    measured_s = chosen.size / FRAME_RATE_HZ
    levels = power_db(frames.power[chosen])
    value: dict[str, Any] = {
        "level_a_dbfs": _percentiles(power_db(frames.power_a[chosen])),
        "level_dbfs": _percentiles(levels),
        "centroid_hz": round(float(np.median(frames.centroid_hz[chosen])), 2),
        "flatness": round(float(np.median(frames.flatness[chosen])), 5),
        "stationarity": round(float(np.mean(np.abs(levels - np.median(levels)) <= _STEADY_DB)), 4),
        "onsets_per_s": round(_onsets(frames, chosen) / measured_s, 4),
        "snr_db": _snr_db(frames, anchor, chosen, quiet),
        "measured_s": round(measured_s, 3),
    }
    return Annotation(
        kind="ambient",
        interval=context,
        clock=clock,
        value=value,
        origin=Origin.MEASURED,
        method=METHOD,
        confidence=round(min(1.0, measured_s / _ENOUGH_S), 4),
        stream=frames.stream,
    )


def _percentiles(levels_db: NDArray[np.float64]) -> dict[str, float]:
    """The 10th, 50th and 90th percentile."""
    return {
        name: round(float(v), 3)
        for name, v in zip(("p10", "p50", "p90"), np.percentile(levels_db, [10, 50, 90]), strict=True)
    }


def _onsets(frames: SoundFrames, chosen: NDArray[np.intp]) -> int:
    """How many sounds begin in the chosen frames: rises not preceded by a rise."""
    rises = frames.flux_db[chosen] >= _ONSET_DB
    follows = np.concatenate([[False], (np.diff(chosen) == 1) & rises[:-1]])
    return int(np.sum(rises & ~follows))


def _snr_db(frames: SoundFrames, anchor: Interval, chosen: NDArray[np.intp], quiet: NDArray[np.bool_]) -> float | None:
    """The anchor against the background, dB."""
    at = frames.within(anchor)
    if at.stop <= at.start or quiet[at].all():
        return None
    loud = float(frames.power_a[at].astype(np.float64).mean())
    background = float(frames.power_a[chosen].astype(np.float64).mean())
    snr_db = signal_to_noise_db(loud, background)
    return None if snr_db is None else round(snr_db, 3)
