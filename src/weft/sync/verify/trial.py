"""What one check of an alignment says: passed, failed, or why it could not be made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from weft.core import NS_PER_MS, Finding, Severity

FAILS_SDS = 3.5
"""Standard deviations beyond which two answers differ: by chance about once in two thousand checks."""


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Trial:
    """One check on one relation between clocks.

    Parameters
    ----------
    check
        ``"loop"``, ``"swap"``, ``"halves"`` or ``"shift"``.
    clocks
        The clocks it is about; empty where the recording gives nothing to check.
    method
        The kind of evidence that was checked.
    outcome
        How it ended.
    says
        What was asked and what was answered, or why it could not be asked; one sentence.
    cure
        What to do next; empty unless it failed.
    gap_ms
        How far two answers that should agree lie apart; ``None`` when skipped.
    allowed_ms
        Up to which gap the check passes.
    """

    check: str
    clocks: tuple[str, ...]
    method: str
    outcome: Outcome
    says: str
    cure: str = ""
    gap_ms: float | None = None
    allowed_ms: float | None = None

    @property
    def subject(self) -> str:
        """The clocks in one word."""
        return " - ".join(self.clocks) or "recording"

    def to_json(self) -> dict[str, Any]:
        """A row of ``weft verify --json``."""
        return {
            "check": self.check,
            "clocks": list(self.clocks),
            "method": self.method,
            "outcome": str(self.outcome),
            "gap_ms": self.gap_ms,
            "allowed_ms": self.allowed_ms,
            "says": self.says,
            "cure": self.cure,
        }

    def to_finding(self) -> Finding:
        """A failed check as a finding of severity error."""
        numbers = {"gap_ms": self.gap_ms or 0.0, "allowed_ms": self.allowed_ms or 0.0}
        return Finding(f"verify_{self.check}", Severity.ERROR, self.subject, self.says, self.cure, numbers)


def allowed_ns(random_sd_ns: float, promised95_ns: float) -> float:
    """How far two answers may lie apart: what chance explains, and never less than the error that was promised."""
    return max(FAILS_SDS * random_sd_ns, promised95_ns)


def judged(
    check: str, clocks: tuple[str, ...], method: str, gap_ns: float, most_ns: float, *, says: str, cure: str
) -> Trial:
    """The trial of a gap against what is allowed; the cure is kept where it failed."""
    failed = not abs(gap_ns) <= most_ns
    outcome = Outcome.FAILED if failed else Outcome.PASSED
    return Trial(check, clocks, method, outcome, says, cure if failed else "", gap_ns / NS_PER_MS, most_ns / NS_PER_MS)


def skipped(check: str, clocks: tuple[str, ...], method: str, why: str) -> Trial:
    """The trial that could not be made."""
    return Trial(check, clocks, method, Outcome.SKIPPED, why)


def in_ms(ns: float) -> str:
    """A time in milliseconds with as many digits as matter.

    Examples
    --------
    >>> in_ms(12_345_678.0), in_ms(4_200.0)
    ('12.3 ms', '0.0042 ms')
    """
    return f"{ns / NS_PER_MS:.3g} ms"
