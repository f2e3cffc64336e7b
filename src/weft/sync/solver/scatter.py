"""What residuals say of stated errors: their scale, the outliers, and how much wider an interval must be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from weft.core.time_map import Z95
from weft.dsp.robust_line import bisquare_weights, robust_scale

TRUST = 8.0
"""A stated standard deviation weighs as much as what this many residuals show: sources state honest ones, and
with few moments the residuals' own spread is a poor judge (its relative error is ``1 / sqrt(2 n)``)."""

LEAST_SCALE = 0.5
"""Errors are taken for at most this much smaller than stated: residuals do not show what neighbours share."""

_FAR = 9.0
"""Beyond so many robust standard deviations a residual has no say in the scale (Lax 1985)."""

_MOST_CORRELATED = 0.97


@dataclass(frozen=True)
class Scatter:
    """What the residuals of one piece of evidence show.

    ``scale`` is the ratio of their spread to what was stated, ``weights`` are Tukey's, and
    ``widening`` is what standard deviations must be multiplied by for an honest interval:
    scale, Student's t and the correlation of neighbours together.
    """

    scale: float
    weights: NDArray[np.float64]
    widening: float


def judge(standard: NDArray[np.float64], fitted: float) -> Scatter:
    """Scale, outliers and the widening of residuals in units of their stated standard deviations.

    Parameters
    ----------
    standard
        Residuals over stated standard deviations, float (n), in order of time.
    fitted
        How many parameters were fitted to them.

    Notes
    -----
    The scale is the biweight midvariance (Lax 1985), joined with the stated one as a scaled inverse chi-square
    prior of ``TRUST`` degrees, so the interval is Student's with ``TRUST + n - fitted`` degrees. Fails where
    more than half of the residuals are wrong.
    """
    count = standard.size
    if count <= max(fitted, 2.0):
        # Nothing is left to judge by: what was stated is taken as it is.
        return Scatter(1.0, np.ones(count), 1.0)
    free = count - fitted
    spread = robust_scale(standard) * np.sqrt(count / free)
    rough = float(np.sqrt((TRUST + free * spread**2) / (TRUST + free)))
    share = np.clip(standard / (_FAR * rough), -1.0, 1.0) ** 2
    inside = share < 1.0
    kept = max(int(inside.sum()), 1)
    bulk = float(((1.0 - share) * (1.0 - 5.0 * share))[inside].sum())
    power = kept * float((standard**2 * (1.0 - share) ** 4)[inside].sum()) / max(bulk, 0.1 * kept) ** 2
    left = max(kept - fitted, 0.5)
    variance = (TRUST + kept * power) / (TRUST + left)
    scale = max(LEAST_SCALE, float(np.sqrt(variance)))
    weights = bisquare_weights(standard / scale)
    correlated = np.sqrt(_variance_ratio(standard[weights > 0], fitted))
    return Scatter(scale, weights, scale * float(correlated) * _student(TRUST + left))


def _student(freedom: float) -> float:
    """The 95 % quantile of Student's t over that of the normal distribution."""
    return float(stdtrit(freedom, 0.975)) / Z95


def _variance_ratio(standard: NDArray[np.float64], fitted: float) -> float:
    """How much larger the variance of a mean is than for independent errors, from neighbours' correlation.

    ``(1 + r) / (1 - r)`` for an autoregressive process. The sample correlation is biased downwards by what was
    fitted (Marriott & Pope 1954), which is given back, and a correlation that noise explains is shrunk to none.
    """
    count = standard.size
    if count < 6:
        return 1.0
    centred = standard - standard.mean()
    power = float((centred**2).sum())
    if power <= 0:
        return 1.0
    seen = float((centred[1:] * centred[:-1]).sum()) / power
    likely = seen + (fitted + (fitted + 2.0) * max(seen, 0.0)) / count
    strength = max(likely, 0.0) ** 2 * count
    believed = likely * strength / (0.5 + strength) if likely > 0 else 0.0
    correlation = float(np.clip(believed, 0.0, _MOST_CORRELATED))
    return (1.0 + correlation) / (1.0 - correlation)
