"""The contract between what finds evidence and what solves: a question, and what came of it.

A *source* is a function that looks at a recording for one kind of evidence::

    relate(Question) -> Relations

It gets what earlier sources found, so that it may leave alone what is known better and
search where stamps point. It never raises for material that says nothing: that is a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from weft.core import Evidence, Finding, Recording

Tell = Callable[[str, float], None]
"""Told what is being done and the share done, 0..1."""


@dataclass
class Relations:
    """What one source found, or all sources so far.

    Parameters
    ----------
    evidence
        Measured relations.
    reasons
        By clock: why nothing was found that relates it; shown where it stays without a map.
    strangers
        Pairs of clocks whose content was compared and is not of one occasion.
    findings
        Remarks on the material: a stamp that cannot be, a device that left its habit.
    """

    evidence: list[Evidence] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    strangers: set[frozenset[str]] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def add(self, found: Relations) -> None:
        """Take in what a later source found; its reasons come first."""
        self.evidence += found.evidence
        self.reasons |= found.reasons
        self.strangers |= found.strangers
        self.findings += found.findings

    @property
    def credible(self) -> list[Evidence]:
        """The evidence without creation times that put strangers together."""
        return [e for e in self.evidence if not self._refutes(e)]

    def _refutes(self, e: Evidence) -> bool:
        """Whether a creation time puts two recordings together that share no content."""
        return e.method == "container_start" and frozenset((e.clock, e.reference)) in self.strangers


@dataclass(frozen=True)
class Question:
    """What a source is asked.

    Parameters
    ----------
    recording
        What was recorded.
    reference
        The clock that all maps shall lead to.
    known
        What the files say and what earlier sources found.
    tell
        To be told of progress, 0..1 of this source's own work.
    """

    recording: Recording
    reference: str
    known: tuple[Evidence, ...] = ()
    tell: Tell = lambda what, share: None


Source = Callable[[Question], Relations]
