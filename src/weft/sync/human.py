"""What a person marked goes before what was measured: evidence that contradicts it is left out and named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weft.core import NS_PER_MS, Evidence, Finding, Severity
from weft.dsp.robust_line import fit_robust_line

METHOD = "human"

CONTRADICTS_SDS = 4.0
"""Standard deviations of both together; what lies within them is joined, so that a mark costs no precision."""


def heed_people(evidence: Sequence[Evidence]) -> tuple[list[Evidence], list[Finding]]:
    """The evidence without what contradicts a person about the same two clocks, and a finding for each left out.

    Evidence that agrees stays and is solved together with the marks.
    """
    marked = {frozenset((e.clock, e.reference)): e for e in evidence if e.method == METHOD and len(e)}
    kept, findings = [], []
    for e in evidence:
        said = marked.get(frozenset((e.clock, e.reference)))
        gap = _gap(said, e) if said is not None and e.method != METHOD and len(e) else (0.0, 1.0)
        if abs(gap[0]) <= CONTRADICTS_SDS * gap[1]:
            kept.append(e)
        else:
            findings.append(_left_out(e, gap[0]))
    return kept, findings


def _gap(said: Evidence, e: Evidence) -> tuple[float, float]:
    """How far evidence lies from what a person said, at the person's moments, and its standard deviation, ns."""
    ours = e if e.clock == said.clock else e.reversed()
    base_ns, origin_ns = int(np.median(ours.offsets_ns)), int(ours.times_ns[0])
    line = fit_robust_line(ours.times_ns - origin_ns, ours.offsets_ns - base_ns, ours.sds_ns)
    gaps_ns = line.at(said.times_ns - origin_ns) - (said.offsets_ns - base_ns)
    own_ns = float(np.median(said.sds_ns)) / np.sqrt(len(said))
    shared_ns = float(np.hypot(e.systematic_sd_ns, e.unreported_sd_ns))
    sd_ns = float(np.sqrt(own_ns**2 + shared_ns**2 + float(np.median(e.sds_ns)) ** 2))
    return float(np.median(gaps_ns)), sd_ns


def _left_out(e: Evidence, gap_ns: float) -> Finding:
    """The remark on evidence that a person overruled."""
    return Finding(
        "contradictory_evidence",
        Severity.WARNING,
        e.clock,
        f"{e.method} puts {e.clock!r} {abs(gap_ns) / NS_PER_MS:.1f} ms from where a person marked it against "
        f"{e.reference!r}; the person was believed and it was left out",
        "if the marks are wrong, take them back with `weft correct`",
        {"gap_ms": gap_ns / NS_PER_MS},
    )
