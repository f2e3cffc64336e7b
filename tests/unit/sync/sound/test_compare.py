"""Two devices that heard one scene, and pairs that only seem to have."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from weft.core import (
    Alignment,
    ArraySamples,
    Clock,
    ListedTimeline,
    Modality,
    Recording,
    Status,
    Stream,
    UsageError,
)
from weft.sync import align
from weft.sync.sound.compare import audio_evidence, compare_sound
from weft.sync.sound.grid import SoundGrid
from weft.testing.degraded_sound import muted
from weft.testing.real_speech import join_speech, speech_files
from weft.testing.repeating_sound import UNDECIDABLE, undecidable_pair
from weft.testing.scenes import Device, audio_stream, pink_noise, record, record_streams, speech_like


def aligned(scene: np.ndarray, near: Device, far: Device, *, seed: int = 1) -> Alignment:
    streams, clocks = record_streams(scene, [near, far], seed=seed)
    return align(Recording("pair", Path(), streams, clocks), reference=near.name)


def largest_error_ms(alignment: Alignment, near: Device, far: Device) -> float:
    """The largest error over the overlap; fails where the map says nothing."""
    low = max(0.0, near.start_s - far.start_s)
    high = min(far.seconds, near.start_s + near.seconds - far.start_s)
    t_s = np.linspace(low, high, 101)[1:-1]
    t_ns = (1e9 * t_s).astype(np.int64)
    found_ms = (alignment.map_of(far.name).apply(t_ns) - t_ns) / 1e6
    return float(np.abs(found_ms - 1e3 * far.offset_to_s(near, t_ns / 1e9)).max())


@pytest.mark.parametrize(
    ("seconds", "snr_db", "ppm", "shift_s"),
    [(60.0, 0.0, 100.0, 8.9), (60.0, -5.0, -20.0, -15.0), (36.0, 10.0, -450.0, 3.0), (18.0, 5.0, 50.0, 0.4)],
    ids=["100 ppm at 0 dB", "started earlier at -5 dB", "the largest drift", "a short clip is answered"],
)
def test_offset_and_drift_are_found(seconds: float, snr_db: float, ppm: float, shift_s: float) -> None:
    near = Device("near", 44_100, max(0.0, -shift_s), seconds=seconds, reverb_s=0.3, direct_db=12.0)
    far = Device("far", 16_000, max(0.0, shift_s), ppm * 1e-6, seconds, snr_db, 0.5, 0.0, 6.0)
    found = aligned(speech_like(seconds + abs(shift_s) + 1, seed=round(snr_db) + 7), near, far)
    assert found["far"].status is Status.ALIGNED
    assert found["far"].methods == ("audio",)
    error_ms = largest_error_ms(found, near, far)
    assert error_ms < 0.05
    assert error_ms <= found["far"].to_json()["error95_ms"] < 1.0


def test_inverted_polarity_changes_nothing_but_the_remark() -> None:
    near = Device("near", seconds=30.0)
    far = Device("far", 48_000, 2.0, seconds=30.0, inverted=True)
    streams, _ = record_streams(speech_like(33.0, seed=5), [near, far], seed=1)
    (evidence,) = audio_evidence(*streams)
    assert evidence.details["inverted_polarity"]
    assert np.abs(evidence.offsets_ns / 1e9 - 2.0).max() < 1e-5


@pytest.mark.parametrize("lost_s", [0.34, 0.012], ids=["a third of a second", "below a feature frame"])
def test_a_lost_piece_becomes_a_jump(lost_s: float) -> None:
    near = Device("near", 44_100, seconds=120.0)
    far = Device("far", 16_000, 1.0, 20e-6, 117.0, 10.0, 0.4, 3.0, 3.0, ((55.0, lost_s),))
    found = aligned(speech_like(120.0, seed=11), near, far)
    pieces = found.map_of("far").pieces
    assert len(pieces) == 2
    assert pieces[1].device.start_ns / 1e9 == pytest.approx(55.0, abs=0.5)
    t_s = np.array([1.0, 30.0, 54.0, 56.0, 80.0, 116.0])
    error_s = found.map_of("far").apply((t_s * 1e9).astype(np.int64)) / 1e9 - t_s - far.offset_to_s(near, t_s)
    assert np.abs(error_s).max() < 5e-5
    assert [finding.check for finding in found.findings] == ["clock_jump"]


def test_a_piece_that_the_reference_lost_leaves_a_hole() -> None:
    near = Device("near", seconds=100.0, dropped=((50.0, 0.4),))
    far = Device("far", seconds=100.0)
    found = aligned(speech_like(101.0, seed=12), near, far)
    first, second = found.map_of("far").pieces
    hole_ms = (second.device.start_ns - first.device.stop_ns) / 1e6
    # What was lost, and on either side what cannot be told to better than a block.
    assert 398.0 < hole_ms < 480.0


@pytest.mark.parametrize("kind", UNDECIDABLE)
def test_what_cannot_be_told_is_not_aligned(kind: str) -> None:
    one, two = undecidable_pair(kind, seed=2, seconds=30.0)
    streams = (audio_stream("near", one, 16_000), audio_stream("far", two, 16_000))
    found = align(Recording("pair", Path(), streams, (Clock("near"), Clock("far"))), reference="near")
    assert found["far"].status is not Status.ALIGNED
    assert found["far"].note


def test_a_loop_is_ambiguous_and_says_by_how_much() -> None:
    one, two = undecidable_pair("a loop of 4 s", seed=3, seconds=30.0)
    grids = SoundGrid(audio_stream("near", one, 16_000)), SoundGrid(audio_stream("far", two, 16_000))
    match = compare_sound(*grids)
    for grid in grids:
        grid.close()
    assert "repeats itself" in match.reason
    assert match.evidence is not None
    assert match.evidence.details["sufficient"] is False
    shifts_s = [abs(other.shift_ns) / 1e9 for other in match.evidence.alternatives]
    assert shifts_s[0] == pytest.approx(4.0, abs=1e-3)
    assert all(shift_s % 4.0 < 1e-3 or shift_s % 4.0 > 3.999 for shift_s in shifts_s)


def test_sound_that_is_muted_half_of_the_time_is_aligned() -> None:
    near, far = Device("near", seconds=46.0), Device("far", 16_000, 1.3, 20e-6, 44.0, 15.0, 0.3, 6.0)
    scene = speech_like(48.0, seed=19)
    sound = muted(record(scene, far, seed=2), rate_hz=16_000, spans_s=((9.0, 31.0),))
    streams = audio_stream("near", record(scene, near, seed=1), 16_000), audio_stream("far", sound, 16_000)
    found = align(Recording("muted", Path(), streams, (Clock("near"), Clock("far"))), reference="near")
    assert found["far"].status is Status.ALIGNED
    assert largest_error_ms(found, near, far) < 0.05


@pytest.mark.parametrize(
    ("dropped", "inserted"),
    [(((8.0, 0.7),), ()), (((40.0, 2.0), (45.0, -0.9)), ()), ((), ((30.0, 0.8),))],
    ids=["near an end", "five seconds between two", "silence where buffers were lost"],
)
def test_short_pieces_beside_jumps_are_found(dropped: tuple, inserted: tuple) -> None:
    near = Device("near", seconds=70.0)
    far = Device("far", 16_000, 1.0, 30e-6, 66.0, 10.0, 0.4, 3.0, 3.0, dropped, inserted)
    found = aligned(speech_like(75.0, seed=14), near, far)
    time_map = found.map_of("far")
    assert len(time_map.pieces) == len(dropped) + len(inserted) + 1
    t_ns = np.linspace(0.5e9, 65.5e9, 400).astype(np.int64)
    t_ns = t_ns[time_map.known(t_ns)]
    assert t_ns.size > 350
    error_s = (time_map.apply(t_ns) - t_ns) / 1e9 - far.offset_to_s(near, t_ns / 1e9)
    assert np.nanmax(np.abs(error_s)) < 5e-5


def test_too_short_an_overlap_is_weak_and_says_so() -> None:
    near, far = Device("near", seconds=30.0), Device("far", start_s=24.0, seconds=30.0)
    found = aligned(speech_like(55.0, seed=31), near, far)
    assert found["far"].status is not Status.ALIGNED
    assert "s agree" in found["far"].note or found["far"].time_map is None


def test_clocks_reach_the_reference_through_others() -> None:
    # a and c share nothing; b overlaps both.
    devices = [
        Device("a", seconds=40.0),
        Device("b", start_s=15.0, seconds=70.0),
        Device("c", start_s=60.0, seconds=40.0),
    ]
    streams, clocks = record_streams(speech_like(101.0, seed=41), devices, seed=3)
    found = align(Recording("three", Path(), streams, clocks), reference="a")
    assert [entry.status for entry in found.clocks] == [Status.ALIGNED] * 3
    piece = found.map_of("c").pieces[0]
    assert piece.offset_at_ns(0) / 1e9 == pytest.approx(60.0, abs=1e-4)


def test_gaps_in_the_stamps_are_kept() -> None:
    scene = speech_like(62.0, seed=51)
    sound = record(scene, Device("gappy", seconds=60.0), seed=1)
    times_ns = np.arange(sound.size, dtype=np.int64) * 62_500
    lost = slice(16_000 * 25, 16_000 * 31)
    kept, stamps = np.delete(sound, lost), np.delete(times_ns, lost)
    gappy = Stream(
        "gappy/audio", Modality.AUDIO, "gappy", ListedTimeline(stamps), ArraySamples(kept), nominal_rate_hz=16e3
    )
    whole = audio_stream("whole", record(scene, Device("whole", start_s=1.5, seconds=60.0), seed=2), 16_000)
    (evidence,) = audio_evidence(whole, gappy)
    assert np.abs(evidence.offsets_ns / 1e9 + 1.5).max() < 1e-5
    assert not evidence.details["breaks"]


def test_stamps_that_run_fast_are_the_clock() -> None:
    # The stamps say 16,001.6 samples per second although the file is declared as 16,000.
    scene = speech_like(40.0, seed=52)
    sound = record(scene, Device("fast", seconds=38.0), seed=1)
    fast = audio_stream("fast", sound, Fraction(160_016, 10))
    other = audio_stream("other", record(scene, Device("other", seconds=38.0), seed=2), 16_000)
    (evidence,) = audio_evidence(other, fast)
    slope = np.polyfit(evidence.times_ns / 1e9, evidence.offsets_ns / 1e9, 1)[0]
    assert slope == pytest.approx(1e-4, abs=2e-6)


def test_the_grid_reads_zeros_beyond_its_ends_and_any_sample_format() -> None:
    tone = (1000 * np.sin(2 * np.pi * 300 * np.arange(48_000) / 48_000)).astype(np.int16)
    grid = SoundGrid(audio_stream("tone", np.stack([tone, tone], axis=1), 48_000))
    assert grid.count == pytest.approx(16_000, abs=2)
    assert not grid.read(-100, 0).any()
    assert not grid.read(grid.count, grid.count + 10).any()
    assert np.abs(grid.read(0, 16_000)).max() == pytest.approx(1000 / 32_768, rel=0.05)
    assert grid.time_ns(16_000.0)[0] == pytest.approx(10**9, abs=100_000)
    grid.close()


def test_sound_without_a_rate_is_refused() -> None:
    stream = Stream("x/audio", Modality.AUDIO, "x", ListedTimeline(np.zeros(1, np.int64)), ArraySamples(np.zeros(1)))
    with pytest.raises(UsageError, match="has no rate"):
        SoundGrid(stream)


def real_sound(path: Path, name: str, *, noise_db: float | None = None) -> Stream:
    from weft.testing.real_speech import _decoded

    sound = _decoded(path, 16_000)
    if noise_db is not None:
        level = float(np.sqrt(np.mean(sound**2))) * 10 ** (-noise_db / 20)
        sound = sound + level * pink_noise(sound.size, seed=3)
    return audio_stream(name, sound, 16_000)


@pytest.mark.shared_data
@pytest.mark.parametrize(("noise_db", "limit_ms"), [(None, 1.0), (0.0, 5.0)], ids=["as it is", "with noise at 0 dB"])
def test_the_interview_and_its_cut(shared_data: Path, noise_db: float | None, limit_ms: float) -> None:
    folder = shared_data / "multidevice/bbc__audio-offset-finder/tests/audio"
    streams = real_sound(folder / "timbl_1.mp3", "whole"), real_sound(folder / "timbl_2.mp3", "cut", noise_db=noise_db)
    found = align(Recording("interview", Path(), streams, (Clock("whole"), Clock("cut"))), reference="whole")
    row = found["cut"].to_json()
    assert row["status"] == "aligned"
    assert row["offset_ms"] == pytest.approx(12_253.9, abs=limit_ms)
    assert abs(row["offset_ms"] - 12_253.96) <= row["error95_ms"]


@pytest.mark.shared_data
@pytest.mark.parametrize("number", [0, 1])
def test_pulse_trains_repeat_themselves(shared_data: Path, number: int) -> None:
    folder = shared_data / "multidevice/google__audio-sync-kit/audio_sync/test_data"
    streams = (
        real_sound(folder / f"latency_ref_{number}.wav", "ref"),
        real_sound(folder / f"latency_act_{number}.wav", "act"),
    )
    found = align(Recording("pulses", Path(), streams, (Clock("ref"), Clock("act"))), reference="ref")
    assert found["act"].status is not Status.ALIGNED
    assert found["act"].note


@pytest.mark.shared_data
def test_recorders_of_three_seconds_are_never_called_aligned(shared_data: Path) -> None:
    folder = shared_data / "multidevice/kitzeslab__opensoundscape/tests/audio"
    streams = tuple(real_sound(folder / f"aru_{i}.wav", f"aru_{i}") for i in (1, 2, 3))
    found = align(Recording("arus", Path(), streams, tuple(Clock(f"aru_{i}") for i in (1, 2, 3))), reference="aru_1")
    assert {found[f"aru_{i}"].status for i in (2, 3)} <= {Status.WEAK, Status.NOT_ALIGNED}


@pytest.mark.shared_data
def test_three_minutes_of_real_speech_are_right_everywhere(shared_data: Path) -> None:
    scene = join_speech(speech_files(shared_data), 185.0)
    near = Device("near", 44_100, 8.9, seconds=170.0, reverb_s=0.3, direct_db=12.0)
    far = Device("far", 16_000, 0.0, 100e-6, 170.0, 0.0, 0.5, 0.0, 6.0)
    found = aligned(scene, near, far)
    assert found["far"].status is Status.ALIGNED
    assert largest_error_ms(found, near, far) < 0.1
