"""One solution for all clocks of a recording, whatever the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from weft.core import Alignment, ClockAlignment, Evidence, Finding, Interval, Recording, Severity, UsageError
from weft.core.times import NS_PER_MS, Int64Array
from weft.sync.solver.entries import clock_entry, reference_entry, unreached_entry
from weft.sync.solver.joint_fit import JointFit, fit_jointly
from weft.sync.solver.knots import ClockKnots, outer_knots, pieces_of_clock
from weft.sync.solver.ranking import NEVER_ALIGNED, belief_of, choose_evidence, is_sufficient, reached
from weft.sync.spans import clock_span

CONTRADICTION_SDS = 4.0
"""A systematic error so many of its standard deviations large is not one: somebody is wrong."""

CURVED_SDS = 5.0
"""Blocks of residuals so far from zero say that the drift changed."""

CURVE_BLOCKS = 6
LEAST_KNOT_SPAN_NS = 60 * 1_000_000_000


def solve(
    recording: Recording,
    evidence: Sequence[Evidence],
    *,
    reference: str,
    budget_ms: float = 80.0,
    reasons: Mapping[str, str] | None = None,
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

    Returns
    -------
    Alignment
        One entry per clock. A clock without evidence is ``not_aligned``; contradictory
        evidence leaves a finding ``contradictory_evidence`` and is not averaged.

    Raises
    ------
    UsageError
        If the reference or a clock of the evidence is not in the recording.

    Notes
    -----
    Maps are valid where the clock's streams have samples and widen with the drift's
    uncertainty where there is no evidence. A jump that no evidence shows is not in the error.
    """
    names = [clock.name for clock in recording.clocks]
    recording.clock(reference)
    unknown = sorted({name for e in evidence for name in (e.clock, e.reference)} - set(names))
    if unknown:
        raise UsageError(f"evidence names clocks that recording {recording.name!r} does not have: {', '.join(unknown)}")
    useful = [e for e in evidence if len(e)]
    used, compared = choose_evidence(names, useful)
    within = reached(reference, names, used)
    used = [e for e in used if e.clock in within]
    clocks, fit, used, dropped = _settle(recording, used, reference)
    firm = reached(reference, names, [e for e in used if e.method not in NEVER_ALIGNED and is_sufficient(e)])
    entries, findings = [], [_dropped_finding(e) for e in dropped]
    for clock in recording.clocks:
        if clock.name == reference:
            entries.append(reference_entry(recording, clock))
        elif clock.name in clocks:
            made = clock_entry(
                recording,
                clocks[clock.name],
                fit,
                used,
                reference=reference,
                firm=clock.name in firm,
                budget_ms=budget_ms,
            )
            entries.append(made.entry)
            findings += made.findings
        else:
            entries.append(unreached_entry(recording, clock, (reasons or {}).get(clock.name, "")))
    findings += _contradictions(compared, clocks, fit)
    contradicted = {finding.subject for finding in findings if finding.check == "contradictory_evidence"}
    entries = [_with_contradiction(entry) if entry.clock.name in contradicted else entry for entry in entries]
    return Alignment(recording.name, reference, tuple(entries), tuple(useful), tuple(findings))


def _with_contradiction(entry: ClockAlignment) -> ClockAlignment:
    """The entry with a word about evidence that contradicts it."""
    words = "other evidence contradicts this, see the findings"
    return replace(entry, note=f"{entry.note}; {words}" if entry.note else words)


def _settle(
    recording: Recording, used: list[Evidence], reference: str
) -> tuple[dict[str, ClockKnots], JointFit, list[Evidence], list[Evidence]]:
    """Fit, drop what contradicts better evidence, let drifts bend where residuals ask for it."""
    dropped: list[Evidence] = []
    while True:
        clocks = _unknowns(recording, used, reference, {})
        worst = _least_believed(used, fit_jointly(clocks, used, reweight=False))
        if worst is None:
            break
        dropped.append(used[worst])
        used = [e for i, e in enumerate(used) if i != worst]
    fit = fit_jointly(clocks, used)
    bends = {name for name in clocks if _is_curved(name, used, fit)}
    if bends:
        extra = {name: CURVE_BLOCKS for name in bends}
        clocks = _unknowns(recording, used, reference, extra)
        fit = fit_jointly(clocks, used)
    return clocks, fit, used, dropped


def _least_believed(used: list[Evidence], fit: JointFit) -> int | None:
    """Of evidence that cannot all be right, the piece that is believed least; ``None`` when all agree."""
    strain = np.abs(fit.shared)
    if not strain.size or strain.max() < CONTRADICTION_SDS:
        return None
    suspects = [i for i in range(len(used)) if strain[i] > CONTRADICTION_SDS / 2.0]
    return max(suspects, key=lambda i: (belief_of(used[i]), strain[i]))


def _is_curved(name: str, used: list[Evidence], fit: JointFit) -> bool:
    """Whether residuals of a clock's evidence wander more than noise does."""
    for e, residual, weight in zip(used, fit.residuals, fit.weights, strict=True):
        if name not in (e.clock, e.reference) or len(e) < 5 * CURVE_BLOCKS or e.details.get("breaks"):
            continue
        if int(e.times_ns[-1] - e.times_ns[0]) < CURVE_BLOCKS * LEAST_KNOT_SPAN_NS:
            continue
        standard = (residual / e.sds_ns)[weight > 0.1]
        blocks = np.array_split(standard, 2 * CURVE_BLOCKS)
        within = float(np.sqrt(np.mean([block.var(ddof=1) for block in blocks])))
        means = np.array([block.mean() * np.sqrt(block.size) for block in blocks])
        if within > 0 and float(np.sqrt(np.mean(means**2))) > 0.5 * CURVED_SDS * within:
            return True
    return False


