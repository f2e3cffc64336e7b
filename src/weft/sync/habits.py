"""What is remembered of devices across recordings: their usual drift against each other, and when one leaves it.

The memory is a small JSON file that a person can read, edit and delete: for each pair of devices, what each recording
measured. It is a prior only. It sharpens a drift that little evidence tells, and never aligns a clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import stdtrit

from weft.core import Alignment, ClockAlignment, Finding, Recording, Severity, Status, UsageError
from weft.core.time_map import Z95
from weft.sync.solver.drift_prior import DRIFT_SD, DriftHabit

LEAST_RECORDINGS = 3
"""Two drifts that agree may do so by chance."""

LEAST_SD = 1e-6
"""Quartz follows the temperature of the day by about 1 ppm, however alike the last recordings were."""

LEAVES_SDS = 4.0
MAKE = "weft habits 1"
_NAMES = ("make", "manufacturer", "model", "serial", "serial_number")
_SURE = 10e-6
"""A drift that one recording knows worse than this teaches nothing."""


@dataclass(frozen=True)
class Habits:
    """By pair of devices (``"device -> reference"``) and recording, the drift that was measured, ppm."""

    drifts_ppm: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def of(self, pair: str, *, but: str = "") -> DriftHabit | None:
        """A pair's usual drift with its spread for one recording more, from recordings other than ``but``."""
        seen = np.array([ppm for name, ppm in self.drifts_ppm.get(pair, {}).items() if name != but]) * 1e-6
        if seen.size < LEAST_RECORDINGS:
            return None
        # What the next one will be: Student's t, and the mean's own error.
        student = float(stdtrit(seen.size - 1, 0.975)) / Z95
        spread = float(seen.std(ddof=1)) * student * float(np.sqrt(1.0 + 1.0 / seen.size))
        return DriftHabit(float(seen.mean()), min(DRIFT_SD, float(np.hypot(spread, LEAST_SD))))

    def with_alignment(self, recording: Recording, alignment: Alignment) -> Habits:
        """The habits and what a recording teaches; once, however often it is aligned."""
        drifts = {pair: dict(seen) for pair, seen in self.drifts_ppm.items()}
        for entry in alignment.clocks:
            measured = _measured_drift(entry)
            if entry.clock.name == alignment.reference or measured is None or measured[1] > _SURE:
                continue
            pair = pair_of(recording, entry.clock.name, alignment.reference)
            drifts.setdefault(pair, {})[recording.name] = round(measured[0] * 1e6, 4)
        return Habits(drifts)

    def to_text(self) -> str:
        """The file's content."""
        document = {"make": MAKE, "drift_ppm": {pair: dict(self.drifts_ppm[pair]) for pair in sorted(self.drifts_ppm)}}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_text(cls, text: str, *, where: str) -> Habits:
        """The habits in a file's content.

        Raises
        ------
        UsageError
            If it is not what :meth:`to_text` writes.
        """
        try:
            document = json.loads(text)
            drifts = {
                str(pair): {str(name): float(ppm) for name, ppm in seen.items()}
                for pair, seen in document["drift_ppm"].items()
            }
            fine = document["make"] == MAKE and all(np.isfinite(p) for s in drifts.values() for p in s.values())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{where}: not a file of habits ({error}); delete it to begin anew") from error
        if not fine:
            raise UsageError(f"{where}: expected {MAKE!r} with finite drifts in ppm; delete it to begin anew")
        return cls(drifts)


def device_of(recording: Recording, clock: str) -> str:
    """What names a device across recordings: its clock, and make, model and serial number where files tell them."""
    told: dict[str, str] = {}
    for stream in recording.streams_of(clock):
        for name in _NAMES:
            if stream.details.get(name):
                told.setdefault(name, str(stream.details[name]))
    return f"{clock} ({', '.join(told.values())})" if told else clock


def pair_of(recording: Recording, clock: str, reference: str) -> str:
    """The key of two devices."""
    return f"{device_of(recording, clock)} -> {device_of(recording, reference)}"


def usual_drifts(recording: Recording, reference: str, habits: Habits) -> dict[str, DriftHabit]:
    """By clock, what is remembered of its drift against the reference."""
    known = {
        clock.name: habits.of(pair_of(recording, clock.name, reference), but=recording.name)
        for clock in recording.clocks
        if clock.name != reference
    }
    return {name: habit for name, habit in known.items() if habit is not None}


def find_leavers(alignment: Alignment, usual: Mapping[str, DriftHabit]) -> list[Finding]:
    """A remark for each device whose drift is not what it used to be.

    ``alignment`` is solved without habits, so that a habit cannot hide that it was left.
    """
    findings = []
    for name, habit in usual.items():
        measured = _measured_drift(alignment[name])
        if measured is None:
            continue
        drift, sd = measured
        allowed = LEAVES_SDS * float(np.hypot(sd, habit.sd))
        if abs(drift - habit.drift) <= allowed:
            continue
        findings.append(
            Finding(
                "left_its_habit",
                Severity.WARNING,
                name,
                f"its drift is {drift * 1e6:+.1f} ppm, usually {habit.drift * 1e6:+.1f}, "
                f"expected within {allowed * 1e6:.1f}; its habit was not used",
                "check that it is the same device and setting; a failing or heated oscillator shows like this",
                {"drift_ppm": drift * 1e6, "usual_ppm": habit.drift * 1e6, "allowed_ppm": allowed * 1e6},
            )
        )
    return findings


def _measured_drift(entry: ClockAlignment) -> tuple[float, float] | None:
    """An aligned clock's drift in its longest piece, and its standard deviation."""
    if entry.status is not Status.ALIGNED or entry.time_map is None:
        return None
    longest = max(entry.time_map.pieces, key=lambda piece: piece.device.duration_ns)
    sure = min(entry.time_map.pieces, key=lambda piece: piece.uncertainty.drift_variance)
    piece = longest if longest.uncertainty.drift_variance <= 4 * sure.uncertainty.drift_variance else sure
    return piece.drift, float(np.sqrt(max(piece.uncertainty.drift_variance, 0.0)))
