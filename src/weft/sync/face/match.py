"""The lag at which a mouth's rhythm fits a voice's, and whether chance could have done as well.

The mouth is cut into blocks of 5 s or a little more. Each is compared with the voice at every lag, the
searched ones and many that are surely wrong; blocks are then added up along straight
lines of lag against time, which allow for a drift::

    lag                          wrong lags: what chance does
     ^   ------------------------------------------
     |   block 1 . block 2 . block 3 ..  searched     <- the best line wins
     |   ------------------------------------------
     |                           wrong lags
     +---------------------------------------------> time

The wrong lags wrap around the end of the recording, so a short one has few of them; how
sure a peak is then stays limited, as it should.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.dsp.masked_correlation import column_products, refine_peak
from weft.sync.face.signals import GRID_HZ

Float64Array = NDArray[np.float64]

_BLOCK_S = 5.0
_MOST_BLOCKS = 100
"""Longer recordings get longer blocks, which keeps memory at some tens of megabytes."""
WRONG_S = 60.0
"""Lags up to so far beyond the searched ones show what chance does."""
_CLEARANCE_S = 1.0
"""Lags so near to the searched ones are not counted as wrong."""
_LARGEST_DRIFT = 300e-6
_DRIFT_STEP_S = 0.02
"""Neighbouring drifts differ by so much at the recording's ends: a fifth of a peak's width."""
_RUNNER_UP_S = 0.25
"""Farther from the peak than this, a second peak is a rival and not a shoulder."""
_NEAR_S = 0.15
"""A part of the recording may lie so far from the line through all of it."""
_INDEPENDENT_HZ = 16.0
"""Independent values per second of lag: twice the rhythm's highest frequency."""
_LEAST_BLOCKS = 4
_DRAWS = 200
_SAME_S = 0.08
"""Half a peak's width: a peak that moves farther is another one."""
_LEAST_SHARE = 0.3
"""Lags at which less than this share of the usual material overlaps say nothing."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Products and their chance variances of ``k`` blocks at ``2 * reach + 1`` lags.

    Parameters
    ----------
    centres_s
        The blocks' middles on the mouth's grid, float64 (k).
    products, variances
        float64 (k, lags).
    reach
        The largest lag in grid steps; column ``reach`` is lag 0.
    block_s
        The blocks' length.
    """

    centres_s: Float64Array
    products: Float64Array
    variances: Float64Array
    reach: int
    block_s: float

    def moved(self, drift: float, middle_s: float) -> tuple[Float64Array, Float64Array]:
        """Products and variances of every block with the drift taken out."""
        moves = -np.rint(drift * (self.centres_s - middle_s) * GRID_HZ).astype(np.int64)
        if not moves.any():
            return self.products, self.variances
        columns = (np.arange(self.products.shape[1]) - moves[:, np.newaxis]) % self.products.shape[1]
        return np.take_along_axis(self.products, columns, axis=1), np.take_along_axis(self.variances, columns, axis=1)

    def summed(self, drift: float, middle_s: float, which: NDArray[np.bool_] | None = None) -> Float64Array:
        """Products over the root of their variances, blocks moved along the drift; shape (lags), 0 where unknown."""
        products, variances = self.moved(drift, middle_s)
        rows = slice(None) if which is None else which
        total, spread = products[rows].sum(axis=0), variances[rows].sum(axis=0)
        known = spread > _LEAST_SHARE * np.median(spread)
        return np.where(known & (spread > 0), total / np.sqrt(np.maximum(spread, 1e-12)), 0.0)


@dataclass(frozen=True, slots=True)
class Match:
    """The best line and how it stands out.

    Parameters
    ----------
    lag_s
        Voice minus mouth at ``middle_s``: how much later, on its own grid, the voice has what the mouth shows.
    drift
        By how much the lag grows, seconds per second.
    sd_s
        Standard deviation of ``lag_s``; infinite where the recording is too short to tell.
    stability
        The share of random selections of the recording's blocks that have the same peak, 0..1.
    height
        The peak in standard deviations of the wrong lags.
    chance
        The probability that the highest of as many wrong lags would reach it.
    runner_up
        The height of the best rival within the searched lags as a share of the peak's.
    """

    lag_s: float
    drift: float
    middle_s: float
    sd_s: float
    stability: float
    height: float
    chance: float
    runner_up: float


