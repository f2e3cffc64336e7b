"""Packets, counted and timed without a file: what is dropped, where holes are, what the clock does."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from weft.core import PiecewiseTimeline
from weft.readers.media.audio_counts import kept, opus_samples
from weft.readers.media.audio_index import AudioIndex, AudioTimes, audio_times
from weft.readers.media.packets import ABSENT, PacketTable
from weft.readers.media.promised_size import promised_bytes
from weft.readers.media.reader import creation_time
from weft.readers.media.signatures import container_at, container_of
from weft.readers.media.video_samples import FrameIndex

RATE_HZ, PACKET = 48_000, 960


def table(pts: np.ndarray, time_base: Fraction = Fraction(1, RATE_HZ), **columns: np.ndarray) -> PacketTable:
    """A table of packets that are all key packets unless told otherwise."""
    count = len(pts)
    given = {name: np.zeros(count, dtype=np.int64) for name in ("duration", "size", "place", "skip", "trim")}
    given |= {"dts": pts, "flags": np.ones(count, dtype=np.uint8)} | columns
    return PacketTable(time_base, pts=np.asarray(pts, dtype=np.int64), **given)


def times_of(pts: np.ndarray, time_base: Fraction = Fraction(1, RATE_HZ)) -> AudioTimes:
    """When the samples of packets of 960 samples were taken."""
    lengths = np.full(len(pts), PACKET)
    return audio_times(table(pts, time_base), AudioIndex.of((RATE_HZ, 1), np.zeros_like(lengths), lengths))


@pytest.mark.parametrize(
    ("skip", "hidden", "front"),
    [
        pytest.param([312, 0, 0], [0, 0, 0], [312, 0, 0], id="within_a_packet"),
        pytest.param([960, 0, 0], [1, 0, 0], [960, 0, 0], id="a_hidden_packet"),
        pytest.param([2112, 0, 0], [1, 1, 0], [960, 960, 192], id="hidden_packets_and_a_part"),
        pytest.param([2112, 0, 0], [0, 0, 0], [960, 960, 192], id="over_several_packets"),
        pytest.param([0, 0, 0], [0, 0, 1], [0, 0, 960], id="hidden_at_the_end"),
    ],
)
def test_what_players_drop_is_dropped(skip: list[int], hidden: list[int], front: list[int]) -> None:
    packets = table(
        np.arange(3) * PACKET, skip=np.array(skip), flags=np.array([1 + 2 * h for h in hidden], dtype=np.uint8)
    )
    dropped, length = kept(np.full(3, PACKET), packets, RATE_HZ)
    assert dropped.tolist() == front
    assert length.tolist() == [PACKET - f for f in front]


def test_the_end_is_trimmed_as_the_container_says() -> None:
    counts = np.full(3, PACKET)
    assert kept(counts, table(np.arange(3), trim=np.array([0, 0, 700])), RATE_HZ)[1].tolist() == [960, 960, 260]
    assert kept(counts, table(np.arange(3), duration=np.array([960, 960, 260])), RATE_HZ)[1].tolist() == [960, 960, 260]


@pytest.mark.parametrize(
    ("head", "samples"),
    [(b"\xfc", 960), (b"\x00", 480), (b"\x19", 5760), (b"\xfb\x03", 2880), (b"\x83\x04", 480), (b"", 0)],
)
def test_opus_says_how_long_it_is(head: bytes, samples: int) -> None:
    assert opus_samples(head) == samples


def test_whole_ticks_are_exact() -> None:
    times = times_of(np.arange(100) * PACKET + 4800)
    assert times.timeline.first_ns == 100_000_000
    assert times.holes == ()


def test_rounded_ticks_do_not_shift_the_sound() -> None:
    true_s = 0.0004 + np.arange(500) * 1024 / 44_100
    index = AudioIndex.of((44_100, 1), np.zeros(500, dtype=np.int64), np.full(500, 1024))
    times = audio_times(table(np.round(true_s * 1000), Fraction(1, 1000)), index)
    assert times.timeline.first_ns == pytest.approx(400_000, abs=5_000)


def test_jitter_is_no_hole() -> None:
    late = np.random.default_rng(0).integers(-400, 400, 500)
    times = times_of(np.arange(500) * PACKET + late)
    assert (times.holes, times.overlaps) == ((), ())


def test_one_late_stamp_is_no_hole() -> None:
    pts = np.arange(200) * PACKET
    pts[77] += 3000
    assert times_of(pts).holes == ()


def test_holes_are_found_where_they_are() -> None:
    pts = np.arange(300) * PACKET
    pts[100:] += 4800
    pts[200:] += 48_000
    times = times_of(pts)
    assert [(hole.at, hole.length_ns) for hole in times.holes] == [(96_000, 100_000_000), (192_000, 1_000_000_000)]
    assert isinstance(times.timeline, PiecewiseTimeline)
    assert np.array_equal(times.timeline.slice_ns(0, 300 * PACKET)[::PACKET], pts * 10**9 // RATE_HZ)


def test_stamps_that_run_back_leave_one_piece() -> None:
    pts = np.arange(300) * PACKET
    pts[150:] -= 9600
    times = times_of(pts)
    assert (len(times.overlaps), times.overlaps[0].at, times.overlaps[0].length_ns) == (1, 144_000, -200_000_000)
    assert len(times.timeline) == 300 * PACKET


def test_stamps_that_no_clock_gives_are_not_believed() -> None:
    times = times_of((np.arange(1000) * PACKET * 1.007).astype(np.int64))
    assert times.disbelieved_ppm == pytest.approx(7000, rel=0.02)
    assert times.timeline.rate_hz == RATE_HZ


def test_no_stamp_at_all_starts_at_zero() -> None:
    times = times_of(np.full(5, ABSENT))
    assert (times.timeline.first_ns, len(times.timeline)) == (0, 5 * PACKET)


def test_hours_of_fine_ticks_stay_exact() -> None:
    packets = table(np.array([14_112_000 * 3600 * 100 + 1]), Fraction(1, 14_112_000))
    assert packets.to_ns(packets.pts)[0] == 3600 * 100 * 10**9 + 70


def test_frames_before_the_first_key_frame_are_left_out() -> None:
    keys = np.array([0, 0, 1, 0, 0, 0], dtype=np.uint8)
    index = FrameIndex.of(table(np.array([0, 1, 4, 2, 3, 5]), flags=keys), "mpegts")
    assert index.pts.tolist() == [4, 5]
    assert index.left_out == 4


def test_a_frame_is_decoded_from_the_key_frame_that_is_shown_before_it() -> None:
    keys = np.array([1, 0, 0, 1, 0, 0], dtype=np.uint8)
    index = FrameIndex.of(table(np.array([0, 2, 1, 5, 3, 4]), flags=keys), "mov")
    assert index.pts.tolist() == [0, 1, 2, 3, 4, 5]
    assert index.start.tolist() == [0, 0, 0, 0, 0, 3]


@pytest.mark.parametrize(
    ("tags", "made"),
    [
        ({"creation_time": "2017-04-17T19:27:57.000000Z"}, "2017-04-17T19:27:57+00:00"),
        ({"date": "2024-05-01", "creation_time": "10:20:30"}, "2024-05-01T10:20:30"),
        (
            {"creation_time": "2024-05-01T08:00:00Z", "com.apple.quicktime.creationdate": "2024-05-01T10:00:00+0200"},
            "2024-05-01T10:00:00+02:00",
        ),
        ({"date": "2012"}, ""),
        ({"creation_time": "around 10:00"}, ""),
        ({}, ""),
    ],
    ids=["utc", "field_recorder", "apple_with_zone", "a_year_only", "nonsense", "nothing"],
)
def test_the_time_of_making(tags: dict[str, str], made: str) -> None:
    assert creation_time(tags) == made


def test_a_tag_with_a_picture_does_not_hide_the_format(tmp_path: Path) -> None:
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 0x4E, 0x20]) + bytes(10_016)
    (tmp_path / "a.flac").write_bytes(tag + b"fLaC" + bytes(100))
    assert container_of(tag) == "mp3"
    assert container_at(tmp_path / "a.flac", tag[:4096], ".flac") == "flac"


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF\x10\x00\x00\x00WAVE", b"OggS", b"\x1aE\xdf\xa3\xff", bytes(64)])
@pytest.mark.parametrize("container", ["mov", "wav", "avi", "matroska", "ogg", "asf", "aiff", "mpegts", "mp3"])
def test_what_is_too_short_for_a_header_promises_something_sane(tmp_path: Path, container: str, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    assert promised_bytes(path, container) >= 0
