"""Two event lists of two clocks: the evidence that they are one series, or why they are not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from weft.core import NS_PER_S, Alternative, Evidence, Recording
from weft.dsp.event_match import EventMatch, match_events
from weft.sync.assumptions import assumed
from weft.sync.events.lists import BLINK, CLAP, LIGHT, MARKER, EventList

METHOD = "events"

LEAST_INFORMATION = 9.0
"""Chance reaches it in about one of 8,000 comparisons; several are made of one recording."""
LEAST_MARGIN = 6.0
LEAST_PAIRS = 5
"""Fewer may agree by a chance that no formula knows; they make weak evidence."""
_RHYTHM_PAIRS = 5
_RHYTHM_SHARE = 0.7
_TAKEN_FOR_GRANTED = {LIGHT: "frame_stamp", CLAP: "sound_travel", MARKER: "marker_latency", BLINK: "blink_middle"}
_MOST_DOUBT = 0.5
_LEAST_WEAK = 3.0
"""Below it even weak evidence would mostly be chance."""


@dataclass(frozen=True)
class Compared:
    """What one comparison said: evidence, or a reason; ``rank`` orders evidence, the best first."""

    evidence: Evidence | None
    reason: str = ""

    @property
    def rank(self) -> tuple[bool, float]:
        """Sufficient before weak, then by the least error of the middle."""
        if self.evidence is None:
            return True, float("inf")
        random_ns = float(np.median(self.evidence.sds_ns)) / float(np.sqrt(len(self.evidence)))
        doubted = not self.evidence.details["sufficient"]
        return doubted, float(np.hypot(random_ns, self.evidence.systematic_sd_ns)) - self.evidence.score * doubted


def compare_events(recording: Recording, first: EventList, second: EventList, *, lists_tried: int = 1) -> Compared:
    """How the clock of ``first`` relates to that of ``second``, if their events are the same.

    Parameters
    ----------
    recording
        Where a person may have said what to assume.
    first, second
        Event lists of two clocks; ``second``'s becomes the reference.
    lists_tried
        How many pairs of lists were tried for these clocks; more need a better match.

    Returns
    -------
    Compared
        Evidence of method ``"events"``, one moment for each pair. Its ``score`` is the match's
        information in nats. ``details["sufficient"]`` is false where events are too few, where the
        pattern is too common, or where it fits at several offsets; ``alternatives`` name those.

    Notes
    -----
    It fails where the two lists are of different causes with the same irregular rhythm, as of two
    screens that run one stimulus list at different times. Logs of one kind of file whose labels are
    alike are therefore never sufficient: two runs of one script look like that.
    """
    origins_ns = int(first.times_ns[0]), int(second.times_ns[0])
    sd_s = float(np.hypot(np.median(first.sds_ns), np.median(second.sds_ns))) / NS_PER_S
    match = match_events(first.seconds(origins_ns[0]), second.seconds(origins_ns[1]), sd_s=sd_s)
    if match is None:
        return Compared(None, "no two events can be paired")
    reasons = _doubts(match, lists_tried)
    if _may_be_one_script(recording, first, second):
        reasons.append("both are logs of one kind with the same labels: they may be two runs of one script")
    pairs, possible = match.best.first.size, min(len(first), len(second))
    is_rhythm = pairs >= _RHYTHM_PAIRS and pairs >= _RHYTHM_SHARE * possible and bool(match.alternatives)
    is_slate = len(first) == len(second) == 1 and {first.kind, second.kind} == {CLAP, LIGHT}
    if match.best.information < _LEAST_WEAK + np.log(lists_tried) and not (is_rhythm or is_slate):
        return Compared(None, f"{len(first)} {first.kind}s and {len(second)} {second.kind}s do not match")
    evidence = _evidence(first, second, match, reasons)
    return Compared(_assuming(recording, evidence, first, second))


def _doubts(match: EventMatch, lists_tried: int) -> list[str]:
    """Why the match may be wrong, a clause each; empty when it is sure."""
    doubts = []
    if match.best.first.size < LEAST_PAIRS:
        doubts.append(f"only {match.best.first.size} events agree")
    if match.best.information < LEAST_INFORMATION + np.log(lists_tried):
        doubts.append("the pattern of the events is too common to be sure")
    if match.margin < LEAST_MARGIN:
        doubts.append("the events also agree at other offsets")
    return doubts


def _may_be_one_script(recording: Recording, first: EventList, second: EventList) -> bool:
    """Whether two logs of one program match perhaps because it was run twice."""
    shared, all_labels = first.labels & second.labels, first.labels | second.labels
    if first.kind != MARKER or second.kind != MARKER or 2 * len(shared) <= len(all_labels):
        return False
    readers = {source.path: source.reader for source in recording.sources}
    ours, theirs = (
        {readers.get(stream.source, "") for stream in recording.streams_of(events.clock)} for events in (first, second)
    )
    return ours == theirs


def _evidence(first: EventList, second: EventList, match: EventMatch, reasons: list[str]) -> Evidence:
    """The pairs of a match as evidence; what may be wrong altogether widens the systematic error."""
    best = match.best
    times_ns = first.times_ns[best.first]
    told = tuple(Alternative(round(shift_s * NS_PER_S), weight) for shift_s, weight in match.alternatives)
    return Evidence(
        clock=first.clock,
        reference=second.clock,
        times_ns=times_ns,
        offsets_ns=second.times_ns[best.second] - times_ns,
        sds_ns=np.hypot(first.sds_ns[best.first], second.sds_ns[best.second]),
        method=METHOD,
        systematic_sd_ns=_doubt_ns(first, second, match) if reasons else 0.0,
        score=best.information,
        sources=(first.source, second.source),
        details={
            "sufficient": not reasons,
            "reasons": reasons,
            "kinds": [first.kind, second.kind],
            "pairs": int(best.first.size),
            "events": [len(first), len(second)],
            "margin": float(min(match.margin, 1e6)),
        },
        alternatives=told if match.margin < LEAST_MARGIN else (),
    )


def _doubt_ns(first: EventList, second: EventList, match: EventMatch) -> float:
    """The spread of where the truth may lie if the match is wrong, by the probability that it is."""
    wrong = float(np.clip(np.exp(-match.best.information), 0.01, _MOST_DOUBT))
    if match.margin < LEAST_MARGIN:
        wrong = _MOST_DOUBT
    reach_ns = float(np.ptp(first.times_ns) + np.ptp(second.times_ns)) + NS_PER_S
    return reach_ns / float(np.sqrt(12.0)) * float(np.sqrt(wrong))


def _assuming(recording: Recording, evidence: Evidence, first: EventList, second: EventList) -> Evidence:
    """What each kind of event takes for granted; a late event of the second clock makes the offset too large."""
    for events, sign in ((first, -1.0), (second, 1.0)):
        names = [_TAKEN_FOR_GRANTED.get(events.kind), "frame_middle" if events.in_frames else None]
        for name in filter(None, names):
            taken = assumed(recording, name, clock=events.clock)
            evidence = evidence.assuming(replace(taken, value_ns=sign * taken.value_ns))
    return evidence
