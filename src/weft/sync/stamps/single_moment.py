"""Evidence of one moment, from stamps that say no more."""

from __future__ import annotations

import numpy as np

from weft.core import NS_PER_MS, Evidence

LEAST_SD_NS = 0.05 * NS_PER_MS
"""No stamp that a program writes is better."""


def single_moment(clock: str, reference: str, at_ns: int, offset_ns: int, method: str, sd_ns: float) -> Evidence:
    """Evidence of one moment."""
    return Evidence(
        clock=clock,
        reference=reference,
        times_ns=np.array([at_ns], dtype=np.int64),
        offsets_ns=np.array([offset_ns], dtype=np.int64),
        sds_ns=np.array([LEAST_SD_NS]),
        method=method,
        systematic_sd_ns=sd_ns,
    )
