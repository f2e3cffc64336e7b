"""One sound stream as mono blocks at 16 kHz, whatever it was recorded as.

samples   |-- run 0 ---------------|   gap   |-- run 1 ------|     any rate, any channels
16 kHz    |block|block|block|block|bl|       |block|block|blo|     resampled anew in each run
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from weft.core import RegularTimeline, Stream
from weft.core.runs import runs_without_gap
from weft.dsp.mono import as_mono

RATE_HZ = 16_000

BLOCK = 512 * 512
"""Samples at 16 kHz that are measured at a time: whole frames of every detector, 16.4 s."""

_READ = 1 << 18
"""Samples that are asked of the file at a time."""

_GAP_NS = 100_000_000
"""Stamps further apart than this are two runs."""

Float32Array = NDArray[np.float32]
Progress = Callable[[float], None]


def continuous_runs(stream: Stream) -> Iterator[tuple[int, int]]:
    """The stretches of samples without a gap in their stamps, as half-open index pairs."""
    return runs_without_gap(stream.timeline, _GAP_NS)


def sound_rate_hz(stream: Stream) -> float:
    """Samples per second to resample from: declared where the stamps agree within 1 %, else measured."""
    if isinstance(stream.timeline, RegularTimeline):
        return float(stream.timeline.rate_hz)
    nominal, effective = stream.nominal_rate_hz, stream.effective_rate_hz
    if nominal and (not effective or abs(effective / nominal - 1.0) < 0.01):
        return nominal
    return effective or float(RATE_HZ)


class Mono:
    """One run of a stream as mono blocks at 16 kHz."""

    def __init__(self, stream: Stream, run: tuple[int, int], progress: Progress | None) -> None:
        self.stream, self.run, self.progress = stream, run, progress
        self.not_finite = 0

    def blocks(self) -> Iterator[Float32Array]:
        """Blocks of ``BLOCK`` samples, the last one shorter; none is empty."""
        held: list[Float32Array] = []
        size = 0
        for part in self._resampled():
            held.append(part)
            size += part.size
            while size >= BLOCK:
                whole = np.concatenate(held)
                yield whole[:BLOCK]
                held, size = [whole[BLOCK:].copy()], size - BLOCK
        if size:
            yield np.concatenate(held)

    def _resampled(self) -> Iterator[Float32Array]:
        """The run at 16 kHz, in parts of any size."""
        import soxr

        rate_hz = sound_rate_hz(self.stream)
        if rate_hz == RATE_HZ:
            yield from self._native()
            return
        resampler = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32", quality="HQ")
        for part in self._native():
            yield resampler.resample_chunk(part)
        yield resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)

    def _native(self) -> Iterator[Float32Array]:
        """The run at its own rate, mono, full scale 1."""
        start, stop = self.run
        for at in range(start, stop, _READ):
            values = np.asarray(self.stream.samples.read(at, min(stop, at + _READ)))
            mono = as_mono(values)
            bad = ~np.isfinite(mono)
            if bad.any():
                self.not_finite += int(bad.sum())
                mono = np.where(bad, np.float32(0.0), mono)
            if self.progress:
                self.progress(min(stop, at + _READ) / max(1, len(self.stream)))
            yield mono
