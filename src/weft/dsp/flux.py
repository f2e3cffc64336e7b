"""Band energies of sound and how they rise: the features that find two recordings of one scene in each other.

Phase and level differ from microphone to microphone; *when* each band gets louder
does not. Energies are kept in decibels above a running floor, so that a constant
hum or hiss counts for nothing, and only their rise is used, because rooms smear
endings and not beginnings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

FRAME_HZ = 100
"""Frames per second: 10 ms, short against a syllable, long against a microphone's group delay."""

LOWEST_HZ, HIGHEST_HZ, BANDS = 150.0, 6500.0, 8
"""Above mains hum and handling noise, below what 16 kHz recorders cut off."""

_FLOOR_SPAN = 10 * FRAME_HZ
_FLOOR_SHARE = 20.0
_FLOOR_MARGIN_DB = 3.0
_LOUDEST_RISE_DB = 12.0
_QUIETEST = 1e-10


class BandEnergies:
    """Band energies of sound that arrives block by block.

    Parameters
    ----------
    rate_hz
        Samples per second; a multiple of 100.

    Notes
    -----
    Frame ``k`` is centred on sample ``k * rate_hz / 100``; the first and the last frames
    see zeros beyond the recording. Memory is that of one block.
    """

    def __init__(self, rate_hz: int) -> None:
        self._hop = rate_hz // FRAME_HZ
        self._size = 512 * max(1, rate_hz // 16_000)
        frequencies = np.fft.rfftfreq(self._size, 1.0 / rate_hz)
        edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1)
        inside = (frequencies[:, None] >= edges[:-1]) & (frequencies[:, None] < edges[1:])
        self._bands = inside.astype(np.float32)
        self._window = np.hanning(self._size).astype(np.float32)
        self._left = np.zeros(self._size // 2, dtype=np.float32)

    def push(self, block: NDArray[Any], *, last: bool = False) -> NDArray[np.float16]:
        """Energies of the frames that ``block`` completes, dB, float16 (frames, bands)."""
        tail = np.zeros(self._size // 2, dtype=np.float32) if last else np.zeros(0, dtype=np.float32)
        sound = np.concatenate([self._left, np.asarray(block, dtype=np.float32), tail])
        count = max(0, (sound.size - self._size) // self._hop + 1)
        self._left = sound[count * self._hop :]
        if not count:
            return np.zeros((0, BANDS), dtype=np.float16)
        frames = np.lib.stride_tricks.sliding_window_view(sound, self._size)[:: self._hop][:count]
        spectra = scipy.fft.rfft(frames * self._window, axis=1)
        power = spectra.real**2 + spectra.imag**2
        decibels = 10.0 * np.log10(power @ self._bands / self._size + _QUIETEST)
        energies: NDArray[np.float16] = decibels.astype(np.float16)
        return energies


def rising_energy(decibels: NDArray[Any], *, in_place: bool = False) -> NDArray[np.float16]:
    """How fast each band rises above its floor, with zero mean per band.

    Parameters
    ----------
    decibels
        Band energies, shape (frames, bands), dB.
    in_place
        Write the result over ``decibels``, which must then be float16: half the memory.

    Returns
    -------
    ndarray
        float16 (frames, bands), about unit variance where a band carries anything, and
        all zeros where it never does.

    Notes
    -----
    The floor is the 20th percentile of ten seconds, so it follows a changing background.
    It fails on sound without any rise (a steady tone): the result is then nearly zero.
    """
    frames = len(decibels)
    flux = decibels if in_place else np.zeros(decibels.shape, dtype=np.float16)
    spans = [(at, min(at + _FLOOR_SPAN, frames)) for at in range(0, frames, _FLOOR_SPAN)]
    floors = np.array([np.percentile(decibels[a:b].astype(np.float32), _FLOOR_SHARE, axis=0) for a, b in spans])
    if not len(floors):
        return flux
    total, squares = np.zeros(decibels.shape[1]), np.zeros(decibels.shape[1])
    before = decibels[:0].astype(np.float32)
    for index, (start, stop) in enumerate(spans):
        near = floors[max(0, index - 1) : index + 2].mean(axis=0)
        raw = np.concatenate([before, decibels[start:stop].astype(np.float32)])
        before = raw[-2:]
        level = np.maximum(raw - near - _FLOOR_MARGIN_DB, 0.0)
        rise = np.zeros((stop - start, decibels.shape[1]), dtype=np.float32)
        step = np.clip(level[2:] - level[:-2], 0.0, _LOUDEST_RISE_DB)
        rise[(stop - start) - len(step) :] = step
        total += rise.sum(axis=0)
        squares += (rise.astype(np.float64) ** 2).sum(axis=0)
        flux[start:stop] = rise
    mean = total / frames
    spread = np.sqrt(np.maximum(squares / frames - mean**2, 0.0))
    scale = np.where(spread > 0.05, 1.0 / np.maximum(spread, 0.05), 0.0)
    for start, stop in spans:
        flux[start:stop] = ((flux[start:stop] - mean) * scale).astype(np.float16)
    return flux
