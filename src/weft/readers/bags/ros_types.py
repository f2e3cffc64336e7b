"""Decoders of ROS messages, made from the description in the file or from a known distribution.

A bag is trusted for its own types first. Some hold no description, and some hold a wrong
one (a stub that a converter wrote), so a decoder is chosen by whether it decodes the
topic's first message to its last byte.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from weft.readers.bags.ros_definitions import definition_of
from weft.readers.bags.storage import Channel

DISTROS = ("jazzy", "humble", "kilted", "iron", "galactic", "foxy", "dashing")
"""Tried in this order where a bag does not name its own."""

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(/[A-Za-z][A-Za-z0-9_]*)+\Z")
_MAX_DEFINITION_BYTES = 1 << 20
_SEPARATOR = "=" * 80

_SERVICE_EVENT = """service_msgs/ServiceEventInfo info
{package}/{name}_Request[<=1] request
{package}/{name}_Response[<=1] response
"""


class DecodingError(Exception):
    """A message does not fit its description, or a description cannot be used."""


def decode_faults() -> tuple[type[Exception], ...]:
    """What rosbags raises for a message or a description that is damaged."""
    from rosbags.serde import SerdeError
    from rosbags.typesys import TypesysError

    return (
        SerdeError,
        TypesysError,
        struct.error,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        AssertionError,
        OverflowError,
        MemoryError,
        RecursionError,
        SyntaxError,
    )


@dataclass(frozen=True)
class RosDecoder:
    """Turns the bytes of one type's messages into objects with the fields as attributes.

    ``distro`` names the known distribution that describes the type; where it is empty,
    ``definition`` does. May be pickled.
    """

    message_type: str
    is_ros1: bool
    definition: str = ""
    definition_format: str = ""
    distro: str = ""

    def decode(self, data: bytes) -> Any:
        """The message.

        Raises
        ------
        DecodingError
            If the bytes do not fit the type.
        """
        try:
            store = self._store()
            if self.is_ros1:
                return store.deserialize_ros1(data, self.message_type)
            return store.deserialize_cdr(data, self.message_type)
        except decode_faults() as error:
            raise DecodingError(f"{type(error).__name__}: {error}") from error

    def fields(self, message_type: str = "") -> list[tuple[str, Any]]:
        """Name and rosbags' description of each field of a type that the message is made of."""
        fields: list[tuple[str, Any]] = self._store().fielddefs[message_type or self.message_type][1]
        return fields

    def _store(self) -> Any:
        """The types that the message is made of."""
        if self.distro:
            return _known_types(self.distro)
        return _described_types(self.message_type, self.definition, self.definition_format)


def find_decoder(channel: Channel, first: bytes, distro: str = "") -> RosDecoder:
    """The first decoder that decodes a topic's first message whole.

    Raises
    ------
    DecodingError
        If none does; its text says why each failed.
    """
    reasons = []
    for decoder in _candidates(channel, distro):
        try:
            decoder.decode(first)
        except DecodingError as error:
            reasons.append(f"by {decoder.distro or 'the description in the file'}: {error}")
        else:
            return decoder
    raise DecodingError("; ".join(dict.fromkeys(reasons)) or "its type is not described anywhere")


def _candidates(channel: Channel, distro: str) -> Iterator[RosDecoder]:
    """Decoders worth trying, best first."""
    from rosbags.typesys.msg import normalize_msgtype

    is_ros1 = channel.encoding == "ros1"
    message_type = normalize_msgtype(channel.message_type)
    text = channel.definition.decode("utf-8", "replace")
    is_ours = channel.definition_format in ("ros1msg", "ros2msg", "ros2idl") and len(text) <= _MAX_DEFINITION_BYTES
    if is_ours and channel.message_type.endswith("_Event") and "---" in text:
        yield RosDecoder(message_type, False, _service_event(channel.message_type, text), "service_event")
    elif is_ours and (text or not is_ros1):
        yield RosDecoder(message_type, is_ros1, text, channel.definition_format)
    for known in ["ros1"] if is_ros1 else dict.fromkeys([distro.lower(), *DISTROS]):
        if known and message_type in _known_fields(known):
            yield RosDecoder(message_type, is_ros1, distro=known)
    if not is_ros1 and definition_of(message_type):
        yield RosDecoder(message_type, False, definition_of(message_type), "ros2msg")


def _service_event(message_type: str, text: str) -> str:
    """The description of a service's event, which files leave out, from that of the service."""
    request, _, response = text.partition("---")
    package, _, name = message_type.removesuffix("_Event").replace("/srv/", "/").partition("/")
    return "\n".join(
        [
            _SERVICE_EVENT.format(package=package, name=name),
            _SEPARATOR,
            f"MSG: {package}/{name}_Request",
            request.strip(),
            _SEPARATOR,
            f"MSG: {package}/{name}_Response",
            response.strip(),
        ]
    )


@lru_cache(maxsize=16)
def _known_types(distro: str) -> Any:
    """The types of a distribution that rosbags ships."""
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores.ROS1_NOETIC if distro == "ros1" else Stores[f"ROS2_{distro.upper()}"])


def _known_fields(distro: str) -> Any:
    """What a distribution describes; nothing for one that rosbags does not know."""
    from rosbags.typesys import Stores

    if distro != "ros1" and f"ROS2_{distro.upper()}" not in Stores.__members__:
        return {}
    return _known_types(distro).fielddefs


@lru_cache(maxsize=256)
def _described_types(message_type: str, definition: str, definition_format: str) -> Any:
    """The types that a file describes.

    rosbags turns descriptions into Python classes by generating code, so every name is
    checked to be a plain identifier before it is given any.
    """
    from rosbags.typesys import get_types_from_idl, get_types_from_msg

    if definition_format == "service_event":
        event = get_types_from_msg(definition, message_type)
        return _registered(event, {"service_msgs/msg/ServiceEventInfo": _known_types("jazzy")})
    if definition_format == "ros2idl":
        texts = definition.split(_SEPARATOR + "\n")
        types: dict[str, Any] = {}
        for text in texts:
            types |= get_types_from_idl(text.partition("\n")[2] if text.startswith("IDL: ") else text) if text else {}
        return _registered(types, {})
    return _registered(get_types_from_msg(definition, message_type), {})


def _registered(types: dict[str, Any], borrowed: dict[str, Any]) -> Any:
    """A store of some types; ``borrowed`` ones come from a known distribution."""
    from rosbags.typesys import Stores, get_typestore

    for name, source in borrowed.items():
        types = {name: source.fielddefs[name], **types}
    for name, (constants, fields) in types.items():
        inner = [one[0] for one in constants] + [one[0] for one in fields]
        if not _TYPE_NAME.match(name) or not all(_IDENTIFIER.match(one) for one in inner):
            raise ValueError(f"type {name!r} has a name that no ROS message may have")
    store = get_typestore(Stores.EMPTY)
    store.register(types)
    return store