def _unknowns(
    recording: Recording, used: list[Evidence], reference: str, bends: Mapping[str, int]
) -> dict[str, ClockKnots]:
    """Pieces, knots and base offsets of every clock that evidence reaches."""
    names = reached(reference, [clock.name for clock in recording.clocks], used)
    bases = _base_offsets(used, reference)
    clocks: dict[str, ClockKnots] = {}
    first = 0
    for clock in recording.clocks:
        if clock.name == reference or clock.name not in names:
            continue
        about = [e for e in used if clock.name in (e.clock, e.reference)]
        times_ns = np.concatenate([_times_on(e, clock.name) for e in about])
        span = clock_span(recording, clock.name) or Interval(int(times_ns.min()), int(times_ns.max()) + 1)
        breaking = [e for e in about if e.clock == clock.name or e.clock == reference]
        pieces = pieces_of_clock(clock, span, breaking)
        probe = ClockKnots(clock.name, 0, pieces, tuple(outer_knots(piece) for piece in pieces), 0)
        known = np.unique(probe.piece_of(times_ns))
        pieces = tuple(pieces[i] for i in known)
        knots = tuple(_knots_of(piece, bends.get(clock.name, 1)) for piece in pieces)
        clocks[clock.name] = ClockKnots(clock.name, bases[clock.name], pieces, knots, first)
        first += clocks[clock.name].count
    return clocks


def _knots_of(piece: Interval, spans: int) -> Int64Array:
    """A piece's knots: its ends, and evenly between them where the drift bends."""
    ends = outer_knots(piece)
    spans = int(np.clip((ends[1] - ends[0]) // LEAST_KNOT_SPAN_NS, 1, spans))
    knots: Int64Array = np.linspace(0, ends[1] - ends[0], spans + 1).astype(np.int64) + ends[0]
    return knots


def _times_on(e: Evidence, clock: str) -> Int64Array:
    """The moments of evidence as readings of one of its two clocks."""
    times_ns: Int64Array = e.times_ns if e.clock == clock else e.times_ns + e.offsets_ns
    return times_ns


def _base_offsets(used: list[Evidence], reference: str) -> dict[str, int]:
    """An offset near the truth for every clock, along the first path of evidence that leads there."""
    bases = {reference: 0}
    waiting = list(used)
    while waiting:
        ready = [e for e in waiting if (e.clock in bases) != (e.reference in bases)]
        waiting = [e for e in waiting if not (e.clock in bases and e.reference in bases) and e not in ready]
        for e in ready:
            middle_ns = int(np.sort(e.offsets_ns)[len(e) // 2])
            if e.reference in bases and e.clock not in bases:
                bases[e.clock] = bases[e.reference] + middle_ns
            elif e.clock in bases and e.reference not in bases:
                bases[e.reference] = bases[e.clock] - middle_ns
        if not ready:
            break
    return bases


def _dropped_finding(e: Evidence) -> Finding:
    """The remark on evidence that better evidence overruled."""
    return Finding(
        "contradictory_evidence",
        Severity.WARNING,
        e.clock,
        f"{e.method} evidence between {e.clock!r} and {e.reference!r} contradicts better evidence and was left out",
        "check the files' dates and names, or declare the relation in recording.toml",
        {"median_offset_ms": float(np.median(e.offsets_ns)) / NS_PER_MS},
    )


def _contradictions(compared: list[Evidence], clocks: Mapping[str, ClockKnots], fit: JointFit) -> list[Finding]:
    """Remarks on evidence that was not used and does not agree with the solution."""
    remarks = []
    for e in compared:
        gap_ns = float(np.median(_predicted_gap_ns(e, clocks, fit)))
        sd_ns = float(np.hypot(e.systematic_sd_ns, np.median(e.sds_ns)))
        if abs(gap_ns) <= CONTRADICTION_SDS * sd_ns:
            continue
        subject = e.clock if e.clock in clocks else e.reference
        remarks.append(
            Finding(
                "contradictory_evidence",
                Severity.WARNING,
                subject,
                f"{e.method} puts {e.clock!r} {abs(gap_ns) / NS_PER_MS:.1f} ms {'later' if gap_ns > 0 else 'earlier'} "
                f"against {e.reference!r} than better evidence does, expected within "
                f"{CONTRADICTION_SDS * sd_ns / NS_PER_MS:.1f} ms; it was not used",
                "check whether the device's clock was set, and whether the files belong together",
                {"gap_ms": gap_ns / NS_PER_MS, "sd_ms": sd_ns / NS_PER_MS},
            )
        )
    return remarks


def _predicted_gap_ns(e: Evidence, clocks: Mapping[str, ClockKnots], fit: JointFit) -> NDArray[np.float64]:
    """Measured minus solved for evidence that did not take part."""
    gap: Int64Array = e.offsets_ns.copy()
    small = np.zeros(len(e))
    for name, times_ns, sign in ((e.clock, e.times_ns, 1), (e.reference, e.times_ns + e.offsets_ns, -1)):
        if name in clocks:
            columns, shares = clocks[name].rows(times_ns)
            small += sign * (fit.values[columns] * shares).sum(axis=1)
            gap = gap - sign * clocks[name].base_ns
    left: NDArray[np.float64] = gap - small
    return left
