"""The chunks of an XDF file, each checked against the file's size before anything trusts it.

An XDF file is the four bytes ``XDF:`` and then chunks::

    | 1, 4 or 8 | length | tag (2) | stream id (4, tags 2 3 4 6) | content |
                         |<--------------- length bytes ---------------->|

There is no checksum. A recorder that was killed leaves a chunk that ends beyond the
file; a bad sector leaves one whose length is nonsense. Every some seconds the recorder
writes a boundary chunk with a fixed signature, from which a reader can go on.

Source: https://github.com/sccn/xdf/wiki/Specifications (XDF 1.0).
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat

from weft.core import UnreadableError

MAGIC = b"XDF:"
GZIP_MAGIC = b"\x1f\x8b"
BOUNDARY = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
FILE_HEADER, STREAM_HEADER, SAMPLES, CLOCK_OFFSET, BOUNDARY_TAG, STREAM_FOOTER = range(1, 7)
WITH_STREAM_ID = {STREAM_HEADER, SAMPLES, CLOCK_OFFSET, STREAM_FOOTER}

VALUE_BYTES = {"double64": 8, "float32": 4, "int64": 8, "int32": 4, "int16": 2, "int8": 1, "string": 2}
"""The least that one value takes; a string has at least a length of two bytes."""

MAX_XML_BYTES = 64 * 2**20
MAX_CHANNELS = 1_000_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: where it starts, where its content lies, and whose it is."""

    start: int
    tag: int
    content: int
    stop: int
    stream_id: int | None


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """What a stream's header declares about its values."""

    channels: int
    value_format: str


@dataclass
class Walk:
    """The sound chunks of a file, and what is wrong with the rest.

    ``cut_at`` is the first byte that could not be read because the file ends too early;
    ``None`` when the last chunk is whole. ``dropped`` tells of damaged chunks before it.
    """

    chunks: list[Chunk] = field(default_factory=list)
    headers: dict[int, StreamHeader] = field(default_factory=dict)
    cut_at: int | None = None
    dropped: list[str] = field(default_factory=list)
    size: int = 0


def open_bytes(path: Path) -> tuple[BinaryIO, int, str]:
    """A seekable file of plain XDF, its size, and what went wrong while unpacking it.

    A gzip-compressed file (``.xdfz``, ``.xdf.gz``, by content) is unpacked into memory,
    as far as it goes.

    Raises
    ------
    UnreadableError
        If the file cannot be opened or is empty.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UnreadableError(f"{path.name}: cannot be opened ({error.strerror})") from error
    if stream.read(2) == GZIP_MAGIC:
        with stream:
            stream.seek(0)
            return _unpack(stream)
    stream.seek(0)
    return stream, path.stat().st_size, ""


def _unpack(stream: BinaryIO) -> tuple[BinaryIO, int, str]:
    """The content of a gzip file as far as it can be unpacked."""
    unpacked, problem = io.BytesIO(), ""
    member = zlib.decompressobj(wbits=31)
    try:
        while block := stream.read(1 << 16):
            unpacked.write(member.decompress(block))
            while member.eof and member.unused_data:
                rest, member = member.unused_data, zlib.decompressobj(wbits=31)
                unpacked.write(member.decompress(rest))
        problem = "" if member.eof else "the gzip stream breaks off"
    except zlib.error as error:
        problem = f"the gzip stream is damaged ({error})"
    size = unpacked.tell()
    unpacked.seek(0)
    return unpacked, size, problem


def walk(stream: BinaryIO, size: int, name: str) -> Walk:
    """Every sound chunk of an XDF file.

    Raises
    ------
    UnreadableError
        If it is no XDF file, or the header of a stream is damaged or hostile.
    """
    stream.seek(0)
    if stream.read(4) != MAGIC:
        raise UnreadableError(f"{name}: expected an XDF file, which begins with 'XDF:'; it does not")
    found = Walk(size=size)
    for chunk in _chunks(stream, found):
        reason = _fault(stream, chunk, found, name)
        if reason:
            found.dropped.append(f"{reason} at byte {chunk.start}")
        else:
            found.chunks.append(chunk)
    return found


def sound_bytes(stream: BinaryIO, found: Walk) -> BinaryIO:
    """The file without its damaged chunks; the file itself when there are none."""
    stream.seek(0)
    if not found.dropped and found.cut_at is None:
        return stream
    kept = io.BytesIO()
    kept.write(MAGIC)
    for chunk in found.chunks:
        stream.seek(chunk.start)
        kept.write(stream.read(chunk.stop - chunk.start))
    kept.seek(0)
    return kept


def _chunks(stream: BinaryIO, found: Walk) -> Iterator[Chunk]:
    """Chunks whose length fits the file; on a bad length go on behind the next boundary."""
    position = len(MAGIC)
    while position < found.size:
        chunk = _chunk_at(stream, position, found.size)
        if chunk is not None:
            yield chunk
            position = chunk.stop
            continue
        resumed = _next_boundary(stream, position + 1)
        if resumed is None:
            found.cut_at = position
            return
        found.dropped.append(f"no readable chunk between bytes {position} and {resumed}")
        position = resumed


def _chunk_at(stream: BinaryIO, position: int, size: int) -> Chunk | None:
    """The chunk that starts at a byte, or ``None`` if there is none that fits the file."""
    stream.seek(position)
    head = stream.read(9)
    width = head[0] if head else 0
    if width not in (1, 4, 8) or len(head) < 1 + width:
        return None
    length = int.from_bytes(head[1 : 1 + width], "little")
    start, stop = position + 1 + width, position + 1 + width + length
    if length < 2 or stop > size:
        return None
    stream.seek(start)
    tag = int.from_bytes(stream.read(2), "little")
    if not FILE_HEADER <= tag <= STREAM_FOOTER:
        return None
    if tag not in WITH_STREAM_ID:
        return Chunk(position, tag, start + 2, stop, None)
    if length < 6:
        return None
    return Chunk(position, tag, start + 6, stop, int.from_bytes(stream.read(4), "little"))


def _next_boundary(stream: BinaryIO, position: int) -> int | None:
    """The byte behind the next boundary signature, or ``None``."""
    overlap = b""
    stream.seek(position)
    while block := stream.read(1 << 20):
        at = (overlap + block).find(BOUNDARY)
        if at >= 0:
            return position - len(overlap) + at + len(BOUNDARY)
        position += len(block)
        overlap = (overlap + block)[-(len(BOUNDARY) - 1) :]
    return None


def _fault(stream: BinaryIO, chunk: Chunk, found: Walk, name: str) -> str:
    """Why a chunk may not be used; empty when it may."""
    if chunk.tag == STREAM_HEADER:
        found.headers[_id(chunk)] = _read_header(stream, chunk, name)
        return ""
    if chunk.tag in WITH_STREAM_ID and chunk.stream_id not in found.headers:
        return f"a chunk of stream {chunk.stream_id}, which has no header,"
    if chunk.tag == SAMPLES:
        return _samples_fault(stream, chunk, found.headers[_id(chunk)])
    if chunk.tag == CLOCK_OFFSET and chunk.stop - chunk.content != 16:
        return f"a clock offset of {chunk.stop - chunk.content} instead of 16 bytes"
    if chunk.tag in (FILE_HEADER, STREAM_FOOTER):
        return _xml_fault(_content(stream, chunk))
    return ""


def _id(chunk: Chunk) -> int:
    """The stream of a chunk that has one."""
    return chunk.stream_id if chunk.stream_id is not None else -1


def _content(stream: BinaryIO, chunk: Chunk) -> bytes:
    """A text chunk's bytes; no more than a header may ever have."""
    stream.seek(chunk.content)
    return stream.read(min(chunk.stop - chunk.content, MAX_XML_BYTES))


