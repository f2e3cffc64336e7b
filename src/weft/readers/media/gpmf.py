"""The key-length-value records of GPMF, the telemetry format of GoPro cameras.

Layout (https://gopro.github.io/gpmf-parser)::

    key     4 bytes   DEVC, STRM, ACCL ...
    type    1 byte    0 for nested records, else the letter of a number type
    size    1 byte    bytes of one sample
    repeat  2 bytes   samples, big-endian
    data    size * repeat bytes, padded to 4

Everything is read within the bytes at hand: a size that reaches past them ends the
reading of that level.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"DEVC"
_TYPES = {
    "b": ">i1", "B": ">u1", "s": ">i2", "S": ">u2", "l": ">i4", "L": ">u4", "j": ">i8", "J": ">u8",
    "f": ">f4", "d": ">f8", "q": ">i4", "Q": ">i8",
}  # fmt: skip
_FIXED_POINT = {"q": 1 << 16, "Q": 1 << 32}
_DESCRIBING = frozenset({
    "DVID", "DVNM", "STMP", "TSMP", "TICK", "TOCK", "STNM", "RMRK", "SCAL", "SIUN", "UNIT",
    "TYPE", "TIMO", "EMPT", "TMPC", "ORIN", "ORIO", "MTRX", "GPSU", "GPSF", "GPSP", "GPSA",
})  # fmt: skip
"""Records that describe others and are no sensor themselves."""
_REPEATED = re.compile(r"(.)\[(\d{1,3})\]")
_LONGEST_TYPE = 255
"""A sample has at most 255 bytes, so no structure has more members."""


@dataclass(frozen=True)
class Record:
    """One key-length-value record; ``data`` has no padding and may be short in a cut file."""

    key: str
    type: str
    size: int
    repeat: int
    data: bytes

    @property
    def is_nested(self) -> bool:
        """Whether the data are records again."""
        return self.type == "\0"

    @property
    def is_cut(self) -> bool:
        """Whether bytes are missing."""
        return len(self.data) < self.size * self.repeat


def records(data: bytes) -> Iterator[Record]:
    """The records at one level, up to the first that is none."""
    at = 0
    while at + 8 <= len(data):
        key, size = data[at : at + 4], data[at + 5]
        repeat = int.from_bytes(data[at + 6 : at + 8], "big")
        if not all(0x20 <= byte < 0x7F for byte in key):
            return
        length = size * repeat
        yield Record(key.decode("ascii"), chr(data[at + 4]), size, repeat, data[at + 8 : at + 8 + length])
        at += 8 + (length + 3) // 4 * 4


def payload_bounds(data: bytes) -> list[tuple[int, int]]:
    """Where each payload of a file of bare payloads starts and claims to stop.

    A payload holds one record of each device; the next one starts where a device recurs.
    """
    bounds: list[tuple[int, int]] = []
    seen: set[bytes] = set()
    at = 0
    while data[at : at + 4] == MAGIC and at + 8 <= len(data):
        stop = at + 8 + (data[at + 5] * int.from_bytes(data[at + 6 : at + 8], "big") + 3) // 4 * 4
        device = next((record.data for record in records(data[at + 8 : stop]) if record.key == "DVID"), b"")
        if bounds and device not in seen:
            bounds[-1] = (bounds[-1][0], stop)
        else:
            bounds.append((at, stop))
            seen = set()
        seen.add(device)
        at = stop
    return bounds


@dataclass(frozen=True)
class Signal:
    """One sensor's samples in one payload.

    Parameters
    ----------
    device, key
        The device's name, and the sensor's four letters.
    count
        Samples in this payload.
    about
        The records that describe it, by key: ``STNM``, ``SIUN``, ``SCAL``, ``TYPE``, ``STMP`` ...
    record
        The samples themselves.
    """

    device: str
    key: str
    count: int
    record: Record
    about: dict[str, Record] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """A describing record as text."""
        return text_of(self.about[key]) if key in self.about else ""

    def number(self, key: str) -> float | None:
        """A describing record's first number."""
        values = numbers(self.about[key]) if key in self.about else None
        return float(values.flat[0]) if values is not None and values.size else None

    def members(self) -> str:
        """One type letter for each value of a sample; empty when they are not numbers."""
        if self.record.type == "?":
            return expanded(self.text("TYPE"))
        item = _TYPES.get(self.record.type)
        return self.record.type * (self.record.size // int(item[2:])) if item else ""

    def values(self) -> NDArray[np.float64]:
        """The samples in their units, float64 (count, values per sample)."""
        raw = structured(self.record, self.members())
        scale = numbers(self.about["SCAL"]) if "SCAL" in self.about else None
        if scale is None or not scale.size:
            return raw
        divisor = np.where(scale.ravel() == 0, 1.0, scale.ravel())
        return raw / divisor if divisor.size in (1, raw.shape[1]) else raw

    def units(self) -> tuple[str, ...]:
        """The unit of each value, where the payload names them."""
        record = self.about.get("SIUN") or self.about.get("UNIT")
        if record is None or not record.size:
            return ()
        parts = [record.data[i : i + record.size] for i in range(0, len(record.data), record.size)]
        texts = tuple(part.decode("latin-1").strip("\0 ") for part in parts)
        width = len(self.members())
        return texts * width if len(texts) == 1 else texts if len(texts) == width else ()


def signals(payload: bytes) -> list[Signal]:
    """Every sensor of every device in one payload; strings and records of other kinds are left out."""
    found = []
    for device in records(payload):
        if device.key != "DEVC" or not device.is_nested:
            continue
        inner = list(records(device.data))
        name = next((text_of(record) for record in inner if record.key == "DVNM"), "")
        found += [s for record in inner if record.key == "STRM" for s in _signal(record, name)]
    return found


def _signal(stream: Record, device: str) -> list[Signal]:
    """The sensor of one stream: its last record; what comes before describes it."""
    inner = list(records(stream.data))
    if not inner or inner[-1].key in _DESCRIBING or sum(record.key == inner[-1].key for record in inner) > 1:
        return []
    about = {record.key: record for record in inner[:-1]}
    signal = Signal(device, inner[-1].key, 0, inner[-1], about)
    width = sum(_width(letter) for letter in signal.members())
    if not width or width > inner[-1].size:
        return []
    return [Signal(device, inner[-1].key, len(inner[-1].data) // inner[-1].size, inner[-1], about)]


def structured(record: Record, members: str) -> NDArray[np.float64]:
    """A record's samples as float64 (n, members); fixed-point numbers as what they stand for."""
    if not members or not record.size:
        return np.zeros((0, len(members)))
    count = len(record.data) // record.size
    names = [str(i) for i in range(len(members))]
    offsets = np.concatenate([[0], np.cumsum([_width(letter) for letter in members])])[:-1].tolist()
    layout: Any = {
        "names": names,
        "formats": [_TYPES[letter] for letter in members],
        "offsets": offsets,
        "itemsize": record.size,
    }
    rows = np.frombuffer(record.data, dtype=np.dtype(layout), count=count)
    columns = [
        rows[name].astype(np.float64) / _FIXED_POINT.get(letter, 1) for name, letter in zip(names, members, strict=True)
    ]
    return np.stack(columns, axis=1)


def numbers(record: Record) -> NDArray[np.float64] | None:
    """A record of one number type as float64 (n, values per sample); ``None`` for other records."""
    item = _TYPES.get(record.type)
    if item is None or record.is_cut or not record.size:
        return None
    return structured(record, record.type * (record.size // int(item[2:])))


def text_of(record: Record) -> str:
    """A record as text; degrees, squares and micro are single bytes of Latin-1."""
    return record.data.decode("latin-1").strip("\0 ")


def expanded(members: str) -> str:
    """Type letters with repetitions written out; empty when one is not a number.

    Examples
    --------
    >>> expanded("f[3]L")
    'fffL'
    """
    flat = _REPEATED.sub(lambda match: match[1] * int(match[2]), members)
    return flat if len(flat) <= _LONGEST_TYPE and all(letter in _TYPES for letter in flat) else ""


def _width(letter: str) -> int:
    """Bytes of one number."""
    return int(_TYPES[letter][2:])
