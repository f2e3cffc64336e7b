"""Products of two signals at many lags, with what chance alone would give at each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]


def lag_products(part: Float64Array, around: Float64Array) -> tuple[Float64Array, Float64Array]:
    """How well ``part`` fits every place inside ``around``, and the variance of that by chance.

    Parameters
    ----------
    part
        Shape (m); 0 where nothing is known.
    around
        Shape (m + r), 0 where nothing is known.

    Returns
    -------
    products : ndarray
        ``sum(part * around[i : i + m])`` for ``i = 0..r``, shape (r + 1).
    variances : ndarray
        ``sum(part**2 * around[i : i + m]**2)``: the products' variance if signs were random.
        The quotient ``products / sqrt(variances)`` is comparable between lags that overlap
        differently; neighbouring values of slow signals make it larger than a standard
        normal variable by a constant factor, which wrong lags show.

    Examples
    --------
    >>> products, variances = lag_products(np.array([1.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    >>> products.round(6).tolist(), variances.round(6).tolist()
    ([2.0, 5.0], [4.0, 17.0])
    """
    from scipy.signal import correlate

    products = correlate(around, part, mode="valid", method="fft")
    variances = correlate(around**2, part**2, mode="valid", method="fft")
    return products, np.maximum(variances, 0.0)


def column_products(part: Float64Array, around: Float64Array) -> tuple[Float64Array, Float64Array]:
    """As :func:`lag_products` for rows of several columns: how well the rows fit, as the sum of scalar products.

    Parameters
    ----------
    part, around
        Shapes (m, c) and (m + r, c).

    Returns
    -------
    products, variances : ndarray
        Shape (r + 1). The variance is that of rows whose directions were random: the squared
        lengths' product over ``c``; with one column it is that of :func:`lag_products`.
    """
    if part.shape[1] == 1:
        return lag_products(part[:, 0], around[:, 0])
    products = sum(lag_products(one, other)[0] for one, other in zip(part.T, around.T, strict=True))
    lengths, _ = lag_products((part**2).sum(axis=1), (around**2).sum(axis=1))
    return np.asarray(products), np.maximum(lengths, 0.0) / part.shape[1]


def refine_peak(values: Float64Array, index: int) -> float:
    """The place of a maximum between samples, by the parabola through it and its neighbours.

    Examples
    --------
    >>> refine_peak(np.array([0.0, 3.0, 4.0, 3.0]), 2)
    2.0
    """
    if not 0 < index < len(values) - 1:
        return float(index)
    left, top, right = values[index - 1 : index + 2]
    bend = left - 2 * top + right
    return float(index + 0.5 * (left - right) / bend) if bend < 0 else float(index)
