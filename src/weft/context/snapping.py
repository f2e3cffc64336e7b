"""The context of an interval, grown outward until it cuts no utterance.

utterances   [ a    ]  [ b ]     [ anchor ]   [ c       ]
5 s              |<------ 5 s ---[        ]--- 5 s -->|
context      |<------------------[        ]------------>|      a and c are taken in whole
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from weft.core import Interval
from weft.core.times import Int64Array


class Blocks:
    """Intervals joined where they overlap: disjoint, increasing stretches.

    Intervals that only touch stay apart: an edge may lie where one utterance ends and the
    next begins. Empty intervals have no inside and are left out.
    """

    def __init__(self, intervals: Iterable[Interval]) -> None:
        starts: list[int] = []
        stops: list[int] = []
        for interval in sorted(intervals):
            if interval.is_empty:
                continue
            if stops and interval.start_ns < stops[-1]:
                stops[-1] = max(stops[-1], interval.stop_ns)
            else:
                starts.append(interval.start_ns)
                stops.append(interval.stop_ns)
        self.starts_ns: Int64Array = np.array(starts, dtype=np.int64)
        self.stops_ns: Int64Array = np.array(stops, dtype=np.int64)

    def __len__(self) -> int:
        return int(self.starts_ns.size)

    def __iter__(self) -> Iterator[Interval]:
        return (Interval(int(a), int(b)) for a, b in zip(self.starts_ns, self.stops_ns, strict=True))

    def around(self, t_ns: int) -> Interval | None:
        """The stretch that has ``t_ns`` in its inside, neither at its start nor its stop."""
        index = int(np.searchsorted(self.starts_ns, t_ns, side="left")) - 1
        if index >= 0 and t_ns < self.stops_ns[index]:
            return Interval(int(self.starts_ns[index]), int(self.stops_ns[index]))
        return None

    def contains(self, t_ns: int) -> bool:
        """Whether a stretch holds ``t_ns``."""
        index = int(np.searchsorted(self.starts_ns, t_ns, side="right")) - 1
        return index >= 0 and t_ns < int(self.stops_ns[index])

    def shared_ns(self, interval: Interval) -> int:
        """How much of ``interval`` the stretches cover."""
        shared = np.minimum(self.stops_ns, interval.stop_ns) - np.maximum(self.starts_ns, interval.start_ns)
        return int(np.maximum(shared, 0).sum())


def context_of(interval: Interval, utterances: Blocks, *, history_ns: int, future_ns: int) -> Interval:
    """``interval`` with its history and future; an utterance that an edge would cut is taken in whole.

    Examples
    --------
    >>> context_of(Interval(100, 120), Blocks([Interval(80, 96), Interval(124, 140)]), history_ns=10, future_ns=4)
    Interval(start_ns=80, stop_ns=124)
    """
    wanted = interval.grown(history_ns, future_ns)
    before, after = utterances.around(wanted.start_ns), utterances.around(wanted.stop_ns)
    return Interval(
        before.start_ns if before else wanted.start_ns,
        after.stop_ns if after else wanted.stop_ns,
    )
