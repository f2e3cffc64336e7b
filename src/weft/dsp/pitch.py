"""The pitch of a voice, frame by frame: YIN."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]

THRESHOLD = 0.15
"""Cumulative-mean-normalised difference under which a dip is taken for the period (YIN's own range: 0.10 to 0.15)."""

VOICED = 0.75
"""Periodicity from which a frame counts as voiced; the dips of breath and fricatives stay below 0.6."""


def yin(
    frames: Float32Array, *, rate_hz: float, lowest_hz: float = 65.0, highest_hz: float = 500.0
) -> tuple[Float32Array, Float32Array]:
    """Pitch and periodicity of each frame.

    The squared difference between a frame and itself, one lag later, dips to zero at the
    period. YIN divides it by its running mean, takes the first dip below a threshold (the
    lowest dip where there is none), and refines it by a parabola.

    Parameters
    ----------
    frames
        Shape ``(k, length)``; a length of at least three periods of ``lowest_hz`` serves well.
    rate_hz
        Samples per second.
    lowest_hz, highest_hz
        The range in which a pitch is sought; a dip at its very edge is no pitch.

    Returns
    -------
    tuple
        ``f0_hz`` float32 (k), 0 where no dip was found, and ``periodicity`` float32 (k) in 0..1,
        one minus the depth of the dip.

    Raises
    ------
    ValueError
        If the frames are shorter than two periods of ``lowest_hz``.

    Notes
    -----
    It fails, by octaves, on creaky voice (whose periods alternate), on two voices at once, and
    where hum is louder than the voice; it finds a pitch in music and engines as well. Use
    :data:`VOICED` and a voice activity decision beside it.

    References
    ----------
    de Cheveigné and Kawahara 2002, YIN, a fundamental frequency estimator for speech and music,
    J. Acoust. Soc. Am. 111(4).

    Examples
    --------
    >>> sine = np.sin(2 * np.pi * 200.0 * np.arange(1024) / 16000).astype(np.float32)
    >>> f0_hz, periodicity = yin(sine[None], rate_hz=16000)
    >>> round(float(f0_hz[0])), bool(periodicity[0] > 0.99)
    (200, True)
    """
    shortest, longest = int(rate_hz / highest_hz), int(np.ceil(rate_hz / lowest_hz)) + 1
    if frames.shape[-1] < 2 * longest:
        raise ValueError(
            f"frames of {frames.shape[-1]} samples are too short for {lowest_hz} Hz, which needs {2 * longest}"
        )
    dips = _normalised_difference(frames, longest)
    lag = _first_dip(dips, shortest)
    rows = np.arange(len(dips))
    before, here, after = dips[rows, lag - 1], dips[rows, lag], dips[rows, lag + 1]
    bend = before - 2.0 * here + after
    shift = np.where(bend > 1e-9, 0.5 * (before - after) / np.maximum(bend, 1e-9), 0.0)
    is_dip = (here <= before) & (here <= after) & (here < 1.0)
    f0_hz = np.where(is_dip, rate_hz / (lag + np.clip(shift, -0.5, 0.5)), 0.0)
    periodicity = np.where(is_dip, 1.0 - np.clip(here, 0.0, 1.0), 0.0)
    return f0_hz.astype(np.float32), periodicity.astype(np.float32)


def _normalised_difference(frames: Float32Array, longest: int) -> NDArray[np.float64]:
    """YIN's d'(lag) for lags 0..longest, shape ``(k, longest + 1)``; 1 throughout where a frame is silent."""
    from scipy import fft

    length = frames.shape[-1]
    width = length - longest
    size = fft.next_fast_len(length + width, real=True)
    spectrum = fft.rfft(frames, size, axis=-1)
    head = fft.rfft(frames[:, :width], size, axis=-1)
    product = fft.irfft(spectrum * np.conj(head), size, axis=-1)[:, : longest + 1]
    power = np.concatenate([np.zeros((len(frames), 1)), np.cumsum(frames.astype(np.float64) ** 2, axis=-1)], axis=-1)
    energy = power[:, width : width + longest + 1] - power[:, : longest + 1]
    difference = np.maximum(energy[:, :1] + energy - 2.0 * product, 0.0)
    lags = np.arange(1, longest + 1)
    running = np.cumsum(difference[:, 1:], axis=-1)
    # Below -100 dB re full scale the differences are rounding, not sound.
    audible = running > 1e-10 * width * lags
    normalised: NDArray[np.float64] = np.ones_like(difference)
    normalised[:, 1:] = np.where(audible, difference[:, 1:] * lags / np.where(audible, running, 1.0), 1.0)
    return normalised


def _first_dip(dips: NDArray[np.float64], shortest: int) -> NDArray[np.int64]:
    """The lag of the first dip below the threshold, else of the lowest one, int64 (k)."""
    inner = dips[:, shortest:-1]
    is_low = (inner < THRESHOLD) & (inner <= dips[:, shortest + 1 :])
    first = np.argmax(is_low, axis=1)
    lowest = np.argmin(inner, axis=1)
    return np.asarray(np.where(is_low.any(axis=1), first, lowest) + shortest, dtype=np.int64)


def semitones(frequency_hz: NDArray[np.floating], reference_hz: float) -> NDArray[np.float64]:
    """Twelve per octave above ``reference_hz``.

    Examples
    --------
    >>> semitones(np.array([440.0]), 220.0).tolist()
    [12.0]
    """
    return 12.0 * np.log2(np.asarray(frequency_hz, dtype=np.float64) / reference_hz)
