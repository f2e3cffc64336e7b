"""The streams of a capsule as small files that every tool opens.

Sound becomes WAV (32-bit float, the values as they are), pictures become JPEG, other
numbers become ``.npy`` with their times beside them, and texts become JSON.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from weft.core import Capsule, Modality, Slice, Window
from weft.core.times import NS_PER_S
from weft.dataset.canonical import canonical_json
from weft.dataset.dataset import Dataset
from weft.dataset.filters import Filter

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_JPEG_QUALITY = 90


@dataclass(frozen=True)
class ClipOptions:
    """What an export holds.

    Parameters
    ----------
    where
        Which capsules, as in ``Dataset.capsules``.
    part
        Each capsule's ``"interval"`` or its whole ``"context"``.
    streams
        Streams or modalities; ``None`` for all, an empty tuple for none.
    rates_hz
        Rates by stream or modality. By default sound at 16 kHz and pictures at 5 Hz.
    """

    where: Filter = None
    part: Literal["interval", "context"] = "interval"
    streams: Sequence[str] | None = None
    rates_hz: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Clip:
    """One capsule's files: a name that is safe in any archive to the bytes, and what they are."""

    capsule: Capsule
    files: Mapping[str, bytes]
    streams: Mapping[str, Any]

    def record(self) -> dict[str, Any]:
        """The capsule with its marks, and for each stream its files, times, masks and errors."""
        return {**self.capsule.to_dict(), "streams": dict(self.streams)}


def clips_of(dataset: Dataset, options: ClipOptions) -> Iterator[Clip]:
    """The chosen capsules with their streams, one after another, in the dataset's order.

    Raises
    ------
    DatasetError
        If originals are missing or have changed.
    """
    capsules = dataset.capsules(options.where)
    if options.streams is not None and not options.streams:
        yield from (Clip(capsule, {}, {}) for capsule in capsules)
        return
    modalities = _modalities(dataset)
    defaults = {"audio": 16_000.0, "video": 5.0}
    present = {modality for streams in modalities.values() for modality in streams.values()}
    rates = {name: rate for name, rate in defaults.items() if name in present} | dict(options.rates_hz or {})
    windows = dataset.capsule_windows(options.where, part=options.part, streams=options.streams, rates_hz=rates)
    for capsule, window in zip(capsules, windows, strict=True):
        yield _clip(capsule, window, modalities[capsule.recording])


def _modalities(dataset: Dataset) -> dict[str, dict[str, str]]:
    """Each recording's streams with their modality."""
    modalities: dict[str, dict[str, str]] = {name: {} for name in dataset.recordings}
    for row in dataset.table("streams", columns=["recording", "stream", "modality"]).to_pylist():
        modalities[row["recording"]][row["stream"]] = row["modality"]
    return modalities


def _clip(capsule: Capsule, window: Window, modalities: Mapping[str, str]) -> Clip:
    """One capsule's files."""
    files: dict[str, bytes] = {}
    streams: dict[str, Any] = {}
    for number, (name, piece) in enumerate(sorted(window.slices.items())):
        base = f"{number:02d}-{_UNSAFE.sub('-', name).strip('-')[:60]}"
        made = {f"{base}.{suffix}": content for suffix, content in _encoded(piece, modalities[name])}
        files |= made
        streams[name] = {"modality": modalities[name], "files": sorted(made), **_facts(piece)}
    return Clip(capsule, files, streams)


def _facts(piece: Slice) -> dict[str, Any]:
    """What must not be lost about one stream's values."""
    return {
        "start_ns": int(piece.times_ns[0]) if len(piece) else None,
        "rate_hz": _rate_hz(piece.times_ns),
        "samples": len(piece),
        "valid": valid_runs(piece.valid),
        "reason": piece.reason,
        "error95_ms": piece.error95_ns / 1e6,
        "synthetic": piece.synthetic,
    }


def valid_runs(valid: NDArray[np.bool_]) -> list[list[int]]:
    """The half-open ranges of samples that have a value."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], valid, [False]]).astype(np.int8)))
    return [[int(start), int(stop)] for start, stop in edges.reshape(-1, 2)]


def _rate_hz(times_ns: NDArray[np.int64]) -> float | None:
    """The mean rate of instants, to a millihertz; ``None`` below two."""
    if len(times_ns) < 2 or times_ns[-1] == times_ns[0]:
        return None
    return round((len(times_ns) - 1) * NS_PER_S / int(times_ns[-1] - times_ns[0]), 3)


def _encoded(piece: Slice, modality: str) -> Iterator[tuple[str, bytes]]:
    """One stream's files, by suffix."""
    if not len(piece):
        return
    values, rate_hz = piece.values, _rate_hz(piece.times_ns)
    if modality == Modality.AUDIO and rate_hz and values.dtype.kind in "iuf" and values.ndim <= 2:
        yield "wav", wav_bytes(values, round(rate_hz))
    elif modality == Modality.VIDEO and values.dtype == np.uint8 and values.ndim in (3, 4):
        for index in np.flatnonzero(piece.valid):
            yield f"{index:05d}.jpg", jpeg_bytes(values[index])
        yield "times.npy", _npy_bytes(piece.times_ns)
    elif values.dtype.kind in "biuf":
        yield "npy", _npy_bytes(values)
        yield "times.npy", _npy_bytes(piece.times_ns)
    else:
        pairs = [[int(t), value] for t, value in zip(piece.times_ns, values.tolist(), strict=True)]
        yield "list.json", canonical_json(pairs).encode("utf-8", "backslashreplace")


def wav_bytes(values: NDArray[Any], rate_hz: int) -> bytes:
    """A WAV file of 32-bit floats; integers are scaled to ±1.

    Parameters
    ----------
    values
        Shape (n,) or (n, channels).
    rate_hz
        Samples per second.
    """
    scale = float(np.iinfo(values.dtype).max) + 1.0 if values.dtype.kind in "iu" else 1.0
    samples = (values.astype(np.float64) / scale).astype("<f4") if scale != 1.0 else values.astype("<f4")
    channels = samples.shape[1] if samples.ndim == 2 else 1
    body = np.ascontiguousarray(samples).tobytes()
    ieee_float, frame = 3, 4 * channels
    form = struct.pack("<HHIIHHH", ieee_float, channels, rate_hz, rate_hz * frame, frame, 32, 0)
    fact = struct.pack("<I", len(samples))
    chunks = b"WAVE" + b"".join(
        tag + struct.pack("<I", len(content)) + content for tag, content in ((b"fmt ", form), (b"fact", fact))
    )
    chunks += b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def jpeg_bytes(picture: NDArray[np.uint8]) -> bytes:
    """A JPEG of one picture, (h, w) or (h, w, 3)."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).convert("RGB").save(stream, "JPEG", quality=_JPEG_QUALITY)
    return stream.getvalue()


def _npy_bytes(values: NDArray[Any]) -> bytes:
    """A ``.npy`` file; never one that needs pickle."""
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    return stream.getvalue()
