"""ROS bags of every kind, against made bags with known truth."""

import io
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from weft.core import (
    NS_PER_S,
    ArraySamples,
    Epoch,
    Finding,
    Interpolation,
    Modality,
    Severity,
    Stream,
    UnreadableError,
    UnsupportedError,
)
from weft.readers.bags.rosbag import RosbagReader
from weft.readers.protocol import HEAD_BYTES, Contents, Probe, Request
from weft.testing.bag_writer import (
    START_NS,
    BagMessage,
    audio,
    audio_info,
    cloud,
    compressed_image,
    fix,
    image,
    imu,
    joints,
    text,
    write_mcap,
    write_ros1,
    write_rosbag2,
)

MS = 1_000_000


def _read(path: Path) -> Contents:
    return RosbagReader().read(Request(path, path.name, path.name.partition(".")[0]))


def _probe(path: Path) -> Probe:
    if path.is_dir():
        return Probe(path, entries=frozenset(entry.name for entry in path.iterdir()))
    return Probe(path, path.read_bytes()[:HEAD_BYTES])


def _stream(contents: Contents, name: str) -> Stream:
    return next(stream for stream in contents.streams if stream.name == name)


def _finding(contents: Contents, check: str) -> Finding:
    return next(finding for finding in contents.findings if finding.check == check)


def _imus(
    count: int = 200, *, lag_ns: int = 3 * MS, header: Callable[[int], int] = lambda i: START_NS + i * 10 * MS
) -> list[BagMessage]:
    return [
        BagMessage("/imu/data", imu(header(i), turning=(i, 0, 0)), START_NS + i * 10 * MS + lag_ns)
        for i in range(count)
    ]


