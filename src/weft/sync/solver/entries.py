"""From the joint solution to what the clock table says of each clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.core import (
    NS_PER_MS,
    NS_PER_S,
    Clock,
    ClockAlignment,
    Evidence,
    Finding,
    Interval,
    Piece,
    Recording,
    Residual,
    Severity,
    Status,
    TimeMap,
    Uncertainty,
)
from weft.core.time_map import MAX_DRIFT
from weft.sync.solver.joint_fit import JointFit, Problem
from weft.sync.solver.ranking import NEVER_ALIGNED, is_ambiguous, is_sufficient

USED_WEIGHT = 0.05

REACH_SHARE = 0.1
"""Below a tenth of the clock's time without evidence nothing is said: windows end before recordings do."""

WARN_SHARE = 0.25


@dataclass(frozen=True)
class Solved:
    """The solution and all that decides what is said of a clock.

    ``firm`` are clocks that sufficient evidence connects to the reference; ``doubts`` say by clock how far it may
    be elsewhere because it cannot be told which evidence is wrong, ns; ``notes`` begin a clock's note; ``unread``
    says why an ambiguous clock stayed so.
    """

    problem: Problem
    fit: JointFit
    reference: str
    budget_ms: float
    firm: set[str]
    doubts: Mapping[str, float]
    notes: Mapping[str, str]
    unread: Mapping[str, str]


@dataclass(frozen=True)
class Entry:
    """One clock's row and the remarks on it."""

    entry: ClockAlignment
    findings: tuple[Finding, ...] = ()


def reference_entry(recording: Recording, clock: Clock) -> ClockAlignment:
    """The reference is aligned with itself, exactly."""
    streams = tuple(stream.name for stream in recording.streams_of(clock.name))
    span: Interval | None = None
    for seen in _seen(recording, clock.name):
        span = seen if span is None else span.hull(seen)
    identity = TimeMap.identity(clock.name)
    return ClockAlignment(clock, streams, Status.ALIGNED, identity, note="the reference", span=span)


def _seen(recording: Recording, clock: str) -> list[Interval]:
    """Where a clock was read: by its streams, and by what relates others to it."""
    spans = [stream.interval for stream in recording.streams_of(clock) if len(stream)]
    for e in recording.evidence:
        for one in (e, e.reversed()):
            if one.clock == clock and len(one):
                spans.append(Interval(int(one.times_ns.min()), int(one.times_ns.max())))
    return spans


def unreached_entry(recording: Recording, clock: Clock, reason: str) -> ClockAlignment:
    """A clock that nothing relates to the reference."""
    streams = tuple(stream.name for stream in recording.streams_of(clock.name))
    note = reason or "nothing relates this clock to the reference"
    return ClockAlignment(clock, streams, Status.NOT_ALIGNED, None, note=note)


def clock_entry(recording: Recording, name: str, solved: Solved) -> Entry:
    """A solved clock's row."""
    clock, fit = recording.clock(name), solved.fit
    time_map = _time_map(solved, name)
    error_ms = _largest_error_ms(time_map)
    about = [(i, e) for i, e in enumerate(solved.problem.evidence) if name in (e.clock, e.reference) and len(e)]
    sure = name in solved.firm and name not in solved.doubts
    status = Status.ALIGNED if sure and error_ms <= solved.budget_ms else Status.WEAK
    entry = ClockAlignment(
        clock=clock,
        streams=tuple(stream.name for stream in recording.streams_of(name)),
        status=status,
        time_map=time_map,
        methods=tuple(sorted({e.method for _, e in about})),
        residuals=tuple(r for i, e in about for r in _residuals(e, fit.residuals[i], fit.weights[i], name)),
        note=_note(status, [e for _, e in about], name, solved, error_ms=error_ms),
    )
    return Entry(entry, (*_jump_findings(clock, time_map), *_reach_findings(name, solved)))


