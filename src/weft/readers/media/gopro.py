"""GoPro telemetry: the sensors beside a camera's pictures, on the clock of its file.

A payload holds about one second of every sensor without a time for each sample. The
samples are spread evenly from their payload's start to the next one's; where the camera
stamped the payload itself (``STMP``, microseconds), by those stamps.

Source: https://gopro.github.io/gpmf-parser, sections "GPMF Timing and Clocks" and "KLV Design".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import (
    NS_PER_S,
    Clock,
    Epoch,
    Finding,
    Interpolation,
    ListedTimeline,
    Modality,
    Severity,
    Stream,
    UnreadableError,
)
from weft.core.times import Int64Array
from weft.readers.media import gpmf
from weft.readers.protocol import Contents, Probe, Request

_MODALITY = {
    "ACCL": Modality.MOTION,
    "GYRO": Modality.MOTION,
    "MAGN": Modality.MOTION,
    "GRAV": Modality.MOTION,
    "CORI": Modality.POSE,
    "IORI": Modality.POSE,
    "GPS5": Modality.LOCATION,
    "GPS9": Modality.LOCATION,
}
_QUATERNIONS = frozenset({"CORI", "IORI"})
"""Stored w first; weft's quaternions are x, y, z, w."""
_W_LAST = [1, 2, 3, 0]
_CHANNELS = {
    "GPS5": ("latitude", "longitude", "altitude", "speed_2d", "speed_3d"),
    "GPS9": ("latitude", "longitude", "altitude", "speed_2d", "speed_3d", "days_2000", "seconds", "dop", "fix"),
    "CORI": ("x", "y", "z", "w"),
    "IORI": ("x", "y", "z", "w"),
}
_LARGEST_RAW = 256 << 20
"""A bare telemetry file is read whole; an hour has about 40 MB."""


@dataclass(frozen=True)
class _Part:
    """One sensor's samples in one payload: where the payload lies, and when it starts and stops."""

    at: int
    size: int
    count: int
    start_ns: int
    stop_ns: int
    stamp_us: float | None


@dataclass
class _Sensor:
    """One sensor over all payloads."""

    first: gpmf.Signal
    place: int
    parts: list[_Part] = field(default_factory=list)


class GoproReader:
    """Reads bare GPMF payloads, as tools take them out of a camera's video."""

    name = "gopro"

    def recognises(self, probe: Probe) -> bool:
        """Whether the content starts with a device record."""
        return probe.head.startswith(gpmf.MAGIC) and probe.head[4:5] == b"\0"

    def read(self, request: Request) -> Contents:
        """Each sensor as a stream; one second is assumed for a payload that has no stamp.

        Raises
        ------
        UnreadableError
            If no payload holds a sensor's samples.
        """
        size = request.path.stat().st_size
        if size > _LARGEST_RAW:
            raise UnreadableError(
                f"{request.name}: expected telemetry of at most {_LARGEST_RAW >> 20} MiB, found {size >> 20} MiB; "
                f"read the video that it was taken from"
            )
        data = request.path.read_bytes()
        telemetry = Telemetry(request.path)
        bounds = gpmf.payload_bounds(data)
        for number, (at, stop) in enumerate(bounds):
            telemetry.add(data[at:stop], at, number * NS_PER_S, NS_PER_S)
        number = len(bounds)
        streams, findings = telemetry.streams(request, set(), {})
        if not streams:
            raise UnreadableError(
                f"{request.name}: expected GPMF telemetry, found {number} payloads and no sensor in them; "
                f"leave the file out"
            )
        stop = bounds[-1][1]
        cut = [_cut(request.name, stop, len(data))] if stop > len(data) else []
        clock = Clock(request.clock, Epoch.START)
        return Contents(tuple(streams), (clock,), findings=(*cut, _assumed(request.name, number), *findings))


