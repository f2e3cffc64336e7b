"""Tobii Pro Glasses 2: ``livedata.json`` (or ``.gz``), or the segment folder it lies in.

Each line is a packet with the tracker's time ``ts`` in microseconds, a status ``s`` (0:
valid) and one value: gaze in the scene ``gp`` (0..1 from the upper left) and in space
``gp3`` (mm), for each eye the pupil's centre ``pc`` (mm) and diameter ``pd`` (mm) and the
gaze direction ``gd``, acceleration ``ac`` (m/s2), rotation ``gy`` (deg/s), the sync port
``sig``. Lines with ``vts`` and ``evts`` say what the scene and the eye video's clock read
at ``ts``: they become evidence between ``<clock>/fullstream`` or ``<clock>/eyesstream``
and the tracker's clock, or ``fullstream`` and ``eyesstream`` where these videos lie beside
a file that is read alone. Values with another status are missing (NaN).

Format: Tobii Pro Glasses 2 API Developer's Guide, "Live data".
"""

from __future__ import annotations

import gzip
import json
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from weft.core import (
    ArraySamples,
    Clock,
    Epoch,
    Evidence,
    Finding,
    ListedTimeline,
    Modality,
    Severity,
    Stream,
    UnreadableError,
    UnsupportedError,
)
from weft.readers.devices.device_folders import declared_relation, holds_only, inner_request, join_contents, read_video
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.bounded_lines import bounded_lines

MAX_TEXT_BYTES = 4 << 30
_FILES = ("livedata.json", "livedata.json.gz")
_OWN = r"livedata\.json(\.gz)?|[^.]*\.tslv(\.gz)?|[^.]*\.json|(fullstream|eyesstream)\.mp4"
_VIDEOS = {"vts": "fullstream", "evts": "eyesstream"}
_NS_PER_US = 1000
_STAMP_SD_NS = 1000.0
"""The clock lines count whole microseconds."""

# Packet key -> stream, modality, channels, units.
_SIGNALS: dict[str, tuple[str, Modality, tuple[str, ...], tuple[str, ...]]] = {
    "gp": ("gaze", Modality.GAZE, ("x", "y"), ("scene width", "scene height")),
    "gp3": ("gaze_3d", Modality.GAZE, ("x", "y", "z"), ("mm",) * 3),
    "pc": ("pupil_centre", Modality.GAZE, ("x", "y", "z"), ("mm",) * 3),
    "pd": ("pupil_diameter", Modality.GAZE, ("diameter",), ("mm",)),
    "gd": ("gaze_direction", Modality.GAZE, ("x", "y", "z"), ("",) * 3),
    "ac": ("accelerometer", Modality.MOTION, ("x", "y", "z"), ("m/s2",) * 3),
    "gy": ("gyroscope", Modality.MOTION, ("x", "y", "z"), ("deg/s",) * 3),
    "sig": ("sync", Modality.EVENT, ("level",), ("",)),
}


class TobiiGlassesReader:
    """Reads a segment's live data, and its videos where the folder holds them."""

    name = "tobii_glasses"

    def recognises(self, probe: Probe) -> bool:
        """Whether a folder holds live data and nothing of another device, or a file is called so."""
        if probe.is_folder:
            return any(name in probe.entries for name in _FILES) and holds_only(probe.entries, _OWN)
        return probe.path.name.lower() in _FILES

    def read(self, request: Request) -> Contents:
        """The tracker's signals, and the relations of its clocks.

        Raises
        ------
        UnreadableError
            If there is no packet in the file.
        """
        if not request.path.is_dir():
            return _Packets(request).contents()
        live = next(request.path / name for name in _FILES if (request.path / name).exists())
        parts = [_Packets(inner_request(request, live), in_folder=True).contents()]
        for stem in _VIDEOS.values():
            path = request.path / f"{stem}.mp4"
            if path.exists():
                parts.append(read_video(inner_request(request, path, f"{request.clock}/{stem}")))
        return join_contents(parts)


@dataclass
class _Signal:
    """One kind of packet, collected."""

    times_us: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    invalid: int = 0


