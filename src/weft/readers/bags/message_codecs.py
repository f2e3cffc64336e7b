"""How the bytes of one topic's messages become something to take values from.

A codec is chosen by the topic's first message: ROS types through rosbags, JSON, and
Protocol Buffers where the package is installed. What nobody can decode stays bytes, with
the reason, so that one unknown topic never costs the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from weft.core import NS_PER_S, Interpolation, Modality
from weft.readers.bags.chunk_unpacking import ZSTD_MAGIC, UnpackingError, unpack_message
from weft.readers.bags.message_fields import MAX_COLUMNS, json_leaves
from weft.readers.bags.ros_messages import compressed_picture, signals_of
from weft.readers.bags.ros_types import DecodingError, RosDecoder, find_decoder
from weft.readers.bags.storage import Channel
from weft.readers.bags.topic_signals import Columns, Lazy, Signal

_STAMP_KEYS = ("timestamp", "stamp")
_PARTS = (("sec", "nsec"), ("sec", "nanosec"), ("secs", "nsecs"), ("seconds", "nanos"))


class Codec(Protocol):
    """Bytes to message, message to header stamp and signals; may be pickled."""

    def decode(self, data: bytes) -> Any:
        """The message; raises ``DecodingError``."""
        ...

    def header_ns(self, message: Any) -> int | None:
        """The message's own stamp; ``None`` where the type has none."""
        ...

    def signals(self, message: Any) -> tuple[Signal, ...]:
        """What the topic is turned into, told from its first message."""
        ...


def plain(data: bytes) -> bytes:
    """The message itself, where rosbag2 compressed it."""
    if not data.startswith(ZSTD_MAGIC):
        return data
    try:
        return unpack_message(data)
    except UnpackingError as error:
        raise DecodingError(f"the compressed message cannot be unpacked: {error}") from error


def find_codec(channel: Channel, first: bytes, distro: str = "") -> tuple[Codec, str]:
    """The codec of a topic, and why its messages stay bytes if they do."""
    try:
        if channel.encoding in ("cdr", "ros1"):
            first = first if channel.encoding == "ros1" else plain(first)
            return RosCodec(find_decoder(channel, first, distro)), ""
        if channel.encoding == "json":
            codec = JsonCodec(channel.message_type)
            codec.decode(first)
            return codec, ""
        if channel.encoding == "protobuf":
            proto = ProtobufCodec(channel.message_type, channel.definition)
            proto.decode(first)
            return proto, ""
    except DecodingError as error:
        return BytesCodec(), str(error)
    return BytesCodec(), f"its encoding {channel.encoding!r} is unknown"


@dataclass(frozen=True)
class RosCodec:
    """ROS 1 and ROS 2 messages."""

    decoder: RosDecoder

    def decode(self, data: bytes) -> Any:
        """The message as rosbags gives it."""
        return self.decoder.decode(data if self.decoder.is_ros1 else plain(data))

    def header_ns(self, message: Any) -> int | None:
        """The stamp of the header, or of the message itself."""
        holder = getattr(message, "header", message)
        stamp = getattr(holder, "stamp", None)
        if stamp is None or not hasattr(stamp, "nanosec"):
            return None
        return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)

    def signals(self, message: Any) -> tuple[Signal, ...]:
        """By type, see :mod:`weft.readers.bags.ros_messages`."""
        return signals_of(self.decoder, message)


@dataclass(frozen=True)
class JsonCodec:
    """JSON messages, with Foxglove's well-known types."""

    message_type: str

    def decode(self, data: bytes) -> Any:
        """The document."""
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise DecodingError(f"the message is no JSON ({error})") from error
        return document if isinstance(document, dict) else {"value": document}

    def header_ns(self, message: Any) -> int | None:
        """The message's ``timestamp`` or header stamp."""
        return document_stamp_ns(message)

    def signals(self, message: Any) -> tuple[Signal, ...]:
        """Pictures and log lines of Foxglove's types; of all others the numbers, or the texts."""
        return document_signals(self.message_type, message)


@dataclass(frozen=True)
class ProtobufCodec:
    """Protocol Buffers, described by the file's own ``FileDescriptorSet``; needs the package ``protobuf``."""

    message_type: str
    descriptors: bytes

    def decode(self, data: bytes) -> Any:
        """The message as a dictionary."""
        kind = _protobuf_class(self.message_type, self.descriptors)
        from google.protobuf.message import DecodeError

        try:
            return _as_document(kind.FromString(data), 0)
        except (DecodeError, ValueError) as error:
            raise DecodingError(f"the message is no {self.message_type} ({error})") from error

    def header_ns(self, message: Any) -> int | None:
        """The message's ``timestamp`` or header stamp."""
        return document_stamp_ns(message)

    def signals(self, message: Any) -> tuple[Signal, ...]:
        """As for JSON."""
        return document_signals(self.message_type, message)


