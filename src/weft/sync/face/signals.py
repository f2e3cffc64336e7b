"""What a mouth and a voice have in common, each on an even grid of its own clock.

The mouth's signal joins three views of one movement: the gap between the inner lips,
the height of the outer lips, and how dark the inside of the mouth is. The voice's is
the logarithm of its power between 200 and 4000 Hz. Of both only the syllable rhythm
is kept (``dsp.modulation``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Stream
from weft.core.times import Int64Array
from weft.dsp.band_power import band_power
from weft.dsp.modulation import syllable_rhythm
from weft.faces import FaceTrack

Float64Array = NDArray[np.float64]

GRID_HZ = 100
_STEP_NS = NS_PER_S // GRID_HZ
_VOICE_BAND_HZ = (200.0, 4000.0)
_BLOCK_S = 20
LONGEST_HOLE_NS = 130_000_000
"""Frames or sound missing for longer than this leave the grid without a value there."""
_QUIETEST_DB = 40.0
"""Sound so far below the loudest counts as silence."""
_SPEECH_SHARE = 0.35
"""Speech is what lies above this share of the way from the background's level to the loudest."""
_SPEECH_MARGIN_S = 0.4
_LEAST_RANGE_DB = 6.0
_VIEWS = (("mouth_gap", 1.0), ("mouth_height", 1.0), ("mouth_luma", -1.0))


@dataclass(frozen=True, eq=False)
class Rhythm:
    """A syllable rhythm on an even grid of one clock, ``GRID_HZ`` values a second.

    Parameters
    ----------
    start_ns
        The first value's time on the clock.
    values
        float64 (n) or (n, columns), 0 where nothing is known.
    active
        Where a face is seen, or where somebody may be speaking, bool (n).
    """

    start_ns: int
    values: Float64Array
    active: NDArray[np.bool_]

    @property
    def stop_ns(self) -> int:
        """One step after the last value."""
        return self.start_ns + len(self.values) * _STEP_NS

    def placed(self, start_ns: int, count: int) -> Float64Array:
        """The values on another grid of the same clock, ``count`` from ``start_ns`` on, zeros outside."""
        grid_s = (start_ns - self.start_ns) / NS_PER_S + np.arange(count) / GRID_HZ
        own_s = np.arange(len(self.values)) / GRID_HZ
        if self.values.ndim == 1:
            return np.interp(grid_s, own_s, self.values, left=0.0, right=0.0)
        return np.stack([np.interp(grid_s, own_s, column, left=0.0, right=0.0) for column in self.values.T], axis=1)


def mouth_rhythm(track: FaceTrack) -> Rhythm | None:
    """The rhythm of one face's mouth; ``None`` where frames are too few or too far apart to show it.

    Notes
    -----
    Below 20 frames a second the band ends at 0.4 times the frame rate; below 8 frames a
    second there is nothing left of it.
    """
    track = known_frames(track)
    if len(track) < 16:
        return None
    rate_hz = NS_PER_S / float(np.median(np.diff(track.times_ns)))
    if rate_hz < 8.0:
        return None
    start_ns, valid, place = even_grid(track.times_ns, round(3.2 * NS_PER_S / rate_hz))
    total = np.zeros(len(valid))
    for name, weight in _VIEWS:
        view = np.interp(place, np.arange(len(track)), track.column(name).astype(np.float64))
        total += weight * syllable_rhythm(view, valid, GRID_HZ, band_hz=(1.5, min(8.0, 0.4 * rate_hz)))
    return Rhythm(start_ns, total / len(_VIEWS), valid)


def known_frames(track: FaceTrack) -> FaceTrack:
    """The track without frames whose measures are no numbers."""
    keep = np.isfinite(track.measures).all(axis=1)
    if keep.all():
        return track
    return FaceTrack(
        track.track_id, track.times_ns[keep], track.measures[keep], track.boxes[keep], track.presence[keep]
    )


