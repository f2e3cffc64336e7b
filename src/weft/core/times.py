"""Points in time and durations as int64 nanoseconds, and the only places where floats enter and leave.

A time is meaningless without its clock, so every name that holds one says which
clock it is (``t_device_ns``, ``t_reference_ns``). A float may hold seconds only
after an origin was subtracted: a float64 of today's Unix time in nanoseconds has
steps of 256 ns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weft.core.errors import UsageError

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
EARLIEST_NS = -(2**61)
LATEST_NS = 2**61

Int64Array = NDArray[np.int64]


def seconds_to_ns(seconds: float) -> int:
    """Nanoseconds of ``seconds``, rounded to the nearest.

    Raises
    ------
    UsageError
        If ``seconds`` is not finite or does not fit (about ±73 years).

    Examples
    --------
    >>> seconds_to_ns(1.5)
    1500000000
    """
    if not np.isfinite(seconds) or abs(seconds) * NS_PER_S >= LATEST_NS:
        raise UsageError(f"a time must be finite and within 73 years of its origin, found {seconds!r} s")
    return round(seconds * NS_PER_S)


def ns_to_seconds(duration_ns: int) -> float:
    """Seconds of ``duration_ns``; for durations and for readings near their origin.

    Examples
    --------
    >>> ns_to_seconds(1_500_000_000)
    1.5
    """
    return duration_ns / NS_PER_S


def as_ns_array(times: ArrayLike, *, what: str = "times") -> Int64Array:
    """``times`` as a one-dimensional int64 array of nanoseconds, without copying when it is one.

    Raises
    ------
    UsageError
        If the values are floats (their unit and precision are unknown) or not one-dimensional.

    Examples
    --------
    >>> as_ns_array([1, 2]).dtype
    dtype('int64')
    """
    array: NDArray[Any] = np.asarray(times)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise UsageError(
            f"{what} must be a one-dimensional array of integer nanoseconds, "
            f"found {array.ndim} dimensions of {array.dtype}; convert seconds with weft.seconds_to_ns"
        )
    return array.astype(np.int64, copy=False)


def require_ns(value: int, *, what: str) -> int:
    """``value`` as an ``int`` of nanoseconds.

    Raises
    ------
    UsageError
        If it is a float or anything else that is not an integer.

    Examples
    --------
    >>> require_ns(5, what="start_ns")
    5
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise UsageError(
            f"{what} must be integer nanoseconds, found {value!r}; convert seconds with weft.seconds_to_ns"
        )
    return int(value)
