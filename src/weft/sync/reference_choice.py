"""Which clock the others are led to, when nobody says."""

from __future__ import annotations

from weft.core import Modality, Recording, UsageError
from weft.sync.spans import clock_span


def choose_reference(recording: Recording, asked: str = "") -> str:
    """The reference clock's name.

    Order: what was asked for; what the recording names; a clock that files relate others to
    (a bag's log clock, an XDF's recorder) when there is no sound, else the clock with the longest
    sound; the clock with most evidence; the longest.

    Raises
    ------
    UsageError
        If the recording has no such clock, or none at all.
    """
    for name in (asked, recording.reference):
        if name:
            return recording.clock(name).name
    if not recording.clocks:
        raise UsageError(f"recording {recording.name!r} has no clock: nothing in it can be aligned")
    spans = {clock.name: clock_span(recording, clock.name) for clock in recording.clocks}
    lengths = {name: span.duration_ns if span else 0 for name, span in spans.items()}
    sound: dict[str, int] = {}
    for stream in recording.streams:
        if stream.modality is Modality.AUDIO:
            sound[stream.clock] = max(sound.get(stream.clock, 0), stream.interval.duration_ns)
    related = {clock.name: 0 for clock in recording.clocks}
    for e in recording.evidence:
        if e.reference in related and e.method != "declared":
            related[e.reference] += 1
    for stream in recording.streams:
        for name in stream.stamps:
            if name in related and name != stream.clock:
                related[name] += 1
    if sound:
        return max(sound, key=lambda name: (sound[name], related.get(name, 0)))
    return max(related, key=lambda name: (related[name], lengths[name]))
