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
def _local_costs(x: Any, y: Any, first: Any, last: Any, s: int, low: int, high: int, squared: bool, local: Any) -> None:
    """The costs of the cells of some anti-diagonals from ``s`` on, block by block of rows.

    A block's features stay in the processor's nearest memory while its anti-diagonals are done one after the other.
    Rows ``low`` to ``high`` are wanted, and one more at the end of each further anti-diagonal.
    """
    columns, stop = y.shape[1], min(s + local.shape[0], first.size)
    for start in range(max(low, first[s]), min(high + stop - s, last[stop - 1] + 1), BLOCK):
        for t in range(s, stop):
            begin, end = max(start, first[t]), min(start + BLOCK, last[t] + 1, high + 1 + t - s)
            if end > begin:
                cells = local[t - s][begin - first[t] : end - first[t]]
                _add_costs(x, y, begin, columns - 1 - t + begin, squared, cells)


@njit(cache=True, error_model="numpy")
def fill_compiled(
    x: Any, y: Any, first: Any, last: Any, offset: Any, limits: Any, bound: float, squared: bool, pointers: Any
) -> tuple[float, int, int]:
    """As ``warp_fill.fill_in_numpy``."""
    rows, columns = x.shape[1], y.shape[1]
    x_begin, x_end, y_begin, y_end = limits[0], limits[1], limits[2], limits[3]
    before = np.full(rows + 2, np.inf)
    previous = np.full(rows + 2, np.inf)
    current = np.full(rows + 2, np.inf)
    local = np.empty((TOGETHER, np.max(last - first) + 1), dtype=np.float32)
    cost, end_row, end_column = np.inf, 0, 0
    is_bounded = np.isfinite(bound)
    kept_low, kept_high, earlier_low, earlier_high = 0, -1, rows, -1
    for s in range(first.size):
        reach_low, reach_high = 0, rows - 1
        if is_bounded:
            reach_low, reach_high = min(kept_low, earlier_low + 1), max(kept_high, earlier_high) + 1
        low, high = max(first[s], reach_low), min(last[s], reach_high)
        if s % TOGETHER == 0:
            _local_costs(x, y, first, last, s, reach_low, reach_high, squared, local)
        earlier_low, earlier_high, kept_low, kept_high = kept_low, kept_high, rows, -1
        if high >= low:
            current[low] = np.inf
            current[high + 2] = np.inf
            best = current[low + 1 : high + 2]
            own = local[s % TOGETHER][low - first[s] : high - first[s] + 1]
            came_from = pointers[offset[s] + low - first[s] : offset[s] + high - first[s] + 1]
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
            if is_bounded:
                kept_low, kept_high = low, high
                while kept_low <= kept_high and not current[kept_low + 1] <= bound:
                    kept_low += 1
                while kept_high >= kept_low and not current[kept_high + 1] <= bound:
                    kept_high -= 1
                if kept_high < kept_low:
                    kept_low, kept_high = rows, -1
        elif is_bounded:
            current[reach_low : reach_high + 3] = np.inf
        else:
            current[low] = np.inf
            current[high + 2] = np.inf
        before, previous, current = previous, current, before
    return cost, end_row, end_column
