"""The syllable rhythm of a slow signal: its changes at a few hertz, brought to one level.

Speech opens and closes the mouth, and swells and fades, two to eight times a second.
What is slower is posture, loudness and distance; what is faster is noise. Both are
taken away here, so that a mouth and a voice become comparable.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

_QUIETEST_SHARE = 0.3
"""Stretches weaker than this share of the whole signal's strength are not amplified further."""
_LARGEST = 3.0
"""A single jump (a cut, a slammed door) counts at most so many standard deviations."""


def bridge(values: Float64Array, valid: NDArray[np.bool_]) -> Float64Array:
    """``values`` with straight lines where ``valid`` is false, held at the ends; zeros when nothing is valid.

    Examples
    --------
    >>> bridge(np.array([0.0, 9.0, 2.0]), np.array([True, False, True])).tolist()
    [0.0, 1.0, 2.0]
    """
    where = np.flatnonzero(valid)
    if not where.size:
        return np.zeros(len(values))
    return np.interp(np.arange(len(values)), where, values[where])


def syllable_rhythm(
    values: Float64Array,
    valid: NDArray[np.bool_],
    rate_hz: float,
    *,
    band_hz: tuple[float, float] = (1.5, 8.0),
    level_s: float = 4.0,
) -> Float64Array:
    """The changes of ``values`` within a band, at unit strength, 0 where ``valid`` is false.

    Parameters
    ----------
    values
        An evenly sampled slow signal, shape (n), any unit.
    valid
        Where it means something, bool (n).
    rate_hz
        Values per second.
    band_hz
        Which changes count; the filter shifts nothing in time.
    level_s
        The signal is divided by its strength over so many seconds, but not amplified
        beyond ``1 / 0.3`` of its overall strength.

    Returns
    -------
    ndarray
        float64 (n), no unit, within -3..3.

    Notes
    -----
    A recording shorter than about 2 s is mostly the filter's own edge.
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import butter, sosfiltfilt

    rhythm = np.zeros(len(values))
    if valid.sum() < 0.5 * rate_hz:
        return rhythm
    sections = butter(2, band_hz, "bandpass", fs=rate_hz, output="sos")
    pad = min(len(values) - 1, round(rate_hz))
    rhythm = sosfiltfilt(sections, bridge(values, valid), padlen=pad) * valid
    size = max(1, round(level_s * rate_hz))
    share = uniform_filter1d(valid.astype(np.float64), size, mode="constant")
    power = uniform_filter1d(rhythm**2, size, mode="constant") / np.maximum(share, 1 / size)
    overall = float((rhythm**2).sum() / valid.sum())
    strength = np.sqrt(np.maximum(power, _QUIETEST_SHARE**2 * overall))
    levelled: Float64Array = np.clip(rhythm / np.maximum(strength, 1e-12), -_LARGEST, _LARGEST)
    return levelled
