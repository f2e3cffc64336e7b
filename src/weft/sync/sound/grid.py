"""An audio stream as 16 kHz mono that can be read again, with the time of every sample on its own clock.

Decoding and resampling happen once, in blocks; the result waits in an unnamed
temporary file, so that memory does not grow with the recording and windows can be
read where they are needed::

    stream   |--- run 0 ---|  gap  |--- run 1 ---|      stamps of the stream's clock
    grid     |--- run 0 ---|000000|--- run 1 ---|       16 kHz samples, silence in the gap
             ^ knot        ^ knot ^ knot         ^ knot  (grid index, time): exact at each
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import soxr
from numpy.typing import NDArray

from weft.core import NS_PER_S, Stream, UsageError
from weft.core.times import Int64Array
from weft.dsp.flux import BANDS, FRAME_HZ, BandEnergies, rising_energy
from weft.dsp.mono import as_mono

RATE_HZ = 16_000
BLOCK_S = 4.0
LARGEST_SLIP_S = 2e-3
"""Stamps that leave an even grid by more than this within a block are a gap or an overlap."""

SILENT_DB = 60.0
"""A second that stays this far below the loudest seconds is silence: muted, or cut out."""

LONGEST_GAP_S = 3600.0
"""Gaps are filled with silence up to here; the rest of a longer one is left out of the grid."""


class SoundGrid:
    """16 kHz mono of one stream.

    Parameters
    ----------
    stream
        An audio stream of any rate and number of channels. Channels are averaged.

    Attributes
    ----------
    frames
        Band energies rising, float16 (count / 160 + 1, bands).

    Raises
    ------
    UsageError
        If the stream has no rate, or there is no room for the temporary file.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.rate_hz = _rate_of(stream)
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="weft-sound-")  # noqa: SIM115
        self._knots: list[tuple[float, int]] = []
        self.count = 0
        self._meter = BandEnergies(RATE_HZ)
        energies = np.empty((round(stream.interval.duration_s * FRAME_HZ) + 2 * FRAME_HZ, BANDS), dtype=np.float16)
        filled = 0
        try:
            for block in self._grid_blocks():
                self._file.write(block.astype(np.float16).tobytes())
                energies, filled = _appended(energies, filled, self._meter.push(block))
                self.count += block.size
            last = self._meter.push(np.zeros(0, dtype=np.float32), last=True)
            energies, filled = _appended(energies, filled, last)
            self._file.flush()
        except OSError as error:
            self.close()
            raise UsageError(
                f"stream {stream.name!r}: no room for its 16 kHz copy in {tempfile.gettempdir()} ({error}); "
                f"free about {len(stream) / self.rate_hz * RATE_HZ * 2 / 1e6:.0f} MB or set TMPDIR to another disk"
            ) from error
        self._heard = _seconds_with_sound(energies[:filled])
        self.frames = rising_energy(energies[:filled], in_place=True)
        at, when = zip(*self._knots, strict=True) if self._knots else ((0.0, 1.0), (0, NS_PER_S // RATE_HZ))
        self._knot_at = np.array(at)
        self._knot_ns = np.array(when, dtype=np.int64)

    @property
    def duration_s(self) -> float:
        """Seconds of grid, gaps included."""
        return self.count / RATE_HZ

    def heard_s(self, start: int, stop: int) -> float:
        """Seconds between two grid samples in which there is anything to hear."""
        first, last = max(0, start // RATE_HZ), -(-stop // RATE_HZ)
        part_s = float(self._heard[first:last].sum())
        return min(part_s, max(0.0, (stop - start) / RATE_HZ))

    def close(self) -> None:
        """Give the temporary file back."""
        self._file.close()

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples ``start <= i < stop`` of the grid, zeros beyond its ends."""
        sound = np.zeros(stop - start, dtype=np.float32)
        low, high = max(0, start), min(self.count, stop)
        if high > low:
            self._file.seek(2 * low)
            raw = self._file.read(2 * (high - low))
            sound[low - start : high - start] = np.frombuffer(raw, dtype=np.float16)
        return sound

    def time_ns(self, index: NDArray[np.float64] | float) -> Int64Array:
        """Times of grid indices on the stream's clock, int64; beyond the ends by the outer slope."""
        at = np.atleast_1d(np.asarray(index, dtype=np.float64))
        which = np.clip(np.searchsorted(self._knot_at, at, side="right") - 1, 0, self._knot_at.size - 2)
        span = self._knot_at[which + 1] - self._knot_at[which]
        share = (at - self._knot_at[which]) / np.where(span > 0, span, 1.0)
        step_ns = self._knot_ns[which + 1] - self._knot_ns[which]
        times_ns: Int64Array = self._knot_ns[which] + np.rint(share * step_ns).astype(np.int64)
        return times_ns

    def _grid_blocks(self) -> Iterator[NDArray[np.float32]]:
        """Blocks of the grid in order; fills the knots on the way."""
        place = 0
        for start, stop in self._runs():
            begin_ns = int(self.stream.timeline.slice_ns(start, start + 1)[0])
            if self._knots:
                last_at, last_ns = self._knots[-1]
                gap_s = min((begin_ns - last_ns) / NS_PER_S, LONGEST_GAP_S)
                silence = max(1, round(gap_s * RATE_HZ + last_at - place))
                for at in range(0, silence, round(BLOCK_S * RATE_HZ)):
                    yield np.zeros(min(silence - at, round(BLOCK_S * RATE_HZ)), dtype=np.float32)
                place += silence
            written = 0
            for block in self._resampled(start, stop):
                written += block.size
                yield block
            self._add_knots(start, stop, place)
            place += written

    def _add_knots(self, start: int, stop: int, place: int) -> None:
        """Times of a run at its ends and about every ten seconds between."""
        timeline = self.stream.timeline
        count = max(2, round((stop - start) / self.rate_hz / 10.0) + 1)
        marks = np.unique(np.linspace(start, stop - 1, count).astype(np.int64))
        for mark in marks:
            at = place + (int(mark) - start) * RATE_HZ / self.rate_hz
            self._knots.append((at, int(timeline.slice_ns(int(mark), int(mark) + 1)[0])))
        if marks.size == 1:
            at, when_ns = self._knots[-1]
            self._knots.append((at + RATE_HZ / self.rate_hz, when_ns + round(NS_PER_S / self.rate_hz)))

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Ranges of samples whose stamps are even."""
        size = max(1, round(BLOCK_S * self.rate_hz))
        total = len(self.stream)
        start = 0
        for at in range(0, total, size):
            stop = min(at + size, total)
            low = max(0, at - 1)
            for cut in self._breaks(low, stop):
                if cut > start:
                    yield start, cut
                start = cut
        if total > start:
            yield start, total

    def _breaks(self, start: int, stop: int) -> list[int]:
        """Samples of ``start .. stop`` before which time jumps."""
        timeline = self.stream.timeline
        first_ns, last_ns = (int(timeline.slice_ns(i, i + 1)[0]) for i in (start, stop - 1))
        slip_s = (last_ns - first_ns) / NS_PER_S - (stop - 1 - start) / self.rate_hz
        if abs(slip_s) <= LARGEST_SLIP_S:
            return []
        steps = np.diff(timeline.slice_ns(start, stop)) / NS_PER_S - 1.0 / self.rate_hz
        return [start + int(i) + 1 for i in np.flatnonzero(np.abs(steps) > LARGEST_SLIP_S)]

    def _resampled(self, start: int, stop: int) -> Iterator[NDArray[np.float32]]:
        """One run at 16 kHz, block by block."""
        resampler = soxr.ResampleStream(self.rate_hz, RATE_HZ, 1, dtype="float32", quality="HQ")
        size = max(1, round(BLOCK_S * self.rate_hz))
        for at in range(start, stop, size):
            end = min(at + size, stop)
            yield resampler.resample_chunk(_mono(self.stream.samples.read(at, end)), last=end == stop)


def _seconds_with_sound(decibels: NDArray[np.float16]) -> NDArray[np.bool_]:
    """For each second whether any band of any frame comes near the loudest seconds."""
    count = -(-len(decibels) // FRAME_HZ)
    loudest = np.array([decibels[k * FRAME_HZ : (k + 1) * FRAME_HZ].max(initial=-200.0) for k in range(count)])
    if not count:
        return np.zeros(0, dtype=np.bool_)
    heard: NDArray[np.bool_] = loudest > max(-95.0, float(np.percentile(loudest, 95)) - SILENT_DB)
    return heard


def _appended(rows: NDArray[np.float16], filled: int, new: NDArray[np.float16]) -> tuple[NDArray[np.float16], int]:
    """``new`` written behind the first ``filled`` rows, in a longer array where they do not fit."""
    if filled + len(new) > len(rows):
        rows = np.concatenate([rows[:filled], new, np.empty_like(rows[: len(rows) // 2 + 1])])
    rows[filled : filled + len(new)] = new
    return rows, filled + len(new)


def _rate_of(stream: Stream) -> float:
    """The rate that the stream's stamps keep, or the declared one where they only jitter around it."""
    effective, nominal = stream.effective_rate_hz, stream.nominal_rate_hz
    if nominal is None and effective is None:
        raise UsageError(f"stream {stream.name!r} has no rate: sound needs at least two stamps or a nominal rate")
    if nominal is None or effective is None:
        return float(nominal or effective or 0.0)
    return float(nominal if abs(effective / nominal - 1.0) < 0.02 or effective < nominal else effective)


def _mono(values: NDArray[Any]) -> NDArray[np.float32]:
    """One channel at full scale 1; what is not a number is silence."""
    mono: NDArray[np.float32] = np.nan_to_num(as_mono(values), nan=0.0, posinf=0.0, neginf=0.0)
    return mono
