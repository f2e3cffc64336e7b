"""The costs and back-pointers of a warping band, one anti-diagonal at a time, in numpy or compiled.

With ``s = row + column`` and rows in order along an anti-diagonal, three neighbours of a cell lie at fixed
places of the two anti-diagonals before it::

    both   (row - 1, column - 1)   anti-diagonal s - 2, one row earlier
    above  (row - 1, column)       anti-diagonal s - 1, one row earlier
    beside (row, column - 1)       anti-diagonal s - 1, same row

A cell that already costs more than some known path from end to end cannot lie on the cheapest one, because costs are
never negative. Such a path is found near that of coarser series first; then the ends of each anti-diagonal that cost
more are left out. What is kept is the same to the last bit, and so is the path (compare Silva & Batista, "Speeding
up all-pairwise dynamic time warping matrix calculation", SDM 2016). Series that have little in common save nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.dsp.warp_band import ABOVE, BESIDE, BOTH, START, Band

_LEAST_CELLS = 200_000
"""In a smaller band there is nothing to save."""

_TAKEN_AS_ONE = 8
"""Samples that are taken as one where the first look for a path goes."""


@dataclass(frozen=True, eq=False)
class Fill:
    """The cheapest end and how every cell was reached.

    ``pointers`` holds one byte for each cell of the band, in the order of ``Band.offset``, undefined
    where the cheapest path cannot go; ``row`` and ``column`` are
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
    bound = np.inf
    with np.errstate(over="ignore", invalid="ignore"):
        if band.cells >= _LEAST_CELLS and not limits[0] and not limits[2]:
            bound = _some_cost(x, y, band, squared)
        return _filled(_read_forwards(x, y), band, limits, bound, squared)


def path_of(filled: Fill, band: Band) -> NDArray[np.int64]:
    """The cheapest path, read backwards from its end: pairs of row and column, int64 (k, 2)."""
    pointers, first, offset = filled.pointers.data, band.first.tolist(), band.offset.tolist()
    row, column = filled.row, filled.column
    rows, columns = [row], [column]
    while (came_from := pointers[offset[row + column] + row - first[row + column]]) != START:
        row -= came_from != BESIDE
        column -= came_from != ABOVE
        rows.append(row)
        columns.append(column)
    return np.array([rows[::-1], columns[::-1]], dtype=np.int64).T.copy()


def _some_cost(x: NDArray[np.float32], y: NDArray[np.float32], band: Band, squared: bool) -> float:
    """What some good path from end to end costs, at a thirtieth of the work; infinite where none is found.

    The cheapest path of the means of every few samples shows where to look for it.
    """
    coarse_x, coarse_y = _means(x), _means(y)
    radius = int(np.max(band.high - band.low)) // (2 * _TAKEN_AS_ONE) + 1
    coarse = Band.around_the_diagonal(len(coarse_x), len(coarse_y), radius)
    closed = np.zeros(4, dtype=np.int64)
    if not coarse.is_connected:
        return np.inf
    rough = _filled(_read_forwards(coarse_x, coarse_y), coarse, closed, np.inf, squared)
    if not np.isfinite(rough.cost):
        return np.inf
    corridor = band.around_a_coarse_path(path_of(rough, coarse), _TAKEN_AS_ONE)
    if not corridor.is_connected:
        return np.inf
    return _filled(_read_forwards(x, y), corridor, closed, np.inf, squared).cost


def _means(series: NDArray[np.float32]) -> NDArray[np.float32]:
    """The means of every few samples; the last may be of fewer."""
    starts = np.arange(0, len(series), _TAKEN_AS_ONE)
    counts = np.diff(np.append(starts, len(series)))
    return np.asarray(np.add.reduceat(series, starts, axis=0) / counts[:, None], dtype=np.float32)


def _read_forwards(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features first, and ``y`` reversed: along an anti-diagonal x goes on while y goes back."""
    return np.ascontiguousarray(x.T), np.ascontiguousarray(y.T[:, ::-1])


def _filled(
    series: tuple[NDArray[np.float32], NDArray[np.float32]],
    band: Band,
    limits: NDArray[np.int64],
    bound: float,
    squared: bool,
) -> Fill:
    """One band, with cells left out that cost more than ``bound``."""
    pointers = np.empty(band.cells, dtype=np.uint8)
    kernel = compiled_kernel() or fill_in_numpy
    cost, row, column = kernel(*series, band.first, band.last, band.offset, limits, bound, squared, pointers)
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
    bound: float,
    squared: bool,
    pointers: NDArray[np.uint8],
) -> tuple[float, int, int]:
    """What ``warp_compiled.fill_compiled`` computes, to the last bit, without numba.

    ``kept`` and ``earlier`` are the first and last row that cost no more than ``bound`` on the last two
    anti-diagonals: what comes after them lies between.
    """
    rows, columns = x.shape[1], y.shape[1]
    x_begin, x_end, y_begin, y_end = limits.tolist()
    # Row r of an anti-diagonal lies at r + 1, so that the row before the first has a place.
    before, previous, current = (np.full(rows + 2, np.inf) for _ in range(3))
    end = (np.inf, 0, 0)
    is_bounded = bool(np.isfinite(bound))
    kept, earlier = (0, -1), (rows, -1)
    for s, (low, high) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        begin = int(offset[s]) - low
        if is_bounded:
            reach = min(kept[0], earlier[0] + 1), max(kept[1], earlier[1]) + 1
            current[reach[0] : reach[1] + 3] = np.inf
            low, high = max(low, reach[0]), min(high, reach[1])
        earlier, kept = kept, (rows, -1)
        current[low], current[high + 2] = np.inf, np.inf
        if high >= low:
            came_from = pointers[begin + low : begin + high + 1]
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
            good = np.flatnonzero(best <= bound) if is_bounded else np.zeros(0, np.int64)
            kept = (low + int(good[0]), low + int(good[-1])) if good.size else kept
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
