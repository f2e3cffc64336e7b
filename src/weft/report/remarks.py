"""Findings grouped for people, and the recipe as it can be used again."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from weft.core import Finding
from weft.report.data import ReportData
from weft.report.sections import Rows

MOST_FINDINGS = 40
"""Of one check and severity that are told one by one."""


def findings_of(data: ReportData) -> Rows:
    """Findings by severity, then by check; equal cures are said once."""
    groups: dict[tuple[int, str, str], list[tuple[str, Finding]]] = defaultdict(list)
    for recording in data.recordings:
        for finding in recording.findings:
            groups[(-finding.severity.rank, str(finding.severity), finding.check)].append((recording.name, finding))
    rows: Rows = []
    for (_, severity, check), found in sorted(groups.items()):
        if not rows or rows[-1]["severity"] != severity:
            rows.append({"severity": severity, "checks": [], "count": 0})
        rows[-1]["count"] += len(found)
        rows[-1]["checks"].append(
            {
                "name": check.replace("_", " "),
                "count": len(found),
                "cures": sorted({finding.cure for _, finding in found if finding.cure})[:5],
                "remarks": [
                    {"recording": name, "subject": f.subject, "message": f.message, "coverage": _coverage(f)}
                    for name, f in found[:MOST_FINDINGS]
                ],
                "more": max(0, len(found) - MOST_FINDINGS),
            }
        )
    return rows


def _coverage(finding: Finding) -> str:
    """How much the check looked at, where that was not everything."""
    return "" if finding.coverage >= 1 else f"looked at {finding.coverage:.0%}"


def toml_of(recipe: Mapping[str, Any], *, prefix: str = "") -> str:
    """A recipe as the TOML text that ``weft build --recipe`` reads.

    Examples
    --------
    >>> print(toml_of({"budget_ms": 80.0, "context": {"history_s": 5.0, "tiers": ["a"]}}))
    budget_ms = 80.0
    <BLANKLINE>
    [context]
    history_s = 5.0
    tiers = ["a"]
    """
    lines = [
        f"{key} = {_toml_value(value)}"
        for key, value in recipe.items()
        if not isinstance(value, Mapping) and value is not None
    ]
    for key, value in recipe.items():
        if isinstance(value, Mapping):
            lines += ["", f"[{prefix}{key}]", toml_of(value, prefix=f"{prefix}{key}.")]
    return "\n".join(lines).strip()


def _toml_value(value: Any) -> str:
    """One value: TOML and JSON write numbers, texts, truths and lists alike."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
