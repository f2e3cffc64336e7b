"""The kernel of ``weft.dsp.warp_fill``, compiled by numba (extra ``warp``).

Loops run over slices, so that no index can be negative and the compiler makes them wide. Arithmetic is
that of the numpy version in the same order (no fused or reordered operations), so both agree to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from weft.dsp.warp_band import ABOVE, BESIDE, BOTH, START

BLOCK = 256
"""Rows whose features lie in the processor's nearest memory: 13 features of both series take 26 kB."""
TOGETHER = 32
"""Anti-diagonals whose local costs are computed together."""


@njit(cache=True, error_model="numpy")
def _add_costs(x: Any, y: Any, at: int, back: int, squared: bool, local: Any) -> None:
    """The costs of ``x``'s columns from ``at`` on with ``y``'s from ``back`` on, float32, features in their order."""
    features, count = x.shape[0], local.size
    for k in range(count):
        local[k] = np.float32(0.0)
    whole = features - features % 4
    # Whole rows first, then a part of each: only so the compiler knows that values lie side by side.
    for f in range(0, whole, 4):
        x0, x1, x2, x3 = x[f][at:], x[f + 1][at:], x[f + 2][at:], x[f + 3][at:]
        y0, y1, y2, y3 = y[f][back:], y[f + 1][back:], y[f + 2][back:], y[f + 3][back:]
        for k in range(count):
            d0, d1, d2, d3 = x0[k] - y0[k], x1[k] - y1[k], x2[k] - y2[k], x3[k] - y3[k]
            local[k] = (((local[k] + d0 * d0) + d1 * d1) + d2 * d2) + d3 * d3
    for f in range(whole, features):
        x0, y0 = x[f][at:], y[f][back:]
        for k in range(count):
            d0 = x0[k] - y0[k]
            local[k] += d0 * d0
    if not squared:
        for k in range(count):
            local[k] = np.sqrt(local[k])


@njit(cache=True, error_model="numpy")
def _step(both: Any, above: Any, beside: Any, local: Any, best: Any, came_from: Any) -> None:
    """The cheapest of the three ways to each cell, which it is, and the cell's own cost on top."""
    for k in range(best.size):
        cheapest = both[k]
        way = np.uint8(BOTH)
        if above[k] < cheapest:
            cheapest = above[k]
            way = np.uint8(ABOVE)
        if beside[k] < cheapest:
            cheapest = beside[k]
            way = np.uint8(BESIDE)
        best[k] = cheapest + local[k]
        came_from[k] = way


@njit(cache=True, error_model="numpy")
def _local_costs(x: Any, y: Any, first: Any, last: Any, s: int, squared: bool, local: Any) -> None:
    """The costs of the cells of some anti-diagonals from ``s`` on, block by block of rows.

    A block's features stay in the processor's nearest memory while its anti-diagonals are done one after the other.
    """
    columns, stop = y.shape[1], min(s + local.shape[0], first.size)
    for start in range(first[s], last[stop - 1] + 1, BLOCK):
        for t in range(s, stop):
            low, high = max(start, first[t]), min(start + BLOCK, last[t] + 1)
            if high > low:
                cells = local[t - s][low - first[t] : high - first[t]]
                _add_costs(x, y, low, columns - 1 - t + low, squared, cells)


@njit(cache=True, error_model="numpy")
def fill_compiled(
    x: Any, y: Any, first: Any, last: Any, offset: Any, limits: Any, squared: bool, pointers: Any
) -> tuple[float, int, int]:
    """As ``warp_fill.fill_in_numpy``."""
    rows, columns = x.shape[1], y.shape[1]
    x_begin, x_end, y_begin, y_end = limits[0], limits[1], limits[2], limits[3]
    before = np.full(rows + 2, np.inf)
    previous = np.full(rows + 2, np.inf)
    current = np.full(rows + 2, np.inf)
    local = np.empty((TOGETHER, np.max(last - first) + 1), dtype=np.float32)
    cost, end_row, end_column = np.inf, 0, 0
    for s in range(first.size):
        low, high = first[s], last[s]
        if s % TOGETHER == 0:
            _local_costs(x, y, first, last, s, squared, local)
        current[low] = np.inf
        current[high + 2] = np.inf
        if high >= low:
            best = current[low + 1 : high + 2]
            own = local[s % TOGETHER][: high - low + 1]
            came_from = pointers[offset[s] : offset[s + 1]]
            _step(before[low : high + 1], previous[low : high + 1], previous[low + 1 : high + 2], own, best, came_from)
            if low == 0 and s <= y_begin and not best[0] <= own[0]:
                best[0] = own[0]
                came_from[0] = START
            if high == s and s <= x_begin and not best[-1] <= own[-1]:
                best[-1] = own[-1]
                came_from[-1] = START
            if high == rows - 1 and columns - 1 - (s - high) <= y_end and best[-1] <= cost:
                cost, end_row, end_column = best[-1], high, s - high
            if low == s - columns + 1 and rows - 1 - low <= x_end and best[0] <= cost:
                cost, end_row, end_column = best[0], low, s - low
        before, previous, current = previous, current, before
    return cost, end_row, end_column
