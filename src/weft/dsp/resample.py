"""Band-limited values at any positions between regular samples, by a windowed sinc.

The kernel is a sinc under a Kaiser window. Its weights change smoothly with the
fraction of a sample at which a value is asked for, so each weight is kept as a short
polynomial in that fraction (Farrow's structure) instead of a table with rounding
steps: one matrix product gives the polynomials' values, Horner's rule the result.

Source: F. J. Harris, *Multirate Signal Processing*, ch. 7; C. W. Farrow, "A continuously
variable digital delay element", ISCAS 1988; Kaiser's formulas for length and ``beta``.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

HALF_TAPS = 48
"""Zero crossings of the sinc on each side; the transition is 7 % of the lower rate wide."""

KAISER_BETA = 9.6
"""Kaiser's ``0.1102 * (A - 8.7)`` for a stop band ``A`` of 96 dB."""

DEGREE = 10
"""Of the weights' polynomials; their error is below -120 dB."""

SAME_RATE = 1.002
"""Up to this many input samples per output there is nothing to alias but what drift moves."""

BLOCK_VALUES = 1 << 19
"""How many input values are gathered at once (2 MB of float32, which stay in the cache)."""


def filter_reach(step: float = 1.0) -> int:
    """How many input samples on each side one output value depends on.

    Parameters
    ----------
    step
        Input samples per output value; above 1 when the rate is lowered.

    Examples
    --------
    >>> filter_reach(1.0), filter_reach(3.0)
    (48, 144)
    """
    return int(np.ceil(HALF_TAPS * max(1.0, step)))


def resample_at(values: NDArray[Any], positions: NDArray[np.float64], *, step: float = 1.0) -> NDArray[Any]:
    """Values of a band-limited signal between its samples.

    Parameters
    ----------
    values
        Regular samples, shape (n, ...), n >= 1, finite.
    positions
        Where values are wanted, in samples from the first, float64 (m), each in 0..n-1.
    step
        Input samples per output value. Up to :data:`SAME_RATE` the band below 0.467 of the input's
        rate is kept; above it the filter stops at half the output's rate, so that nothing
        aliases, and keeps the band below 0.433 of it.

    Returns
    -------
    ndarray
        Shape (m, ...), float32, or float64 for float64 and for integers beyond 16 bits.

    Raises
    ------
    ValueError
        If there is no sample, or a position lies outside 0..n-1.

    Notes
    -----
    It fails in two places. Within :func:`filter_reach` of the first and last sample the signal
    is continued by point reflection, so there the error is that of a guess about the curvature,
    not -80 dB. And stamps that jitter are positions that jitter: fit a line to them first.

    Examples
    --------
    >>> import numpy as np
    >>> resample_at(np.full(9, 7.0), np.array([0.0, 2.25, 8.0])).round(9).tolist()
    [7.0, 7.0, 7.0]
    """
    count = len(values)
    if count == 0:
        raise ValueError("cannot resample a signal without samples")
    if positions.size and not (positions.min() >= 0.0 and positions.max() <= count - 1):
        raise ValueError(f"positions must lie in 0..{count - 1}, found {positions.min()}..{positions.max()}")
    dtype = np.result_type(values.dtype, np.float32)
    weights = _weights(_quantised(step)).astype(dtype)
    half = weights.shape[0] // 2
    columns = values.reshape(count, prod(values.shape[1:])).astype(dtype, copy=False).T
    out = np.empty((positions.size, columns.shape[0]), dtype=dtype)
    block = max(1, BLOCK_VALUES // (max(1, columns.shape[0]) * weights.shape[0]))
    for start in range(0, positions.size, block):
        here = positions[start : start + block]
        first, last = int(here.min()), int(here.max()) + 1
        piece = _with_ends(columns, first - half + 1, last + half + 1)
        out[start : start + block] = _convolve(piece, here - first, weights)
    return out.reshape(positions.size, *values.shape[1:])


def _convolve(columns: NDArray[Any], positions: NDArray[np.float64], weights: NDArray[Any]) -> NDArray[Any]:
    """Values at positions, (m, c), of columns (c, n) whose sample ``half - 1`` is position 0."""
    whole = np.floor(positions).astype(np.intp)
    fraction = (2.0 * (positions - whole) - 1.0).astype(columns.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(columns, weights.shape[0], axis=1)[:, whole]
    terms = windows @ weights
    result = terms[..., -1]
    for power in range(weights.shape[1] - 2, -1, -1):
        result = result * fraction + terms[..., power]
    values: NDArray[Any] = result.T
    return values


def _with_ends(columns: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
    """Samples ``start <= i < stop`` of columns (c, n), continued by point reflection beyond the ends."""
    count = columns.shape[1]
    inside = columns[:, max(0, start) : min(count, stop)]
    before, after = max(0, -start), max(0, stop - count)
    if not before and not after:
        return np.ascontiguousarray(inside)
    if count == 1:
        return np.repeat(columns, stop - start, axis=1)
    # A reflection needs as many samples as it makes; np.pad bounces until there are enough.
    near = columns[:, max(0, start - after) : min(count, stop + before)]
    padded = np.pad(near, ((0, 0), (before, after)), mode="reflect", reflect_type="odd")
    skip = max(0, start) - max(0, start - after)
    return np.ascontiguousarray(padded[:, skip : skip + stop - start])


def _quantised(step: float) -> float:
    """The step rounded up to 0.1 %, so that a drifting clock does not ask for a new filter each time."""
    return 1.0 if step <= SAME_RATE else float(np.ceil(step * 1000.0) / 1000.0)


@lru_cache(maxsize=32)
def _weights(step: float) -> NDArray[np.float64]:
    """Polynomial coefficients of each tap in ``2 * fraction - 1``, shape (taps, degree + 1).

    Tap ``k`` weighs the sample ``k - half + 1`` away from the whole position. The weights of
    each fraction are scaled to sum to 1, so that a constant stays constant.
    """
    half = filter_reach(step)
    # Centred on Nyquist where nothing can alias; wholly below it where something can.
    transition = 0.0 if step == 1.0 else (96.0 - 7.95) / (14.36 * 2 * HALF_TAPS)
    cutoff = (1.0 - transition) / step
    nodes = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
    distance = np.arange(2 * half)[None, :] - (half - 1) - (nodes[:, None] + 1.0) / 2.0
    shape = np.sqrt(np.maximum(0.0, 1.0 - (distance / half) ** 2))
    kernel = np.sinc(cutoff * distance) * np.i0(KAISER_BETA * shape)
    kernel /= kernel.sum(axis=1, keepdims=True)
    coefficients = np.linalg.solve(np.vander(nodes, increasing=True), kernel)
    coefficients.setflags(write=False)
    return np.ascontiguousarray(coefficients.T)
