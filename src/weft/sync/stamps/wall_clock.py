"""Evidence from clocks that both count Unix time."""

from __future__ import annotations

from itertools import combinations

from weft.core import NS_PER_S, Epoch, Evidence, Recording
from weft.sync.spans import clock_span
from weft.sync.stamps.single_moment import single_moment

WALL_CLOCK_SD_NS = 0.5 * NS_PER_S
"""Phones and watches that set themselves by a network agree to some tenths of a second."""


def wall_clock_evidence(recording: Recording) -> list[Evidence]:
    """Offset 0 between clocks that read Unix time and ran at the same time."""
    spans = {clock.name: span for clock in recording.clocks if (span := clock_span(recording, clock.name)) is not None}
    wall = [clock.name for clock in recording.clocks if clock.epoch is Epoch.UNIX and clock.name in spans]
    found = []
    for reference, clock in combinations(wall, 2):
        slack_ns = round(4 * WALL_CLOCK_SD_NS)
        shared = spans[clock].overlap(spans[reference].grown(slack_ns, slack_ns))
        if shared is not None:
            found.append(
                single_moment(
                    clock, reference, (shared.start_ns + shared.stop_ns) // 2, 0, "wall_clock", WALL_CLOCK_SD_NS
                )
            )
    return found
