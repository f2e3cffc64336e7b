"""Short frames of a signal, their power spectra, and what a spectrum's shape says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]

TINY_POWER = 1e-12
"""-120 dB re full scale: below any microphone, and keeps logarithms finite."""


def framed(signal: Float32Array, *, length: int, hop: int) -> Float32Array:
    """Overlapping frames of ``signal``, a view of shape ``(k, length)``; a short end is left out.

    Examples
    --------
    >>> framed(np.arange(6, dtype=np.float32), length=4, hop=2).tolist()
    [[0.0, 1.0, 2.0, 3.0], [2.0, 3.0, 4.0, 5.0]]
    """
    if signal.size < length:
        return np.zeros((0, length), dtype=signal.dtype)
    return np.lib.stride_tricks.sliding_window_view(signal, length)[::hop]


def power_spectra(frames: Float32Array) -> Float32Array:
    """One-sided power spectra of Hann-windowed frames, shape ``(k, length // 2 + 1)``.

    Scaled so that a row's sum is the frame's mean square (Parseval, with the window's own
    power divided out): a sine of amplitude 1 sums to 0.5.

    Examples
    --------
    >>> sine = np.sin(2 * np.pi * 50 * np.arange(1024) / 1024).astype(np.float32)
    >>> round(float(power_spectra(sine[None]).sum()), 3)
    0.5
    """
    from scipy import fft, signal

    length = frames.shape[-1]
    window = signal.get_window("hann", length).astype(np.float32)
    power = np.abs(fft.rfft(frames * window, axis=-1)) ** 2
    power[..., 1 : (length + 1) // 2] *= 2.0
    scaled: Float32Array = (power / np.float32(length * float(np.sum(window.astype(np.float64) ** 2)))).astype(
        np.float32
    )
    return scaled


def frequencies_hz(length: int, rate_hz: float) -> NDArray[np.float64]:
    """The frequency of each column of :func:`power_spectra`, Hz."""
    frequency_hz: NDArray[np.float64] = np.fft.rfftfreq(length, 1.0 / rate_hz).astype(np.float64, copy=False)
    return frequency_hz


def centroid_hz(spectra: Float32Array, frequency_hz: NDArray[np.float64]) -> Float32Array:
    """The power-weighted mean frequency of each spectrum, Hz, shape ``(k,)``; 0 where there is no power."""
    total = spectra.sum(axis=1)
    centre = spectra @ frequency_hz.astype(np.float32) / np.maximum(total, TINY_POWER)
    return np.where(total > TINY_POWER, centre, 0.0).astype(np.float32)


def flatness(spectra: Float32Array) -> Float32Array:
    """Geometric over arithmetic mean of each spectrum, shape ``(k,)``: 0 a tone, near 0.56 white noise, 1 flat.

    White noise gives 0.56 and not 1 because single periodograms scatter (exp(-Euler's constant)).
    """
    floor = np.maximum(spectra, np.float32(1e-20))
    ratio: Float32Array = (np.exp(np.mean(np.log(floor), axis=1)) / np.mean(floor, axis=1)).astype(np.float32)
    return ratio


def band_levels_db(
    spectra: Float32Array, frequency_hz: NDArray[np.float64], edges_hz: tuple[float, ...]
) -> Float32Array:
    """The power between neighbouring edges, dB re full scale, shape ``(k, len(edges_hz) - 1)``."""
    at = np.searchsorted(frequency_hz, edges_hz)
    power = [spectra[:, low:high].sum(axis=1) for low, high in pairwise(at)]
    levels_db: Float32Array = (10.0 * np.log10(np.maximum(np.stack(power, axis=1), TINY_POWER))).astype(np.float32)
    return levels_db


def flux_db(levels_db: Float32Array) -> Float32Array:
    """How much each frame's band levels rose above the frame before, mean of positive dB, shape ``(k,)``.

    The first frame has 0. Falls do not count, so a sound's onset shows and its end does not.
    """
    if not len(levels_db):
        return np.zeros(0, dtype=np.float32)
    rise = np.maximum(np.diff(levels_db, axis=0, prepend=levels_db[:1]), 0.0)
    mean_db: Float32Array = rise.mean(axis=1).astype(np.float32)
    return mean_db
