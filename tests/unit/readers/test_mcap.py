"""Plain MCAP files: JSON, Protocol Buffers, ROS messages without a ROS profile, and what nobody knows."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.writer import Writer
from PIL import Image

from weft.core import Finding, Modality, UnreadableError, UnsupportedError
from weft.readers.bags.mcap import McapReader
from weft.readers.bags.rosbag import RosbagReader
from weft.readers.protocol import HEAD_BYTES, Contents, Probe, Request
from weft.testing.bag_writer import START_NS, BagMessage, imu, write_mcap

MS = 1_000_000


def _read(path: Path) -> Contents:
    return McapReader().read(Request(path, path.name, path.stem))


def _finding(contents: Contents, check: str) -> Finding:
    return next(finding for finding in contents.findings if finding.check == check)


def _write(path: Path, topics: dict[str, tuple[str, str, bytes, list[bytes]]], **options: Any) -> Path:
    """Topics by name: encoding, schema name, schema, messages (10 ms apart)."""
    with path.open("wb") as stream:
        writer = Writer(stream, chunk_size=512, **options)
        writer.start(profile="", library="weft")
        for topic, (encoding, name, schema, messages) in topics.items():
            number = (
                writer.register_schema(name, encoding if encoding == "protobuf" else "jsonschema", schema)
                if name
                else 0
            )
            channel = writer.register_channel(topic, encoding, number)
            for i, data in enumerate(messages):
                writer.add_message(channel, START_NS + i * 10 * MS, data, START_NS + i * 10 * MS)
        writer.add_metadata("session", {"person": "p1"})
        writer.add_attachment(START_NS, START_NS, "notes.txt", "text/plain", b"x" * 10_000)
        writer.finish()  # type: ignore[no-untyped-call]
    return path


def _json(*documents: Any) -> tuple[str, str, bytes, list[bytes]]:
    return "json", "Thing", b"{}", [json.dumps(one).encode() for one in documents]


def test_json_numbers_become_columns(tmp_path: Path) -> None:
    documents = [{"x": i, "pose": {"yaw": i / 2, "ok": True}, "v": [1, i], "note": "n"} for i in range(30)]
    contents = _read(_write(tmp_path / "a.mcap", {"/mouse": _json(*documents)}))
    stream = contents.streams[0]
    assert (stream.name, stream.clock, stream.modality) == ("a/mouse", "a", Modality.TABLE)
    assert stream.channels == ("x", "pose.yaw", "pose.ok", "v[0]", "v[1]")
    assert stream.samples.read(4, 5).tolist() == [[4, 2, 1, 1, 4]]
    assert [finding.check for finding in contents.findings] == ["attachments"]
    assert "notes.txt" in contents.findings[0].message
    assert stream.details["file"] == {"library": "weft", "metadata": {"session": {"person": "p1"}}}


def test_json_stamps_are_headers(tmp_path: Path) -> None:
    documents = [{"timestamp": {"sec": 1_700_000_000, "nsec": i * 10 * MS - 0}, "x": i} for i in range(9)]
    stream = _read(_write(tmp_path / "a.mcap", {"/x": _json(*documents)})).streams[0]
    assert (stream.clock, stream.channels) == ("a/x", ("x",))
    assert stream.timestamps_ns.tolist() == [START_NS + i * 10 * MS for i in range(9)]
    assert stream.stamps["a"].tolist() == stream.timestamps_ns.tolist()


def test_missing_and_late_fields_are_told(tmp_path: Path) -> None:
    contents = _read(_write(tmp_path / "a.mcap", {"/x": _json({"a": 1, "b": 2}, {"a": 3}, {"a": 4, "c": 5})}))
    values = contents.streams[0].samples.read(0, 3)
    assert np.array_equal(values, np.array([[1, 2], [3, np.nan], [4, np.nan]]), equal_nan=True)
    assert "left out: c" in _finding(contents, "late_fields").message


def test_json_texts_become_text(tmp_path: Path) -> None:
    contents = _read(_write(tmp_path / "a.mcap", {"/say": _json({"words": "hello"}, {"words": "world"})}))
    assert contents.streams[0].modality is Modality.TEXT
    assert contents.streams[0].samples.read(0, 2).tolist() == ["hello", "world"]


def test_foxglove_pictures_are_decoded(tmp_path: Path) -> None:
    packed = io.BytesIO()
    Image.new("RGB", (8, 4), (9, 8, 7)).save(packed, "png")
    document = {
        "timestamp": {"sec": 5, "nsec": 0},
        "data": base64.b64encode(packed.getvalue()).decode(),
        "format": "png",
    }
    topic = ("json", "foxglove.CompressedImage", b"{}", [json.dumps(document).encode()])
    samples = _read(_write(tmp_path / "a.mcap", {"/cam": topic})).streams[0].samples
    assert samples.shape == (1, 4, 8, 3)
    assert samples.read(0, 1)[0, 0, 0].tolist() == [9, 8, 7]


def test_an_unknown_encoding_costs_only_its_own_channel(tmp_path: Path) -> None:
    topics = {"/x": _json({"a": 1}), "/y": ("smoke", "", b"", [b"abc"])}
    contents = _read(_write(tmp_path / "a.mcap", topics))
    assert contents.streams[0].samples.read(0, 1).tolist() == [[1.0]]
    assert contents.streams[1].samples.read(0, 1)[0].tolist() == list(b"abc")
    assert "'smoke' is unknown" in _finding(contents, "undecoded_topic").message


def test_a_file_of_unknown_encodings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"a\.mcap: its 1 messages are serialised as 'smoke'"):
        _read(_write(tmp_path / "a.mcap", {"/y": ("smoke", "", b"", [b"abc"])}))


def test_a_message_that_is_no_json_is_counted(tmp_path: Path) -> None:
    topic = ("json", "Thing", b"{}", [b'{"a": 1}', b"{", b'{"a": 2}'])
    contents = _read(_write(tmp_path / "a.mcap", {"/x": topic}))
    assert contents.streams[0].samples.read(0, 2).tolist() == [[1], [2]]
    assert _finding(contents, "undecodable_messages").numbers == {"messages": 1, "total": 3}


def test_protocol_buffers_are_decoded_where_the_package_is_there(tmp_path: Path) -> None:
    pytest.importorskip("google.protobuf")
    from google.protobuf import descriptor_pb2, timestamp_pb2
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message_factory import GetMessageClass

    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    message = file.message_type.add(name="Thing")
    message.field.add(name="timestamp", number=1, type=11, type_name=".google.protobuf.Timestamp", label=1)
    message.field.add(name="speed", number=2, type=1, label=1)
    message.field.add(name="path", number=3, type=1, label=3)
    stamp_file = descriptor_pb2.FileDescriptorProto.FromString(timestamp_pb2.DESCRIPTOR.serialized_pb)
    described = descriptor_pb2.FileDescriptorSet(file=[file, stamp_file])
    pool = DescriptorPool()
    pool.Add(stamp_file)
    pool.Add(file)
    kind = GetMessageClass(pool.FindMessageTypeByName("t.Thing"))
    one = kind(speed=2.5, path=[1, 2])
    one.timestamp.seconds = 1_700_000_000
    topic = ("protobuf", "t.Thing", described.SerializeToString(), [one.SerializeToString()])
    stream = _read(_write(tmp_path / "a.mcap", {"/x": topic})).streams[0]
    assert stream.channels == ("speed", "path[0]", "path[1]")
    assert stream.samples.read(0, 1).tolist() == [[2.5, 1, 2]]
    assert stream.timestamps_ns.tolist() == [START_NS]


def test_ros_messages_without_a_profile_are_read_all_the_same(tmp_path: Path) -> None:
    messages = [BagMessage("/imu", imu(START_NS + i), START_NS + i) for i in range(5)]
    path = write_mcap(tmp_path / "a.mcap", messages, profile="")
    probe = Probe(path, path.read_bytes()[:HEAD_BYTES])
    assert not RosbagReader().recognises(probe)
    assert McapReader().recognises(probe)
    assert len(_read(path).streams[0]) == 5


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("share", [k / 11 for k in range(1, 11)], ids=lambda s: f"cut-at-{s:.0%}")
def test_a_cut_file_is_read_up_to_the_cut_or_refused(tmp_path: Path, share: float, chunked: bool) -> None:
    path = _write(tmp_path / "a.mcap", {"/x": _json(*({"i": i} for i in range(400)))}, use_chunking=chunked)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    contents = _read(path)
    assert "truncated" in [finding.check for finding in contents.findings]
    for stream in contents.streams:
        assert stream.samples.read(0, len(stream))[:, 0].tolist() == list(range(len(stream)))


@pytest.mark.parametrize("content", [b"", b"\x89MCAP0\r", b"RIFF" * 10], ids=["empty", "half-magic", "other"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mcap"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=r"a\.mcap: expected an MCAP file"):
        _read(path)


def test_a_chunk_that_lies_about_its_size_is_left_out(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.mcap", {"/x": _json(*({"i": i} for i in range(400)))})
    data = bytearray(path.read_bytes())
    at = data.index(b"\x06", 8 + 9 + 12)
    data[at + 9 + 16 : at + 9 + 24] = (2**40).to_bytes(8, "little")
    path.write_bytes(data)
    contents = _read(path)
    assert "more than any recorder writes" in _finding(contents, "corrupt_chunks").message
    assert 0 < len(contents.streams[0]) < 400
