"""How one series must be stretched locally to lie on another: dynamic time warping with its path.

Sakoe & Chiba, "Dynamic programming algorithm optimization for spoken word recognition", IEEE Trans. ASSP 26
(1978). The answer is exact inside the band. What makes it quick is the order of the work, and that cells are left out
which cost more than a path that is known already::

    y ^  . . 6 7 8         cells of one anti-diagonal (equal numbers) do not need one another, so a whole
      |  . 4 5 6 7         one is computed at once; three of them are kept, and one byte for each cell of
      |  2 3 4 5 .         the band says from where it was reached.
      |  1 2 3 . .
      +--0-1-2------> x    (dots: outside of the band)

A clock has two numbers and a warping path has thousands: for clocks, `weft.sync` fits lines. Warping is
for what is not rigid (a dubbed voice, a repeated gesture, an utterance said twice) and for checking what a line leaves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weft.core import UsageError
from weft.dsp.warp_band import Band
from weft.dsp.warp_fill import fill, path_of

Cost = Literal["euclidean", "squared"]

LARGEST_CELLS = 4_000_000_000
"""One byte each: a larger band is refused before anything is allocated."""

ALL = 2**62
"""For ``Ends``: as many samples as there are."""


@dataclass(frozen=True, slots=True)
class Ends:
    """How many samples of either series the path may leave out at its beginning and its end.

    Zero everywhere is the classic problem. ``Ends(y_begin=ALL, y_end=ALL)`` finds ``x`` within ``y``
    (subsequence warping).
    """

    x_begin: int = 0
    x_end: int = 0
    y_begin: int = 0
    y_end: int = 0


@dataclass(frozen=True, eq=False)
class Warping:
    """The cheapest path and what it costs.

    Parameters
    ----------
    cost
        The sum of local costs along the path.
    path
        Pairs of an index into ``x`` and one into ``y``, int64 (k, 2), both never decreasing; each step goes on by
        one sample in ``x``, in ``y`` or in both.
    """

    cost: float
    path: NDArray[np.int64]

    @property
    def mean_cost(self) -> float:
        """The cost of a step on average: comparable between series of different length."""
        return self.cost / len(self.path)

    def place_of(self, index: ArrayLike) -> NDArray[np.float64]:
        """Where samples of ``x`` lie in ``y``, float64: the mean of those they are paired with; NaN for those left out.

        Parameters
        ----------
        index
            Indices into ``x``, integer (m).
        """
        wanted = np.asarray(index, dtype=np.int64)
        first = np.searchsorted(self.path[:, 0], wanted, side="left")
        last = np.searchsorted(self.path[:, 0], wanted, side="right") - 1
        inside = last >= first
        low, high = (self.path[np.clip(at, 0, len(self.path) - 1), 1] for at in (first, last))
        return np.where(inside, 0.5 * (low + high), np.nan)


def warp(
    x: ArrayLike, y: ArrayLike, *, radius: int | None = None, cost: Cost = "euclidean", ends: Ends | None = None
) -> Warping:
    """The cheapest way to stretch ``x`` and ``y`` onto one another, exact inside the band.

    Parameters
    ----------
    x, y
        Series of features, (n, d) and (m, d), or (n,) and (m,); computed in float32.
    radius
        The band's half-width in samples of ``y``, around the straight line from corner to corner (so its
        slope follows unequal lengths); ``None`` for no band.
    cost
        Of a pair of samples: the Euclidean distance of their features, or its square.
    ends
        What may be left out at the ends; nothing by default. The band stays around the line between the corners, so
        a subsequence is usually looked for without one.

    Returns
    -------
    Warping
        Of equally cheap ways, the one that goes on in both series wherever it can, then in ``x``; of
        equally cheap ends, the last.

    Raises
    ------
    UsageError
        If a series is empty or holds values that are not finite, if features differ in number, if the band is too
        narrow for the lengths or ends, or too large for memory.

    Notes
    -----
    Local costs are computed in float32, feature by feature, and added up in float64. The result is the same to the
    last bit with the compiled kernel (extra ``warp``) and without it; the time is not. Memory is one byte for each
    cell of the band. When it fails: a path always exists, also between series that have nothing to do with each
    other; its ``mean_cost`` beside that of shuffled material says whether it means anything.

    Examples
    --------
    >>> found = warp([0.0, 1.0, 2.0, 2.0, 3.0], [0.0, 0.0, 1.0, 2.0, 3.0])
    >>> found.cost, found.path.tolist()
    (0.0, [[0, 0], [0, 1], [1, 2], [2, 3], [3, 3], [4, 4]])
    >>> warp([5.0, 6.0], [0.0, 5.0, 6.0, 0.0], ends=Ends(y_begin=ALL, y_end=ALL)).path.tolist()
    [[0, 1], [1, 2]]
    """
    one, two = _series(x, "x"), _series(y, "y")
    if one.shape[1] != two.shape[1]:
        raise UsageError(
            f"both series need the same number of features, found {one.shape[1]} in x and {two.shape[1]} in y"
        )
    if cost not in ("euclidean", "squared"):
        raise UsageError(f"cost must be 'euclidean' or 'squared', found {cost!r}")
    band = _band(len(one), len(two), radius)
    free = ends or Ends()
    limits = np.array([_limit(free, name) for name in ("x_begin", "x_end", "y_begin", "y_end")], dtype=np.int64)
    filled = fill(one, two, band, limits, squared=cost == "squared")
    if not math.isfinite(filled.cost):
        raise UsageError(
            f"no path from corner to corner lies within the band of radius {radius}: local costs overflow, or the band "
            f"is too narrow for the ends; widen it, or scale the features"
        )
    return Warping(filled.cost, path_of(filled, band))


def _series(values: ArrayLike, name: str) -> NDArray[np.float32]:
    """Features as float32 (n, d), refused where they cannot be compared."""
    try:
        series = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise UsageError(f"series {name} must hold numbers, sample axis first ({error})") from error
    series = series[:, None] if series.ndim == 1 else series
    if series.ndim != 2 or 0 in series.shape:
        raise UsageError(f"series {name} needs samples and features, (n, d) or (n,), found shape {series.shape}")
    wrong = ~np.isfinite(series).all(axis=1)
    if wrong.any():
        raise UsageError(
            f"series {name} holds values that are not finite numbers in {int(wrong.sum())} of {len(series)} samples, "
            f"first in sample {int(np.argmax(wrong))}; leave them out or fill them in"
        )
    return series


def _limit(ends: Ends, name: str) -> int:
    """One of the ends, checked."""
    limit = getattr(ends, name)
    if isinstance(limit, bool) or not isinstance(limit, (int, np.integer)) or limit < 0:
        raise UsageError(f"{name} must be a number of samples, 0 or more, found {limit!r}")
    return int(limit)


def _band(rows: int, columns: int, radius: int | None) -> Band:
    """The band, refused where no path could lie in it or memory could not hold it."""
    if radius is not None and (isinstance(radius, bool) or not isinstance(radius, (int, np.integer)) or radius < 0):
        raise UsageError(f"radius must be a number of samples, 0 or more, found {radius!r}")
    band = Band.around_the_diagonal(rows, columns, columns if radius is None else int(radius))
    if not band.is_connected:
        least = Band.least_radius(rows, columns)
        raise UsageError(
            f"a band of radius {radius} is too narrow for series of {rows} and {columns} samples: "
            f"no path passes through it; use a radius of at least {least}"
        )
    if band.cells > LARGEST_CELLS:
        raise UsageError(
            f"the band has {band.cells:,} cells of one byte, more than {LARGEST_CELLS:,}; narrow the radius or "
            f"take fewer samples per second"
        )
    return band
