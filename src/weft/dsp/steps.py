"""Steps in a drifting series: the places where a clock lost or gained a piece."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAD_TO_SD = 1.4826
_EACH_SIDE = 3
"""Measurements that a level needs on each side of a step."""


def find_steps(x: NDArray[Any], y: NDArray[Any], *, least: float, sigmas: float = 8.0) -> list[int]:
    """Where ``y`` steps from one level to another while it drifts.

    Parameters
    ----------
    x, y
        Measurements in order of ``x``, float (n); wrong ones are tolerated.
    least
        The smallest step that matters, in the unit of ``y``.
    sigmas
        How far a step must stand out of the scatter.

    Returns
    -------
    list of int
        First measurement of every new level, increasing.

    Notes
    -----
    The drift is the median slope between measurements a sixth of the series apart; the
    series without it is then cut in two, again and again, where two medians explain it much
    better than one. Fails on fewer than three measurements on either side.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.size < 2 * _EACH_SIDE:
        return []
    # Overlapping windows hear the same syllables, so neighbours hop and stand still; over a sixth of the
    # series that evens out, and one step still touches a minority of the pairs.
    apart = max(1, x.size // 6)
    gaps, rises = x[apart:] - x[:-apart], y[apart:] - y[:-apart]
    slopes = rises[gaps > 0] / gaps[gaps > 0]
    level = y - (float(np.median(slopes)) if slopes.size else 0.0) * (x - x[0])
    noise = _MAD_TO_SD * float(np.median(np.abs(np.diff(level)))) / np.sqrt(2.0)
    least = max(least, sigmas * noise)
    return _real_ones(level, _cut(level, 0, noise, least), least)


def _real_ones(level: NDArray[np.float64], cuts: list[int], least: float) -> list[int]:
    """The cuts whose two sides still differ once all cuts are made; the first were made in the dark."""
    edges = [0, *cuts, level.size]
    middles = [float(np.median(level[a:b])) for a, b in pairwise(edges)]
    return [cut for cut, (low, high) in zip(cuts, pairwise(middles), strict=True) if abs(high - low) >= least]


def _cut(level: NDArray[np.float64], first: int, noise: float, least: float) -> list[int]:
    """Cut at the best place, if it is worth it, and go on in both halves."""
    if level.size < 2 * _EACH_SIDE:
        return []
    reach = max(3.0 * noise, least / 4.0)
    best, at = _spread(level, reach), 0
    whole = best
    for place in range(_EACH_SIDE, level.size - _EACH_SIDE + 1):
        cost = _spread(level[:place], reach) + _spread(level[place:], reach)
        if cost < best:
            best, at = cost, place
    if not at or abs(float(np.median(level[at:]) - np.median(level[:at]))) < least or best > whole - 2.0 * _EACH_SIDE:
        return []
    return [*_cut(level[:at], first, noise, least), first + at, *_cut(level[at:], first + at, noise, least)]


def _spread(level: NDArray[np.float64], reach: float) -> float:
    """How badly one median explains the values; a wrong value costs 4 and no more."""
    return float(np.minimum(((level - np.median(level)) / reach) ** 2, 4.0).sum())
