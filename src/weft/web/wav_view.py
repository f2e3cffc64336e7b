"""A stream of sound as a WAV file that is never written: any range of its bytes, made when asked for."""

from __future__ import annotations

import re
import struct

from weft.core import UsageError
from weft.web.outline import Outline

HEADER_BYTES = 44
MOST_BYTES = 8 << 20
"""Of one answer; a player that asks for all gets the first part and asks on."""

_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")


class WavView:
    """The bytes of a WAV file: a header of 44, then 16-bit mono at the stream's own rate."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._count = len(outline.stream)
        rate_hz = outline.stream.effective_rate_hz or outline.stream.nominal_rate_hz or 0.0
        self.rate_hz = max(1, round(rate_hz))
        self.size = HEADER_BYTES + 2 * self._count

    def read(self, start: int, stop: int) -> bytes:
        """Bytes ``start <= i < stop``."""
        stop = min(stop, self.size)
        head = self._header()[start:stop] if start < HEADER_BYTES else b""
        first, last = max(0, start - HEADER_BYTES), max(0, stop - HEADER_BYTES)
        if last <= first:
            return head
        sound = self._outline.sound_bytes(first // 2, (last + 1) // 2)
        skipped = first % 2
        return head + sound[skipped : skipped + last - first]

    def _header(self) -> bytes:
        """What says how to play the rest."""
        data = min(2 * self._count, 0xFFFFFFFF - HEADER_BYTES)
        return b"RIFF" + struct.pack(
            "<I4s4sIHHIIHH4sI",
            data + HEADER_BYTES - 8,
            b"WAVE",
            b"fmt ",
            16,
            1,
            1,
            self.rate_hz,
            2 * self.rate_hz,
            2,
            16,
            b"data",
            data,
        )


def asked_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and one after the last that a ``Range`` header asks for; ``None`` where it asks for all.

    Raises
    ------
    UsageError
        If it cannot be satisfied.

    Examples
    --------
    >>> asked_range("bytes=0-99", 1000), asked_range("bytes=-10", 1000), asked_range("", 1000)
    ((0, 100), (990, 1000), None)
    """
    if not header:
        return None
    match = _RANGE.match(header.strip())
    if match is None or not (match[1] or match[2]):
        raise UsageError(f"cannot read the range {header!r}")
    if not match[1]:
        return max(0, size - int(match[2])), size
    start, stop = int(match[1]), int(match[2]) + 1 if match[2] else size
    if start >= size or stop <= start:
        raise UsageError(f"the range {header!r} lies outside of {size} bytes")
    return start, min(stop, size, start + MOST_BYTES)
