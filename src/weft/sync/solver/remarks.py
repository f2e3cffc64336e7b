"""What is said of evidence that does not agree: findings, notes, and how far the answers lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_MS, Evidence, Finding, Loop, Severity
from weft.core.times import Int64Array
from weft.sync.solver.consistency import CLOSES_SDS, Agreement, Closure, Conflict
from weft.sync.solver.joint_fit import JointFit, Problem


@dataclass
class Remarks:
    """Findings, and by clock the words that its note begins with."""

    findings: list[Finding] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def add(self, other: Remarks) -> None:
        """Take in further remarks; a clock's first note stays."""
        self.findings += other.findings
        self.notes = {**other.notes, **self.notes}


def loops_of(evidence: Sequence[Evidence], agreement: Agreement) -> tuple[Loop, ...]:
    """Every fundamental loop, JSON-ready."""
    suspected = {index for conflict in agreement.conflicts for index in conflict.suspects}
    return tuple(
        Loop(
            closure.clocks,
            tuple(evidence[index].method for index in closure.edges),
            closure.left_ns,
            closure.sd_ns,
            abs(closure.left_ns) <= CLOSES_SDS * closure.sd_ns,
            tuple(place for place, index in enumerate(closure.edges) if index in suspected),
        )
        for closure in agreement.closures
    )


def conflict_remarks(evidence: Sequence[Evidence], agreement: Agreement) -> Remarks:
    """A finding for every piece of evidence that was left out because it contradicts the rest."""
    remarks = Remarks()
    for conflict in agreement.conflicts:
        wrong = evidence[conflict.left_out]
        loop = _broken_loop(agreement, conflict)
        told = len(conflict.suspects) == 1
        pair = f"{wrong.clock!r} and {wrong.reference!r}"
        words = (
            f"contradictory: {wrong.method} evidence between {pair} was not used"
            if told
            else _untold(evidence, conflict, loop)
        )
        if loop is None or len(loop.clocks) <= 2:
            remarks.findings.append(_parallel_finding(evidence, conflict, loop))
        else:
            remarks.findings.append(_loop_finding(evidence, conflict, loop))
        for index in conflict.suspects:
            for clock in (evidence[index].clock, evidence[index].reference):
                remarks.notes.setdefault(clock, words)
    return remarks


def _untold(evidence: Sequence[Evidence], conflict: Conflict, loop: Closure | None) -> str:
    """The words for clocks of which it cannot be told which evidence is wrong."""
    which = " or ".join(_called(evidence[index]) for index in conflict.suspects)
    left = f" by {abs(loop.left_ns) / NS_PER_MS:.1f} ms" if loop else ""
    return f"contradictory: {which} is wrong{left}, and it cannot be told which"


def _called(e: Evidence) -> str:
    """How one piece of evidence is called in a sentence."""
    return f"{e.method} {e.clock}-{e.reference}"


def _broken_loop(agreement: Agreement, conflict: Conflict) -> Closure | None:
    """The loop that shows a conflict most clearly."""
    through = [c for c in agreement.closures if set(c.edges) & set(conflict.suspects)]
    return max(through, key=lambda c: abs(c.left_ns) / c.sd_ns, default=None)


def _figures(loop: Closure | None) -> dict[str, float]:
    """A loop's numbers for machines."""
    return {"closure_ms": loop.left_ns / NS_PER_MS, "sd_ms": loop.sd_ns / NS_PER_MS} if loop else {}


def _loop_finding(evidence: Sequence[Evidence], conflict: Conflict, loop: Closure) -> Finding:
    """The remark on a loop of three or more clocks."""
    wrong = evidence[conflict.left_out]
    which = (
        f"the likeliest wrong one is {_called(wrong)}, which was not used"
        if len(conflict.suspects) == 1
        else "it cannot be told which of "
        + ", ".join(_called(evidence[index]) for index in conflict.suspects)
        + " is wrong"
    )
    return Finding(
        "loop_does_not_close",
        Severity.WARNING,
        wrong.clock,
        f"going round {'-'.join((*loop.clocks, loop.clocks[0]))}, {loop.left_ns / NS_PER_MS:+.3f} ms are left over, "
        f"expected within {CLOSES_SDS * loop.sd_ns / NS_PER_MS:.3f} ms; {which}",
        "check that the files belong together, or declare the relation that you know in recording.toml",
        _figures(loop),
    )


