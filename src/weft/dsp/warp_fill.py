"""The costs and back-pointers of a warping band, one anti-diagonal at a time, in numpy or compiled.

With ``s = row + column`` and rows in order along an anti-diagonal, three neighbours of a cell lie at fixed
places of the two anti-diagonals before it::

    both   (row - 1, column - 1)   anti-diagonal s - 2, one row earlier
    above  (row - 1, column)       anti-diagonal s - 1, one row earlier
    beside (row, column - 1)       anti-diagonal s - 1, same row
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.dsp.warp_band import ABOVE, BESIDE, BOTH, START, Band


@dataclass(frozen=True, eq=False)
class Fill:
    """The cheapest end and how every cell was reached.

    ``pointers`` holds one byte for each cell of the band, in the order of ``Band.offset``; ``row`` and ``column`` are
    the path's last cell, and ``cost`` what it costs to get there, infinite where nothing leads there.
    """

    cost: float
    row: int
    column: int
    pointers: NDArray[np.uint8]


def fill(
    x: NDArray[np.float32], y: NDArray[np.float32], band: Band, limits: NDArray[np.int64], *, squared: bool
) -> Fill:
    """Fill the band, by the compiled kernel where the extra ``warp`` is installed.

    Parameters
    ----------
    x, y
        Features, (rows, d) and (columns, d).
    band
        The cells that may be used.
    limits
        Samples that may be left out: at the beginning and end of ``x``, at the beginning and end of ``y``.
    squared
        Whether a pair costs the squared distance of its features rather than the distance.
    """
    # Along an anti-diagonal x goes on while y goes back: with y reversed both are read forwards.
    forwards, backwards = np.ascontiguousarray(x.T), np.ascontiguousarray(y.T[:, ::-1])
    pointers = np.empty(band.cells, dtype=np.uint8)
    kernel = compiled_kernel() or fill_in_numpy
    edges = (band.first, band.last, band.offset)
    cost, row, column = kernel(forwards, backwards, *edges, limits, squared, pointers)
    return Fill(float(cost), int(row), int(column), pointers)


@cache
def compiled_kernel() -> Any:
    """The kernel of the extra ``warp``, or ``None`` where numba is not installed."""
    try:
        from weft.dsp.warp_compiled import fill_compiled
    except ImportError:
        return None
    return fill_compiled


def fill_in_numpy(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    offset: NDArray[np.int64],
    limits: NDArray[np.int64],
    squared: bool,
    pointers: NDArray[np.uint8],
) -> tuple[float, int, int]:
    """What ``warp_compiled.fill_compiled`` computes, to the last bit, without numba."""
    rows, columns = x.shape[1], y.shape[1]
    x_begin, x_end, y_begin, y_end = limits.tolist()
    # Row r of an anti-diagonal lies at r + 1, so that the row before the first has a place.
    before, previous, current = (np.full(rows + 2, np.inf) for _ in range(3))
    end = (np.inf, 0, 0)
    for s, (low, high) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        current[low], current[high + 2] = np.inf, np.inf
        if high >= low:
            came_from = pointers[offset[s] : offset[s + 1]]
            best = current[low + 1 : high + 2]
            back = columns - 1 - s
            own = _local_costs(x[:, low : high + 1], y[:, back + low : back + high + 1], squared)
            _step(before[low : high + 1], previous[low : high + 1], previous[low + 1 : high + 2], best, came_from)
            best += own
            for at, is_edge in ((0, low == 0 and s <= y_begin), (-1, high == s and s <= x_begin)):
                if is_edge and not best[at] <= own[at]:
                    best[at], came_from[at] = own[at], START
            if high == rows - 1 and columns - 1 - (s - high) <= y_end and best[-1] <= end[0]:
                end = (float(best[-1]), high, s - high)
            if low == s - columns + 1 and rows - 1 - low <= x_end and best[0] <= end[0]:
                end = (float(best[0]), low, s - low)
        before, previous, current = previous, current, before
    return end


def _local_costs(x: NDArray[np.float32], y: NDArray[np.float32], squared: bool) -> NDArray[np.float32]:
    """The distance of each column of ``x`` from that of ``y``, features added in their order."""
    apart = x - y
    # Not add.reduce: that adds in pairs where there is a single column.
    local: NDArray[np.float32] = np.add.accumulate(apart * apart, axis=0)[-1]
    return local if squared else np.sqrt(local)


def _step(
    both: NDArray[np.float64],
    above: NDArray[np.float64],
    beside: NDArray[np.float64],
    best: NDArray[np.float64],
    came_from: NDArray[np.uint8],
) -> None:
    """The cheapest of the three ways to each cell, and which it is."""
    is_above = above < both
    np.copyto(best, both)
    np.copyto(best, above, where=is_above)
    is_beside = beside < best
    np.copyto(best, beside, where=is_beside)
    came_from[...] = BOTH
    came_from[is_above] = ABOVE
    came_from[is_beside] = BESIDE
