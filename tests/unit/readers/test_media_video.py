"""Frames: the right picture at the right instant, however it is reached."""

from __future__ import annotations

import pickle
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from weft.core import Interval, Modality
from weft.readers.media.reader import MediaReader
from weft.readers.protocol import Contents, Request
from weft.testing.media_files import HEIGHT_PX, WIDTH_PX, number_shown, write_numbered_video

START_MS = 700


def read(path: Path) -> Contents:
    return MediaReader().read(Request(path, path.name, path.stem))


def uneven_ticks(frames: int = 300) -> list[int]:
    """A late start, jitter, a slow stretch and a stall, in milliseconds."""
    periods = np.random.default_rng(7).integers(28, 39, frames - 1)
    periods[100], periods[150:180] = 1200, 67
    return (START_MS + np.concatenate([[0], np.cumsum(periods)])).tolist()


@pytest.fixture(scope="module")
def uneven_mp4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_numbered_video(tmp_path_factory.mktemp("video") / "cam.mp4", uneven_ticks(), options={"bf": "2"})


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [
        pytest.param(".mp4", "libx264", {"bf": "2"}, id="mp4_b_frames"),
        pytest.param(".mp4", "libx264", {"bf": "0"}, id="mp4_no_b_frames"),
        pytest.param(".mkv", "libx264", {"bf": "2"}, id="mkv_b_frames"),
        pytest.param(".mkv", "libx264", {"x264-params": "open-gop=1:keyint=12"}, id="mkv_open_groups"),
        pytest.param(".webm", "libvpx", {"deadline": "realtime", "cpu-used": "8"}, id="webm"),
        pytest.param(".mov", "mpeg4", {"bf": "2"}, id="mov_mpeg4"),
    ],
)
def test_300_random_instants_give_the_right_frame(
    tmp_path: Path, suffix: str, codec: str, options: dict[str, str]
) -> None:
    ticks = uneven_ticks()
    stream = read(write_numbered_video(tmp_path / f"cam{suffix}", ticks, codec=codec, options=options)).streams[0]
    assert (stream.timestamps_ns == np.array(ticks) * 1_000_000).all()
    rng = np.random.default_rng(1)
    for t_ns in rng.integers(ticks[0] * 1_000_000, ticks[-1] * 1_000_000, 300).tolist():
        shown = stream.timeline.index_ns(t_ns + 1) - 1
        picture = stream.samples.read(shown, shown + 1)[0]
        assert number_shown(picture) == np.searchsorted(ticks, t_ns / 1e6, side="right") - 1


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".ts", "libx264"), (".avi", "mpeg4"), (".mpg", "mpeg2video"), (".wmv", "wmv2")],
    ids=["ts", "avi", "mpg", "wmv"],
)
def test_containers_without_an_index_give_the_right_frame(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write_numbered_video(
        tmp_path / f"cam{suffix}", range(120), time_base=Fraction(1, 25), codec=codec, options={"bf": "0"}
    )
    stream = read(path).streams[0]
    assert len(stream) == 120
    assert (np.diff(stream.timestamps_ns) == 40_000_000).all()
    for number in np.random.default_rng(2).permutation(120)[:40].tolist():
        assert number_shown(stream.samples.read(number, number + 1)[0]) == number


def test_reading_forwards_gives_every_frame_once(uneven_mp4: Path) -> None:
    stream = read(uneven_mp4).streams[0]
    shown = [number_shown(p) for start in range(0, 300, 45) for p in stream.samples.read(start, start + 45)]
    assert shown == list(range(300))


def test_reading_forwards_does_not_start_over(uneven_mp4: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = read(uneven_mp4).streams[0].samples
    starts: list[int] = []
    begin = samples._start_at

    def counted(packet: int) -> None:
        starts.append(packet)
        begin(packet)

    monkeypatch.setattr(samples, "_start_at", counted)
    for start in range(0, 300, 10):
        samples.read(start, start + 10)
    assert len(starts) == 1


def test_an_interval_gives_frames_and_their_stamps(uneven_mp4: Path) -> None:
    stream = read(uneven_mp4).streams[0]
    times_ns, pictures = stream.read(Interval.from_seconds(1.0, 1.5))
    assert times_ns.size == len(pictures) > 5
    assert [number_shown(p) for p in pictures] == [uneven_ticks().index(t // 1_000_000) for t in times_ns.tolist()]


def test_a_pickled_stream_holds_no_open_file_and_reads_the_same(uneven_mp4: Path) -> None:
    samples = read(uneven_mp4).streams[0].samples
    before = samples.read(33, 35)
    again = pickle.loads(pickle.dumps(samples))  # noqa: S301
    assert again._cursor is None
    assert (again.read(33, 35) == before).all()


def test_details_say_what_the_file_says(uneven_mp4: Path) -> None:
    stream = read(uneven_mp4).streams[0]
    assert (stream.name, stream.modality, stream.clock) == ("cam/video", Modality.VIDEO, "cam")
    assert stream.samples.shape == (300, HEIGHT_PX, WIDTH_PX, 3)
    assert stream.details["codec"] == "h264"
    assert stream.details["container_start_s"] == pytest.approx(0.7)
    assert stream.details["width"] == WIDTH_PX
    assert stream.details["average_rate_hz"] == pytest.approx(stream.effective_rate_hz)


def test_a_varying_rate_is_a_finding_and_no_nominal_rate(uneven_mp4: Path) -> None:
    contents = read(uneven_mp4)
    assert contents.streams[0].nominal_rate_hz is None
    assert {"variable_frame_rate", "dropped_frames"} <= {finding.check for finding in contents.findings}


def test_an_even_rate_has_no_finding(tmp_path: Path) -> None:
    contents = read(write_numbered_video(tmp_path / "cam.mp4", [40 * i for i in range(50)]))
    assert contents.streams[0].nominal_rate_hz == pytest.approx(25)
    assert contents.findings == ()


def test_lost_frames_are_counted(tmp_path: Path) -> None:
    ticks = [40 * i for i in range(100) if i not in (30, 31, 70)]
    finding = read(write_numbered_video(tmp_path / "cam.mp4", ticks)).findings[0]
    assert (finding.check, finding.numbers["gaps"], finding.numbers["missing_frames"]) == ("dropped_frames", 2, 3)


def test_one_frame_is_enough(tmp_path: Path) -> None:
    stream = read(write_numbered_video(tmp_path / "cam.mp4", [0])).streams[0]
    assert len(stream) == 1
    assert number_shown(stream.samples.read(0, 1)[0]) == 0


def test_a_turned_video_is_shown_upright(tmp_path: Path) -> None:
    path = write_numbered_video(tmp_path / "phone.mp4", [40 * i for i in range(10)])
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    data[matrix : matrix + 36] = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    stream = read(path).streams[0]
    assert stream.details["rotation_deg"] % 360 == 270
    assert stream.samples.shape == (10, WIDTH_PX, HEIGHT_PX, 3)
    upright = stream.samples.read(7, 8)[0]
    assert number_shown(np.rot90(upright)) == 7


def test_an_edit_list_hides_frames(tmp_path: Path) -> None:
    path = write_numbered_video(tmp_path / "cam.mp4", [40 * i for i in range(50)], options={"bf": "0"})
    data = bytearray(path.read_bytes())
    entry = data.index(b"elst") + 4 + 8
    (scale,) = struct.unpack(">I", data[data.index(b"mdhd") + 16 : data.index(b"mdhd") + 20])
    (duration,) = struct.unpack(">I", data[entry : entry + 4])
    data[entry : entry + 8] = struct.pack(">Ii", duration - 400, scale * 400 // 1000)
    path.write_bytes(data)
    stream = read(path).streams[0]
    assert stream.timeline.first_ns == 0
    assert number_shown(stream.samples.read(0, 1)[0]) == 10


def test_a_picture_that_cannot_be_decoded_repeats_the_one_before(tmp_path: Path) -> None:
    path = write_numbered_video(tmp_path / "cam.mp4", [40 * i for i in range(60)], options={"bf": "0", "g": "30"})
    table, data = read(path).streams[0].samples._table, bytearray(path.read_bytes())
    place, size = int(table.place[40]), int(table.size[40])
    data[place : place + size] = b"\xff" * size
    path.write_bytes(data)
    damaged = read(path).streams[0].samples
    assert number_shown(damaged.read(40, 41)[0]) == 39
    assert damaged.held == {40}
    assert number_shown(damaged.read(59, 60)[0]) != 0


def test_a_recording_that_ends_before_its_header_says_is_truncated(tmp_path: Path) -> None:
    path = write_numbered_video(tmp_path / "cam.mkv", [40 * i for i in range(60)], options={"bf": "0", "g": "30"})
    table, data = read(path).streams[0].samples._table, bytearray(path.read_bytes())
    place, size = int(table.place[40]), int(table.size[40])
    data[place : place + size] = bytes(size)
    path.write_bytes(data)
    contents = read(path)
    assert len(contents.streams[0]) == 40
    assert contents.findings[0].check == "truncated"
    assert contents.findings[0].numbers == pytest.approx({"promised_ms": 2393, "found_ms": 1593})


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["h264-mjpeg.mkv", "h264-mjpeg.mp4", "h264-png.mkv", "h264-png.mp4"])
def test_cover_art_is_no_stream(shared_data: Path, name: str) -> None:
    path = shared_data / "faces/WyattBlue__auto-editor/resources/embedded-image" / name
    assert [stream.modality for stream in read(path).streams] == [Modality.VIDEO, Modality.AUDIO]


@pytest.mark.shared_data
def test_several_tracks_and_captions_share_the_clock(shared_data: Path) -> None:
    contents = read(shared_data / "faces/pytorch__torchcodec/test/resources/nasa_13013.mp4")
    assert [s.name for s in contents.streams] == [f"nasa_13013/{x}" for x in ("video", "audio", "video_2", "audio_2")]
    assert [clock.name for clock in contents.clocks] == ["nasa_13013"]
    first = contents.annotations[0]
    assert (first.kind, first.tier, first.clock) == ("utterance", "subtitles eng", "nasa_13013")
    assert first.value.startswith("NAR: This is the optical")
    assert first.interval == Interval.from_seconds(0.21, 4.26)