class Telemetry:
    """The payloads of one telemetry track, gathered one by one.

    Parameters
    ----------
    path
        The file that they lie in; samples are read from there later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sensors: dict[tuple[str, str, int], _Sensor] = {}
        self._payloads = 0

    def add(self, payload: bytes, at: int | None, start_ns: int, duration_ns: int) -> None:
        """Note what a payload holds.

        Parameters
        ----------
        payload
            Its bytes.
        at
            Where they lie in the file; a payload without a place is left out.
        start_ns, duration_ns
            When it starts and how long it lasts, on the file's clock.
        """
        self._payloads += 1
        if at is None or at < 0:
            return
        alike: Counter[tuple[str, str]] = Counter()
        for signal in gpmf.signals(payload):
            same = alike[signal.device, signal.key]
            alike[signal.device, signal.key] += 1
            sensor = self._sensors.setdefault((signal.device, signal.key, same), _Sensor(signal, same))
            if signal.count and signal.members() == sensor.first.members():
                stop_ns = start_ns + duration_ns
                stamp_us = signal.number("STMP")
                sensor.parts.append(_Part(at, len(payload), signal.count, start_ns, stop_ns, stamp_us))

    def streams(
        self, request: Request, taken: set[str], about: Mapping[str, Any]
    ) -> tuple[list[Stream], list[Finding]]:
        """A stream for each sensor that gave samples, and what is remarkable.

        Parameters
        ----------
        request
            The file, and what its clock is called.
        taken
            Stream names that are in use.
        about
            What is said of the whole file, for each stream's details.
        """
        made: list[Stream] = []
        for sensor in self._sensors.values():
            if not sensor.parts:
                continue
            name = f"{request.clock}/{sensor.first.key.strip().lower()}"
            used = taken | {stream.name for stream in made}
            free = next(n for n in (name, *(f"{name}_{i}" for i in range(2, 1000))) if n not in used)
            made.append(self._stream(sensor, free, request, about))
        findings = [] if made or not self._payloads else [_no_sensor(request.name, self._payloads)]
        return made, findings

    def _stream(self, sensor: _Sensor, name: str, request: Request, about: Mapping[str, Any]) -> Stream:
        """One sensor's stream."""
        key, first = sensor.first.key, sensor.first
        times_ns, method = sensor_times(sensor.parts)
        width = len(first.members())
        details = {"device": first.device, "description": first.text("STNM"), "time_method": method, "codec": "gpmf"}
        return Stream(
            name,
            _MODALITY.get(key, Modality.TABLE),
            request.clock,
            ListedTimeline(times_ns),
            GpmfSamples(self._path, tuple(sensor.parts), (first.device, key, sensor.place), width),
            channels=_channels(first, width),
            units=first.units() if key not in _QUATERNIONS else (),
            interpolation=Interpolation.ROTATION if key in _QUATERNIONS else Interpolation.BY_MODALITY,
            source=request.name,
            details={**about, **details, "signal": key},
        )


class GpmfSamples:
    """One sensor's samples in their units, float64 (n, values), read payload by payload.

    Parameters
    ----------
    path
        The file that holds the payloads.
    parts
        Where each payload lies, with how many samples of the sensor.
    sensor
        The device's name, the sensor's key, and which of several alike it is.
    width
        Values of one sample.
    """

    def __init__(self, path: Path, parts: tuple[_Part, ...], sensor: tuple[str, str, int], width: int) -> None:
        self._path, self._parts, self._sensor, self._width = path, parts, sensor, width
        self._first = np.concatenate([[0], np.cumsum([part.count for part in parts])]).astype(np.int64)

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, values)``."""
        return (int(self._first[-1]), self._width)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always ``float64``."""
        return np.dtype(np.float64)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The samples ``start <= i < stop``.

        Raises
        ------
        UnreadableError
            If the file no longer holds what it held when it was opened.
        """
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        if stop <= start:
            return np.zeros((0, self._width))
        begin = int(np.searchsorted(self._first, start, side="right")) - 1
        end = int(np.searchsorted(self._first, stop, side="left"))
        with self._path.open("rb") as file:
            values = np.concatenate([self._values(file, part) for part in self._parts[begin:end]])
        return values[start - int(self._first[begin]) : stop - int(self._first[begin])]

    def _values(self, file: Any, part: _Part) -> NDArray[np.float64]:
        """The sensor's samples in one payload."""
        file.seek(part.at)
        device, key, place = self._sensor
        alike = [s for s in gpmf.signals(file.read(part.size)) if s.device == device and s.key == key]
        values = alike[place].values() if place < len(alike) else np.zeros((0, self._width))
        if values.shape != (part.count, self._width):
            raise UnreadableError(
                f"{self._path.name}: expected {part.count} samples of {key} at byte {part.at}, found "
                f"{values.shape[0]}; the file has changed since it was opened"
            )
        return values[:, _W_LAST] if key in _QUATERNIONS and self._width == len(_W_LAST) else values


