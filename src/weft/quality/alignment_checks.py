"""Checks of clocks: which are weak or not aligned, and which are known less well than a budget asks."""

from __future__ import annotations

from weft.core import Alignment, Finding, Severity, Status


def alignment_findings(alignment: Alignment) -> tuple[Finding, ...]:
    """What the solver remarked, and a finding for each clock that is weak or not aligned."""
    said = {(finding.check, finding.subject) for finding in alignment.findings}
    findings = list(alignment.findings)
    for entry in alignment.clocks:
        finding = _status_finding(entry.clock.name, entry.status, entry.note, alignment.reference)
        if finding is not None and (finding.check, finding.subject) not in said:
            findings.append(finding)
    return tuple(findings)


def _status_finding(clock: str, status: Status, note: str, reference: str) -> Finding | None:
    """What is to be said of a clock's status."""
    if status is Status.NOT_ALIGNED:
        return Finding(
            "clock_not_aligned",
            Severity.ERROR,
            clock,
            f"nothing relates this clock to {reference!r}"
            + (f": {note}" if note and "nothing relates" not in note else ""),
            "record an event that both devices sense (a clap, a flash), or declare the relation in recording.toml",
        )
    if status is Status.WEAK:
        return Finding(
            "clock_weak",
            Severity.WARNING,
            clock,
            f"there is evidence for {reference!r}, not enough of it" + (f": {note}" if note else ""),
            "use it knowingly; longer overlap or a shared event would settle it",
        )
    return None


def over_budget(subject: str, error_ms: float, budget_ms: float) -> Finding:
    """A clock that is known less well than it must be."""
    return Finding(
        "over_budget",
        Severity.ERROR,
        subject,
        f"its 95 % error is {error_ms:.1f} ms, the budget is {budget_ms:g} ms",
        "add evidence, shorten the recording to where it lies, or raise --budget knowingly",
        {"error95_ms": error_ms, "budget_ms": budget_ms},
    )
