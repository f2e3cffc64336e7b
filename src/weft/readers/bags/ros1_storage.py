"""ROS 1 bags (format 2.0), walked chunk by chunk so that one without an index gives what it holds.

A bag whose recorder was killed has no index (``rosbag reindex`` makes one). Its chunks
hold the connections and messages all the same, so the walk needs no index.

Source: https://wiki.ros.org/Bags/Format/2.0.
"""

from __future__ import annotations

import struct
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from weft.core import NS_PER_S, Finding, UnreadableError, UnsupportedError
from weft.readers.bags.chunk_unpacking import UnpackingError, unpack
from weft.readers.bags.storage import Channel, Place, StoredMessage, corrupt, truncated
from weft.readers.last_blocks import LastBlocks

MAGIC = b"#ROSBAG V2.0\n"
MESSAGE, BAG_HEADER, INDEX, CHUNK, CHUNK_INFO, CONNECTION = range(2, 8)
_FAULTS = (struct.error, KeyError, UnicodeDecodeError, ValueError, IndexError)

Fields = dict[bytes, bytes]


@dataclass(eq=False)
class Ros1Storage:
    """One ``.bag`` file."""

    path: Path
    name: str
    problems: list[Finding] = field(default_factory=list)
    promised: int | None = None
    declared: list[Channel] = field(default_factory=list)
    details: dict[str, object] = field(default_factory=dict)
    _connections: dict[int, Channel] = field(default_factory=dict)
    _faults: list[str] = field(default_factory=list)
    _index_at: int = 0
    _file: BinaryIO | None = None
    _chunks: LastBlocks[bytes] = field(default_factory=LastBlocks)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None}

    def scan(self) -> Iterator[StoredMessage]:
        """Every readable message, in the order of the file.

        Raises
        ------
        UnreadableError
            If it is no ROS 1 bag, or its first record is damaged.
        UnsupportedError
            If it is encrypted.
        """
        size, read, position = self.path.stat().st_size, 0, len(MAGIC)
        with self.path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise UnreadableError(f"{self.name}: expected a ROS 1 bag, which begins with '#ROSBAG V2.0'")
            while position < size:
                record = _record_at(file, position, size)
                if record is None and position < self._index_at < size:
                    self._note_skipped(file, position)
                    position = self._index_at
                    continue
                if record is None:
                    break
                fields, start, stop = record
                for message in self._messages_of(file, position, fields, start, stop):
                    read += 1
                    yield message
                position = stop
        self.problems += corrupt(self.name, self._faults)
        if position < size or self.promised is None:
            self.problems.append(self._cut(position, size, read))

    def fetch(self, places: Iterable[Place]) -> Iterator[bytes]:
        """The messages at some places; the last chunks stay unpacked in memory."""
        if self._file is None:
            self._file = self.path.open("rb")
            weakref.finalize(self, self._file.close)
        for start, offset in places:
            if offset >= 0:
                block = self._block(self._file, start)
            else:
                block, offset = self._plain_record(self._file, start), 0
            _, at, stop = _record_in(block, offset)
            yield block[at:stop]

    def _messages_of(
        self, file: BinaryIO, position: int, fields: Fields, start: int, stop: int
    ) -> Iterator[StoredMessage]:
        """The messages of one record; what is not a message is taken note of."""
        try:
            kind = fields[b"op"][0]
            if kind == CHUNK:
                file.seek(start)
                block = unpack(file.read(stop - start), fields[b"compression"].decode(), _u32(fields[b"size"]))
                yield from self._messages_in(block, position)
            elif kind == CHUNK_INFO:
                file.seek(start)
                counts = struct.unpack(f"<{2 * _u32(fields[b'count'])}I", file.read(stop - start))
                self.promised = (self.promised or 0) + sum(counts[1::2])
            elif kind in (CONNECTION, MESSAGE):
                file.seek(start)
                yield from self._take(fields, file.read(stop - start), (position, -1))
            elif kind == BAG_HEADER:
                self._note_header(fields)
        except (UnpackingError, *_FAULTS) as error:
            self._faults.append(f"the record at byte {position} ({type(error).__name__}: {error})")

    def _messages_in(self, block: bytes, position: int) -> Iterator[StoredMessage]:
        """The messages of one unpacked chunk."""
        offset = 0
        while offset < len(block):
            fields, at, stop = _record_in(block, offset)
            yield from self._take(fields, block[at:stop], (position, offset))
            offset = stop

    def _take(self, fields: Fields, data: bytes, place: Place) -> Iterator[StoredMessage]:
        """One record that may stand inside a chunk."""
        kind = fields[b"op"][0]
        if kind == CONNECTION:
            number = _u32(fields[b"conn"])
            if number not in self._connections:
                self._connections[number] = _channel(fields, data)
                self.declared.append(self._connections[number])
        elif kind == MESSAGE:
            seconds, nanoseconds = struct.unpack("<II", fields[b"time"])
            log_ns = seconds * NS_PER_S + nanoseconds
            yield StoredMessage(self._connections[_u32(fields[b"conn"])], log_ns, log_ns, place, data)

    def _note_header(self, fields: Fields) -> None:
        """What the bag says of itself."""
        if fields.get(b"encryptor"):
            raise UnsupportedError(
                f"{self.name}: the bag is encrypted ({fields[b'encryptor'].decode('utf-8', 'replace')}); "
                "decrypt it first"
            )
        self._index_at = _u64(fields[b"index_pos"])
        if self._index_at and _u32(fields[b"chunk_count"]) == 0:
            self.promised = 0

    def _note_skipped(self, file: BinaryIO, position: int) -> None:
        """Between the last chunk and the index some writers leave zeros; anything else is damage."""
        file.seek(position)
        if file.read(min(self._index_at - position, 1 << 20)).strip(b"\0"):
            self._faults.append(f"no readable record between bytes {position} and {self._index_at}")

    def _cut(self, position: int, size: int, read: int) -> Finding:
        """The finding that the bag was not closed or breaks off."""
        if position >= size:
            message = "the bag was never closed: it has no index"
        else:
            message = f"the bag breaks off at byte {position} of {size}"
        return truncated(
            self.name, message, read, "run `rosbag reindex` on a copy to repair it; weft reads it as it is"
        )

    def _block(self, file: BinaryIO, start: int) -> bytes:
        """What one chunk holds, unpacked now or lately."""
        return self._chunks.at(start, lambda: self._chunk(file, start))

    def _chunk(self, file: BinaryIO, start: int) -> bytes:
        """One chunk unpacked."""
        record = _record_at(file, start, self.path.stat().st_size)
        if record is None:
            raise UnreadableError(
                f"{self.name}: the chunk at byte {start} is gone; the file changed since it was scanned"
            )
        fields, at, stop = record
        file.seek(at)
        try:
            return unpack(file.read(stop - at), fields[b"compression"].decode(), _u32(fields[b"size"]))
        except (UnpackingError, *_FAULTS) as error:
            raise UnreadableError(
                f"{self.name}: the chunk at byte {start} changed since it was scanned ({error})"
            ) from error

    def _plain_record(self, file: BinaryIO, start: int) -> bytes:
        """One record that stands outside a chunk, whole."""
        record = _record_at(file, start, self.path.stat().st_size)
        if record is None:
            raise UnreadableError(
                f"{self.name}: the record at byte {start} is gone; the file changed since it was scanned"
            )
        file.seek(start)
        return file.read(record[2] - start)


