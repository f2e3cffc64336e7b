"""Slices of streams and labels as ROS 2 messages, which Foxglove, Rerun and ``ros2 bag`` decode.

Pictures become ``sensor_msgs/CompressedImage`` (JPEG), sound ``foxglove_msgs/RawAudio`` (16 bit),
texts and labels small messages of ours, and numbers a message made for their stream, with one
``float64`` field for each channel under its own name, so that a plot can be asked for by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from weft.core import NS_PER_S, Annotation, Interval, Modality, Slice
from weft.dataset.canonical import canonical_json
from weft.dataset.exports.clips import jpeg_bytes, valid_runs

PICTURE = "sensor_msgs/msg/CompressedImage"
SOUND = "foxglove_msgs/msg/RawAudio"
LABEL = "weft_msgs/msg/Label"
TEXT = "weft_msgs/msg/Text"

_DEFINITIONS = {
    SOUND: (
        "builtin_interfaces/Time timestamp\nuint8[] data\nstring format\nuint32 sample_rate\nuint32 number_of_channels"
    ),
    LABEL: (
        "std_msgs/Header header\nfloat64 duration_s\nstring kind\nstring tier\nstring value_json\n"
        "string origin\nstring method\nfloat64 confidence"
    ),
    TEXT: "std_msgs/Header header\nstring data",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its time on the reference, and its fields."""

    t_reference_ns: int
    fields: Any


