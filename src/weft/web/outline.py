"""What a stream looks like between two moments, in as many parts as the screen has points."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Interval, Modality, Stream
from weft.dsp.mono import as_mono
from weft.report.pictures import jpeg_of

MOST_PARTS = 4000
DIRECT_S = 30.0
"""Sound up to here is read when asked for; longer stretches come from the overview."""

OVERVIEW_S = 0.01
"""The overview keeps the lowest and highest value of each hundredth of a second."""

_BLOCK_S = 20.0


class Outline:
    """A stream as it is drawn, shown and heard; safe to ask from several threads.

    Parameters
    ----------
    stream
        Any stream; sound and numbers get an outline, pictures frames, events their instants.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._lock = Lock()
        self._overview: NDArray[np.float32] | None = None
        self._full = 0.0

    @property
    def kind(self) -> str:
        """``"sound"``, ``"pictures"``, ``"numbers"`` or ``"events"``: how it is drawn."""
        samples = self.stream.samples
        if self.stream.modality is Modality.VIDEO and len(samples.shape) in (3, 4) and samples.dtype == np.uint8:
            return "pictures"
        if samples.dtype == object or samples.dtype.kind not in "iufb" or len(samples.shape) > 2:
            return "events"
        return "sound" if self.stream.modality is Modality.AUDIO else "numbers"

    def parts(self, start_ns: int, stop_ns: int, count: int) -> dict[str, Any]:
        """The lowest and highest value in each of ``count`` equal parts, -1..1, ``None`` where there is none.

        Events give the instants in it instead, in seconds after ``start_ns``.
        """
        count = int(np.clip(count, 1, MOST_PARTS))
        asked = Interval(start_ns, max(start_ns + 1, stop_ns))
        with self._lock:
            if self.kind in ("events", "pictures"):
                return {"instants": self._instants(asked, count)}
            if self.kind == "sound" and asked.duration_s > DIRECT_S:
                low, high = self._from_overview(asked, count)
            else:
                times_ns, values = self._read(asked)
                low, high = _edges(times_ns - asked.start_ns, values, asked.duration_ns, count)
            self._full = max(self._full, float(np.nanmax(np.abs([low, high]), initial=0.0)))
        scale = self._full or 1.0
        return {"low": _listed(low / scale), "high": _listed(high / scale)}

    def frame(self, t_ns: int) -> bytes | None:
        """The picture that is shown at a moment, as JPEG; ``None`` before the first and after the last."""
        timeline = self.stream.timeline
        with self._lock:
            if self.kind != "pictures" or not self.stream.interval.contains(t_ns):
                return None
            at = max(0, timeline.index_ns(t_ns + 1) - 1)
            return jpeg_of(self.stream.samples.read(at, at + 1)[0])

    def sound_bytes(self, start: int, stop: int) -> bytes:
        """Samples as 16-bit little-endian mono at the stream's own rate."""
        with self._lock:
            mono = np.nan_to_num(as_mono(self.stream.samples.read(start, stop)))
        sound: bytes = np.rint(np.clip(mono, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
        return sound

    def _read(self, asked: Interval) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Stamps and one value per sample: mono sound, or the first column less its middle."""
        times_ns, values = self.stream.read(asked)
        if not len(times_ns):
            return times_ns, np.zeros(0)
        if self.kind == "sound":
            return times_ns, as_mono(values).astype(np.float64)
        column = np.asarray(values, dtype=np.float64).reshape(len(values), -1)[:, 0]
        return times_ns, column - self._middle()

    def _middle(self) -> float:
        """A usual value of the first column, from its first ten thousand samples."""
        first = np.asarray(self.stream.samples.read(0, min(len(self.stream), 10_000)), dtype=np.float64)
        column = first.reshape(len(first), -1)[:, 0]
        finite = column[np.isfinite(column)]
        return float(np.median(finite)) if finite.size else 0.0

    def _instants(self, asked: Interval, count: int) -> list[float]:
        """Where its samples lie, thinned to ``count``, in seconds after the start."""
        times_ns, _ = _stamps(self.stream, asked)
        return [float(t - asked.start_ns) / NS_PER_S for t in times_ns[:: max(1, len(times_ns) // count)]]

    def _from_overview(self, asked: Interval, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A long stretch of sound."""
        if self._overview is None:
            self._overview = self._listen()
        step_ns = round(OVERVIEW_S * NS_PER_S)
        centres_ns = self.stream.interval.start_ns + np.arange(len(self._overview)) * step_ns + step_ns // 2
        inside = slice(*np.searchsorted(centres_ns, [asked.start_ns, asked.stop_ns]).tolist())
        place = centres_ns[inside] - asked.start_ns
        low, _ = _edges(place, self._overview[inside, 0].astype(np.float64), asked.duration_ns, count)
        _, high = _edges(place, self._overview[inside, 1].astype(np.float64), asked.duration_ns, count)
        return low, high

    def _listen(self) -> NDArray[np.float32]:
        """The whole sound once, block by block."""
        whole, step_ns = self.stream.interval, round(OVERVIEW_S * NS_PER_S)
        rows = []
        block_ns = round(_BLOCK_S / OVERVIEW_S) * step_ns
        for start_ns in range(whole.start_ns, whole.stop_ns, block_ns):
            times_ns, values = self._read(Interval(start_ns, min(start_ns + block_ns, whole.stop_ns)))
            low, high = _edges(times_ns - start_ns, values, block_ns, block_ns // step_ns)
            rows.append(np.stack([low, high], axis=1).astype(np.float32))
        return np.concatenate(rows) if rows else np.zeros((0, 2), dtype=np.float32)


def _stamps(stream: Stream, asked: Interval) -> tuple[NDArray[np.int64], int]:
    """A stream's stamps in an interval and the index of the first."""
    start, stop = stream.timeline.index_ns(asked.start_ns), stream.timeline.index_ns(asked.stop_ns)
    return stream.timeline.slice_ns(start, stop), start


def _edges(
    place_ns: NDArray[np.int64], values: NDArray[np.float64], length_ns: int, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and highest value in each part, NaN where there is none."""
    low, high = np.full(count, np.nan), np.full(count, np.nan)
    finite = np.isfinite(values)
    which = np.clip(place_ns[finite] * float(count) / length_ns, 0, count - 1).astype(np.int64)
    starts = np.flatnonzero(np.diff(which, prepend=-1))
    if starts.size:
        low[which[starts]] = np.minimum.reduceat(values[finite], starts)
        high[which[starts]] = np.maximum.reduceat(values[finite], starts)
    return low, high


def _listed(values: NDArray[np.float64]) -> list[float | None]:
    """For JSON: three digits, ``None`` for what is not there."""
    return [round(float(value), 3) if value == value else None for value in values]
