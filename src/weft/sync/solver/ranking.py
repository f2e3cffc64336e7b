"""Which evidence is believed before which.

Content comes before stamps, and stamps before guesses. Evidence of a later tier is used
only for clocks that no earlier tier reaches; where an earlier tier reaches them it is
compared and never averaged.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from weft.core import Evidence

TIERS: dict[str, int] = {"arrival": 2, "wall_clock": 3, "container_start": 4}
"""Methods not named here measure a relation itself: tier 0, or 1 where they call themselves insufficient."""

GUESSES = 3
"""Tiers from here on guess."""

BELIEF = (
    "human",
    "audio",
    "ptp",
    "lsl",
    "declared",
    "ntp",
    "events",
    "gyro_flow",
    "inertial",
    "gaze_angle",
    "motion_video",
    "learned",
    "audio_face",
)
"""Within a tier: whom to believe when two contradict each other; methods not named come last."""

NEVER_ALIGNED = frozenset({"wall_clock", "container_start"})
"""Methods that alone never make a clock more than weak."""


def is_sufficient(evidence: Evidence) -> bool:
    """Whether it may align a clock: its method trusts it, and it has one reading or other evidence told which."""
    trusted = bool(evidence.details.get("sufficient", True)) and evidence.details.get("verdict") != "weak"
    return trusted and not is_ambiguous(evidence)


def is_ambiguous(evidence: Evidence) -> bool:
    """Whether it has several readings and nothing sure has told which is right."""
    return bool(evidence.alternatives) and not evidence.details.get("read_by")


def is_guess(evidence: Evidence) -> bool:
    """Whether it rests on what somebody once set a clock to."""
    return evidence.method in NEVER_ALIGNED


def tier_of(evidence: Evidence) -> int:
    """The tier of one piece of evidence; lower is believed first."""
    return TIERS.get(evidence.method, 0 if is_sufficient(evidence) else 1)


def belief_of(evidence: Evidence) -> int:
    """Place in the order of belief; lower is believed first."""
    return BELIEF.index(evidence.method) if evidence.method in BELIEF else len(BELIEF)


Node = TypeVar("Node", bound=Hashable)


class Groups(Generic[Node]):
    """Clocks, or pieces of clocks, that are connected to each other (union-find)."""

    def __init__(self, names: Iterable[Node]) -> None:
        self._parent = {name: name for name in names}

    def of(self, name: Node) -> Node:
        """The group's representative."""
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name

    def join(self, one: Node, two: Node) -> None:
        """Connect two of them."""
        self._parent[self.of(one)] = self.of(two)

    def together(self, one: Node, two: Node) -> bool:
        """Whether two of them are connected."""
        return self.of(one) == self.of(two)


def choose_evidence(clocks: Iterable[str], evidence: Sequence[Evidence]) -> tuple[list[Evidence], list[Evidence]]:
    """Evidence to solve from, and evidence to compare with the solution only.

    Within a tier all evidence between clocks that earlier tiers left apart is used, loops
    included, so that over-determined clocks are solved jointly; guesses, whose errors are not
    independent, only as far as they connect.
    """
    groups = Groups(clocks)
    used: list[Evidence] = []
    compared: list[Evidence] = []
    for tier in sorted({tier_of(e) for e in evidence}):
        these = [e for e in evidence if tier_of(e) == tier]
        new = [e for e in these if not groups.together(e.clock, e.reference)]
        compared += [e for e in these if groups.together(e.clock, e.reference)]
        for e in new:
            if tier >= GUESSES and groups.together(e.clock, e.reference):
                compared.append(e)
                continue
            groups.join(e.clock, e.reference)
            used.append(e)
    return used, compared


def reached(reference: str, clocks: Iterable[str], evidence: Iterable[Evidence]) -> set[str]:
    """The clocks that evidence connects to the reference, the reference included."""
    names = list(clocks)
    groups = Groups(names)
    for e in evidence:
        groups.join(e.clock, e.reference)
    return {name for name in names if groups.together(name, reference)}