WRITERS: dict[str, Callable[[Path, list[BagMessage]], Path]] = {
    "mcap-file": lambda folder, messages: write_mcap(folder / "bag.mcap", messages),
    "mcap-lz4": lambda folder, messages: write_mcap(folder / "bag.mcap", messages, compression="lz4"),
    "mcap-plain": lambda folder, messages: write_mcap(folder / "bag.mcap", messages, compression="none"),
    "folder-sqlite": lambda folder, messages: write_rosbag2(folder / "bag", messages),
    "folder-mcap": lambda folder, messages: write_rosbag2(folder / "bag", messages, storage="mcap"),
    "folder-file-zstd": lambda folder, messages: write_rosbag2(folder / "bag", messages, compression="file"),
    "folder-message-zstd": lambda folder, messages: write_rosbag2(folder / "bag", messages, compression="message"),
    "ros1": lambda folder, messages: write_ros1(folder / "bag.bag", messages),
    "ros1-bz2": lambda folder, messages: write_ros1(folder / "bag.bag", messages, compression="bz2"),
    "ros1-lz4": lambda folder, messages: write_ros1(folder / "bag.bag", messages, compression="lz4"),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_bag_gives_the_same_recording(tmp_path: Path, kind: str) -> None:
    path = WRITERS[kind](tmp_path, [*_imus(), BagMessage("/say", text("grüß"), START_NS + 5)])
    assert RosbagReader().recognises(_probe(path))
    contents = _read(path)
    stream = _stream(contents, "bag/imu.data")
    assert stream.timestamps_ns.tolist() == [START_NS + i * 10 * MS for i in range(200)]
    assert stream.stamps["bag"].tolist() == [START_NS + i * 10 * MS + 3 * MS for i in range(200)]
    assert stream.samples.read(0, 200)[:, 0].tolist() == list(range(200))
    assert stream.samples.read(3, 4)[0].tolist() == [3, 0, 0, 4, 5, 6]
    assert stream.channels[0] == "angular_velocity.x"
    assert stream.units[5] == "m/s^2"
    turned = _stream(contents, "bag/imu.data.orientation")
    assert (turned.modality, turned.interpolation) == (Modality.POSE, Interpolation.ROTATION)
    assert turned.clock == stream.clock == "bag/imu.data"
    said = _stream(contents, "bag/say")
    assert (said.clock, said.modality, said.samples.read(0, 1).tolist()) == ("bag", Modality.TEXT, ["grüß"])
    assert {clock.name: clock.epoch for clock in contents.clocks} == {"bag": Epoch.UNIX, "bag/imu.data": Epoch.UNIX}
    assert contents.findings == ()


def test_publish_times_are_kept_apart(tmp_path: Path) -> None:
    messages = [
        BagMessage("/say", text(str(i)), START_NS + i * 10 * MS, START_NS + i * 10 * MS - 4 * MS) for i in range(5)
    ]
    messages += [BagMessage("/imu", imu(START_NS), START_NS + 9, START_NS + 3)]
    contents = _read(write_mcap(tmp_path / "bag.mcap", messages))
    said = _stream(contents, "bag/say")
    assert (said.stamps["bag/publish"] - said.timestamps_ns).tolist() == [-4 * MS] * 5
    assert sorted(_stream(contents, "bag/imu").stamps) == ["bag", "bag/publish"]
    assert "bag/publish" in {clock.name for clock in contents.clocks}


def _pictures(encoding: str, pixels: Any) -> list[BagMessage]:
    return [
        BagMessage("/cam", image(START_NS + i * 40 * MS, pixels + i, encoding), START_NS + i * 40 * MS)
        for i in range(6)
    ]


@pytest.mark.parametrize(
    ("encoding", "shape", "dtype"),
    [
        ("rgb8", (4, 6, 3), "u1"),
        ("bgr8", (4, 6, 3), "u1"),
        ("bgra8", (4, 6, 4), "u1"),
        ("mono8", (4, 6, 1), "u1"),
        ("bayer_rggb8", (4, 6, 1), "u1"),
        ("mono16", (4, 6, 1), "u2"),
        ("16UC1", (4, 6, 1), "u2"),
        ("32FC1", (4, 6, 1), "f4"),
    ],
    ids=lambda value: str(value),
)
def test_raw_pictures_are_decoded_when_they_are_read(
    tmp_path: Path, encoding: str, shape: tuple[int, ...], dtype: str
) -> None:
    pixels = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    stream = _read(write_mcap(tmp_path / "bag.mcap", _pictures(encoding, pixels))).streams[0]
    assert (stream.modality, stream.samples.shape, stream.samples.dtype) == (
        Modality.VIDEO,
        (6, *shape),
        np.dtype(dtype),
    )
    order = [2, 1, 0, 3][: shape[2]] if encoding.startswith("bgr") else list(range(shape[2]))
    assert np.array_equal(stream.samples.read(2, 4), np.stack([pixels + 2, pixels + 3])[..., order])


def test_rows_with_padding_are_cut_to_their_width(tmp_path: Path) -> None:
    message = image(START_NS, np.arange(32, dtype=np.uint8).reshape(4, 8, 1), "mono8")
    message.width = 6
    stream = _read(write_mcap(tmp_path / "bag.mcap", [BagMessage("/cam", message, START_NS)])).streams[0]
    assert stream.samples.read(0, 1)[0, :, :, 0].tolist() == np.arange(32).reshape(4, 8)[:, :6].tolist()


def test_pictures_of_changing_size_are_objects(tmp_path: Path) -> None:
    messages = [
        BagMessage("/cam", image(START_NS + i, np.zeros((4, 6 + i, 3), np.uint8), "rgb8"), START_NS + i)
        for i in range(3)
    ]
    samples = _read(write_mcap(tmp_path / "bag.mcap", messages)).streams[0].samples
    assert (samples.shape, samples.dtype) == ((3, 4, -1, 3), np.dtype(object))
    assert [one.shape for one in samples.read(0, 3)] == [(4, 6, 3), (4, 7, 3), (4, 8, 3)]


def test_a_picture_shorter_than_it_says_is_named(tmp_path: Path) -> None:
    messages = _pictures("mono8", np.zeros((4, 6, 1), np.uint8))
    messages[3].message.data = messages[3].message.data[:5]
    samples = _read(write_mcap(tmp_path / "bag.mcap", messages)).streams[0].samples
    assert len(samples.read(0, 3)) == 3
    with pytest.raises(UnreadableError, match=r"message 3 cannot be decoded .*needs 24 bytes, it has 5"):
        samples.read(0, 6)


def test_an_unknown_encoding_stays_bytes(tmp_path: Path) -> None:
    messages = _pictures("nv99", np.zeros((4, 6, 1), np.uint8))
    stream = _read(write_mcap(tmp_path / "bag.mcap", messages)).streams[0]
    assert (stream.modality, stream.details["undecoded"]) == (Modality.TABLE, True)


@pytest.mark.parametrize(("form", "mode", "channels"), [("png", "RGB", 3), ("jpeg", "L", 1), ("png", "RGBA", 3)])
def test_encoded_pictures_are_decoded_when_they_are_read(tmp_path: Path, form: str, mode: str, channels: int) -> None:
    packed = io.BytesIO()
    Image.new(mode, (16, 8), 77 if mode == "L" else (77,) * len(mode)).save(packed, form)
    messages = [
        BagMessage("/cam", compressed_image(START_NS + i, packed.getvalue(), form), START_NS + i) for i in range(3)
    ]
    samples = _read(write_mcap(tmp_path / "bag.mcap", messages)).streams[0].samples
    assert samples.shape == (3, 8, 16, channels)
    assert np.all(np.abs(samples.read(1, 3).astype(int) - 77) <= 1)


def test_clouds_are_objects_with_their_fields(tmp_path: Path) -> None:
    clouds = [np.arange(4 * k, dtype=np.float32).reshape(k, 4) for k in (3, 5, 0)]
    messages = [BagMessage("/lidar", cloud(START_NS + i, points), START_NS + i) for i, points in enumerate(clouds)]
    stream = _read(write_mcap(tmp_path / "bag.mcap", messages)).streams[0]
    assert (stream.modality, stream.channels) == (Modality.POINTS, ("x", "y", "z", "intensity"))
    for read, truth in zip(stream.samples.read(0, 3), clouds, strict=True):
        assert read.dtype == np.float32
        assert np.array_equal(read, truth)


def test_a_place_and_joints_become_columns(tmp_path: Path) -> None:
    messages = [
        BagMessage("/gps", fix(START_NS, 47.5, 8.25, 440.0), START_NS),
        BagMessage("/arm", joints(START_NS, ("a", "b"), (0.5, 1.5)), START_NS),
        BagMessage("/arm", joints(START_NS + 1, ("b", "c"), (2.5, 9.0)), START_NS + 1),
    ]
    contents = _read(write_mcap(tmp_path / "bag.mcap", messages))
    place = _stream(contents, "bag/gps")
    assert (place.modality, place.units, place.samples.read(0, 1).tolist()) == (
        Modality.LOCATION,
        ("deg", "deg", "m"),
        [[47.5, 8.25, 440.0]],
    )
    arm = _stream(contents, "bag/arm")
    assert arm.channels == ("a", "b")
    assert np.array_equal(arm.samples.read(0, 2), [[0.5, 1.5], [np.nan, 2.5]], equal_nan=True)


def _sound(coding: str = "wave") -> list[BagMessage]:
    """Half a second of a 16 kHz ramp in two channels, in blocks of 20 ms, with its info."""
    ramp = np.arange(8000, dtype="<i2")
    frames = np.stack([ramp, -ramp], axis=1)
    blocks = [frames[i : i + 320].tobytes() for i in range(0, 8000, 320)]
    return [
        BagMessage("/mic/audio_info", audio_info(2, 16_000, "S16LE", coding), START_NS),
        *(
            BagMessage("/mic/audio", audio(START_NS + i * 20 * MS, block), START_NS + i * 20 * MS + MS)
            for i, block in enumerate(blocks)
        ),
    ]


def test_blocks_of_plain_sound_become_sound(tmp_path: Path) -> None:
    contents = _read(write_mcap(tmp_path / "bag.mcap", _sound()))
    stream = _stream(contents, "bag/mic.audio")
    assert (stream.modality, len(stream), stream.nominal_rate_hz) == (Modality.AUDIO, 8000, 16_000)
    assert stream.timeline.slice_ns(0, 3).tolist() == [START_NS, START_NS + 62_500, START_NS + 125_000]
    assert (stream.samples.shape, stream.samples.dtype) == ((8000, 2), np.dtype(np.float32))
    read = stream.samples.read(300, 700)
    assert np.array_equal(read[:, 0] * 32768, np.arange(300, 700))
    assert np.array_equal(read[:, 1], -read[:, 0])
    assert contents.findings == ()


@pytest.mark.parametrize(
    ("messages", "reason"),
    [(_sound("mp3"), "encoded as 'mp3'"), (_sound()[1:], "no AudioInfo tells their rate")],
    ids=["encoded", "no-info"],
)
def test_sound_that_cannot_be_decoded_stays_bytes(tmp_path: Path, messages: list[BagMessage], reason: str) -> None:
    contents = _read(write_mcap(tmp_path / "bag.mcap", messages))
    assert _stream(contents, "bag/mic.audio").samples.read(0, 1)[0].size == 1280
    assert reason in _finding(contents, "undecoded_topic").message


def test_lazy_samples_survive_pickling_and_read_in_any_order(tmp_path: Path) -> None:
    pixels = np.zeros((4, 6, 1), np.uint8)
    for kind in ("mcap-file", "folder-sqlite", "folder-file-zstd", "ros1-bz2"):
        (tmp_path / kind).mkdir()
        samples = _read(WRITERS[kind](tmp_path / kind, _pictures("mono8", pixels))).streams[0].samples
        samples.read(4, 6)
        again = pickle.loads(pickle.dumps(samples))  # noqa: S301
        assert [int(one.max()) for one in again.read(0, 6)] == list(range(6))
        assert int(again.read(1, 2).max()) == 1
        assert again.read(3, 3).shape == (0, 4, 6, 1)


def test_headers_out_of_order_are_ordered_with_their_samples(tmp_path: Path) -> None:
    def swapped(i: int) -> int:
        return START_NS + {50: 51, 51: 50}.get(i, i) * 10 * MS

    contents = _read(write_mcap(tmp_path / "bag.mcap", _imus(header=swapped)))
    stream = contents.streams[0]
    assert stream.samples.read(49, 53)[:, 0].tolist() == [49, 51, 50, 52]
    assert (stream.stamps["bag"][49:53] - START_NS - 3 * MS).tolist() == [490 * MS, 510 * MS, 500 * MS, 520 * MS]
    assert _finding(contents, "out_of_order_stamps").numbers["messages"] == 1


def test_empty_headers_leave_the_log_clock(tmp_path: Path) -> None:
    contents = _read(write_mcap(tmp_path / "bag.mcap", _imus(header=lambda i: 0)))
    assert contents.streams[0].clock == "bag"
    assert _finding(contents, "zero_header_stamps").numbers == {"zeros": 200, "messages": 200}


@pytest.mark.parametrize(
    ("shift_s", "suspicion"),
    [(37, "TAI instead of UTC"), (18, "GPS time instead of UTC"), (19, "TAI instead of GPS"), (-86400, "replayed")],
    ids=["tai", "gps", "tai-gps", "a-day-old"],
)
def test_far_headers_are_named(tmp_path: Path, shift_s: int, suspicion: str) -> None:
    messages = _imus(header=lambda i: START_NS + shift_s * NS_PER_S + i * 10 * MS)
    finding = _finding(_read(write_mcap(tmp_path / "bag.mcap", messages)), "clock_epoch_differs")
    assert suspicion in finding.message
    assert finding.numbers["log_minus_header_s"] == pytest.approx(-shift_s + 0.003)


def test_headers_since_boot_are_named(tmp_path: Path) -> None:
    contents = _read(write_mcap(tmp_path / "bag.mcap", _imus(header=lambda i: 5 * NS_PER_S + i * 10 * MS)))
    assert "counts from the device's start" in _finding(contents, "clock_epoch_differs").message
    assert contents.clocks[1].epoch is Epoch.BOOT


def test_a_header_clock_that_was_set_back_is_unfolded(tmp_path: Path) -> None:
    def header(i: int) -> int:
        return START_NS + i * 10 * MS - (60 * NS_PER_S if i >= 120 else 0)

    contents = _read(write_mcap(tmp_path / "bag.mcap", _imus(header=header)))
    stream, clock = contents.streams[0], contents.clocks[1]
    assert stream.timestamps_ns.tolist() == [START_NS + i * 10 * MS for i in range(200)]
    assert clock.raw_ns(stream.timestamps_ns).tolist() == [header(i) for i in range(200)]
    assert _finding(contents, "clock_reset").numbers["shift_s"] == pytest.approx(60.0)


def test_a_stalled_recorder_is_no_reset(tmp_path: Path) -> None:
    messages = [
        BagMessage("/imu", imu(START_NS + i * 10 * MS), START_NS + max(i * 10 * MS, 5 * NS_PER_S)) for i in range(800)
    ]
    contents = _read(write_mcap(tmp_path / "bag.mcap", messages))
    assert contents.clocks[1].resets == ()
    assert contents.streams[0].timestamps_ns.tolist() == [START_NS + i * 10 * MS for i in range(800)]


@pytest.mark.parametrize("storage", ["sqlite3", "mcap"])
@pytest.mark.parametrize(
    ("promise", "severity"), [(500, Severity.ERROR), (20, Severity.WARNING)], ids=["more", "fewer"]
)
def test_a_promise_that_is_not_kept_is_a_finding(
    tmp_path: Path, storage: str, promise: int, severity: Severity
) -> None:
    folder = write_rosbag2(tmp_path / "bag", _imus(), storage=storage)
    metadata = folder / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace("message_count: 200", f"message_count: {promise}"))
    contents = _read(folder)
    finding = _finding(contents, "message_count_mismatch")
    assert (finding.severity, finding.numbers) == (severity, {"promised": promise, "found": 200})
    assert len(contents.streams[0]) == 200


