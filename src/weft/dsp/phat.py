"""The delay between two sounds, far finer than a sample, from the phases that they share.

Knapp & Carter, "The generalized correlation method for estimation of time delay",
IEEE Trans. ASSP 24 (1976). The cross spectrum is averaged over short frames before it
is whitened, so that loud frames, which carry the phase, count most, and each frame may
be moved by its own known delay: that is how a window is warped along a drifting clock
without resampling it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from weft.dsp.flux import HIGHEST_HZ, LOWEST_HZ

_WHITENING = 0.85
"""Exponent of the magnitude: 1 is PHAT proper; a little less lets strong phases count a little more."""

_SMOOTHING_HZ = 60.0
_FINER = 16
"""Points per sample at which the peak is looked for, before the parabola."""

_REACH = 24
"""Samples on each side that interpolate the correlation between samples."""

_MAIN_LOBE_S = 1.0e-3
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Delay:
    """What one window says.

    Parameters
    ----------
    delay_s
        How much later the first sound is than the second, beyond what the frames were
        already moved by.
    quality
        Height of the peak in standard deviations of the correlation away from it.
    rival
        Height of the next best peak, away from the first, as a share of it.
    sd_s
        Standard deviation of ``delay_s`` as the peak's sharpness and quality imply.
    polarity
        -1 where one of the two is inverted, else 1.
    """

    delay_s: float
    quality: float
    rival: float
    sd_s: float
    polarity: int


NO_DELAY = Delay(0.0, 0.0, 1.0, 1.0, 1)
"""What silence says."""


def phat_delay(
    first: NDArray[Any], second: NDArray[Any], moved_s: NDArray[Any], *, rate_hz: float, reach_s: float
) -> Delay:
    """The delay that makes ``first`` fit ``second``.

    Parameters
    ----------
    first, second
        Frames of the two sounds, float (frames, size), already windowed.
    moved_s
        Seconds by which each frame of ``first`` should still be moved ahead before they are
        compared (the fraction of a sample that cutting could not do), float (frames).
    rate_hz
        Samples per second.
    reach_s
        Largest delay to look for, seconds.

    Returns
    -------
    Delay
        ``NO_DELAY`` when either is silent.

    Notes
    -----
    Fails on tones and hum, whose correlation repeats: ``rival`` is then close to 1.
    """
    size = first.shape[1]
    spectrum, beta = shared_phases(first, second, moved_s, rate_hz=rate_hz)
    if beta <= 0:
        return NO_DELAY
    correlation = scipy.fft.irfft(spectrum, size)
    reach = min(int(np.ceil(reach_s * rate_hz)), size // 2 - _REACH - 2)
    lags = np.arange(-reach - _REACH, reach + _REACH + 1)
    around = correlation[lags]
    looked_at = slice(_REACH, _REACH + 2 * reach + 1)
    at = int(np.argmax(np.abs(around[looked_at]))) + _REACH
    polarity = 1 if around[at] >= 0 else -1
    place, height = _between_samples(around * polarity, at)
    far = np.abs(np.arange(around.size) - at) > _MAIN_LOBE_S * rate_hz
    background = np.abs(around[looked_at])[far[looked_at]]
    noise = _MAD_TO_SD * float(np.median(background)) if background.size else 0.0
    if noise <= 0 or height <= 0:
        return NO_DELAY
    quality = height / noise
    rival = float(background.max()) / height
    delay_s = (place - reach - _REACH) / rate_hz
    return Delay(delay_s, quality, rival, 1.0 / (quality * beta), polarity)


def shared_phases(
    first: NDArray[Any], second: NDArray[Any], moved_s: NDArray[Any], *, rate_hz: float
) -> tuple[NDArray[np.complex64], float]:
    """The whitened cross spectrum of two sounds, weighted by coherence.

    Parameters
    ----------
    first, second, moved_s, rate_hz
        As for :func:`phat_delay`.

    Returns
    -------
    tuple
        complex64 (size / 2 + 1), and its root mean square angular frequency, rad/s, 0 for silence.
    """
    size = first.shape[1]
    frequencies = np.fft.rfftfreq(size, 1.0 / rate_hz).astype(np.float32)
    one, two = scipy.fft.rfft(first, axis=1), scipy.fft.rfft(second, axis=1)
    angles = (2.0 * np.pi * np.asarray(moved_s)).astype(np.float32)[:, None] * frequencies
    product = np.cos(angles) + 1j * np.sin(angles)
    product *= one
    product *= np.conj(two)
    cross = product.sum(axis=0)
    power = (one.real**2 + one.imag**2).sum(axis=0) * (two.real**2 + two.imag**2).sum(axis=0)
    used = (frequencies >= LOWEST_HZ) & (frequencies <= min(HIGHEST_HZ, 0.45 * rate_hz))
    if not np.any(power[used] > 0):
        return cross, 0.0
    magnitude = np.abs(cross)
    width = max(1, round(_SMOOTHING_HZ * size / rate_hz))
    coherence = _smooth(magnitude**2, width) / np.maximum(_smooth(power, width), np.finfo(np.float32).tiny)
    chance = 1.0 / len(first)
    trust = np.clip((coherence - chance) / max(1.0 - chance, 1e-3), 0.0, 0.98)
    trust = trust + 0.02
    floor = 1e-12 * float(np.sqrt(power[used].max()))
    level = np.sqrt(np.maximum(power, floor**2))
    weights = np.where(used, trust / np.maximum(level**_WHITENING, 1e-30), 0.0)
    shaped = cross * weights
    strength = np.abs(shaped)
    beta2 = float((strength * (2 * np.pi * frequencies) ** 2).sum() / max(float(strength.sum()), 1e-30))
    return shaped, float(np.sqrt(beta2))


def delay_by_band(
    spectrum: NDArray[Any], *, rate_hz: float, bands: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each part of the spectrum says of a small delay that is left.

    Parameters
    ----------
    spectrum
        A sum of ``shared_phases`` of windows along one line, complex (size / 2 + 1).
    rate_hz
        Samples per second.
    bands
        Number of bands of equal width, from 150 to 6,500 Hz.

    Returns
    -------
    tuple
        Delays in seconds, float64 (bands), positive where the first sound is later, and each one's share of the
        information, float64 (bands), sum 1; 0 where a band says nothing.

    Notes
    -----
    One Newton step towards the correlation's peak: right for delays that are short against a period.
    """
    omega = 2.0 * np.pi * np.fft.rfftfreq(2 * (len(spectrum) - 1), 1.0 / rate_hz)
    edges = 2.0 * np.pi * np.linspace(LOWEST_HZ, min(HIGHEST_HZ, 0.45 * rate_hz), bands + 1)
    cuts = np.searchsorted(omega, edges)
    values = np.asarray(spectrum, dtype=np.complex128)
    slope = np.array([(omega[a:b] * values[a:b].imag).sum() for a, b in pairwise(cuts)])
    bend = np.array([(omega[a:b] ** 2 * values[a:b].real).sum() for a, b in pairwise(cuts)])
    useful = bend > 1e-6 * max(float(np.abs(bend).max()), 1e-30)
    delays = np.where(useful, -slope / np.where(useful, bend, 1.0), 0.0)
    shares = np.where(useful, bend, 0.0)
    return delays, shares / max(float(shares.sum()), 1e-30)


