"""Samples of a sound track by their number, decoded when they are asked for.

A decoder remembers: what it gives after a seek differs at first from what it gives when
it comes from the start. So sound is decoded in blocks, each from the same packet on with
a run-up before it, and the same samples are the same numbers however they are reached.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.readers.last_blocks import LastBlocks
from weft.readers.media.audio_index import AudioIndex
from weft.readers.media.packet_cursor import PacketCursor
from weft.readers.media.packets import PacketTable, TrackPlace

_BLOCK_SAMPLES = 1 << 18
"""About 5 s at 48 kHz; a block of two channels takes 2 MB."""
_RUN_UP_PACKETS = {"flac": 0, "alac": 0, "opus": 25, "aac": 8, "mp3": 24, "mp2": 4, "vorbis": 4}
"""Packets decoded before the first that counts: Opus asks for 80 ms (RFC 7845, 4.6), MP3's
reservoir reaches 511 bytes back (ISO/IEC 11172-3, 2.4.2.7), the others overlap by one or two."""
_RUN_UP_ELSE = 16
_NOISY = frozenset({"aac", "ac3", "eac3", "mp2", "mp1"})
"""Codecs whose decoders put noise or dither in, from a generator that no flush resets."""
_FULL_SCALE = {"u8": 1 << 7, "s16": 1 << 15, "s32": 1 << 31, "s64": 1 << 63}


class AudioSamples:
    """The samples of a sound track, float32 (n, channels), full scale at ±1.

    Samples of packets that cannot be decoded are silence, as players give it.

    Parameters
    ----------
    place
        Where the track lies.
    table, index
        Its packets, and where its samples lie in them.
    codec
        The codec's name.
    """

    def __init__(self, place: TrackPlace, table: PacketTable, index: AudioIndex, *, codec: str) -> None:
        self._place, self._table, self._index = place, table, index
        self._run_up = 0 if codec.startswith("pcm_") else _RUN_UP_PACKETS.get(codec, _RUN_UP_ELSE)
        self._bounds = _block_bounds(self._index)
        self._forget()

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, channels)``."""
        return (len(self._index), self._index.channels)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always ``float32``."""
        return np.dtype(np.float32)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The samples ``start <= i < stop``.

        Raises
        ------
        UnreadableError
            If the file no longer holds what it held when it was opened.
        """
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        values = np.zeros((max(0, stop - start), self.shape[1]), dtype=np.float32)
        if stop <= start:
            return values
        edges = self._index.first[self._bounds]
        for block in range(int(np.searchsorted(edges, start, side="right")) - 1, self._bounds.size - 1):
            begin, end = int(edges[block]), int(edges[block + 1])
            if begin >= stop:
                break
            lower, upper = max(start, begin), min(stop, end)
            values[lower - start : upper - start] = self._block(block)[lower - begin : upper - begin]
        return values

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the open file and the blocks kept."""
        kept = ("_place", "_table", "_index", "_run_up", "_bounds")
        return {key: self.__dict__[key] for key in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As it was, with the file closed."""
        self.__dict__.update(state)
        self._forget()

    def _forget(self) -> None:
        """No file and no block."""
        self._cursor: PacketCursor | None = None
        self._blocks = LastBlocks[NDArray[np.float32]]()

    def _block(self, block: int) -> NDArray[np.float32]:
        """One block's samples, from the last few that were read or decoded."""
        return self._blocks.at(block, lambda: self._decode(int(self._bounds[block]), int(self._bounds[block + 1])))

    def _decode(self, start: int, stop: int) -> NDArray[np.float32]:
        """The kept samples of packets ``start <= number < stop``."""
        if self._cursor is None:
            self._cursor = PacketCursor(self._place, self._table)
        first = self._index.first
        values = np.zeros((int(first[stop] - first[start]), self._index.channels), dtype=np.float32)
        packets = self._cursor.from_packet(max(0, start - self._run_up))
        codec = fresh_decoder(self._cursor.codec)
        if self._index.whole:
            leave_whole(codec)
        for number, packet in packets:
            if number >= stop:
                return values
            sound = self._sound(codec, packet)
            if number == len(self._table) - 1:
                sound = [*sound, *self._sound(codec, None)]
            if number >= start:
                at = int(first[number] - first[start])
                self._fill(values[at : at + int(self._index.length[number])], sound, int(self._index.front[number]))
        return values

    def _sound(self, codec: Any, packet: Any) -> list[NDArray[np.float32]]:
        """What the decoder gives for a packet, each part (n, channels); nothing for one it refuses."""
        import av

        try:
            return [to_float(frame) for frame in codec.decode(packet)]
        except (av.FFmpegError, EOFError):
            return []

    def _fill(self, slot: NDArray[np.float32], sound: list[NDArray[np.float32]], front: int) -> None:
        """Fill a packet's slot with its sound, less what is dropped in front."""
        parts = [part for part in sound if part.shape[1] == self._index.channels]
        if parts:
            whole = np.concatenate(parts)[front : front + slot.shape[0]]
            slot[: whole.shape[0]] = whole


def fresh_decoder(codec: Any) -> Any:
    """A decoder that remembers nothing: a new one where flushing leaves its noise generator running."""
    import av

    if codec.codec.canonical_name not in _NOISY:
        codec.flush_buffers()
        return codec
    fresh: Any = av.CodecContext.create(codec.codec.name, "r")
    if codec.extradata:
        fresh.extradata = codec.extradata
    fresh.sample_rate, fresh.layout = codec.sample_rate, codec.layout
    return fresh


def leave_whole(codec: Any) -> None:
    """Tell a decoder to drop nothing on its own account: the index says what is dropped."""
    from av.codec.context import Flags2

    codec.flags2 |= Flags2.skip_manual


def to_float(frame: Any) -> NDArray[np.float32]:
    """A decoded frame as float32 (n, channels), full scale at ±1."""
    kind, planar = frame.format.name.removesuffix("p"), frame.format.is_planar
    raw = frame.to_ndarray()
    values = raw.T if planar else raw.reshape(-1, frame.layout.nb_channels)
    if kind in ("flt", "dbl"):
        return np.ascontiguousarray(values, dtype=np.float32)
    scale = np.float32(1 / _FULL_SCALE[kind])
    if kind == "u8":
        values = values.astype(np.float32) - np.float32(128)
    scaled: NDArray[np.float32] = values.astype(np.float32) * scale
    return scaled


def _block_bounds(index: AudioIndex) -> NDArray[np.int64]:
    """The packet numbers between which blocks lie, first 0, last the number of packets."""
    packets = index.length.size
    if not packets:
        return np.zeros(1, dtype=np.int64)
    wanted = np.arange(_BLOCK_SAMPLES, len(index), _BLOCK_SAMPLES)
    inner = np.searchsorted(index.first[:-1], wanted)
    return np.unique(np.concatenate([[0], inner, [packets]])).astype(np.int64)
