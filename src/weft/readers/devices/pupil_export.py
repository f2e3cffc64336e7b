"""Pupil Invisible and Neon recordings as Pupil Cloud exports them: CSV files in one folder.

Every file counts nanoseconds of Unix time of the phone, so all files of a folder read one
clock. ``gaze.csv``, ``imu.csv`` and ``3d_eye_states.csv`` become streams, ``events.csv``,
``fixations.csv``, ``saccades.csv`` and ``blinks.csv`` annotations. ``world_timestamps.csv``
stamps each frame of the scene video: it becomes evidence if the video is in the folder,
and a stream of bare stamps if not.

Format: https://docs.pupil-labs.com/neon/data-collection/data-format/
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from weft.core import Annotation, Clock, Finding, Interval, Modality, Severity
from weft.readers.devices.device_folders import holds_only, inner_request, join_contents, stamped_video
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.choice import Choice
from weft.readers.tables.dialects import load_table, table_contents
from weft.readers.tables.headers import header_of

if TYPE_CHECKING:
    from weft.readers.tables.loading import Table

_TIME = "timestamp [ns]"
_IDS = ("section id", "recording id", "fixation id", "blink id", "saccade id")
_KINDS = {"fixation id": "fixation", "blink id": "blink", "saccade id": "saccade"}
_OWN = r".*\.(csv|json|txt|tsv)|([0-9a-f-]+_[\d.]+-[\d.]+|.*(scene|world).*)\.(mp4|mkv|mov|avi)"
_VIDEO_SUFFIXES = frozenset({".mp4", ".mkv", ".mov", ".avi"})


class PupilExportReader:
    """Reads an export's folder, or one of its files."""

    name = "pupil_export"

    def recognises(self, probe: Probe) -> bool:
        """Whether a folder is one device's export, or a file's header has Pupil Cloud's columns."""
        if probe.is_folder:
            return {"gaze.csv", "world_timestamps.csv"} <= probe.entries and holds_only(probe.entries, _OWN)
        header = header_of(probe)
        return "recording id" in header and bool({_TIME, "start timestamp [ns]"} & header)

    def read(self, request: Request) -> Contents:
        """The streams and annotations of a file, or of all files of a folder on one clock.

        Raises
        ------
        UnreadableError
            If a table is broken or its time runs backwards.
        """
        if not request.path.is_dir():
            return _read_file(request)
        tables = [path for path in sorted(request.path.glob("*.csv")) if path.name != "world_timestamps.csv"]
        own = [path for path in tables if self.recognises(_probe(path))]
        parts = [*(_read_file(inner_request(request, path)) for path in own), *_scene(request)]
        return join_contents([*parts, Contents(findings=tuple(_unread(request, set(tables) - set(own))))])


def _unread(request: Request, paths: set[Path]) -> Iterator[Finding]:
    """A remark on tables in the folder that are none of the export's."""
    if paths:
        names = ", ".join(sorted(path.name for path in paths))
        message = f"{len(paths)} tables are not part of the export and were left out: {names}"
        yield Finding("files_left_out", Severity.INFO, request.name, message, "read them from another folder")


def _probe(path: Path) -> Probe:
    """A file with enough of its head for a long header."""
    with path.open("rb") as file:
        return Probe(path, file.read(65_536))


def _scene(request: Request) -> list[Contents]:
    """The scene video with its stamps, or the stamps alone."""
    stamps = inner_request(request, request.path / "world_timestamps.csv")
    videos = [path for path in sorted(request.path.iterdir()) if path.suffix.lower() in _VIDEO_SUFFIXES]
    if len(videos) != 1:
        return [_read_file(stamps)]
    table = load_table(stamps, Choice(time_column=_TIME, time_unit="ns", without=_IDS))
    return [
        stamped_video(
            inner_request(request, videos[0], f"{request.clock}/scene"), table.columns.times_ns, request.clock
        )
    ]


def _read_file(request: Request) -> Contents:
    """One file of an export."""
    header = header_of(_probe(request.path))
    if "start timestamp [ns]" in header:
        kind = next((kind for column, kind in _KINDS.items() if column in header), "event")
        choice = Choice(time_unit="ns", without=_IDS, kind=kind)
        return table_contents(request, load_table(request, choice), choice)
    if {"name", "type"} <= header:
        return _events(request, load_table(request, Choice(time_column=_TIME, time_unit="ns", without=_IDS)))
    signal, modality = _signal(header)
    choice = Choice(time_column=_TIME, time_unit="ns", modality=modality, signal=signal, without=_IDS)
    return table_contents(request, load_table(request, choice), choice)


def _signal(header: frozenset[str]) -> tuple[str, Modality]:
    """What a file of samples holds."""
    if "gaze x [px]" in header:
        return "gaze", Modality.GAZE
    if "gyro x [deg/s]" in header:
        return "imu", Modality.MOTION
    if any(name.startswith("pupil diameter") for name in header):
        return "eye_state", Modality.GAZE
    if header <= {"section id", "recording id", _TIME}:
        return "scene_frames", Modality.EVENT
    return "table", Modality.TABLE


def _events(request: Request, table: Table) -> Contents:
    """Named moments."""
    names, kinds = table.columns.texts["name"].values(), table.columns.texts["type"].values()
    annotations = [
        Annotation(
            "event",
            Interval(at_ns, at_ns),
            request.clock,
            name,
            method=request.name,
            tier="events",
            details={"type": kind},
        )
        for at_ns, name, kind in zip(table.columns.times_ns.tolist(), names, kinds, strict=True)
    ]
    return Contents((), (Clock(request.clock, table.epoch),), tuple(annotations), (), table.findings)
