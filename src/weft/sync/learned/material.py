"""Training material: faces that are in step with their sound, cut into pieces and put in a row at random.

Everything around the joins is left out of the questions, so that nothing can be learned across them. Noise of
random colour, random loudness and unsteady landmarks keep a network from learning one microphone by heart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.core import Stream
from weft.faces import FaceTrack
from weft.sync.face.signals import GRID_HZ
from weft.sync.learned.features import Features, mouth_features, voice_powers

Float32Array = NDArray[np.float32]

LENGTH = 10 * GRID_HZ
"""One row, in grid steps."""
REACH = round(1.2 * GRID_HZ)
"""Shifts up to 1.2 s to both sides are the wrong answers."""
_PIECE_S = (2.0, 5.0)
_MARGIN = 12
"""Steps at both ends of a piece that are not asked about: the network sees the join from there."""
_LONGEST_TRIM = 25
"""Pieces lose up to so many steps at both ends, so that no two are cut alike."""
_NOISES_DB = (20.0, 10.0, 5.0, 0.0)
_SHAKE = 0.4
"""Standard deviation of the noise on the mouth's measures, whose own is about 1."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A face and the sound that it makes, on one grid of one clock.

    Parameters
    ----------
    mouth
        float32 (n, measures).
    seen
        Where the face is known, bool (n).
    voices
        The sound as it is and with noise, each float32 (n, bands).
    """

    mouth: Float32Array
    seen: NDArray[np.bool_]
    voices: tuple[Float32Array, ...]

    @property
    def duration_s(self) -> float:
        """How long the face is seen."""
        return float(np.count_nonzero(self.seen)) / GRID_HZ

    def part(self, start: int, stop: int) -> Pair:
        """The grid steps from ``start`` to ``stop``."""
        return Pair(self.mouth[start:stop], self.seen[start:stop], tuple(one[start:stop] for one in self.voices))


def pair_of(track: FaceTrack, audio: Stream, *, seed: int = 0) -> Pair | None:
    """The material of one face whose sound shares the video's clock; ``None`` where there is no mouth or no voice."""
    mouth, powers = mouth_features(track), voice_powers(audio)
    if mouth is None or powers is None or len(mouth) < GRID_HZ:
        return None
    rng = np.random.default_rng(seed)
    heard = [powers, *(powers.with_noise(snr_db, rng) for snr_db in _NOISES_DB)]
    voices = tuple(_placed(f, mouth) for one in heard if (f := one.features()) is not None)
    return Pair(mouth.values, mouth.known, voices) if voices else None


def _placed(voice: Features, mouth: Features) -> Float32Array:
    """The voice on the mouth's grid, held at its ends."""
    grid = (mouth.start_ns - voice.start_ns) * (GRID_HZ / 1e9) + np.arange(len(mouth))
    own = np.arange(len(voice))
    return np.stack([np.interp(grid, own, column) for column in voice.values.T], axis=1).astype(np.float32)


def batch_of(
    pairs: Sequence[Pair], rng: np.random.Generator, count: int
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Mouths (b, measures, t), where they are asked about (b, t), voices with the shifts around (b, bands, t + 2 r).

    With ``t = LENGTH`` and ``r = REACH``; a mouth's step ``i`` and a voice's step ``i + REACH`` are the same moment.
    """
    rows = [_row(pairs, rng) for _ in range(count)]
    mouths, seens, voices = (np.stack(one) for one in zip(*rows, strict=True))
    return mouths, seens, voices


def _row(pairs: Sequence[Pair], rng: np.random.Generator) -> tuple[Float32Array, Float32Array, Float32Array]:
    """One row of pieces, spoiled a little."""
    length = LENGTH + 2 * REACH
    weights = np.array([len(pair.seen) for pair in pairs], dtype=np.float64)
    noise = int(rng.integers(len(_NOISES_DB) + 1))
    pieces: list[tuple[Float32Array, Float32Array, Float32Array]] = []
    skip = int(rng.integers(2 * GRID_HZ))
    while sum(len(seen) for _, seen, _ in pieces) < length + skip:
        pieces.append(_piece(pairs[int(rng.choice(len(pairs), p=weights / weights.sum()))], noise, rng))
    mouth, seen, voice = (np.concatenate(part)[skip : skip + length] for part in zip(*pieces, strict=True))
    inner = slice(REACH, REACH + LENGTH)
    shape = (LENGTH, mouth.shape[1])
    mouth = mouth[inner] * (1 + 0.15 * rng.standard_normal(shape[1])) + _SHAKE * rng.standard_normal(shape)
    voice = voice * (1 + 0.15 * rng.standard_normal()) + 0.15 * rng.standard_normal(voice.shape[1])
    return mouth.T.astype(np.float32), seen[inner], voice.T.astype(np.float32)


def _piece(pair: Pair, noise: int, rng: np.random.Generator) -> tuple[Float32Array, Float32Array, Float32Array]:
    """A random piece of one pair, asked about where nothing of the join is seen."""
    size = min(len(pair.seen), round(rng.uniform(*_PIECE_S) * GRID_HZ))
    start = int(rng.integers(len(pair.seen) - size + 1))
    trim = max(1, min(_LONGEST_TRIM, size // 4))
    start, stop = start + int(rng.integers(trim)), start + size - int(rng.integers(trim))
    seen = pair.seen[start:stop].astype(np.float32)
    seen[:_MARGIN] = seen[-_MARGIN:] = 0.0
    return pair.mouth[start:stop], seen, pair.voices[min(noise, len(pair.voices) - 1)][start:stop]


def split_pairs(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on and pairs to judge by: every fifth, or of fewer than five the last fifth of each."""
    if len(pairs) >= 5:
        return [pair for n, pair in enumerate(pairs) if n % 5], list(pairs[::5])
    cuts = [(pair, len(pair.seen) * 4 // 5) for pair in pairs]
    return [pair.part(0, cut) for pair, cut in cuts], [pair.part(cut, len(pair.seen)) for pair, cut in cuts]
