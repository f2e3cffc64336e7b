"""Tables and lists that several commands print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from weft.cli.console import visible
from weft.cli.table_layout import WIDE, Column, fitted_table
from weft.core import NS_PER_MS, Alignment, Assumption, ClockAlignment, Finding, Recording, Severity, Status, Stream
from weft.quality import timing_of

if TYPE_CHECKING:
    from rich.table import Table

STATUS_STYLE = {Status.ALIGNED: "green", Status.WEAK: "yellow", Status.NOT_ALIGNED: "red"}
SEVERITY_STYLE = {Severity.INFO: "cyan", Severity.WARNING: "yellow", Severity.ERROR: "red"}


_STREAM_COLUMNS = (
    Column("stream"),
    Column("modality", expendable=1),
    Column("clock", expendable=4),
    Column("samples", right=True),
    Column("nominal Hz", right=True, expendable=2),
    Column("effective Hz", right=True),
    Column("jitter ms", right=True, expendable=3),
    Column("gaps", right=True),
    Column("from s", right=True, expendable=5),
    Column("duration s", right=True),
)


def streams_table(recording: Recording, *, width: int = WIDE) -> Table:
    """Every stream with its clock, rates, jitter and gaps, as many of these as ``width`` characters hold."""
    streams, clocks = counted(len(recording.streams), "stream"), counted(len(recording.clocks), "clock")
    rows = [_stream_cells(stream, recording) for stream in recording.streams]
    return fitted_table(plain(f"{recording.name}: {streams} on {clocks}"), _STREAM_COLUMNS, rows, width=width)


def _stream_cells(stream: Stream, recording: Recording) -> list[str]:
    """One stream's row."""
    timing = timing_of(stream)
    start_ns = int(recording.clock(stream.clock).raw_ns([stream.interval.start_ns])[0])
    return [
        plain(stream.name),
        str(stream.modality),
        plain(stream.clock),
        f"{len(stream):,}",
        f"{stream.nominal_rate_hz:g}" if stream.nominal_rate_hz else "–",
        f"{stream.effective_rate_hz:.3f}" if stream.effective_rate_hz else "–",
        f"{timing.jitter_ns / NS_PER_MS:.2f}" if timing else "–",
        str(timing.gap_starts_ns.size) if timing else "–",
        f"{start_ns / 1e9:.3f}" if len(stream) else "–",
        f"{stream.interval.duration_s:.3f}",
    ]


def stream_json(stream: Stream, recording: Recording) -> dict[str, object]:
    """One stream of ``weft inspect --json``."""
    timing = timing_of(stream)
    interval = stream.interval
    start_ns = int(recording.clock(stream.clock).raw_ns([interval.start_ns])[0])
    return {
        "recording": recording.name,
        "stream": stream.name,
        "modality": str(stream.modality),
        "clock": stream.clock,
        "source": stream.source,
        "count": len(stream),
        "nominal_rate_hz": stream.nominal_rate_hz,
        "effective_rate_hz": stream.effective_rate_hz,
        "start_s": start_ns / 1e9,
        "duration_s": interval.duration_s,
        "shape": list(stream.samples.shape[1:]),
        "dtype": str(stream.samples.dtype),
        "channels": list(stream.channels),
        "units": list(stream.units),
        "interpolation": str(stream.interpolation),
        "jitter_ms": timing.jitter_ns / NS_PER_MS if timing else None,
        "gaps": int(timing.gap_starts_ns.size) if timing else 0,
        "lost": timing.lost if timing else 0,
        "details": dict(stream.details),
    }


_CLOCK_COLUMNS = (
    Column("clock"),
    Column("status"),
    Column("offset ms", right=True),
    Column("drift ppm", right=True),
    Column("95 % error ms", right=True),
    Column("jumps", right=True, expendable=2),
    Column("methods", expendable=1),
    Column("note", text=True, expendable=3),
)


def clocks_table(alignment: Alignment, *, width: int = WIDE) -> Table:
    """The clock table: offset, drift, jumps, error, method, verdict, as many of these as ``width`` characters hold."""
    title = plain(f"{alignment.recording}: clocks on {alignment.reference}")
    rows = [_clock_cells(entry, alignment.reference) for entry in alignment.clocks]
    return fitted_table(title, _CLOCK_COLUMNS, rows, width=width)


