"""Split half: what is learnt from the first half of the evidence must predict the second."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.core import Evidence, Recording, TimeMap
from weft.core.time_map import LEAST_JUMP_NS, Z95
from weft.sync.verify.asking import map_from, pair_of, sds_ns
from weft.sync.verify.trial import Trial, allowed_ns, in_ms, judged, skipped

LEAST_MOMENTS = 4
"""In each half; fewer say nothing of a drift."""

MEDIAN_SD = 1.2533
"""The standard deviation of a median of normal values against that of their mean."""

CURE = (
    "the drift changes or the clock jumps where no break was seen: look at the residuals (`weft align --plot`), "
    "and trust the map near its evidence only"
)


def check_halves(recording: Recording, e: Evidence) -> Trial:
    """Fit the first half of the longest stretch without a jump, and predict its second half."""
    clocks = (e.clock, e.reference)
    pair = pair_of(recording, clocks, [e])
    whole = map_from(pair, e, e.reference)
    stretch = _longest_stretch(e, whole)
    half = stretch.size // 2
    if half < LEAST_MOMENTS:
        why = f"{stretch.size} moments without a jump between them, {2 * LEAST_MOMENTS} are needed to predict"
        return skipped("halves", clocks, e.method, why)
    first, second = _part(e, stretch[:half]), _part(e, stretch[half:])
    learnt = map_from(pair, first, e.reference, shared=False)
    gaps_ns = second.offsets_ns - (learnt.apply(second.times_ns, extrapolate=True) - second.times_ns)
    gap_ns = float(np.median(gaps_ns))
    own_ns = MEDIAN_SD * float(np.median(second.sds_ns)) / np.sqrt(len(second))
    random_ns = float(np.hypot(np.median(sds_ns(learnt, second.times_ns)), own_ns))
    most_ns = allowed_ns(random_ns, Z95 * float(np.median(sds_ns(whole, second.times_ns))))
    says = (
        f"the first half predicts the second to {in_ms(gap_ns)}, {abs(gap_ns) / random_ns:.1f} of its standard "
        f"deviations; up to {in_ms(most_ns)} is explained"
    )
    return judged("halves", clocks, e.method, gap_ns, most_ns, says=says, cure=CURE)


def _longest_stretch(e: Evidence, whole: TimeMap) -> NDArray[np.intp]:
    """The moments in that stretch of the map without a jump which holds most of them."""
    cuts = [
        after.device.start_ns
        for before, after in pairwise(whole.pieces)
        if after.reference.start_ns - before.reference.stop_ns > LEAST_JUMP_NS
        or after.device.start_ns - before.device.stop_ns > LEAST_JUMP_NS
    ]
    return max(np.split(np.arange(len(e)), np.searchsorted(e.times_ns, cuts)), key=len)


def _part(e: Evidence, which: NDArray[np.intp]) -> Evidence:
    """Some moments of the evidence, none of which lie beyond a break."""
    details = {key: value for key, value in e.details.items() if key != "breaks"}
    return replace(
        e, times_ns=e.times_ns[which], offsets_ns=e.offsets_ns[which], sds_ns=e.sds_ns[which], details=details
    )