def voice_rhythm(audio: Stream) -> Rhythm | None:
    """The rhythm of the sound where somebody may be speaking; ``None`` where there is no sound."""
    parts = [part for part in _powers(audio) if len(part[0])]
    if not parts:
        return None
    times_ns = np.concatenate([times for times, _ in parts])
    power = np.concatenate([values for _, values in parts]).astype(np.float64)
    start_ns, valid, place = even_grid(times_ns, LONGEST_HOLE_NS)
    power = np.interp(place, np.arange(len(power)), power)
    return power_rhythm(start_ns, power, valid)


def power_rhythm(start_ns: int, power: Float64Array, valid: NDArray[np.bool_]) -> Rhythm | None:
    """The rhythm of a sound's power on the grid where somebody may be speaking; ``None`` in silence."""
    loudest = float(np.percentile(power[valid], 95)) if valid.any() else 0.0
    if loudest <= 0:
        return None
    level_db = 10 * np.log10(power + loudest * 10 ** (-_QUIETEST_DB / 10))
    active = _speech(level_db, valid)
    return Rhythm(start_ns, syllable_rhythm(level_db, valid, GRID_HZ) * active, active)


def _speech(level_db: Float64Array, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the sound rises out of its background, with a margin; nowhere when it never does."""
    from scipy.ndimage import binary_dilation

    low, high = np.percentile(level_db[valid], [10, 95])
    if high - low < _LEAST_RANGE_DB:
        return np.zeros(len(level_db), dtype=bool)
    loud = valid & (level_db > low + _SPEECH_SHARE * (high - low))
    spread: NDArray[np.bool_] = binary_dilation(loud, iterations=round(_SPEECH_MARGIN_S * GRID_HZ)) & valid
    return spread


def even_grid(times_ns: Int64Array, longest_hole_ns: int) -> tuple[int, NDArray[np.bool_], Float64Array]:
    """An even grid over ``times_ns``: its start, where it is supported, and each point's fractional index."""
    start_ns = int(times_ns[0])
    count = int(times_ns[-1] - start_ns) // _STEP_NS + 1
    own_s = (times_ns - start_ns) / NS_PER_S
    grid_s = np.arange(count) / GRID_HZ
    place = np.interp(grid_s, own_s, np.arange(len(times_ns)))
    before = np.clip(np.floor(place).astype(np.int64), 0, len(times_ns) - 1)
    after = np.minimum(before + 1, len(times_ns) - 1)
    return start_ns, times_ns[after] - times_ns[before] <= longest_hole_ns, place


def _powers(audio: Stream) -> Iterator[tuple[Int64Array, NDArray[np.float32]]]:
    """Times and powers of 10 ms frames, read block by block."""
    rate_hz = audio.effective_rate_hz or 0.0
    hop = round(rate_hz / GRID_HZ)
    if hop < 1 or rate_hz < 2 * _VOICE_BAND_HZ[0]:
        return
    block = _BLOCK_S * GRID_HZ * hop
    for start in range(0, len(audio), block):
        stop = min(start + block + hop, len(audio))
        sound = mono(audio.samples.read(start, stop))
        power = band_power(sound, rate_hz, band_hz=_VOICE_BAND_HZ, hop=hop)
        centres = (np.arange(len(power)) + 1) * hop
        yield audio.timeline.slice_ns(start, stop)[centres], power


def mono(values: NDArray[np.generic]) -> NDArray[np.float32]:
    """Sound (n) or (n, channels) of any number type as float32 (n), full scale 1; what is no number becomes 0."""
    kind = np.asarray(values)
    sound = kind.astype(np.float32)
    if kind.dtype.kind in "iu":
        top = float(np.iinfo(kind.dtype).max) + 1.0
        sound = sound / top if kind.dtype.kind == "i" else sound / (top / 2) - 1.0
    sound = np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)
    return sound if sound.ndim == 1 else sound.mean(axis=1)