def _clock_cells(entry: ClockAlignment, reference: str) -> list[str]:
    """One clock's row."""
    row = entry.to_json()
    status = f"[{STATUS_STYLE[entry.status]}]{entry.status}[/]"
    if entry.clock.name == reference:
        return [plain(entry.clock.name), status, "0", "0", "0", "0", "reference", plain(entry.note)]
    figures = [row["offset_ms"], row["drift_ppm"], row["error95_ms"]]
    written = [f"{figure:+,.3f}" if figure is not None else "–" for figure in figures[:2]]
    written.append(f"{figures[2]:.3f}" if figures[2] is not None else "–")
    jumps = str(entry.jumps) if entry.time_map else "–"
    methods = ", ".join(entry.methods) or "–"
    return [plain(entry.clock.name), status, *written, jumps, plain(methods), plain(entry.note)]


def assumptions_table(alignment: Alignment, *, width: int = WIDE) -> Table | None:
    """What each clock's evidence takes for granted; ``None`` when it is nothing."""
    rows = [
        _assumption_cells(entry.clock.name, one)
        for entry in alignment.clocks
        for one in alignment.assumptions_of(entry.clock.name)
    ]
    columns = (
        Column("clock"),
        Column("assumption"),
        Column("value ms", right=True),
        Column("sd ms", right=True),
        Column("from", expendable=1),
        Column("what it says", text=True, expendable=2),
    )
    return fitted_table("Taken for granted", columns, rows, width=width) if rows else None


def _assumption_cells(clock: str, one: Assumption) -> list[str]:
    """One assumption's row."""
    figures = [f"{one.value_ns / NS_PER_MS:+,.3f}", f"{one.sd_ns / NS_PER_MS:.3f}"]
    return [plain(clock), plain(one.name), *figures, one.origin, plain(one.says)]


def findings_table(findings: Iterable[Finding]) -> Table | None:
    """All findings, the gravest first, equal ones on several subjects as one; ``None`` when there are none."""
    groups: dict[tuple[Severity, str, str, str], list[str]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.check, finding.message, finding.cure), []).append(finding.subject)
    if not groups:
        return None
    rows = []
    for severity, check, message, cure in sorted(groups, key=lambda key: (-key[0].rank, key[1], groups[key])):
        subjects = groups[severity, check, message, cure]
        more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
        style = SEVERITY_STYLE[severity]
        rows.append((f"[{style}]{severity}[/]", plain(subjects[0]) + more, plain(message), plain(cure)))
    columns = (
        Column("severity"),
        Column("subject", text=True),
        Column("what", text=True),
        Column("what to do", text=True),
    )
    return fitted_table("Findings", columns, rows)


def versions_table(title: str, versions: Iterable[Mapping[str, Any]]) -> Table:
    """The versions of a dataset, as ``weft log`` prints them."""
    columns = (
        Column("version", right=True),
        Column("tags"),
        Column("written"),
        Column("from", right=True),
        Column("recordings", right=True),
        Column("capsules", right=True),
        Column("content", expendable=1),
        Column("what changed", text=True),
    )
    rows = [
        (
            f"{version['version']}{'*' if version['current'] else ' '}",
            plain(", ".join(version["tags"])),
            version["written"],
            str(version["parent"] or "–"),
            str(version["counts"]["recordings"]),
            str(version["counts"]["capsules"]),
            version["content_sha256"][:12],
            plain(version["changes"]),
        )
        for version in versions
    ]
    return fitted_table(plain(title), columns, rows)


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is one.

    Examples
    --------
    >>> counted(1, "stream"), counted(1200, "stream")
    ('1 stream', '1,200 streams')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def plain(text: str) -> str:
    """Text from files, with nothing that rich would take for markup or the terminal for a command."""
    from rich.markup import escape

    return escape(visible(text))


def recording_json(recording: Recording) -> dict[str, Any]:
    """One recording of ``weft inspect --json``, without its streams and findings."""
    return {
        "name": recording.name,
        "root": str(recording.root),
        "reference": recording.reference or None,
        "clocks": [clock.to_dict() for clock in recording.clocks],
        "sources": [
            {"path": source.path, "size_bytes": source.size_bytes, "reader": source.reader}
            for source in recording.sources
        ],
        "annotations": dict(sorted(Counter(annotation.kind for annotation in recording.annotations).items())),
        "evidence": [
            {"clock": e.clock, "reference": e.reference, "method": e.method, "count": len(e)}
            for e in recording.evidence
        ],
    }


def annotation_counts(recording: Recording) -> str:
    """How many annotations of each kind there are, in words."""
    counts = Counter(annotation.kind for annotation in recording.annotations)
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
