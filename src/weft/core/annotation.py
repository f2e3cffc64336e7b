"""A label on an interval of a named clock, with its source and its confidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from weft.core.errors import UsageError
from weft.core.interval import Interval


class Origin(StrEnum):
    """Who says so."""

    HUMAN = "human"
    MODEL = "model"
    MEASURED = "measured"
    """Computed from the signal by a formula (loudness, pitch); no judgement in it."""
    IMPORT = "import"
    """Found in a file that does not say who made it."""
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class Annotation:
    """A label on a half-open interval of a named clock.

    Parameters
    ----------
    kind
        What is said: ``"utterance"``, ``"word"``, ``"phone"``, ``"action_unit"``,
        ``"prosody"``, ``"ambient"``, ``"event"``, or the tier's own name.
    interval
        Where it holds, on ``clock``; empty for a point event.
    clock
        The clock that the interval reads.
    value
        The label: text, a number, or named numbers (JSON-ready).
    origin
        Who says so.
    method
        Which person, file, model or formula, by name.
    confidence
        0..1, or ``None`` where the source gives none.
    tier
        The tier, speaker or channel that it belongs to.
    stream
        The stream it was derived from, where there is one.
    """

    kind: str
    interval: Interval
    clock: str
    value: Any
    origin: Origin = Origin.IMPORT
    method: str = ""
    confidence: float | None = None
    tier: str = ""
    stream: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.confidence is not None and not 0.0 <= self.confidence <= 1.0:
            raise UsageError(f"a confidence lies in 0..1, found {self.confidence!r} for {self.kind!r}")

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; times in nanoseconds."""
        return {
            "kind": self.kind,
            "start_ns": self.interval.start_ns,
            "stop_ns": self.interval.stop_ns,
            "clock": self.clock,
            "value": self.value,
            "origin": str(self.origin),
            "method": self.method,
            "confidence": self.confidence,
            "tier": self.tier,
            "stream": self.stream,
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Annotation:
        """The annotation that :meth:`to_dict` wrote."""
        fields = dict(record)
        interval = Interval(fields.pop("start_ns"), fields.pop("stop_ns"))
        return cls(interval=interval, **{**fields, "origin": Origin(fields["origin"])})
