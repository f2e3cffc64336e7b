"""The smallest delays of a series, block by block: what a message takes when nothing holds it up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def lower_envelope(
    times_ns: NDArray[Any], delays_ns: NDArray[Any], *, blocks: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The least delayed message of each block.

    Parameters
    ----------
    times_ns
        When each message was stamped, int64 (n), never decreasing.
    delays_ns
        How much later it arrived, by another clock, int64 (n).
    blocks
        How many equal spans of time to cut the series into.

    Returns
    -------
    tuple
        Time and delay of the least delayed message of every block that has one, int64 (m)
        each, and how far the next few lie above it, float64 (m): the jitter of the floor.

    Notes
    -----
    Delivery only ever adds, so the lower edge is the clocks' relation plus a constant
    (Paxson 1998). Fails where every message of a block was held up: the jitter is then large.
    """
    if not len(times_ns):
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, np.zeros(0)
    edges = np.linspace(int(times_ns[0]), int(times_ns[-1]) + 1, blocks + 1)
    which = np.clip(np.searchsorted(edges, times_ns, side="right") - 1, 0, blocks - 1)
    at, jitter = [], []
    for block in np.unique(which):
        here = np.flatnonzero(which == block)
        order = here[np.argsort(delays_ns[here], kind="stable")]
        at.append(int(order[0]))
        few = order[: max(2, len(order) // 10)]
        jitter.append(float(np.mean(delays_ns[few] - delays_ns[order[0]])) if len(order) > 1 else 0.0)
    chosen = np.array(at)
    return (
        np.asarray(times_ns)[chosen].astype(np.int64),
        np.asarray(delays_ns)[chosen].astype(np.int64),
        np.array(jitter, dtype=np.float64),
    )
