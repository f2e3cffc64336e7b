"""EyeLink recordings converted to text (``.asc``).

Sample lines start with a time in milliseconds (with a fraction above 1000 Hz), then x, y
and pupil of one eye or of both, ``.`` where there is none; blinks, fixations and saccades
come as events, and everything that the experiment wrote as messages. Stamps count from
the tracker's start. A sample stands for one period, so an event lasts ``duration`` from
its start, as the tracker itself states it.

Format: EyeLink 1000 User Manual, "Using ASC files".
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from weft.core import (
    NS_PER_MS,
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
from weft.core.times import LATEST_NS
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.bounded_lines import bounded_lines

_MARK = re.compile(rb"^\*\* (CONVERTED FROM|TYPE: EDF_FILE|VERSION: EYELINK)", re.M)
_STAMP = re.compile(r"^\d{1,13}(\.\d{1,6})?$")
_KINDS = {"EFIX": "fixation", "ESACC": "saccade", "EBLINK": "blink"}
_RATE = re.compile(r"\bRATE\s+([\d.]+)")
_FIX_VALUES = ("x", "y", "pupil")
_SACCADE_VALUES = ("start_x", "start_y", "stop_x", "stop_y", "amplitude_deg", "peak_velocity")


class EyeLinkReader:
    """Reads EyeLink text recordings."""

    name = "eyelink"

    def recognises(self, probe: Probe) -> bool:
        """Whether the head says that it was converted from an EyeLink file, or shows its lines."""
        if probe.is_folder or (probe.suffix != ".asc" and not _MARK.search(probe.head)):
            return False
        return (
            bool(_MARK.search(probe.head)) or b"SAMPLES" in probe.head or b"MSG" in probe.head or not probe.head.strip()
        )

    def read(self, request: Request) -> Contents:
        """Gaze and pupil as one stream, events and messages as annotations.

        Raises
        ------
        UnreadableError
            If it holds neither samples nor events, or time runs backwards.
        """
        recording = _Recording(request)
        with request.path.open(encoding="utf-8", errors="replace") as lines:
            for line in bounded_lines(lines, request.name):
                recording.take(line)
        return recording.contents()


@dataclass
class _Recording:
    """A recording on its way to streams and annotations."""

    request: Request
    times_ns: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    eyes: tuple[str, ...] = ()
    extra: bool = False
    rates: set[float] = field(default_factory=set)
    annotations: list[Annotation] = field(default_factory=list)
    inputs: list[tuple[int, float]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    blocks: int = 0
    open_blocks: int = 0
    last_line: str = ""

    def take(self, line: str) -> None:
        """One line."""
        self.last_line = line
        parts = line.split()
        if not parts:
            return
        if line[0].isdigit() and _STAMP.match(parts[0]):  # calibration figures are indented
            self._sample(parts)
        elif parts[0] == "SAMPLES":
            self._declare(line, parts)
        elif parts[0] == "START":
            self.blocks += 1
            self.open_blocks += 1
        elif parts[0] == "END":
            self.open_blocks -= 1
        elif parts[0] in _KINDS:
            self._event(parts)
        elif parts[0] in ("MSG", "INPUT", "BUTTON") and len(parts) > 2 and _STAMP.match(parts[1]):
            self._mark(line, parts)

    def _declare(self, line: str, parts: list[str]) -> None:
        """What a block's samples hold."""
        eyes = tuple(eye.lower() for eye in ("LEFT", "RIGHT") if eye in parts)
        if self.eyes and eyes != self.eyes:
            raise UnreadableError(
                f"{self.request.name}: expected the same eyes in all blocks, found {self.eyes} and then {eyes}; "
                "convert the blocks into files of their own"
            )
        self.eyes = eyes
        rate = _RATE.search(line)
        if rate:
            self.rates.add(float(rate.group(1).strip(".")))

    def _sample(self, parts: list[str]) -> None:
        """One sample; what follows gaze and pupil is left out."""
        width = 3 * max(len(self.eyes), 1)
        values = [_number(cell) for cell in parts[1 : 1 + width]]
        if len(values) < width or any(value is None for value in values):
            self.broken.append(" ".join(parts)[:60])
            return
        self.extra = self.extra or len([cell for cell in parts[1 + width :] if _number(cell) is not None]) > 0
        self.times_ns.append(_instant_ns(parts[0]))
        self.values.extend(value for value in values if value is not None)

    def _event(self, parts: list[str]) -> None:
        """A fixation, saccade or blink that ended."""
        if len(parts) < 5 or not (_STAMP.match(parts[2]) and _STAMP.match(parts[3]) and _STAMP.match(parts[4])):
            self.broken.append(" ".join(parts)[:60])
            return
        kind, eye = _KINDS[parts[0]], {"L": "left", "R": "right"}.get(parts[1], parts[1])
        names = {"fixation": _FIX_VALUES, "saccade": _SACCADE_VALUES}.get(kind, ())
        numbers = {name: _number(cell) for name, cell in zip(names, parts[5:], strict=False)}
        value = {name: number for name, number in numbers.items() if number is not None and number == number}
        start_ns = _instant_ns(parts[2])
        interval = Interval(start_ns, start_ns + _instant_ns(parts[4]))
        self._annotate(kind, interval, value, tier=f"{kind} {eye}")

    def _mark(self, line: str, parts: list[str]) -> None:
        """A message, button or input."""
        at_ns = _instant_ns(parts[1])
        number = _number(parts[2])
        if parts[0] == "INPUT":
            self.inputs.append((at_ns, number if number is not None else float("nan")))
        elif parts[0] == "BUTTON":
            self._annotate("event", Interval(at_ns, at_ns), " ".join(parts[2:]), tier="button")
        else:
            text = line.split(None, 2)[2].strip()
            self._annotate("message", Interval(at_ns, at_ns), text, tier="messages")

    def _annotate(self, kind: str, interval: Interval, value: object, *, tier: str) -> None:
        """Note one annotation."""
        clock, method = self.request.clock, self.request.name
        self.annotations.append(Annotation(kind, interval, clock, value, method=method, tier=tier))

    def contents(self) -> Contents:
        """Everything read."""
        if not self.times_ns and not self.annotations:
            raise UnreadableError(
                f"{self.request.name}: expected samples or events of an EyeLink recording, found neither; "
                "convert the .edf file again, with samples"
            )
        return Contents(
            tuple(self._streams()),
            (Clock(self.request.clock, Epoch.BOOT),),
            tuple(self.annotations),
            (),
            tuple(self._findings()),
        )

    def _streams(self) -> Iterator[Stream]:
        """The samples, and the input port."""
        times_ns = np.frombuffer(self.times_ns, dtype=np.int64)
        falls = np.flatnonzero(np.diff(times_ns) < 0)
        if falls.size:
            row = int(falls[0])
            raise UnreadableError(
                f"{self.request.name}: expected time that never falls, found {falls.size} falls, first at "
                f"sample {row + 1}: {times_ns[row]} ns, then {times_ns[row + 1]} ns; convert each recording by itself"
            )
        sides = [f"_{eye}" for eye in self.eyes] if len(self.eyes) > 1 else [""]
        channels = tuple(f"{name}{side}" for side in sides for name in _FIX_VALUES)
        if times_ns.size:
            yield self._stream(
                "gaze", Modality.GAZE, times_ns, channels, np.frombuffer(self.values).reshape(-1, len(channels))
            )
        if self.inputs:
            at_ns = np.array([t for t, _ in self.inputs], dtype=np.int64)
            order = np.argsort(at_ns, kind="stable")
            values = np.array([[value] for _, value in self.inputs])
            yield self._stream("input", Modality.EVENT, at_ns[order], ("value",), values[order])

    def _stream(
        self, signal: str, modality: Modality, times_ns: np.ndarray, channels: tuple[str, ...], values: np.ndarray
    ) -> Stream:
        """One stream on the tracker's clock."""
        rate = next(iter(self.rates)) if len(self.rates) == 1 and signal == "gaze" else None
        return Stream(
            f"{self.request.clock}/{signal}",
            modality,
            self.request.clock,
            ListedTimeline(times_ns),
            ArraySamples(values),
            nominal_rate_hz=rate,
            channels=channels,
            source=self.request.name,
            details={"eyes": list(self.eyes), "blocks": self.blocks} if signal == "gaze" else {},
        )

    def _findings(self) -> Iterator[Finding]:
        """Remarks."""
        name = self.request.name
        if len(self.rates) > 1:
            rates = ", ".join(f"{rate:g}" for rate in sorted(self.rates))
            yield Finding("mixed_rates", Severity.WARNING, name, f"the blocks were sampled at {rates} Hz")
        if self.broken:
            yield Finding(
                "broken_rows",
                Severity.WARNING,
                name,
                f"{len(self.broken)} lines break the format and were left out (first: {self.broken[0]!r})",
                "convert the .edf file again",
                {"rows": float(len(self.broken))},
            )
        if self.open_blocks > 0 or (self.last_line and not self.last_line.endswith("\n")):
            message = "the file ends within a block or a line; it may be cut off"
            yield Finding("unfinished_recording", Severity.INFO, name, message, "convert the .edf file again")
        if self.extra:
            message = "the samples hold more than gaze and pupil (velocity, resolution or input); that was left out"
            yield Finding("columns_left_out", Severity.INFO, name, message)


def _instant_ns(text: str) -> int:
    """Nanoseconds of a stamp in milliseconds."""
    return min(int(Decimal(text) * NS_PER_MS), LATEST_NS - 1)


def _number(text: str) -> float | None:
    """A cell's number, NaN for a dot, ``None`` for anything else."""
    if text == ".":
        return float("nan")
    try:
        return float(text)
    except ValueError:
        return None
