"""Samples that a regularly sampled stream should have and has not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from weft.core import NS_PER_S, Finding, Reset, Severity
from weft.core.runs import GAP_PERIODS
from weft.core.times import Int64Array
from weft.dsp.dejitter import dejitter
from weft.dsp.sample_counts import count_samples

_MOST_LISTED = 1000


def find_lost_samples(
    stamps_ns: Int64Array, subject: str, *, resets: tuple[Reset, ...] = (), nominal_rate_hz: float = 0.0
) -> tuple[list[list[int]], Finding | None]:
    """The gaps of a regular stream as ``[last stamp before, first after]``, and a finding about them.

    A loss is told by the stamps' lateness on both sides of it (``weft.dsp.sample_counts``): a late chunk catches
    up, lost samples do not. ``stamps_ns`` is int64 (n) in the order of the samples. Steps across a reset of
    the clock are not judged. At most a thousand gaps are listed; all are counted. Of a device that keeps no rhythm
    only gaps of three periods and more are told.

    When it fails: fewer than sixteen samples, or stamps without a rhythm, show no gap.
    """
    counts = count_samples(stamps_ns, nominal_period_ns=NS_PER_S / nominal_rate_hz if nominal_rate_hz > 0 else 0.0)
    if counts is None:
        return [], None
    across = {int(np.searchsorted(stamps_ns, reset.at_ns)) for reset in resets}
    firsts = np.array([i for i in counts.after_loss.tolist() if i not in across], dtype=np.int64)
    if firsts.size and not _keeps_rhythm(stamps_ns, resets, nominal_rate_hz):
        firsts = firsts[stamps_ns[firsts] - stamps_ns[firsts - 1] > GAP_PERIODS * counts.period_ns]
    if not firsts.size:
        return [], None
    steps_ns = stamps_ns[firsts] - stamps_ns[firsts - 1]
    lost = int((counts.index[firsts] - counts.index[firsts - 1] - 1).sum())
    longest_s = float(steps_ns.max()) / NS_PER_S
    listed = [[int(stamps_ns[i - 1]), int(stamps_ns[i])] for i in firsts[:_MOST_LISTED]]
    return listed, Finding(
        "lost_samples",
        Severity.WARNING if lost > stamps_ns.size / 1000 else Severity.INFO,
        subject,
        f"{firsts.size} gaps, about {lost} samples lost beside {stamps_ns.size} kept, the longest {longest_s:.3f} s",
        "nothing is invented there; look at the sender's buffer and the network",
        {"gaps": int(firsts.size), "lost": lost, "longest_s": longest_s},
    )


def _keeps_rhythm(stamps_ns: Int64Array, resets: tuple[Reset, ...], nominal_rate_hz: float) -> bool:
    """Whether the stamps jitter around an even course between resets, rather than wander."""
    edges = [0, *(int(np.searchsorted(stamps_ns, reset.at_ns)) for reset in resets), stamps_ns.size]
    longest = max(pairwise(edges), key=lambda part: part[1] - part[0])
    return dejitter(stamps_ns[longest[0] : longest[1]], nominal_rate_hz=nominal_rate_hz) is not None
