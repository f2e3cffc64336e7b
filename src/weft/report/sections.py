"""What each section of the page says, ready for the template: words, rows and pictures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from weft.core import (
    NS_PER_MS,
    NS_PER_S,
    Alignment,
    ClockAlignment,
    Epoch,
    Interval,
    Severity,
    Status,
)
from weft.report.axes import time_label, time_ticks
from weft.report.clip_pictures import by_method, clip_row
from weft.report.clock_graph import clock_graph
from weft.report.data import RecordingData, ReportData, StreamData
from weft.report.evidence_rows import evidence_rows, loops_of
from weft.report.plots import clock_plot, coverage_strip, error_plot, residual_plot
from weft.report.wording import (
    STATUS_MARKS,
    STATUS_WORDS,
    in_bytes,
    in_hz,
    in_ms,
    in_ppm,
    lasting,
    moment,
    origin_words,
)

OPEN_RECORDINGS = 4
"""With more recordings than this, each one's details start closed."""

MOST_DETAILED = 150
"""Recordings that get details; all are in the summary tables."""

MOST_PLOTS = 120
"""Clocks that get plots, the first of each recording before the second of any."""

MOST_SEGMENTS = 4
"""Of one clock that the table tells; the plot shows all."""

OPEN_LOOP_SDS = 3.5
"""A loop that misses its beginning by so many standard deviations has a wrong side."""

MOST_ROWS = 60
"""Rows of one table; the rest is counted."""

Rows = list[dict[str, Any]]


def overview_of(data: ReportData) -> Rows:
    """The figures at the top."""
    statuses = Counter(str(e.status) for r in data.recordings for e in r.alignment.clocks if e.streams)
    severities = Counter(f.severity for r in data.recordings for f in r.findings)
    total_ns = sum(r.span.duration_ns for r in data.recordings if r.span)
    figures = [
        ("recordings", f"{len(data.recordings):,}", f"{lasting(total_ns)} in all"),
        ("streams", f"{sum(len(r.streams) for r in data.recordings):,}", _modality_words(data)),
        (
            "clocks",
            f"{sum(statuses.values()):,}",
            ", ".join(f"{statuses[s]} {STATUS_WORDS[s]}" for s in Status if statuses[s]) or "none",
        ),
        ("capsules", f"{sum(r.capsules for r in data.recordings):,}", "units of training, each with its context"),
        (
            "findings",
            f"{sum(severities.values()):,}",
            _severity_words(severities) or "nothing to remark",
        ),
    ]
    return [{"name": name, "value": value, "more": more} for name, value, more in figures]


def _severity_words(counts: Counter[Severity]) -> str:
    """How many findings of each severity, the worst first."""
    words = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("remark", "remarks")}
    severities = sorted(Severity, key=lambda severity: -severity.rank)
    return ", ".join(f"{counts[s]} {words[s][counts[s] != 1]}" for s in severities if counts.get(s))


def _modality_words(data: ReportData) -> str:
    """How many streams of each modality."""
    counts = Counter(stream.modality for r in data.recordings for stream in r.streams)
    return ", ".join(f"{modality} {count}" for modality, count in counts.most_common())


def recordings_of(data: ReportData) -> Rows:
    """One entry per recording: a summary row, and what its details show."""
    allowed = _plotted(data)
    return [
        _recording(recording, number, allowed.get(number, 0), is_open=len(data.recordings) <= OPEN_RECORDINGS)
        for number, recording in enumerate(data.recordings)
    ]


def _plotted(data: ReportData) -> dict[int, int]:
    """How many clocks of each recording get plots."""
    allowed: dict[int, int] = defaultdict(int)
    plottable = [sum(_is_mapped(r.alignment, e) for e in r.alignment.clocks) for r in data.recordings[:MOST_DETAILED]]
    left = MOST_PLOTS
    for turn in range(max(plottable, default=0)):
        for number, count in enumerate(plottable):
            if turn < count and left:
                allowed[number] += 1
                left -= 1
    return allowed


def _is_mapped(alignment: Alignment, entry: ClockAlignment) -> bool:
    """Whether there is a map to draw."""
    return entry.time_map is not None and entry.clock.name != alignment.reference