def cut_blocks(mouth: Float64Array, voice: Float64Array, search_s: float) -> Blocks:
    """The blocks of two rhythms on one grid of equal length.

    Parameters
    ----------
    mouth, voice
        Shape (n) or (n, columns), 0 where nothing is known; index 0 is the same instant if the expected
        lag is right. Of columns the products are added up.
    search_s
        The largest lag that is looked for.
    """
    mouth, voice = (one.reshape(len(one), -1) for one in (mouth, voice))
    count, seen = len(mouth), np.any(mouth != 0, axis=1)
    block_s = max(_BLOCK_S, np.count_nonzero(seen) / GRID_HZ / _MOST_BLOCKS)
    size = round(block_s * GRID_HZ)
    reach = min(round((search_s + _CLEARANCE_S + WRONG_S) * GRID_HZ), (count - 1) // 2)
    wrapped = np.concatenate([voice[count - reach :], voice, voice[:reach]])
    centres, products, variances = [], [], []
    for start in range(0, count, size):
        part = mouth[start : start + size]
        if np.count_nonzero(seen[start : start + size]) < GRID_HZ:
            continue
        product, variance = column_products(part, wrapped[start : start + len(part) + 2 * reach])
        centres.append((start + len(part) / 2) / GRID_HZ)
        products.append(product)
        variances.append(variance)
    shape = (-1, 2 * reach + 1)
    return Blocks(np.array(centres), np.reshape(products, shape), np.reshape(variances, shape), reach, block_s)


def find_match(blocks: Blocks, search_s: float) -> Match | None:
    """The best line through the blocks; ``None`` where there is nothing to compare."""
    search = round(search_s * GRID_HZ)
    if not len(blocks.centres_s) or blocks.reach < search:
        return None
    middle_s = float(blocks.centres_s.mean())
    drifts = _drifts(blocks.centres_s)
    heights = np.array([blocks.summed(drift, middle_s) for drift in drifts])
    inside = slice(blocks.reach - search, blocks.reach + search + 1)
    row, column = np.unravel_index(int(heights[:, inside].argmax()), heights[:, inside].shape)
    unit, independent = _wrong_spread(heights, blocks.reach, search)
    best = heights[row, inside]
    if best[column] <= 0:
        return None
    height = float(best[column]) / unit if unit > 0 else 0.0
    tries = 2 * search_s * _INDEPENDENT_HZ * len(drifts)
    lag_s = (refine_peak(best, int(column)) - search) / GRID_HZ
    drift = float(drifts[row])
    stability, sd_s = _resampled(blocks, drift, middle_s, lag_s, search)
    return Match(
        lag_s=lag_s,
        drift=drift,
        middle_s=middle_s,
        sd_s=sd_s,
        stability=stability,
        height=height,
        chance=_chance(height, independent, tries),
        runner_up=_runner_up(best, int(column)),
    )


def part_lags(blocks: Blocks, match: Match, parts: int) -> tuple[Float64Array, Float64Array]:
    """The lags that consecutive parts of the recording show on their own.

    Returns
    -------
    centres_s, lags_s : ndarray
        One for each part whose own peak lies near the common line; float64 (m), m <= parts.
    """
    near = round(_NEAR_S * GRID_HZ)
    centres, lags = [], []
    for part in np.array_split(np.arange(len(blocks.centres_s)), parts):
        which = np.zeros(len(blocks.centres_s), dtype=bool)
        which[part] = True
        lag_s = _local_peak(blocks, match, which, near)
        if lag_s is not None:
            centre_s = float(blocks.centres_s[part].mean())
            centres.append(centre_s)
            lags.append(lag_s + match.drift * (centre_s - match.middle_s))
    return np.array(centres), np.array(lags)


def block_heights(blocks: Blocks, match: Match) -> Float64Array:
    """How high each block stands on the line, in standard deviations of its own other lags; float64 (k)."""
    products, _ = blocks.moved(match.drift, match.middle_s)
    at = products[:, blocks.reach + round(match.lag_s * GRID_HZ)]
    return np.asarray((at - products.mean(axis=1)) / np.maximum(products.std(axis=1), 1e-12))


def _drifts(centres_s: Float64Array) -> Float64Array:
    """The drifts to try, 0 among them."""
    half_s = float(np.ptp(centres_s)) / 2
    step = _DRIFT_STEP_S / max(half_s, 1.0)
    count = int(_LARGEST_DRIFT / step)
    return np.arange(-count, count + 1).astype(np.float64) * step


def _wrong_spread(heights: Float64Array, reach: int, search: int) -> tuple[float, float]:
    """The standard deviation of the wrong lags' heights, and on how many independent ones it rests; 0 if on none."""
    clear = search + round(_CLEARANCE_S * GRID_HZ)
    wrong = np.concatenate([heights[:, : max(0, reach - clear)], heights[:, reach + clear + 1 :]], axis=1)
    known = wrong[wrong != 0]
    if not known.size:
        return 0.0, 0.0
    return float(known.std()), known.size / len(heights) / GRID_HZ * _INDEPENDENT_HZ


def _chance(height: float, independent: float, tries: float) -> float:
    """The probability that the highest of ``tries`` wrong lags reaches ``height``.

    The spread itself is estimated from ``independent`` lags, hence Student's distribution.
    """
    from scipy.stats import t

    if independent < 1:
        return 1.0
    return float(-np.expm1(tries * np.log1p(-min(t.sf(height, independent), 1 - 1e-12))))


def _runner_up(best: Float64Array, column: int) -> float:
    """The highest local maximum away from the peak, as a share of the peak."""
    far = np.abs(np.arange(len(best)) - column) > _RUNNER_UP_S * GRID_HZ
    inner = np.zeros(len(best), dtype=bool)
    inner[1:-1] = (best[1:-1] >= best[:-2]) & (best[1:-1] >= best[2:])
    rivals = best[far & inner]
    return float(max(rivals.max(initial=0.0), 0.0) / best[column])


def _resampled(blocks: Blocks, drift: float, middle_s: float, lag_s: float, search: int) -> tuple[float, float]:
    """How often the peak stays when blocks are drawn anew, and its standard deviation then.

    A bootstrap over blocks; below four blocks nothing can be said: 0 and infinity.
    """
    count = len(blocks.centres_s)
    if count < _LEAST_BLOCKS:
        return 0.0, float("inf")
    products, variances = blocks.moved(drift, middle_s)
    inside = slice(blocks.reach - search, blocks.reach + search + 1)
    draws = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=_DRAWS).astype(np.float64)
    spread = draws @ variances[:, inside]
    heights = np.where(spread > 0, draws @ products[:, inside] / np.sqrt(np.maximum(spread, 1e-12)), 0.0)
    peaks_s = np.array([refine_peak(row, int(row.argmax())) - search for row in heights]) / GRID_HZ
    same = np.abs(peaks_s - lag_s) < _SAME_S
    return float(same.mean()), float(peaks_s[same].std()) if same.sum() > 1 else float("inf")


def _local_peak(blocks: Blocks, match: Match, which: NDArray[np.bool_], near: int) -> float | None:
    """The lag of the highest point near the common line, of some blocks only; ``None`` if it is no maximum."""
    heights = blocks.summed(match.drift, match.middle_s, which)
    centre = blocks.reach + round(match.lag_s * GRID_HZ)
    window = heights[max(0, centre - near) : centre + near + 1]
    at = int(window.argmax())
    if not 0 < at < len(window) - 1 or window[at] <= 0:
        return None
    return (refine_peak(window, at) + max(0, centre - near) - blocks.reach) / GRID_HZ
