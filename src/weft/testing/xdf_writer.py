"""A small XDF writer, so that a test can state the truth of an LSL recording.

Source: https://github.com/sccn/xdf/wiki/Specifications (XDF 1.0).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

_FORMATS = {"f8": "double64", "f4": "float32", "i8": "int64", "i4": "int32", "i2": "int16", "i1": "int8"}
_BOUNDARY = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")


@dataclass
class XdfStream:
    """One stream to write.

    Parameters
    ----------
    name, type
        As the header declares them.
    values
        Shape (n, channels), or n texts.
    stamps_s
        What the device's clock showed at each sample, float (n).
    rate_hz
        The nominal rate; 0 for an irregular stream.
    offsets
        Clock offsets as pairs: what the *device's* clock showed, and recorder minus device,
        in seconds.
    labels, units
        Of each channel; no description is written without labels.
    """

    name: str
    type: str
    values: Any
    stamps_s: Sequence[float] | NDArray[np.float64]
    rate_hz: float = 0.0
    offsets: Sequence[tuple[float, float]] = ()
    labels: Sequence[str] = ()
    units: Sequence[str] = field(default_factory=tuple)

    @property
    def is_text(self) -> bool:
        """Whether the values are texts."""
        return len(self.values) > 0 and isinstance(self.values[0], str)


def xdf_bytes(streams: Sequence[XdfStream], *, samples_per_chunk: int = 50) -> bytes:
    """An XDF file of the streams: headers, then samples and clock offsets by turns, then footers.

    Every stamp is written out, as LabRecorder does; chunks of the streams alternate, each
    offset follows the samples that were stamped before it.

    Examples
    --------
    >>> xdf_bytes([XdfStream("eeg", "EEG", np.zeros((2, 1)), [0.0, 0.1])])[:4]
    b'XDF:'
    """
    parts = [b"XDF:", _chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')]
    parts += [_chunk(2, _header(stream), number) for number, stream in enumerate(streams, 1)]
    parts.append(_chunk(5, _BOUNDARY))
    bodies = [_body(stream, number, samples_per_chunk) for number, stream in enumerate(streams, 1)]
    for turn in range(max((len(body) for body in bodies), default=0)):
        parts += [body[turn] for body in bodies if turn < len(body)]
    parts.append(_chunk(5, _BOUNDARY))
    parts += [_chunk(6, _footer(stream), number) for number, stream in enumerate(streams, 1)]
    return b"".join(parts)


def _chunk(tag: int, content: bytes, stream_id: int | None = None) -> bytes:
    """One chunk with its length in front."""
    body = struct.pack("<H", tag) + (b"" if stream_id is None else struct.pack("<I", stream_id)) + content
    return b"\x04" + struct.pack("<I", len(body)) + body


def _header(stream: XdfStream) -> bytes:
    """The header of one stream."""
    texts = stream.is_text or not len(stream.values)
    values = np.atleast_1d(stream.values)
    value_format = "string" if texts else _FORMATS[values.dtype.str[1:]]
    channels = 1 if texts else values.shape[1]
    units = stream.units or [""] * len(stream.labels)
    described = "".join(
        f"<channel><label>{escape(label)}</label><unit>{escape(unit)}</unit></channel>"
        for label, unit in zip(stream.labels, units, strict=True)
    )
    return (
        f'<?xml version="1.0"?><info><name>{escape(stream.name)}</name><type>{escape(stream.type)}</type>'
        f"<channel_count>{channels}</channel_count><nominal_srate>{stream.rate_hz}</nominal_srate>"
        f"<channel_format>{value_format}</channel_format><desc><channels>{described}</channels></desc></info>"
    ).encode()


def _footer(stream: XdfStream) -> bytes:
    """The footer of one stream."""
    return f'<?xml version="1.0"?><info><sample_count>{len(stream.stamps_s)}</sample_count></info>'.encode()


def _body(stream: XdfStream, number: int, samples_per_chunk: int) -> list[bytes]:
    """Samples and clock offsets of one stream, in the order of recording."""
    per_offset = len(stream.stamps_s) / max(1, len(stream.offsets))
    due = [round((k + 1) * per_offset) for k in range(len(stream.offsets))]
    chunks, waiting = [], list(zip(due, stream.offsets, strict=True))
    for start in range(0, len(stream.stamps_s), samples_per_chunk):
        stop = min(start + samples_per_chunk, len(stream.stamps_s))
        samples = b"".join(_sample(stream, i) for i in range(start, stop))
        chunks.append(_chunk(3, b"\x04" + struct.pack("<I", stop - start) + samples, number))
        while waiting and waiting[0][0] <= stop:
            chunks.append(_chunk(4, struct.pack("<dd", *waiting.pop(0)[1]), number))
    return chunks + [_chunk(4, struct.pack("<dd", *offset), number) for _, offset in waiting]


def _sample(stream: XdfStream, i: int) -> bytes:
    """One sample with its stamp."""
    stamp = b"\x08" + struct.pack("<d", stream.stamps_s[i])
    if not stream.is_text:
        return stamp + bytes(np.asarray(stream.values[i]).tobytes())
    text = str(stream.values[i]).encode()
    return b"".join([stamp, b"\x04", struct.pack("<I", len(text)), text])
