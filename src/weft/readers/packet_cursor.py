"""The packets of one track from any packet number on, whatever the container's seek does.

Seeking in a container is a hint: some land late, some land between key frames, some
number their packets anew. So the first packet after a seek is looked up in the packet
table, and only when it lies at or before the one that is wanted is the seek believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from weft.core import UnreadableError
from weft.core.times import Int64Array
from weft.readers.media_packets import PacketTable, open_container

_STEPS_BACK = (0, 8, 64, 512)
"""Packets further back that are tried before reading from the start."""


class PacketCursor:
    """One open track of a media file.

    Parameters
    ----------
    path, container, track
        The file, its demuxer, and the track's number.
    table
        Its packets.
    name
        What errors call it.
    """

    def __init__(self, path: Path, container: str, track: int, *, table: PacketTable, name: str) -> None:
        self._path, self._container, self._track, self._name = path, container, track, name
        self._order: Int64Array = np.argsort(table.stamp, kind="stable")
        self._stamps = table.stamp[self._order]
        self._table = table
        gaps = np.diff(self._stamps)
        self._can_seek = bool(gaps.size == 0 or gaps.min() > 0)
        self._tolerance = int(np.median(gaps)) // 2 if gaps.size else 0
        self._open: Any = None

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
        if self._can_seek and number:
            stamp = self._table.stamp
            for back in _STEPS_BACK:
                target = max(0, number - back)
                packets = self._numbered_after_seek(int(stamp[target]))
                first = next(packets, None)
                if first is not None and first[0] <= number:
                    return self._skipping(first, packets, number)
                if target == 0:
                    break
        packets = self._numbered_from_start()
        first = next(packets, None)
        if first is None:
            raise UnreadableError(f"{self._name}: expected packet {number}, found no packet; the file has changed")
        return self._skipping(first, packets, number)

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            self._open.close()
        self._open = None

    def _stream(self) -> Any:
        """The track, opened if need be."""
        if self._open is None:
            self._open = open_container(self._path, self._container, self._name)
        return self._open.streams[self._track]

    def _numbered_after_seek(self, stamp: int) -> Iterator[tuple[int, Any]]:
        """Numbered packets from where a seek to ``stamp`` lands; none when the seek fails."""
        import av

        stream = self._stream()
        try:
            self._open.seek(stamp, stream=stream, backward=True)
        except av.FFmpegError:
            return
        number: int | None = None
        for packet in self._packets(stream):
            number = self._number_of(packet) if number is None else number + 1
            if number is not None:
                yield number, packet

    def _numbered_from_start(self) -> Iterator[tuple[int, Any]]:
        """Numbered packets from the first on."""
        self.close()
        yield from enumerate(self._packets(self._stream()))

    def _packets(self, stream: Any) -> Iterator[Any]:
        """The track's packets that hold data, up to the end or to where reading breaks off."""
        import av

        packets = self._open.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:
                return
            if packet is None:
                return
            if packet.size:
                yield packet

    def _number_of(self, packet: Any) -> int | None:
        """Which packet of the table this is; ``None`` when no stamp is near enough."""
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is None:
            return None
        at = int(np.searchsorted(self._stamps, stamp))
        near = [i for i in (at - 1, at) if 0 <= i < self._stamps.size]
        best = min(near, key=lambda i: abs(int(self._stamps[i]) - stamp))
        return int(self._order[best]) if abs(int(self._stamps[best]) - stamp) <= self._tolerance else None

    @staticmethod
    def _skipping(first: tuple[int, Any], rest: Iterator[tuple[int, Any]], number: int) -> Iterator[tuple[int, Any]]:
        """``first`` and ``rest`` without what lies before ``number``."""
        if first[0] >= number:
            yield first
        for item in rest:
            if item[0] >= number:
                yield item
