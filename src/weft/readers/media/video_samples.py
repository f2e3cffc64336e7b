"""Frames of a video track by their number in presentation order, decoded when they are asked for.

A frame is found by its instant: decoding starts at the last key frame that is shown no
later, at that key frame's own stamp, and goes on until the very stamp of the frame.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import UnreadableError
from weft.core.times import Int64Array
from weft.readers.media.packet_cursor import PacketCursor
from weft.readers.media.packets import ABSENT, PacketTable, TrackPlace

_REORDER_FRAMES = 16
"""No common codec shows a frame more than 16 frames after a later one (H.264, A.3.1)."""
_STAMPS_IN_CODING_ORDER = frozenset({"avi"})
"""Containers that number packets as they are stored; the decoder's order is the order shown."""

_log = logging.getLogger("weft.readers")


@dataclass(frozen=True, eq=False)
class FrameIndex:
    """The frames that a track shows, in presentation order.

    Parameters
    ----------
    pts
        Each frame's stamp in ticks, int64 (n), never decreasing.
    start
        The packet number at which decoding must start for it, int64 (n).
    counted
        Whether frames are told apart by counting from a key frame instead of by stamp.
    left_out
        Packets with data that show no frame: hidden by an edit list, or before the first key frame.
    """

    pts: Int64Array
    start: Int64Array
    counted: bool
    left_out: int

    @cached_property
    def gap(self) -> int:
        """Ticks between neighbouring frames, by their median; 0 below two frames."""
        return int(np.median(np.diff(self.pts))) if self.pts.size > 1 else 0

    @classmethod
    def of(cls, table: PacketTable, container: str) -> FrameIndex:
        """The frames of a packet table.

        Packets without any stamp are left out, as players cannot place them either.
        """
        stamp, keys = table.stamp, np.flatnonzero(table.is_key)
        shown = ~table.is_discard & (stamp != ABSENT)
        if keys.size:
            first = keys[0]
            shown &= (np.arange(len(table)) >= first) & (stamp >= stamp[first])
        shown &= ~table.is_cut_off
        numbers = np.flatnonzero(shown)
        order = numbers[np.argsort(stamp[numbers], kind="stable")]
        return cls(
            pts=stamp[order],
            start=_starts(stamp, keys, order),
            counted=container in _STAMPS_IN_CODING_ORDER,
            left_out=len(table) - numbers.size,
        )


def _starts(stamp: Int64Array, keys: Int64Array, order: Int64Array) -> Int64Array:
    """For each packet of ``order``, the last key packet shown no later than it."""
    if not keys.size:
        return np.zeros(order.size, dtype=np.int64)
    by_stamp = keys[np.argsort(stamp[keys], kind="stable")]
    at = np.searchsorted(stamp[by_stamp], stamp[order], side="right") - 1
    return by_stamp[np.maximum(at, 0)]


