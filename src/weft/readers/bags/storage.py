"""What every message store (SQLite3, MCAP, ROS 1) looks like from outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from weft.core import Finding, Severity

Place = tuple[int, int]
"""Where one message lies in its file; the store that gave it understands it."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic of one file, as the file declares it.

    ``encoding`` is ``"cdr"``, ``"ros1"``, ``"json"``, ``"protobuf"`` or whatever else the
    file says; ``definition`` describes the message in ``definition_format`` (``"ros2msg"``,
    ``"ros2idl"``, ``"ros1msg"``, ``"jsonschema"``, ``"protobuf"``), empty where the file has none.
    """

    topic: str
    message_type: str
    encoding: str
    definition: bytes = b""
    definition_format: str = ""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message as it lies in a file, with the times that the recorder gave it."""

    channel: Channel
    log_ns: int
    publish_ns: int
    place: Place
    data: bytes


class Storage(Protocol):
    """A file of messages; may be pickled, and opens its file when it is first read."""

    path: Path
    problems: list[Finding]
    """What :meth:`scan` remarked."""
    promised: int | None
    """How many messages the file itself says it holds; ``None`` where it does not say."""
    declared: list[Channel]
    """Every channel that :meth:`scan` came across, with messages or without."""
    details: dict[str, object]

    def scan(self) -> Iterator[StoredMessage]:
        """Every readable message, in the order of the file."""
        ...

    def fetch(self, places: Iterable[Place]) -> Iterator[bytes]:
        """The messages at some places; going forwards never starts over."""
        ...


def truncated(name: str, message: str, read: int, cure: str = "") -> Finding:
    """The finding that a file breaks off."""
    return Finding(
        "truncated",
        Severity.WARNING,
        name,
        f"{message}; {read} messages before the cut were read",
        cure or "copy the file again if the original is longer; otherwise the last moments are lost",
        {"messages_read": read},
    )


def corrupt(name: str, faults: list[str]) -> list[Finding]:
    """The finding that parts of a file are damaged; none when there are none."""
    if not faults:
        return []
    return [
        Finding(
            "corrupt_chunks",
            Severity.ERROR,
            name,
            f"{len(faults)} damaged parts were left out: {'; '.join(faults[:5])}",
            "restore the file from a copy; the messages in these parts are missing here",
            {"chunks": len(faults)},
        )
    ]
