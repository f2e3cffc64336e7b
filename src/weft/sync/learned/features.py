"""What the network sees of a mouth and hears of a voice, each on an even grid of its own clock.

The mouth: seven measures of a face track at the frames' own times, brought to one level. The
voice: the loudness of 20 mel bands, each against its own usual loudness, so that a microphone's
colour and distance count for nothing. The last column of both is the hand-made rhythm of
``face.signals``, which the network lets pass beside what it learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Stream
from weft.core.times import Int64Array
from weft.dsp.mel_levels import mel_powers
from weft.dsp.modulation import syllable_rhythm
from weft.faces import FaceTrack
from weft.sync.face.signals import GRID_HZ, LONGEST_HOLE_NS, even_grid, known_frames, mono, mouth_rhythm, power_rhythm

Float32Array = NDArray[np.float32]

MOUTH_MEASURES = (
    "mouth_gap",
    "mouth_height",
    "mouth_width",
    "jaw_drop",
    "upper_lip_height",
    "lip_corner_height",
    "mouth_luma",
)
VOICE_BANDS = 20
_VOICE_BAND_HZ = (100.0, 3800.0)
"""What an 8 kHz recorder keeps."""
_MOUTH_BAND_HZ = (0.8, 10.0)
_QUIETEST_DB = 50.0
_LEAST_SPREAD_DB = 5.0
"""Bands that vary less than this are not amplified."""
_LARGEST = 4.0
_BLOCK_S = 20


@dataclass(frozen=True, eq=False)
class Features:
    """Values on an even grid of one clock, ``GRID_HZ`` rows a second.

    Parameters
    ----------
    start_ns
        The first row's time on the clock.
    values
        float32 (n, columns), 0 where nothing is known.
    known
        Where a face is seen, or where somebody may be speaking, bool (n).
    """

    start_ns: int
    values: Float32Array
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.values)


def mouth_features(track: FaceTrack) -> Features | None:
    """A face's mouth: ``MOUTH_MEASURES`` and its rhythm; ``None`` where frames are too few or too sparse."""
    track = known_frames(track)
    if (rhythm := mouth_rhythm(track)) is None:
        return None
    rate_hz = NS_PER_S / float(np.median(np.diff(track.times_ns)))
    start_ns, valid, place = even_grid(track.times_ns, round(3.2 * NS_PER_S / rate_hz))
    band_hz = (_MOUTH_BAND_HZ[0], min(_MOUTH_BAND_HZ[1], 0.4 * rate_hz))
    columns = []
    for name in MOUTH_MEASURES:
        view = np.interp(place, np.arange(len(track)), track.column(name).astype(np.float64))
        columns.append(syllable_rhythm(view, valid, GRID_HZ, band_hz=band_hz))
    return Features(start_ns, np.stack([*columns, rhythm.values], axis=1).astype(np.float32), valid)


def voice_features(audio: Stream) -> Features | None:
    """The sound in bands and its rhythm, known where somebody may be speaking; ``None`` where there is no sound."""
    heard = voice_powers(audio)
    return None if heard is None else heard.features()


@dataclass(frozen=True, eq=False)
class VoicePowers:
    """Band powers of a sound on an even grid: ``powers`` float64 (n, bands), ``valid`` where there was sound."""

    start_ns: int
    powers: NDArray[np.float64]
    valid: NDArray[np.bool_]

    def features(self) -> Features | None:
        """The loudness of every band against its usual one; ``None`` where nobody seems to speak."""
        rhythm = power_rhythm(self.start_ns, self.powers.sum(axis=1), self.valid)
        if rhythm is None or not rhythm.active.any():
            return None
        levels = _levelled(self.powers, rhythm.active) * self.valid[:, np.newaxis]
        return Features(self.start_ns, np.column_stack([levels, rhythm.values]).astype(np.float32), rhythm.active)

    def with_noise(self, snr_db: float, rng: np.random.Generator) -> VoicePowers:
        """The same sound beside noise of a random colour, as far below it as asked for."""
        colour = np.exp(rng.uniform(-0.1, 0.15) * np.arange(self.powers.shape[1]))
        level = self.powers[self.valid].sum(axis=1).mean() * 10 ** (-snr_db / 10)
        noise = rng.chisquare(4, self.powers.shape) / 4 * (colour / colour.sum() * level)
        return VoicePowers(self.start_ns, self.powers + noise, self.valid)


def voice_powers(audio: Stream) -> VoicePowers | None:
    """The power of every band, read block by block; ``None`` where there is no sound."""
    parts = [part for part in _powers(audio) if len(part[0])]
    if not parts:
        return None
    times_ns = np.concatenate([times for times, _ in parts])
    powers = np.concatenate([values for _, values in parts]).astype(np.float64)
    start_ns, valid, place = even_grid(times_ns, LONGEST_HOLE_NS)
    rows = np.arange(len(powers))
    return VoicePowers(start_ns, np.stack([np.interp(place, rows, column) for column in powers.T], axis=1), valid)


def _levelled(powers: NDArray[np.float64], speaking: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Every band's loudness against its mean while somebody speaks, in its own spreads."""
    loudest = np.maximum(np.percentile(powers[speaking], 95, axis=0), 1e-20)
    levels_db = 10 * np.log10(powers + loudest * 10 ** (-_QUIETEST_DB / 10))
    spoken_db = levels_db[speaking]
    spread_db = np.maximum(spoken_db.std(axis=0), _LEAST_SPREAD_DB)
    return np.asarray(np.clip((levels_db - spoken_db.mean(axis=0)) / spread_db, -_LARGEST, _LARGEST))


def _powers(audio: Stream) -> Iterator[tuple[Int64Array, Float32Array]]:
    """Times and band powers of 10 ms frames, read block by block."""
    rate_hz = audio.effective_rate_hz or 0.0
    hop = round(rate_hz / GRID_HZ)
    if hop < 1 or rate_hz < 4000.0:
        return
    block = _BLOCK_S * GRID_HZ * hop
    for start in range(0, len(audio), block):
        stop = min(start + block + hop, len(audio))
        powers = mel_powers(
            mono(audio.samples.read(start, stop)), rate_hz, band_hz=_VOICE_BAND_HZ, bands=VOICE_BANDS, hop=hop
        )
        centres = (np.arange(len(powers)) + 1) * hop
        yield audio.timeline.slice_ns(start, stop)[centres], powers
