"""How loud sound is in bands that the ear finds equally wide, frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]


def mel_powers(
    sound: Float32Array, rate_hz: float, *, band_hz: tuple[float, float], bands: int, hop: int
) -> Float32Array:
    """Mean power in each of ``bands`` triangular bands, in frames of two hops.

    Parameters
    ----------
    sound
        Shape (n), full scale 1.
    rate_hz
        Samples per second.
    band_hz
        Lowest and highest frequency; bands above half of ``rate_hz`` hold nothing.
    bands
        How many, spaced evenly on the mel scale of O'Shaughnessy (1987), ``2595 log10(1 + f / 700)``.
    hop
        Samples from one frame to the next. Frame ``k`` covers ``2 * hop`` samples from ``k * hop``
        on, under a Hann window, and is centred on sample ``(k + 1) * hop``.

    Returns
    -------
    ndarray
        Mean square, float32 (n // hop - 1, bands); no rows when the sound is shorter than a frame.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(1600) / 16_000).astype(np.float32)
    >>> int(mel_powers(tone, 16_000, band_hz=(100, 4000), bands=10, hop=160)[1].argmax())
    4
    """
    size = 2 * hop
    if len(sound) < size:
        return np.zeros((0, bands), dtype=np.float32)
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop] * window
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 * (2 / (size * float((window**2).sum())))
    weights = _triangles(np.fft.rfftfreq(size, 1 / rate_hz).astype(np.float64), band_hz, bands)
    powers: Float32Array = (power @ weights).astype(np.float32)
    return powers


def _triangles(frequencies_hz: NDArray[np.float64], band_hz: tuple[float, float], bands: int) -> NDArray[np.float64]:
    """The bands' weights, shape (frequencies, bands); each rises from its lower neighbour's middle and falls again."""
    low, high = (2595 * np.log10(1 + f / 700) for f in band_hz)
    middles_hz = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    below, middle, above = middles_hz[:-2], middles_hz[1:-1], middles_hz[2:]
    f = frequencies_hz[:, np.newaxis]
    return np.clip(np.minimum((f - below) / (middle - below), (above - f) / (above - middle)), 0, None)
