"""One function for each kind of ROS message: what it is turned into.

Each takes the topic's first message and gives its signals. Units are those of REP 103
(metres, radians, seconds), orientations are ``x, y, z, w``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft.core import Interpolation, Modality
from weft.readers.bags.message_fields import (
    MAX_COLUMNS,
    TakeNumbers,
    TakePackets,
    TakeRecords,
    TakeSequence,
    TakeText,
    attribute,
    fields_of,
)
from weft.readers.bags.ros_images import (
    compressed_dtype,
    compressed_image,
    compressed_shape,
    knows_encoding,
    raw_dtype,
    raw_image,
    raw_shape,
)
from weft.readers.bags.ros_points import cloud_channels, cloud_points, scan_points
from weft.readers.bags.ros_types import RosDecoder
from weft.readers.bags.topic_signals import Columns, Lazy, Signal

_XYZ = ("x", "y", "z")
_XYZW = ("x", "y", "z", "w")
_UNMEASURED = -1.0
"""sensor_msgs/Imu: a covariance that begins with -1 marks a quantity that the device does not measure."""


@dataclass(frozen=True)
class Take:
    """Gives named attributes below a path, as numbers."""

    path: tuple[str, ...]
    names: tuple[str, ...]

    def __call__(self, message: Any) -> list[float]:
        """One number for each name."""
        inner = attribute(message, self.path)
        return [getattr(inner, name) for name in self.names]


@dataclass(frozen=True)
class TakeBoth:
    """Gives the numbers of two takers, one after the other."""

    first: Callable[[Any], Sequence[float]]
    second: Callable[[Any], Sequence[float]]

    def __call__(self, message: Any) -> list[float]:
        """The numbers of both."""
        return [*self.first(message), *self.second(message)]


@dataclass(frozen=True)
class TakeJoints:
    """Gives one attribute of the named joints, NaN for a joint that a message leaves out."""

    names: tuple[str, ...]
    attribute: str

    def __call__(self, message: Any) -> list[float]:
        """One number for each joint, in the order of the topic's first message."""
        values = getattr(message, self.attribute)
        if tuple(message.name) == self.names and len(values) == len(self.names):
            return [float(value) for value in values]
        known = dict(zip(message.name, values, strict=False))
        return [float(known.get(name, np.nan)) for name in self.names]


@dataclass(frozen=True)
class TakeLength:
    """Gives the length of a sequence."""

    path: tuple[str, ...]

    def __call__(self, message: Any) -> list[float]:
        """One number."""
        return [len(attribute(message, self.path))]


def _positions(suffix: str, path: tuple[str, ...]) -> Columns:
    """A position in metres."""
    return Columns(suffix, Modality.POSE, _XYZ, Take(path, _XYZ), ("m", "m", "m"))


def _orientations(path: tuple[str, ...]) -> Columns:
    """An orientation as a unit quaternion."""
    return Columns(".orientation", Modality.POSE, _XYZW, Take(path, _XYZW), interpolation=Interpolation.ROTATION)


def _twists(suffix: str, path: tuple[str, ...]) -> Columns:
    """A velocity and a turning rate."""
    return Columns(
        suffix,
        Modality.MOTION,
        tuple(f"linear.{axis}" for axis in _XYZ) + tuple(f"angular.{axis}" for axis in _XYZ),
        TakeBoth(Take((*path, "linear"), _XYZ), Take((*path, "angular"), _XYZ)),
        ("m/s",) * 3 + ("rad/s",) * 3,
    )


def imu(message: Any) -> tuple[Signal, ...]:
    """Angular velocity and linear acceleration; the orientation where the device gives one."""
    motion = Columns(
        "",
        Modality.MOTION,
        tuple(f"angular_velocity.{axis}" for axis in _XYZ) + tuple(f"linear_acceleration.{axis}" for axis in _XYZ),
        TakeBoth(Take(("angular_velocity",), _XYZ), Take(("linear_acceleration",), _XYZ)),
        ("rad/s",) * 3 + ("m/s^2",) * 3,
    )
    measured = message.orientation_covariance[0] != _UNMEASURED and any(Take(("orientation",), _XYZW)(message))
    return (motion, _orientations(("orientation",))) if measured else (motion,)


def nav_sat_fix(message: Any) -> tuple[Signal, ...]:
    """Latitude, longitude and altitude; the status of the fix beside them."""
    place = Columns(
        "",
        Modality.LOCATION,
        ("latitude", "longitude", "altitude"),
        Take((), ("latitude", "longitude", "altitude")),
        ("deg", "deg", "m"),
    )
    status = Columns(
        ".status",
        Modality.TABLE,
        ("status", "service"),
        Take(("status",), ("status", "service")),
        (),
        Interpolation.HOLD,
    )
    return place, status


