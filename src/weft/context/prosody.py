"""How an utterance was said: pitch, energy, rate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.context.sound import FRAME_RATE_HZ, SoundFrames
from weft.core import Annotation, Interval, Origin
from weft.dsp.loudness import TINY_POWER, power_db
from weft.dsp.pitch import VOICED, semitones

METHOD = "YIN pitch on 64 ms frames every 16 ms; mean square at 16 kHz"

_FEWEST_VOICED = 5
"""80 ms: less voice than one short vowel has no pitch to speak of."""

_ENOUGH_VOICED = 20
"""From 0.3 s of voice on, the median pitch no longer depends on how much there is."""


def prosody_of(utterance: Annotation, frames: SoundFrames, *, words: int = 0) -> Annotation | None:
    """The prosody of an utterance, or ``None`` where the stream holds nothing of it.

    The value names, where they can be told (else ``None``):

    ``pitch_median_hz``, ``pitch_range_st`` (5th to 95th percentile, semitones),
    ``pitch_slope_st_per_s`` (least squares over the voiced frames), ``voiced_fraction``,
    ``energy_dbfs`` and ``energy_a_dbfs`` (mean square over the utterance, plain and A-weighted),
    ``energy_range_db`` (5th to 95th percentile of frames), ``energy_peak_dbfs`` (the loudest frame), ``duration_s``,
    ``words_per_s`` (pauses included). 0 dBFS is a mean square of 1.

    Notes
    -----
    Confidence is the mean periodicity of the voiced frames, less where they last under 0.3 s;
    it speaks of the pitch, energy has no doubt. Two voices at once give a pitch of neither.
    """
    at = frames.within(utterance.interval)
    power = frames.power[at].astype(np.float64)
    if not power.size:
        return None
    duration_s = utterance.interval.duration_s
    value = {
        **_pitch(frames, at, utterance.interval.start_ns),
        **_energy(power, frames.power_a[at].astype(np.float64)),
        "duration_s": round(duration_s, 6),
        "words_per_s": round(words / duration_s, 4) if words and duration_s else None,
    }
    voiced = _voiced(frames, at)
    sure = float(frames.periodicity[at][voiced].astype(np.float64).mean()) if voiced.any() else 0.0
    return Annotation(
        kind="prosody",
        interval=Interval(utterance.interval.start_ns, utterance.interval.stop_ns),
        clock=utterance.clock,
        value=value,
        origin=Origin.MEASURED,
        method=METHOD,
        confidence=round(min(1.0, sure) * min(1.0, int(voiced.sum()) / _ENOUGH_VOICED), 4),
        tier=utterance.tier,
        stream=frames.stream,
    )


def _voiced(frames: SoundFrames, at: slice) -> NDArray[np.bool_]:
    """Which frames have a pitch that can be trusted."""
    return (frames.periodicity[at] >= VOICED) & (frames.f0_hz[at] > 0) & (frames.power[at] > TINY_POWER)


def _pitch(frames: SoundFrames, at: slice, start_ns: int) -> dict[str, Any]:
    """Median, range, slope and the share of frames that are voiced."""
    voiced = _voiced(frames, at)
    value: dict[str, Any] = {
        "pitch_median_hz": None,
        "pitch_range_st": None,
        "pitch_slope_st_per_s": None,
        "voiced_fraction": round(float(voiced.mean()), 4),
    }
    if int(voiced.sum()) < _FEWEST_VOICED:
        return value
    f0_hz = frames.f0_hz[at][voiced].astype(np.float64)
    median_hz = float(np.median(f0_hz))
    height = semitones(f0_hz, median_hz)
    # An octave away from the median is nearly always YIN's error, not the speaker's leap.
    trusted = np.abs(height) < 11.0
    height, seconds = height[trusted], (frames.starts_ns[at][voiced][trusted] - start_ns) / 1e9
    low, high = np.percentile(height, [5, 95])
    value["pitch_median_hz"] = round(median_hz, 2)
    value["pitch_range_st"] = round(float(high - low), 3)
    centred = seconds - seconds.mean()
    spread = float(centred @ centred)
    if spread > 0 and seconds[-1] - seconds[0] >= _FEWEST_VOICED / FRAME_RATE_HZ:
        value["pitch_slope_st_per_s"] = round(float(centred @ height) / spread, 3)
    return value


def _energy(power: NDArray[np.float64], power_a: NDArray[np.float64]) -> dict[str, float]:
    """Level of the whole, of its loudest frame, and the range between its frames."""
    levels = power_db(power)
    low, high = np.percentile(levels, [5, 95])
    return {
        "energy_dbfs": round(float(power_db(power.mean())), 3),
        "energy_a_dbfs": round(float(power_db(power_a.mean())), 3),
        "energy_peak_dbfs": round(float(levels.max()), 3),
        "energy_range_db": round(float(high - low), 3),
    }
