"""Facial action units of an utterance, from streams that a face tracker wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import Annotation, Interval, Modality, Origin, Stream, TimeMap

_UNIT = re.compile(r"^AU_?0*(\d{1,2})(?:_?([rc]))?$", re.IGNORECASE)
"""``AU01_r`` (intensity) and ``AU01_c`` (presence) as OpenFace writes them, ``AU01`` as py-feat does."""

_OPENFACE_SCALE = "0..5"


@dataclass(frozen=True, slots=True)
class UnitColumns:
    """Which columns of a stream hold which action unit.

    ``intensity`` and ``presence`` lead from the unit's number to the column.
    """

    intensity: dict[int, int] = field(default_factory=dict)
    presence: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnitSource:
    """A stream of action units, and the one that says whether, and how surely, a face was seen.

    ``witness`` has a column ``success`` or ``confidence`` for the same samples: the stream
    itself, or its neighbour ``face_confidence``; ``None`` where the tracker does not say.
    """

    stream: Stream
    columns: UnitColumns
    witness: Stream | None = None

    def read(self, device: Interval) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
        """The table (n, columns), which rows have a face, and the tracker's confidence in each (NaN where unknown)."""
        _, values = self.stream.read(device)
        if values.dtype.kind not in "iufb":
            values = values[:0].astype(np.float64)
        table = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
        seen, sure = np.ones(len(table), dtype=np.bool_), np.full(len(table), np.nan)
        if self.witness is not None and len(table):
            told = np.asarray(self.witness.read(device)[1], dtype=np.float64).reshape(len(table), -1)
            names = [name.strip().lower() for name in self.witness.channels]
            if "success" in names:
                seen = told[:, names.index("success")] > 0.5
            if "confidence" in names:
                sure = np.clip(told[:, names.index("confidence")], 0.0, 1.0)
        return table, seen, sure


def find_units(stream: Stream) -> UnitColumns | None:
    """The action units of a stream, or ``None`` where it has none.

    Examples
    --------
    >>> from weft.core import ArraySamples, ListedTimeline
    >>> import numpy as np
    >>> table = Stream("cam/action_units", Modality.FACE, "cam", ListedTimeline(np.array([0])),
    ...                ArraySamples(np.zeros((1, 2))), channels=("AU04_r", "AU04_c"))
    >>> find_units(table).intensity, find_units(table).presence
    ({4: 0}, {4: 1})
    """
    if stream.modality is not Modality.FACE and not stream.name.endswith("action_units"):
        return None
    found = UnitColumns()
    names = [name.strip() for name in stream.channels]
    for column, name in enumerate(names):
        match = _UNIT.match(name)
        if match:
            kind = found.presence if (match[2] or "").lower() == "c" else found.intensity
            kind.setdefault(int(match[1]), column)
    if not found.intensity and not found.presence:
        return None
    return found


def action_units_of(utterance: Annotation, source: UnitSource, time_map: TimeMap) -> tuple[Annotation, ...]:
    """One annotation for each action unit that was tracked during an utterance.

    The value names the unit's number ``au``, the ``mean`` and ``peak`` of its intensity and the
    ``scale`` they are on (never rescaled), the share of frames in which it was ``present``, and
    the number of ``frames``. Frames without a face (``success`` 0, or not a number) do not count;
    confidence is the mean of the tracker's own, times the share of frames that had a face.

    Notes
    -----
    The numbers are the tracker's. A mouth that talks moves units 25 and 26 whatever is felt.
    """
    edges = time_map.inverse([utterance.interval.start_ns, utterance.interval.stop_ns], extrapolate=True)
    table, seen, sure = source.read(Interval(int(edges[0]), int(edges[1])))
    known = sure[seen & np.isfinite(sure)]
    confidence = round(float(known.mean()) * float(seen.mean()), 4) if known.size else None
    stream, columns = source.stream, source.columns
    rows = [_unit(au, table[seen], stream, columns) for au in sorted({*columns.intensity, *columns.presence})]
    return tuple(
        Annotation(
            kind="action_unit",
            interval=utterance.interval,
            clock=utterance.clock,
            value=row,
            origin=Origin.IMPORT,
            method=str(stream.details.get("method", "")) or f"columns of {stream.source or stream.name}",
            confidence=confidence,
            tier=f"AU{row['au']:02d}",
            stream=stream.name,
        )
        for row in rows
        if row is not None
    )


def _unit(au: int, table: NDArray[np.float64], stream: Stream, columns: UnitColumns) -> dict[str, Any] | None:
    """One unit's figures over the frames that had a face; nothing where it was never a number."""
    intensity = _finite(table, columns.intensity.get(au))
    presence = _finite(table, columns.presence.get(au))
    if not intensity.size and not presence.size:
        return None
    return {
        "au": au,
        "mean": round(float(intensity.mean()), 4) if intensity.size else None,
        "peak": round(float(intensity.max()), 4) if intensity.size else None,
        "scale": _scale(stream, columns.intensity.get(au)),
        "present": round(float((presence > 0.5).mean()), 4) if presence.size else None,
        "frames": int(max(intensity.size, presence.size)),
    }


def _finite(table: NDArray[np.float64], column: int | None) -> NDArray[np.float64]:
    """A column's numbers."""
    if column is None:
        return np.zeros(0)
    values = table[:, column]
    return np.asarray(values[np.isfinite(values)], dtype=np.float64)


def _scale(stream: Stream, column: int | None) -> str:
    """What the intensities are counted in: the file's unit or range, OpenFace's by its suffix, or unknown."""
    if column is None:
        return ""
    if column < len(stream.units) and stream.units[column]:
        return stream.units[column]
    for name in ("intensity_range", "probability_range"):
        if name in stream.details:
            return "..".join(f"{edge:g}" for edge in stream.details[name])
    return _OPENFACE_SCALE if stream.channels[column].lower().endswith("_r") else "as imported"


def unit_sources(streams: Sequence[Stream]) -> list[UnitSource]:
    """The streams that hold action units, by name, each with its witness."""
    by_name = {stream.name: stream for stream in streams}
    found = []
    for name in sorted(by_name):
        stream = by_name[name]
        columns = find_units(stream)
        if columns is not None:
            neighbour = by_name.get(name.replace("action_units", "face_confidence"))
            found.append(UnitSource(stream, columns, _witness(stream, neighbour)))
    return found


def _witness(stream: Stream, neighbour: Stream | None) -> Stream | None:
    """Which of two streams of the same samples says whether a face was seen."""
    for candidate in (stream, neighbour):
        if candidate is None or len(candidate) != len(stream) or candidate.clock != stream.clock:
            continue
        if {"success", "confidence"} & {name.strip().lower() for name in candidate.channels}:
            return candidate
    return None
