"""How uncertain each of a series of clock offsets is, told from its neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weft.core.times import Int64Array

FLOOR_NS = 100_000.0
"""0.1 ms: below it the scatter of a few neighbours says nothing about the next offset."""

UNLIKE = 2.0
"""Spreads of twenty neighbours that differ by more do so for a reason."""

_NEIGHBOURS = 10
_MAD_TO_SD = 1.4826


def offset_sds_ns(offsets_ns: Int64Array) -> NDArray[np.float64]:
    """The random error of each offset as a standard deviation, float64 (n), at least 0.1 ms.

    A clock drifts slowly, so an offset should lie halfway between its two neighbours. The
    sd is the robust spread of what is left, where the factor √1.5 undoes the error of the neighbours
    themselves: that of the whole recording, because twenty offsets tell a spread to a quarter only and weights
    that scatter so much would cost accuracy; or that of ten neighbours on each side, where it differs by more
    than a factor of two (a network that was busy for a while).

    When it fails: fewer than three offsets have no neighbours to be judged by and get the
    floor; a step (a clock that was set by less than the unfolding looks for) widens the
    sds around it.

    Examples
    --------
    >>> offset_sds_ns(np.array([0, 0, 0, 0])).tolist()
    [100000.0, 100000.0, 100000.0, 100000.0]
    """
    count = offsets_ns.size
    if count < 3:
        return np.full(count, FLOOR_NS)
    offsets = (offsets_ns - offsets_ns[0]).astype(np.float64)
    left = np.abs(offsets[1:-1] - (offsets[:-2] + offsets[2:]) / 2)
    residuals = np.concatenate([left[:1], left, left[-1:]])
    near = np.array([np.median(residuals[max(0, i - _NEIGHBOURS) : i + _NEIGHBOURS + 1]) for i in range(count)])
    whole = float(np.median(residuals))
    spread = np.where((near > UNLIKE * whole) | (near < whole / UNLIKE), near, whole)
    sds_ns: NDArray[np.float64] = np.maximum(FLOOR_NS, _MAD_TO_SD * spread / np.sqrt(1.5))
    return sds_ns
