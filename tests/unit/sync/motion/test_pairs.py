"""Whole recordings of things that moved together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from weft.core import NS_PER_S, ArraySamples, Evidence, ListedTimeline, Modality, Status, Stream
from weft.sync import align
from weft.sync.motion.pairs import _with_assumptions, relate_by_pictures, relate_by_sensors
from weft.sync.relations import Question
from weft.testing.moving_scenes import (
    Turning,
    gyroscope,
    motion_stream,
    moved_pictures,
    picture_stream,
    pose_stream,
    recording_of,
    walking_points,
)


def _imu(turning, duration_s, *, offset_s, seed, name="imu", gain=1.0, unit="rad/s"):
    times_s = np.arange(-1.0, duration_s + 1.0, 0.01)
    return motion_stream(f"{name}/gyro", times_s + offset_s, gain * gyroscope(turning, times_s, seed=seed), unit=unit)


@pytest.fixture(scope="module")
def handheld():
    """A camera and a gyroscope in one hand; the gyroscope counts degrees and is 7.3 s ahead."""
    turning = Turning.by_hand(5, rms=0.3, band_hz=(0.3, 5.0))
    stamps_s = np.arange(360) / 30
    video = picture_stream("cam/video", stamps_s, moved_pictures(turning, stamps_s, seed=1))
    imu = _imu(turning, 12.0, offset_s=7.3, seed=2, gain=57.3, unit="deg/s")
    return recording_of(video, imu)


def test_a_video_and_a_gyroscope_are_aligned_within_milliseconds(handheld):
    alignment = align(handheld, reference="cam")
    entry = alignment["imu"]
    assert entry.status is Status.ALIGNED
    assert entry.methods == ("gyro_flow",)
    piece = entry.time_map.pieces[0]
    assert piece.offset_at_ns(13 * NS_PER_S) / NS_PER_S == pytest.approx(-7.3, abs=0.003)


def test_what_a_frames_stamp_stands_for_is_assumed_or_declared(handheld):
    found = relate_by_pictures(Question(handheld, "imu")).evidence[0]
    assert [one.name for one in found.assumptions] == ["exposure_and_readout"]
    assert found.systematic_sd_ns > 9e6
    said = {"assumptions": {"cam": {"exposure_centre": {"value_ms": 10.0, "sd_ms": 1.0}}}}
    bare = replace(found, assumptions=(), systematic_sd_ns=0.0)
    told = _with_assumptions(bare, replace(handheld, details=said))
    assert [one.name for one in told.assumptions] == ["exposure_centre", "readout"]
    assert np.median(bare.offsets_ns - told.offsets_ns) == pytest.approx(18_000_000, abs=1)
    turned = _with_assumptions(bare.reversed(), replace(handheld, details=said))
    assert np.median(turned.offsets_ns) == pytest.approx(-np.median(told.offsets_ns), abs=1)


def test_between_silent_cameras_frames_are_compared_with_frames():
    stamps_s = np.arange(300) / 30
    turning = Turning.by_hand(8, rms=0.3, band_hz=(0.3, 5.0))
    streams = [
        picture_stream(f"{name}/video", stamps_s, moved_pictures(turning, stamps_s + late_s, seed=i))
        for i, (name, late_s) in enumerate((("a", 0.0), ("b", 0.123)))
    ]
    found = relate_by_pictures(Question(recording_of(*streams), "a")).evidence[0]
    assert (found.method, found.assumptions) == ("motion_video", ())
    offset_s = np.median(found.offsets_ns if found.clock == "b" else -found.offsets_ns) / NS_PER_S
    assert offset_s == pytest.approx(0.123, abs=0.003)
    heard = Stream("b/audio", Modality.AUDIO, "b", ListedTimeline(np.arange(10)), ArraySamples(np.zeros(10)))
    careful = _with_assumptions(found, recording_of(*streams, heard))
    assert [one.name for one in careful.assumptions] == ["exposure_and_readout"]


def test_clocks_that_better_evidence_ties_are_left_alone(handheld):
    known = Evidence("imu", "cam", np.array([0]), np.array([0]), np.array([1.0]), "audio")
    assert relate_by_pictures(Question(handheld, "cam", (known,))).evidence == []


def test_three_units_are_reached_from_one(handheld):
    turning = Turning.by_hand(9)
    streams = [_imu(turning, 40.0, offset_s=3.0 * i, seed=3 + i, name=name) for i, name in enumerate(("a", "b", "c"))]
    alignment = align(recording_of(*streams), reference="a")
    for name, offset_s in (("b", -3.0), ("c", -6.0)):
        assert alignment[name].status is Status.ALIGNED
        assert alignment[name].methods == ("inertial",)
        assert alignment[name].to_json()["offset_ms"] == pytest.approx(offset_s * 1e3, abs=3.0)


def test_a_unit_that_lay_still_has_a_reason():
    turning = Turning.by_hand(9)
    still = motion_stream("b/gyro", np.arange(0, 40, 0.01), np.random.default_rng(1).normal(0, 0.005, (4000, 3)))
    relations = relate_by_sensors(Question(recording_of(_imu(turning, 40.0, offset_s=0, seed=1, name="a"), still), "a"))
    assert relations.evidence == []
    assert "stands out of chance" in relations.reasons["b"]


def test_keypoints_of_two_cameras_align_them_to_a_quarter_of_a_frame():
    times_s = np.arange(0, 40, 1 / 60)
    later_s = np.arange(2, 38, 1 / 30)
    one = pose_stream("one/pose", times_s, walking_points(3, times_s, angle_deg=0))
    two = pose_stream("two/pose", later_s - 1.234, walking_points(3, later_s, angle_deg=70))
    alignment = align(recording_of(one, two), reference="one")
    assert alignment["two"].methods == ("motion_video",)
    assert alignment["two"].to_json()["offset_ms"] == pytest.approx(1234.0, abs=1000 / 60 / 4)


def test_pictures_too_short_to_compare_say_so():
    stamps_s = np.arange(60) / 30
    frames = np.zeros((60, 96, 160, 3), dtype=np.uint8)
    recording = recording_of(picture_stream("a/video", stamps_s, frames), picture_stream("b/video", stamps_s, frames))
    relations = relate_by_pictures(Question(recording, "a"))
    assert relations.evidence == []
    assert "lasts 2.0 s" in relations.reasons["b"]


@pytest.mark.parametrize("size", [(16, 16, 3), (96, 160), (2000, 10, 3)])
def test_pictures_of_odd_sizes_give_no_trouble(size):
    stamps_s = np.arange(240) / 30
    frames = np.zeros((240, *size), dtype=np.uint8)
    videos = [picture_stream(f"{name}/video", stamps_s, frames) for name in "ab"]
    assert relate_by_pictures(Question(recording_of(*videos), "a")).evidence == []


@pytest.mark.shared_data
def test_a_real_camera_and_its_gyroscope_meet_within_half_a_frame(shared_data):
    from weft import open_recording

    whole = open_recording(shared_data / "imu_video" / "gopro__gpmf-parser" / "samples" / "karma.mp4")
    gyro = whole.stream("karma/gyro")
    shifted = replace(gyro, name="imu/gyro", clock="imu", timeline=ListedTimeline(gyro.timestamps_ns + 3_210_000_000))
    entry = align(recording_of(whole.stream("karma/video"), shifted), reference="karma")["imu"]
    assert entry.status is Status.ALIGNED
    assert entry.to_json()["offset_ms"] == pytest.approx(-3210.0, abs=0.5 * 1000 / 29.97)
