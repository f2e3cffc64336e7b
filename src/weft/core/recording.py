"""The streams of one occasion, where they came from, and what was noticed while reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from weft.core.alignment import Alignment
from weft.core.annotation import Annotation
from weft.core.clock import Clock
from weft.core.errors import UsageError
from weft.core.evidence import Evidence
from weft.core.finding import Finding
from weft.core.stream import Stream
from weft.core.window import Window


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a recording.

    ``path`` is relative to the recording's folder, with forward slashes; ``sha256`` is
    empty until it was asked for.
    """

    path: str
    size_bytes: int
    reader: str
    sha256: str = ""


class AlignedView(Protocol):
    """A recording seen on its reference clock."""

    def window(self, start_ns: int, stop_ns: int, rates_hz: Mapping[str, float] | None = None) -> Window:
        """The streams' values between two reference times."""
        ...


@dataclass(frozen=True, eq=False)
class Recording:
    """The streams of one occasion and where they came from.

    Parameters
    ----------
    name
        The folder's or file's name.
    root
        The folder that ``SourceFile.path`` and ``Stream.source`` are relative to.
    streams, clocks, annotations, evidence
        What the readers found, each in its own clock. ``evidence`` is what the files
        themselves say about their clocks (LSL offsets, start times, declared relations).
    sources
        The files.
    findings
        What the readers remarked.
    reference
        The clock that ``recording.toml`` names as the reference, if it does.
    aligner
        Makes the view that :meth:`aligned` returns; set by ``weft.open_recording``.

    Raises
    ------
    UsageError
        If two streams or two clocks share a name, or a stream reads an unknown clock.
    """

    name: str
    root: Path
    streams: tuple[Stream, ...]
    clocks: tuple[Clock, ...]
    annotations: tuple[Annotation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    sources: tuple[SourceFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    reference: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    aligner: Callable[[Recording, Alignment], AlignedView] | None = None

    def __post_init__(self) -> None:
        for what, names in (("stream", [s.name for s in self.streams]), ("clock", [c.name for c in self.clocks])):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise UsageError(f"recording {self.name!r} has more than one {what} named {', '.join(twice)}")
        known = {clock.name for clock in self.clocks}
        orphans = [f"{stream.name} ({stream.clock})" for stream in self.streams if stream.clock not in known]
        if orphans:
            raise UsageError(f"recording {self.name!r} has streams on unknown clocks: {', '.join(orphans)}")

    def stream(self, name: str) -> Stream:
        """The stream of that name."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        known = ", ".join(stream.name for stream in self.streams) or "none"
        raise UsageError(f"recording {self.name!r} has no stream {name!r}; it has {known}")

    def clock(self, name: str) -> Clock:
        """The clock of that name."""
        for clock in self.clocks:
            if clock.name == name:
                return clock
        known = ", ".join(clock.name for clock in self.clocks) or "none"
        raise UsageError(f"recording {self.name!r} has no clock {name!r}; it has {known}")

    def streams_of(self, clock: str) -> tuple[Stream, ...]:
        """The streams that read one clock."""
        return tuple(stream for stream in self.streams if stream.clock == clock)

    def aligned(self, alignment: Alignment) -> AlignedView:
        """This recording seen on the alignment's reference clock; nothing is rewritten.

        Raises
        ------
        UsageError
            If the recording was built by hand without an ``aligner``.
        """
        if self.aligner is None:
            raise UsageError(
                "this recording was not opened by weft.open_recording; pass it to weft.sync.AlignedRecording"
            )
        return self.aligner(self, alignment)