def _u32(value: bytes) -> int:
    """An unsigned 32-bit field."""
    return int(struct.unpack("<I", value)[0])


def _u64(value: bytes) -> int:
    """An unsigned 64-bit field."""
    return int(struct.unpack("<Q", value)[0])


def _record_at(file: BinaryIO, position: int, size: int) -> tuple[Fields, int, int] | None:
    """Header, start and stop of the content of a record, or ``None`` if it does not fit the file."""
    file.seek(position)
    head = file.read(4)
    if len(head) < 4 or position + 8 + _u32(head) > size:
        return None
    header = file.read(_u32(head))
    start = position + 8 + len(header)
    stop = start + _u32(file.read(4))
    try:
        fields = _fields(header)
    except _FAULTS:
        return None
    return (fields, start, stop) if stop <= size and b"op" in fields and fields[b"op"] else None


def _record_in(block: bytes, offset: int) -> tuple[Fields, int, int]:
    """Header, start and stop of the content of a record in memory."""
    (header_size,) = struct.unpack_from("<I", block, offset)
    fields = _fields(block[offset + 4 : offset + 4 + header_size])
    (size,) = struct.unpack_from("<I", block, offset + 4 + header_size)
    start = offset + 8 + header_size
    if start + size > len(block):
        raise ValueError("the chunk ends inside a record")
    return fields, start, start + size


def _fields(header: bytes) -> Fields:
    """The ``name=value`` fields of a record's header."""
    fields: Fields = {}
    at = 0
    while at < len(header):
        (size,) = struct.unpack_from("<I", header, at)
        name, separator, value = header[at + 4 : at + 4 + size].partition(b"=")
        if not separator or at + 4 + size > len(header):
            raise ValueError("a header field is cut")
        fields[name] = value
        at += 4 + size
    return fields


def _channel(fields: Fields, data: bytes) -> Channel:
    """The topic of a connection record."""
    described = _fields(data)
    return Channel(
        topic=fields[b"topic"].decode(),
        message_type=described[b"type"].decode(),
        encoding="ros1",
        definition=described.get(b"message_definition", b""),
        definition_format="ros1msg",
    )
