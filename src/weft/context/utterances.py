"""Utterances from what transcripts say, and from where a voice was heard.

words       this is the   acoustic corpus          i'm talking
pauses      |--|  |--|             |----- 0.6 s -----|
utterances  [this is the acoustic corpus]          [i'm talking]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from weft.context.mapping import order
from weft.context.options import ContextOptions
from weft.context.snapping import Blocks
from weft.context.sound import FRAME_RATE_HZ, SoundFrames
from weft.core import Annotation, Interval, Origin, seconds_to_ns
from weft.dsp.voice_activity import speech_runs


def transcribed(annotations: Sequence[Annotation], options: ContextOptions) -> tuple[Annotation, ...]:
    """The utterances that the transcripts hold, in order; speakers are kept apart.

    Annotations of an utterance kind stay as they are. Words that no utterance of their own
    tier holds (or of any tier, where their own has none) are grouped by pauses. An utterance
    made from words has their text, and says so in ``method``.

    Parameters
    ----------
    annotations
        On the reference clock.
    options
        Kinds, silence labels, ``pause_s`` and ``longest_utterance_s``.
    """
    spoken = [a for a in annotations if not is_silence(a, options)]
    given = [a for a in spoken if a.kind in options.utterance_kinds and not a.interval.is_empty]
    words = [a for a in spoken if a.kind in options.word_kinds]
    covered = {tier: Blocks(u.interval for u in given if u.tier == tier) for tier in {u.tier for u in given}}
    anywhere = Blocks(u.interval for u in given)
    tiers: dict[tuple[str, str], list[Annotation]] = defaultdict(list)
    for word in words:
        middle_ns = (word.interval.start_ns + word.interval.stop_ns) // 2
        if not covered.get(word.tier, anywhere).contains(middle_ns):
            tiers[word.tier, word.stream].append(word)
    grouped = [
        _from_words(group, options)
        for tier in sorted(tiers)
        for group in grouped_by_pause(sorted(tiers[tier], key=order), options)
    ]
    return tuple(sorted([*given, *(u for u in grouped if not u.interval.is_empty)], key=order))


def is_silence(annotation: Annotation, options: ContextOptions) -> bool:
    """Whether an annotation of an utterance or word kind only marks that nobody speaks."""
    if annotation.kind not in (*options.utterance_kinds, *options.word_kinds):
        return False
    return text_of(annotation).strip().lower() in options.silence_labels


def text_of(annotation: Annotation) -> str:
    """The label as text: itself, or its ``"text"`` or ``"label"`` where it has named parts.

    Examples
    --------
    >>> text_of(Annotation("utterance", Interval(0, 1), "mic", {"text": "I'm fine."}))
    "I'm fine."
    """
    value: Any = annotation.value
    if isinstance(value, dict):
        value = value.get("text", value.get("label", ""))
    return "" if value is None else str(value)


def grouped_by_pause(parts: Sequence[Annotation], options: ContextOptions) -> list[list[Annotation]]:
    """Annotations in order of start, split where nothing is said for ``pause_s``, then where too long."""
    pause_ns = max(1, seconds_to_ns(options.pause_s))
    groups: list[list[Annotation]] = []
    reached_ns = 0
    for part in parts:
        if groups and part.interval.start_ns - reached_ns < pause_ns:
            groups[-1].append(part)
            reached_ns = max(reached_ns, part.interval.stop_ns)
        else:
            groups.append([part])
            reached_ns = part.interval.stop_ns
    longest_ns = seconds_to_ns(options.longest_utterance_s)
    return [piece for group in groups for piece in _cut_long(group, longest_ns)]


def _cut_long(group: list[Annotation], longest_ns: int) -> list[list[Annotation]]:
    """A group cut at its longest inner pause until no piece of several parts is too long."""
    pending, pieces = [group], []
    while pending:
        piece = pending.pop()
        if len(piece) < 2 or _hull(piece).duration_ns <= longest_ns:
            pieces.append(piece)
            continue
        stops = np.maximum.accumulate([part.interval.stop_ns for part in piece])
        pauses = np.array([part.interval.start_ns for part in piece[1:]]) - stops[:-1]
        # Equal pauses are cut nearest to the middle, so that pieces come out alike.
        middle = np.abs(np.arange(len(pauses)) - (len(pauses) - 1) / 2)
        cut = int(np.lexsort([middle, -pauses])[0]) + 1
        pending += [piece[cut:], piece[:cut]]
    return pieces


def _hull(parts: Sequence[Annotation]) -> Interval:
    """From the first start to the last stop."""
    return Interval(min(p.interval.start_ns for p in parts), max(p.interval.stop_ns for p in parts))


def _from_words(words: list[Annotation], options: ContextOptions) -> Annotation:
    """The utterance that a group of words makes."""
    known = [word.confidence for word in words if word.confidence is not None]
    origins = {word.origin for word in words}
    first = words[0]
    return Annotation(
        kind="utterance",
        interval=_hull(words),
        clock=first.clock,
        value=" ".join(text_of(word).strip() for word in words),
        origin=first.origin if len(origins) == 1 else Origin.IMPORT,
        method=f"words of {first.method or 'the transcript'}, split by pauses of {options.pause_s:g} s",
        confidence=min(known) if known else None,
        tier=first.tier,
        stream=first.stream,
        details={"words": len(words)},
    )


def heard(sounds: Sequence[SoundFrames], clock: str, options: ContextOptions) -> tuple[Annotation, ...]:
    """The utterances that voice activity shows, those of several microphones merged, in order.

    Where two microphones heard the same stretch (they overlap by more than half of the
    shorter), the surer one stays. Confidence is the mean probability of speech.
    """
    found = [utterance for frames in sounds if frames.method for utterance in _heard_on(frames, clock, options)]
    kept: list[Annotation] = []
    for block in _overlapping(sorted(found, key=order)):
        surest: list[Annotation] = []
        for utterance in sorted(block, key=lambda u: (-(u.confidence or 0.0), order(u))):
            if not any(_same_stretch(utterance.interval, other.interval) for other in surest):
                surest.append(utterance)
        kept += surest
    return tuple(sorted(kept, key=order))


def _overlapping(utterances: Iterable[Annotation]) -> list[list[Annotation]]:
    """Utterances in order of start, in groups that share no time with each other."""
    blocks: list[list[Annotation]] = []
    reached_ns = 0
    for utterance in utterances:
        if not blocks or utterance.interval.start_ns >= reached_ns:
            blocks.append([])
            reached_ns = utterance.interval.stop_ns
        blocks[-1].append(utterance)
        reached_ns = max(reached_ns, utterance.interval.stop_ns)
    return blocks


def _same_stretch(one: Interval, other: Interval) -> bool:
    """Whether two intervals share more than half of the shorter one."""
    shared = one.overlap(other)
    return shared is not None and 2 * shared.duration_ns > min(one.duration_ns, other.duration_ns)


def _heard_on(frames: SoundFrames, clock: str, options: ContextOptions) -> list[Annotation]:
    """The utterances of one microphone."""
    runs = [run for stretch in _without_gaps(frames) for run in _runs(frames, stretch)]
    voices = [_voice(frames, slice(start, stop), clock) for start, stop in runs]
    pieces = [piece for voice in voices for piece in _cut_voice(voice, frames, options)]
    return [_joined_voice(group, frames) for group in grouped_by_pause(pieces, options)]


def _without_gaps(frames: SoundFrames) -> list[tuple[int, int]]:
    """The stretches of frames between the recording's own gaps."""
    if not len(frames):
        return []
    breaks = (np.flatnonzero(frames.starts_ns[1:] != frames.stops_ns[:-1]) + 1).tolist()
    return list(zip([0, *breaks], [*breaks, len(frames)], strict=True))


