"""One remark of a check: what was seen, how bad it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding matters; ordered by ``rank``."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark of a check.

    Parameters
    ----------
    check
        The short name of the check, in snake case: ``"dropped_frames"``.
    severity
        ``info``, ``warning`` or ``error``.
    subject
        What it is about: a file, stream or clock, by name.
    message
        What was expected and what was found, with the numbers, in one sentence.
    cure
        What the reader can do next, in one sentence.
    numbers
        The figures of the message, by name with unit, for machines.
    coverage
        The share of the subject that the check looked at, 0..1.
    """

    check: str
    severity: Severity
    subject: str
    message: str
    cure: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    coverage: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "check": self.check,
            "severity": str(self.severity),
            "subject": self.subject,
            "message": self.message,
            "cure": self.cure,
            "numbers": dict(self.numbers),
            "coverage": self.coverage,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Finding:
        """The finding that :meth:`to_dict` wrote."""
        return cls(**{**record, "severity": Severity(record["severity"])})