@dataclass
class MessageTypes:
    """The message types of one file, made as streams need them.

    ``origin_ns`` is what is subtracted from reference times, because ROS times may not be negative.
    """

    origin_ns: int = 0
    _store: Any = field(default_factory=lambda: get_typestore(Stores.ROS2_HUMBLE))

    def __post_init__(self) -> None:
        for name, text in _DEFINITIONS.items():
            self._store.register(get_types_from_msg(text, name))

    def for_numbers(self, stream: str, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """The type for a stream of numbers, and its fields in the order of the channels."""
        kind = f"weft_msgs/msg/{''.join(part.capitalize() for part in re.findall('[A-Za-z0-9]+', stream)) or 'Stream'}"
        if kind[len("weft_msgs/msg/")].isdigit():
            kind = kind.replace("msg/", "msg/S", 1)
        fields = _field_names(names)
        if kind not in self._store.fielddefs:
            text = "std_msgs/Header header\n" + "\n".join(f"float64 {name}" for name in fields)
            self._store.register(get_types_from_msg(text, kind))
        return kind, fields

    def definition(self, kind: str) -> bytes:
        """The text of a type and of all that it is made of, as a file's schema holds it."""
        text, _ = self._store.generate_msgdef(kind, ros_version=2)
        return str(text).encode()

    def encode(self, kind: str, message: Message) -> bytes:
        """A message's bytes."""
        return bytes(self._store.serialize_cdr(message.fields, kind))

    def header(self, t_reference_ns: int, frame: str) -> Any:
        """A ROS header."""
        return SimpleNamespace(stamp=self.time(t_reference_ns), frame_id=frame)

    def time(self, t_reference_ns: int) -> Any:
        """A ROS time."""
        seconds, nanoseconds = divmod(t_reference_ns - self.origin_ns, NS_PER_S)
        return SimpleNamespace(sec=seconds, nanosec=nanoseconds)

    def of_slice(self, piece: Slice, modality: str, channels: Sequence[str]) -> Iterator[tuple[str, Message]]:
        """The messages of what is valid in a slice, each with its type; nothing for what no message holds."""
        values = piece.values
        if modality == Modality.VIDEO and values.dtype == np.uint8 and values.ndim in (3, 4):
            yield from self._pictures(piece)
        elif modality == Modality.AUDIO and values.dtype.kind in "iuf" and values.ndim <= 2:
            yield from self._sounds(piece)
        elif values.dtype.kind in "biuf" and values.ndim <= 2:
            yield from self._numbers(piece, channels)
        elif values.dtype.kind in "UO":
            yield from self._texts(piece)

    def of_label(self, label: Annotation, interval: Interval) -> Message:
        """A label as a message at the start of its interval on the reference."""
        confidence = np.nan if label.confidence is None else float(label.confidence)
        return Message(
            interval.start_ns,
            SimpleNamespace(
                header=self.header(interval.start_ns, label.stream),
                duration_s=interval.duration_s,
                kind=label.kind,
                tier=label.tier,
                value_json=canonical_json(label.value),
                origin=str(label.origin),
                method=label.method,
                confidence=confidence,
            ),
        )

    def _pictures(self, piece: Slice) -> Iterator[tuple[str, Message]]:
        """One JPEG for each valid frame."""
        for index in np.flatnonzero(piece.valid):
            t_ns = int(piece.times_ns[index])
            picture = np.frombuffer(jpeg_bytes(piece.values[index]), np.uint8)
            header = self.header(t_ns, piece.stream)
            yield PICTURE, Message(t_ns, SimpleNamespace(header=header, format="jpeg", data=picture))

    def _sounds(self, piece: Slice) -> Iterator[tuple[str, Message]]:
        """One message for each run of valid samples."""
        for start, stop in valid_runs(piece.valid):
            times_ns = piece.times_ns[start:stop]
            if stop - start < 2:
                continue
            rate_hz = (stop - start - 1) * NS_PER_S / int(times_ns[-1] - times_ns[0])
            sound = _as_16_bit(piece.values[start:stop])
            fields = SimpleNamespace(
                timestamp=self.time(int(times_ns[0])),
                data=np.frombuffer(sound.tobytes(), np.uint8),
                format="pcm-s16",
                sample_rate=round(rate_hz),
                number_of_channels=sound.shape[1] if sound.ndim == 2 else 1,
            )
            yield SOUND, Message(int(times_ns[0]), fields)

    def _numbers(self, piece: Slice, channels: Sequence[str]) -> Iterator[tuple[str, Message]]:
        """One message for each valid sample."""
        table = piece.values.reshape(len(piece), -1).astype(np.float64)
        names = channels if len(channels) == table.shape[1] else [f"value_{i}" for i in range(table.shape[1])]
        kind, fields = self.for_numbers(piece.stream, names)
        for index in np.flatnonzero(piece.valid):
            t_ns = int(piece.times_ns[index])
            row = dict(zip(fields, table[index].tolist(), strict=True))
            yield kind, Message(t_ns, SimpleNamespace(header=self.header(t_ns, piece.stream), **row))

    def _texts(self, piece: Slice) -> Iterator[tuple[str, Message]]:
        """One message for each valid text or state."""
        for index in np.flatnonzero(piece.valid):
            t_ns, value = int(piece.times_ns[index]), piece.values[index]
            text = value if isinstance(value, str) else canonical_json(_plain(value))
            yield TEXT, Message(t_ns, SimpleNamespace(header=self.header(t_ns, piece.stream), data=str(text)))


def _field_names(names: Sequence[str]) -> tuple[str, ...]:
    """Channel names as ROS allows them: lower case, letters, digits and single underscores, each once."""
    made: dict[str, None] = {}
    for number, name in enumerate(names):
        plain = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", name.lower())).strip("_")
        plain = plain if plain and plain[0].isalpha() else f"c_{plain or number}"
        made[plain if plain not in made and plain != "header" else f"{plain}_{number}"] = None
    return tuple(made)


def _as_16_bit(values: NDArray[Any]) -> NDArray[np.int16]:
    """Sound at full scale of 16 bits, clipped."""
    if values.dtype == np.int16:
        return values.astype("<i2")
    scale = 32768.0 if values.dtype.kind == "f" else 32768.0 / (float(np.iinfo(values.dtype).max) + 1.0)
    rounded = np.rint(np.nan_to_num(values.astype(np.float64)) * scale)
    return np.clip(rounded, -32768, 32767).astype("<i2")


def _plain(value: Any) -> Any:
    """What canonical JSON can hold of a value."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, (str, int, float, bool, list, tuple, type(None))) else str(value)
