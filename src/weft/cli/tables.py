"""Tables and lists that several commands print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weft.cli.console import visible
from weft.core import NS_PER_MS, Alignment, ClockAlignment, Finding, Recording, Severity, Status, Stream
from weft.quality import timing_of

if TYPE_CHECKING:
    from rich.table import Table

STATUS_STYLE = {Status.ALIGNED: "green", Status.WEAK: "yellow", Status.NOT_ALIGNED: "red"}
SEVERITY_STYLE = {Severity.INFO: "cyan", Severity.WARNING: "yellow", Severity.ERROR: "red"}


def _table(title: str, columns: Sequence[tuple[str, str]]) -> Table:
    """An empty table with a title; each column is a heading and its justification."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=_plain(title), box=SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for heading, justify in columns:
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    return table


def streams_table(recording: Recording) -> Table:
    """Every stream with its clock, rates, jitter and gaps."""
    table = _table(
        f"{recording.name}: {counted(len(recording.streams), 'stream')} on {counted(len(recording.clocks), 'clock')}",
        [
            ("stream", "left"),
            ("modality", "left"),
            ("clock", "left"),
            ("samples", "right"),
            ("nominal Hz", "right"),
            ("effective Hz", "right"),
            ("jitter ms", "right"),
            ("gaps", "right"),
            ("from s", "right"),
            ("duration s", "right"),
        ],
    )
    for stream in recording.streams:
        table.add_row(*_stream_cells(stream, recording))
    return table


def _stream_cells(stream: Stream, recording: Recording) -> list[str]:
    """One stream's row."""
    timing = timing_of(stream)
    start_ns = int(recording.clock(stream.clock).raw_ns([stream.interval.start_ns])[0])
    return [
        _plain(stream.name),
        str(stream.modality),
        _plain(stream.clock),
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


def clocks_table(alignment: Alignment) -> Table:
    """The clock table: offset, drift, jumps, error, method, verdict."""
    table = _table(
        f"{alignment.recording}: clocks on {alignment.reference}",
        [
            ("clock", "left"),
            ("status", "left"),
            ("offset ms", "right"),
            ("drift ppm", "right"),
            ("95 % error ms", "right"),
            ("jumps", "right"),
            ("methods", "left"),
            ("note", "left"),
        ],
    )
    for entry in alignment.clocks:
        table.add_row(*_clock_cells(entry, alignment.reference))
    return table


def _clock_cells(entry: ClockAlignment, reference: str) -> list[str]:
    """One clock's row."""
    row = entry.to_json()
    status = f"[{STATUS_STYLE[entry.status]}]{entry.status}[/]"
    if entry.clock.name == reference:
        return [_plain(entry.clock.name), status, "0", "0", "0", "0", "reference", _plain(entry.note)]
    figures = [row["offset_ms"], row["drift_ppm"], row["error95_ms"]]
    written = [f"{figure:+,.3f}" if figure is not None else "–" for figure in figures[:2]]
    written.append(f"{figures[2]:.3f}" if figures[2] is not None else "–")
    jumps = str(entry.jumps) if entry.time_map else "–"
    methods = ", ".join(entry.methods) or "–"
    return [_plain(entry.clock.name), status, *written, jumps, _plain(methods), _plain(entry.note)]


def findings_table(findings: Iterable[Finding]) -> Table | None:
    """All findings, the gravest first, equal ones on several subjects as one; ``None`` when there are none."""
    groups: dict[tuple[Severity, str, str, str], list[str]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.check, finding.message, finding.cure), []).append(finding.subject)
    if not groups:
        return None
    table = _table("Findings", [("severity", "left"), ("subject", "left"), ("what", "left"), ("what to do", "left")])
    for severity, check, message, cure in sorted(groups, key=lambda key: (-key[0].rank, key[1], groups[key])):
        subjects = groups[severity, check, message, cure]
        more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
        style = SEVERITY_STYLE[severity]
        table.add_row(f"[{style}]{severity}[/]", _plain(subjects[0]) + more, _plain(message), _plain(cure))
    return table


def versions_table(title: str, rows: Iterable[Mapping[str, Any]]) -> Table:
    """The versions of a dataset, as ``weft log`` prints them."""
    table = _table(
        title,
        [
            ("version", "right"),
            ("written", "left"),
            ("from", "right"),
            ("recordings", "right"),
            ("capsules", "right"),
            ("content", "left"),
            ("what changed", "left"),
        ],
    )
    for row in rows:
        table.add_row(
            str(row["version"]),
            row["written"],
            str(row["parent"] or "–"),
            str(row["counts"]["recordings"]),
            str(row["counts"]["capsules"]),
            row["content_sha256"][:12],
            _plain(row["changes"]),
        )
    return table


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is one.

    Examples
    --------
    >>> counted(1, "stream"), counted(1200, "stream")
    ('1 stream', '1,200 streams')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _plain(text: str) -> str:
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
