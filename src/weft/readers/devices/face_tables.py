"""Faces measured frame by frame: the tables of OpenFace 2 and of py-feat.

Both describe the video of the same stem and read its clock. The action units become the
stream ``<clock>/action_units``: OpenFace's intensities ``AU01_r`` lie in 0..5 and its
presences ``AU01_c`` are 0 or 1; py-feat's ``AU01`` are probabilities, 0..1. py-feat
numbers frames and knows no time, so it needs ``rate_hz``, the video's frame rate.

Formats: https://github.com/TadasBaltrusaitis/OpenFace/wiki/Output-Format and
https://py-feat.org/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from weft.core import Clock, Finding, Modality, Severity, Stream, UnsupportedError
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.choice import Choice
from weft.readers.tables.dialects import load_table, part_stream
from weft.readers.tables.headers import header_of

if TYPE_CHECKING:
    from weft.readers.tables.loading import Table

_PARTS: tuple[tuple[str, Modality, str], ...] = (
    ("action_units", Modality.FACE, r"AU\d+(_[rc])?$"),
    ("face_gaze", Modality.GAZE, r"gaze_"),
    ("head_pose", Modality.POSE, r"pose_|Pitch$|Roll$|Yaw$"),
    ("face_landmarks", Modality.FACE, r"[xy]_\d+$"),
    ("face_landmarks_3d", Modality.FACE, r"[XYZ]_\d+$"),
    ("eye_landmarks", Modality.FACE, r"eye_lmk_"),
    ("face_box", Modality.FACE, r"FaceRect|FaceScore"),
    ("emotions", Modality.FACE, r"(anger|disgust|fear|happiness|sadness|surprise|neutral)$"),
    ("face_confidence", Modality.FACE, r"(confidence|success)$"),
)
_UNITS = (
    (r"pose_T|[XYZ]_\d|eye_lmk_[XYZ]", "mm"),
    (r"pose_R|gaze_angle", "rad"),
    (r"[xy]_\d|eye_lmk_[xy]|FaceRect", "px"),
)


class FaceTableReader:
    """Reads OpenFace and py-feat tables."""

    name = "face_table"

    def recognises(self, probe: Probe) -> bool:
        """Whether the header has OpenFace's or py-feat's columns."""
        header = header_of(probe)
        return {"frame", "timestamp", "confidence", "success"} <= header or {"FaceRectX", "FaceScore"} <= header

    def read(self, request: Request) -> Contents:
        """A stream for each group of columns; for several faces, a set of streams for each.

        Raises
        ------
        UnsupportedError
            If it is py-feat's and no ``rate_hz`` is given.
        UnreadableError
            If the table is broken.
        """
        table = load_table(_with_times(request), _choice(request))
        units = {name: unit for name in table.units for pattern, unit in _UNITS if re.match(pattern, name)}
        table = replace(table, units={**dict.fromkeys(table.units, ""), **units})
        streams = tuple(_streams(request, table))
        return Contents(
            streams,
            (Clock(request.clock),),
            findings=(*table.findings, *_unseen(request, table)),
            follows_stem=True,
        )


def _is_pyfeat(request: Request) -> bool:
    """Whether the table numbers frames and has no times."""
    with request.path.open("rb") as file:
        return "FaceRectX" in header_of(Probe(request.path, file.read(65_536)))


def _with_times(request: Request) -> Request:
    """The request, with py-feat's frame numbers as its time."""
    if not _is_pyfeat(request):
        return request
    if not request.options.get("rate_hz"):
        raise UnsupportedError(
            f"{request.name}: py-feat numbers frames and knows no times; give the frame rate of its video in "
            f'recording.toml: [files."{request.name}"] rate_hz = 30'
        )
    return replace(request, options={"time_column": "frame", "time_unit": "samples", **request.options})


def _choice(request: Request) -> Choice:
    """What is known about the table."""
    if "time_column" in request.options or _is_pyfeat(request):
        return Choice(without=("input",))
    return Choice(time_column="timestamp", time_unit="s")


def _streams(request: Request, table: Table) -> Iterator[Stream]:
    """Each group of columns as a stream; further faces with their number behind."""
    names = table.columns.names
    groups = {signal: [n for n in names if re.match(pattern, n)] for signal, _, pattern in _PARTS}
    for number, rows in enumerate(_faces(table), start=1):
        part = replace(table, columns=table.columns.taken(rows))
        for signal, modality, _ in _PARTS:
            if groups[signal]:
                called = signal if number == 1 else f"{signal}_{number}"
                details = _scale(groups[signal]) if signal == "action_units" else {}
                yield part_stream(request, part, groups[signal], modality=modality, signal=called, details=details)


def _faces(table: Table) -> list[np.ndarray]:
    """The rows of each face, the one that is seen most first."""
    if "face_id" not in table.columns.names:
        return [np.arange(len(table.columns))]
    ids = table.columns.column("face_id")
    found, counts = np.unique(ids[~np.isnan(ids)], return_counts=True)
    return [np.flatnonzero(ids == face) for face in found[np.argsort(-counts, kind="stable")]]


def _scale(names: list[str]) -> dict[str, object]:
    """What the action units' numbers mean."""
    if any(name.endswith("_r") for name in names):
        return {"tool": "OpenFace", "intensity_range": [0, 5], "presence": "_c"}
    return {"tool": "py-feat", "probability_range": [0, 1]}


def _unseen(request: Request, table: Table) -> Iterator[Finding]:
    """A remark on frames in which no face was found."""
    if "success" not in table.columns.names or not len(table.columns):
        return
    missed = int((table.columns.column("success") == 0).sum())
    if missed:
        yield Finding(
            "face_not_found",
            Severity.WARNING if missed > 0.5 * len(table.columns) else Severity.INFO,
            request.name,
            f"no face was found in {missed} of {len(table.columns)} frames; their values mean nothing",
            "use the stream face_confidence to leave such frames out",
            {"frames": float(missed)},
        )