def joint_state(message: Any) -> tuple[Signal, ...]:
    """Positions, velocities and efforts, a channel for each joint."""
    names = tuple(str(name) for name in message.name)
    return tuple(
        Columns(suffix, modality, names, TakeJoints(names, attribute_name))
        for suffix, modality, attribute_name in (
            ("", Modality.POSE, "position"),
            (".velocity", Modality.MOTION, "velocity"),
            (".effort", Modality.TABLE, "effort"),
        )
        if len(getattr(message, attribute_name))
    )


def odometry(message: Any) -> tuple[Signal, ...]:
    """Position, orientation and twist."""
    return (
        _positions("", ("pose", "pose", "position")),
        _orientations(("pose", "pose", "orientation")),
        _twists(".twist", ("twist", "twist")),
    )


def pose(message: Any) -> tuple[Signal, ...]:
    """Position and orientation, of a pose with or without header and covariance."""
    path: tuple[str, ...] = ()
    while not hasattr(attribute(message, path), "position"):
        path = (*path, "pose")
    return _positions("", (*path, "position")), _orientations((*path, "orientation"))


def transform(message: Any) -> tuple[Signal, ...]:
    """Translation and rotation."""
    path = ("transform",) if hasattr(message, "transform") else ()
    return _positions("", (*path, "translation")), _orientations((*path, "rotation"))


def twist(message: Any) -> tuple[Signal, ...]:
    """Velocity and turning rate, of a twist with or without header and covariance."""
    path: tuple[str, ...] = ()
    while not hasattr(attribute(message, path), "linear"):
        path = (*path, "twist")
    return (_twists("", path),)


def vector(message: Any) -> tuple[Signal, ...]:
    """Three components whose unit the type does not say."""
    path = ("vector",) if hasattr(message, "vector") else ()
    return (Columns("", Modality.MOTION, _XYZ, Take(path, _XYZ)),)


def point(message: Any) -> tuple[Signal, ...]:
    """A position."""
    return (_positions("", ("point",) if hasattr(message, "point") else ()),)


def image(message: Any) -> tuple[Signal, ...]:
    """A raw picture."""
    if not knows_encoding(message.encoding):
        return (_bytes(("data",), {"encoding": message.encoding, "undecoded": True}),)
    return (
        Lazy(
            "",
            Modality.VIDEO,
            raw_image,
            raw_shape(message),
            raw_dtype(message),
            measure=raw_shape,
            details={"encoding": message.encoding},
        ),
    )


def compressed_picture(message: Any) -> tuple[Signal, ...]:
    """An encoded picture; formats that are no still pictures (H.264, compressedDepth) stay bytes."""
    declared = message.get("format", "") if isinstance(message, dict) else message.format
    if "compressedDepth" in declared or declared.lower() in ("h264", "h265", "vp9", "av1"):
        return (_bytes(("data",), {"encoding": declared, "undecoded": True}),)
    return (
        Lazy(
            "",
            Modality.VIDEO,
            compressed_image,
            compressed_shape(message),
            compressed_dtype(message),
            measure=compressed_shape,
            details={"encoding": declared},
        ),
    )


def point_cloud(message: Any) -> tuple[Signal, ...]:
    """A cloud of points with their fields."""
    channels = cloud_channels(message)
    return (Lazy("", Modality.POINTS, cloud_points, (-1, len(channels)), channels=channels),)


def laser_scan(message: Any) -> tuple[Signal, ...]:
    """A scan in polar coordinates."""
    channels, units = ("angle", "range", "intensity"), ("rad", "m", "")
    return (Lazy("", Modality.POINTS, scan_points, (-1, 3), channels=channels, units=units),)


def audio(message: Any) -> tuple[Signal, ...]:
    """A block of sound as bytes, and its length; :mod:`weft.readers.bags.audio` makes samples of them."""
    path = ("audio", "data") if hasattr(message, "audio") else ("data",)
    return (
        Lazy("", Modality.TABLE, TakeSequence(path), (-1,)),
        Columns(".bytes", Modality.TABLE, ("bytes",), TakeLength(path), interpolation=Interpolation.HOLD),
    )


def text(message: Any) -> tuple[Signal, ...]:
    """A text."""
    return (Lazy("", Modality.TEXT, TakeText((("data",),)), interpolation=Interpolation.NONE),)