@dataclass(frozen=True)
class BytesCodec:
    """Messages that nobody can decode."""

    def decode(self, data: bytes) -> Any:
        """The bytes."""
        return data

    def header_ns(self, message: Any) -> int | None:
        """None is known."""
        return None

    def signals(self, message: Any) -> tuple[Signal, ...]:
        """The bytes of each message, uint8 (k,)."""
        return (Lazy("", Modality.TABLE, as_bytes, (-1,), details={"undecoded": True}),)


def as_bytes(message: Any) -> Any:
    """A message's bytes as numbers."""
    return np.frombuffer(message, dtype=np.uint8)


@dataclass(frozen=True)
class TakeNumbersByName:
    """Gives the named numbers of a document, NaN where it lacks one; counts names that came later."""

    names: tuple[str, ...]
    unseen: dict[str, int] = field(default_factory=dict)

    def __call__(self, message: Any) -> list[float]:
        """One value for each name."""
        numbers, _ = json_leaves(_without_stamp(message))
        for name in numbers.keys() - set(self.names):
            if len(self.unseen) < MAX_COLUMNS or name in self.unseen:
                self.unseen[name] = self.unseen.get(name, 0) + 1
        return [numbers.get(name, np.nan) for name in self.names]


@dataclass(frozen=True)
class TakeTexts:
    """Gives the texts of a document: one as it is, several as ``name=value``."""

    names: tuple[str, ...]

    def __call__(self, message: Any) -> str:
        """The text."""
        _, texts = json_leaves(_without_stamp(message))
        found = {name: texts[name] for name in self.names or texts if name in texts}
        return next(iter(found.values()), "") if len(found) < 2 else "; ".join(f"{k}={v}" for k, v in found.items())


def document_signals(message_type: str, message: Mapping[str, Any]) -> tuple[Signal, ...]:
    """What a topic of documents is turned into."""
    if message_type.endswith("foxglove.CompressedImage"):
        return compressed_picture(message)
    if message_type.endswith("foxglove.Log"):
        return (Lazy("", Modality.TEXT, TakeTexts(("name", "message")), interpolation=Interpolation.NONE),)
    numbers, texts = json_leaves(_without_stamp(message))
    if numbers and len(numbers) <= MAX_COLUMNS:
        return (Columns("", Modality.TABLE, tuple(numbers), TakeNumbersByName(tuple(numbers))),)
    if texts:
        return (Lazy("", Modality.TEXT, TakeTexts(()), interpolation=Interpolation.NONE),)
    return (Columns("", Modality.EVENT, (), _nothing),)


def document_stamp_ns(message: Any) -> int | None:
    """The stamp of a document, in nanoseconds; ``None`` where it has none.

    Examples
    --------
    >>> document_stamp_ns({"timestamp": {"sec": 3, "nsec": 5}})
    3000000005
    """
    holders = (message, message.get("header", {})) if isinstance(message, Mapping) else ()
    for holder in holders:
        for key in _STAMP_KEYS:
            stamp = holder.get(key) if isinstance(holder, Mapping) else None
            for seconds, nanoseconds in _PARTS:
                if isinstance(stamp, Mapping) and isinstance(stamp.get(seconds), int) and nanoseconds in stamp:
                    return int(stamp[seconds]) * NS_PER_S + int(stamp[nanoseconds])
    return None


def _without_stamp(message: Mapping[str, Any]) -> dict[str, Any]:
    """A document without the stamp that times it."""
    return {key: value for key, value in message.items() if not (key in _STAMP_KEYS and isinstance(value, Mapping))}


def _nothing(message: Any) -> list[float]:
    """No number: the message only says that it came."""
    return []


@lru_cache(maxsize=64)
def _protobuf_class(message_type: str, descriptors: bytes) -> Any:
    """The class of a message that a ``FileDescriptorSet`` describes."""
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise DecodingError("reading Protocol Buffers needs the package 'protobuf': pip install protobuf") from error
    pool = descriptor_pool.DescriptorPool()
    try:
        files = list(descriptor_pb2.FileDescriptorSet.FromString(descriptors).file)
        for _ in range(len(files) + 1):
            files = [one for one in files if not _added(pool, one)]
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(message_type))
    except (TypeError, KeyError, ValueError, DecodeError) as error:
        raise DecodingError(f"the description of {message_type} cannot be used ({error})") from error


def _added(pool: Any, one: Any) -> bool:
    """Whether a file could be added already, its imports being there."""
    try:
        pool.Add(one)
    except TypeError:
        return False
    return True


def _as_document(message: Any, depth: int) -> Any:
    """A Protocol Buffers message as dictionaries, lists and plain values; repeated numbers beyond 64 are left out."""
    document: dict[str, Any] = {}
    for described in message.DESCRIPTOR.fields:
        value = getattr(message, described.name)
        is_message = described.message_type is not None
        if isinstance(value, (int, float, str, bytes)):
            document[described.name] = value
        elif is_message and hasattr(value, "DESCRIPTOR") and depth < 12:
            document[described.name] = _as_document(value, depth + 1)
        elif not isinstance(value, Mapping) and not hasattr(value, "DESCRIPTOR") and len(value) <= 64:
            document[described.name] = [_as_document(one, depth + 1) if is_message else one for one in value]
    return document
