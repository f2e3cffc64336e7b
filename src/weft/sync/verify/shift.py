"""A known shift and drift put into a clock and asked back: what was put in must come out."""

from __future__ import annotations

import numpy as np

from weft.core import NS_PER_MS, Evidence, Recording
from weft.core.time_map import Z95
from weft.sync.verify.asking import BY_WORD, Tell, ask, map_from, moments_of, pair_of, sds_ns
from weft.sync.verify.late_start import starting_later
from weft.sync.verify.skew import Skew, skewed
from weft.sync.verify.trial import Outcome, Trial, allowed_ns, in_ms, judged, skipped

SHIFT_NS = 37 * NS_PER_MS
"""About one picture of a film, and no multiple of any usual grid (10, 16, 23.2, 33.3, 40 ms)."""

DRIFT = 25e-6
"""A usual oscillator's."""

CURE = "what relates these clocks does not follow their stamps: report this with the recording's `weft inspect --json`"


def check_shift(recording: Recording, e: Evidence, tell: Tell) -> Trial:
    """Let the clock read 37 ms more and run 25 ppm fast, measure again, and take the difference of the answers."""
    clocks = (e.clock, e.reference)
    if e.method in BY_WORD:
        return skipped("shift", clocks, e.method, "somebody's word cannot be measured again")
    pair = pair_of(recording, clocks, [e])
    skew = Skew(SHIFT_NS, DRIFT, int(e.times_ns[0]))
    moved = skewed(starting_later(pair, e.clock), e.clock, skew)
    answer = ask(moved, e.reference, [e.method], tell)
    if answer is None:
        says = "after the shift nothing was found that was found before"
        return Trial("shift", clocks, e.method, Outcome.FAILED, says, CURE)
    before, after = map_from(pair, e, e.reference), map_from(moved, answer, e.reference)
    t_ns = moments_of(e, e.clock)
    moved_ns = skew.apply(t_ns)
    gaps_ns = after.apply(moved_ns, extrapolate=True) - before.apply(t_ns, extrapolate=True)
    gap_ns = float(np.median(gaps_ns))
    sure = map_from(pair, e, e.reference, shared=False), map_from(moved, answer, e.reference, shared=False)
    random_ns = float(np.median(np.hypot(sds_ns(sure[0], t_ns), sds_ns(sure[1], moved_ns))))
    most_ns = allowed_ns(random_ns, Z95 * float(np.median(sds_ns(before, t_ns))))
    says = (
        f"{in_ms(SHIFT_NS)} and {DRIFT * 1e6:g} ppm were put in; {(SHIFT_NS - gap_ns) / NS_PER_MS:.4g} ms"
        f"{_drift_words(t_ns, gaps_ns)} came back; up to {in_ms(most_ns)} of difference is explained"
    )
    return judged("shift", clocks, e.method, gap_ns, most_ns, says=says, cure=CURE)


def _drift_words(t_ns: np.ndarray, gaps_ns: np.ndarray) -> str:
    """The drift that came back, where the evidence has a length."""
    length_ns = float(t_ns[-1] - t_ns[0])
    if length_ns <= 0:
        return ""
    slope = float(gaps_ns[-1] - gaps_ns[0]) / length_ns
    return f" and {(DRIFT - slope) * 1e6:.3g} ppm"
