"""Small ROS bags with known truth: build messages, give each its times, write any kind of bag.

Messages are rosbags' own objects of ROS 2 Jazzy; ROS 1 bags are written from the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S
from weft.readers.bags.ros_definitions import definition_of

START_NS = 1_700_000_000 * NS_PER_S


@dataclass(frozen=True)
class BagMessage:
    """One message with the recorder's times; the publish time is the log time where it is not given."""

    topic: str
    message: Any
    log_ns: int
    publish_ns: int | None = None


@lru_cache(maxsize=2)
def _types(ros1: bool = False) -> Any:
    """The types of the messages, those of audio_common added."""
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    if ros1:
        return get_typestore(Stores.ROS1_NOETIC)
    types = get_typestore(Stores.ROS2_JAZZY)
    for kind in ("AudioDataStamped", "AudioInfo"):
        name = f"audio_common_msgs/msg/{kind}"
        types.register(get_types_from_msg(definition_of(name), name))
    return types


def _header(stamp_ns: int) -> Any:
    """A header with a stamp."""
    types = _types().types
    time = types["builtin_interfaces/msg/Time"](*divmod(stamp_ns, NS_PER_S))
    return types["std_msgs/msg/Header"](time, "frame")


def _vector(kind: str, values: Sequence[float]) -> Any:
    """A geometry message of plain numbers."""
    return _types().types[f"geometry_msgs/msg/{kind}"](*map(float, values))


def imu(stamp_ns: int, *, turning: Sequence[float] = (1, 2, 3), pulling: Sequence[float] = (4, 5, 6)) -> Any:
    """An ``Imu`` with an orientation of no turn."""
    nine = np.zeros(9)
    return _types().types["sensor_msgs/msg/Imu"](
        _header(stamp_ns),
        _vector("Quaternion", (0, 0, 0, 1)),
        nine,
        _vector("Vector3", turning),
        nine,
        _vector("Vector3", pulling),
        nine,
    )


def image(stamp_ns: int, pixels: NDArray[Any], encoding: str) -> Any:
    """An ``Image`` of an array (h, w, c) in the order that its encoding says."""
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).view(np.uint8).ravel()
    return _types().types["sensor_msgs/msg/Image"](
        _header(stamp_ns), height, width, encoding, 0, data.size // height, data
    )


def compressed_image(stamp_ns: int, data: bytes, form: str) -> Any:
    """A ``CompressedImage`` of an encoded picture."""
    return _types().types["sensor_msgs/msg/CompressedImage"](_header(stamp_ns), form, np.frombuffer(data, np.uint8))


def cloud(stamp_ns: int, points: NDArray[np.float32]) -> Any:
    """A ``PointCloud2`` with the fields x, y, z, intensity of an array (k, 4)."""
    field = _types().types["sensor_msgs/msg/PointField"]
    fields = [field(name, 4 * i, 7, 1) for i, name in enumerate(("x", "y", "z", "intensity"))]
    data = np.ascontiguousarray(points, dtype=np.float32).view(np.uint8).ravel()
    return _types().types["sensor_msgs/msg/PointCloud2"](
        _header(stamp_ns), 1, len(points), fields, False, 16, 16 * len(points), data, True
    )


def fix(stamp_ns: int, latitude: float, longitude: float, altitude: float) -> Any:
    """A ``NavSatFix``."""
    types = _types().types
    status = types["sensor_msgs/msg/NavSatStatus"](0, 1)
    return types["sensor_msgs/msg/NavSatFix"](_header(stamp_ns), status, latitude, longitude, altitude, np.zeros(9), 0)


def joints(stamp_ns: int, names: Sequence[str], positions: Sequence[float]) -> Any:
    """A ``JointState`` with positions only."""
    empty = np.zeros(0)
    return _types().types["sensor_msgs/msg/JointState"](
        _header(stamp_ns), list(names), np.array(positions, dtype=np.float64), empty, empty
    )


