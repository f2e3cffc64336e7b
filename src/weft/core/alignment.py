"""Every clock of a recording on one reference, with what is known about each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from weft.core.clock import Clock
from weft.core.errors import UsageError
from weft.core.evidence import Assumption, Evidence
from weft.core.finding import Finding
from weft.core.interval import Interval
from weft.core.loop import Loop
from weft.core.time_map import LEAST_JUMP_NS, Piece, TimeMap
from weft.core.times import EARLIEST_NS, LATEST_NS, NS_PER_MS, NS_PER_S


class Status(StrEnum):
    """What may be done with a clock."""

    ALIGNED = "aligned"
    """Known well enough for the budget."""
    WEAK = "weak"
    """There is evidence, but not enough of it: use it knowingly or not at all."""
    NOT_ALIGNED = "not_aligned"
    """Nothing relates it to the reference; there is no map, not a map of zero."""


@dataclass(frozen=True)
class Residual:
    """How far one piece of evidence lies from the solution, at one moment.

    ``t_device_ns`` reads the aligned clock; ``residual_ns`` is measured minus solved;
    ``used`` is false for moments that the solver took for outliers.
    """

    t_device_ns: int
    residual_ns: float
    sd_ns: float
    method: str
    used: bool = True


@dataclass(frozen=True)
class ClockAlignment:
    """One clock's relation to the reference.

    Parameters
    ----------
    clock
        The clock, with its resets.
    streams
        The names of the streams that read it.
    status
        What may be done with it.
    time_map
        From the clock to the reference; ``None`` exactly when it is not aligned.
    methods
        The kinds of evidence that the map rests on.
    residuals
        Evidence minus solution.
    note
        One sentence for the person who reads the table; empty when all is well.
    span
        The readings between which the clock was seen; a map that is valid for ever is printed for these.
    """

    clock: Clock
    streams: tuple[str, ...]
    status: Status
    time_map: TimeMap | None
    methods: tuple[str, ...] = ()
    residuals: tuple[Residual, ...] = ()
    note: str = ""
    span: Interval | None = None

    def __post_init__(self) -> None:
        if (self.time_map is None) != (self.status is Status.NOT_ALIGNED):
            raise UsageError(f"clock {self.clock.name!r}: a clock has no map exactly when it is not aligned")

    @property
    def jumps(self) -> int:
        """How often the clock's relation to the reference changes at once; a bend in its drift is no jump."""
        if self.time_map is None:
            return 0
        steps_ns = (
            after.offset_at_ns(after.device.start_ns) - before.offset_at_ns(before.device.stop_ns)
            for before, after in itertools.pairwise(self.time_map.pieces)
        )
        return sum(abs(step_ns) > LEAST_JUMP_NS for step_ns in steps_ns)

    def segments(self) -> list[dict[str, float]]:
        """The map's straight stretches in the device's own readings, as the command's contract prints them.

        Within one, ``t_reference_s = t_device_s + offset_ms / 1e3 + drift_ppm * 1e-6 *
        (t_device_s - start_s)``. Readings are what the device showed, resets undone.
        ``error95_ms`` is the largest within the segment; ``TimeMap.error95_ns`` says it for any moment.
        Pieces that together are straight to within a twentieth of that error are one segment.
        """
        if self.time_map is None:
            return []
        rows = []
        for run in self.time_map.straight_runs():
            piece, drift = run[0], _drift_of(run)
            device = Interval(piece.device.start_ns, run[-1].device.stop_ns)
            if device.start_ns <= EARLIEST_NS and device.stop_ns >= LATEST_NS:
                device = self.span or Interval(0, 0)
            start_ns, stop_ns = device.start_ns, device.stop_ns
            raw_start_ns = int(self.clock.raw_ns([start_ns])[0])
            shift_ns = start_ns - raw_start_ns
            ends = [min(max(p.device.start_ns, start_ns), stop_ns) for p in run] + [max(start_ns, stop_ns - 1)]
            ends += [max(before.device.start_ns, before.device.stop_ns - 1) for before in run[:-1]]
            edges = self.time_map.error95_ns(ends)
            rows.append(
                {
                    "start_s": raw_start_ns / NS_PER_S,
                    "stop_s": (stop_ns - shift_ns) / NS_PER_S,
                    "offset_ms": (piece.offset_at_ns(start_ns) + shift_ns) / NS_PER_MS,
                    "drift_ppm": drift * 1e6,
                    "error95_ms": float(edges.max()) / NS_PER_MS,
                }
            )
        return rows

    def to_json(self) -> dict[str, Any]:
        """The clock's row of the command's contract; figures are null when it is not aligned.

        ``offset_ms`` and ``drift_ppm`` are those of the longest segment.
        """
        segments = self.segments()
        longest = max(segments, key=lambda row: row["stop_s"] - row["start_s"], default=None)
        return {
            "clock": self.clock.name,
            "streams": list(self.streams),
            "status": str(self.status),
            "offset_ms": longest["offset_ms"] if longest else None,
            "drift_ppm": longest["drift_ppm"] if longest else None,
            "error95_ms": max(row["error95_ms"] for row in segments) if segments else None,
            "methods": list(self.methods),
            "segments": segments,
            "note": self.note,
        }