def _recording(recording: RecordingData, number: int, plots: int, *, is_open: bool) -> dict[str, Any]:
    """One recording as the template shows it."""
    span = recording.span
    origin_ns = origin_of(recording)
    statuses = Counter(e.status for e in recording.alignment.clocks if e.streams)
    severities = Counter(f.severity for f in recording.findings)
    words = origin_words(recording.reference, origin_ns)
    return {
        "id": f"r{number + 1}",
        "name": recording.name,
        "is_open": is_open,
        "is_detailed": number < MOST_DETAILED,
        "reference": recording.alignment.reference,
        "duration": lasting(span.duration_ns) if span else "–",
        "streams": [_stream(stream) for stream in recording.streams[:MOST_ROWS]],
        "more_streams": max(0, len(recording.streams) - MOST_ROWS),
        "stream_count": len(recording.streams),
        "statuses": [_badge(status, statuses[status]) for status in Status if statuses[status]],
        "capsules": f"{recording.capsules:,}",
        "findings": _severity_words(severities) or "none",
        "clocks": [_clock(recording, entry, origin_ns) for entry in recording.alignment.clocks[:MOST_ROWS]],
        "plots": _plots(recording, span, plots, origin_ns) if span else [],
        "evidence": evidence_of(recording.alignment),
        "clips": [
            clip_row(clip, words=moment(recording.reference, clip.interval.start_ns, origin_ns))
            for clip in recording.clips
        ],
        "strips": _strips(recording.streams[:MOST_ROWS], span) if span else [],
        "ticks": _ticks(span, origin_ns) if span else [],
        "axis": words,
        "sources": [
            {"path": s.path, "size": in_bytes(s.size_bytes), "reader": s.reader, "sha256": s.sha256}
            for s in recording.sources[:MOST_ROWS]
        ],
        "more_sources": max(0, len(recording.sources) - MOST_ROWS),
    }


def origin_of(recording: RecordingData) -> int:
    """What the shown times call zero: the clock's own, unless that is far away."""
    span = recording.span
    if span is None or (recording.reference.epoch is Epoch.START and abs(span.start_ns) < 86_400 * NS_PER_S):
        return 0
    return span.start_ns // NS_PER_S * NS_PER_S


def _badge(status: Status, count: int | None = None) -> dict[str, Any]:
    """A clock's state as a mark, words and a colour's name: never by colour alone."""
    return {"kind": str(status), "mark": STATUS_MARKS[status], "words": STATUS_WORDS[status], "count": count}


def _stream(stream: StreamData) -> dict[str, Any]:
    """One row of the table of what came in."""
    nominal, effective = stream.nominal_rate_hz, stream.effective_rate_hz
    off = nominal and effective and abs(effective / nominal - 1) > 0.005
    gaps = "–" if stream.gaps is None else "none" if not stream.gaps else f"{stream.gaps:,}"
    return {
        "name": stream.name,
        "modality": stream.modality,
        "clock": stream.clock,
        "samples": f"{stream.samples:,}",
        "nominal": in_hz(nominal),
        "effective": in_hz(effective),
        "rate_is_off": bool(off),
        "duration": lasting(stream.duration_ns),
        "gaps": gaps,
        "has_gaps": bool(stream.gaps),
        "source": stream.source,
        "badge": _badge(stream.status),
    }


def _clock(recording: RecordingData, entry: ClockAlignment, origin_ns: int) -> dict[str, Any]:
    """One row of the clock table, and its segments where there are several."""
    row = entry.to_json()
    is_reference = entry.clock.name == recording.alignment.reference
    return {
        "recording": recording.name,
        "name": entry.clock.name,
        "streams": ", ".join(entry.streams) or "no stream reads it",
        "badge": {**_badge(entry.status), "words": "reference"} if is_reference else _badge(entry.status),
        "is_reference": is_reference,
        "offset": "0, by definition" if is_reference else in_ms(row["offset_ms"]),
        "drift": "–" if is_reference else in_ppm(row["drift_ppm"]),
        "error": "–" if is_reference else f"±{in_ms(row['error95_ms'])}" if entry.time_map else "–",
        "methods": ", ".join(method.replace("_", " ") for method in entry.methods) or "–",
        "note": entry.note,
        "rank": (list(Status).index(entry.status), row["error95_ms"] or 0.0),
        "assumptions": [
            {
                "name": one.name.replace("_", " "),
                "value": in_ms(one.value_ns / NS_PER_MS),
                "sd": f"±{in_ms(one.sd_ns / NS_PER_MS)}",
                "origin": one.origin,
                "says": one.says,
            }
            for one in recording.alignment.assumptions_of(entry.clock.name)
        ],
        "segments": [
            {
                "start": f"{segment['start_s']:,.3f} s",
                "stop": f"{segment['stop_s']:,.3f} s",
                "offset": in_ms(segment["offset_ms"]),
                "drift": in_ppm(segment["drift_ppm"]),
                "error": f"±{in_ms(segment['error95_ms'])}",
            }
            for segment in row["segments"][:MOST_SEGMENTS]
            if len(row["segments"]) > 1
        ],
        "more_segments": max(0, len(row["segments"]) - MOST_SEGMENTS),
    }


def worst_clocks(recordings: Rows) -> Rows:
    """Clocks of all recordings, those that need attention first."""
    rows = [clock for recording in recordings for clock in recording["clocks"] if not clock["is_reference"]]
    return sorted(rows, key=lambda row: (-row["rank"][0], -row["rank"][1], row["recording"], row["name"]))


