"""What is known about a recording, on the reference clock, before it is cut into capsules.

annotations ──on_reference──▶ placed ─┐
sound ──measure_sound──▶ frames ──────┼─▶ utterances ─▶ prosody
marker streams ──events_of────────────┘
face tables, video ──▶ action units of each utterance and anchor
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from weft.context.action_units import action_units_of, unit_sources
from weft.context.anchors import events_of
from weft.context.estimated_units import estimate_units, estimated_units_of, faces_missing
from weft.context.mapping import LeftOut, on_reference, order
from weft.context.microphones import chosen_microphones
from weft.context.options import ContextOptions, can_estimate_faces
from weft.context.presence import Presence, presences
from weft.context.prosody import prosody_of
from weft.context.sound import SoundFrames, measure_sound
from weft.context.utterances import heard, is_silence, transcribed
from weft.core import Alignment, Annotation, Finding, Modality, Recording, Severity, Status
from weft.core.times import Int64Array

Progress = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Known:
    """What is known about a recording before it is cut into capsules."""

    said: tuple[Annotation, ...]
    utterances: tuple[Annotation, ...]
    presences: tuple[Presence, ...]
    frames: SoundFrames | None
    left_out: tuple[LeftOut, ...]
    findings: tuple[Finding, ...] = ()
    weak_clocks: tuple[str, ...] = ()


def gather(recording: Recording, alignment: Alignment, options: ContextOptions, progress: Progress) -> Known:
    """Everything that capsules are cut from, on the reference clock."""
    present = presences(recording, alignment, use_weak=options.use_weak)
    placed, left_out = on_reference(recording.annotations, alignment, use_weak=options.use_weak)
    sounds, findings = _sounds(recording, present, options, progress)
    spoken = transcribed(placed, options)
    utterances = spoken or heard(sounds, alignment.reference, options)
    told = {annotation.stream for annotation in placed if annotation.kind in options.event_kinds}
    markers = [p for p in present if p.stream.modality is Modality.EVENT and p.stream.name not in told]
    few = [p for p in markers if len(p.stream) <= options.most_anchors]
    findings += tuple(_ticking(p, options) for p in markers if p not in few)
    said = {id(a): a for a in (*placed, *utterances, *events_of(few, alignment.reference))}
    prosody = _prosody(utterances, list(said.values()), sounds, options)
    everything = tuple(sorted([*said.values(), *prosody], key=order))
    weak = tuple(sorted(entry.clock.name for entry in alignment.clocks if entry.status is Status.WEAK))
    frames = sounds[0] if sounds else None
    return Known(everything, utterances, present, frames, left_out, findings, weak if options.use_weak else ())


def _sounds(
    recording: Recording, present: Sequence[Presence], options: ContextOptions, progress: Progress
) -> tuple[tuple[SoundFrames, ...], tuple[Finding, ...]]:
    """The frames of each chosen microphone, and remarks about them."""
    chosen = chosen_microphones(recording, present, options)
    sounds = []
    for stream, time_map in chosen:
        what = f"listening to {stream.name}"
        sounds.append(
            measure_sound(
                stream,
                time_map,
                detector=options.voice_activity,
                progress=partial(progress, what),
            )
        )
    findings = [
        Finding(
            check="sound_not_finite",
            severity=Severity.WARNING,
            subject=frames.stream,
            message=f"{frames.not_finite} samples are not numbers; context takes them for silence",
            cure="look at the file for damage, or leave the stream out with audio = [...]",
            numbers={"samples": frames.not_finite},
        )
        for frames in sounds
        if frames.not_finite
    ]
    return tuple(sounds), tuple(findings)


def _ticking(presence: Presence, options: ContextOptions) -> Finding:
    """The remark about a marker stream that has too many samples to be a list of events."""
    return Finding(
        check="events_left_out",
        severity=Severity.INFO,
        subject=presence.stream.name,
        message=f"{len(presence.stream)} markers are more than {options.most_anchors}; they are not listed in capsules",
        cure="raise most_anchors if each of them is an event",
        numbers={"markers": len(presence.stream)},
    )


def _prosody(
    utterances: Sequence[Annotation], said: Sequence[Annotation], sounds: Sequence[SoundFrames], options: ContextOptions
) -> list[Annotation]:
    """The prosody of every utterance, on the microphone that heard it, else on the preferred one."""
    if not sounds:
        return []
    by_stream = {frames.stream: frames for frames in sounds}
    words = _word_middles(said, options)
    found = (
        prosody_of(utterance, by_stream.get(utterance.stream, sounds[0]), words=_words_in(words, utterance))
        for utterance in utterances
    )
    return [prosody for prosody in found if prosody is not None]


def with_faces(known: Known, anchors: Sequence[Annotation], options: ContextOptions, progress: Progress) -> Known:
    """What is known, and the action units of every utterance and every anchor that lasts."""
    subjects = {id(a): a for a in (*known.utterances, *anchors) if not a.interval.is_empty}
    if not subjects:
        return known
    usable = [(p.stream, p.time_map) for p in known.presences if p.time_map is not None and len(p.stream)]
    maps = {stream.name: time_map for stream, time_map in usable}
    sources = unit_sources([stream for stream, _ in usable])
    found: list[Annotation] = []
    for source in sources:
        for subject in subjects.values():
            found += action_units_of(subject, source, maps[source.stream.name])
    findings = list(known.findings)
    tracked = {source.stream.clock for source in sources}
    for stream, time_map in usable:
        if stream.modality is not Modality.VIDEO or stream.clock in tracked:
            continue
        if not options.estimate_faces:
            findings += [] if can_estimate_faces() else [faces_missing(stream)]
            continue
        faces, remarks = estimate_units(stream, progress)
        findings += remarks
        for subject in subjects.values():
            found += estimated_units_of(subject, stream, faces, time_map)
    return replace(known, said=tuple(sorted([*known.said, *found], key=order)), findings=tuple(findings))


def _word_middles(said: Sequence[Annotation], options: ContextOptions) -> dict[str, Int64Array]:
    """The middles of each tier's words, increasing, int64."""
    middles: dict[str, list[int]] = {}
    for annotation in said:
        if annotation.kind in options.word_kinds and not is_silence(annotation, options):
            middle_ns = (annotation.interval.start_ns + annotation.interval.stop_ns) // 2
            middles.setdefault(annotation.tier, []).append(middle_ns)
    return {tier: np.sort(np.array(times, dtype=np.int64)) for tier, times in middles.items()}


def _words_in(words: dict[str, Int64Array], utterance: Annotation) -> int:
    """How many words an utterance has: those of its own tier, else those of the only other one."""
    times_ns = words.get(utterance.tier)
    if times_ns is None and len(words) == 1:
        times_ns = next(iter(words.values()))
    if times_ns is None:
        return 0
    start, stop = np.searchsorted(times_ns, [utterance.interval.start_ns, utterance.interval.stop_ns])
    return int(stop - start)
