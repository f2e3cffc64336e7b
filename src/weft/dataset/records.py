"""The nouns that rows of tables hold: the way back of :mod:`weft.dataset.rows`."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace

import pyarrow as pa

from weft.core import Alignment, Capsule, Evidence, Finding, Interval, Residual, Severity
from weft.core.annotation import Annotation, Origin


def alignment_of(recording: str, reference: str, tables: dict[str, pa.Table]) -> Alignment:
    """The alignment that was stored as ``clocks``, ``residuals``, ``evidence`` and ``findings``."""
    residuals = defaultdict(list)
    for row in tables["residuals"].to_pylist():
        figures = (row["t_device_ns"], row["residual_ns"], row["sd_ns"], row["method"], row["used"])
        residuals[row["clock"]].append(Residual(*figures))
    entries = [json.loads(entry) for entry in tables["clocks"]["entry_json"].to_pylist()]
    bare = Alignment.from_dict(
        {"recording": recording, "reference": reference, "clocks": entries, "evidence": [], "findings": []}
    )
    return replace(
        bare,
        clocks=tuple(replace(entry, residuals=tuple(residuals[entry.clock.name])) for entry in bare.clocks),
        evidence=tuple(Evidence.from_dict(json.loads(e)) for e in tables["evidence"]["evidence_json"].to_pylist()),
        findings=tuple(finding_of(row) for row in tables["findings"].to_pylist() if row["stage"] == "align"),
    )


def finding_of(row: dict[str, object]) -> Finding:
    """The finding of one row."""
    fields = {name: row[name] for name in ("check", "subject", "message", "cure", "coverage")}
    return Finding(severity=Severity(str(row["severity"])), numbers=json.loads(str(row["numbers_json"])), **fields)  # type: ignore[arg-type]


def annotation_of(row: dict[str, object]) -> Annotation:
    """The annotation of one row, on the clock of the file that it came from."""
    fields = {name: row[name] for name in ("kind", "clock", "method", "confidence", "tier", "stream")}
    return Annotation(
        interval=Interval(row["start_ns"], row["stop_ns"]),  # type: ignore[arg-type]
        value=json.loads(str(row["value_json"])),
        origin=Origin(str(row["origin"])),
        details=json.loads(str(row["details_json"])),
        **fields,  # type: ignore[arg-type]
    )


def capsule_of(capsule_json: str) -> Capsule:
    """The capsule of one row."""
    return Capsule.from_dict(json.loads(capsule_json))
