"""Evidence from creation times that containers carry."""

from __future__ import annotations

from datetime import datetime
from itertools import combinations

from weft.core import NS_PER_S, Epoch, Evidence, Recording
from weft.sync.spans import clock_span
from weft.sync.stamps.single_moment import single_moment

CONTAINER_START_SD_NS = 2.0 * NS_PER_S
"""Creation times have whole seconds and are written when recording was asked for, or when it ended."""

_EARLIEST_YEAR = 1990


def container_start_evidence(recording: Recording) -> list[Evidence]:
    """From creation times in containers, where they put two files at the same time."""
    starts = {clock.name: _creation_ns(recording, clock.name) for clock in recording.clocks}
    known = [(name, start_ns) for name, start_ns in starts.items() if start_ns is not None]
    found = []
    for (reference, first_ns), (clock, second_ns) in combinations(known, 2):
        ours, theirs = clock_span(recording, clock), clock_span(recording, reference)
        offset_ns = second_ns - first_ns
        if ours is None or theirs is None or not ours.shifted(offset_ns).overlaps(theirs):
            continue
        found.append(
            single_moment(clock, reference, ours.start_ns, offset_ns, "container_start", CONTAINER_START_SD_NS)
        )
    return found


def _creation_ns(recording: Recording, clock: str) -> int | None:
    """Unix time at which a clock that starts with its file read 0, by its container."""
    if recording.clock(clock).epoch is Epoch.UNIX:
        return 0
    if recording.clock(clock).epoch is not Epoch.START:
        return None
    for stream in recording.streams_of(clock):
        text = str(stream.details.get("creation_time", ""))
        if "T" not in text and " " not in text:
            continue
        try:
            made = datetime.fromisoformat(text)
        except ValueError:
            continue
        if made.tzinfo is not None and made.year >= _EARLIEST_YEAR:
            return round(made.timestamp()) * NS_PER_S
    return None
