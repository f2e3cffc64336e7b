"""Sound in bags: blocks of bytes that another topic's ``AudioInfo`` makes samples of.

``audio_common_msgs`` sends the bytes on one topic and, once, their rate, format and
channels on a topic beside it. Plain samples (PCM) become a stream of sound; encoded sound
(MP3) stays bytes, with a finding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Finding, Interpolation, Modality, Samples, Severity, Stream
from weft.core.times import Int64Array
from weft.readers.bags.chunked_timeline import ChunkedTimeline

DATA_TYPES = ("AudioData", "AudioDataStamped")
INFO_TYPE = "AudioInfo"

_FORMATS = {"U8": "u1", "S8": "i1", "S16LE": "<i2", "S16BE": ">i2", "S32LE": "<i4", "S32BE": ">i4", "F32LE": "<f4"}
_PCM = {"wave", "pcm", "raw", "wav", ""}
_MAX_CHANNELS = 256


@dataclass(frozen=True, eq=False)
class PcmSamples:
    """Samples of sound made from blocks of bytes, shape (n, channels), floats from -1 to 1."""

    blocks: Samples
    starts: Int64Array
    format: str
    channels: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples and channels."""
        return int(self.starts[-1]), self.channels

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32."""
        return np.dtype(np.float32)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The samples ``start <= i < stop``."""
        start, stop, _ = slice(start, stop).indices(int(self.starts[-1]))
        if stop <= start:
            return np.zeros((0, self.channels), dtype=np.float32)
        first = int(np.searchsorted(self.starts, start, side="right")) - 1
        last = int(np.searchsorted(self.starts, stop, side="left"))
        rows = [self._samples(block) for block in self.blocks.read(first, last)]
        offset = int(self.starts[first])
        return np.concatenate(rows)[start - offset : stop - offset]

    def _samples(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        """One block as numbers from -1 to 1."""
        dtype = np.dtype(_FORMATS[self.format])
        frame = dtype.itemsize * self.channels
        values = np.frombuffer(block.tobytes()[: block.size // frame * frame], dtype=dtype).astype(np.float32)
        if dtype.kind == "u":
            values = values - 128.0
        scale = 1.0 if dtype.kind == "f" else float(2 ** (8 * dtype.itemsize - 1))
        return (values / scale).reshape(-1, self.channels)


def with_sound(streams: Sequence[Stream], infos: Mapping[str, Any]) -> tuple[list[Stream], list[Finding]]:
    """The streams, with blocks of plain samples turned into sound.

    Parameters
    ----------
    infos
        The first ``AudioInfo`` message of each topic that has one.
    """
    made: list[Stream] = []
    findings: list[Finding] = []
    lengths = {stream.details["topic"]: stream for stream in streams if stream.name.endswith(".bytes")}
    for stream in streams:
        kind = str(stream.details.get("message_type", "")).rpartition("/")[2]
        if kind not in DATA_TYPES or stream.name.endswith(".bytes"):
            made.append(stream)
            continue
        info = _info_of(str(stream.details["topic"]), infos)
        reason = _why_not(info)
        if reason:
            findings.append(_undecoded(stream, reason))
            made.append(stream)
        else:
            made.append(_sound(stream, lengths[stream.details["topic"]], info))
    return made, findings


def _info_of(topic: str, infos: Mapping[str, Any]) -> Any:
    """The info beside a topic, or the bag's only one."""
    beside = [info for name, info in infos.items() if name.rpartition("/")[0] == topic.rpartition("/")[0]]
    return (beside or list(infos.values()) or [None])[0] if len(beside) == 1 or len(infos) <= 1 else None


def _why_not(info: Any) -> str:
    """Why blocks stay bytes; empty when they can become sound."""
    if info is None:
        return "no AudioInfo tells their rate and format"
    if str(info.coding_format).lower() not in _PCM or info.sample_format not in _FORMATS:
        return f"they are encoded as {info.coding_format!r} {info.sample_format!r}"
    if not 0 < info.channels <= _MAX_CHANNELS or not 0 < info.sample_rate < 10_000_000:
        return f"AudioInfo declares {info.channels} channels at {info.sample_rate} Hz"
    return ""


def _sound(blocks: Stream, lengths: Stream, info: Any) -> Stream:
    """The stream of sound of one topic.

    A header stamps the start of a block; a log time is that of its arrival, so the block
    began its own length before.
    """
    channels, rate_hz = int(info.channels), float(info.sample_rate)
    frame = np.dtype(_FORMATS[info.sample_format]).itemsize * channels
    counts = lengths.samples.read(0, len(lengths))[:, 0].astype(np.int64) // frame
    kept = np.flatnonzero(counts > 0)
    stamps_ns = blocks.timestamps_ns
    by_header = blocks.clock == blocks.name
    if not by_header:
        stamps_ns = np.maximum.accumulate(stamps_ns - np.rint(counts * (NS_PER_S / rate_hz)).astype(np.int64))
    starts = np.concatenate([[0], np.cumsum(counts)])
    if kept.size != counts.size:
        # Empty blocks have no sample to time; they stay in `starts` as spans of no length.
        stamps_ns, counts = stamps_ns[kept], counts[kept]
    return replace(
        blocks,
        modality=Modality.AUDIO,
        timeline=ChunkedTimeline(stamps_ns, counts, rate_hz),
        samples=PcmSamples(blocks.samples, starts, str(info.sample_format), channels),
        nominal_rate_hz=rate_hz,
        stamps={},
        interpolation=Interpolation.BY_MODALITY,
        details={**blocks.details, "sample_format": info.sample_format, "stamped": "start" if by_header else "arrival"},
    )


def _undecoded(stream: Stream, reason: str) -> Finding:
    """Blocks that stay bytes."""
    return Finding(
        "undecoded_topic",
        Severity.WARNING,
        stream.name,
        f"its {len(stream)} blocks of sound stay bytes: {reason}",
        "record the AudioInfo topic too, and plain samples (format wave) instead of encoded ones",
        {"messages": len(stream)},
    )
