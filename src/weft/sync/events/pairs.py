"""Which events to compare with which: those of clocks that nothing better ties together, the cheapest first."""

from __future__ import annotations

from itertools import combinations

from weft.core import Evidence, MissingExtraError, Modality, Recording, Stream
from weft.sync.events.blinks import blink_lists, face_blinks
from weft.sync.events.claps import clap_lists
from weft.sync.events.compare import Compared, compare_events
from weft.sync.events.gaze_angles import compare_gaze, is_face_gaze, is_tracker
from weft.sync.events.lights import light_lists
from weft.sync.events.lists import BLINK, CLAP, EventList, may_share_cause
from weft.sync.events.markers import marker_lists
from weft.sync.events.pulses import pulse_lists
from weft.sync.relations import Question, Relations
from weft.sync.solver.ranking import GUESSES, Groups, is_sufficient, tier_of
from weft.sync.sound.pairs import longest_sounds

_MOST_LISTS = 12
"""Lists of one clock that are compared; more would only find chance."""


def relate_by_events(question: Question) -> Relations:
    """Events and eye turns of every two clocks that no better evidence ties together.

    Event tables, markers, pulses and blinks are read first. A sound is searched for claps, a
    video for lights and a face for blinks only where some clock apart from it has events to
    compare them with, and not for clocks that stamps of messages relate (a bag with six cameras would be
    decoded for nothing). All relations that suffice are kept, and weak ones as far as they connect clocks.
    """
    recording, tell = question.recording, question.tell
    names = [clock.name for clock in recording.clocks]
    tied, near = Groups(names), Groups(names)
    for e in question.known:
        if tier_of(e) == 0:
            tied.join(e.clock, e.reference)
        if tier_of(e) < GUESSES:
            near.join(e.clock, e.reference)
    apart = [(a, b) for a, b in combinations(names, 2) if not tied.together(a, b)]
    if not apart:
        return Relations()
    reasons: dict[str, str] = {}
    tell("reading events", 0.0)
    events = _Events(recording, apart, reasons, dear=[pair for pair in apart if not near.together(*pair)])
    compared: list[Compared] = []
    for index, (one, other) in enumerate(apart):
        tell(f"comparing the events of {one} and {other}", 0.3 + 0.7 * index / len(apart))
        found = [*_by_gaze(recording, one, other), *_by_lists(recording, events.of(one), events.of(other))]
        compared += [c for c in found if c.evidence is not None]
        if not any(c.evidence is not None and is_sufficient(c.evidence) for c in found):
            told = next((c.reason for c in found if c.reason), "")
            if told:
                reasons.setdefault(other, f"compared with {one!r}: {told}")
                reasons.setdefault(one, f"compared with {other!r}: {told}")
    return Relations(evidence=_connecting(compared, tied), reasons=reasons)


class _Events:
    """Every clock's event lists; sound and pictures are searched when somebody can use what they show."""

    def __init__(
        self,
        recording: Recording,
        apart: list[tuple[str, str]],
        reasons: dict[str, str],
        *,
        dear: list[tuple[str, str]],
    ) -> None:
        """``dear``: the pairs for which sound and pictures may be searched, which takes time."""
        clocks = sorted({name for pair in apart for name in pair})
        self._lists = {clock: _read_lists(recording, clock) for clock in clocks}
        self._add_pictures_and_sound(recording, dear)
        self._add_faces(recording, dear, reasons)

    def of(self, clock: str) -> list[EventList]:
        """The lists of one clock."""
        return self._lists[clock][:_MOST_LISTS]

    def _add_pictures_and_sound(self, recording: Recording, apart: list[tuple[str, str]]) -> None:
        """Claps of sounds and lights of videos that have a partner to be compared with."""
        sounds, videos = longest_sounds(recording), _videos(recording)
        read = {name: [x for x in lists if x.kind != BLINK] for name, lists in self._lists.items()}
        senses = {name: int(name in sounds) + 2 * int(name in videos) for name in self._lists}
        for clock in self._lists:
            partners = [b if a == clock else a for a, b in apart if clock in (a, b)]
            others = [name for name in partners if read[name]]
            if clock in sounds and (others or any(senses[name] & 2 and not senses[name] & 1 for name in partners)):
                self._lists[clock] += clap_lists(sounds[clock])
            if clock in videos and (others or any(senses[name] for name in partners)):
                self._lists[clock] += light_lists(videos[clock])

    def _add_faces(self, recording: Recording, apart: list[tuple[str, str]], reasons: dict[str, str]) -> None:
        """Blinks of faces in videos without a table of them, where a tracker apart from them saw blinks."""
        blinking = {name for name, lists in self._lists.items() if any(x.kind == BLINK for x in lists)}
        trackers = {name for name in blinking if any(is_tracker(s) for s in recording.streams_of(name))}
        for clock, video in _videos(recording).items():
            partners = {b if a == clock else a for a, b in apart if clock in (a, b)}
            if clock in blinking or not partners & trackers:
                continue
            try:
                blinks = face_blinks(video)
            except MissingExtraError as error:
                reasons[clock] = str(error)
                continue
            self._lists[clock] += [blinks] if blinks is not None else []


def _read_lists(recording: Recording, clock: str) -> list[EventList]:
    """What a clock's tables and annotations say of events."""
    pulses = [made for stream in recording.streams_of(clock) for made in pulse_lists(stream)]
    return [*pulses, *blink_lists(recording, clock), *marker_lists(recording, clock)]


def _videos(recording: Recording) -> dict[str, Stream]:
    """For every clock with moving pictures, the longest."""
    best: dict[str, Stream] = {}
    for stream in recording.streams:
        if stream.modality is Modality.VIDEO and len(stream) > len(best.get(stream.clock, ())):
            best[stream.clock] = stream
    return best


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


def _connecting(compared: list[Compared], tied: Groups) -> list[Evidence]:
    """All that suffices, loops included, and of the rest as much as connects clocks."""
    kept: list[Evidence] = []
    for one in sorted(compared, key=lambda c: c.rank):
        e = one.evidence
        if e is not None and (is_sufficient(e) or not tied.together(e.clock, e.reference)):
            kept.append(e)
            tied.join(e.clock, e.reference)
    return kept
