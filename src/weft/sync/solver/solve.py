"""One solution for all clocks of a recording, whatever the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from weft.core import Alignment, ClockAlignment, Evidence, Finding, Recording, UsageError
from weft.sync.solver.ambiguity import as_read, tell_readings
from weft.sync.solver.consistency import Agreement, reconcile
from weft.sync.solver.drift_prior import DriftHabit
from weft.sync.solver.entries import Solved, clock_entry, reference_entry, unreached_entry
from weft.sync.solver.joint_fit import JointFit, Problem
from weft.sync.solver.layout import bendable, lay_out
from weft.sync.solver.ranking import NEVER_ALIGNED, choose_evidence, is_ambiguous, is_guess, is_sufficient, reached
from weft.sync.solver.remarks import conflict_remarks, contradiction_remarks, loops_of, spread_of
from weft.sync.solver.wander import MOST_SPANS, STRENGTHS, find_wander

_PLAUSIBLE = STRENGTHS[3]
_BENDS = 4
"""While evidence is compared, every clock may bend as much as a warming device does: a bend is no contradiction."""


def solve(
    recording: Recording,
    evidence: Sequence[Evidence],
    *,
    reference: str,
    budget_ms: float = 80.0,
    reasons: Mapping[str, str] | None = None,
    habits: Mapping[str, DriftHabit] | None = None,
) -> Alignment:
    """Every clock's map to the reference, from all evidence jointly.

    Parameters
    ----------
    recording
        Its clocks and streams; evidence in it is not added by itself.
    evidence
        Measured relations between its clocks.
    reference
        The clock that all maps lead to.
    budget_ms
        The largest 95 % error with which a clock counts as aligned.
    reasons
        By clock: why a method found nothing, for the note of a clock that stays without a map.
    habits
        By clock: its usual drift against the reference; ordinary oscillators where not named.

    Returns
    -------
    Alignment
        One entry per clock. A clock without evidence is ``not_aligned``. Redundant evidence that contradicts
        itself is never averaged: the piece whose removal mends most is left out and named in a finding
        (``loop_does_not_close``, ``contradictory_evidence``), and where it cannot be told which one is wrong
        the clocks that it matters to are ``weak`` with an error that holds either way.

    Raises
    ------
    UsageError
        If the reference or a clock of the evidence is not in the recording.

    Notes
    -----
    Maps are valid where the clock's streams have samples. Away from evidence the error widens with the drift's
    uncertainty and with how oscillators wander (``drift_prior.WANDER``); the finding ``beyond_evidence`` says how
    far a map reaches. A jump that no evidence shows is not in the error. A piece between two jumps in which
    nothing was measured is not claimed.
    """
    names = [clock.name for clock in recording.clocks]
    recording.clock(reference)
    unknown = sorted({name for e in evidence for name in (e.clock, e.reference)} - set(names))
    if unknown:
        raise UsageError(f"evidence names clocks that recording {recording.name!r} does not have: {', '.join(unknown)}")
    useful = [_in_order(e) for e in evidence if len(e)]
    useful, unread = _read(recording, useful, reference)
    used, compared = choose_evidence(names, useful)
    within = reached(reference, names, used)
    used = [e for e in used if e.clock in within]
    settled = _settle(recording, used, reference, habits or {})
    remarks = conflict_remarks(settled.everything, settled.agreement)
    remarks.add(contradiction_remarks(compared, settled.problem, settled.fit))
    firm = reached(reference, names, [e for e in settled.used if e.method not in NEVER_ALIGNED and is_sufficient(e)])
    solved = Solved(settled.problem, settled.fit, reference, budget_ms, firm, settled.doubts, remarks.notes, unread)
    entries, findings = _entries(recording, solved, reasons or {})
    loops = loops_of(settled.everything, settled.agreement)
    return Alignment(recording.name, reference, entries, tuple(useful), (*remarks.findings, *findings), loops)


@dataclass(frozen=True)
class _Settled:
    """What was solved, from what, and what was left out."""

    problem: Problem
    fit: JointFit
    used: list[Evidence]
    everything: list[Evidence]
    agreement: Agreement
    doubts: dict[str, float] = field(default_factory=dict)


def _settle(recording: Recording, used: list[Evidence], reference: str, habits: Mapping[str, DriftHabit]) -> _Settled:
    """Leave out what contradicts, let drifts bend where residuals ask for it, and solve."""
    compare = _comparing(recording, _comparable(used), reference)
    agreement = reconcile(compare)
    doubts = spread_of(compare, agreement)
    kept = [e for e, keep in zip(used, agreement.keep, strict=True) if keep]
    straight = lay_out(recording, kept, reference, habits=habits)
    order = bendable(straight, reference)

    def bent(wander: Mapping[str, float], clocks: Sequence[str] = order) -> Problem:
        bends = dict.fromkeys(clocks, MOST_SPANS)
        return lay_out(recording, kept, reference, bends=bends, wander=wander, habits=habits)

    wander = find_wander(bent, order)
    problem = bent(wander, list(wander)) if wander else straight
    return _Settled(problem, problem.settle(), kept, used, agreement, doubts)


def _comparable(evidence: list[Evidence]) -> list[Evidence]:
    """Evidence with the errors by which unlike methods may differ: sound's way bears on a flash, not on other sound."""
    unreported = [e.unreported_sd_ns for e in evidence]
    if min(unreported, default=0.0) > 0.0 or not any(unreported):
        return evidence
    wider = [float(np.hypot(e.systematic_sd_ns, sd_ns)) for e, sd_ns in zip(evidence, unreported, strict=True)]
    return [replace(e, systematic_sd_ns=sd_ns) for e, sd_ns in zip(evidence, wider, strict=True)]