def _xml_fault(text: bytes) -> str:
    """Why an XML text is refused: not well-formed, or with a document type (entities may follow)."""
    forbidden: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *parts: forbidden.append(str(parts[0]))
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        return f"an XML text that is not well-formed ({error})"
    return "an XML text with a document type, which no recorder writes," if forbidden else ""


def _read_header(stream: BinaryIO, chunk: Chunk, name: str) -> StreamHeader:
    """What a stream's header declares.

    Nothing of a stream can be read without it, so a fault here is the file's.
    """
    where = f"{name}: the header of stream {chunk.stream_id} at byte {chunk.start}"
    text = _content(stream, chunk)
    fault = _xml_fault(text)
    if fault:
        raise UnreadableError(f"{where} is damaged: {fault.rstrip(',')}; restore the file from a copy")
    fields = {one.tag: (one.text or "").strip() for one in ElementTree.fromstring(text.decode("utf-8", "replace"))}
    missing = {"name", "channel_count", "nominal_srate", "channel_format"} - fields.keys()
    if missing:
        raise UnreadableError(f"{where} lacks {', '.join(sorted(missing))}; restore the file from a copy")
    try:
        channels = int(fields["channel_count"])
        rate_hz = float(fields["nominal_srate"])
    except ValueError as error:
        raise UnreadableError(f"{where} declares a count or rate that is no number ({error})") from error
    value_format = fields["channel_format"]
    if value_format not in VALUE_BYTES or not 0 <= channels <= MAX_CHANNELS or not 0 <= rate_hz < 1e9:
        raise UnreadableError(f"{where} declares {channels} channels of {value_format!r} at {rate_hz} Hz")
    return StreamHeader(channels, value_format)


def _samples_fault(stream: BinaryIO, chunk: Chunk, header: StreamHeader) -> str:
    """Why a samples chunk cannot hold what it declares; checked before anything is allocated for it."""
    stream.seek(chunk.content)
    head = stream.read(min(9, chunk.stop - chunk.content))
    width = head[0] if head else 0
    if width not in (1, 4, 8) or len(head) < 1 + width:
        return "a samples chunk without a count"
    count = int.from_bytes(head[1 : 1 + width], "little")
    least = count * (1 + header.channels * VALUE_BYTES[header.value_format])
    room = chunk.stop - chunk.content - 1 - width
    if least > room:
        return f"a samples chunk that declares {count} samples (at least {least} bytes) in {room} bytes"
    return ""


def looks_like_xdf(head: bytes) -> bool:
    """Whether a file's first bytes are XDF, plain or gzip-compressed."""
    if head.startswith(MAGIC):
        return True
    if not head.startswith(GZIP_MAGIC):
        return False
    try:
        return zlib.decompressobj(wbits=31).decompress(head, 4) == MAGIC
    except zlib.error:
        return False
