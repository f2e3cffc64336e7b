"""Every real bag and MCAP file, against the tools that made them or know nothing of us.

Counts and stamps come from ``mcap``'s own reader, ``sqlite3`` and rosbags' ROS 1 reader.
Each file's outcome is stated; a file without one fails the test.
"""

import sqlite3
import struct
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from mcap.reader import make_reader

from weft.core import UnsupportedError
from weft.readers.bags.mcap import McapReader
from weft.readers.bags.rosbag import RosbagReader
from weft.readers.protocol import HEAD_BYTES, Contents, Probe, Reader, Request

Times = dict[str, list[int]]

REFUSED = {
    "wrong_rmw_test": "serialised as 'wrong_format'",
    "wrong_rmw_test_0.mcap": "serialised as 'wrong_format'",
}
"""Bags that no reader understands, by the last part of their path; folders and files are told apart by suffix."""

UNDECODED = {
    "convert_a": 2,
    "convert_b": 2,
    "rewriter_a": 2,
    "rewriter_b": 2,
    "rewriter_a_0.db3": 2,
    "rewriter_b_0.db3": 2,
    "test_bag_for_seek": 1,
    "test_bag_for_seek_0.db3": 1,
    "wrong_rmw_test_0.db3": 2,
}
"""How many topics of an SQLite3 bag stay bytes, because nothing describes their types."""

pytestmark = pytest.mark.shared_data


def _bags(root: Path) -> list[Path]:
    files = [path for path in sorted(root.rglob("*")) if path.suffix in (".mcap", ".db3", ".bag")]
    return files + sorted({path.parent for path in files if (path.parent / "metadata.yaml").is_file()})


def _reader(path: Path) -> Reader:
    if path.is_dir():
        probe = Probe(path, entries=frozenset(entry.name for entry in path.iterdir()))
    else:
        probe = Probe(path, path.read_bytes()[:HEAD_BYTES])
    readers: tuple[Reader, ...] = (RosbagReader(), McapReader())
    return next(reader for reader in readers if reader.recognises(probe))


def _read(path: Path) -> Contents:
    return _reader(path).read(Request(path, path.name, "bag"))


def _truth(path: Path) -> Times:
    """Log times of every topic by a tool of its own."""
    if path.is_dir():
        parts = [_truth(file) for file in sorted(path.iterdir()) if file.suffix in (".mcap", ".db3")]
        return {topic: [t for part in parts for t in part.get(topic, [])] for part in parts for topic in part}
    times: Times = {}
    if path.suffix == ".mcap":
        with path.open("rb") as stream:
            for _, channel, message in make_reader(stream).iter_messages():
                times.setdefault(channel.topic, []).append(message.log_time)
    elif path.suffix == ".db3":
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
            query = "SELECT name, timestamp FROM messages JOIN topics ON topics.id = topic_id ORDER BY timestamp"
            for topic, t in database.execute(query):
                times.setdefault(topic, []).append(t)
    else:
        from rosbags.rosbag1 import Reader as Ros1Reader

        with Ros1Reader(path) as reader:
            for connection, t, _ in reader.messages():
                times.setdefault(connection.topic, []).append(t)
    return times


def _logged(contents: Contents) -> Times:
    """Log times that our streams keep, by topic; signals of one topic count once."""
    times: Times = {}
    for stream in contents.streams:
        logged = stream.timestamps_ns if stream.clock == "bag" else stream.stamps["bag"]
        times.setdefault(stream.details["topic"], sorted(logged.tolist()))
    return times


def test_every_bag_has_its_stated_outcome(shared_data: Path) -> None:
    seen = Counter[str]()
    for path in _bags(shared_data / "ros"):
        if path.name in REFUSED and (path.is_file() or path.suffix == ""):
            with pytest.raises(UnsupportedError, match=REFUSED[path.name]):
                _read(path)
            seen["refused"] += 1
            continue
        contents = _read(path)
        is_mcap = path.suffix == ".mcap" or (path.is_dir() and any(path.glob("*.mcap")))
        undecoded = sum(finding.check == "undecoded_topic" for finding in contents.findings)
        assert undecoded == (0 if is_mcap else UNDECODED.get(path.name, 0)), path
        checks = {finding.check for finding in contents.findings}
        assert checks <= {
            "undecoded_topic",
            "empty_topics",
            "attachments",
            "out_of_order_stamps",
            "zero_header_stamps",
            "clock_epoch_differs",
        }, path
        for stream in contents.streams:
            assert len(stream.samples.read(0, len(stream))) == len(stream), path
        seen["read"] += 1
    assert seen["refused"] == 3
    assert seen["read"] >= 55


