"""Where each clock's map must break: its resets, and the jumps that evidence saw, each given to the clock that made it.

An edge that breaks does not say which of its two clocks jumped. The other edges do::

    c ==/== b ===== a      b's edge to a goes through unbroken at that moment: c jumped
    c ==/== b ==/== a      b's edge to a breaks too: b jumped, c need not be cut
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from weft.core import NS_PER_S, Evidence, Interval, Recording
from weft.sync.solver.knots import piece_of
from weft.sync.solver.ranking import Groups
from weft.sync.spans import clock_span

SAME_NS = 2 * NS_PER_S
"""Two edges place one jump within half a second each, and their windows are seconds long."""


@dataclass(frozen=True)
class Break:
    """A moment at which one piece of evidence broke, on both of its clocks.

    ``gaps`` holds, by clock, the last reading before and the first after; ``sd_ns`` says how sharp the evidence is.
    """

    edge: int
    gaps: Mapping[str, tuple[int, int]]
    sd_ns: float


def pieces_of_clocks(recording: Recording, evidence: Sequence[Evidence], reference: str) -> dict[str, list[Interval]]:
    """The readings of every clock that evidence names, cut where that clock jumped; whole for the reference."""
    breaks = [one for index, e in enumerate(evidence) for one in _breaks(index, e)]
    owned: dict[str, list[Break]] = {}
    for one in breaks:
        owned.setdefault(_jumper(one, breaks, evidence, reference), []).append(one)
    names = {name for e in evidence for name in (e.clock, e.reference)}
    pieces = {}
    for name in sorted(names):
        span = clock_span(recording, name) or _measured_span(evidence, name)
        resets = [] if name == reference else [(r.at_ns, r.at_ns) for r in recording.clock(name).resets]
        found = [] if name == reference else _merged(owned.get(name, []), name)
        found = [gap for gap in found if not any(_near(gap, reset) for reset in resets)]
        pieces[name] = _cut(span, resets + found)
    return pieces


def connected(
    pieces: Mapping[str, Sequence[Interval]], evidence: Sequence[Evidence], reference: str
) -> tuple[dict[str, tuple[Interval, ...]], list[Evidence]]:
    """The pieces that evidence connects to the reference, and the moments that lie in them.

    A piece between two jumps in which nothing was measured is not claimed.
    """
    nodes = {(name, index) for name in pieces for index in range(len(pieces[name]))}
    groups = Groups(nodes)
    ends = [_ends(e, pieces) for e in evidence]
    for e, (ours, theirs) in zip(evidence, ends, strict=True):
        for a, b in {*zip(ours.tolist(), theirs.tolist(), strict=True)}:
            groups.join((e.clock, a), (e.reference, b))
    root = (reference, 0)
    good = {name: [i for i in range(len(pieces[name])) if groups.together((name, i), root)] for name in pieces}
    kept = {name: tuple(pieces[name][i] for i in indices) for name, indices in good.items() if indices}
    inside = []
    for e, (ours, theirs) in zip(evidence, ends, strict=True):
        keep = np.isin(ours, good[e.clock]) & np.isin(theirs, good[e.reference])
        inside.append(e if keep.all() else _part(e, keep))
    return kept, inside


def _ends(e: Evidence, pieces: Mapping[str, Sequence[Interval]]) -> tuple[np.ndarray, np.ndarray]:
    """Of which piece of each clock every moment is."""
    ours, theirs = tuple(pieces[e.clock]), tuple(pieces[e.reference])
    return piece_of(ours, e.times_ns), piece_of(theirs, e.times_ns + e.offsets_ns)


def _part(e: Evidence, keep: np.ndarray) -> Evidence:
    """Some moments of evidence."""
    return replace(e, times_ns=e.times_ns[keep], offsets_ns=e.offsets_ns[keep], sds_ns=e.sds_ns[keep])


def _breaks(index: int, e: Evidence) -> list[Break]:
    """The breaks that one piece of evidence tells of; what it cannot place is left to neither side."""
    sd_ns = float(np.median(e.sds_ns)) if len(e) else np.inf
    told = []
    for gap in e.details.get("breaks", ()):
        slack_ns = round(NS_PER_S * float(gap.get("slack_s", 0.0)))
        gaps = {e.clock: _gap(gap["clock_ns"], slack_ns), e.reference: _gap(gap["reference_ns"], slack_ns)}
        told.append(Break(index, gaps, sd_ns))
    return told


def _gap(ends: Sequence[int], slack_ns: int) -> tuple[int, int]:
    """The two ends of a gap, in order, each moved out by how far it may be off."""
    return min(int(ends[0]), int(ends[1])) - slack_ns, max(int(ends[0]), int(ends[1])) + slack_ns


def _jumper(one: Break, breaks: Sequence[Break], evidence: Sequence[Evidence], reference: str) -> str:
    """The clock that jumped: of the two, the one whose other edges break there rather than go through."""
    e = evidence[one.edge]
    if reference in (e.clock, e.reference):
        return e.reference if e.clock == reference else e.clock
    votes = {name: _votes(name, one, breaks, evidence) for name in (e.clock, e.reference)}
    return e.reference if votes[e.reference] > votes[e.clock] else e.clock


def _votes(name: str, one: Break, breaks: Sequence[Break], evidence: Sequence[Evidence]) -> int:
    """Edges of a clock that break at a moment, less those that go through."""
    low, high = one.gaps[name]
    score = 0
    for index, e in enumerate(evidence):
        if index == one.edge or name not in (e.clock, e.reference) or len(e) < 2:
            continue
        if any(b.edge == index and _near(b.gaps[name], (low, high)) for b in breaks):
            score += 1
            continue
        times_ns = e.times_ns if e.clock == name else e.times_ns + e.offsets_ns
        score -= int(times_ns.min() < low - SAME_NS and times_ns.max() > high + SAME_NS)
    return score


def _near(one: tuple[int, int], two: tuple[int, int]) -> bool:
    """Whether two gaps may be the same."""
    return one[0] <= two[1] + SAME_NS and two[0] <= one[1] + SAME_NS


def _merged(breaks: Sequence[Break], name: str) -> list[tuple[int, int]]:
    """The gaps of one clock, those that several edges saw only once, by the sharpest of them."""
    kept: list[Break] = []
    for one in sorted(breaks, key=lambda b: (b.sd_ns, b.gaps[name])):
        if not any(one.edge != other.edge and _near(one.gaps[name], other.gaps[name]) for other in kept):
            kept.append(one)
    return [one.gaps[name] for one in kept]


def _cut(span: Interval, gaps: Sequence[tuple[int, int]]) -> list[Interval]:
    """A span without gaps."""
    pieces, start = [], span.start_ns
    for stop, begin in sorted(gaps):
        if start < stop < span.stop_ns:
            pieces.append(Interval(start, stop))
            start = max(stop, begin)
    if start < span.stop_ns or not pieces:
        pieces.append(Interval(min(start, span.stop_ns), span.stop_ns))
    return pieces


def _measured_span(evidence: Sequence[Evidence], name: str) -> Interval:
    """From the first to the last reading of a clock at which it was related to another."""
    times_ns = np.concatenate([times_on(e, name) for e in evidence if name in (e.clock, e.reference)])
    return Interval(int(times_ns.min()), int(times_ns.max()) + 1)


def times_on(e: Evidence, clock: str) -> np.ndarray:
    """The moments of evidence as readings of one of its two clocks, int64 (n)."""
    return e.times_ns if e.clock == clock else e.times_ns + e.offsets_ns