def audio(stamp_ns: int, data: bytes) -> Any:
    """An ``AudioDataStamped``."""
    types = _types().types
    block = types["audio_common_msgs/msg/AudioData"](np.frombuffer(data, dtype=np.uint8))
    return types["audio_common_msgs/msg/AudioDataStamped"](_header(stamp_ns), block)


def audio_info(channels: int, rate_hz: int, sample_format: str, coding_format: str = "wave") -> Any:
    """An ``AudioInfo``."""
    return _types().types["audio_common_msgs/msg/AudioInfo"](channels, rate_hz, sample_format, 0, coding_format)


def text(value: str) -> Any:
    """A ``String``."""
    return _types().types["std_msgs/msg/String"](value)


def _as_ros1(message: Any, types: Any) -> Any:
    """The message with a ROS 1 header, which has a sequence number."""
    if not hasattr(message, "header"):
        return message
    old = types.types["std_msgs/msg/Header"](0, message.header.stamp, message.header.frame_id)
    return replace(message, header=old)


def write_mcap(
    path: Path,
    messages: Sequence[BagMessage],
    *,
    profile: str = "ros2",
    chunk_bytes: int = 4096,
    compression: str = "zstd",
) -> Path:
    """An MCAP file with log and publish times of their own; ``compression`` is ``"none"``, ``"lz4"`` or ``"zstd"``."""
    from mcap.writer import CompressionType, Writer

    types = _types()
    with path.open("wb") as stream:
        writer = Writer(stream, chunk_size=chunk_bytes, compression=CompressionType[compression.upper()])
        writer.start(profile=profile, library="weft")
        channels: dict[str, int] = {}
        for number, one in enumerate(messages):
            kind = one.message.__msgtype__
            if one.topic not in channels:
                text, _ = types.generate_msgdef(kind, ros_version=2)
                schema = writer.register_schema(kind, "ros2msg", text.encode())
                channels[one.topic] = writer.register_channel(one.topic, "cdr", schema)
            published = one.log_ns if one.publish_ns is None else one.publish_ns
            data = bytes(types.serialize_cdr(one.message, kind))
            writer.add_message(channels[one.topic], one.log_ns, data, published, number)
        writer.finish()  # type: ignore[no-untyped-call]
    return path


def write_rosbag2(
    folder: Path, messages: Sequence[BagMessage], *, storage: str = "sqlite3", compression: str = ""
) -> Path:
    """A rosbag2 folder.

    ``storage`` is ``"sqlite3"`` or ``"mcap"``; ``compression`` is empty, ``"file"`` or ``"message"``.
    """
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

    types = _types()
    writer = Writer(folder, version=9, storage_plugin=StoragePlugin[storage.upper()])
    if compression:
        writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
    with writer:
        connections: dict[str, Any] = {}
        for one in messages:
            kind = one.message.__msgtype__
            if one.topic not in connections:
                connections[one.topic] = writer.add_connection(one.topic, kind, typestore=types)
            writer.write(connections[one.topic], one.log_ns, types.serialize_cdr(one.message, kind))
    return folder


def write_ros1(path: Path, messages: Sequence[BagMessage], *, compression: str = "") -> Path:
    """A ROS 1 bag; ``compression`` is empty, ``"bz2"`` or ``"lz4"``."""
    from rosbags.rosbag1 import Writer

    types = _types(ros1=True)
    writer = Writer(path)
    if compression:
        writer.set_compression(Writer.CompressionFormat[compression.upper()])
    with writer:
        connections: dict[str, Any] = {}
        for one in messages:
            kind = one.message.__msgtype__
            if one.topic not in connections:
                connections[one.topic] = writer.add_connection(one.topic, kind, typestore=types)
            data = types.serialize_ros1(_as_ros1(one.message, types), kind)
            writer.write(connections[one.topic], one.log_ns, data)
    return path
