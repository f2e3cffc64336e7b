"""How regular a series of stamps is: its period, its jitter and its gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GAP_FACTOR = 1.5
"""An interval longer than this many median periods has lost at least one sample."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The regularity of ``n`` stamps.

    Parameters
    ----------
    median_period_ns
        Median interval between neighbours.
    jitter_ns
        Robust standard deviation of the intervals (1.4826 times the median absolute deviation).
    gap_starts_ns, gap_durations_ns
        The stamp before each gap, and how long the gap is, int64 (g).
    duplicates
        How many stamps equal the one before.
    """

    median_period_ns: float
    jitter_ns: float
    gap_starts_ns: NDArray[np.int64]
    gap_durations_ns: NDArray[np.int64]
    duplicates: int

    @property
    def lost(self) -> int:
        """How many samples would have filled the gaps."""
        if not self.gap_durations_ns.size:
            return 0
        return int(np.rint(self.gap_durations_ns / self.median_period_ns - 1.0).sum())


def measure_timing(times_ns: NDArray[np.int64]) -> Timing | None:
    """Period, jitter and gaps of stamps; ``None`` below three of them.

    Parameters
    ----------
    times_ns
        Stamps of one clock, int64 (n), never decreasing.

    Notes
    -----
    It fails on irregular streams: the median interval of markers or of speech events
    means nothing, and almost every pause is then a "gap". Ask only of sampled signals.

    Examples
    --------
    >>> import numpy as np
    >>> timing = measure_timing(np.array([0, 10, 20, 50, 60], dtype=np.int64))
    >>> timing.median_period_ns, timing.lost
    (10.0, 2)
    """
    if times_ns.size < 3:
        return None
    intervals = np.diff(times_ns)
    moving = intervals[intervals > 0]
    if not moving.size:
        return None
    median = float(np.median(moving))
    gaps = intervals > GAP_FACTOR * median
    jitter = 1.4826 * float(np.median(np.abs(moving - median)))
    return Timing(median, jitter, times_ns[:-1][gaps], intervals[gaps], int((intervals == 0).sum()))
