"""Samples whose stamps ran backwards: which are to be put in order, and which are in order already.

The samples of a device that samples regularly come in the order in which they were taken; where the stamp
of one chunk lies before the end of the chunk in front of it, the stamps jitter, and sorting would shuffle samples
of both. Events and lone messages of several senders are another matter: there the stamp is all that tells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S
from weft.core.times import Int64Array

LARGEST_JITTER_NS = NS_PER_S
"""Stamps that run back by more were not written by a clock that jitters."""


EVEN = 0.25
"""Steps within this share of the usual one are even."""


def order_of(stamps_ns: Int64Array, *, regular: bool) -> NDArray[np.intp]:
    """The order in which samples were taken: that of the file where a regular stream's stamps jitter, else by stamps.

    Notes
    -----
    Where sorting makes the steps around the displaced samples even, the stamps were right and the samples
    were sent in disorder (several threads); where it does not, the stamps were wrong.

    Examples
    --------
    >>> jittery = np.array([0, 10, 20, 33, 43, 53, 47, 57, 67])
    >>> order_of(jittery, regular=True).tolist() == list(range(9))
    True
    >>> order_of(np.array([0, 10, 30, 20, 40]), regular=True).tolist()
    [0, 1, 3, 2, 4]
    """
    sorting = np.argsort(stamps_ns, kind="stable")
    displaced = np.flatnonzero(sorting != np.arange(stamps_ns.size))
    if not regular or not displaced.size or int(np.max(-np.diff(stamps_ns))) > LARGEST_JITTER_NS:
        return sorting
    steps = np.diff(stamps_ns[sorting])
    usual = float(np.median(steps))
    around = steps[np.unique(np.clip(np.concatenate([displaced - 1, displaced]), 0, steps.size - 1))]
    even = float(np.mean(np.abs(around - usual) <= EVEN * usual))
    return sorting if even > 0.9 else np.arange(stamps_ns.size)


def never_backwards(stamps_ns: Int64Array) -> Int64Array:
    """Stamps that never decrease: each moved to the middle between the latest before and the earliest behind it.

    No stamp moves by more than half of what they ran backwards, and stamps in order stay what they are.

    Examples
    --------
    >>> never_backwards(np.array([0, 10, 30, 20, 40])).tolist()
    [0, 10, 25, 25, 40]
    """
    latest = np.maximum.accumulate(stamps_ns)
    earliest = np.minimum.accumulate(stamps_ns[::-1])[::-1]
    middle: Int64Array = earliest + (latest - earliest) // 2
    return middle
