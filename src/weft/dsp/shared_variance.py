"""How much two many-channelled signals share at every lag, whatever the mixture of their channels.

A camera's flow and a gyroscope measure one turning in axes of their own, with scales of their own
(focal length) and signs of their own. Correlating channel by channel would need the axes; norms
throw most away. The likelihood that *some* linear map leads from one to the other needs neither.

Source: S. S. Wilks, "Certain generalizations in the analysis of variance", Biometrika 24 (1932):
the likelihood ratio of two vector signals is ``-n/2 log det(I - Syy^-1 Syx Sxx^-1 Sxy)``.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

_RIDGE = 1e-6
"""Share of a channel's mean power added to the diagonal, so that a dead channel divides by something."""


def shared_information(
    x: Float64Array, y: Float64Array, known: tuple[NDArray[np.bool_], NDArray[np.bool_]], *, positive: bool = False
) -> tuple[Float64Array, Float64Array]:
    """What ``y`` and ``x`` share at every lag, in nats per sample, and on how many samples that rests.

    Parameters
    ----------
    x, y
        Evenly sampled at one rate, without mean, float64 (n, p) and (m, q).
    known
        Where each is known, bool (n) and (m).
    positive
        For single channels: count only likeness, not opposition.

    Returns
    -------
    shared : ndarray
        ``-log(1 - r²) / 2`` generalised to channels, float64 (n + m - 1), for the lags
        ``-(m - 1) .. n - 1``: sample ``j`` of ``y`` lies on sample ``j + lag`` of ``x``.
    counts : ndarray
        Samples known in both.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(500, 3))
    >>> y = x[40:240] @ rng.normal(size=(3, 3))
    >>> all_known = np.ones(500, bool), np.ones(200, bool)
    >>> shared, counts = shared_information(x, y, all_known)
    >>> int(np.argmax(np.where(counts > 100, shared, 0))) - 199
    40
    """
    n, m = len(x), len(y)
    size = scipy.fft.next_fast_len(n + m - 1, real=True)
    x, y = np.where(known[0][:, None], x, 0.0), np.where(known[1][:, None], y, 0.0)
    masks = [scipy.fft.rfft(mask.astype(np.float64), size) for mask in known]
    counts = np.rint(_correlated(masks[0], masks[1], size, n, m))
    across = _cross(scipy.fft.rfft(x, size, axis=0), scipy.fft.rfft(y, size, axis=0), (size, n, m))
    within_x = _products(x, masks[1], (size, n, m), moved=True)
    within_y = _products(y, masks[0], (size, n, m), moved=False)
    return _nats(across, within_x, within_y, positive), counts


def _nats(across: Float64Array, within_x: Float64Array, within_y: Float64Array, positive: bool) -> Float64Array:
    """Minus half the logarithm of Wilks' lambda at every lag."""
    p, q = across.shape[1:]
    for square in (within_x, within_y):
        power = np.trace(square.mean(axis=0)) / square.shape[1]
        square += (_RIDGE * power + 1e-30) * np.eye(square.shape[1])
    if p == q == 1:
        r = across[:, 0, 0] / np.sqrt(within_x[:, 0, 0] * within_y[:, 0, 0])
        r = np.maximum(r, 0.0) if positive else r
        single: Float64Array = -0.5 * np.log1p(-np.minimum(r**2, 1 - 1e-9))
        return single
    explained = np.swapaxes(across, 1, 2) @ np.linalg.solve(within_x, across)
    left = np.linalg.det(within_y - explained) / np.linalg.det(within_y)
    nats: Float64Array = -0.5 * np.log(np.clip(left, 1e-9, 1.0))
    return nats


def _correlated(x: NDArray[np.complex128], y: NDArray[np.complex128], size: int, n: int, m: int) -> Float64Array:
    """``sum(x[j + lag] * y[j])`` for the lags ``-(m - 1) .. n - 1``."""
    circular = scipy.fft.irfft(x * np.conj(y), size)
    return np.concatenate([circular[size - m + 1 :], circular[:n]])


def _cross(x: NDArray[np.complex128], y: NDArray[np.complex128], sizes: tuple[int, int, int]) -> Float64Array:
    """The matrix ``Sxy`` at every lag, (lags, p, q)."""
    size, n, m = sizes
    found = np.empty((n + m - 1, x.shape[1], y.shape[1]))
    for i in range(x.shape[1]):
        for j in range(y.shape[1]):
            found[:, i, j] = _correlated(x[:, i], y[:, j], size, n, m)
    return found


def _products(
    values: Float64Array, mask: NDArray[np.complex128], sizes: tuple[int, int, int], *, moved: bool
) -> Float64Array:
    """``Sxx`` (``moved``) or ``Syy`` over the samples that the other signal knows, at every lag."""
    size, n, m = sizes
    width = values.shape[1]
    found = np.empty((n + m - 1, width, width))
    for i in range(width):
        for j in range(i, width):
            product = scipy.fft.rfft(values[:, i] * values[:, j], size)
            pair = (product, mask) if moved else (mask, product)
            found[:, i, j] = found[:, j, i] = _correlated(pair[0], pair[1], size, n, m)
    return found
