"""Which events to compare with which: those of clocks that nothing better ties together, the cheapest first."""

from __future__ import annotations

from itertools import combinations

from weft.core import Evidence, Recording
from weft.sync.events.compare import Compared, compare_events
from weft.sync.events.gathering import ClockEvents, Pairs
from weft.sync.events.gaze_angles import compare_gaze, is_face_gaze, is_tracker
from weft.sync.events.lists import CLAP, EventList, may_share_cause
from weft.sync.relations import Question, Relations, Tell
from weft.sync.solver.ranking import GUESSES, Groups, is_sufficient, tier_of
from weft.sync.sound.pairs import longest_sounds


def relate_by_events(question: Question) -> Relations:
    """Events and eye turns of every two clocks that no better evidence ties together.

    Event tables, markers, pulses and blinks are read first. A sound is searched for claps and a
    video for lights only where some clock apart from it has events to compare them with, and not
    for clocks that stamps of messages relate (a bag with six cameras would be decoded for
    nothing); a face is searched for blinks last, for trackers that nothing else tied. All relations
    that suffice are kept, and weak ones as far as they connect clocks.
    """
    recording = question.recording
    tied, near = _groups(question, 1), _groups(question, GUESSES)
    names = [clock.name for clock in recording.clocks]
    apart = [(a, b) for a, b in combinations(names, 2) if not tied.together(a, b)]
    if not apart:
        return Relations()
    question.tell("reading events", 0.0)
    events = ClockEvents(recording, sorted({name for pair in apart for name in pair}))
    events.search_sound_and_pictures([pair for pair in apart if not near.together(*pair)])
    relations = Relations()
    compared = _compare_all(recording, events, apart, relations, question.tell)
    for one in compared:
        if one.evidence is not None and is_sufficient(one.evidence):
            near.join(one.evidence.clock, one.evidence.reference)
    left = [pair for pair in apart if not near.together(*pair)]
    seen, unable = events.search_faces(left)
    relations.reasons |= unable
    again = [pair for pair in left if seen & set(pair)]
    compared += _compare_all(recording, events, again, relations, question.tell)
    relations.evidence += _connecting(compared, tied)
    return relations


def _groups(question: Question, tiers: int) -> Groups[str]:
    """Clocks that known evidence of the tiers below a limit connects."""
    groups = Groups(clock.name for clock in question.recording.clocks)
    for e in question.known:
        if tier_of(e) < tiers:
            groups.join(e.clock, e.reference)
    return groups


def _compare_all(
    recording: Recording, events: ClockEvents, pairs: Pairs, relations: Relations, tell: Tell
) -> list[Compared]:
    """The comparisons of all pairs that gave evidence; of the others the reasons are written down.

    What was said of a clock's sound says more than its events.
    """
    compared: list[Compared] = []
    heard = longest_sounds(recording)
    for index, (one, other) in enumerate(pairs):
        tell(f"comparing the events of {one} and {other}", 0.3 + 0.7 * index / len(pairs))
        found = [*_by_gaze(recording, one, other), *_by_lists(recording, events.of(one), events.of(other))]
        compared += [c for c in found if c.evidence is not None]
        told = next((c.reason for c in found if c.reason), "")
        if told and not any(c.evidence is not None and is_sufficient(c.evidence) for c in found):
            for ours, theirs in ((one, other), (other, one)):
                if ours not in heard:
                    relations.reasons.setdefault(ours, f"compared with {theirs!r}: {told}")
    return compared


def _by_gaze(recording: Recording, one: str, other: str) -> list[Compared]:
    """The eye's turns, where one clock has a tracker and the other a table of the face."""
    found = []
    for first, second in ((one, other), (other, one)):
        trackers = [s for s in recording.streams_of(first) if is_tracker(s)]
        tables = [s for s in recording.streams_of(second) if is_face_gaze(s)]
        if trackers and tables:
            found.append(Compared(*compare_gaze(recording, trackers[0], tables[0])))
    return found


def _by_lists(recording: Recording, ours: list[EventList], theirs: list[EventList]) -> list[Compared]:
    """The best comparison of two clocks' lists."""
    pairs = [(a, b) for a in ours for b in theirs if may_share_cause(a, b) and not _same_sense(a, b)]
    compared = [compare_events(recording, a, b, lists_tried=len(pairs)) for a, b in pairs]
    return sorted(compared, key=lambda one: one.rank)[:1]


def _same_sense(one: EventList, other: EventList) -> bool:
    """Two sounds' claps: sound against sound has compared more than those."""
    return one.kind == other.kind == CLAP


def _connecting(compared: list[Compared], tied: Groups[str]) -> list[Evidence]:
    """All that suffices, loops included, and of the rest as much as connects clocks."""
    kept: list[Evidence] = []
    for one in sorted(compared, key=lambda c: c.rank):
        e = one.evidence
        if e is not None and (is_sufficient(e) or not tied.together(e.clock, e.reference)):
            kept.append(e)
            tied.join(e.clock, e.reference)
    return kept
