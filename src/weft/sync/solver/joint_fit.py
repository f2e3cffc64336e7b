"""One weighted least-squares solution for the offsets of all clocks, and its covariance.

Every measured moment says ``offset_u(t) - offset_v(t + measured) = measured``. What all
moments of one piece of evidence share (its systematic error) is an unknown of its own with
a prior, so it survives averaging and travels through loops as it should. Drift has a prior
of ordinary oscillators, which matters only where the evidence is too short to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from weft.core import Evidence
from weft.core.time_map import MAX_DRIFT, Z95
from weft.dsp.robust_line import bisquare_weights, fit_robust_line, robust_scale
from weft.sync.solver.knots import ClockKnots

DRIFT_SD = 50e-6
"""Oscillators of consumer devices; 100 ppm and more are known, and evidence of minutes overrules it."""

DRIFT_CHANGE_SD = 2e-6
"""How much one oscillator's rate differs from piece to piece, and from knot to knot (temperature)."""

LEAST_SYSTEMATIC_NS = 1_000.0
_ROUNDS = 25
_BADLY = 3.0


@dataclass(frozen=True)
class JointFit:
    """The solution.

    ``values`` and ``covariance`` are of the unknown offsets at the knots, ns; ``residuals``,
    ``weights`` belong to the moments of each piece of evidence, in order; ``shared`` is each
    one's estimated systematic error in units of its standard deviation.
    """

    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    residuals: tuple[NDArray[np.float64], ...]
    weights: tuple[NDArray[np.float64], ...]
    shared: NDArray[np.float64]


@dataclass(frozen=True)
class _Rows:
    """One piece of evidence as equations: columns and shares (n, 4), what is measured (n)."""

    columns: NDArray[np.int64]
    shares: NDArray[np.float64]
    measured: NDArray[np.float64]
    sds: NDArray[np.float64]


def fit_jointly(clocks: Mapping[str, ClockKnots], evidence: Sequence[Evidence], *, reweight: bool = True) -> JointFit:
    """Offsets of all clocks from all evidence at once.

    Parameters
    ----------
    clocks
        The clocks to solve; clocks that are absent (the reference) have offset 0.
    evidence
        Pieces of evidence between clocks that are listed or the reference.
    reweight
        Let the joint residuals decide which moments are outliers and how far errors are wider than
        stated. Without it each piece of evidence is judged by its own line alone, so that two that
        contradict each other cannot pass for scatter.

    Notes
    -----
    Iteratively reweighted with Tukey's weights, started from the line of each piece of
    evidence. Standard deviations are widened by what the residuals show (robust scale,
    neighbours' correlation) and by Student's t for few moments, never narrowed.
    Fails where more than half of a piece of evidence is wrong.
    """
    offsets = sum(knots.count for knots in clocks.values())
    count = offsets + len(clocks) + len(evidence)
    rows = [_rows(e, clocks) for e in evidence]
    prior = _drift_prior(clocks, offsets, count)
    for index, e in enumerate(evidence):
        at = offsets + len(clocks) + index
        prior[at, at] += 1.0 / max(e.systematic_sd_ns, LEAST_SYSTEMATIC_NS) ** 2
    pieces = [_pieces_of(e, clocks) for e in evidence]
    own = [_own_judgement(e, which) for e, which in zip(evidence, pieces, strict=True)]
    weights = [weight for weight, _ in own]
    widen = [scale if scale < _BADLY or not reweight else 1.0 for _, scale in own]
    values, inverse, residuals = np.zeros(count), np.eye(count), [np.zeros(len(e)) for e in evidence]
    for turn in range(_ROUNDS):
        before = values
        values, inverse = _solve(rows, weights, widen, prior, offsets + len(clocks))
        residuals = [_residual(row, values, offsets + len(clocks) + i) for i, row in enumerate(rows)]
        if not reweight:
            break
        for index, (row, residual) in enumerate(zip(rows, residuals, strict=True)):
            standard = _centred(residual / row.sds, pieces[index])
            scale = max(1.0, robust_scale(standard))
            weights[index] = bisquare_weights(standard / scale) if len(standard) > 2 else np.ones(len(standard))
            widen[index] = scale * _allowance(standard[weights[index] > 0] / scale)
        if turn > 1 and np.max(np.abs(values - before), initial=0.0) < 1.0:
            break
    shared = np.array(
        [
            values[offsets + len(clocks) + i] / max(e.systematic_sd_ns, LEAST_SYSTEMATIC_NS)
            for i, e in enumerate(evidence)
        ]
    )
    return JointFit(values[:offsets], inverse[:offsets, :offsets], tuple(residuals), tuple(weights), shared)


def _pieces_of(e: Evidence, clocks: Mapping[str, ClockKnots]) -> NDArray[np.int64]:
    """Which pieces of its two clocks each moment belongs to, as one number."""
    which = np.zeros(len(e), dtype=np.int64)
    for name, times_ns in ((e.clock, e.times_ns), (e.reference, e.times_ns + e.offsets_ns)):
        if name in clocks:
            which = which * len(clocks[name].pieces) + clocks[name].piece_of(times_ns)
    return which


