"""One weighted least-squares solution for the offsets of all clocks, and its covariance.

What all moments of one piece of evidence share (its systematic error) is an unknown of its own
with a prior, so it survives averaging and travels through loops as it should.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weft.core import Evidence
from weft.core.time_map import MAX_DRIFT
from weft.dsp.robust_line import fit_robust_line
from weft.sync.solver.drift_prior import DriftHabit, drift_prior, prior_misfit
from weft.sync.solver.equations import Rows, rows_of
from weft.sync.solver.knots import ClockKnots
from weft.sync.solver.scatter import judge

LEAST_SYSTEMATIC_NS = 1_000.0
"""A microsecond: no two devices share a time more exactly than their wires and sample clocks do."""

_ROUNDS = 25
_BADLY = 3.0
_ENOUGH = 2_000
"""A line's outliers are told from so many moments; more are judged by that line."""


@dataclass(frozen=True)
class JointFit:
    """The solution.

    ``values`` and ``covariance`` are of the unknown offsets at the knots and then of what each piece of evidence
    shares, ns; ``residuals`` and ``weights`` belong to the moments of each piece of evidence, in order;
    ``strain`` is each one's shared error in units of its standard deviation.
    """

    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    residuals: tuple[NDArray[np.float64], ...]
    weights: tuple[NDArray[np.float64], ...]
    strain: NDArray[np.float64]


@dataclass
class Problem:
    """All equations with their weights, to be solved as they are or reweighted.

    Parameters
    ----------
    clocks
        The clocks to solve; clocks that are absent (the reference) have offset 0.
    evidence
        Pieces of evidence between clocks that are listed or the reference.
    habits
        By clock, its usual drift.
    wander
        By clock, how its rate wanders where there is evidence, per √s.
    """

    clocks: Mapping[str, ClockKnots]
    evidence: Sequence[Evidence]
    habits: Mapping[str, DriftHabit] = field(default_factory=dict)
    wander: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.offsets = sum(knots.count for knots in self.clocks.values())
        self.count = self.offsets + len(self.evidence)
        self.rows: list[Rows] = [rows_of(e, self.clocks, self.offsets + i) for i, e in enumerate(self.evidence)]
        self.shared_sds = np.array([max(e.systematic_sd_ns, LEAST_SYSTEMATIC_NS) for e in self.evidence])
        own = [_own_judgement(e, row.group) for e, row in zip(self.evidence, self.rows, strict=True)]
        self.weights = [weight for weight, _ in own]
        self.widening = [wider for _, wider in own]

    def solve(
        self, include: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """One weighted solution, its covariance and the information that it rests on.

        Evidence that ``include`` leaves out keeps its place and has no say.
        """
        information, target, _ = drift_prior(self.clocks, self.count, wander=self.wander, habits=self.habits)
        places = np.arange(self.offsets, self.count)
        information[places, places] += 1.0 / self.shared_sds**2
        for index, row in enumerate(self.rows):
            if include is None or include[index]:
                block, aim = row.normal(self.strength(index))
                information[np.ix_(row.columns, row.columns)] += block
                target[row.columns] += aim
        scale = 1.0 / np.sqrt(np.maximum(np.diag(information), 1e-300))
        scaled = information * scale[:, None] * scale[None, :]
        if include is not None:
            # Clocks that the rest does not connect float freely; a trace of a prior keeps them at their base.
            scaled[np.diag_indices_from(scaled)] += 1e-12
        inverse = np.linalg.inv(scaled) * scale[:, None] * scale[None, :]
        return inverse @ target, inverse, information

    def strength(self, index: int) -> NDArray[np.float64]:
        """The information of each moment of one piece of evidence, 1/ns²."""
        strength: NDArray[np.float64] = self.weights[index] / (self.rows[index].sds * self.widening[index]) ** 2
        return strength

    def misfit(self, index: int, values: NDArray[np.float64]) -> float:
        """Chi-square of one piece of evidence: its moments and what they share."""
        shared = float(values[self.offsets + index] / self.shared_sds[index])
        return float((self.strength(index) * self.rows[index].residual(values) ** 2).sum()) + shared**2

    def prior_misfit(self, values: NDArray[np.float64]) -> float:
        """Chi-square of a solution's drifts and their changes."""
        return prior_misfit(self.clocks, values, wander=self.wander, habits=self.habits)

    def reweigh(self, values: NDArray[np.float64]) -> None:
        """Judge outliers and scales anew by the residuals of a solution."""
        for index, row in enumerate(self.rows):
            standard = _centred(row.residual(values) / row.sds, row.group)
            seen = judge(standard, _parameters(self.evidence[index], row.group))
            self.weights[index], self.widening[index] = seen.weights, seen.widening

    def trust(self) -> None:
        """Take stated errors for right again where a line fits badly: the clock may have bent."""
        self.widening = [wider if wider < _BADLY else 1.0 for wider in self.widening]

    def settle(self) -> JointFit:
        """The solution after reweighting until it stays.

        Notes
        -----
        Started from the line of each piece of evidence; Tukey's weights. Fails where more than half of a
        piece of evidence is wrong.
        """
        self.trust()
        values, covariance, _ = self.solve()
        for _ in range(_ROUNDS):
            before = values
            self.reweigh(values)
            values, covariance, _ = self.solve()
            if np.max(np.abs(values - before), initial=0.0) < 1.0:
                break
        residuals = tuple(row.residual(values) for row in self.rows)
        return JointFit(values, covariance, residuals, tuple(self.weights), values[self.offsets :] / self.shared_sds)


def _own_judgement(e: Evidence, group: NDArray[np.int64]) -> tuple[NDArray[np.float64], float]:
    """Weights of the moments of one piece of evidence by its own line in each piece, and their widening."""
    standard = np.zeros(len(e))
    for index in np.unique(group):
        here = np.flatnonzero(group == index)
        times = (e.times_ns[here] - e.times_ns[here[0]]).astype(np.float64)
        offsets = (e.offsets_ns[here] - e.offsets_ns[here[0]]).astype(np.float64)
        some = slice(None, None, max(1, here.size // _ENOUGH))
        line = fit_robust_line(times[some], offsets[some], e.sds_ns[here][some], largest_slope=MAX_DRIFT)
        standard[here] = (offsets - line.at(times)) / e.sds_ns[here]
    seen = judge(standard, _parameters(e, group))
    # A line that fits badly is no judge of outliers: the clock may have bent.
    return (seen.weights if seen.scale < _BADLY else np.ones(len(e))), seen.widening


def _parameters(e: Evidence, group: NDArray[np.int64]) -> float:
    """How many numbers a line in each piece takes."""
    sizes = np.unique(group, return_counts=True)[1]
    return float(np.minimum(sizes, 2).sum())


def _centred(standard: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Residuals without the median of their piece.

    What all moments share is no scatter: only the systematic error may take it, or nobody.
    """
    centred = standard.copy()
    for index in np.unique(group):
        here = group == index
        centred[here] -= np.median(standard[here])
    return centred
