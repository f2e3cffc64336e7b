"""A recording, its alignment and its capsules as rows of tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from weft.core import (
    Alignment,
    Annotation,
    Capsule,
    ClockAlignment,
    Finding,
    Interval,
    Recording,
    Status,
    Stream,
    TimeMap,
)
from weft.dataset.canonical import canonical_json
from weft.dataset.originals import files_of, opened_as
from weft.dataset.tables import COLUMNS, table_of

Row = dict[str, Any]


def recording_fragments(
    recording: Recording,
    alignment: Alignment,
    capsules: Sequence[Capsule] = (),
    findings: Iterable[Finding] = (),
) -> dict[str, pa.Table]:
    """Everything that a dataset keeps of one recording: rows by table, tables without rows left out.

    The order of rows follows from the content alone: streams, clocks and annotations as
    the recording lists them, capsules by start, then by id.

    Parameters
    ----------
    recording
        With its sources hashed; see :func:`weft.dataset.hash_sources`.
    alignment
        Kept exactly: :func:`alignment_of` gives it back.
    capsules
        Kept exactly.
    findings
        Remarks of the build beside those of the recording and of the alignment.
    """
    ordered = sorted(capsules, key=lambda capsule: (capsule.interval.start_ns, capsule.capsule_id))
    stages = {"read": recording.findings, "align": alignment.findings, "build": findings}
    rows: dict[str, Iterator[Row]] = {
        "recordings": iter([_recording_row(recording, alignment)]),
        "sources": _source_rows(recording),
        "streams": (_stream_row(stream, alignment) for stream in recording.streams),
        "clocks": (_clock_row(entry, alignment.reference) for entry in alignment.clocks),
        "evidence": _evidence_rows(alignment),
        "residuals": _residual_rows(alignment),
        "annotations": (_annotation_row(annotation) for annotation in recording.annotations),
        "capsules": (_capsule_row(capsule) for capsule in ordered),
        "contexts": (_context_row(capsule) for capsule in ordered),
        "findings": (_finding_row(finding, stage) for stage, some in stages.items() for finding in some),
    }
    tables = {
        table: table_of(table, ({"recording": recording.name, **row} for row in rows[table])) for table in COLUMNS
    }
    return {table: content for table, content in tables.items() if content.num_rows}


def _recording_row(recording: Recording, alignment: Alignment) -> Row:
    """The recording itself."""
    return {
        "reference": alignment.reference,
        "opened_as": opened_as(recording),
        "details_json": canonical_json(recording.details),
    }


def _source_rows(recording: Recording) -> Iterator[Row]:
    """Its files, with the recording.toml that shaped it."""
    for source in files_of(recording):
        yield {
            "path": source.path,
            "size_bytes": source.size_bytes,
            "sha256": source.sha256,
            "reader": source.reader,
        }


def _stream_row(stream: Stream, alignment: Alignment) -> Row:
    """One stream, with its place on its own clock and on the reference."""
    entry = next((entry for entry in alignment.clocks if entry.clock.name == stream.clock), None)
    on_reference = _on_reference(stream.interval, entry.time_map) if entry and entry.time_map and len(stream) else None
    return {
        "stream": stream.name,
        "modality": str(stream.modality),
        "clock": stream.clock,
        "samples": len(stream),
        "nominal_rate_hz": stream.nominal_rate_hz,
        "effective_rate_hz": stream.effective_rate_hz,
        "device_start_ns": stream.interval.start_ns,
        "device_stop_ns": stream.interval.stop_ns,
        "reference_start_ns": on_reference.start_ns if on_reference else None,
        "reference_stop_ns": on_reference.stop_ns if on_reference else None,
        "status": str(entry.status if entry else Status.NOT_ALIGNED),
        "error95_ms": entry.to_json()["error95_ms"] if entry else None,
        "interpolation": str(stream.interpolation),
        "dtype": str(stream.samples.dtype),
        "shape_json": canonical_json(stream.samples.shape),
        "channels_json": canonical_json(stream.channels),
        "units_json": canonical_json(stream.units),
        "source": stream.source,
        "synthetic": bool(stream.details.get("synthetic", False)),
        "details_json": canonical_json(stream.details),
    }


def _on_reference(device: Interval, time_map: TimeMap) -> Interval | None:
    """The reference times between the first and the last moment at which the clock is known."""
    known = device.overlap(time_map.validity)
    if known is None:
        return None
    ends = time_map.apply(np.array([known.start_ns, known.stop_ns - 1], dtype=np.int64), extrapolate=True)
    return Interval(int(ends[0]), int(ends[1]) + 1)


def _clock_row(entry: ClockAlignment, reference: str) -> Row:
    """One clock's figures, and the exact entry without its residuals, which have a table."""
    figures = entry.to_json()
    alone = Alignment("", reference, (replace(entry, residuals=()),)).to_dict()["clocks"][0]
    return {
        "clock": entry.clock.name,
        "reference": reference,
        "status": str(entry.status),
        "offset_ms": figures["offset_ms"],
        "drift_ppm": figures["drift_ppm"],
        "error95_ms": figures["error95_ms"],
        "note": entry.note,
        "streams_json": canonical_json(entry.streams),
        "methods_json": canonical_json(entry.methods),
        "segments_json": canonical_json(figures["segments"]),
        "entry_json": canonical_json(alone),
    }


