"""Every utterance or event of a recording inside its context: the whole way from streams to capsules.

annotations ──on_reference──▶ said ─┐
sound ──measure_sound──▶ frames ────┼─▶ utterances ─▶ anchors ─▶ one capsule each
face streams ──action_units_of──────┘        │
                                             └─▶ prosody, action units, ambient sound
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from weft.context.action_units import action_units_of, unit_streams
from weft.context.ambient import ambient_of, quiet_frames
from weft.context.anchors import anchors_of, events_of
from weft.context.graph import relations_among
from weft.context.identity import capsule_ids
from weft.context.mapping import LeftOut, on_reference, order
from weft.context.microphones import chosen_microphones
from weft.context.options import ContextOptions
from weft.context.presence import Presence, presences
from weft.context.prosody import prosody_of
from weft.context.snapping import Blocks, context_of
from weft.context.sound import SoundFrames, measure_sound
from weft.context.utterances import heard, is_silence, transcribed
from weft.core import (
    Alignment,
    Annotation,
    Capsule,
    Finding,
    Interval,
    Origin,
    Recording,
    Severity,
    TimeMap,
    seconds_to_ns,
)
from weft.core.times import Int64Array

Progress = Callable[[str, float], None]


def contextualise(
    recording: Recording,
    alignment: Alignment,
    *,
    options: ContextOptions | None = None,
    progress: Progress | None = None,
) -> tuple[Capsule, ...]:
    """A capsule for each utterance of a recording, or each event, or each tile where it has neither.

    Parameters
    ----------
    recording
        The recording; its sound is read once, forwards, in blocks.
    alignment
        Its clocks. What reads a clock that is not aligned stays out of the annotations, is
        counted in ``details["left_out"]``, and its streams' spans say ``"not_aligned"``.
    options
        See :class:`ContextOptions`.
    progress
        Told what is being done and how much of it is.

    Returns
    -------
    tuple of Capsule
        In order of start, on the reference clock. A recording with nothing on the reference
        clock has none.

    Raises
    ------
    UsageError
        If ``options.audio`` names a stream that the recording does not have, or there are more
        anchors than ``options.most_anchors``.
    MissingExtraError
        If ``options.voice_activity`` is ``"silero"`` and onnxruntime is not installed.

    Notes
    -----
    The same input gives the same capsules, bit for bit, on one kind of machine; the order of
    the recording's annotations and streams does not matter. Utterances come from transcripts
    where there is one, and from voice activity only where there is none: a transcript of half
    a recording leaves the other half without capsules (name ``anchor_kinds=("segment",)``, or
    leave the transcript out).
    """
    options = (options or ContextOptions()).resolved()
    known = _gather(recording, alignment, options, progress or _silent)
    anchors = anchors_of(known.said, known.utterances, known.presences, alignment.reference, options)
    cutter = _Cutter(recording.name, alignment.reference, options, known)
    names = capsule_ids(recording.name, anchors)
    return tuple(cutter.cut(anchor, name) for anchor, name in zip(anchors, names, strict=True))


def findings_of(capsules: Sequence[Capsule]) -> tuple[Finding, ...]:
    """What was remarked while capsules were made, each remark once, in order."""
    notes = {repr(note): note for capsule in capsules for note in capsule.details.get("findings", ())}
    return tuple(Finding.from_dict(notes[key]) for key in sorted(notes))


def _silent(what: str, share: float) -> None:
    """Nobody listens."""


@dataclass(frozen=True, eq=False)
class _Known:
    """What is known about a recording before it is cut into capsules."""

    said: tuple[Annotation, ...]
    utterances: tuple[Annotation, ...]
    presences: tuple[Presence, ...]
    frames: SoundFrames | None
    left_out: tuple[LeftOut, ...]
    findings: tuple[Finding, ...] = field(default=())


def _gather(recording: Recording, alignment: Alignment, options: ContextOptions, progress: Progress) -> _Known:
    """Everything that capsules are cut from, on the reference clock."""
    present = presences(recording, alignment, use_weak=options.use_weak)
    placed, left_out = on_reference(recording.annotations, alignment, use_weak=options.use_weak)
    sounds, findings = _sounds(recording, present, options, progress)
    spoken = transcribed(placed, options)
    utterances = spoken or heard(sounds, alignment.reference, options)
    told = {annotation.stream for annotation in placed if annotation.kind in options.event_kinds}
    silent = [p for p in present if len(p.stream) <= options.most_anchors and p.stream.name not in told]
    said = {id(a): a for a in (*placed, *utterances, *events_of(silent, alignment.reference))}
    derived = _derived(utterances, list(said.values()), sounds, present, options, progress)
    everything = tuple(sorted([*said.values(), *derived], key=order))
    return _Known(everything, utterances, present, sounds[0] if sounds else None, left_out, findings)


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


def _derived(
    utterances: Sequence[Annotation],
    said: Sequence[Annotation],
    sounds: Sequence[SoundFrames],
    present: Sequence[Presence],
    options: ContextOptions,
    progress: Progress,
) -> list[Annotation]:
    """Prosody and action units of every utterance."""
    maps: dict[str, TimeMap] = {p.stream.name: p.time_map for p in present if p.time_map is not None}
    faces = unit_streams([p.stream for p in present if p.time_map is not None])
    by_stream = {frames.stream: frames for frames in sounds}
    words = _word_starts(said, options)
    found: list[Annotation] = []
    for index, utterance in enumerate(utterances):
        progress("describing utterances", index / len(utterances))
        frames = by_stream.get(utterance.stream, sounds[0] if sounds else None)
        if frames is not None:
            prosody = prosody_of(utterance, frames, words=_words_in(words, utterance))
            found += [prosody] if prosody else []
        for stream, columns in faces:
            found += action_units_of(utterance, stream, columns, maps[stream.name])
    return found


def _word_starts(said: Sequence[Annotation], options: ContextOptions) -> dict[str, Int64Array]:
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


class _Cutter:
    """Cuts capsules out of what is known."""

    def __init__(self, recording: str, reference: str, options: ContextOptions, known: _Known) -> None:
        self.recording, self.reference, self.options, self.known = recording, reference, options, known
        self.blocks = Blocks(utterance.interval for utterance in known.utterances)
        self.starts_ns = np.array([a.interval.start_ns for a in known.said], dtype=np.int64)
        self.stops_ns = np.array([a.interval.stop_ns for a in known.said], dtype=np.int64)
        self.quiet = None if known.frames is None else quiet_frames(known.frames, self.blocks)
        self.details = {
            "left_out": [row.to_dict() for row in known.left_out],
            "findings": [finding.to_dict() for finding in known.findings],
        }

    def cut(self, anchor: Annotation, capsule_id: str) -> Capsule:
        """The capsule of one anchor."""
        context = context_of(
            anchor.interval,
            self.blocks,
            history_ns=seconds_to_ns(self.options.history_s),
            future_ns=seconds_to_ns(self.options.future_s),
        )
        annotations = self._said_in(context, anchor)
        place = next(i for i, annotation in enumerate(annotations) if annotation is anchor)
        return Capsule(
            capsule_id=capsule_id,
            recording=self.recording,
            reference=self.reference,
            interval=anchor.interval,
            context=context,
            anchor=anchor,
            annotations=annotations,
            spans=tuple(presence.span(context) for presence in self.known.presences),
            relations=relations_among(annotations, place, word_kinds=self.options.word_kinds),
            synthetic=any(annotation.origin is Origin.SYNTHETIC for annotation in annotations),
            details={name: value for name, value in self.details.items() if value},
        )

    def _said_in(self, context: Interval, anchor: Annotation) -> tuple[Annotation, ...]:
        """All that touches a context, its own ambient sound included, in order."""
        shares = (self.starts_ns < context.stop_ns) & (self.stops_ns > context.start_ns)
        begins = (self.starts_ns >= context.start_ns) & (self.starts_ns < context.stop_ns)
        found = [self.known.said[i] for i in np.flatnonzero(shares | begins)]
        if not any(annotation is anchor for annotation in found):  # A tile, or a point without context.
            found.append(anchor)
        ambient = self._ambient(context, anchor)
        return tuple(sorted([*found, *([ambient] if ambient else [])], key=order))

    def _ambient(self, context: Interval, anchor: Annotation) -> Annotation | None:
        """What the surroundings sound like around one anchor."""
        if self.known.frames is None or self.quiet is None:
            return None
        return ambient_of(context, anchor.interval, self.known.frames, self.quiet, self.reference)
