"""Samples that a regularly sampled stream should have and has not."""

from __future__ import annotations

import numpy as np

from weft.core import NS_PER_S, Finding, Reset, Severity
from weft.core.times import Int64Array

_SIDE = 20
"""How many samples on either side must agree that the stamps moved for good."""

_MOST_LISTED = 1000

_MOST_JUDGED = 20_000
"""Long steps that are looked at, the longest first; a stream with more arrives in bursts."""


def find_lost_samples(
    stamps_ns: Int64Array, subject: str, *, resets: tuple[Reset, ...] = ()
) -> tuple[list[list[int]], Finding | None]:
    """The gaps of a regular stream as ``[last stamp before, first after]``, and a finding about them.

    A step counts as a gap when it is longer than one and a half usual steps and the stamps
    behind it stay late by at least three quarters of one: a late chunk catches up, lost
    samples do not. ``stamps_ns`` is int64 (n), increasing. Steps across a reset of the
    clock are not judged. At most a thousand gaps are listed; all are counted.

    When it fails: a stream whose device stamps samples by arrival, in chunks longer than
    twenty samples, can show gaps that are only late chunks.
    """
    if stamps_ns.size < 3:
        return [], None
    steps = np.diff(stamps_ns)
    usual_ns = float(np.median(steps))
    suspects = np.flatnonzero(steps > 1.5 * usual_ns) if usual_ns > 0 else np.zeros(0, dtype=np.int64)
    judged = suspects
    if suspects.size > _MOST_JUDGED:
        judged = np.sort(suspects[np.argsort(steps[suspects], kind="stable")[-_MOST_JUDGED:]])
    across = {int(np.searchsorted(stamps_ns, reset.at_ns)) - 1 for reset in resets}
    losses = {int(i): _lost_at(stamps_ns, int(i), usual_ns) for i in judged if int(i) not in across}
    gaps = {i: lost for i, lost in losses.items() if lost > 0}
    if not gaps:
        return [], None
    longest_s = max(int(steps[i]) for i in gaps) / NS_PER_S
    lost = sum(gaps.values())
    listed = [[int(stamps_ns[i]), int(stamps_ns[i + 1])] for i in list(gaps)[:_MOST_LISTED]]
    return listed, Finding(
        "lost_samples",
        Severity.WARNING if lost > stamps_ns.size / 1000 else Severity.INFO,
        subject,
        f"{len(gaps)} gaps, about {lost} samples lost beside {stamps_ns.size} kept, the longest {longest_s:.3f} s",
        "nothing is invented there; look at the sender's buffer and the network",
        {"gaps": len(gaps), "lost": lost, "longest_s": longest_s},
        coverage=judged.size / suspects.size,
    )


def _lost_at(stamps_ns: Int64Array, i: int, usual_ns: float) -> int:
    """How many samples are missing behind sample ``i``; 0 where the stamps catch up again."""
    first, stop = max(0, i + 1 - _SIDE), min(stamps_ns.size, i + 1 + _SIDE)
    lateness = (stamps_ns[first:stop] - stamps_ns[i]) / usual_ns - (np.arange(first, stop) - i)
    shift = float(np.median(lateness[i + 1 - first :]) - np.median(lateness[: i + 1 - first]))
    most = round((stamps_ns[i + 1] - stamps_ns[i]) / usual_ns) - 1
    return min(max(1, most), round(shift)) if shift >= 0.75 else 0
