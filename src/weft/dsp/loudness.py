"""Levels in decibels: plain and as the ear weighs them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

TINY_POWER = 1e-12
"""-120 dB re full scale; what digital silence is called."""


def power_db(mean_square: ArrayLike) -> NDArray[np.float64]:
    """Decibels of a mean square; 0 dB is a mean square of 1, a full-scale sine has -3.01 dB.

    Digital silence gives -120 dB, not minus infinity.

    Examples
    --------
    >>> power_db([1.0, 0.5, 0.0]).round(2).tolist()
    [0.0, -3.01, -120.0]
    """
    return 10.0 * np.log10(np.maximum(np.asarray(mean_square, dtype=np.float64), TINY_POWER))


def a_weighting(frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """The A-weighting of IEC 61672-1 as a factor on power, 1 at 1 kHz.

    Notes
    -----
    Applied to sound at 16 kHz it weighs what lies below 8 kHz; hiss above is not heard.

    Examples
    --------
    >>> (10 * np.log10(a_weighting([100.0, 1000.0]))).round(1).tolist()
    [-19.1, 0.0]
    """
    squared = np.asarray(frequency_hz, dtype=np.float64) ** 2
    low, high = 20.598997**2, 12194.217**2
    middle = np.sqrt((squared + 107.65265**2) * (squared + 737.86223**2))
    response = high * squared**2 / ((squared + low) * middle * (squared + high))
    factor: NDArray[np.float64] = (response * 10.0 ** (2.0 / 20.0)) ** 2
    return factor


def signal_to_noise_db(mixture_power: float, noise_power: float) -> float | None:
    """How far the signal inside a mixture lies above the noise, dB; ``None`` where it cannot be told.

    The mixture's power is signal plus noise, taken as uncorrelated; where it is not larger
    than the noise alone there is no signal to speak of.

    Examples
    --------
    >>> signal_to_noise_db(1.1, 0.1)
    10.0
    """
    if noise_power <= TINY_POWER or mixture_power <= noise_power:
        return None
    return round(float(10.0 * np.log10((mixture_power - noise_power) / noise_power)), 6)