def _runs(frames: SoundFrames, stretch: tuple[int, int]) -> list[tuple[int, int]]:
    """The runs of speech within one stretch of frames."""
    first, last = stretch
    return [(first + start, first + stop) for start, stop in speech_runs(frames.speech[first:last]).tolist()]


def _voice(frames: SoundFrames, at: slice, clock: str) -> Annotation:
    """The utterance that a slice of frames makes."""
    return Annotation(
        kind="utterance",
        interval=Interval(int(frames.starts_ns[at.start]), int(frames.stops_ns[at.stop - 1])),
        clock=clock,
        value=None,
        origin=Origin.MODEL,
        method=frames.method,
        confidence=round(float(np.clip(frames.speech[at].astype(np.float64).mean(), 0.0, 1.0)), 4),
        stream=frames.stream,
    )


def _cut_voice(voice: Annotation, frames: SoundFrames, options: ContextOptions) -> list[Annotation]:
    """A stretch of voice without any pause, cut where speech is least likely until none is too long."""
    longest = max(2, round(options.longest_utterance_s * FRAME_RATE_HZ))
    first = int(np.searchsorted(frames.starts_ns, voice.interval.start_ns))
    last = int(np.searchsorted(frames.stops_ns, voice.interval.stop_ns)) + 1
    pending, pieces = [(first, last)], []
    while pending:
        start, stop = pending.pop()
        if stop - start <= longest:
            pieces.append(_voice(frames, slice(start, stop), voice.clock))
            continue
        quarter = (stop - start) // 4
        weakest = start + quarter + int(np.argmin(frames.speech[start + quarter : stop - quarter]))
        pending += [(weakest, stop), (start, weakest)]
    return pieces


def _joined_voice(group: list[Annotation], frames: SoundFrames) -> Annotation:
    """Stretches of voice with short pauses between them, as one utterance."""
    weights = [part.interval.duration_ns for part in group]
    confidence = float(np.average([part.confidence or 0.0 for part in group], weights=weights))
    return replace(group[0], interval=_hull(group), confidence=round(confidence, 4), stream=frames.stream)