def _smooth(values: NDArray[Any], width: int) -> NDArray[np.float64]:
    """A running mean of ``width`` values."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    low = np.clip(np.arange(values.size) - width // 2, 0, values.size)
    high = np.clip(low + width, 0, values.size)
    mean: NDArray[np.float64] = (total[high] - total[low]) / np.maximum(high - low, 1)
    return mean


def _between_samples(values: NDArray[Any], at: int) -> tuple[float, float]:
    """Where and how high the peak near ``at`` is, by band-limited interpolation and a parabola."""
    points = np.arange(-_FINER, _FINER + 1) / _FINER
    taps = np.arange(-_REACH + 1, _REACH)
    distance = points[:, None] - taps[None, :]
    kernel = np.sinc(distance) * np.cos(np.pi * distance / (2.0 * (_REACH + 1))) ** 2
    fine = kernel @ values[at - _REACH + 1 : at + _REACH]
    top = int(np.argmax(fine))
    if not 0 < top < fine.size - 1:
        return at + float(points[top]), float(fine[top])
    left, middle, right = (float(value) for value in fine[top - 1 : top + 2])
    bend = left - 2.0 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return at + float(points[top]) + shift / _FINER, middle - 0.25 * (left - right) * shift


def hann_frames(sound: NDArray[Any], starts: NDArray[Any], size: int) -> NDArray[np.float32]:
    """Frames of ``sound`` from each of ``starts`` on, under a Hann window; zeros beyond the ends.

    Returns
    -------
    ndarray
        float32 (frames, size).
    """
    window = _hann(size)
    frames = np.zeros((len(starts), size), dtype=np.float32)
    for row, start in enumerate(np.asarray(starts).tolist()):
        low, high = max(0, start), min(sound.size, start + size)
        if high > low:
            part = slice(low - start, high - start)
            np.multiply(sound[low:high], window[part], out=frames[row, part])
    return frames


@lru_cache(maxsize=8)
def _hann(size: int) -> NDArray[np.float32]:
    """The window, made once."""
    return np.hanning(size).astype(np.float32)
