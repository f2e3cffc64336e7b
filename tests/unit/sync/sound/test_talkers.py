"""Several talkers at different distances, and what all windows of one recording share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from weft.core import Clock, Evidence, Recording
from weft.core.assumptions import ASSUMPTIONS
from weft.sync import align
from weft.sync.assumptions import allowing_for_paths
from weft.sync.sound.compare import audio_evidence
from weft.sync.sound.talkers import _are_ways
from weft.testing.degraded_sound import through_codec
from weft.testing.scenes import Device, audio_stream, heard_from, record, speech_like

NEAR = Device("near", 16_000, seconds=60.0)
FAR = Device("far", 16_000, 1.0, 40e-6, 58.0, 10.0, 0.4, 3.0, 3.0)


def conversation(paths_s: tuple[float, ...], *, together: bool) -> tuple[Evidence, ...]:
    """Evidence from talkers who are so much nearer to one device, talking together or in turns."""
    random = np.random.default_rng(5)
    voices = [speech_like(62.0, seed=60 + k) for k in range(len(paths_s))]
    if not together:
        turn = np.repeat(random.permutation(np.arange(31) % len(paths_s)), 32_000)
        voices = [np.where(turn == k, voice, 0.0).astype(np.float32) for k, voice in enumerate(voices)]
    sounds = [
        record(heard_from(voices, delays_s), device, seed=seed)
        for device, delays_s, seed in ((NEAR, [0.0] * len(paths_s), 1), (FAR, paths_s, 2))
    ]
    return tuple(audio_evidence(audio_stream("near", sounds[0], 16_000), audio_stream("far", sounds[1], 16_000)))


@pytest.mark.parametrize("together", [False, True], ids=["in turns", "at once"])
def test_talkers_share_one_drift_and_the_offset_is_the_middle_of_their_ways(together: bool) -> None:
    paths_s = (0.0, 0.006, -0.003)
    (evidence,) = conversation(paths_s, together=together)
    true_s = FAR.offset_to_s(NEAR, evidence.times_ns / 1e9)
    error_s = evidence.offsets_ns / 1e9 - true_s
    slope = np.polyfit(evidence.times_ns / 1e9, error_s, 1)[0]
    assert abs(slope) < 1e-6
    # Sound that arrives later at the device makes its offset smaller.
    assert np.median(error_s) == pytest.approx(-0.0015, abs=2e-5)
    (path,) = [one for one in evidence.assumptions if one.name == "acoustic_path"]
    assert (path.origin, path.counted) == ("measured", True)
    assert path.sd_ns == pytest.approx(0.009e9 / np.sqrt(12.0), rel=0.02)
    assert evidence.systematic_sd_ns >= path.sd_ns


def test_one_talker_has_one_way_which_nobody_can_see() -> None:
    (evidence,) = conversation((0.002,), together=True)
    named = allowing_for_paths(Recording("r", Path(), (), ()), evidence)
    (path,) = [one for one in named.assumptions if one.name == "acoustic_path"]
    assert (path.origin, path.counted) == ("assumed", False)
    assert named.systematic_sd_ns == evidence.systematic_sd_ns < 5_000


def test_a_declared_distance_is_taken_off_and_counts() -> None:
    (evidence,) = conversation((0.002,), together=True)
    said = {"far": {"acoustic_path": {"value_ms": 2.0, "sd_ms": 0.3}}}
    named = allowing_for_paths(Recording("r", Path(), (), (), details={ASSUMPTIONS: said}), evidence)
    error_s = named.offsets_ns / 1e9 - FAR.offset_to_s(NEAR, named.times_ns / 1e9)
    assert np.abs(error_s).max() < 2e-5
    assert named.systematic_sd_ns == pytest.approx(0.3e6, rel=0.01)


def test_a_poor_codec_is_seen_in_the_error_and_covered() -> None:
    scene = speech_like(47.0, seed=71)
    near, far = Device("near", seconds=45.0), Device("far", 16_000, 1.2, 20e-6, 44.0, 20.0, 0.3, 6.0)
    clean = record(scene, far, seed=2)
    poor = through_codec(clean, rate_hz=16_000, codec="opus", bit_rate=12_000)
    errors95 = []
    for sound in (clean, poor):
        streams = audio_stream("near", record(scene, near, seed=1), 16_000), audio_stream("far", sound, 16_000)
        found = align(Recording("coded", Path(), streams, (Clock("near"), Clock("far"))), reference="near")
        t_ns = np.linspace(1e9, 43e9, 50).astype(np.int64)
        error_ns = found.map_of("far").apply(t_ns) - t_ns - 1e9 * far.offset_to_s(near, t_ns / 1e9)
        errors95.append(float(found.map_of("far").error95_ns(t_ns).max()))
        assert np.abs(error_ns).max() < 1.5 * errors95[-1] < 50_000
    assert errors95[1] > errors95[0]


@pytest.mark.parametrize(
    ("apart_ms", "possible"),
    [
        pytest.param(4.0, True, id="a metre and more"),
        pytest.param(24.0, True, id="four metres either way"),
        pytest.param(20.0, False, id="a period of 50 Hz"),
        pytest.param(16.7, False, id="a period of 60 Hz"),
        pytest.param(40.0, False, id="farther than a room"),
    ],
)
def test_delays_are_ways_through_a_room_or_they_are_a_hum(apart_ms: float, possible: bool) -> None:
    delays = np.array([1000.0, 1000.0 + apart_ms * 16.0])
    assert _are_ways(delays) is possible
