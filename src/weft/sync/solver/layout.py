"""From evidence to the unknowns: pieces, knots and base offsets of every clock that evidence reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from weft.core import Evidence, Recording
from weft.core.times import Int64Array
from weft.sync.solver.cuts import connected, pieces_of_clocks, times_on
from weft.sync.solver.drift_prior import DriftHabit
from weft.sync.solver.joint_fit import Problem
from weft.sync.solver.knots import ClockKnots, place_knots
from weft.sync.solver.ranking import reached
from weft.sync.solver.wander import spans_for


def lay_out(
    recording: Recording,
    evidence: Sequence[Evidence],
    reference: str,
    *,
    bends: Mapping[str, int] | None = None,
    wander: Mapping[str, float] | None = None,
    habits: Mapping[str, DriftHabit] | None = None,
) -> Problem:
    """The problem of all clocks that the evidence connects to the reference.

    Parameters
    ----------
    recording
        Its clocks and streams.
    evidence
        Between clocks that it connects to the reference; moments in pieces that it does not are left out.
    reference
        The clock with offset 0.
    bends
        By clock, into how many spans its evidence may be divided so that its drift can bend.
    wander, habits
        By clock: how its rate wanders, per √s, and its usual drift.
    """
    pieces, inside = connected(pieces_of_clocks(recording, evidence, reference), evidence, reference)
    bases = _base_offsets(inside, reference)
    clocks: dict[str, ClockKnots] = {}
    first = 0
    for clock in recording.clocks:
        name = clock.name
        if name == reference or name not in pieces:
            continue
        seen_ns = _seen_ns(inside, name, reference)
        placed = []
        for piece in pieces[name]:
            here = seen_ns[(seen_ns >= piece.start_ns) & (seen_ns <= piece.stop_ns)]
            length_ns = int(here[-1] - here[0]) if here.size else 0
            spans = min(spans_for(here.size, length_ns), (bends or {}).get(name, 1))
            placed.append(place_knots(piece, here, spans=spans))
        knots, bare = tuple(one for one, _ in placed), tuple(without for _, without in placed)
        clocks[name] = ClockKnots(name, bases.get(name, 0), pieces[name], knots, bare, first)
        first += clocks[name].count
    return Problem(clocks, inside, habits or {}, wander or {})


def bendable(problem: Problem, reference: str) -> list[str]:
    """Clocks with evidence enough to tell a bend, those nearest the reference first."""
    enough = []
    for name, knots in problem.clocks.items():
        seen_ns = _seen_ns(problem.evidence, name, reference)
        parts = [seen_ns[(seen_ns >= p.start_ns) & (seen_ns <= p.stop_ns)] for p in knots.pieces]
        if any(spans_for(part.size, int(part[-1] - part[0])) > 1 for part in parts if part.size):
            enough.append(name)
    distance = _distances(problem.evidence, reference)
    return sorted(enough, key=lambda name: distance.get(name, len(distance)))


def _seen_ns(evidence: Sequence[Evidence], name: str, reference: str) -> Int64Array:
    """Sorted readings of a clock at which evidence that leads to the reference was measured."""
    about = [e for e in evidence if name in (e.clock, e.reference)]
    others = [e for e in evidence if name not in (e.clock, e.reference)]
    names = {n for e in evidence for n in (e.clock, e.reference)} | {reference}
    home = reached(reference, names - {name}, others)
    leading = [e for e in about if (e.reference if e.clock == name else e.clock) in home] or about
    seen: Int64Array = np.sort(np.concatenate([times_on(e, name) for e in leading]))
    return seen


def _distances(evidence: Sequence[Evidence], reference: str) -> dict[str, int]:
    """How many pieces of evidence lie between each clock and the reference."""
    distance = {reference: 0}
    front = [reference]
    while front:
        at = front.pop(0)
        for e in evidence:
            if at in (e.clock, e.reference):
                other = e.reference if at == e.clock else e.clock
                if other not in distance:
                    distance[other] = distance[at] + 1
                    front.append(other)
    return distance


def _base_offsets(evidence: Sequence[Evidence], reference: str) -> dict[str, int]:
    """An offset near the truth for every clock, along the first path of evidence that leads there."""
    bases = {reference: 0}
    waiting = [e for e in evidence if len(e)]
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