def log(message: Any) -> tuple[Signal, ...]:
    """A line of a node's log."""
    return (Lazy("", Modality.TEXT, TakeText((("name",), ("msg",))), interpolation=Interpolation.NONE),)


def _bytes(path: tuple[str, ...], details: dict[str, Any]) -> Lazy:
    """A field of bytes as it is."""
    return Lazy("", Modality.TABLE, TakeSequence(path), (-1,), details=details)


FUNCTIONS: dict[str, Callable[[Any], tuple[Signal, ...]]] = {
    "sensor_msgs/msg/Imu": imu,
    "sensor_msgs/msg/NavSatFix": nav_sat_fix,
    "sensor_msgs/msg/JointState": joint_state,
    "sensor_msgs/msg/Image": image,
    "sensor_msgs/msg/CompressedImage": compressed_picture,
    "sensor_msgs/msg/PointCloud2": point_cloud,
    "sensor_msgs/msg/LaserScan": laser_scan,
    "nav_msgs/msg/Odometry": odometry,
    "geometry_msgs/msg/Pose": pose,
    "geometry_msgs/msg/PoseStamped": pose,
    "geometry_msgs/msg/PoseWithCovariance": pose,
    "geometry_msgs/msg/PoseWithCovarianceStamped": pose,
    "geometry_msgs/msg/Transform": transform,
    "geometry_msgs/msg/TransformStamped": transform,
    "geometry_msgs/msg/Twist": twist,
    "geometry_msgs/msg/TwistStamped": twist,
    "geometry_msgs/msg/TwistWithCovarianceStamped": twist,
    "geometry_msgs/msg/Vector3": vector,
    "geometry_msgs/msg/Vector3Stamped": vector,
    "geometry_msgs/msg/Point": point,
    "geometry_msgs/msg/PointStamped": point,
    "audio_common_msgs/msg/AudioData": audio,
    "audio_common_msgs/msg/AudioDataStamped": audio,
    "std_msgs/msg/String": text,
    "rcl_interfaces/msg/Log": log,
    "rosgraph_msgs/msg/Log": log,
}
"""By type; every other type goes to :func:`anything`."""


def signals_of(decoder: RosDecoder, message: Any) -> tuple[Signal, ...]:
    """What a topic is turned into, told from its type and its first message."""
    function = FUNCTIONS.get(decoder.message_type)
    return function(message) if function else anything(decoder)


def anything(decoder: RosDecoder) -> tuple[Signal, ...]:
    """Any other message: its numbers as columns, each sequence by itself, text where there is nothing else.

    What finds no place is named in the stream's details as ``left_out``.
    """
    fields = fields_of(decoder)
    signals: list[Signal] = [
        *(Lazy(f".{'.'.join(path)}", Modality.TABLE, TakeSequence(path), (-1,)) for path in fields.sequences),
        *(signal for path, inner_type in fields.records for signal in _records(decoder, path, inner_type)),
    ]
    if fields.names and len(fields.names) <= MAX_COLUMNS:
        left_out = {"left_out": [".".join(path) for path in fields.texts]} if fields.texts else {}
        take = TakeNumbers(tuple(fields.numbers))
        signals.insert(0, Columns("", Modality.TABLE, fields.names, take, details=left_out))
    if not signals and fields.texts:
        signals.append(Lazy("", Modality.TEXT, TakeText(tuple(fields.texts)), interpolation=Interpolation.NONE))
    if not signals:
        signals.append(Columns("", Modality.EVENT, (), _nothing))
    return tuple(signals)


def _records(decoder: RosDecoder, path: tuple[str, ...], inner_type: str) -> list[Signal]:
    """A sequence of inner messages: a row of numbers for each, and their sequences (a lidar's packets) beside."""
    inner, name = fields_of(decoder, inner_type), ".".join(path)
    left_out = [".".join(one) for one in (*inner.texts, *(p for p, _ in inner.records))]
    details = {"left_out": left_out} if left_out else {}
    signals: list[Signal] = [
        Lazy(f".{name}.{'.'.join(one)}", Modality.TABLE, TakePackets(path, one), (-1, -1)) for one in inner.sequences
    ]
    if inner.names or not signals:
        take = TakeRecords(path, tuple(inner.numbers))
        shape = (-1, len(inner.names))
        signals.insert(0, Lazy(f".{name}", Modality.TABLE, take, shape, channels=inner.names, details=details))
    return signals


def _nothing(message: Any) -> list[float]:
    """No number: the message only says that it came."""
    return []