def _plots(recording: RecordingData, span: Interval, plots: int, origin_ns: int) -> Rows:
    """The plots of a recording's first clocks."""
    mapped = [entry for entry in recording.alignment.clocks if _is_mapped(recording.alignment, entry)][:plots]
    found = []
    for entry in mapped:
        found.append(
            {
                "clock": entry.clock.name,
                "badge": _badge(entry.status),
                "map": clock_plot(entry, span, origin_ns, x_label="time, min:s"),
                "error": error_plot(entry, span, origin_ns, x_label="time, min:s"),
                "methods": _method_plots(entry, span, origin_ns),
                "pieces": len(entry.time_map.straight_runs()) if entry.time_map else 0,
            }
        )
    return found


def _method_plots(entry: ClockAlignment, span: Interval, origin_ns: int) -> Rows:
    """The residuals of a clock, a picture for each kind of evidence."""
    rows = []
    for method, residuals in by_method(entry):
        used = sum(residual.used for residual in residuals)
        picture = residual_plot(replace(entry, residuals=residuals), span, origin_ns, x_label="time, min:s")
        words = method.replace("_", " ")
        rows.append({"name": words, "picture": picture, "used": used, "left_out": len(residuals) - used})
    return rows


def evidence_of(alignment: Alignment) -> dict[str, Any]:
    """The graph of clocks, the table of evidence, and how its loops close."""
    rows = evidence_rows(alignment)
    return {
        "graph": clock_graph(alignment, rows),
        "rows": [
            {
                "between": f"{row.clock} – {row.reference}",
                "method": row.method.replace("_", " "),
                "moments": f"{row.moments:,}",
                "sd": in_ms(row.sd_ms),
                "shared": in_ms(row.shared_sd_ms),
                "state": row.state,
                "assumptions": row.assumptions,
            }
            for row in rows[:MOST_ROWS]
        ],
        "loops": [
            {
                "clocks": " – ".join(loop.clocks),
                "gap": in_ms(loop.gap_ms),
                "sds": f"{abs(loop.gap_ms) / loop.sd_ms:.1f}",
                "is_open": abs(loop.gap_ms) > OPEN_LOOP_SDS * loop.sd_ms,
            }
            for loop in loops_of(alignment.evidence)
        ],
    }


def _strips(streams: Sequence[StreamData], span: Interval) -> Rows:
    """The rows of the coverage picture."""
    rows = []
    for stream in streams:
        covered_ns = sum(stretch.duration_ns for stretch in stream.stretches)
        share = f"{covered_ns / max(1, span.duration_ns):.0%}" if stream.stretches else ""
        if stream.status is Status.NOT_ALIGNED:
            share = f"{lasting(stream.duration_ns)}, place unknown"
        elif not stream.samples:
            share = "nothing recorded"
        elif not stream.stretches:
            share = f"{stream.samples:,} events" if stream.instants else "outside its clock's map"
        if stream.status is Status.WEAK:
            share += ", weak clock"
        gaps = f", {stream.gaps:,} gap{'s' if stream.gaps != 1 else ''}" if stream.gaps else ""
        rows.append(
            {
                "name": stream.name,
                "modality": stream.modality,
                "share": share + gaps,
                "picture": coverage_strip(stream, span),
                "badge": _badge(stream.status),
            }
        )
    return rows


def _ticks(span: Interval, origin_ns: int) -> Rows:
    """Where the times under a coverage picture stand, in percent."""
    low, high = (span.start_ns - origin_ns) / NS_PER_S, (span.stop_ns - origin_ns) / NS_PER_S
    return [
        {"at": round(100 * (t - low) / (high - low), 2), "label": time_label(t)}
        for t in time_ticks(low, high, most=5)
        if high > low
    ]


def modalities_of(data: ReportData) -> Rows:
    """For each modality: how many recordings have it, and how much of their time it covers on a known clock."""
    total_ns = sum(r.span.duration_ns for r in data.recordings if r.span)
    found = sorted({stream.modality for r in data.recordings for stream in r.streams})
    rows = []
    for modality in found:
        having = [r for r in data.recordings if any(s.modality == modality for s in r.streams)]
        covered_ns = sum(_covered_ns(r, modality) for r in having)
        placed = any(s.stretches for r in having for s in r.streams if s.modality == modality)
        share = min(1.0, covered_ns / total_ns) if total_ns and placed else 0.0
        pointlike = modality in ("event", "text")
        rows.append(
            {
                "name": modality,
                "recordings": f"{len(having)} of {len(data.recordings)}",
                "percent": round(100 * share, 1),
                "words": "events, no duration" if pointlike else f"{share:.0%} of {lasting(total_ns)}",
                "is_pointlike": pointlike,
            }
        )
    return rows


def _covered_ns(recording: RecordingData, modality: str) -> int:
    """How long any stream of a modality has samples on a known clock."""
    stretches = sorted(s for stream in recording.streams if stream.modality == modality for s in stream.stretches)
    covered, reached = 0, None
    for stretch in stretches:
        start = stretch.start_ns if reached is None else max(reached, stretch.start_ns)
        covered += max(0, stretch.stop_ns - start)
        reached = stretch.stop_ns if reached is None else max(reached, stretch.stop_ns)
    return covered
