"""Counters that wrap around: a clock that falls by exactly what its bits can hold was not set, it ran over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COUNTERS: tuple[tuple[int, str], ...] = (
    (2**32 * 1_000, "a 32-bit counter of microseconds that wrapped around (every 71.6 minutes)"),
    (2**31 * 1_000, "a signed 32-bit counter of microseconds that wrapped around (every 35.8 minutes)"),
    (2**32 * 1_000_000, "a 32-bit counter of milliseconds that wrapped around (every 49.7 days)"),
    (2**31 * 1_000_000, "a signed 32-bit counter of milliseconds that wrapped around (every 24.9 days)"),
    (2**32 * 100, "a 32-bit counter of tenths of microseconds that wrapped around (every 7.2 minutes)"),
    (2**24 * 1_000, "a 24-bit counter of microseconds that wrapped around (every 16.8 s)"),
    (2**16 * 1_000_000, "a 16-bit counter of milliseconds that wrapped around (every 65.5 s)"),
    (2**32, "a 32-bit counter of nanoseconds that wrapped around (every 4.3 s)"),
)
"""What a counter holds, ns, and what to call it; those that are met most often first."""


@dataclass(frozen=True, eq=False)
class Unwrapped:
    """``times_ns`` that only grow, int64 (n), the first sample after each wrap, and the counter's size and name."""

    times_ns: NDArray[np.int64]
    firsts: tuple[int, ...]
    size_ns: int
    name: str


def counter_of(missing_ns: float, tolerance_ns: float) -> tuple[int, str] | None:
    """The counter whose size a clock fell by, with its name; ``None`` when it is none.

    Examples
    --------
    >>> counter_of(4_294_967_300_000, 1e7)[0], counter_of(5e9, 1e7)
    (4294967296000, None)
    """
    return next((one for one in COUNTERS if abs(missing_ns - one[0]) <= tolerance_ns), None)


def unwrap_counter(times_ns: NDArray[np.int64]) -> Unwrapped | None:
    """Stamps with every wrap undone; ``None`` unless every fall is a wrap of one counter.

    Parameters
    ----------
    times_ns
        Stamps in the order of the samples, int64 (n).

    Notes
    -----
    A wrap falls from near the counter's end to near its beginning. A clock that was set back by just as much, from just
    there, is taken for one.

    Examples
    --------
    >>> found = unwrap_counter(np.array([4_294_967_200_000, 100_000, 250_000]))
    >>> found.times_ns.tolist(), found.firsts
    ([4294967200000, 4294967396000, 4294967546000], (1,))
    """
    steps = np.diff(times_ns)
    falls = np.flatnonzero(steps < 0)
    if not falls.size:
        return None
    usual_ns = float(np.median(steps[steps >= 0])) if falls.size < steps.size else 0.0
    missing_ns = float(usual_ns - steps[falls[0]])
    slack_ns = max(min(20.0 * usual_ns, missing_ns / 20.0), 1e6)
    found = counter_of(missing_ns, slack_ns)
    if found is None:
        return None
    size_ns, name = found
    ends = (times_ns[falls] >= size_ns - slack_ns) & (times_ns[falls + 1] <= slack_ns)
    signed = (times_ns[falls] >= size_ns / 2 - slack_ns) & (times_ns[falls + 1] <= -size_ns / 2 + slack_ns)
    if not np.all((ends | signed) & (np.abs(usual_ns - steps[falls] - size_ns) <= slack_ns)):
        return None
    turns = np.zeros(times_ns.size, dtype=np.int64)
    turns[falls + 1] = size_ns
    return Unwrapped(times_ns + np.cumsum(turns), tuple((falls + 1).tolist()), size_ns, name)
