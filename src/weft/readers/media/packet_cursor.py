"""The packets of one track from any packet number on, whatever the container's seek does.

Seeking in a container is a hint: some land late, some land between key frames, some
number their packets anew. So the first packet after a seek is looked up in the packet
table, and only when it lies at or before the one that is wanted is the seek believed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain, dropwhile, islice
from typing import Any

import numpy as np

from weft.core import UnreadableError
from weft.core.times import Int64Array
from weft.readers.media.packets import PacketTable, TrackPlace, open_container, packets_of

_STEPS_BACK = (0, 8, 64, 512)
"""Packets further back that are tried before reading from the start."""
_COMPARED = 4
"""Packets whose sizes must be those of the table before a seek is believed."""
_ASTRAY = 256
"""Packets by which a container's stamps may be wrong after a seek (Ogg numbers some pages anew)."""


_RECENT = 40
"""Packets kept, and packets skipped without seeking: more than any decoder's run-up."""


class PacketCursor:
    """One open track of a media file.

    Parameters
    ----------
    place
        Where the track lies.
    table
        Its packets.
    """

    def __init__(self, place: TrackPlace, table: PacketTable) -> None:
        self._place, self._name = place, place.name
        self._order: Int64Array = np.argsort(table.stamp, kind="stable")
        self._stamps = table.stamp[self._order]
        self._table = table
        gaps = np.diff(self._stamps)
        self._can_seek = bool(gaps.size == 0 or gaps.min() > 0)
        self._open: Any = None
        self._recent: deque[tuple[int, Any]] = deque(maxlen=_RECENT)
        self._live: Iterator[tuple[int, Any]] = iter(())

    @property
    def codec(self) -> Any:
        """The track's decoder."""
        return self._stream().codec_context

    def from_packet(self, number: int) -> Iterator[tuple[int, Any]]:
        """Packet ``number`` and all that follow, each with its number.

        Raises
        ------
        UnreadableError
            If the file no longer holds what it held when it was listed.
        """
        goes_on = bool(self._recent) and self._recent[0][0] <= number <= self._recent[-1][0] + _RECENT
        kept = tuple(self._recent) if goes_on else ()
        self._recent.clear()
        if not goes_on:
            self._live = self._found(number)
        return self._delivered(kept, number)

    def _delivered(self, kept: tuple[tuple[int, Any], ...], number: int) -> Iterator[tuple[int, Any]]:
        """The packets as they come, the last few of them kept for whoever goes on from there."""
        for numbered in chain(kept, self._live):
            self._recent.append(numbered)
            if numbered[0] >= number:
                yield numbered

    def _found(self, number: int) -> Iterator[tuple[int, Any]]:
        """Numbered packets from ``number`` or before it, after a seek that can be believed."""
        targets = [max(0, number - back) for back in _STEPS_BACK] if self._can_seek else []
        for target in dict.fromkeys(targets):
            packets = self._numbered_after_seek(int(self._table.stamp[target]))
            first = next(packets, None)
            if first is not None and first[0] <= number:
                return chain([first], packets)
        packets = self._numbered_from_start()
        first = next(packets, None)
        if first is None:
            raise UnreadableError(f"{self._name}: expected packet {number}, found no packet; the file has changed")
        return chain([first], packets)

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            self._open.close()
        self._open = None

    def _stream(self) -> Any:
        """The track, opened if need be."""
        if self._open is None:
            self._open = open_container(self._place.path, self._place.container, self._name)
        if self._place.number >= len(self._open.streams):
            raise UnreadableError(
                f"{self._name}: expected track {self._place.number}, found none; the file has changed"
            )
        return self._open.streams[self._place.number]

    def _numbered_after_seek(self, stamp: int) -> Iterator[tuple[int, Any]]:
        """Numbered packets from where a seek to ``stamp`` lands; none when that cannot be told."""
        import av

        stream = self._stream()
        try:
            self._open.seek(stamp, stream=stream, backward=True)
        except av.FFmpegError:
            return
        packets = dropwhile(lambda packet: _stamp_of(packet) is None, self._packets(stream))
        opening = list(islice(packets, _COMPARED))
        number = self._number_of(opening)
        if number is not None:
            yield from enumerate(chain(opening, packets), start=number)

    def _numbered_from_start(self) -> Iterator[tuple[int, Any]]:
        """Numbered packets from the first on."""
        self.close()
        yield from enumerate(self._packets(self._stream()))

    def _packets(self, stream: Any) -> Iterator[Any]:
        """The track's packets that hold data, up to the end or to where reading breaks off."""
        import av

        packets = packets_of(self._open, stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                return
            if packet is None:
                return
            yield packet

    def _number_of(self, opening: list[Any]) -> int | None:
        """Which packet of the table the first of ``opening`` is; ``None`` when none fits."""
        if not opening:
            return None
        stamp = _stamp_of(opening[0])
        at = int(np.searchsorted(self._stamps, stamp if stamp is not None else 0))
        near = int(self._order[min(at, self._order.size - 1)])
        low, high = max(0, near - _ASTRAY), min(len(self._table), near + _ASTRAY)
        sizes = [packet.size for packet in opening]
        fits = [n for n in range(low, high) if self._table.size[n : n + len(sizes)].tolist() == sizes]
        place = opening[0].pos
        there = [n for n in fits if place is not None and self._table.place[n] == place]
        if there or (place is not None and place >= 0 and len(set(sizes)) == 1):
            fits = there
        exact = [n for n in fits if int(self._table.stamp[n]) == stamp]
        candidates = exact or fits
        return min(candidates, key=lambda n: abs(n - near)) if candidates else None


def _stamp_of(packet: Any) -> int | None:
    """The stamp that the packet table lists a packet by."""
    stamp: int | None = packet.dts if packet.pts is None else packet.pts
    return stamp
