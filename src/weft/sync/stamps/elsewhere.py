"""Logs of clock daemons that tell of other times than their clock's streams read."""

from __future__ import annotations

from weft.core import NS_PER_S, Evidence, Finding, Interval, Recording, Severity
from weft.sync.relations import Relations
from weft.sync.spans import clock_span

LOGGED = frozenset({"ptp", "ntp"})
"""Methods whose evidence comes from a file of its own, which may be about another clock or another day."""

FARTHEST_NS = 3600 * NS_PER_S
"""An oscillator that is unknown to 50 ppm is off by 0.2 s after an hour; a log farther away says nothing."""


def at_hand(recording: Recording) -> Relations:
    """The evidence that files gave, without logs that lie elsewhere; those are named in findings and reasons."""
    found = Relations()
    for evidence in recording.evidence:
        away_ns = _away_ns(recording, evidence)
        if evidence.method not in LOGGED or away_ns <= FARTHEST_NS:
            found.evidence.append(evidence)
            continue
        found.reasons[evidence.clock] = f"its {evidence.method} log tells of other times than its streams read"
        found.findings.append(_finding(evidence, away_ns))
    return found


def _away_ns(recording: Recording, evidence: Evidence) -> int:
    """How far the evidence's moments lie from the samples of its clock; 0 where they meet or there are none."""
    span = clock_span(recording, evidence.clock)
    if span is None or not len(evidence):
        return 0
    told = Interval(int(evidence.times_ns[0]), int(evidence.times_ns[-1]) + 1)
    return max(0, told.start_ns - span.stop_ns, span.start_ns - told.stop_ns)


def _finding(evidence: Evidence, away_ns: int) -> Finding:
    """A log that is about something else."""
    return Finding(
        "clock_log_elsewhere",
        Severity.WARNING,
        evidence.clock,
        f"{', '.join(evidence.sources)} tells of times {away_ns / NS_PER_S:.0f} s away from what the streams of "
        f"{evidence.clock!r} read; it was not used",
        "name the clock that it is about in recording.toml; a file that counts from its own start reads another",
        {"away_s": away_ns / NS_PER_S},
    )
