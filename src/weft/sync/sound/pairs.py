"""Which recordings' sound to compare: every clock with the reference, and what fails with the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

from weft.core import Modality, Recording, Stream
from weft.sync.assumptions import allowing_for_codecs, allowing_for_paths
from weft.sync.relations import Question, Relations
from weft.sync.solver.ranking import reached
from weft.sync.sound.compare import SoundMatch, compare_sound
from weft.sync.sound.grid import SoundGrid

LEAST_SOUND_S = 0.5


def relate_by_sound(question: Question) -> Relations:
    """Sound against sound for as many pairs as it takes to reach every clock that has sound.

    First each clock against the reference (or, where the reference has no sound, against the
    longest sound); then clocks that failed against those that did not. Each recording is
    decoded once.
    """
    recording, reference, tell = question.recording, question.reference, question.tell
    streams = longest_sounds(recording)
    relations = Relations()
    if len(streams) < 2:
        return relations
    hub = reference if reference in streams else max(streams, key=lambda name: streams[name].interval.duration_ns)
    grids: dict[str, SoundGrid] = {}
    pairs = [(hub, name) for name in streams if name != hub]
    pairs += [(a, b) for a, b in combinations([name for name in streams if name != hub], 2)]
    try:
        for index, (one, two) in enumerate(pairs):
            if hub != one and two in (there := _surely_reached(hub, streams, relations)) and one in there:
                continue
            tell(f"comparing the sound of {one} and {two}", index / len(pairs))
            for name in (one, two):
                if name not in grids:
                    grids[name] = SoundGrid(streams[name])
            match = compare_sound(grids[one], grids[two])
            if match.evidence is not None:
                evidence = allowing_for_codecs(recording, match.evidence, streams)
                match = replace(match, evidence=allowing_for_paths(recording, evidence))
            _record(relations, one, two, match)
    finally:
        for grid in grids.values():
            grid.close()
    for name in _surely_reached(hub, streams, relations):
        relations.reasons.pop(name, None)
    return relations


def _surely_reached(hub: str, names: Iterable[str], relations: Relations) -> set[str]:
    """The clocks that evidence with one reading connects to the hub."""
    return reached(hub, names, [e for e in relations.evidence if not e.alternatives])


def _record(relations: Relations, one: str, two: str, match: SoundMatch) -> None:
    """Keep what one comparison said."""
    if match.evidence is not None:
        relations.evidence.append(match.evidence)
        if match.evidence.alternatives:
            relations.reasons.setdefault(two, f"compared with {one!r}: {match.reason}")
        return
    relations.reasons.setdefault(two, f"compared with {one!r}: {match.reason}")
    relations.strangers.add(frozenset((one, two)))


def longest_sounds(recording: Recording) -> dict[str, Stream]:
    """For every clock with sound, its longest audio stream."""
    best: dict[str, Stream] = {}
    for stream in recording.streams:
        if stream.modality is not Modality.AUDIO or len(stream) < 2 or stream.interval.duration_s < LEAST_SOUND_S:
            continue
        now = best.get(stream.clock)
        if now is None or stream.interval.duration_ns > now.interval.duration_ns:
            best[stream.clock] = stream
    return best