class VideoSamples:
    """The frames of a video track, uint8 (n, height, width, 3), red first, upright.

    A frame that cannot be decoded shows what players show, the picture before it; its
    number is then in :attr:`held`.

    Parameters
    ----------
    place
        Where the track lies.
    table, index
        Its packets and frames.
    size
        Height and width in pixels as shown, after turning.
    """

    def __init__(self, place: TrackPlace, table: PacketTable, index: FrameIndex, *, size: tuple[int, int]) -> None:
        self._place, self._name = place, place.name
        self._table, self._index, self._size = table, index, size
        self.held: set[int] = set()
        self._forget()

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, height, width, 3)``."""
        return (int(self._index.pts.size), *self._size, 3)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always ``uint8``."""
        return np.dtype(np.uint8)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The frames ``start <= i < stop``; going on from the last one read does not start over.

        Raises
        ------
        UnreadableError
            If neither a frame nor any picture before it in its group can be decoded.
        """
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        pictures = np.empty((max(0, stop - start), *self.shape[1:]), dtype=np.uint8)
        for row, number in enumerate(range(start, stop)):
            pictures[row] = self._picture(number)
        return pictures

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the open file."""
        kept = ("_place", "_table", "_index", "_size", "_name", "held")
        return {key: self.__dict__[key] for key in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As it was, with the file closed."""
        self.__dict__.update(state)
        self._forget()

    def _forget(self) -> None:
        """No file, no decoder, no picture."""
        self._cursor: PacketCursor | None = None
        self._decoded: Iterator[tuple[int, Any]] | None = None
        self._waiting: dict[int, Any] = {}
        self._fed = -1
        self._passed = -1
        self._last: tuple[int, NDArray[np.uint8]] | None = None

    def _picture(self, number: int) -> NDArray[np.uint8]:
        """One frame as an array."""
        if self._last is not None and self._last[0] == number:
            return self._last[1]
        before = self._last
        if not self._lies_ahead(number):
            self._start_at(int(self._index.start[number]))
            before = None
        frame = self._find(number)
        picture = self._hold(number, before) if frame is None else self._to_array(frame)
        self._last = (number, picture)
        return picture

    def _lies_ahead(self, number: int) -> bool:
        """Whether decoding on reaches the frame sooner than starting at its own key frame."""
        if self._decoded is None:
            return False
        return number in self._waiting or (number > self._passed and int(self._index.start[number]) <= self._fed)

    def _start_at(self, packet: int) -> None:
        """Decode from a key packet on."""
        if self._cursor is None:
            self._cursor = PacketCursor(self._place, self._table)
        self._waiting, self._passed, self._fed = {}, -1, packet
        self._decoded = self._frames_from(packet)

    def _find(self, number: int) -> Any:
        """The decoded frame, or ``None`` when the decoder never gives it."""
        while number not in self._waiting:
            if sum(waiting > number for waiting in self._waiting) > _REORDER_FRAMES or self._decoded is None:
                return None
            found = next(self._decoded, None)
            if found is None:
                return None
            if found[0] >= number:
                self._waiting[found[0]] = found[1]
        frame = self._waiting.pop(number)
        self._passed = number
        self._waiting = {waiting: other for waiting, other in self._waiting.items() if waiting > number}
        return frame

    def _frames_from(self, packet: int) -> Iterator[tuple[int, Any]]:
        """Decoded frames with their numbers, from a key packet on."""
        import av

        if self._cursor is None:
            return
        packets = self._cursor.from_packet(packet)
        codec = self._cursor.codec
        codec.flush_buffers()
        count = self._first_count(packet)
        for fed, data in _and_none(packets):
            self._fed = max(self._fed, fed)
            try:
                frames = codec.decode(data)
            except (av.FFmpegError, EOFError):
                continue
            for frame in frames:
                number = count if self._index.counted else self._number_of(frame)
                count += 1
                if number is not None and number < self.shape[0]:
                    yield number, frame

    def _first_count(self, packet: int) -> int:
        """The number of the frame that a key packet shows."""
        return int(np.searchsorted(self._index.pts, self._table.stamp[packet], side="left"))

    def _number_of(self, frame: Any) -> int | None:
        """Which frame of the index this is."""
        if frame.pts is None:
            return None
        at = int(np.searchsorted(self._index.pts, frame.pts))
        if at < self._index.pts.size and self._index.pts[at] == frame.pts:
            while at in self._waiting and at + 1 < self._index.pts.size and self._index.pts[at + 1] == frame.pts:
                at += 1
            return at
        return self._nearest(at, frame.pts)

    def _nearest(self, at: int, pts: int) -> int | None:
        """The frame whose stamp a container rounded otherwise after seeking."""
        near = [i for i in (at - 1, at) if 0 <= i < self._index.pts.size]
        best = min(near, key=lambda i: abs(int(self._index.pts[i]) - pts), default=None)
        return best if best is not None and abs(int(self._index.pts[best]) - pts) * 4 <= self._index.gap else None

    def _hold(self, number: int, before: tuple[int, NDArray[np.uint8]] | None) -> NDArray[np.uint8]:
        """The picture before a frame that cannot be decoded."""
        self.held.add(number)
        _log.info("%s: frame %d cannot be decoded; the picture before it is held", self._name, number)
        if before is not None:
            return before[1]
        for earlier in range(number - 1, max(-1, number - 1 - _REORDER_FRAMES), -1):
            self._start_at(int(self._index.start[earlier]))
            frame = self._find(earlier)
            if frame is not None:
                return self._to_array(frame)
        raise UnreadableError(
            f"{self._name}: expected a picture for frame {number}, found packets that cannot be decoded; "
            f"cut the file before it, or leave it out"
        )

    def _to_array(self, frame: Any) -> NDArray[np.uint8]:
        """Red, green and blue, turned upright, in the track's size."""
        turns = round(frame.rotation / 90) % 4
        height, width = self._size if turns % 2 == 0 else self._size[::-1]
        picture: NDArray[np.uint8] = frame.to_ndarray(format="rgb24", width=width, height=height)
        return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


def _and_none(packets: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """The packets, then ``None``, which makes a decoder give up what it holds back."""
    number = -1
    for number, packet in packets:
        yield number, packet
    yield number, None