def _own_judgement(e: Evidence, pieces: NDArray[np.int64]) -> tuple[NDArray[np.float64], float]:
    """Weights of the moments of one piece of evidence by its own line in each piece, and their scale."""
    weights, scales = np.ones(len(e)), [1.0]
    for index in np.unique(pieces):
        here = np.flatnonzero(pieces == index)
        if here.size < 4:
            continue
        times = (e.times_ns[here] - e.times_ns[here[0]]).astype(np.float64)
        offsets = (e.offsets_ns[here] - e.offsets_ns[here[0]]).astype(np.float64)
        line = fit_robust_line(times, offsets, e.sds_ns[here], largest_slope=MAX_DRIFT)
        # A line that fits badly is no judge of outliers: the clock may have bent.
        weights[here] = line.weights if line.scale < _BADLY else 1.0
        scales.append(line.scale)
    return weights, max(scales)


def _centred(standard: NDArray[np.float64], pieces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Residuals without the median of their piece.

    What all moments share is no scatter: only the systematic error may take it, or nobody.
    """
    centred = standard.copy()
    for index in np.unique(pieces):
        here = pieces == index
        centred[here] -= np.median(standard[here])
    return centred


def _rows(e: Evidence, clocks: Mapping[str, ClockKnots]) -> _Rows:
    """The equations of one piece of evidence."""
    columns = np.zeros((len(e), 4), dtype=np.int64)
    shares = np.zeros((len(e), 4))
    measured = e.offsets_ns.copy()
    for side, (name, times_ns, sign) in enumerate(
        ((e.clock, e.times_ns, 1.0), (e.reference, e.times_ns + e.offsets_ns, -1.0))
    ):
        if name in clocks:
            knots = clocks[name]
            where, share = knots.rows(times_ns)
            columns[:, 2 * side : 2 * side + 2] = where
            shares[:, 2 * side : 2 * side + 2] = sign * share
            measured -= int(sign) * knots.base_ns
    return _Rows(columns, shares, measured.astype(np.float64), e.sds_ns)


def _drift_prior(clocks: Mapping[str, ClockKnots], offsets: int, count: int) -> NDArray[np.float64]:
    """The information matrix of what is believed about drifts before any evidence."""
    prior = np.zeros((count, count))
    for index, knots in enumerate(clocks.values()):
        common = offsets + index
        prior[common, common] += 1.0 / DRIFT_SD**2
        start = knots.first
        for piece in knots.knots:
            for at, span in enumerate(np.diff(piece).astype(np.float64)):
                row = np.zeros(count)
                row[[start + at, start + at + 1, common]] = -1.0 / span, 1.0 / span, -1.0
                sd = DRIFT_CHANGE_SD if knots.count > 2 else 0.01 * DRIFT_CHANGE_SD
                prior += np.outer(row, row) / sd**2
            start += len(piece)
    return prior


def _solve(
    rows: list[_Rows], weights: list[NDArray[np.float64]], widen: list[float], prior: NDArray[np.float64], first: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One weighted solution and the inverse of its information matrix."""
    information, target = prior.copy(), np.zeros(len(prior))
    for index, (row, weight, wider) in enumerate(zip(rows, weights, widen, strict=True)):
        columns = np.concatenate([row.columns, np.full((len(row.measured), 1), first + index)], axis=1)
        shares = np.concatenate([row.shares, np.ones((len(row.measured), 1))], axis=1)
        strength = weight / (row.sds * wider) ** 2
        for i in range(columns.shape[1]):
            np.add.at(target, columns[:, i], strength * shares[:, i] * row.measured)
            for j in range(columns.shape[1]):
                np.add.at(information, (columns[:, i], columns[:, j]), strength * shares[:, i] * shares[:, j])
    scale = 1.0 / np.sqrt(np.maximum(np.diag(information), 1e-300))
    inverse = np.linalg.inv(information * scale[:, None] * scale[None, :])
    inverse = inverse * scale[:, None] * scale[None, :]
    return inverse @ target, inverse


def _residual(row: _Rows, values: NDArray[np.float64], shared: int) -> NDArray[np.float64]:
    """Measured minus solved, the evidence's own systematic error taken off."""
    solved = (values[row.columns] * row.shares).sum(axis=1)
    residual: NDArray[np.float64] = row.measured - solved - values[shared]
    return residual


def _allowance(standard: NDArray[np.float64]) -> float:
    """How much wider errors are than independent normal ones of this scale would make them."""
    if standard.size < 4:
        return float(stdtrit(2, 0.975)) / Z95 if standard.size == 3 else 1.0
    centred = standard - standard.mean()
    power = float((centred**2).mean())
    neighbours = float((centred[1:] * centred[:-1]).mean()) / power if power > 0 else 0.0
    correlation = float(np.clip(neighbours, 0.0, 0.9))
    quantile = float(stdtrit(standard.size - 2, 0.975)) / Z95
    return quantile * float(np.sqrt((1.0 + correlation) / (1.0 - correlation)))