@dataclass(frozen=True)
class Alignment:
    """A map to the reference for every clock of one recording, or the admission that there is none.

    Parameters
    ----------
    recording
        The recording's name.
    reference
        The clock that all maps lead to.
    clocks
        One entry for each clock, the reference included.
    evidence
        What the maps rest on.
    findings
        What the solver remarked.
    loops
        Every fundamental loop of the evidence and what is left over when one goes round it.
    """

    recording: str
    reference: str
    clocks: tuple[ClockAlignment, ...]
    evidence: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    loops: tuple[Loop, ...] = ()

    def __getitem__(self, clock: str) -> ClockAlignment:
        """The entry of one clock."""
        for entry in self.clocks:
            if entry.clock.name == clock:
                return entry
        known = ", ".join(entry.clock.name for entry in self.clocks)
        raise UsageError(f"recording {self.recording!r} has no clock {clock!r}; it has {known}")

    def map_of(self, clock: str) -> TimeMap | None:
        """The map of one clock to the reference; ``None`` when it is not aligned."""
        return self[clock].time_map

    def assumptions_of(self, clock: str) -> tuple[Assumption, ...]:
        """What the clock's evidence takes for granted, each once; its values were subtracted from the clock's offsets.

        The reference needs none: its offset is 0 by definition.
        """
        if clock == self.reference:
            return ()
        about = [e if e.clock == clock else e.reversed() for e in self.evidence if clock in (e.clock, e.reference)]
        return tuple(dict.fromkeys(one for e in about for one in e.assumptions))

    def to_json(self) -> dict[str, Any]:
        """What ``weft align --json`` prints."""
        return {
            "recording": self.recording,
            "reference_clock": self.reference,
            "clocks": [
                {**entry.to_json(), "assumptions": [one.to_json() for one in self.assumptions_of(entry.clock.name)]}
                for entry in self.clocks
            ],
            "loops": [loop.to_dict() for loop in self.loops],
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything, JSON-ready and exact, for storage."""
        return {
            "recording": self.recording,
            "reference": self.reference,
            "clocks": [_entry_to_dict(entry) for entry in self.clocks],
            "evidence": [evidence.to_dict() for evidence in self.evidence],
            "findings": [finding.to_dict() for finding in self.findings],
            "loops": [loop.to_dict() for loop in self.loops],
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Alignment:
        """The alignment that :meth:`to_dict` wrote."""
        return cls(
            record["recording"],
            record["reference"],
            tuple(_entry_from_dict(entry) for entry in record["clocks"]),
            tuple(Evidence.from_dict(evidence) for evidence in record["evidence"]),
            tuple(Finding.from_dict(finding) for finding in record["findings"]),
            tuple(Loop.from_dict(loop) for loop in record.get("loops", ())),
        )


def _drift_of(run: Sequence[Piece]) -> float:
    """The drift of the straight line between a run's ends."""
    if len(run) == 1:
        return run[0].drift
    start_ns, stop_ns = run[0].device.start_ns, run[-1].device.stop_ns
    return (run[-1].offset_at_ns(stop_ns) - run[0].offset_at_ns(start_ns)) / (stop_ns - start_ns)


def _entry_to_dict(entry: ClockAlignment) -> dict[str, Any]:
    """One clock's entry, exact."""
    return {
        "clock": entry.clock.to_dict(),
        "streams": list(entry.streams),
        "status": str(entry.status),
        "time_map": entry.time_map.to_dict() if entry.time_map else None,
        "methods": list(entry.methods),
        "residuals": [[r.t_device_ns, r.residual_ns, r.sd_ns, r.method, r.used] for r in entry.residuals],
        "note": entry.note,
        "span": [entry.span.start_ns, entry.span.stop_ns] if entry.span else None,
    }


def _entry_from_dict(record: Mapping[str, Any]) -> ClockAlignment:
    """The entry that :func:`_entry_to_dict` wrote."""
    return ClockAlignment(
        clock=Clock.from_dict(record["clock"]),
        streams=tuple(record["streams"]),
        status=Status(record["status"]),
        time_map=TimeMap.from_dict(record["time_map"]) if record["time_map"] else None,
        methods=tuple(record["methods"]),
        residuals=tuple(Residual(*residual) for residual in record["residuals"]),
        note=record["note"],
        span=Interval(*record["span"]) if record.get("span") else None,
    )
