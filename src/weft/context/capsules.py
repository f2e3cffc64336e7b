"""Every utterance or event of a recording inside its context.

recording, alignment ──gather──▶ known ──anchors_of──▶ anchors ──cut──▶ one capsule each
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from weft.context.ambient import ambient_of, quiet_frames
from weft.context.anchors import anchors_of
from weft.context.graph import relations_among
from weft.context.identity import capsule_ids
from weft.context.known import Known, gather, with_faces
from weft.context.mapping import order
from weft.context.options import ContextOptions
from weft.context.snapping import Blocks, context_of
from weft.core import Alignment, Annotation, Capsule, Finding, Interval, Origin, Recording, seconds_to_ns

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
        Clocks that are weak take part and are named in ``details["weak_clocks"]``.
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
    known = gather(recording, alignment, options, progress or _silent)
    anchors = anchors_of(known.said, known.utterances, known.presences, alignment.reference, options)
    known = with_faces(known, anchors, options, progress or _silent)
    cutter = _Cutter(recording.name, alignment.reference, options, known)
    names = capsule_ids(recording.name, anchors)
    return tuple(cutter.cut(anchor, name) for anchor, name in zip(anchors, names, strict=True))


def findings_of(capsules: Sequence[Capsule]) -> tuple[Finding, ...]:
    """What was remarked while capsules were made, each remark once, in order."""
    notes = {repr(note): note for capsule in capsules for note in capsule.details.get("findings", ())}
    return tuple(Finding.from_dict(notes[key]) for key in sorted(notes))


def _silent(what: str, share: float) -> None:
    """Nobody listens."""


class _Cutter:
    """Cuts capsules out of what is known."""

    def __init__(self, recording: str, reference: str, options: ContextOptions, known: Known) -> None:
        self.recording, self.reference, self.options, self.known = recording, reference, options, known
        self.blocks = Blocks(utterance.interval for utterance in known.utterances)
        self.starts_ns = np.array([a.interval.start_ns for a in known.said], dtype=np.int64)
        self.stops_ns = np.array([a.interval.stop_ns for a in known.said], dtype=np.int64)
        self.quiet = None if known.frames is None else quiet_frames(known.frames, self.blocks)
        self.details = {
            "left_out": [row.to_dict() for row in known.left_out],
            "findings": [finding.to_dict() for finding in known.findings],
            "weak_clocks": list(known.weak_clocks),
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
            relations=relations_among(
                annotations,
                place,
                word_kinds=self.options.word_kinds,
                utterance_kinds=tuple({*self.options.utterance_kinds, "utterance"}),
            ),
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
