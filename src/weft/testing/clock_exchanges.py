"""Exchanges of PTP or NTP messages between two clocks with known truth: queues, asymmetry, drift, steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from weft.core import NS_PER_S
from weft.core.times import Int64Array

_START_NS = 1_760_000_000 * NS_PER_S


@dataclass(frozen=True, eq=False)
class Exchanges:
    """Four stamps of every exchange and what is true.

    ``stamps_ns`` are t1 to t4, int64 (n) each: t1 and t4 by the master, t2 and t3 by the clock; ``true_offsets_ns`` is
    master minus clock at ``times_ns`` (= t2). ``step_at_ns`` is the clock's reading at which the master was set.
    """

    stamps_ns: tuple[Int64Array, Int64Array, Int64Array, Int64Array]
    true_offsets_ns: Int64Array
    step_at_ns: int

    @property
    def times_ns(self) -> Int64Array:
        """When each exchange was, by the clock."""
        return self.stamps_ns[1]


def make_exchanges(
    *,
    seconds: float,
    offset_ns: int,
    drift_ppm: float = 0.0,
    asymmetry_ns: int = 0,
    step_ns: int = 0,
    seed: int = 0,
) -> Exchanges:
    """Eight exchanges a second over a switch: 20 us each way, and queues that hold some messages up.

    Parameters
    ----------
    seconds
        How long.
    offset_ns, drift_ppm
        Master minus clock at the start, and how fast it grows.
    asymmetry_ns
        By how much the way from the master takes longer than the way back.
    step_ns
        By how much the master is set in the middle.
    seed
        Of everything that is drawn.

    Examples
    --------
    >>> made = make_exchanges(seconds=1, offset_ns=500)
    >>> made.times_ns.size, made.true_offsets_ns[0]
    (8, np.int64(500))
    """
    rng = np.random.default_rng(seed)
    count = round(seconds * 8)
    clock_ns = _START_NS + np.arange(count, dtype=np.int64) * (NS_PER_S // 8)
    offsets_ns = offset_ns + np.rint(drift_ppm * 1e-6 * (clock_ns - _START_NS)).astype(np.int64)
    offsets_ns[count // 2 :] += step_ns
    there_ns = 20_000 + asymmetry_ns // 2 + rng.exponential(4_000, count).astype(np.int64)
    back_ns = 20_000 - asymmetry_ns // 2 + rng.exponential(4_000, count).astype(np.int64)
    replied_ns = clock_ns + rng.integers(1_000_000, 9_000_000, count)
    t1 = clock_ns + offsets_ns - there_ns
    t4 = replied_ns + offsets_ns + back_ns
    return Exchanges((t1, clock_ns, replied_ns, t4), offsets_ns, int(clock_ns[count // 2]))
