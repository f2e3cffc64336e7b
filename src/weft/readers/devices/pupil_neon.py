"""Native recordings of Pupil Neon: binary files with an int64 stamp for each record.

``gaze ps1.raw`` holds records, ``gaze ps1.time`` their stamps in nanoseconds of Unix time,
``gaze.dtype`` the fields of a record; ``ps2`` and so on continue after an interruption.
``gaze_200hz`` is what the cloud computed later and stands beside the live ``gaze``.
Fixations, saccades and blinks become annotations, and so do the lines of ``event.txt``.

The field list is parsed, never evaluated. Layout: the recordings of
https://github.com/pupil-labs/pl-neon-recording (MIT).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weft.core import (
    Annotation,
    ArraySamples,
    Clock,
    Epoch,
    Finding,
    Interval,
    ListedTimeline,
    Modality,
    Severity,
    Stream,
    UnreadableError,
)
from weft.core.times import Int64Array
from weft.readers.devices.device_folders import holds_only, inner_request, join_contents, stamped_video
from weft.readers.protocol import Contents, Probe, Request

_PART = re.compile(r"^(?P<stem>.+?)(?: ps(?P<part>\d+))?\.time$")
_FIELD = re.compile(r"\(\s*\"(\w+)\"\s*,\s*\"((?:u?int|float)(?:8|16|32|64))\"\s*\)")
_OWN = r".*\.(raw|time|time_aux|dtype|proto|json|bin|zip|crc)|(event|neon).*\.txt|Neon .*\.mp4"
_SPANS = {"start_timestamp_ns", "end_timestamp_ns"}
_EVENT_TYPES = {0: "saccade", 1: "fixation", 4: "blink"}
_SHARED_DTYPES = {"gaze_200hz": "gaze", "gaze_right": "gaze", "worn_200hz": "worn"}
_UNREAD = frozenset({"extimu"})
"""Protobuf copies of what is read elsewhere."""

_MODALITIES = {"gaze": Modality.GAZE, "eye": Modality.GAZE, "imu": Modality.MOTION, "worn": Modality.EVENT}
_UNITS = (
    (r".*_mm$|eyeball_center", "mm"),
    (r"gyro_", "deg/s"),
    (r"accel_", "g"),
    (r"eyelid_angle", "rad"),
    (r"^[xy]$|.*_gaze_[xy]$", "px"),
)


class NeonReader:
    """Reads a native Neon recording's folder."""

    name = "pupil_neon"

    def recognises(self, probe: Probe) -> bool:
        """Whether a folder holds ``info.json`` and stamped Neon files and nothing of another device."""
        stamped = any(re.match(r"(gaze|imu|eye_state|Neon .+)( ps\d+|_200hz)?\.time$", name) for name in probe.entries)
        return probe.is_folder and "info.json" in probe.entries and stamped and holds_only(probe.entries, _OWN)

    def read(self, request: Request) -> Contents:
        """All sensors on one clock, Unix time of the phone.

        Raises
        ------
        UnreadableError
            If a file's stamps run backwards, or a record's fields cannot be told.
        """
        sensors: dict[str, list[tuple[int, Path]]] = {}
        for path in sorted(request.path.iterdir()):
            match = _PART.match(path.name)
            if match and match["stem"] not in _UNREAD:
                sensors.setdefault(match["stem"], []).append((int(match["part"] or 1), path))
        parts = [_sensor(request, stem, [path for _, path in sorted(found)]) for stem, found in sensors.items()]
        return join_contents([Contents(clocks=(Clock(request.clock, Epoch.UNIX),)), *parts])


@dataclass(frozen=True)
class _Records:
    """A sensor's stamps and records, all parts joined."""

    times_ns: Int64Array
    records: np.ndarray
    findings: tuple[Finding, ...]


def _sensor(request: Request, stem: str, paths: list[Path]) -> Contents:
    """Everything of one sensor."""
    if stem == "event":
        return _events(request, paths[0])
    if stem.startswith("Neon "):
        return join_contents(_video(request, stem, path) for path in paths)
    dtype = _dtype(request, stem)
    if dtype is None:
        name = f"{request.name}/{paths[0].name}"
        message = f"{stem!r} has stamps but no description of its records, and was left out"
        return Contents(findings=(Finding("unknown_records", Severity.INFO, name, message),))
    read = _read_parts(request, paths, dtype)
    if set(dtype.names or ()) >= _SPANS:
        return Contents(annotations=tuple(_spans(request, stem, read)), findings=read.findings)
    return Contents((_stream(request, stem, read),), findings=read.findings)


def _dtype(request: Request, stem: str) -> np.dtype | None:
    """A record's fields, as the folder describes them."""
    path = request.path / f"{_SHARED_DTYPES.get(stem, stem)}.dtype"
    if not path.is_file():
        return None
    text = path.read_text("utf-8", "replace")[:100_000].strip()
    fields = _FIELD.findall(text)
    if not fields or not text.endswith("]") or len({name for name, _ in fields}) != len(fields):
        raise UnreadableError(
            f'{request.name}/{path.name}: expected a list of fields such as ("x", "float32"), found {text[-40:]!r}'
        )
    return np.dtype([(name, np.dtype(kind).newbyteorder("<")) for name, kind in fields])


