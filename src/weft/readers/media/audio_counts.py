"""How many samples each packet of sound decodes to.

Most codecs say so without decoding: PCM by its bytes, Opus in its first byte, AAC and
MPEG audio by a constant of the codec, FLAC and ALAC by a duration in whole samples.
The rest is decoded once and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from weft.core.times import Int64Array
from weft.readers.media.packets import PacketTable

Counter = Callable[[Any], int]
"""Samples per channel that a packet holds before anything is dropped."""

_CONSTANT = frozenset({"aac", "mp3", "mp2", "mp1", "ac3"})
_WHOLE_DURATIONS = frozenset({"flac", "alac"})
_PCM = re.compile(r"pcm_(?:[suf](8|16|24|32|64)(?:le|be)?|(alaw|mulaw))$")
_OPUS_FRAME = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
"""Samples at 48 kHz by the configuration number of a packet's first byte (RFC 6716, 3.1)."""


def counter_for(stream: Any, frame_samples: int) -> Counter | None:
    """What tells a packet's samples without decoding it; ``None`` where nothing does.

    Parameters
    ----------
    stream
        The sound track.
    frame_samples
        What its decoder gave per packet, from a first try; 0 where it gave nothing.
    """
    codec = stream.codec_context.codec.canonical_name
    channels, rate = stream.codec_context.channels, stream.codec_context.sample_rate
    pcm = _PCM.match(codec)
    if pcm and channels:
        width = int(pcm[1]) // 8 if pcm[1] else 1
        return lambda packet: packet.size // (width * channels)
    if codec == "opus":
        return lambda packet: opus_samples(bytes(packet)[:2])
    if codec in _CONSTANT and frame_samples:
        return lambda packet: frame_samples
    tick = Fraction(stream.time_base or 0) * rate
    if codec in _WHOLE_DURATIONS and 0 < tick <= 1:
        return lambda packet: round((packet.duration or 0) * tick)
    return None


def opus_samples(head: bytes) -> int:
    """Samples at 48 kHz in an Opus packet, from its first two bytes (RFC 6716, 3.1 and 3.2).

    Examples
    --------
    >>> opus_samples(bytes([0b11111_0_00]))
    960
    """
    if not head:
        return 0
    code = head[0] & 3
    frames = (1, 2, 2, head[1] & 0x3F if len(head) > 1 else 0)[code]
    return _OPUS_FRAME[head[0] >> 3] * frames


def decode_count(codec: Any, packet: Any) -> int:
    """Samples that a decoder gives when it is fed ``packet``; 0 for a packet that it refuses."""
    import av

    try:
        return sum(frame.samples for frame in codec.decode(packet))
    except (av.FFmpegError, EOFError):
        return 0


def kept(counts: Int64Array, table: PacketTable, rate: int) -> tuple[Int64Array, Int64Array]:
    """What players keep of each packet: samples dropped in front, and samples kept.

    Parameters
    ----------
    counts
        Samples per packet, int64 (n).
    table
        The packets, with what the container says must be dropped.
    rate
        Samples per second.

    Returns
    -------
    tuple
        ``front`` and ``length``, int64 (n), with ``front + length <= counts``.
    """
    front = np.zeros_like(counts)
    to_drop, hidden = 0, table.is_discard
    marked = np.flatnonzero((table.skip > 0) | hidden)
    at, last = (int(marked[0]), int(marked[-1])) if marked.size else (0, -1)
    while at < len(table) and (at <= last or to_drop > 0):
        to_drop = max(to_drop, int(table.skip[at]))
        front[at] = counts[at] if hidden[at] else min(to_drop, int(counts[at]))
        to_drop = max(0, to_drop - int(front[at]))
        at += 1
    length = counts - front
    length = np.maximum(0, length - table.trim)
    _cut_last(length, front, table, rate)
    return front, length


def _cut_last(length: Int64Array, front: Int64Array, table: PacketTable, rate: int) -> None:
    """End the last packet where an edit list ends it, when durations count whole samples."""
    tick = table.time_base * rate
    if not len(table) or tick > 1 or table.trim[-1]:
        return
    lasts = int(table.duration[-1]) * tick
    if lasts.denominator == 1 and 0 < lasts < length[-1]:
        length[-1] = max(0, int(lasts) - int(front[-1]))
