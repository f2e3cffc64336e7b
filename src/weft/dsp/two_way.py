"""How far two clocks are apart, from messages that went there and back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class TwoWay(NamedTuple):
    """``offsets_ns``: the far clock minus the near one, int64 (n); ``delays_ns``: the mean of both ways, int64 (n)."""

    offsets_ns: NDArray[np.int64]
    delays_ns: NDArray[np.int64]


def two_way(there_ns: NDArray[np.int64], back_ns: NDArray[np.int64]) -> TwoWay:
    """Offset and delay from apparent travel times.

    Parameters
    ----------
    there_ns
        Arrival by the near clock minus departure by the far one (PTP: ``t2 - t1``), int64 (n).
    back_ns
        Arrival by the far clock minus departure by the near one (PTP: ``t4 - t3``), int64 (n).

    Notes
    -----
    ``there = delay - offset`` and ``back = delay + offset``, if both ways take equally long. Half of any difference
    goes into the offset, and nothing in the four stamps shows it: it lies within the delay.

    Examples
    --------
    >>> found = two_way(np.array([3]), np.array([9]))
    >>> found.offsets_ns.tolist(), found.delays_ns.tolist()
    ([3], [6])
    """
    return TwoWay((back_ns - there_ns) // 2, (back_ns + there_ns) // 2)


def promptest(times_ns: NDArray[np.int64], delays_ns: NDArray[np.int64], *, blocks: int) -> NDArray[np.int64]:
    """Of every block of time the exchange with the least delay, int64, in order of time.

    What held a message up held it up on one way, and half of that is error; the promptest exchange has the least of it
    (the clock filter of NTP, RFC 5905, section 10).

    Examples
    --------
    >>> promptest(np.arange(6), np.array([5, 1, 9, 7, 8, 2]), blocks=2).tolist()
    [1, 5]
    """
    if not len(times_ns):
        return np.zeros(0, dtype=np.int64)
    first, last = int(times_ns[0]), int(times_ns[-1])
    which = ((times_ns - first) * blocks) // max(1, last - first + 1)
    order = np.lexsort((delays_ns, which))
    starts = np.flatnonzero(np.diff(which[order], prepend=-1) > 0)
    chosen: NDArray[np.int64] = np.sort(order[starts]).astype(np.int64)
    return chosen