@dataclass
class _Packets:
    """A live data file on its way to streams."""

    request: Request
    in_folder: bool = False
    signals: dict[tuple[str, str], _Signal] = field(default_factory=dict)
    relations: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    broken: int = 0
    cut: str = ""

    def contents(self) -> Contents:
        """Everything in the file."""
        for line in self._lines():
            try:
                packet = json.loads(line)
            except (ValueError, RecursionError):
                self.broken += 1
                continue
            if not isinstance(packet, dict) or not isinstance(packet.get("ts"), int):
                self.broken += 1
                continue
            self._take(packet)
        if not self.signals and not self.relations:
            raise UnreadableError(
                f"{self.request.name}: expected packets of Tobii Pro Glasses 2 ({{'ts': ..., 'gp': ...}}), found none"
                f"{'; ' + self.cut if self.cut else ''}"
            )
        clock = self.request.clock
        others = [Clock(self._video_clock(key)) for key in self.relations]
        return Contents(
            tuple(self._stream(*key) for key in self.signals),
            (Clock(clock, Epoch.BOOT), *others),
            (),
            tuple(self._evidence()),
            tuple(self._findings()),
        )

    def _video_clock(self, key: str) -> str:
        """The name of a video's clock: its stem where a folder reads it as a file of its own."""
        stem = _VIDEOS[key]
        alone = not self.in_folder and self.request.path.with_name(f"{stem}.mp4").exists()
        return stem if alone else f"{self.request.clock}/{stem}"

    def _lines(self) -> Iterator[bytes]:
        """The file's lines, unpacked; a cut or damaged archive ends early."""
        path: Path = self.request.path
        with path.open("rb") as file:
            is_packed = file.read(2) == b"\x1f\x8b"
        taken = 0
        with gzip.open(path) if is_packed else path.open("rb") as lines:
            try:
                for line in bounded_lines(lines, self.request.name):
                    taken += len(line)
                    if taken > MAX_TEXT_BYTES:
                        raise UnsupportedError(f"{self.request.name}: unpacks to more than {MAX_TEXT_BYTES >> 30} GiB")
                    if line.strip():
                        yield line
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                self.cut = f"the archive ends early or is damaged ({str(error)[:80]})"

    def _take(self, packet: dict[str, object]) -> None:
        """Note one packet."""
        time_us = int(packet["ts"])  # type: ignore[call-overload]
        for key in self.relations.keys() | _VIDEOS.keys():
            if isinstance(packet.get(key), int):
                self.relations.setdefault(key, []).append((int(packet[key]), time_us))  # type: ignore[call-overload]
        for key, (_, _, channels, _) in _SIGNALS.items():
            if key not in packet:
                continue
            value = packet[key]
            items = value if isinstance(value, list) else [value]
            numbers = [item for item in items if isinstance(item, int | float)]
            if len(items) != len(channels) or len(numbers) != len(items):
                self.broken += 1
                continue
            signal = self.signals.setdefault((key, str(packet.get("eye", packet.get("dir", "")))), _Signal())
            signal.times_us.append(time_us)
            is_valid = packet.get("s", 0) == 0
            signal.invalid += not is_valid
            signal.values.extend(float(n) if is_valid else np.nan for n in numbers)

    def _stream(self, key: str, side: str) -> Stream:
        """One kind of packet as a stream, in the order of its time."""
        signal, (name, modality, channels, units) = self.signals[key, side], _SIGNALS[key]
        times_us = np.frombuffer(signal.times_us, dtype=np.int64)
        values = np.frombuffer(signal.values, dtype=np.float64).reshape(-1, len(channels))
        falls = np.flatnonzero(np.diff(times_us) < 0)
        if falls.size and self.request.options.get("order") != "sort":
            raise UnreadableError(
                f"{self.request.name}: expected packets {key!r} in the order of their time, found {falls.size} falls, "
                f'first after {times_us[falls[0]]} us; if they were merely written out of order, put order = "sort" '
                "into the file's table in recording.toml"
            )
        order = np.argsort(times_us, kind="stable")
        return Stream(
            f"{self.request.clock}/{name}{'_' + side if side else ''}",
            modality,
            self.request.clock,
            ListedTimeline(times_us[order] * _NS_PER_US),
            ArraySamples(values[order]),
            channels=channels,
            units=units,
            source=self.request.name,
        )

    def _evidence(self) -> Iterator[Evidence]:
        """How the videos' clocks lie on the tracker's."""
        for key, pairs in self.relations.items():
            video_us, tracker_us = np.array(sorted(set(pairs)), dtype=np.int64).T
            yield declared_relation(
                self._video_clock(key),
                self.request.clock,
                video_us * _NS_PER_US,
                tracker_us * _NS_PER_US,
                sd_ns=_STAMP_SD_NS,
                sources=(self.request.name,),
            )

    def _findings(self) -> Iterator[Finding]:
        """Remarks."""
        name = self.request.name
        if self.broken or self.cut:
            yield Finding(
                "broken_packets",
                Severity.WARNING,
                name,
                f"{self.broken} lines are no packets and were left out{'; ' + self.cut if self.cut else ''}",
                "copy the file from the recording unit again",
                {"lines": float(self.broken)},
            )
        invalid = sum(signal.invalid for signal in self.signals.values())
        if invalid:
            total = sum(len(signal.times_us) for signal in self.signals.values())
            yield Finding(
                "invalid_samples",
                Severity.INFO,
                name,
                f"{invalid} of {total} values carry a status other than 0 and are missing (blinks, lost eyes)",
                numbers={"values": float(invalid)},
            )
