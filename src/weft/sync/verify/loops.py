"""Loop closure: three clocks measured against each other must come back to where they started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from weft.core import Evidence, Recording, UsageError
from weft.core.times import Int64Array
from weft.sync.verify.asking import BY_WORD, POINTS, Tell, ask, map_from, pair_of, sds_ns
from weft.sync.verify.trial import FAILS_SDS, Trial, in_ms, judged, skipped

MOST_LOOPS = 8
"""Loops that are closed; each may take one more comparison of two recordings."""


def check_loops(recording: Recording, evidence: Sequence[Evidence], tell: Tell) -> list[Trial]:
    """Close loops over three clocks, measuring a side that is missing where the other two could be measured."""
    names = {name for e in evidence for name in (e.clock, e.reference)}
    if len(names) < 3:
        why = f"a loop needs three clocks that were measured against each other, here are {len(names)}"
        return [skipped("loop", tuple(sorted(names)), "", why)]
    trials = []
    for number, (clocks, sides) in enumerate(_loops(recording, evidence)):
        if number == MOST_LOOPS:
            break
        tell(f"closing the loop {' - '.join(clocks)}", 0.0)
        try:
            trials.append(_closed(recording, clocks, sides, tell))
        except UsageError as error:
            trials.append(skipped("loop", clocks, "", str(error)))
    return trials or [skipped("loop", tuple(sorted(names)), "", "no three clocks are measured against each other")]


def _loops(recording: Recording, evidence: Sequence[Evidence]) -> Iterator[tuple[tuple[str, ...], list[Evidence]]]:
    """Triples of clocks of which at least two sides were measured, whole ones first."""
    order = [clock.name for clock in recording.clocks]
    triples = []
    for clocks in combinations(order, 3):
        sides = [side for pair in combinations(clocks, 2) if (side := _side(pair, evidence)) is not None]
        if len(sides) >= 2:
            triples.append((clocks, sides))
    yield from sorted(triples, key=lambda one: -len(one[1]))


def _side(pair: tuple[str, str], evidence: Sequence[Evidence]) -> Evidence | None:
    """The surest evidence between two clocks."""
    between = [e for e in evidence if {e.clock, e.reference} == set(pair)]
    return min(between, key=lambda e: float(np.hypot(e.systematic_sd_ns, np.median(e.sds_ns))), default=None)


def _closed(recording: Recording, clocks: tuple[str, ...], sides: list[Evidence], tell: Tell) -> Trial:
    """One loop's trial."""
    methods = "/".join(sorted({e.method for e in sides}))
    if len(sides) == 2:
        third = _measured(recording, clocks, sides, tell)
        if third is None:
            why = "two of its sides are measured, and the third has nothing to measure it by"
            return skipped("loop", clocks, methods, why)
        sides = [*sides, third]
        methods = "/".join(sorted({e.method for e in sides}))
    gap_ns, sd_ns = _gap(recording, clocks, sides)
    weakest = max(sides, key=lambda e: float(np.hypot(e.systematic_sd_ns, np.median(e.sds_ns))))
    most_ns = FAILS_SDS * sd_ns
    says = f"the way round ends {in_ms(gap_ns)} from where it began; up to {in_ms(most_ns)} is explained"
    cure = (
        f"one of its sides is wrong: begin with {weakest.method} between {weakest.clock!r} and "
        f"{weakest.reference!r}, the least sure one (`weft align --plot` shows the graph)"
    )
    return judged("loop", clocks, methods, gap_ns, most_ns, says=says, cure=cure)


def _measured(recording: Recording, clocks: tuple[str, ...], sides: list[Evidence], tell: Tell) -> Evidence | None:
    """The third side, by what the other two were measured by."""
    one, two = ({e.clock, e.reference} for e in sides)
    ends = tuple(name for name in clocks if name in one ^ two)
    methods = [e.method for e in sides if e.method not in BY_WORD]
    return ask(pair_of(recording, ends, sides), ends[0], methods, tell) if methods else None


def _gap(recording: Recording, clocks: tuple[str, ...], sides: list[Evidence]) -> tuple[float, float]:
    """The loop's misclosure and its standard deviation, ns, as medians over the time that all sides share."""
    a, b, c = clocks
    maps = []
    for start, end in ((a, b), (b, c), (a, c)):
        e = next(e for e in sides if {e.clock, e.reference} == {start, end})
        maps.append(map_from(pair_of(recording, (start, end), [e]), e, end))
    t_a_ns = _shared_moments(a, sides)
    t_b_ns = maps[0].apply(t_a_ns, extrapolate=True)
    round_ns = maps[1].apply(t_b_ns, extrapolate=True) - maps[2].apply(t_a_ns, extrapolate=True)
    variance = sds_ns(maps[0], t_a_ns) ** 2 + sds_ns(maps[1], t_b_ns) ** 2 + sds_ns(maps[2], t_a_ns) ** 2
    return float(np.median(round_ns)), float(np.sqrt(np.median(variance)))


def _shared_moments(clock: str, sides: list[Evidence]) -> Int64Array:
    """Readings of ``clock`` that its two sides both cover, or the middle of what they cover where they do not meet."""
    about = [e if e.clock == clock else e.reversed() for e in sides if clock in (e.clock, e.reference)]
    start_ns, stop_ns = max(int(e.times_ns.min()) for e in about), min(int(e.times_ns.max()) for e in about)
    if stop_ns <= start_ns:
        start_ns = stop_ns = (start_ns + stop_ns) // 2
    spread: Int64Array = np.linspace(0, stop_ns - start_ns, POINTS).astype(np.int64) + start_ns
    return spread
