"""The unit of training: an utterance or event inside its context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weft.core.annotation import Annotation
from weft.core.interval import Interval


@dataclass(frozen=True, slots=True)
class StreamSpan:
    """Which part of a stream a capsule holds, on the stream's own clock.

    ``present`` is the share of the capsule's context that the stream covers, 0..1;
    ``reason`` says why it is not 1: ``""``, ``"gap"``, ``"ended"``, ``"not_aligned"``.
    """

    stream: str
    modality: str
    device: Interval | None
    present: float
    reason: str = ""
    error95_ms: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; times in nanoseconds of the stream's own clock."""
        return {
            "stream": self.stream,
            "modality": self.modality,
            "start_ns": self.device.start_ns if self.device else None,
            "stop_ns": self.device.stop_ns if self.device else None,
            "present": self.present,
            "reason": self.reason,
            "error95_ms": self.error95_ms,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> StreamSpan:
        """The span that :meth:`to_dict` wrote."""
        fields = dict(record)
        start_ns, stop_ns = fields.pop("start_ns"), fields.pop("stop_ns")
        return cls(device=None if start_ns is None else Interval(start_ns, stop_ns), **fields)


@dataclass(frozen=True, slots=True)
class Relation:
    """One typed edge of a capsule's graph, between annotations by position.

    ``kind`` is one of ``"during"``, ``"overlaps"``, ``"precedes"``, ``"part_of"``, ``"follows"``.
    """

    subject: int
    kind: str
    object: int


@dataclass(frozen=True)
class Capsule:
    """An utterance with everything around it, on the reference clock::

        |<------ history ------>|<-- interval -->|<------ future ------>|
        context.start       interval.start   interval.stop       context.stop

    Parameters
    ----------
    capsule_id
        Stable across builds: recording, anchor and start.
    recording
        The recording's name.
    interval
        The utterance or event itself.
    context
        ``interval`` with its history and future, snapped outward to whole utterances.
    anchor
        The annotation that the capsule is about.
    annotations
        Everything said about the context, in order of start; each with origin and confidence.
    spans
        For every stream of the recording, what is there, or why it is not.
    relations
        The graph, over positions in ``annotations``.
    synthetic
        Whether any part of it was made by a model.
    """

    capsule_id: str
    recording: str
    reference: str
    interval: Interval
    context: Interval
    anchor: Annotation
    annotations: tuple[Annotation, ...] = ()
    spans: tuple[StreamSpan, ...] = ()
    relations: tuple[Relation, ...] = ()
    synthetic: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def history(self) -> Interval:
        """The context before the interval."""
        return Interval(self.context.start_ns, self.interval.start_ns)

    @property
    def future(self) -> Interval:
        """The context after the interval."""
        return Interval(self.interval.stop_ns, self.context.stop_ns)

    def of_kind(self, kind: str, *, within: Interval | None = None) -> tuple[Annotation, ...]:
        """The annotations of one kind, those that touch ``within`` if it is given."""
        return tuple(
            annotation
            for annotation in self.annotations
            if annotation.kind == kind
            and (
                within is None or annotation.interval.overlaps(within) or within.contains(annotation.interval.start_ns)
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; times in nanoseconds of the reference clock."""
        return {
            "capsule_id": self.capsule_id,
            "recording": self.recording,
            "reference": self.reference,
            "start_ns": self.interval.start_ns,
            "stop_ns": self.interval.stop_ns,
            "context_start_ns": self.context.start_ns,
            "context_stop_ns": self.context.stop_ns,
            "anchor": self.anchor.to_dict(),
            "annotations": [annotation.to_dict() for annotation in self.annotations],
            "spans": [span.to_dict() for span in self.spans],
            "relations": [[edge.subject, edge.kind, edge.object] for edge in self.relations],
            "synthetic": self.synthetic,
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Capsule:
        """The capsule that :meth:`to_dict` wrote."""
        return cls(
            capsule_id=record["capsule_id"],
            recording=record["recording"],
            reference=record["reference"],
            interval=Interval(record["start_ns"], record["stop_ns"]),
            context=Interval(record["context_start_ns"], record["context_stop_ns"]),
            anchor=Annotation.from_dict(record["anchor"]),
            annotations=tuple(Annotation.from_dict(annotation) for annotation in record["annotations"]),
            spans=tuple(StreamSpan.from_dict(span) for span in record["spans"]),
            relations=tuple(Relation(*edge) for edge in record["relations"]),
            synthetic=record["synthetic"],
            details=record["details"],
        )