def _time_map(solved: Solved, name: str) -> TimeMap:
    """Pieces between neighbouring knots, each with its covariance."""
    knots, fit = solved.problem.clocks[name], solved.fit
    doubt = Uncertainty(solved.doubts.get(name, 0.0) ** 2)
    pieces: list[Piece] = []
    at = knots.first
    for device, places in zip(knots.pieces, knots.knots, strict=True):
        for index, (start_ns, stop_ns) in enumerate(pairwise(places.tolist())):
            span = Interval(max(start_ns, device.start_ns), max(min(stop_ns, device.stop_ns), device.start_ns))
            piece = _piece(span, (start_ns, stop_ns), knots.base_ns, at + index, fit)
            piece = replace(piece, uncertainty=piece.uncertainty.plus(doubt))
            piece = _after(pieces[-1], piece) if pieces else piece
            if not piece.device.is_empty or len(knots.pieces) == 1:
                pieces.append(piece)
        at += len(places)
    return TimeMap(name, solved.reference, tuple(pieces))


def _piece(device: Interval, places: tuple[int, int], base_ns: int, at: int, fit: JointFit) -> Piece:
    """The straight line between two knots."""
    start_ns, stop_ns = places
    span = float(stop_ns - start_ns)
    low, high = float(fit.values[at]), float(fit.values[at + 1])
    spread: NDArray[np.float64] = fit.covariance[at : at + 2, at : at + 2]
    middle_ns = (device.start_ns + device.stop_ns) // 2
    uncertainty = Uncertainty(
        float(spread[0, 0]),
        float(spread[0, 1] - spread[0, 0]) / span,
        max(0.0, float(spread[0, 0] + spread[1, 1] - 2.0 * spread[0, 1])) / span**2,
    ).moved(float(middle_ns - start_ns))
    uncertainty = Uncertainty(max(0.0, uncertainty.offset_variance), uncertainty.covariance, uncertainty.drift_variance)
    drift = float(np.clip((high - low) / span, -MAX_DRIFT, MAX_DRIFT))
    offset_ns = base_ns + round(low + drift * (middle_ns - start_ns))
    return Piece(device, middle_ns, offset_ns, drift, uncertainty)


def _after(before: Piece, piece: Piece) -> Piece:
    """The piece, starting only where the one before has ended on the reference too."""
    late_ns = before.reference.stop_ns - piece.reference.start_ns
    if late_ns <= 0:
        return piece
    start_ns = min(piece.device.start_ns + late_ns + 1, piece.device.stop_ns)
    return Piece(Interval(start_ns, piece.device.stop_ns), piece.t0_ns, piece.offset_ns, piece.drift, piece.uncertainty)


def _largest_error_ms(time_map: TimeMap) -> float:
    """The largest 95 % error anywhere in the map."""
    edges = [piece.device.start_ns for piece in time_map.pieces]
    edges += [max(piece.device.start_ns, piece.device.stop_ns - 1) for piece in time_map.pieces]
    return float(time_map.error95_ns(edges).max()) / NS_PER_MS


def _residuals(e: Evidence, residual: NDArray[np.float64], weight: NDArray[np.float64], clock: str) -> list[Residual]:
    """One piece of evidence's residuals as readings of ``clock``."""
    ours = e.clock == clock
    times_ns = e.times_ns if ours else e.times_ns + e.offsets_ns
    sign = 1.0 if ours else -1.0
    return [
        Residual(int(t), float(sign * r), float(sd), e.method, bool(w > USED_WEIGHT))
        for t, r, sd, w in zip(times_ns, residual, e.sds_ns, weight, strict=True)
    ]