def _parallel_finding(evidence: Sequence[Evidence], conflict: Conflict, loop: Closure | None) -> Finding:
    """The remark on several measurements of one pair of clocks."""
    wrong = evidence[conflict.left_out]
    told = len(conflict.suspects) == 1
    return Finding(
        "contradictory_evidence",
        Severity.WARNING,
        wrong.clock,
        f"{wrong.method} evidence between {wrong.clock!r} and {wrong.reference!r} contradicts "
        + ("better evidence and was left out" if told else "other evidence that is believed no less")
        + (f"; they are {abs(loop.left_ns) / NS_PER_MS:.3f} ms apart" if loop else ""),
        "check the files' dates and names, or declare the relation in recording.toml",
        {"median_offset_ms": float(np.median(wrong.offsets_ns)) / NS_PER_MS, **_figures(loop)},
    )


def spread_of(problem: Problem, agreement: Agreement) -> dict[str, float]:
    """By clock, how far its offset moves with the choice of which evidence is wrong, ns; where it cannot be told."""
    doubts: dict[str, float] = {}
    for conflict in agreement.conflicts:
        if len(conflict.suspects) < 2:
            continue
        base, covariance, _ = problem.solve(agreement.keep)
        for suspect in conflict.suspects:
            other = agreement.keep.copy()
            other[conflict.left_out], other[suspect] = True, False
            values, _, _ = problem.solve(other)
            for name, knots in problem.clocks.items():
                at = slice(knots.first, knots.first + knots.count)
                moved = np.abs(values[at] - base[at])
                if np.any(moved > CLOSES_SDS / 2.0 * np.sqrt(np.diag(covariance)[at])):
                    doubts[name] = max(doubts.get(name, 0.0), float(moved.max()))
    return doubts


def contradiction_remarks(compared: Sequence[Evidence], problem: Problem, fit: JointFit) -> Remarks:
    """Remarks on evidence that was not used and does not agree with the solution."""
    remarks = Remarks()
    solved_ns = max((one.unreported_sd_ns for one in problem.evidence), default=0.0)
    for e in compared:
        gap_ns = float(np.median(_predicted_gap_ns(e, problem, fit)))
        unreported_ns = max(e.unreported_sd_ns, solved_ns)
        sd_ns = float(np.hypot(np.hypot(e.systematic_sd_ns, np.median(e.sds_ns)), unreported_ns))
        if abs(gap_ns) <= CLOSES_SDS * sd_ns:
            continue
        subject = e.clock if e.clock in problem.clocks else e.reference
        remarks.findings.append(
            Finding(
                "contradictory_evidence",
                Severity.WARNING,
                subject,
                f"{e.method} puts {e.clock!r} {abs(gap_ns) / NS_PER_MS:.1f} ms {'later' if gap_ns > 0 else 'earlier'} "
                f"against {e.reference!r} than better evidence does, expected within "
                f"{CLOSES_SDS * sd_ns / NS_PER_MS:.1f} ms; it was not used",
                "check whether the device's clock was set, and whether the files belong together",
                {"gap_ms": gap_ns / NS_PER_MS, "sd_ms": sd_ns / NS_PER_MS},
            )
        )
        words = f"contradictory: {e.method} differs by {abs(gap_ns) / NS_PER_MS:.1f} ms and was not used"
        remarks.notes.setdefault(subject, words)
    return remarks


def _predicted_gap_ns(e: Evidence, problem: Problem, fit: JointFit) -> NDArray[np.float64]:
    """Measured minus solved for evidence that did not take part."""
    gap: Int64Array = e.offsets_ns.copy()
    small = np.zeros(len(e))
    for name, times_ns, sign in ((e.clock, e.times_ns, 1), (e.reference, e.times_ns + e.offsets_ns, -1)):
        if name in problem.clocks:
            columns, shares = problem.clocks[name].rows(times_ns)
            small += sign * (fit.values[columns] * shares).sum(axis=1)
            gap = gap - sign * problem.clocks[name].base_ns
    left: NDArray[np.float64] = gap - small
    return left
