"""One answer from two methods that looked at the same lips and heard the same sound.

What blurs the one blurs the other, so two answers are not twice the evidence: one is chosen, and
the other is a check that is named beside it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from weft.core import NS_PER_MS, Evidence
from weft.sync.solver.ranking import is_sufficient

SAME_NS = 80 * NS_PER_MS
"""Two sure answers farther apart than this, half a syllable, cannot both be right."""


def choose_one(learned: list[Evidence], hand_made: list[Evidence]) -> list[Evidence]:
    """The better of two answers for one pair of streams, at most one piece of evidence.

    A sure answer comes before a weak one and the learned before the hand-made, which it contains. Two
    sure answers that contradict each other leave a weak one that says so.
    """
    if not learned or not hand_made:
        return learned or hand_made
    best, other = learned[0], hand_made[0]
    if is_sufficient(other) and not is_sufficient(best):
        best, other = other, best
    apart_ns = float(np.mean(other.offsets_ns) - np.mean(best.offsets_ns))
    beside = {
        "method": other.method,
        "verdict": other.details["verdict"],
        "score": round(other.score, 2),
        "apart_ms": round(apart_ns / NS_PER_MS, 1),
    }
    chosen = replace(best, details={**best.details, "other": beside})
    if is_sufficient(best) and is_sufficient(other) and abs(apart_ns) > SAME_NS:
        return [_contradicted(chosen, other, apart_ns)]
    return [chosen]


def _contradicted(best: Evidence, other: Evidence, apart_ns: float) -> Evidence:
    """The evidence as a weak one, as uncertain as the two are apart."""
    reason = f"{best.method} and {other.method} are both sure and {abs(apart_ns) / NS_PER_MS:.0f} ms apart"
    details = {**best.details, "verdict": "weak", "reasons": [*best.details["reasons"], reason]}
    return replace(best, details=details, systematic_sd_ns=float(np.hypot(best.systematic_sd_ns, apart_ns)))