def _note(status: Status, about: Sequence[Evidence], name: str, solved: Solved, *, error_ms: float) -> str:
    """What contradicts, what is ambiguous, or why a clock is no better than weak."""
    if name in solved.notes:
        return solved.notes[name]
    if status is Status.ALIGNED:
        return ""
    ambiguous = [e for e in about if is_ambiguous(e)]
    if ambiguous:
        return _ambiguous_note(ambiguous[0], solved.unread.get(name, ""))
    if error_ms > solved.budget_ms:
        error = f"{error_ms:.1f} ms" if error_ms < 1e3 else f"{error_ms / 1e3:.2f} s"
        return f"the 95 % error of {error} exceeds the budget of {solved.budget_ms:g} ms"
    guessed = [e for e in about if e.alternatives and not is_sufficient(e)]
    if guessed:
        return f"ambiguous: only {' and '.join(guessed[0].details['read_by']['by'])} told which reading is right"
    short = [e for e in about if not is_sufficient(e)]
    if short:
        covered = short[0].details.get("covered_s")
        amount = f": only {covered:g} s agree" if covered is not None else ""
        return f"the {short[0].method} evidence is too little to be sure{amount}"
    loose = sorted({e.method for e in about if e.method in NEVER_ALIGNED})
    return f"rests on {' and '.join(loose) or 'another weak clock'} alone"


def _ambiguous_note(e: Evidence, why: str) -> str:
    """That evidence has several readings, with the likeliest other one."""
    other = max(e.alternatives, key=lambda one: one.weight)
    count = len(e.alternatives)
    more = f" and {count - 1} more" if count > 1 else ""
    return (
        f"ambiguous: the {e.method} evidence fits also {other.shift_ns / NS_PER_S:+.3f} s away{more}; "
        f"{why or 'nothing else tells which is right'}"
    )


def _reach_findings(name: str, solved: Solved) -> list[Finding]:
    """A remark where a map reaches far beyond what was measured: nothing is extrapolated silently."""
    knots = solved.problem.clocks[name]
    whole_ns = sum(piece.duration_ns for piece in knots.pieces)
    bare = [
        (float(b - a), float(a))
        for places, without in zip(knots.knots, knots.bare, strict=True)
        for (a, b), is_bare in zip(pairwise(places.tolist()), without, strict=True)
        if is_bare
    ]
    bare_ns = sum(length for length, _ in bare)
    if not whole_ns or bare_ns < REACH_SHARE * whole_ns:
        return []
    numbers = {"beyond_s": bare_ns / NS_PER_S, "share": bare_ns / whole_ns}
    severity = Severity.WARNING if bare_ns > WARN_SHARE * whole_ns else Severity.INFO
    return [
        Finding(
            "beyond_evidence",
            severity,
            name,
            f"nothing was measured in {bare_ns / NS_PER_S:.0f} s of {whole_ns / NS_PER_S:.0f} s; the map continues "
            "there with a growing error, and a jump there would not be seen",
            "record something that both devices hear or see to the end, or use the parts with evidence only",
            numbers,
            coverage=1.0 - bare_ns / whole_ns,
        )
    ]


def _jump_findings(clock: Clock, time_map: TimeMap) -> list[Finding]:
    """A remark for every jump between pieces."""
    remarks = []
    for before, after in pairwise(time_map.pieces):
        at_ns = after.device.start_ns
        jump_ns = after.offset_at_ns(at_ns) - before.offset_at_ns(at_ns)
        if abs(jump_ns) < 0.5 * NS_PER_MS or any(abs(reset.at_ns - at_ns) < NS_PER_S for reset in clock.resets):
            continue
        what = "lost" if jump_ns > 0 else "repeated, or the reference lost,"
        remarks.append(
            Finding(
                "clock_jump",
                Severity.INFO,
                clock.name,
                f"the clock jumps by {jump_ns / NS_PER_MS:+.1f} ms at {at_ns / NS_PER_S:.3f} s of its own reading: "
                f"it {what} {abs(jump_ns) / NS_PER_MS:.1f} ms",
                "the map follows the jump; look at the device for dropped buffers",
                {"jump_ms": jump_ns / NS_PER_MS, "at_s": at_ns / NS_PER_S},
            )
        )
    return remarks
