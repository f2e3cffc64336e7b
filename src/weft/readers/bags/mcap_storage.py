"""MCAP files, walked from the front so that an unfinished one gives what it holds.

A recorder that was killed leaves a file without summary and footer, and readers that
look there first find nothing. The records before the cut are whole, so one walk over
them serves finished and unfinished files alike.

Source: https://mcap.dev/spec.
"""

from __future__ import annotations

import struct
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from weft.core import Finding, UnreadableError
from weft.core.times import LATEST_NS
from weft.readers.bags.chunk_unpacking import UnpackingError, unpack
from weft.readers.bags.storage import Channel, Place, StoredMessage, corrupt, truncated
from weft.readers.last_blocks import LastBlocks

MAGIC = b"\x89MCAP0\r\n"
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK = range(1, 7)
ATTACHMENT, STATISTICS, METADATA = 9, 11, 12

_RECORD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
_CHUNK = struct.Struct("<QQQI")
_MAX_SMALL_RECORD = 64 * 2**20

_FAULTS = (struct.error, UnicodeDecodeError, ValueError, IndexError)


@dataclass(eq=False)
class McapStorage:
    """One MCAP file, of any profile."""

    path: Path
    name: str
    problems: list[Finding] = field(default_factory=list)
    promised: int | None = None
    declared: list[Channel] = field(default_factory=list)
    details: dict[str, object] = field(default_factory=dict)
    _file: BinaryIO | None = None
    _chunks: LastBlocks[bytes] = field(default_factory=LastBlocks)
    _walk: _Walk | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None, "_walk": None}

    def scan(self) -> Iterator[StoredMessage]:
        """Every readable message, in the order of the file.

        Raises
        ------
        UnreadableError
            If it is no MCAP file.
        """
        with self.path.open("rb") as file:
            self._walk = _Walk(self.path.stat().st_size)
            if file.read(len(MAGIC)) != MAGIC:
                raise UnreadableError(f"{self.name}: expected an MCAP file, which begins with its magic; it does not")
            for position, opcode, length in _records(file, _Walk(self._walk.size)):
                if opcode in (SCHEMA, CHANNEL) and length <= _MAX_SMALL_RECORD:
                    # The summary repeats the channels, so a damaged first chunk does not cost the others.
                    file.seek(position + _RECORD.size)
                    list(self._take(file.read(length), opcode, (position, -1)))
            for position, opcode, length in _records(file, self._walk):
                yield from self._messages_of(file, position, opcode, length)
        self._conclude(self._walk)

    def fetch(self, places: Iterable[Place]) -> Iterator[bytes]:
        """The messages at some places; the last chunks stay unpacked in memory."""
        if self._file is None:
            self._file = self.path.open("rb")
            weakref.finalize(self, self._file.close)
        for start, offset in places:
            block = self._block(self._file, start) if offset >= 0 else self._record(self._file, start)
            at = max(0, offset)
            length = _RECORD.unpack_from(block, at)[1]
            yield block[at + _RECORD.size + _MESSAGE.size : at + _RECORD.size + length]

    def _messages_of(self, file: BinaryIO, position: int, opcode: int, length: int) -> Iterator[StoredMessage]:
        """The messages of one record; what is not a message is taken note of."""
        walk = self._need_walk()
        if opcode == CHUNK:
            file.seek(position)
            try:
                block = _unpacked_chunk(file.read(_RECORD.size + length))
            except (UnpackingError, *_FAULTS) as error:
                walk.faults.append(f"the chunk at byte {position}: {error}")
                return
            for at, inner, size in _inner_records(block, walk, position):
                yield from self._take(block[at : at + size], inner, (position, at - _RECORD.size))
        elif opcode == MESSAGE or (
            opcode in (SCHEMA, CHANNEL, HEADER, FOOTER, STATISTICS, METADATA) and length <= _MAX_SMALL_RECORD
        ):
            yield from self._take(file.read(length), opcode, (position, -1))
        elif opcode == ATTACHMENT:
            self._note_attachment(file.read(min(length, 4096)), length)

    def _take(self, content: bytes, opcode: int, place: Place) -> Iterator[StoredMessage]:
        """One record's content."""
        walk = self._need_walk()
        try:
            if opcode == MESSAGE:
                channel_id, _, log_ns, publish_ns = _MESSAGE.unpack_from(content, 0)
                if channel_id in walk.channels and log_ns < LATEST_NS and publish_ns < LATEST_NS:
                    walk.messages += 1
                    yield StoredMessage(walk.channels[channel_id], log_ns, publish_ns, place, content[_MESSAGE.size :])
                else:
                    walk.faults.append(f"a message of channel {channel_id} at log time {log_ns}")
            else:
                self._note(content, opcode)
        except _FAULTS as error:
            walk.faults.append(f"the record of kind {opcode} at {place}: {error}")

    def _note(self, content: bytes, opcode: int) -> None:
        """What a record that is no message says."""
        from mcap.exceptions import McapError

        try:
            self._note_record(content, opcode)
        except McapError as error:
            raise ValueError(f"it ends too early ({type(error).__name__})") from error

    def _note_record(self, content: bytes, opcode: int) -> None:
        """The same, with the errors of the package that knows the records."""
        from mcap import records
        from mcap.data_stream import ReadDataStream

        walk, stream = self._need_walk(), ReadDataStream(BytesIO(content))
        if opcode == SCHEMA:
            schema = records.Schema.read(stream)
            walk.schemas[schema.id] = schema
        elif opcode == CHANNEL:
            channel = records.Channel.read(stream)
            if channel.id not in walk.channels:
                walk.channels[channel.id] = _channel(channel, walk.schemas.get(channel.schema_id))
                self.declared.append(walk.channels[channel.id])
        elif opcode == HEADER:
            header = records.Header.read(stream)
            self.details |= {"profile": header.profile, "library": header.library}
        elif opcode == STATISTICS:
            self.promised = records.Statistics.read(stream).message_count
        elif opcode == METADATA:
            metadata = records.Metadata.read(stream)
            self.details.setdefault("metadata", {})[metadata.name] = metadata.metadata  # type: ignore[index]
        elif opcode == FOOTER:
            walk.finished = True

    def _note_attachment(self, head: bytes, length: int) -> None:
        """The name and kind of an attachment, whose content is left in the file."""
        names, at = [], 16
        for _ in range(2):
            (size,) = struct.unpack_from("<I", head.ljust(at + 4, b"\0"), at)
            names.append(head[at + 4 : at + 4 + size].decode("utf-8", "replace"))
            at += 4 + size
            if at + 4 > len(head):
                break
        self.details.setdefault("attachments", []).append([*names, length])  # type: ignore[attr-defined]

    def _conclude(self, walk: _Walk) -> None:
        """The findings about the file as a whole."""
        self.problems += corrupt(self.name, walk.faults)
        if walk.cut_at is not None or not walk.finished:
            at = walk.size if walk.cut_at is None else walk.cut_at
            message = f"the file was not closed: it breaks off at byte {at} of {walk.size}"
            self.problems.append(truncated(self.name, message, walk.messages))

    def _need_walk(self) -> _Walk:
        """The walk under way."""
        return self._walk if self._walk is not None else _Walk(0)

    def _block(self, file: BinaryIO, start: int) -> bytes:
        """What one chunk holds, unpacked now or lately."""
        return self._chunks.at(start, lambda: self._chunk(file, start))

    def _chunk(self, file: BinaryIO, start: int) -> bytes:
        """One chunk unpacked."""
        try:
            return _unpacked_chunk(self._record(file, start))
        except (UnpackingError, *_FAULTS) as error:
            raise UnreadableError(
                f"{self.name}: the chunk at byte {start} changed since it was scanned ({error})"
            ) from error

    def _record(self, file: BinaryIO, start: int) -> bytes:
        """One record of the file with its head."""
        file.seek(start)
        head = file.read(_RECORD.size)
        return head + file.read(_RECORD.unpack(head)[1])


