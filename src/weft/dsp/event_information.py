"""What an agreement of two event lists is worth, in nats, when their own rhythm is taken into account."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.intp]

_LEAST_SHARE = 1e-3


def pattern_information(
    first: Float64Array,
    second: Float64Array,
    *,
    pairs: tuple[IntArray, IntArray],
    line: tuple[float, float, float],
    sd_s: float,
    largest_drift: float,
) -> float:
    """How much better a common origin explains the pairs than two independent lists do, in nats.

    Parameters
    ----------
    first, second
        All events, seconds, sorted; (n) and (m).
    pairs
        Indices of the pairs in the first and in the second list, increasing; (k) each.
    line
        Offset, drift and middle: ``second = first + offset + drift * (first - middle)``.
    sd_s
        Standard deviation of the difference of a pair.
    largest_drift
        The drifts that were searched.

    Returns
    -------
    float
        Positive where the lists belong together; chance reaches ``x`` with a probability of
        about ``exp(-x)``. What was searched is paid for: ``n * m`` offsets and the drifts.

    Notes
    -----
    A likelihood ratio of the intervals between successive pairs. Under a common origin they
    differ by ``sqrt(2) * sd_s``. Otherwise they follow the lists' own intervals, whose density
    is that of the same number of steps elsewhere in the lists, a mixture of a narrow and a wide
    kernel with the interval itself left out. Events in the overlap that have no partner cost the
    entropy of who has one.
    """
    (ours, theirs), (offset, drift, middle) = pairs, line
    searched = np.log(first.size * second.size) + np.log1p(largest_drift * np.ptp(first) / sd_s)
    if ours.size < 2:
        return float(-searched)
    own, other = np.diff(first[ours]), np.diff(second[theirs])
    differ = other - own * (1.0 + drift)
    spread = np.sqrt(2.0) * sd_s
    agree = -0.5 * (differ / spread) ** 2 - np.log(spread * np.sqrt(2.0 * np.pi))
    common = np.maximum(interval_density(first, ours, spread), interval_density(second, theirs, spread))
    placed = first + offset + drift * (first - middle)
    slack = 3.0 * sd_s
    inside = int(np.count_nonzero((placed >= second[0] - slack) & (placed <= second[-1] + slack)))
    covered = int(np.count_nonzero((second >= placed[0] - slack) & (second <= placed[-1] + slack)))
    alone = _selection(ours.size, inside) + _selection(ours.size, covered)
    return float(np.sum(agree - np.log(common)) - alone - searched)


def interval_density(times: Float64Array, chosen: IntArray, spread: float) -> Float64Array:
    """How common each interval between successive chosen events is in the list itself, 1/s, shape (k - 1).

    Parameters
    ----------
    times
        All events, seconds, sorted.
    chosen
        Indices of some, increasing; (k).
    spread
        Width of the narrow kernel, seconds.

    Examples
    --------
    >>> beats = np.arange(10.0)
    >>> bool(interval_density(beats, np.arange(10), 0.01).min() > 30)  # every second: most common
    True
    """
    steps = np.diff(chosen)
    intervals = np.diff(times[chosen])
    density = np.zeros(intervals.size)
    mean = max(float(np.ptp(times)) / max(1, times.size - 1), spread)
    for step in np.unique(steps):
        here = np.flatnonzero(steps == step)
        pool = times[step:] - times[:-step]
        wide = max(spread, 1.06 * float(np.std(pool)) * pool.size**-0.2)
        for at, own in zip(here, chosen[here], strict=True):
            density[at] = _density(np.delete(pool, own), intervals[at], (spread, wide), mean * step)
    return density


def _density(pool: Float64Array, at: float, kernels: tuple[float, float], mean: float) -> float:
    """A mixture of two kernels over the other intervals, and of a few parts that know only their mean."""
    unknown = float(np.exp(-max(at, 0.0) / mean) / mean)
    if not pool.size:
        return unknown
    narrow, wide = (
        float(np.mean(np.exp(-0.5 * ((pool - at) / kernel) ** 2)) / (kernel * np.sqrt(2.0 * np.pi)))
        for kernel in kernels
    )
    share = 1.0 / (pool.size + 1.0)
    return (1.0 - share) * 0.5 * (narrow + wide) + share * unknown


def _selection(chosen: int, among: int) -> float:
    """The entropy of which of so many events have a partner, nats."""
    among = max(among, chosen)
    share = float(np.clip(chosen / among, _LEAST_SHARE, 1.0 - _LEAST_SHARE))
    return -chosen * float(np.log(share)) - (among - chosen) * float(np.log(1.0 - share))
