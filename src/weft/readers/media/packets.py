"""The packets of every track of a media file, listed in one pass without decoding.

Everything that is said about time rests on this list: a frame's instant is what the
container says, never a count divided by a frame rate.
"""

from __future__ import annotations

import struct
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, UnreadableError
from weft.core.times import Int64Array

if TYPE_CHECKING:
    from av.container import InputContainer

ABSENT = -(2**63)
"""Stands for a stamp that the container does not give."""
_KEY, _DISCARD, _CORRUPT = 1, 2, 4
_TAIL_PACKETS = 32


@dataclass(frozen=True)
class TrackPlace:
    """Where a track lies: its file, the demuxer that reads it, its number, and what errors call the file."""

    path: Path
    container: str
    number: int
    name: str


@dataclass(frozen=True, eq=False)
class PacketTable:
    """The packets of one track, in the order in which they are decoded.

    ``pts``, ``dts`` and ``duration`` count ``time_base`` seconds; ``place`` is a packet's first
    byte in the file, -1 where that is unknown; ``skip`` and ``trim`` are samples that the
    container tells players to drop at a packet's start and end.
    """

    time_base: Fraction
    pts: Int64Array
    dts: Int64Array
    duration: Int64Array
    size: Int64Array
    place: Int64Array
    flags: NDArray[np.uint8]
    skip: Int64Array
    trim: Int64Array

    def __len__(self) -> int:
        return int(self.pts.size)

    @property
    def stamp(self) -> Int64Array:
        """The presentation stamp, or the decoding stamp where that is all there is."""
        return np.where(self.pts == ABSENT, self.dts, self.pts)

    @property
    def is_key(self) -> NDArray[np.bool_]:
        """Whether decoding may start at the packet."""
        return (self.flags & _KEY) > 0

    @property
    def is_discard(self) -> NDArray[np.bool_]:
        """Whether an edit list hides the packet."""
        return (self.flags & _DISCARD) > 0

    @property
    def is_corrupt(self) -> NDArray[np.bool_]:
        """Whether the container knows that the packet is damaged or cut."""
        return (self.flags & _CORRUPT) > 0

    @property
    def is_cut_off(self) -> NDArray[np.bool_]:
        """The damaged packets at the very end: what a cut left over."""
        whole = np.flatnonzero(~self.is_corrupt)
        return np.arange(len(self)) > (whole[-1] if whole.size else -1)

    @property
    def stop_ns(self) -> int:
        """Where the last packet stops, in nanoseconds of the container's time; 0 without packets."""
        known = self.stamp != ABSENT
        if not known.any():
            return 0
        return int(self.to_ns(np.array([np.max(self.stamp[known] + self.duration[known])], dtype=np.int64))[0])

    def to_ns(self, ticks: Int64Array) -> Int64Array:
        """Nanoseconds of ``ticks``, rounded down, exact for any length of recording."""
        whole, part = np.divmod(ticks * self.time_base.numerator, self.time_base.denominator)
        result: Int64Array = whole * NS_PER_S + part * NS_PER_S // self.time_base.denominator
        return result


@dataclass
class _Growing:
    """A packet table while it is being read."""

    pts: array[int] = field(default_factory=lambda: array("q"))
    dts: array[int] = field(default_factory=lambda: array("q"))
    duration: array[int] = field(default_factory=lambda: array("q"))
    size: array[int] = field(default_factory=lambda: array("q"))
    place: array[int] = field(default_factory=lambda: array("q"))
    flags: array[int] = field(default_factory=lambda: array("B"))
    skip: array[int] = field(default_factory=lambda: array("q"))
    trim: array[int] = field(default_factory=lambda: array("q"))

    def add(self, packet: Any) -> None:
        """List one packet."""
        self.pts.append(ABSENT if packet.pts is None else packet.pts)
        self.dts.append(ABSENT if packet.dts is None else packet.dts)
        self.duration.append(packet.duration or 0)
        self.size.append(packet.size)
        self.place.append(-1 if packet.pos is None else packet.pos)
        self.flags.append(_KEY * packet.is_keyframe + _DISCARD * packet.is_discard + _CORRUPT * packet.is_corrupt)
        skip, trim = _skipped_samples(packet) if packet.has_sidedata("skip_samples") else (0, 0)
        self.skip.append(skip)
        self.trim.append(trim)

    def table(self, time_base: Fraction) -> PacketTable:
        """The finished table."""
        names = ("pts", "dts", "duration", "size", "place", "skip", "trim")
        columns = {name: np.array(getattr(self, name), dtype=np.int64) for name in names}
        return PacketTable(time_base, flags=np.array(self.flags, dtype=np.uint8), **columns)


def _skipped_samples(packet: Any) -> tuple[int, int]:
    """Samples to drop at the start and at the end of the packet's sound."""
    start, stop = struct.unpack("<II", bytes(packet.get_sidedata("skip_samples"))[:8])
    return start, stop


@dataclass(frozen=True, eq=False)
class PacketList:
    """What one pass over a file found.

    ``tables`` by track number; ``tails`` the last packets themselves; ``stopped`` why the
    pass ended before the file did, empty when it did not.
    """

    tables: dict[int, PacketTable]
    tails: dict[int, tuple[Any, ...]]
    stopped: str = ""


def open_container(path: Path, container: str, name: str = "") -> InputContainer:
    """An open container, read from the local file and as the named format only.

    Raises
    ------
    UnreadableError
        If the content is not that container.
    """
    import av

    try:
        return av.open(f"file:{path}", format=container, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableError(
            f"{name or path.name}: expected a whole {container} file, found one that cannot be opened "
            f"({_reason(error)}); copy it from the device again, or leave it out"
        ) from error


def list_packets(container: InputContainer, observe: Callable[[Any], None]) -> PacketList:
    """Every packet of every track; empty ones are left out.

    Parameters
    ----------
    container
        A freshly opened container; it stands at its end afterwards.
    observe
        Called with each packet, for what cannot be told from the table (captions,
        telemetry, sample counts).
    """
    import av

    growing = {stream.index: _Growing() for stream in container.streams}
    tails: dict[int, deque[Any]] = {index: deque(maxlen=_TAIL_PACKETS) for index in growing}
    stopped = ""
    time_bases = {stream.index: stream.time_base or Fraction(1, 1_000_000) for stream in container.streams}
    try:
        for packet in packets_of(container):
            if packet.stream_index in growing:
                growing[packet.stream_index].add(packet)
                tails[packet.stream_index].append(packet)
                observe(packet)
    except av.FFmpegError as error:
        stopped = _reason(error)
    tables = {i: rows.table(time_bases[i]) for i, rows in growing.items()}
    return PacketList(tables, {i: tuple(tail) for i, tail in tails.items()}, stopped)


def packets_of(container: InputContainer, *tracks: Any) -> Iterator[Any]:
    """The packets that hold data, of some tracks or of all, from where the container stands.

    A track that shows up only later (transport streams do that) is left out.
    """
    packets: Any = container.demux(*tracks)
    while True:
        try:
            packet = next(packets, None)
        except IndexError:
            packets = container.demux(*tracks)
            continue
        if packet is None:
            return
        if packet.size:
            yield packet


def _reason(error: Exception) -> str:
    """The library's own words, without its error class."""
    return str(getattr(error, "strerror", "") or error)
