"""The steady course behind scattered measurements: a straight line where that explains them, else a smooth curve.

A line is the best estimate while what is left is white. A quartz that warms up leaves more, and there the estimate is
that of a clock whose rate does a random walk under white noise: the cubic smoothing spline, which is the smoother
(Rauch-Tung-Striebel) of exactly this model, its strength chosen by generalised cross-validation.

Source: G. Wahba, J. R. Stat. Soc. B 40 (1978) 364; W. E. Wecker & C. F. Ansley, JASA 78 (1983) 81;
J. von Neumann, Ann. Math. Stat. 12 (1941) 367 (ratio of successive differences).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_BLOCKS = 256
"""Enough to follow what changes over a two-hundredth of the recording."""

LEAST_BLOCK = 16
COLOURED = 4.0
"""Standard deviations by which successive differences are too small for white noise."""

SATURATED = 0.8
_CUT = 2.5
_TAIL = 4.0
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, eq=False)
class SteadyCurve:
    """The course at each measurement, what is left, and what kind of course it is.

    ``is_line`` tells which of the two it is; ``follows`` is false where what is left still wanders faster
    than the curve can follow, so that it is no estimate of anything.
    """

    heights: Floats
    residuals: Floats
    is_line: bool
    follows: bool


def fit_steady_curve(x: NDArray[np.float64], y: NDArray[np.float64], *, quantum: float = 0.0) -> SteadyCurve:
    """The steady course of measurements.

    Parameters
    ----------
    x, y
        Measurements, float (n), ``x`` increasing, n >= 2; their errors are alike, may be shared by neighbours, and may
        have a long tail.
    quantum
        What ``y`` was rounded to: a line that all measurements lie within one quantum of explains them.

    Notes
    -----
    Errors that all share are not removed: the course of stamps with a mean latency lies late by it.

    Examples
    --------
    >>> import numpy as np
    >>> curve = fit_steady_curve(np.arange(4.0), np.array([0.0, 1.0, 2.0, 3.0]))
    >>> curve.is_line, curve.heights.round(6).tolist()
    (True, [0.0, 1.0, 2.0, 3.0])
    """
    blocks = int(min(MOST_BLOCKS, x.size // LEAST_BLOCK))
    if blocks < 4:
        heights = _line(x, y, np.ones(x.size))(x)
        return SteadyCurve(heights, y - heights, True, True)
    at, means = _block_means(x, y, blocks)
    line = _line(at, means, np.ones(blocks))
    heights = line(x)
    left = means - line(at)
    if _is_white(left) or (quantum > 0 and float(np.abs(y - heights).max()) <= quantum):
        return SteadyCurve(heights, y - heights, True, True)
    if blocks < 8:
        return SteadyCurve(heights, y - heights, True, False)
    heights = heights + _smooth(at, left, x)
    residuals = y - heights
    return SteadyCurve(heights, residuals, False, _is_followed(residuals, x.size // blocks))


def _line(x: Floats, y: Floats, weights: Floats) -> np.polynomial.Polynomial:
    """The straight line of least squares, bad measurements weighing less by the square of their excess."""
    for _ in range(8):
        line = np.polynomial.Polynomial.fit(x, y, 1, w=weights)
        left = y - line(x)
        scale = _MAD_TO_SD * float(np.median(np.abs(left)))
        if not scale > 0:
            break
        weights = np.minimum(1.0, _CUT * scale / np.maximum(np.abs(left), 1e-300))
    return line


def _block_means(x: Floats, y: Floats, blocks: int) -> tuple[Floats, Floats]:
    """Position and robust mean of equal blocks of measurements; a slope inside a block does no harm."""
    edges = np.linspace(0, x.size, blocks + 1).astype(np.int64)
    starts, sizes = edges[:-1], np.diff(edges)
    rough = np.polynomial.Polynomial.fit(x, y, 1)
    left = y - rough(x)
    which = np.repeat(np.arange(blocks), sizes)
    middle = np.array([float(np.median(part)) for part in np.split(left, edges[1:-1])])
    scale = _MAD_TO_SD * float(np.median(np.abs(left - middle[which])))
    cut = np.clip(left - middle[which], -_CUT * 2.0 * scale, _CUT * 2.0 * scale) if scale > 0 else left - middle[which]
    at = np.add.reduceat(x, starts) / sizes
    return at, middle + np.add.reduceat(cut, starts) / sizes + rough(at)


def _is_white(left: Floats) -> bool:
    """Whether successive differences are as large as independent errors make them (von Neumann), stalls aside."""
    reach = _TAIL * _MAD_TO_SD * float(np.median(np.abs(left)))
    left = np.clip(left, -reach, reach)
    power = float(np.mean(left**2))
    if power <= 1e-18 * max(1.0, reach**2):
        return True
    ratio = float(np.mean(np.diff(left) ** 2)) / (2.0 * power)
    return (1.0 - ratio) * float(np.sqrt(left.size)) < COLOURED


def _smooth(at: Floats, left: Floats, x: Floats) -> Floats:
    """The smoothing spline of block means, straight beyond the outer ones."""
    from scipy.interpolate import make_smoothing_spline

    unit = (at - at[0]) / (at[-1] - at[0])
    scale = float(np.std(left)) or 1.0
    spline = make_smoothing_spline(unit, left / scale)
    where = (x - at[0]) / (at[-1] - at[0])
    inside = np.clip(where, 0.0, 1.0)
    beyond = where - inside
    slope = spline.derivative()(inside) * beyond if np.any(beyond) else 0.0
    heights: Floats = scale * (spline(inside) + slope)
    return heights


def _is_followed(residuals: Floats, block: int) -> bool:
    """Whether what is left forgets itself well inside a block; a random walk does not."""
    power = float(np.mean((residuals - residuals.mean()) ** 2))
    if power <= 0:
        return True
    lag = max(1, block // 4)
    apart = float(np.mean((residuals[lag:] - residuals[:-lag]) ** 2)) / 2.0
    return apart >= SATURATED * power
