"""How many bytes a container says it has, to tell a whole file from one that was cut off."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

_TAIL_BYTES = 70_000
"""More than the longest Ogg page (65,307 bytes)."""


def promised_bytes(path: Path, container: str) -> int:
    """The size that the file's own headers imply; 0 where they imply none (a live stream, MPEG).

    Parameters
    ----------
    path
        The file.
    container
        The demuxer's name, as ``container_at`` gives it.
    """
    measure = _MEASURES.get(container)
    if measure is None:
        return 0
    with path.open("rb") as file:
        return measure(file, path.stat().st_size)


def box_kinds(path: Path) -> tuple[str, ...]:
    """The four-letter kinds of the boxes at the top of an MP4 or MOV file, in order."""
    with path.open("rb") as file:
        return tuple(kind for kind, _, _ in _boxes(file, path.stat().st_size))


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[str, int, int]]:
    """Each top box: kind, start, and the stop that it claims (ISO/IEC 14496-12, 4.2)."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        head = file.read(16)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head[:8])
        if length == 1 and len(head) == 16:
            length = struct.unpack(">Q", head[8:])[0]
        elif length == 0:
            length = size - start
        if length < 8:
            return
        yield kind.decode("latin-1"), start, start + length
        start += length


def _mov_bytes(file: BinaryIO, size: int) -> int:
    """Where the last top box claims to stop."""
    return max((stop for kind, _, stop in _boxes(file, size) if kind.isprintable()), default=0)


def _riff_bytes(file: BinaryIO, size: int) -> int:
    """The data chunk's claimed end for WAV, the form's for AVI; 0 where a recorder left it open."""
    head = file.read(12)
    if len(head) < 12:
        return 0
    length: int = struct.unpack("<I", head[4:8])[0]
    if head[8:12] != b"WAVE":
        return length + 8 if length else 0
    long_data, at = 0, 12
    while at + 8 <= size:
        file.seek(at)
        chunk = file.read(24)
        kind, length = chunk[:4], struct.unpack("<I", chunk[4:8])[0]
        if kind == b"ds64" and len(chunk) == 24:
            long_data = struct.unpack("<Q", chunk[16:24])[0]
        if kind == b"data":
            length = long_data if length == 0xFFFFFFFF else length
            return at + 8 + length if length else 0
        at += 8 + length + length % 2
    return 0


def _ebml_bytes(file: BinaryIO, size: int) -> int:
    """Where the Matroska segment claims to stop; 0 for a live one of unknown length (RFC 8794, RFC 9559)."""
    head = file.read(4096)
    at, length, _ = _ebml_element(head, 0)
    if length is None:
        return 0
    at += length
    if head[at : at + 4] != b"\x18\x53\x80\x67":
        return 0
    at, length, unknown = _ebml_element(head, at)
    return 0 if unknown or length is None else at + length


def _ebml_element(head: bytes, at: int) -> tuple[int, int | None, bool]:
    """Where the element's data starts, how long it is, and whether its length is "unknown"."""
    if at >= len(head) or not head[at]:
        return at, None, False
    at += 9 - head[at].bit_length()
    if at >= len(head) or not head[at]:
        return at, None, False
    width = 9 - head[at].bit_length()
    number = int.from_bytes(head[at : at + width], "big") & ((1 << 7 * width) - 1)
    return at + width, number, number == (1 << 7 * width) - 1


def _ogg_bytes(file: BinaryIO, size: int) -> int:
    """Where the last page claims to stop (RFC 3533, 6)."""
    start = max(0, size - _TAIL_BYTES)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or at + 27 > len(tail):
        return size + 1 if at >= 0 else 0
    segments = tail[at + 26]
    lengths = tail[at + 27 : at + 27 + segments]
    return start + at + 27 + segments + sum(lengths) + (1 if len(lengths) < segments else 0)


def _asf_bytes(file: BinaryIO, size: int) -> int:
    """The size field of the file properties object; 0 for a live one."""
    head = file.read(4096)
    at = head.find(bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365"))
    if at < 0 or at + 48 > len(head):
        return 0
    promised: int = struct.unpack("<Q", head[at + 40 : at + 48])[0]
    return promised


def _aiff_bytes(file: BinaryIO, size: int) -> int:
    """The form's claimed end."""
    head = file.read(8)
    length: int = struct.unpack(">I", head[4:8])[0] if len(head) == 8 else 0
    return length + 8 if length else 0


def _transport_bytes(file: BinaryIO, size: int) -> int:
    """Whole packets of 188 bytes (ISO/IEC 13818-1, 2.4.3.2); 0 for the longer kinds."""
    return -(-size // 188) * 188 if file.read(189)[188:] == b"G" else 0


def _mp3_bytes(file: BinaryIO, size: int) -> int:
    """The length that a Xing or Info header gives, counted from its own frame; 0 without one."""
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    file.seek(start)
    frame = file.read(4096)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    first = frame.rfind(b"\xff", 0, max(at, 0))
    if at < 0 or first < 0 or at + 16 > len(frame) or frame[at + 7] & 3 != 3:
        return 0
    length: int = struct.unpack(">I", frame[at + 12 : at + 16])[0]
    return start + first + length


_MEASURES: dict[str, Callable[[BinaryIO, int], int]] = {
    "mov": _mov_bytes,
    "wav": _riff_bytes,
    "avi": _riff_bytes,
    "matroska": _ebml_bytes,
    "ogg": _ogg_bytes,
    "asf": _asf_bytes,
    "aiff": _aiff_bytes,
    "mpegts": _transport_bytes,
    "mp3": _mp3_bytes,
}
