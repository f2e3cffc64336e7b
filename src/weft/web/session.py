"""One recording being corrected: what the page is told, and what it may ask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weft.core import NS_PER_S, Alignment, Interval, Recording, Status, UsageError
from weft.readers.corrections import Pair
from weft.web.outline import Outline
from weft.web.saving import Corrections

CLICK_PX = 1.5
"""How far a careful click misses, in screen points."""

LEAST_SD_MS = 0.5
"""Nobody marks by hand better than that."""


class Session:
    """A recording, its alignment and its corrections, as the page sees them.

    Times to and from the page are seconds since a clock's first sample, because a browser's
    numbers cannot hold nanoseconds since 1970.

    Parameters
    ----------
    recording, alignment
        What was recorded, and how it was aligned so far.
    path
        The file of corrections.
    """

    def __init__(self, recording: Recording, alignment: Alignment, path: Path) -> None:
        self.recording = recording
        self.alignment = alignment
        self.corrections = Corrections(path, [clock.name for clock in recording.clocks])
        self.outlines = [Outline(stream) for stream in recording.streams]
        self.base_ns = {clock.name: self._first_ns(clock.name) for clock in recording.clocks}

    def _first_ns(self, clock: str) -> int:
        """What the page calls zero of a clock."""
        return min((s.timeline.first_ns for s in self.recording.streams_of(clock) if len(s)), default=0)

    def state(self) -> dict[str, Any]:
        """Everything but the content of streams."""
        return {
            "recording": self.recording.name,
            "reference": self.alignment.reference,
            "file": str(self.corrections.path),
            "clocks": [self._clock(entry.clock.name) for entry in self.alignment.clocks],
            "streams": [self._stream(number) for number in range(len(self.outlines))],
            "pairs": self.pairs_json(self.corrections.pairs()),
        }

    def _clock(self, name: str) -> dict[str, Any]:
        """One clock and its map."""
        entry = self.alignment[name]
        reference_ns = self.base_ns[self.alignment.reference]
        row = entry.to_json()
        pieces = []
        for piece in entry.time_map.pieces if entry.time_map else ():
            device = piece.device.overlap(self._span(name)) or piece.device
            pieces.append(
                {
                    "start_s": self._seconds(name, device.start_ns),
                    "stop_s": self._seconds(name, device.stop_ns),
                    "to_s": (device.start_ns + piece.offset_at_ns(device.start_ns) - reference_ns) / NS_PER_S,
                    "drift": piece.drift,
                }
            )
        return {
            "name": name,
            "status": str(entry.status),
            "note": entry.note,
            "error95_ms": row["error95_ms"],
            "methods": row["methods"],
            "pieces": pieces if entry.status is not Status.NOT_ALIGNED else [],
        }

    def _span(self, clock: str) -> Interval:
        """When a clock was read."""
        spans = [s.interval for s in self.recording.streams_of(clock) if len(s)]
        return Interval(min(s.start_ns for s in spans), max(s.stop_ns for s in spans)) if spans else Interval(0, 1)

    def _stream(self, number: int) -> dict[str, Any]:
        """One stream without its content."""
        outline = self.outlines[number]
        stream = outline.stream
        rate_hz = stream.effective_rate_hz or stream.nominal_rate_hz or 0.0
        return {
            "number": number,
            "name": stream.name,
            "clock": stream.clock,
            "kind": outline.kind if len(stream) else "empty",
            "modality": str(stream.modality),
            "start_s": self._seconds(stream.clock, stream.interval.start_ns),
            "stop_s": self._seconds(stream.clock, stream.interval.stop_ns),
            "rate_hz": rate_hz,
        }

    def _seconds(self, clock: str, t_ns: int) -> float:
        """A clock's reading as the page counts it."""
        return (t_ns - self.base_ns[clock]) / NS_PER_S

    def reading_ns(self, clock: str, seconds: float) -> int:
        """The reading that the page means."""
        return self.base_ns[clock] + round(seconds * NS_PER_S)

    def outline(self, number: int) -> Outline:
        """One stream's outline.

        Raises
        ------
        UsageError
            If there is none of that number.
        """
        if not 0 <= number < len(self.outlines):
            raise UsageError(f"there is no stream {number}")
        return self.outlines[number]

    def pairs_json(self, pairs: list[Pair]) -> list[dict[str, Any]]:
        """Pairs as the page shows them; those of clocks that it does not have are left out."""
        return [
            {
                "id": pair.id,
                "clock": pair.clock,
                "reference": pair.reference,
                "clock_s": self._seconds(pair.clock, pair.t_clock_ns),
                "reference_s": self._seconds(pair.reference, pair.t_reference_ns),
                "sd_ms": pair.sd_ms,
            }
            for pair in pairs
            if pair.clock in self.base_ns and pair.reference in self.base_ns
        ]

    def save(self, marked: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Append what the page marked and give back all pairs in force.

        Raises
        ------
        UsageError
            If one of them cannot be; then none is written.
        """
        return self.pairs_json(self.corrections.save([self._record(one) for one in marked]))

    def undo(self, pair_id: str) -> list[dict[str, Any]]:
        """Take a pair back and give back all in force."""
        return self.pairs_json(self.corrections.undo(pair_id))

    def _record(self, marked: Mapping[str, Any]) -> dict[str, Any]:
        """One marked pair with its standard deviation: two clicks, and half a period of what was looked at."""
        try:
            streams = [self.outline(int(number)).stream for number in marked["streams"]]
            px_ms = 1e3 * abs(float(marked["second_per_px"]))
            clock, reference = str(marked["clock"]), str(marked["reference"])
            at = {"t_clock_ns": self.reading_ns(clock, float(marked["clock_s"]))}
            at["t_reference_ns"] = self.reading_ns(reference, float(marked["reference_s"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UsageError(f"this is no pair of moments: {error}") from error
        rates = [stream.effective_rate_hz for stream in streams if stream.effective_rate_hz]
        period_ms = sum((1e3 / rate_hz) ** 2 / 12.0 for rate_hz in rates)
        sd_ms = max(LEAST_SD_MS, (2.0 * (CLICK_PX * px_ms) ** 2 + period_ms) ** 0.5)
        names = [stream.name for stream in streams]
        return {**at, "clock": clock, "reference": reference, "sd_ms": round(sd_ms, 4), "streams": names}
