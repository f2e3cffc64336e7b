"""Where a recording switches from one delay to another."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

_KEEP_HZ = (150.0, 3000.0)


def flatten_spectrum(sound: NDArray[Any], *, rate_hz: float) -> NDArray[np.float64]:
    """``sound`` with all frequencies from 150 to 3,000 Hz equally strong and the others gone.

    Notes
    -----
    Only the smoothed magnitude is flattened (over 40 Hz), so the sound stays where it was in time.
    """
    if not sound.size:
        return np.zeros(0)
    spectrum = scipy.fft.rfft(np.asarray(sound, dtype=np.float64))
    frequencies = np.fft.rfftfreq(sound.size, 1.0 / rate_hz)
    width = max(1, round(40.0 * sound.size / rate_hz))
    total = np.concatenate([[0.0], np.cumsum(np.abs(spectrum) ** 2)])
    low = np.clip(np.arange(spectrum.size) - width // 2, 0, spectrum.size)
    high = np.clip(low + width, 0, spectrum.size)
    level = np.sqrt((total[high] - total[low]) / np.maximum(high - low, 1))
    used = (frequencies >= _KEEP_HZ[0]) & (frequencies <= _KEEP_HZ[1])
    flat = np.where(used, spectrum / np.maximum(level, 1e-9 * max(float(level.max()), 1e-30)), 0.0)
    result: NDArray[np.float64] = scipy.fft.irfft(flat, sound.size)
    return result


def switch_point(before: NDArray[Any], after: NDArray[Any], *, slack: float) -> tuple[int, int, int]:
    """Where agreement changes from one hypothesis to the other.

    Parameters
    ----------
    before, after
        Agreement of each sample with the delay that holds before and after the switch
        (the product of the two sounds), float (n).
    slack
        How far below the best the sum may lie for a place still to be possible, in
        standard deviations of the products' sum over a tenth of the samples.

    Returns
    -------
    tuple
        The most likely sample, and the first and the last that are nearly as likely.

    Notes
    -----
    The sum ``before[:c] + after[c:]`` is largest at the switch. In silence it is flat, and
    the range says so.
    """
    gain = np.concatenate([[0.0], np.cumsum(np.asarray(before, dtype=np.float64) - after)])
    best = int(np.argmax(gain))
    unit = float(np.std(before - after)) * np.sqrt(max(1.0, 0.1 * len(before)))
    possible = np.flatnonzero(gain >= gain[best] - slack * unit)
    return best, int(possible[0]), int(possible[-1])