def sensor_times(parts: list[_Part]) -> tuple[Int64Array, str]:
    """When each sample of a sensor was taken, int64 (n), and by which method.

    ::

        payload   |start            stop|start ...
        samples   x    x    x    x      x    x          evenly from one start to the next

    Returns
    -------
    tuple
        The instants, never decreasing, and ``"stamps"`` or ``"payloads"``.

    Notes
    -----
    When it fails: a camera flushes its buffers late, so a sample may be off by the
    flush's jitter (some milliseconds) where there are no stamps.
    """
    stamps = np.array([np.nan if part.stamp_us is None else part.stamp_us for part in parts])
    stamped = len(parts) > 1 and bool(np.all(np.diff(stamps) > 0))
    if stamped:
        starts = parts[0].start_ns + np.round((stamps - stamps[0]) * 1000).astype(np.int64)
    else:
        starts = np.array([part.start_ns for part in parts], dtype=np.int64)
    lasts = np.array([part.stop_ns - part.start_ns for part in parts], dtype=np.int64)
    follows = np.array([a.stop_ns == b.start_ns for a, b in pairwise(parts)] + [False])
    stops = np.where(follows, np.append(starts[1:], 0), starts + lasts)
    if len(parts) > 1:
        # A recording ends within its last payload: its few samples keep the pace of those before.
        before = sum(part.count for part in parts[:-1])
        paced = starts[-1] + (starts[-1] - starts[0]) * parts[-1].count // before
        stops[-1] = paced if stamped else min(stops[-1], paced)
    times = [
        start + np.arange(part.count, dtype=np.int64) * (stop - start) // part.count
        for part, start, stop in zip(parts, starts.tolist(), stops.tolist(), strict=True)
    ]
    return np.maximum.accumulate(np.concatenate(times)), "stamps" if stamped else "payloads"


def _channels(signal: gpmf.Signal, width: int) -> tuple[str, ...]:
    """A name for each value, from the format's list, the axes that the payload names, or its description."""
    known = _CHANNELS.get(signal.key, ())
    if len(known) == width:
        return known
    axes = signal.text("ORIN") or signal.text("ORIO")
    if len(axes) == width:
        return tuple(axes)
    inside = signal.text("STNM").partition("(")[2].rpartition(")")[0]
    named = tuple(part.strip() for part in inside.split(",")) if inside else ()
    if len(named) == width and len(set(named)) == width:
        return named
    return (signal.key.lower(),) if width == 1 else tuple(f"{signal.key.lower()}_{i}" for i in range(width))


def _no_sensor(name: str, payloads: int) -> Finding:
    """A telemetry track without a sensor."""
    return Finding(
        "empty_telemetry",
        Severity.INFO,
        name,
        f"the telemetry track has {payloads} payloads and no sensor that holds numbers in them",
        "",
        {"payloads": float(payloads)},
    )


def _assumed(name: str, payloads: int) -> Finding:
    """Bare payloads carry no time."""
    return Finding(
        "assumed_times",
        Severity.WARNING,
        name,
        f"{payloads} bare payloads carry no time of their own; one second is assumed for each, except where the "
        f"camera stamped a sensor's payloads",
        "read the video that they were taken from, which says when each payload starts",
        {"payloads": float(payloads), "assumed_payload_s": 1.0},
    )


def _cut(name: str, promised: int, found: int) -> Finding:
    """A last payload that is not all there."""
    return Finding(
        "truncated",
        Severity.WARNING,
        name,
        f"expected {promised:,} bytes by the last payload's header, found {found:,}; it is read up to the cut",
        "copy the file from the device again if the original is whole",
        {"promised_bytes": float(promised), "found_bytes": float(found)},
    )
