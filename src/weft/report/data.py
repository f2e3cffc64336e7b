"""What a report shows, gathered before anything is drawn: plain, frozen, without open files."""

from __future__ import annotations

from dataclasses import dataclass, field

from weft.core import Alignment, Capsule, Clock, Finding, Interval, SourceFile, Status, Version
from weft.report.clip import Clip


@dataclass(frozen=True)
class StreamData:
    """One stream as the report tells of it.

    Parameters
    ----------
    name, modality, clock, samples, nominal_rate_hz, effective_rate_hz, source
        As in ``weft.core.Stream``; the rate is ``None`` for irregular streams.
    status
        Of its clock.
    duration_ns
        From the first to the last sample, on its own clock.
    span
        The reference times that it covers; ``None`` where the clock is not known or nothing was recorded.
    stretches
        The parts of ``span`` without a gap, on the reference clock.
    gaps
        How many gaps there are; ``None`` where the stamps were not looked at.
    instants
        Reference times of point-like samples (events, texts), thinned for drawing.
    """

    name: str
    modality: str
    clock: str
    samples: int
    status: Status
    nominal_rate_hz: float | None = None
    effective_rate_hz: float | None = None
    source: str = ""
    duration_ns: int = 0
    span: Interval | None = None
    stretches: tuple[Interval, ...] = ()
    gaps: int | None = None
    instants: tuple[int, ...] = ()


@dataclass(frozen=True)
class RecordingData:
    """One recording: its streams, its clocks, its files, and what was remarked."""

    name: str
    alignment: Alignment
    streams: tuple[StreamData, ...]
    sources: tuple[SourceFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    capsules: int = 0
    clips: tuple[Clip, ...] = ()

    @property
    def reference(self) -> Clock:
        """The reference clock."""
        return self.alignment[self.alignment.reference].clock

    @property
    def span(self) -> Interval | None:
        """The reference times that any of its streams covers."""
        hull: Interval | None = None
        for stream in self.streams:
            if stream.span is not None:
                hull = stream.span if hull is None else hull.hull(stream.span)
        return hull


@dataclass(frozen=True)
class Picture:
    """One frame, as a JPEG file's bytes, and when it was taken on the reference clock."""

    stream: str
    t_reference_ns: int
    jpeg: bytes


@dataclass(frozen=True)
class Waveform:
    """The lowest and highest sound pressure of equal parts of an interval, -1..1; NaN where there is none."""

    stream: str
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Card:
    """One capsule with what can be seen and heard of it.

    ``note`` says why pictures or sound are absent, where they are.
    """

    capsule: Capsule
    pictures: tuple[Picture, ...] = ()
    waveform: Waveform | None = None
    note: str = ""


@dataclass(frozen=True)
class ReportData:
    """Everything that one report shows.

    Parameters
    ----------
    name
        Of the dataset.
    version
        Number, parent, recipe, counts and content hash.
    recordings
        In order of name.
    cards
        A few capsules.
    weft_version
        What made it.
    """

    name: str
    version: Version
    recordings: tuple[RecordingData, ...]
    cards: tuple[Card, ...] = ()
    weft_version: str = ""
    notes: tuple[str, ...] = field(default=())
