"""A half-open span of time on one clock."""

from __future__ import annotations

from dataclasses import dataclass

from weft.core.errors import UsageError
from weft.core.times import NS_PER_S, require_ns, seconds_to_ns


@dataclass(frozen=True, order=True, slots=True)
class Interval:
    """The times ``start_ns <= t < stop_ns`` of one clock.

    An interval whose start equals its stop is empty: it contains no time, overlaps
    nothing, and still has a place. A point event is an empty interval.

    Raises
    ------
    UsageError
        If ``stop_ns`` lies before ``start_ns``, or either is not an integer.

    Examples
    --------
    >>> Interval(0, 10).contains(10)
    False
    >>> Interval(0, 10).overlap(Interval(5, 20))
    Interval(start_ns=5, stop_ns=10)
    """

    start_ns: int
    stop_ns: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "start_ns", require_ns(self.start_ns, what="start_ns"))
        object.__setattr__(self, "stop_ns", require_ns(self.stop_ns, what="stop_ns"))
        if self.stop_ns < self.start_ns:
            raise UsageError(f"an interval must not stop before it starts, found {self.start_ns}..{self.stop_ns} ns")

    @classmethod
    def from_seconds(cls, start_s: float, stop_s: float) -> Interval:
        """The interval between two readings in seconds."""
        return cls(seconds_to_ns(start_s), seconds_to_ns(stop_s))

    @property
    def duration_ns(self) -> int:
        """How long it lasts; 0 when it is empty."""
        return self.stop_ns - self.start_ns

    @property
    def duration_s(self) -> float:
        """How long it lasts, in seconds."""
        return self.duration_ns / NS_PER_S

    @property
    def is_empty(self) -> bool:
        """Whether it contains no time at all."""
        return self.stop_ns == self.start_ns

    def contains(self, t_ns: int) -> bool:
        """Whether ``t_ns`` lies inside; always false for an empty interval."""
        return self.start_ns <= t_ns < self.stop_ns

    def covers(self, other: Interval) -> bool:
        """Whether all of ``other`` lies inside; an empty one does when its place does."""
        return self.start_ns <= other.start_ns and other.stop_ns <= self.stop_ns

    def overlaps(self, other: Interval) -> bool:
        """Whether the two share any time; touching ends and empty intervals share none."""
        return max(self.start_ns, other.start_ns) < min(self.stop_ns, other.stop_ns)

    def overlap(self, other: Interval) -> Interval | None:
        """The time that both share, or ``None``."""
        if not self.overlaps(other):
            return None
        return Interval(max(self.start_ns, other.start_ns), min(self.stop_ns, other.stop_ns))

    def hull(self, other: Interval) -> Interval:
        """The shortest interval that covers both."""
        return Interval(min(self.start_ns, other.start_ns), max(self.stop_ns, other.stop_ns))

    def grown(self, before_ns: int, after_ns: int) -> Interval:
        """This interval with ``before_ns`` added in front and ``after_ns`` behind."""
        return Interval(self.start_ns - before_ns, self.stop_ns + after_ns)

    def shifted(self, by_ns: int) -> Interval:
        """This interval, ``by_ns`` later."""
        return Interval(self.start_ns + by_ns, self.stop_ns + by_ns)

    def __str__(self) -> str:
        return f"[{self.start_ns / NS_PER_S:.3f}, {self.stop_ns / NS_PER_S:.3f}) s"
