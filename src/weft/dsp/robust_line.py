"""A straight line through measurements of which some are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BISQUARE = 4.685
"""95 % efficiency on normal errors (Beaton & Tukey 1974)."""

_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Line:
    """``y = intercept + slope * (x - middle)``.

    ``scale`` is the robust ratio of residuals to their stated standard deviations;
    ``weights`` are 0 for outliers and 1 for perfect agreement.
    """

    middle: float
    intercept: float
    slope: float
    scale: float
    weights: NDArray[np.float64]

    def at(self, x: NDArray[Any] | float) -> NDArray[np.float64]:
        """The line's height."""
        height: NDArray[np.float64] = self.intercept + self.slope * (np.asarray(x, dtype=np.float64) - self.middle)
        return height


def bisquare_weights(standardised: NDArray[Any]) -> NDArray[np.float64]:
    """Tukey's weights: 1 at zero, falling to 0 at 4.685 standard deviations and beyond."""
    share = np.clip(np.asarray(standardised, dtype=np.float64) / _BISQUARE, -1.0, 1.0)
    weights: NDArray[np.float64] = (1.0 - share**2) ** 2
    return weights


def robust_scale(standardised: NDArray[Any], *, least: float = 1e-12) -> float:
    """The standard deviation of the bulk, from the median absolute deviation from zero."""
    if not len(standardised):
        return least
    return max(least, _MAD_TO_SD * float(np.median(np.abs(standardised))))


def fit_robust_line(x: NDArray[Any], y: NDArray[Any], sd: NDArray[Any], *, largest_slope: float = np.inf) -> Line:
    """The line that most of the measurements agree on.

    Parameters
    ----------
    x, y
        Measurements, float (n).
    sd
        Their standard deviations, float (n), positive.
    largest_slope
        Slopes beyond it are not considered.

    Returns
    -------
    Line
        With one measurement, its height and slope 0.

    Notes
    -----
    Starts from the pair of measurements that agrees with most others in the median
    (up to 200 pairs, evenly chosen), then iterates reweighted least squares. Stands up
    to just under half of wrong measurements; fails, silently, beyond.
    """
    x, y, sd = (np.asarray(values, dtype=np.float64) for values in (x, y, sd))
    middle = float(np.median(x))
    if x.size < 3:
        slope = (y[1] - y[0]) / (x[1] - x[0]) if x.size == 2 and x[1] != x[0] else 0.0
        slope = float(np.clip(slope, -largest_slope, largest_slope))
        intercept = float(np.mean(y - slope * (x - middle)))
        return Line(middle, intercept, slope, 1.0, np.ones(x.size))
    intercept, slope = _start(x - middle, y, sd, largest_slope)
    weights = np.ones(x.size)
    scale = 1.0
    for _ in range(30):
        residual = (y - intercept - slope * (x - middle)) / sd
        scale = robust_scale(residual)
        weights = bisquare_weights(residual / scale)
        strength = weights / sd**2
        centre = np.average(x - middle, weights=strength) if strength.sum() > 0 else 0.0
        lever = x - middle - centre
        spread = float((strength * lever**2).sum())
        if spread <= 0:
            break
        new_slope = float(np.clip((strength * lever * y).sum() / spread, -largest_slope, largest_slope))
        new_intercept = float(np.average(y - new_slope * lever, weights=strength)) - new_slope * centre
        moved = abs(new_intercept - intercept) + abs(new_slope - slope) * float(np.ptp(x))
        intercept, slope = new_intercept, new_slope
        if moved < 1e-3 * float(np.min(sd)):
            break
    return Line(middle, intercept, slope, scale, weights)


def _start(
    x: NDArray[np.float64], y: NDArray[np.float64], sd: NDArray[np.float64], largest: float
) -> tuple[float, float]:
    """The line through two measurements, far apart, with the least median residual."""
    order = np.argsort(x)
    half = x.size // 2
    pairs = [(order[i], order[i + half]) for i in range(x.size - half)]
    pairs += [(order[i], order[-1 - i]) for i in range(half)]
    pairs = pairs[:: max(1, len(pairs) // 200)]
    best, chosen = np.inf, (float(np.median(y)), 0.0)
    for a, b in pairs:
        if x[b] == x[a]:
            continue
        slope = float(np.clip((y[b] - y[a]) / (x[b] - x[a]), -largest, largest))
        intercept = float(np.median(y - slope * x))
        cost = float(np.median(np.abs(y - intercept - slope * x) / sd))
        if cost < best:
            best, chosen = cost, (intercept, slope)
    return chosen