@dataclass
class _Walk:
    """Where a scan has come to."""

    size: int
    schemas: dict[int, Any] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    messages: int = 0
    finished: bool = False
    cut_at: int | None = None
    faults: list[str] = field(default_factory=list)


def _records(file: BinaryIO, walk: _Walk) -> Iterator[tuple[int, int, int]]:
    """Position, opcode and length of every record that fits the file; the file stands at its content."""
    position = len(MAGIC)
    while position < walk.size and not walk.finished:
        file.seek(position)
        head = file.read(_RECORD.size)
        if len(head) < _RECORD.size:
            walk.cut_at = position
            return
        opcode, length = _RECORD.unpack(head)
        if opcode == 0 or position + _RECORD.size + length > walk.size:
            walk.cut_at = position
            return
        yield position, opcode, length
        position += _RECORD.size + length


def _inner_records(block: bytes, walk: _Walk, position: int) -> Iterator[tuple[int, int, int]]:
    """Where the content of every record of a chunk starts, its opcode and its length."""
    at = 0
    while at + _RECORD.size <= len(block):
        opcode, length = _RECORD.unpack_from(block, at)
        at += _RECORD.size
        if at + length > len(block):
            walk.faults.append(f"the chunk at byte {position} ends inside a record")
            return
        yield at, opcode, length
        at += length


def _unpacked_chunk(record: bytes) -> bytes:
    """The records of a chunk."""
    at = _RECORD.size
    _, _, size, _ = _CHUNK.unpack_from(record, at)
    at += _CHUNK.size
    (length,) = struct.unpack_from("<I", record, at)
    compression = record[at + 4 : at + 4 + length].decode()
    at += 4 + length
    (stored,) = struct.unpack_from("<Q", record, at)
    return unpack(record[at + 8 : at + 8 + stored], compression, size)


def _channel(channel: Any, schema: Any) -> Channel:
    """A channel with the description of its messages."""
    if schema is None:
        return Channel(channel.topic, "", channel.message_encoding)
    return Channel(channel.topic, schema.name, channel.message_encoding, schema.data, schema.encoding)
