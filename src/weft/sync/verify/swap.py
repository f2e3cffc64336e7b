"""Swapped order: a clock measured against another, and the other against it, must give inverse answers."""

from __future__ import annotations

import numpy as np

from weft.core import Evidence, Recording
from weft.core.time_map import Z95
from weft.sync.verify.asking import BY_WORD, Tell, ask, map_from, moments_of, pair_of, sds_ns
from weft.sync.verify.trial import Outcome, Trial, allowed_ns, in_ms, judged, skipped

CURE = (
    "the match depends on which side is searched: check what the two share, and declare the relation or mark it by hand"
)


def check_swap(recording: Recording, e: Evidence, tell: Tell) -> Trial:
    """Ask again with reference and device swapped; there and back again must end where it began."""
    clocks = (e.clock, e.reference)
    if e.method in BY_WORD:
        return skipped("swap", clocks, e.method, "somebody's word cannot be measured again")
    pair = pair_of(recording, clocks, [e])
    back = ask(pair, e.clock, [e.method], tell)
    if back is None:
        says = f"with {e.clock!r} as the reference nothing was found that the other order found"
        return Trial("swap", clocks, e.method, Outcome.FAILED, says, CURE)
    there, home = map_from(pair, e, e.reference), map_from(pair, back, e.clock)
    t_ns = moments_of(e, e.clock)
    far_ns = there.apply(t_ns, extrapolate=True)
    gap_ns = float(np.median(home.apply(far_ns, extrapolate=True) - t_ns))
    sure = map_from(pair, e, e.reference, shared=False), map_from(pair, back, e.clock, shared=False)
    random_ns = float(np.median(np.hypot(sds_ns(sure[0], t_ns), sds_ns(sure[1], far_ns))))
    most_ns = allowed_ns(random_ns, Z95 * float(np.median(sds_ns(there, t_ns))))
    says = f"there and back again ends {in_ms(gap_ns)} from where it began; up to {in_ms(most_ns)} is explained"
    return judged("swap", clocks, e.method, gap_ns, most_ns, says=says, cure=CURE)