def test_a_differing_quality_of_service_loses_nothing(tmp_path: Path) -> None:
    folder = write_rosbag2(tmp_path / "bag", _imus())
    metadata = folder / "metadata.yaml"
    text_before = metadata.read_text()
    changed = text_before.replace("offered_qos_profiles: []", 'offered_qos_profiles: "- history: 3\\n  depth: 1"')
    metadata.write_text(changed)
    assert len(_read(folder).streams[0]) == 200


def test_a_split_bag_is_one_recording_and_names_missing_parts(tmp_path: Path) -> None:
    first = write_mcap(tmp_path / "part_0.mcap", _imus()[:80])
    folder = write_rosbag2(tmp_path / "bag", _imus()[80:], storage="mcap")
    first.rename(folder / "part_0.mcap")
    metadata = folder / "metadata.yaml"
    content = metadata.read_text().replace("message_count: 120", "message_count: 200")
    metadata.write_text(
        content.replace("relative_file_paths:", "relative_file_paths:\n  - ../elsewhere/part_0.mcap\n  - part_9.mcap")
    )
    contents = _read(folder)
    assert contents.streams[0].samples.read(70, 90)[:, 0].tolist() == list(range(70, 90))
    assert _finding(contents, "missing_files").numbers == {"missing": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no readable YAML"),
        ("a: 1", "expected the key 'rosbag2_bagfile_information'"),
        ("rosbag2_bagfile_information:\n  version: 5\n  relative_file_paths: [../../x.db3]", "names the files x.db3"),
    ],
    ids=["no-yaml", "no-key", "files-elsewhere"],
)
def test_damaged_metadata_are_refused(tmp_path: Path, content: str, message: str) -> None:
    folder = write_rosbag2(tmp_path / "bag", _imus(3))
    (folder / "metadata.yaml").write_text(content)
    with pytest.raises(UnreadableError, match=message):
        _read(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: 9", "version: 99", "version 1 to 9, found 99"),
        ("serialization_format: cdr", "serialization_format: morse", "serialised as 'morse'"),
        ("compression_format: ''", "compression_format: rar", "compressed with 'rar'"),
    ],
    ids=["newer-version", "unknown-serialisation", "unknown-compression"],
)
def test_unknown_varieties_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = write_rosbag2(tmp_path / "bag", _imus(3))
    metadata = folder / "metadata.yaml"
    assert old in metadata.read_text()
    metadata.write_text(metadata.read_text().replace(old, new))
    with pytest.raises(UnsupportedError, match=message):
        _read(folder)


