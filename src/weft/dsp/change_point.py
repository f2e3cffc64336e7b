"""Where a recording switches from one delay to another."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

_KEEP_HZ = (150.0, 3000.0)

BLOCK_S = 0.02
"""A syllable's shortest part; 114 independent values in the band that is kept."""

_STANDS_OUT = 4.0
"""Correlations below so many standard deviations of chance say nothing; a long pause is full of lesser ones."""

_NEARLY_AS_LIKELY = 30.0
"""A place counts as possible up to so many nats below the best. Hum and hiss are no white noise: blocks of a pause
gave votes of up to 12 by chance, so three of them must not decide. Speech gives 10 to 40 in each block."""


def flatten_spectrum(sound: NDArray[Any], *, rate_hz: float) -> NDArray[np.float32]:
    """``sound`` with all frequencies from 150 to 3,000 Hz equally strong and the others gone.

    Notes
    -----
    Only the smoothed magnitude is flattened (over 40 Hz), so the sound stays where it was in time.
    """
    if not sound.size:
        return np.zeros(0, dtype=np.float32)
    spectrum = scipy.fft.rfft(np.asarray(sound, dtype=np.float32))
    frequencies = np.fft.rfftfreq(sound.size, 1.0 / rate_hz)
    width = max(1, round(40.0 * sound.size / rate_hz))
    total = np.concatenate([[0.0], np.cumsum(spectrum.real**2 + spectrum.imag**2, dtype=np.float64)])
    low = np.clip(np.arange(spectrum.size) - width // 2, 0, spectrum.size)
    high = np.clip(low + width, 0, spectrum.size)
    level = np.sqrt((total[high] - total[low]) / np.maximum(high - low, 1))
    used = (frequencies >= _KEEP_HZ[0]) & (frequencies <= _KEEP_HZ[1])
    floor = max(1e-9 * float(level.max()), 1e-30)
    flat = spectrum * np.where(used, 1.0 / np.maximum(level, floor), 0.0).astype(np.float32)
    result: NDArray[np.float32] = scipy.fft.irfft(flat, sound.size)
    return result


def agreement_by_block(ours: NDArray[Any], theirs: NDArray[Any], *, rate_hz: float) -> NDArray[np.float64]:
    """How strongly each 20 ms of two sounds speak for being the same, as a log-likelihood ratio against chance.

    Parameters
    ----------
    ours, theirs
        Two sounds sample by sample, as :func:`flatten_spectrum` gives them, float (n).
    rate_hz
        Samples per second.

    Returns
    -------
    ndarray
        float64 (n * 50 / rate_hz): ``-N/2 log(1 - r^2)`` of the correlation ``r`` of ``N`` independent values
        (twice the band times the block's length); 0 where ``r`` does not stand out of chance.

    Notes
    -----
    The correlation is taken block by block, so that loud syllables do not outvote soft ones. An echo
    agrees too, only less.
    """
    size = round(BLOCK_S * rate_hz)
    count = min(len(ours), len(theirs)) // size
    one, two = (np.asarray(x[: count * size], dtype=np.float32).reshape(count, size) for x in (ours, theirs))
    power = np.einsum("ks,ks->k", one, one) * np.einsum("ks,ks->k", two, two)
    likeness = np.einsum("ks,ks->k", one, two) / np.sqrt(np.maximum(power, 1e-30))
    independent = 2.0 * (_KEEP_HZ[1] - _KEEP_HZ[0]) * BLOCK_S
    likeness = np.where(likeness > _STANDS_OUT / np.sqrt(independent), np.minimum(likeness, 0.99), 0.0)
    support: NDArray[np.float64] = -0.5 * independent * np.log1p(-(likeness**2))
    return support


def switch_point(before: NDArray[Any], after: NDArray[Any], *, hole: int = 0) -> tuple[int, int, int]:
    """Where one hypothesis gives way to another.

    Parameters
    ----------
    before, after
        Log-likelihood of each block under the hypothesis that holds before and after the switch, float (n).
    hole
        Blocks after the switch that belong to neither: the device kept recording what the other lost.

    Returns
    -------
    tuple
        The middle of the places that are nearly as likely as the best, the first and the last of them: block
        indices, ``0 .. n``. In a pause nothing tells them apart, so it is the middle of the pause.
    """
    gain = np.concatenate([[0.0], np.cumsum(np.asarray(before, dtype=np.float64))])
    left = np.concatenate([np.cumsum(np.asarray(after, dtype=np.float64)[::-1])[::-1], [0.0]])
    gain = gain + left[np.minimum(np.arange(gain.size) + hole, gain.size - 1)]
    possible = np.flatnonzero(gain >= gain.max() - _NEARLY_AS_LIKELY)
    # Only what hangs together with the best: a place beyond a stretch that speaks against it is another matter.
    best = int(np.argmax(gain))
    first, last = best, best
    inside = set(possible.tolist())
    while first - 1 in inside:
        first -= 1
    while last + 1 in inside:
        last += 1
    return (first + last) // 2, first, last