def _stamps(request: Request, path: Path) -> tuple[Int64Array, bool]:
    """The stamps in a file, and whether it ends within one."""
    size = path.stat().st_size
    times_ns = np.fromfile(path, dtype="<i8", count=size // 8).astype(np.int64)
    falls = np.flatnonzero(np.diff(times_ns) < 0)
    if falls.size:
        raise UnreadableError(
            f"{request.name}/{path.name}: expected stamps that never fall, found {falls.size} falls, "
            f"first at record {int(falls[0]) + 1}"
        )
    return times_ns, bool(size % 8)


def _read_parts(request: Request, paths: list[Path], dtype: np.dtype) -> _Records:
    """The parts of a sensor's recording, joined."""
    stamps, records, findings = [], [], []
    for path in paths:
        raw = path.with_suffix(".raw")
        times_ns, is_cut = _stamps(request, path)
        size = raw.stat().st_size if raw.is_file() else 0
        values = np.fromfile(raw, dtype=dtype, count=size // dtype.itemsize) if size else np.empty(0, dtype)
        count = min(len(times_ns), len(values))
        if is_cut or size % dtype.itemsize or len(times_ns) != len(values):
            findings.append(
                Finding(
                    "truncated_file",
                    Severity.WARNING,
                    f"{request.name}/{raw.name}",
                    f"expected a record for each stamp, found {len(times_ns)} stamps and {len(values)} whole records "
                    f"of {dtype.itemsize} bytes; the first {count} were read",
                    "copy the recording from the phone again",
                    {"stamps": float(len(times_ns)), "records": float(len(values))},
                )
            )
        stamps.append(times_ns[:count])
        records.append(values[:count])
    times_ns = np.concatenate(stamps)
    if np.any(np.diff(times_ns) < 0):
        raise UnreadableError(
            f"{request.name}: expected the parts of {paths[0].stem!r} one after the other, found them overlapping"
        )
    return _Records(times_ns, np.concatenate(records), tuple(findings))


def _stream(request: Request, stem: str, read: _Records) -> Stream:
    """A sensor's samples; fields that repeat the stamp are left out."""
    names = tuple(name for name in read.records.dtype.names or () if not name.endswith("timestamp_ns"))
    values = np.column_stack([read.records[name].astype(np.float64) for name in names])
    units = tuple(next((unit for pattern, unit in _UNITS if re.match(pattern, name)), "") for name in names)
    return Stream(
        f"{request.clock}/{stem}",
        _MODALITIES.get(stem.split("_")[0], Modality.TABLE),
        request.clock,
        ListedTimeline(read.times_ns),
        ArraySamples(values),
        channels=names,
        units=units,
        source=request.name,
    )


def _spans(request: Request, stem: str, read: _Records) -> Iterator[Annotation]:
    """Fixations, saccades and blinks."""
    for record in read.records:
        start_ns, stop_ns = int(record["start_timestamp_ns"]), int(record["end_timestamp_ns"])
        if stop_ns < start_ns:
            raise UnreadableError(
                f"{request.name}: {stem}: expected spans that stop after they start, found {start_ns} .. {stop_ns} ns"
            )
        others = [n for n in record.dtype.names if n not in _SPANS and n != "event_type"]
        value = {name: float(record[name]) for name in others if np.isfinite(record[name])}
        code = int(record["event_type"]) if "event_type" in record.dtype.names else -1
        kind = _EVENT_TYPES.get(code, stem.rstrip("s"))
        yield Annotation(
            kind, Interval(start_ns, stop_ns), request.clock, value, method=f"{request.name}/{stem}", tier=stem
        )


def _events(request: Request, path: Path) -> Contents:
    """Named moments."""
    text = path.with_suffix(".txt")
    written = text.read_text("utf-8", "replace") if text.is_file() else ""
    names = written.splitlines()
    times_ns, _ = _stamps(request, path)
    findings = []
    if len(names) != len(times_ns):
        some = min(len(names), len(times_ns))
        message = f"expected a name for each of {len(times_ns)} events, found {len(names)}; the first {some} were read"
        findings.append(
            Finding("truncated_file", Severity.WARNING, f"{request.name}/{text.name}", message, "copy it again")
        )
    if written and not written.endswith("\n"):
        message = "the file ends within a line; the last event's name may be cut off"
        findings.append(Finding("unfinished_last_line", Severity.INFO, f"{request.name}/{text.name}", message))
    annotations = [
        Annotation(
            "event", Interval(at_ns, at_ns), request.clock, name, method=f"{request.name}/event.txt", tier="events"
        )
        for at_ns, name in zip(times_ns.tolist(), names, strict=False)
    ]
    return Contents(annotations=tuple(annotations), findings=tuple(findings))


def _video(request: Request, stem: str, path: Path) -> Contents:
    """A camera's video with its stamps, or the stamps alone where the video is absent."""
    signal = "scene" if "Scene" in stem else "eyes"
    part = path.stem.removeprefix(stem).strip()
    name = signal if part in ("", "ps1") else f"{signal}_{part}"
    times_ns, _ = _stamps(request, path)
    video = path.with_suffix(".mp4")
    if video.is_file():
        return stamped_video(inner_request(request, video, f"{request.clock}/{name}"), times_ns, request.clock)
    stream = Stream(
        f"{request.clock}/{name}_frames",
        Modality.EVENT,
        request.clock,
        ListedTimeline(times_ns),
        ArraySamples(np.empty((len(times_ns), 0))),
        source=f"{request.name}/{path.name}",
    )
    note = Finding(
        "video_absent",
        Severity.INFO,
        f"{request.name}/{video.name}",
        f"the video is not in the folder; its {len(times_ns)} frame stamps were read",
        "copy the video beside its stamps",
    )
    return Contents((stream,), findings=(note,))