def test_counts_and_stamps_agree_with_other_tools(shared_data: Path) -> None:
    compared = 0
    for path in _bags(shared_data / "ros"):
        if path.name in REFUSED:
            continue
        contents, truth = _read(path), _truth(path)
        ours = _logged(contents)
        for topic, times in truth.items():
            if topic in ("/tf", "/tf_static"):
                continue
            assert ours[topic] == sorted(times), (path, topic)
            compared += len(times)
        assert set(ours) <= set(truth), path
    assert compared > 25_000


def test_the_folders_that_a_reader_silently_empties_are_full(shared_data: Path) -> None:
    root = shared_data / "ros/ros2__rosbag2/rosbag2_py/test/resources"
    for storage in ("mcap", "sqlite3"):
        for name, count in (("talker", 20), ("convert_a", 150), ("convert_b", 75)):
            contents = _read(root / storage / name)
            assert sum(len(stream) for stream in contents.streams) == count


def test_raw_packets_of_a_lidar_are_all_there(shared_data: Path) -> None:
    root = shared_data / "ros/tier4__nebula/src/nebula_velodyne/nebula_velodyne/test_resources/decoder_ground_truth"
    contents = _read(root / "vlp16/1673400471837873222")
    packets = next(stream for stream in contents.streams if stream.name.endswith(".packets.data"))
    first = packets.samples.read(0, 1)[0]
    assert first.shape[1] == 1206
    assert first[:, :2].tolist() == [[0xFF, 0xEE]] * len(first)


def test_header_stamps_agree_with_the_bytes(shared_data: Path) -> None:
    folder = shared_data / "ros/facontidavide__PlotJuggler/datasamples/rosbag2_test"
    contents = _read(folder)
    stream = next(stream for stream in contents.streams if stream.name == "bag/imu")
    with closing(sqlite3.connect(f"file:{next(folder.glob('*.db3'))}?mode=ro&immutable=1", uri=True)) as database:
        rows = database.execute(
            "SELECT timestamp, data FROM messages JOIN topics ON topics.id = topic_id "
            "WHERE name = '/imu' ORDER BY messages.id"
        ).fetchall()
    seconds = [struct.unpack_from("<iI", data, 4) for _, data in rows]
    assert stream.timestamps_ns.tolist() == [s * 10**9 + ns for s, ns in seconds]
    assert stream.stamps["bag"].tolist() == [t for t, _ in rows]
    assert len(rows) == 1565


@pytest.mark.parametrize("share", [k / 11 for k in range(1, 11)], ids=lambda s: f"cut-at-{s:.0%}")
@pytest.mark.parametrize(
    "name",
    [
        "facontidavide__PlotJuggler/datasamples/tilt_laser.bag",
        "foxglove__rosbag/fixtures/example-bz2.bag",
        "facontidavide__PlotJuggler/datasamples/rosbag2_test/rosbag2_test_0.db3",
        "lichtblick-suite__lichtblick/e2e/fixtures/assets/custom-camera-model.mcap",
        "ros2__rosbag2/rosbag2_cpp/test/rosbag2_cpp/bags/topics_and_services.mcap",
    ],
)
def test_a_real_bag_cut_anywhere_is_read_up_to_the_cut_or_refused(
    shared_data: Path, tmp_path: Path, name: str, share: float
) -> None:
    from weft.core import UnreadableError

    whole = (shared_data / "ros" / name).read_bytes()
    path = tmp_path / Path(name).name
    path.write_bytes(whole[: int(len(whole) * share)])
    try:
        contents = _read(path)
    except UnreadableError as error:
        assert path.name in str(error)
        return
    assert "truncated" in {finding.check for finding in contents.findings}
