"""When a regular device took its samples, from stamps that only say when they were seen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.dsp.sample_counts import SampleCounts, count_samples
from weft.dsp.steady_curve import fit_steady_curve

Floats = NDArray[np.float64]

LEAST_RUN = 8
"""A run shorter than this has no rate of its own and takes the longest run's."""

LATE_SKEW = 0.35
"""Quantiles' skew from which on stamps are late rather than scattered: 0 for normal and rounded ones, 0.56 for
exponential latencies."""

FLOOR_QUANTILE = 0.02
"""Stamps of the least delay; the very least may be one wrong stamp."""

LEAST_CHUNK = 4
"""Samples that share a stamp on average; fewer are coarse rounding."""

_MAD_TO_SD = 1.4826


@dataclass(frozen=True, eq=False)
class Dejittered:
    """The instants of a regular device's samples.

    Parameters
    ----------
    instants_ns
        When each sample was taken, ns since the first stamp, float64 (n), increasing.
    after_loss
        The samples before which others were lost, or before which the device began anew, int64.
    lost
        How many samples were lost between those that are there.
    jitter_ns
        Robust standard deviation of the stamps around the instants.
    largest_move_ns
        The farthest that a sample was moved from its stamp.
    is_straight
        Whether the device kept one rate throughout every run.
    lateness_ns
        By how much stamps are late on average, where they are late rather than scattered; the instants are without it.
    """

    instants_ns: Floats
    after_loss: NDArray[np.int64]
    lost: int
    jitter_ns: float
    largest_move_ns: float
    is_straight: bool
    lateness_ns: float = 0.0


def dejitter(times_ns: NDArray[np.int64], *, nominal_rate_hz: float = 0.0) -> Dejittered | None:
    """The instants at which a regular device took its samples; ``None`` where its stamps do not show a rhythm.

    Parameters
    ----------
    times_ns
        Stamps in the order in which the samples were taken, int64 (n); chunks may share a stamp or run
        backwards by jitter.
    nominal_rate_hz
        What the device declares, or 0.

    Notes
    -----
    Samples are numbered with the lost ones counted (``count_samples``); within each stretch over which the device
    kept its rhythm the stamps' steady course over that number is taken (``fit_steady_curve``). A loss shifts nothing,
    because the numbers skip with it. Delivery only ever adds: where errors have a long tail to the late side alone, the
    course is laid along the least late stamps. A latency that all stamps share stays in the instants.

    When it fails: a device whose rate itself is irregular has no rhythm, and gives ``None``, as does a
    recording that is too short for its jitter.

    Examples
    --------
    >>> import numpy as np
    >>> late_ns = np.arange(40) * 1000 + np.tile([0, 60, 20, 40], 10)
    >>> found = dejitter(late_ns)
    >>> bool(np.diff(found.instants_ns).round(3).min() > 990.0), found.largest_move_ns <= 60.0
    (True, True)
    """
    spread_ns = _spread(times_ns)
    counts = count_samples(spread_ns, nominal_period_ns=1e9 / nominal_rate_hz if nominal_rate_hz > 0 else 0.0)
    if counts is None:
        return None
    since = (spread_ns - times_ns[0]).astype(np.float64)
    steps = np.diff(spread_ns)
    moved = steps[steps != 0]
    quantum = float(np.gcd.reduce(np.abs(moved))) if moved.size else 0.0
    instants = np.empty(since.size)
    straight = True
    edges = [*counts.anew, since.size]
    rate = _longest_rate(since, counts, edges)
    for start, stop in pairwise(edges):
        numbers = (counts.index[start:stop] - counts.index[start]).astype(np.float64)
        course = rate * numbers
        if stop - start < LEAST_RUN:
            instants[start:stop] = course + float(np.median(since[start:stop] - course))
            continue
        curve = fit_steady_curve(numbers, since[start:stop] - course, quantum=quantum)
        if not curve.follows:
            return None
        straight = straight and curve.is_line
        instants[start:stop] = course + curve.heights
    if np.any(np.diff(instants) <= 0):
        return None
    scatter = since - instants
    late = _lateness(scatter)
    jitter = _MAD_TO_SD * float(np.median(np.abs(scatter - np.median(scatter))))
    lost = int(counts.index[-1] - (since.size - 1))
    largest = float(np.abs((times_ns - times_ns[0]) - (instants - late)).max())
    return Dejittered(instants - late, counts.after_loss, lost, jitter, largest, straight, late)


def _spread(times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Stamps of chunks that share one, laid out backwards from it: it is that of the chunk's last sample."""
    ends = np.flatnonzero(np.diff(times_ns, append=times_ns[-1:] + 1) != 0)
    if ends.size < 3 or times_ns.size < LEAST_CHUNK * ends.size:
        return times_ns
    sizes = np.diff(ends, prepend=-1)
    period_ns = float(np.median(np.diff(times_ns[ends]) / sizes[1:]))
    back = np.repeat(ends, sizes) - np.arange(times_ns.size)
    spread_ns: NDArray[np.int64] = times_ns - np.rint(back * period_ns).astype(np.int64)
    return spread_ns


def _lateness(scatter: Floats) -> float:
    """How far the course lies above the least late stamps; 0 where errors go both ways alike."""
    floor, low, middle, high = np.quantile(scatter, [FLOOR_QUANTILE, 0.05, 0.5, 0.95])
    if not high > low:
        return 0.0
    skew = (high + low - 2.0 * middle) / (high - low)
    return max(0.0, -float(floor)) if skew > LATE_SKEW else 0.0


def _longest_rate(since: Floats, counts: SampleCounts, edges: list[int]) -> float:
    """The period of the longest run, ns."""
    start, stop = max(pairwise(edges), key=lambda run: run[1] - run[0])
    numbers = counts.index[start:stop].astype(np.float64)
    if stop - start < LEAST_RUN:
        return counts.period_ns
    left = since[start:stop] - counts.period_ns * numbers
    half = (stop - start) // 2
    tilt = float(np.median(left[half:]) - np.median(left[:half])) / float(numbers[half:].mean() - numbers[:half].mean())
    return counts.period_ns + tilt
