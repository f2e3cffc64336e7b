"""Whether evidence that is redundant agrees, and if not, which piece of it is wrong.

A tree of evidence always fits. Each piece beyond the tree closes a loop, and what all of it together costs in
chi-square over what each piece costs by itself says whether the loops close. The piece whose removal mends most
is the wrong one, unless another's removal mends as much: then it cannot be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from weft.core import Evidence
from weft.sync.solver.joint_fit import Problem
from weft.sync.solver.ranking import Groups, belief_of

DOUBT = 1e-5
"""The probability below which chance is no explanation: of 4.4 standard deviations."""

TOLD_APART = 9.0
"""Chi-square by which one removal must mend more than another: three standard deviations."""

CLOSES_SDS = 4.0


@dataclass(frozen=True)
class Closure:
    """What is left over when one goes round a loop.

    ``edges`` are places in the evidence, the last one closes the loop; ``clocks`` go round it from the closing
    edge's clock to its reference; ``left_ns`` is that edge's measured offset less what the others say.
    """

    edges: tuple[int, ...]
    clocks: tuple[str, ...]
    left_ns: float
    sd_ns: float


@dataclass(frozen=True)
class Conflict:
    """Evidence that cannot all be right: ``left_out`` was not used; any of ``suspects`` may be the wrong one."""

    left_out: int
    suspects: tuple[int, ...]


@dataclass(frozen=True)
class Agreement:
    """Which evidence is used, what was left out and why, and every loop of all of it."""

    keep: NDArray[np.bool_]
    conflicts: tuple[Conflict, ...]
    closures: tuple[Closure, ...]


def reconcile(problem: Problem) -> Agreement:
    """Leave out evidence until what is left agrees, the likeliest wrong piece first."""
    keep = np.ones(len(problem.evidence), dtype=np.bool_)
    closures = close_loops(problem)
    conflicts: list[Conflict] = []
    while True:
        cost, freedom = strain(problem, keep)
        if freedom == 0 or cost < chdtri(freedom, DOUBT):
            return Agreement(keep, tuple(conflicts), closures)
        conflict = _blame(problem, keep)
        conflicts.append(conflict)
        keep[conflict.left_out] = False


def strain(problem: Problem, keep: NDArray[np.bool_]) -> tuple[float, int]:
    """By how much chi-square grows because loops must close, and its degrees of freedom."""
    tree, beyond = span_tree(problem.evidence, keep)
    if not beyond:
        return 0.0, 0
    own = sum(_own_cost(problem, index) for index in beyond)
    freedom = sum(_numbers(problem, index) for index in beyond)
    return max(0.0, _cost(problem, keep) - _cost(problem, _mask(tree, len(keep))) - own), freedom


def close_loops(problem: Problem) -> tuple[Closure, ...]:
    """Every fundamental loop of the evidence with its closure and standard deviation."""
    everything = np.ones(len(problem.evidence), dtype=np.bool_)
    tree, beyond = span_tree(problem.evidence, everything)
    if not beyond:
        return ()
    values, covariance, _ = problem.solve(_mask(tree, everything.size))
    closures = []
    for index in beyond:
        e = problem.evidence[index]
        path = _path(problem.evidence, tree, e.clock, e.reference)
        left_ns, sd_ns = _gap(problem, index, values, covariance)
        clocks = _stations(problem.evidence, path, e.clock)
        closures.append(Closure((*path, index), clocks, left_ns, sd_ns))
    return tuple(closures)


def span_tree(evidence: Sequence[Evidence], keep: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    """Places of evidence that connects, the best believed first, and of evidence that closes loops."""
    order = sorted(np.flatnonzero(keep).tolist(), key=lambda i: (belief_of(evidence[i]), error_of(evidence[i]), i))
    groups = Groups({name for e in evidence for name in (e.clock, e.reference)})
    tree: list[int] = []
    beyond: list[int] = []
    for index in order:
        e = evidence[index]
        (beyond if groups.together(e.clock, e.reference) else tree).append(index)
        groups.join(e.clock, e.reference)
    return tree, beyond


def error_of(e: Evidence) -> float:
    """Roughly how well evidence knows an offset, ns."""
    return float(np.hypot(e.systematic_sd_ns, np.median(e.sds_ns) / np.sqrt(len(e))))


def _blame(problem: Problem, keep: NDArray[np.bool_]) -> Conflict:
    """The piece of evidence whose removal mends most, and those whose removal mends as much."""
    costs = {index: _strain_without(problem, keep, index) for index in _in_loops(problem.evidence, keep)}
    least = min(costs.values())
    suspects = tuple(sorted(index for index, cost in costs.items() if cost - least < TOLD_APART))
    ranks = {index: belief_of(problem.evidence[index]) for index in suspects}
    lowest = [index for index in suspects if ranks[index] == max(ranks.values())]
    wrong = max(lowest, key=lambda i: (error_of(problem.evidence[i]), i))
    return Conflict(wrong, tuple(lowest))


def _strain_without(problem: Problem, keep: NDArray[np.bool_], index: int) -> float:
    """What is left of the strain when one piece is left out, above what chance would leave."""
    without = keep.copy()
    without[index] = False
    cost, freedom = strain(problem, without)
    return cost - freedom


def _in_loops(evidence: Sequence[Evidence], keep: NDArray[np.bool_]) -> list[int]:
    """Places of evidence without which its two clocks are still connected."""
    inside = []
    for index in np.flatnonzero(keep).tolist():
        groups = Groups({name for e in evidence for name in (e.clock, e.reference)})
        for other in np.flatnonzero(keep).tolist():
            if other != index:
                groups.join(evidence[other].clock, evidence[other].reference)
        if groups.together(evidence[index].clock, evidence[index].reference):
            inside.append(index)
    return inside


def _mask(places: Sequence[int], count: int) -> NDArray[np.bool_]:
    """Places as a mask."""
    mask = np.zeros(count, dtype=np.bool_)
    mask[list(places)] = True
    return mask


def _cost(problem: Problem, include: NDArray[np.bool_]) -> float:
    """The least chi-square of some evidence, drifts included."""
    values, _, _ = problem.solve(include)
    return problem.prior_misfit(values) + sum(problem.misfit(i, values) for i in np.flatnonzero(include).tolist())


def _own_cost(problem: Problem, index: int) -> float:
    """Chi-square of one piece of evidence by a line of its own in each of its pieces."""
    e, row, strength = problem.evidence[index], problem.rows[index], problem.strength(index)
    total = 0.0
    for group in np.unique(row.group):
        here = row.group == group
        w, y = strength[here], row.measured[here]
        t = (e.times_ns[here] - e.times_ns[here][0]).astype(np.float64)
        if w.sum() <= 0:
            continue
        t, y = t - np.average(t, weights=w), y - np.average(y, weights=w)
        lever = float((w * t * t).sum())
        slope = float((w * t * y).sum()) / lever if lever > 0 else 0.0
        total += float((w * (y - slope * t) ** 2).sum())
    return total


def _numbers(problem: Problem, index: int) -> int:
    """How many numbers one piece of evidence measures: a line in each of its pieces."""
    sizes = np.unique(problem.rows[index].group, return_counts=True)[1]
    return int(np.minimum(sizes, 2).sum())


def _gap(
    problem: Problem, index: int, values: NDArray[np.float64], covariance: NDArray[np.float64]
) -> tuple[float, float]:
    """The mean of measured less solved, and its standard deviation, for evidence that took no part."""
    row, strength = problem.rows[index], problem.strength(index)
    weight = strength / strength.sum()
    mix = np.asarray(row.shares.T @ weight)
    spread = covariance[np.ix_(row.columns, row.columns)]
    variance = float(mix @ spread @ mix) + 1.0 / float(strength.sum())
    return float(weight @ row.residual(values)), float(np.sqrt(max(variance, 0.0)))


def _path(evidence: Sequence[Evidence], tree: Sequence[int], start: str, stop: str) -> tuple[int, ...]:
    """The places of the tree's evidence from one clock to another."""
    came: dict[str, tuple[str, int]] = {start: ("", -1)}
    front = [start]
    while front and stop not in came:
        at = front.pop(0)
        for index in tree:
            e = evidence[index]
            if at in (e.clock, e.reference):
                other = e.reference if at == e.clock else e.clock
                if other not in came:
                    came[other] = (at, index)
                    front.append(other)
    path: list[int] = []
    while stop != start:
        stop, index = came[stop]
        path.append(index)
    return tuple(reversed(path))


def _stations(evidence: Sequence[Evidence], path: Sequence[int], start: str) -> tuple[str, ...]:
    """The clocks along a path."""
    clocks = [start]
    for index in path:
        e = evidence[index]
        clocks.append(e.reference if clocks[-1] == e.clock else e.clock)
    return tuple(clocks)
