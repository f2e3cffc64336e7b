"""Which pairs of samples a warping path may use, anti-diagonal by anti-diagonal.

Rows are samples of ``x``, columns samples of ``y``; cells with the same ``row + column`` make up one anti-diagonal.
Within a band whose edges never fall, the rows of an anti-diagonal have no holes, and the first and the
last of them go on by at most one from each anti-diagonal to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BOTH, ABOVE, BESIDE, START = 0, 1, 2, 3
"""From where a cell was reached: a step in both series, in ``x`` alone, in ``y`` alone; or the path begins there."""


@dataclass(frozen=True, eq=False)
class Band:
    """The cells of a band.

    Parameters
    ----------
    rows, columns
        Samples of either series.
    low, high
        First and last column of each row, int64 (rows).
    first, last
        First and last row of each anti-diagonal, int64 (rows + columns - 1); empty ones have ``last < first``.
    offset
        Where each anti-diagonal's cells begin when all are written in a row, and their number,
        int64 (rows + columns).
    """

    rows: int
    columns: int
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    offset: NDArray[np.int64]

    @classmethod
    def around_the_diagonal(cls, rows: int, columns: int, radius: int) -> Band:
        """All cells at most ``radius`` columns from the straight line between the corners."""
        centre = _centres(rows, columns)
        return cls.between(np.maximum(centre - radius, 0), np.minimum(centre + radius, columns - 1), columns)

    @classmethod
    def between(cls, low: NDArray[np.int64], high: NDArray[np.int64], columns: int) -> Band:
        """All cells from column ``low`` to column ``high`` of each row; neither may ever fall, nor ``high < low``."""
        rows = len(low)
        row = np.arange(rows, dtype=np.int64)
        diagonal = np.arange(rows + columns - 1, dtype=np.int64)
        first = np.searchsorted(row + high, diagonal, side="left").astype(np.int64)
        last = np.searchsorted(row + low, diagonal, side="right").astype(np.int64) - 1
        counts = np.maximum(0, last - first + 1)
        offset = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(rows, columns, low, high, first, last, offset)

    def around_a_coarse_path(self, path: NDArray[np.int64], factor: int) -> Band:
        """The cells of this band near a path of the same series with ``factor`` samples taken as one.

        ``path`` are pairs of a row and a column of the coarse series, int64 (k, 2), as ``Warping.path``.
        """
        coarse = np.arange(self.rows, dtype=np.int64) // factor
        begins = np.searchsorted(path[:, 0], coarse, side="left")
        ends = np.searchsorted(path[:, 0], coarse, side="right") - 1
        low = (path[begins, 1] - 2) * factor
        high = (path[ends, 1] + 3) * factor
        low = np.minimum(np.maximum(low, self.low), self.high)
        high = np.maximum(np.minimum(high, self.high), self.low)
        return Band.between(low, high, self.columns)

    @property
    def cells(self) -> int:
        """How many cells the band has."""
        return int(self.offset[-1])

    @property
    def is_connected(self) -> bool:
        """Whether each row can be reached from the one before, so that a path leads from corner to corner."""
        return bool(np.all(self.low[1:] <= self.high[:-1] + 1)) and int(self.high[-1]) == self.columns - 1

    @staticmethod
    def least_radius(rows: int, columns: int) -> int:
        """The narrowest radius through which a path leads from corner to corner."""
        if rows == 1:
            return columns - 1
        widest = int(np.diff(_centres(rows, columns)).max())
        return max(0, widest // 2)


def _centres(rows: int, columns: int) -> NDArray[np.int64]:
    """The column of each row on the straight line between the corners, rounded half up, in whole numbers."""
    row = np.arange(rows, dtype=np.int64)
    steps = max(1, rows - 1)
    return (2 * row * (columns - 1) + steps) // (2 * steps)
