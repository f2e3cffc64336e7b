"""What became of each piece of evidence: used, left out as outliers, or only compared; and how loops close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from weft.core import NS_PER_MS, Alignment, Evidence, Residual
from weft.dsp.robust_line import fit_robust_line

MOST_LOOPS = 20


@dataclass(frozen=True)
class EvidenceRow:
    """One piece of evidence as a reader of the report meets it.

    ``state`` is ``"used"`` (it shaped the map), ``"left out"`` (every moment was taken for an outlier) or
    ``"compared"`` (with the map only).
    """

    clock: str
    reference: str
    method: str
    moments: int
    sd_ms: float
    shared_sd_ms: float
    state: str
    assumptions: tuple[str, ...] = ()

    @property
    def total_sd_ms(self) -> float:
        """Of one moment, with what all share."""
        return float(np.hypot(self.sd_ms, self.shared_sd_ms))


@dataclass(frozen=True)
class Loop:
    """Three clocks measured in a circle, and by how much the way round misses its beginning."""

    clocks: tuple[str, str, str]
    gap_ms: float
    sd_ms: float


def evidence_rows(alignment: Alignment) -> list[EvidenceRow]:
    """Every piece of evidence with what became of it, in its own order."""
    return [
        EvidenceRow(
            clock=e.clock,
            reference=e.reference,
            method=e.method,
            moments=len(e),
            sd_ms=float(np.median(e.sds_ns)) / NS_PER_MS,
            shared_sd_ms=e.systematic_sd_ns / NS_PER_MS,
            state=_state(e, alignment),
            assumptions=tuple(one.says for one in e.assumptions),
        )
        for e in alignment.evidence
        if len(e)
    ]


def _state(e: Evidence, alignment: Alignment) -> str:
    """What the solver did with it, read from the residuals that it left."""
    for one in (e, e.reversed()):
        left = [r for r in _residuals(alignment, one.clock) if r.method == one.method]
        moments = set(one.times_ns.tolist())
        shared = [r for r in left if r.t_device_ns in moments]
        if shared:
            return "used" if any(r.used for r in shared) else "left out"
    return "compared"


def _residuals(alignment: Alignment, clock: str) -> tuple[Residual, ...]:
    """A clock's residuals; none where the alignment does not hold it."""
    return next((entry.residuals for entry in alignment.clocks if entry.clock.name == clock), ())


def loops_of(evidence: Sequence[Evidence]) -> list[Loop]:
    """Every circle of three clocks whose sides all were measured, at the middle of what they share.

    Notes
    -----
    Each side is a robust line through its surest evidence; its jumps are not followed, so that a loop over
    a device that lost pieces may seem open. ``weft verify`` closes loops with jumps.
    """
    sides: dict[frozenset[str], Evidence] = {}
    for e in sorted((e for e in evidence if len(e)), key=_sd_ns, reverse=True):
        sides[frozenset((e.clock, e.reference))] = e
    names = sorted({name for pair in sides for name in pair})
    found = []
    for a, b, c in combinations(names, 3):
        pairs = [frozenset(pair) for pair in ((a, b), (b, c), (a, c))]
        if all(pair in sides for pair in pairs):
            found.append(_loop((a, b, c), [sides[pair] for pair in pairs]))
    return found[:MOST_LOOPS]


def _loop(clocks: tuple[str, str, str], sides: Sequence[Evidence]) -> Loop:
    """There, on, and back."""
    a, b, c = clocks
    t_a_ns = int(np.median(_towards(sides[0], a, b).times_ns))
    t_b_ns = t_a_ns + _offset_ns(_towards(sides[0], a, b), t_a_ns)
    t_c_ns = t_b_ns + _offset_ns(_towards(sides[1], b, c), t_b_ns)
    direct_ns = t_a_ns + _offset_ns(_towards(sides[2], a, c), t_a_ns)
    sd_ns = float(np.sqrt(sum(_sd_ns(e) ** 2 for e in sides)))
    return Loop(clocks, (t_c_ns - direct_ns) / NS_PER_MS, sd_ns / NS_PER_MS)


def _towards(e: Evidence, start: str, end: str) -> Evidence:
    """The evidence read from one clock to the other."""
    return e if (e.clock, e.reference) == (start, end) else e.reversed()


def _offset_ns(e: Evidence, t_ns: int) -> int:
    """What the evidence says at one moment."""
    base_ns = int(np.median(e.offsets_ns))
    origin_ns = int(e.times_ns[0])
    line = fit_robust_line(e.times_ns - origin_ns, e.offsets_ns - base_ns, e.sds_ns)
    return base_ns + round(float(line.at(float(t_ns - origin_ns))))


def _sd_ns(e: Evidence) -> float:
    """How unsure one moment is."""
    return float(np.hypot(np.median(e.sds_ns), e.systematic_sd_ns))