def test_a_database_of_something_else_is_not_recognised(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE notes (t)")
    database.close()
    assert not RosbagReader().recognises(_probe(path))


def test_a_type_that_nobody_knows_stays_bytes(tmp_path: Path) -> None:
    folder = write_rosbag2(tmp_path / "bag", [BagMessage("/say", text("hi"), START_NS)])
    path = next(folder.glob("*.db3"))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE topics SET type = 'strange_msgs/msg/Thing'")
        database.execute("DELETE FROM message_definitions")
    database.close()
    contents = _read(path)
    assert contents.streams[0].samples.read(0, 1)[0].dtype == np.uint8
    assert "not described anywhere" in _finding(contents, "undecoded_topic").message


def test_the_distribution_may_be_named(tmp_path: Path) -> None:
    path = next(write_rosbag2(tmp_path / "bag", _imus(3)).glob("*.db3"))
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM message_definitions")
    database.close()
    contents = RosbagReader().read(Request(path, path.name, "bag", {"ros_distro": "humble"}))
    samples = _stream(contents, "bag/imu.data").samples
    assert samples.read(2, 3)[0, 0] == 2


def test_a_wrong_description_in_the_file_falls_back_to_a_known_distribution(tmp_path: Path) -> None:
    folder = write_rosbag2(tmp_path / "bag", _imus(3))
    path = next(folder.glob("*.db3"))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE message_definitions SET encoded_message_definition = 'uint8 nothing'")
    database.close()
    assert _read(path).streams[0].channels[0] == "angular_velocity.x"


@pytest.mark.parametrize("definition", ["uint8 __import__", "uint8 a\nuint8 import os", "int32 x=__import__('os')"])
def test_a_description_is_data_and_never_runs(tmp_path: Path, definition: str) -> None:
    folder = write_rosbag2(tmp_path / "bag", [BagMessage("/say", text("hi"), START_NS)])
    path = next(folder.glob("*.db3"))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE topics SET type = 'strange_msgs/msg/Thing'")
        database.execute(
            "UPDATE message_definitions SET topic_type = 'strange_msgs/msg/Thing', encoded_message_definition = ?",
            (definition,),
        )
    database.close()
    assert "undecoded_topic" in [finding.check for finding in _read(path).findings]


def test_a_damaged_message_is_left_out_and_counted(tmp_path: Path) -> None:
    folder = write_rosbag2(tmp_path / "bag", _imus(20))
    path = next(folder.glob("*.db3"))
    with sqlite3.connect(path) as database:
        database.execute("UPDATE messages SET data = x'0001000001' WHERE id = 7")
    database.close()
    contents = _read(path)
    assert len(contents.streams[0]) == 19
    assert _finding(contents, "undecodable_messages").numbers == {"messages": 1, "total": 20}


def test_a_log_left_by_a_crash_is_told(tmp_path: Path) -> None:
    path = next(write_rosbag2(tmp_path / "bag", _imus(3)).glob("*.db3"))
    path.with_name(path.name + "-wal").write_bytes(b"x" * 100)
    before = sorted(path.parent.iterdir())
    assert _finding(_read(path), "unmerged_log").numbers == {"bytes": 100}
    assert sorted(path.parent.iterdir()) == before


def test_an_empty_bag_has_no_streams(tmp_path: Path) -> None:
    contents = _read(write_ros1(tmp_path / "bag.bag", []))
    assert (contents.streams, [clock.name for clock in contents.clocks]) == ((), ["bag"])


def test_topics_that_differ_only_in_slashes_get_numbers(tmp_path: Path) -> None:
    messages = [BagMessage("/a/b", text("1"), START_NS), BagMessage("/a.b", text("2"), START_NS)]
    contents = _read(write_mcap(tmp_path / "bag.mcap", messages))
    assert [stream.name for stream in contents.streams] == ["bag/a.b", "bag/a.b_2"]


@pytest.mark.parametrize("share", [k / 11 for k in range(1, 11)], ids=lambda s: f"cut-at-{s:.0%}")
@pytest.mark.parametrize("kind", ["mcap-file", "mcap-plain", "folder-sqlite", "folder-file-zstd", "ros1", "ros1-lz4"])
def test_a_cut_bag_is_read_up_to_the_cut_or_refused(tmp_path: Path, kind: str, share: float) -> None:
    path = WRITERS[kind](tmp_path, [*_imus(120), *_pictures("mono8", np.zeros((30, 40, 1), np.uint8))])
    file = path if path.is_file() else next(p for p in path.iterdir() if p.suffix != ".yaml")
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    for cut in {file, path}:
        try:
            contents = _read(cut)
        except UnreadableError as error:
            assert file.name in str(error)
            continue
        assert "truncated" in [finding.check for finding in contents.findings]
        for stream in contents.streams:
            stream.samples.read(0, len(stream))
        imus = [stream for stream in contents.streams if isinstance(stream.samples, ArraySamples)][:1]
        for stream in imus:
            assert stream.timestamps_ns.tolist() == [START_NS + i * 10 * MS for i in range(len(stream))]


@pytest.mark.parametrize("kind", ["mcap-file", "mcap-lz4", "folder-sqlite", "ros1", "ros1-bz2"])
def test_destroyed_bytes_never_crash(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(3)
    path = WRITERS[kind](tmp_path, _imus(60))
    file = path if path.is_file() else next(p for p in path.iterdir() if p.suffix != ".yaml")
    whole = file.read_bytes()
    for _ in range(30):
        damaged = bytearray(whole)
        at = int(rng.integers(0, len(whole) - 32))
        damaged[at : at + 32] = rng.bytes(32)
        file.write_bytes(damaged)
        try:
            _read(file)
        except (UnreadableError, UnsupportedError) as error:
            assert file.name in str(error)


def test_an_unfinished_mcap_gives_everything_before_the_cut(tmp_path: Path) -> None:
    path = write_mcap(tmp_path / "bag.mcap", _imus(), chunk_bytes=2000)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"\x0f\x04\x00\x00\x00\x00\x00\x00\x00")])
    contents = _read(path)
    assert len(contents.streams[0]) == 200
    assert "200 messages before the cut were read" in _finding(contents, "truncated").message
