"""The line of lag against time along which two evenly sampled signals fit, and how it stands out of wrong lags.

One signal is cut into blocks; each is laid over the other at every lag; along the right
line of lag against time the blocks add up, elsewhere they cancel::

    lag   . . . . . . . .        one row of heights for each block
      ^   . . . . . x x x        x: where it fits; the line's slope is the drift
      |   . . x x x . . .
      +--------------------> time
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.dsp.masked_correlation import lag_products, refine_peak

Float64Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]

LARGEST_DRIFT = 300e-6
_BLOCK_S = 12.0
_MOST_BLOCKS = 16
"""Longer recordings get longer blocks: their rows of heights stay below some 200 megabytes for an hour."""
_LEAST_SHARE = 0.3
"""Lags at which less than this share of the usual material overlaps say nothing."""
_NEAR_S = 0.15
_RIVAL_S = 0.3
_LEAST_BLOCK_HEIGHT = 3.0


@dataclass(frozen=True, eq=False)
class LagLine:
    """The best line.

    Parameters
    ----------
    centres_s, lags_s
        Where blocks of the first signal lie and by how much later the second shows the same; float64 (k).
    height
        The line's height in robust standard deviations of all other lags.
    runner_up
        The height of the highest other lag as a share of it.
    agreeing
        The share of blocks that overlap there and have a peak of their own at the line.
    """

    centres_s: Float64Array
    lags_s: Float64Array
    height: float
    runner_up: float
    agreeing: float


def find_lag_line(first: Float64Array, second: Float64Array, rate_hz: float) -> LagLine | None:
    """Where one signal lies in another, whatever the sign of their relation.

    Parameters
    ----------
    first, second
        Shapes (n, channels) and (m, channels), zero mean, 0 where nothing is known; channel ``c`` of
        one is compared with channel ``c`` of the other, up to sign.
    rate_hz
        Values per second of both.

    Returns
    -------
    LagLine or None
        ``None`` where the signals are shorter than two seconds, or one is nothing but zeros.

    Notes
    -----
    Correlations of all channels are added up with the sign that is higher. Chance is told by
    all other lags of the same signals. It fails for rhythmic signals, which fit at several lags:
    ``runner_up`` is then near 1; and for drifts above 300 ppm.
    """
    if min(len(first), len(second)) < 2 * rate_hz or not first.any() or not second.any():
        return None
    count = int(np.clip(len(first) // (_BLOCK_S * rate_hz), 1, _MOST_BLOCKS))
    length = len(first) // count
    starts = [block * length for block in range(count)]
    products, variances = _rows(first, second, starts, length)
    centres = (np.array(starts) + length / 2.0) / rate_hz
    drift, column, heights, signs = _best_line(products, variances, centres, rate_hz)
    scale = 1.4826 * float(np.median(np.abs(heights - np.median(heights))))
    if not scale > 0:
        return None
    rivals = np.abs(np.arange(heights.size) - column) > _RIVAL_S * rate_hz
    highest = float(heights[column])
    signed = _signed(products, variances, signs)
    kept, lags = _block_peaks(signed, column, drift, centres, rate_hz)
    overlapping = int(np.count_nonzero(_overlapping(variances, column)))
    if not kept.size or not overlapping:
        return None
    return LagLine(
        centres_s=centres[kept],
        lags_s=(lags - len(first)) / rate_hz,
        height=highest / scale,
        runner_up=float(heights[rivals].max(initial=0.0)) / highest,
        agreeing=min(1.0, kept.size / overlapping),
    )


def _rows(
    first: Float64Array, second: Float64Array, starts: list[int], length: int
) -> tuple[Float32Array, Float32Array]:
    """Products and variances of every block and channel at lags ``-len(first) .. len(second)``; (k, c, lags)."""
    lags = len(first) + len(second) + 1
    channels = first.shape[1]
    products, variances = (np.zeros((len(starts), channels, lags), dtype=np.float32) for _ in range(2))
    for channel in range(channels):
        around = np.concatenate([np.zeros(length), second[:, channel], np.zeros(length)])
        for row, start in enumerate(starts):
            fits, spread = lag_products(first[start : start + length, channel], around)
            at = len(first) - start - length
            products[row, channel, at : at + fits.size] = fits
            variances[row, channel, at : at + fits.size] = spread
    return products, variances


def _best_line(
    products: Float32Array, variances: Float32Array, centres: Float64Array, rate_hz: float
) -> tuple[float, int, Float64Array, NDArray[np.float64]]:
    """Drift, lag column, heights at all lags and the channels' signs of the highest line."""
    span = float(np.ptp(centres))
    steps = int(np.ceil(LARGEST_DRIFT * span / 0.02))
    lines: list[tuple[float, int, Float64Array, NDArray[np.float64]]] = []
    for step in range(-steps, steps + 1):
        drift = step / max(steps, 1) * LARGEST_DRIFT
        moves = np.rint(drift * (centres - centres.mean()) * rate_hz).astype(np.int64)
        total = np.zeros(products.shape[1:])
        spread = np.zeros(products.shape[1:])
        for row, move in enumerate(moves):
            total += np.roll(products[row], -move, axis=1)
            spread += np.roll(variances[row], -move, axis=1)
        known = spread > _LEAST_SHARE * np.median(spread[spread > 0]) if (spread > 0).any() else spread > 0
        scores = np.where(known, total / np.sqrt(np.maximum(spread, 1e-12)), 0.0)
        heights = np.abs(scores).sum(axis=0)
        column = int(heights.argmax())
        if not lines or heights[column] > lines[-1][2][lines[-1][1]]:
            lines = [(drift, column, heights, np.sign(scores[:, column]))]
    return lines[-1]


def _signed(products: Float32Array, variances: Float32Array, signs: Float64Array) -> Float64Array:
    """Each block's heights, channels added with their signs; (k, lags)."""
    scores = np.where(variances > 0, products / np.sqrt(np.maximum(variances, 1e-12)), 0.0)
    signed: Float64Array = np.einsum("kcl,c->kl", scores, signs)
    return signed


def _overlapping(variances: Float32Array, column: int) -> NDArray[np.bool_]:
    """Blocks that meet the other signal at a lag."""
    there: NDArray[np.bool_] = variances[:, :, column].sum(axis=1) > 0.1 * np.median(variances.sum(axis=1).max(axis=1))
    return there


def _block_peaks(
    signed: Float64Array, column: int, drift: float, centres: Float64Array, rate_hz: float
) -> tuple[NDArray[np.intp], Float64Array]:
    """Blocks that have a clear peak near the line, and its place in columns."""
    near = max(1, round(_NEAR_S * rate_hz))
    kept, lags = [], []
    for row, centre in enumerate(centres):
        middle = column + round(drift * (centre - centres.mean()) * rate_hz)
        low, high = max(0, middle - near), min(signed.shape[1], middle + near + 1)
        window = signed[row, low:high]
        if window.size < 3:
            continue
        at = int(window.argmax())
        heights = signed[row][signed[row] != 0]
        scale = 1.4826 * float(np.median(np.abs(heights))) if heights.size else 0.0
        if 0 < at < window.size - 1 and scale > 0 and window[at] > _LEAST_BLOCK_HEIGHT * scale:
            kept.append(row)
            lags.append(low + refine_peak(window, at))
    return np.array(kept, dtype=np.intp), np.array(lags)