def _comparing(recording: Recording, evidence: Sequence[Evidence], reference: str) -> Problem:
    """The problem as it is when evidence is compared: every clock may bend."""
    names = [clock.name for clock in recording.clocks]
    bends, wander = dict.fromkeys(names, _BENDS), dict.fromkeys(names, _PLAUSIBLE)
    return lay_out(recording, evidence, reference, bends=bends, wander=wander)


def _read(recording: Recording, evidence: list[Evidence], reference: str) -> tuple[list[Evidence], dict[str, str]]:
    """Evidence with every ambiguous piece by the reading that the rest tells, and why some stayed ambiguous.

    What only guesses told is read, but stays insufficient: two clocks that people set may be wrong by a period.
    """
    reasons: dict[str, str] = {}
    for with_guesses in (False, True):
        ambiguous = [e for e in evidence if is_ambiguous(e)]
        if not ambiguous:
            break
        names = [clock.name for clock in recording.clocks]
        judges = [e for e in evidence if is_sufficient(e) and (with_guesses or not is_guess(e))]
        together = [*judges, *ambiguous]
        home = reached(reference, names, together)
        together = [e for e in together if e.clock in home]
        if not together:
            continue
        problem = _comparing(recording, together, reference)
        sure = np.array([not is_ambiguous(e) for e in together])
        readings = tell_readings(problem, sure)
        by = sorted({e.method for e in together if not is_ambiguous(e)}) or ["loops"]
        for index, e in enumerate(together):
            reading = readings.chosen[index]
            if sure[index]:
                continue
            if reading is not None:
                read = as_read(e, reading, by)
                read = replace(read, details={**read.details, "sufficient": False}) if with_guesses else read
                evidence = [read if one is e else one for one in evidence]
            elif index in readings.none_agrees:
                reasons[e.clock] = reasons[e.reference] = f"no reading of the {e.method} evidence agrees with the rest"
    return evidence, reasons


def _entries(
    recording: Recording, solved: Solved, reasons: Mapping[str, str]
) -> tuple[tuple[ClockAlignment, ...], list[Finding]]:
    """Every clock's row, and what was remarked on the way."""
    entries: list[ClockAlignment] = []
    findings: list[Finding] = []
    for clock in recording.clocks:
        if clock.name == solved.reference:
            entries.append(reference_entry(recording, clock))
        elif clock.name in solved.problem.clocks:
            made = clock_entry(recording, clock.name, solved)
            entries.append(made.entry)
            findings += made.findings
        else:
            entries.append(unreached_entry(recording, clock, reasons.get(clock.name, "")))
    return tuple(entries), findings


def _in_order(e: Evidence) -> Evidence:
    """Evidence with its moments in order of time."""
    if np.all(np.diff(e.times_ns) >= 0):
        return e
    order = np.argsort(e.times_ns, kind="stable")
    return replace(e, times_ns=e.times_ns[order], offsets_ns=e.offsets_ns[order], sds_ns=e.sds_ns[order])
