"""Training on made faces: a network that never saw hand-made rhythms learns to name the lag."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from weft.core import ArraySamples, Modality, RegularTimeline, Stream, UsageError
from weft.faces import FaceTrack
from weft.faces.track import COLUMNS
from weft.sync.learned.judge import share_found, with_head
from weft.sync.learned.material import LENGTH, REACH, Pair, batch_of, pair_of, split_pairs

SOUND_HZ = 8000


def made_pair(seed: int, duration_s: float = 20.0) -> Pair | None:
    """A mouth that opens at random and a voice that follows it."""
    rng = np.random.default_rng(seed)
    grid_s = np.arange(0, duration_s, 0.01)
    curve = np.zeros(len(grid_s))
    t = 0.5
    while t < duration_s - 1:
        curve += rng.uniform(0.4, 1) * np.exp(-0.5 * ((grid_s - t) / 0.06) ** 2)
        t += rng.uniform(0.15, 0.3) if rng.random() < 0.85 else rng.uniform(0.6, 1.2)
    seen_s = np.arange(0, duration_s, 0.04)
    measures = rng.standard_normal((len(seen_s), len(COLUMNS))).astype(np.float32) * 0.01
    for name, scale in (("mouth_gap", 0.2), ("mouth_height", 0.3), ("jaw_drop", 0.1), ("mouth_luma", -60.0)):
        measures[:, COLUMNS.index(name)] += scale * np.interp(seen_s, grid_s, curve)
    count = len(seen_s)
    times_ns = np.round(seen_s * 1e9).astype(np.int64)
    track = FaceTrack(0, times_ns, measures, np.zeros((count, 4), np.float32), np.ones(count, np.float32))
    heard_s = np.arange(0, duration_s, 1 / SOUND_HZ)
    swell = np.interp(heard_s - 0.015, grid_s, curve) ** 1.5
    sound = (0.3 * swell + 0.005) * rng.standard_normal(len(heard_s))
    timeline = RegularTimeline(0, Fraction(SOUND_HZ), len(sound))
    audio = Stream("cam/audio", Modality.AUDIO, "cam", timeline, ArraySamples(sound.astype(np.float32)))
    return pair_of(track, audio)


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    """Two made speakers."""
    return [pair for seed in (1, 2) if (pair := made_pair(seed)) is not None]


def test_rows_ask_about_nothing_near_a_join(pairs: list[Pair]) -> None:
    mouths, seen, voices = batch_of(pairs, np.random.default_rng(0), 2)
    assert mouths.shape == (2, 8, LENGTH)
    assert voices.shape == (2, 21, LENGTH + 2 * REACH)
    starts = np.flatnonzero(np.diff(seen[0]) > 0)
    assert len(starts) >= 1
    assert all(not seen[0, max(0, at - 22) : at + 1].any() for at in starts)


def test_few_recordings_are_split_in_time_and_many_by_recording(pairs: list[Pair]) -> None:
    learned, judged = split_pairs(pairs)
    assert [len(pair.seen) for pair in learned] == [len(pair.seen) * 4 // 5 for pair in pairs]
    assert sum(len(pair.seen) for pair in learned + judged) == sum(len(pair.seen) for pair in pairs)
    learned, judged = split_pairs(pairs * 3)
    assert (len(learned), len(judged)) == (4, 2)


def test_noise_makes_other_voices_of_the_same_mouth(pairs: list[Pair]) -> None:
    assert len(pairs[0].voices) == 5
    quiet, noisy = pairs[0].voices[0], pairs[0].voices[-1]
    assert quiet.shape == noisy.shape
    assert np.corrcoef(quiet[:, 5], noisy[:, 5])[0, 1] < 0.95


def test_some_steps_teach_the_lag_and_the_last_unit_knows_right_from_wrong(pairs: list[Pair]) -> None:
    pytest.importorskip("torch", reason="needs the extra 'torch'")
    from weft.sync.learned.train import train_network

    network = train_network(pairs, steps=8, seed=1, about="made")
    alone = replace(network, passing=0.0)
    other = [pair for seed in (11,) if (pair := made_pair(seed)) is not None]
    assert share_found(network, other) >= 0.9
    assert share_found(alone, other) >= 0.5
    judged = with_head(network, other)
    assert judged.head[0] > 0
    assert judged.synchronisable(np.array([5.0]))[0] > 0.9 > 0.2 > judged.synchronisable(np.array([0.0]))[0]


def test_too_little_material_is_refused(pairs: list[Pair]) -> None:
    from weft.sync.learned.train import train_network

    with pytest.raises(UsageError, match=r"at least 10 s of talking faces, found 5\.0 s in 1 tracks"):
        train_network([pairs[0].part(0, 500)])