def _evidence_rows(alignment: Alignment) -> Iterator[Row]:
    """What the maps rest on."""
    for evidence in alignment.evidence:
        yield {
            "clock": evidence.clock,
            "reference": evidence.reference,
            "method": evidence.method,
            "moments": len(evidence),
            "score": float(evidence.score),
            "evidence_json": canonical_json(evidence.to_dict()),
        }


def _residual_rows(alignment: Alignment) -> Iterator[Row]:
    """Evidence minus solution, clock after clock."""
    for entry in alignment.clocks:
        for residual in entry.residuals:
            yield {
                "clock": entry.clock.name,
                "t_device_ns": int(residual.t_device_ns),
                "residual_ns": float(residual.residual_ns),
                "sd_ns": float(residual.sd_ns),
                "method": residual.method,
                "used": bool(residual.used),
            }


def _annotation_row(annotation: Annotation) -> Row:
    """What a file said, on the clock on which it said it."""
    return {
        "kind": annotation.kind,
        "start_ns": annotation.interval.start_ns,
        "stop_ns": annotation.interval.stop_ns,
        "clock": annotation.clock,
        "tier": annotation.tier,
        "stream": annotation.stream,
        "origin": str(annotation.origin),
        "method": annotation.method,
        "confidence": annotation.confidence,
        "value_json": canonical_json(annotation.value),
        "details_json": canonical_json(annotation.details),
    }


def _capsule_row(capsule: Capsule) -> Row:
    """The columns by which capsules are chosen."""
    presence = [span.present for span in capsule.spans]
    errors = [span.error95_ms for span in capsule.spans if span.error95_ms is not None]
    return {
        "capsule_id": capsule.capsule_id,
        "kind": capsule.anchor.kind,
        "text": text_of(capsule.anchor.value),
        "tier": capsule.anchor.tier,
        "start_ns": capsule.interval.start_ns,
        "stop_ns": capsule.interval.stop_ns,
        "duration_s": capsule.interval.duration_s,
        "context_start_ns": capsule.context.start_ns,
        "context_stop_ns": capsule.context.stop_ns,
        "origin": str(capsule.anchor.origin),
        "method": capsule.anchor.method,
        "confidence": capsule.anchor.confidence,
        "synthetic": capsule.synthetic,
        "annotations": len(capsule.annotations),
        "streams": len(capsule.spans),
        "present": float(np.mean(presence)) if presence else None,
        "missing": sum(1 for share in presence if share <= 0.0),
        "error95_ms": float(max(errors)) if errors else None,
    }


def _context_row(capsule: Capsule) -> Row:
    """The whole capsule."""
    return {"capsule_id": capsule.capsule_id, "capsule_json": canonical_json(capsule.to_dict())}


def text_of(value: Any) -> str | None:
    """The words of a label: itself, its ``text`` field, or nothing."""
    if isinstance(value, str):
        return str(value)
    text = value.get("text") if isinstance(value, dict) else None
    return text if isinstance(text, str) else None


def _finding_row(finding: Finding, stage: str) -> Row:
    """One remark and the stage that made it."""
    return {
        "stage": stage,
        "check": finding.check,
        "severity": str(finding.severity),
        "subject": finding.subject,
        "message": finding.message,
        "cure": finding.cure,
        "coverage": float(finding.coverage),
        "numbers_json": canonical_json(finding.numbers),
    }
