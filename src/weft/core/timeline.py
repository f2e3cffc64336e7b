"""When the samples of a stream were taken, without storing what can be computed.

A microphone's hour at 48 kHz has 173 million stamps that two numbers describe; a
camera's hour has 108,000 that nothing but a list describes. Both answer the same
five questions.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, runtime_checkable

import numpy as np

from weft.core.errors import UsageError
from weft.core.times import NS_PER_S, Int64Array, as_ns_array


@runtime_checkable
class Timeline(Protocol):
    """The instants of ``len(timeline)`` samples on one clock, never decreasing."""

    def __len__(self) -> int:
        """The number of samples."""
        ...

    def slice_ns(self, start: int, stop: int) -> Int64Array:
        """The instants of samples ``start <= i < stop``, int64 (stop - start)."""
        ...

    def index_ns(self, t_ns: int) -> int:
        """The first sample at or after ``t_ns``; ``len`` when there is none."""
        ...

    @property
    def first_ns(self) -> int:
        """The first instant; only asked of a timeline that has samples."""
        ...

    @property
    def last_ns(self) -> int:
        """The last instant; only asked of a timeline that has samples."""
        ...


@dataclass(frozen=True, eq=False)
class ListedTimeline:
    """Instants that are stored one by one, int64 (n), never decreasing."""

    times_ns: Int64Array

    def __post_init__(self) -> None:
        times_ns = as_ns_array(self.times_ns, what="the instants of a timeline")
        backwards = np.flatnonzero(times_ns[1:] < times_ns[:-1])
        if backwards.size:
            at = int(backwards[0]) + 1
            raise UsageError(
                f"time runs backwards at {backwards.size} of {times_ns.size} samples, first at sample {at}: "
                f"{times_ns[at - 1]} ns, then {times_ns[at]} ns; order stamps and samples together, or unfold the clock"
            )
        times_ns.setflags(write=False)
        object.__setattr__(self, "times_ns", times_ns)

    def __len__(self) -> int:
        return int(self.times_ns.size)

    def slice_ns(self, start: int, stop: int) -> Int64Array:
        """The instants of samples ``start <= i < stop``."""
        return self.times_ns[start:stop]

    def index_ns(self, t_ns: int) -> int:
        """The first sample at or after ``t_ns``."""
        return int(np.searchsorted(self.times_ns, t_ns, side="left"))

    @property
    def first_ns(self) -> int:
        """The first instant."""
        return int(self.times_ns[0])

    @property
    def last_ns(self) -> int:
        """The last instant."""
        return int(self.times_ns[-1])


@dataclass(frozen=True)
class RegularTimeline:
    """Instants ``first_ns + i / rate_hz``, each rounded down to a nanosecond.

    Examples
    --------
    >>> timeline = RegularTimeline(0, Fraction(48_000), 48_000)
    >>> timeline.last_ns, timeline.index_ns(500_000_000)
    (999979166, 24000)
    """

    start_ns: int
    rate_hz: Fraction
    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate_hz", Fraction(self.rate_hz))
        if self.rate_hz <= 0 or self.count < 0:
            raise UsageError(
                f"a timeline needs a positive rate and no negative count, found {self.rate_hz} Hz, {self.count}"
            )

    def __len__(self) -> int:
        return self.count

    def _instant_ns(self, index: int) -> int:
        """The instant of one sample, in exact integer arithmetic."""
        return self.start_ns + index * NS_PER_S * self.rate_hz.denominator // self.rate_hz.numerator

    def slice_ns(self, start: int, stop: int) -> Int64Array:
        """The instants of samples ``start <= i < stop``."""
        start, stop, _ = slice(start, stop).indices(self.count)
        # Whole periods of `numerator` samples last exactly `denominator` seconds, so the
        # products below stay small enough for int64 however long the recording is.
        whole, part = np.divmod(np.arange(start, max(start, stop), dtype=np.int64), self.rate_hz.numerator)
        step = NS_PER_S * self.rate_hz.denominator
        if self.rate_hz.numerator * step < 2**62:
            times_ns: Int64Array = self.start_ns + whole * step + part * step // self.rate_hz.numerator
            return times_ns
        return np.array([self._instant_ns(i) for i in range(start, stop)], dtype=np.int64)

    def index_ns(self, t_ns: int) -> int:
        """The first sample at or after ``t_ns``."""
        ahead = (int(t_ns) - self.start_ns) * self.rate_hz.numerator
        index = max(0, -(-ahead // (NS_PER_S * self.rate_hz.denominator)))
        while index > 0 and self._instant_ns(index - 1) >= t_ns:
            index -= 1
        return min(index, self.count)

    @property
    def first_ns(self) -> int:
        """The first instant."""
        return self.start_ns

    @property
    def last_ns(self) -> int:
        """The last instant."""
        return self._instant_ns(self.count - 1)


@dataclass(frozen=True)
class PiecewiseTimeline:
    """Regular pieces one after the other, with the holes between them left open.

    ::

        samples   0 1 2 3 4 | 5 6 7 8 | 9 ...
        time      |-piece-|   hole  |-piece-|

    Examples
    --------
    >>> pieces = (RegularTimeline(0, Fraction(10), 3), RegularTimeline(1_000_000_000, Fraction(10), 2))
    >>> timeline = PiecewiseTimeline(pieces)
    >>> len(timeline), timeline.slice_ns(2, 4).tolist(), timeline.index_ns(500_000_000)
    (5, [200000000, 1000000000], 3)
    """

    pieces: tuple[RegularTimeline, ...]

    def __post_init__(self) -> None:
        pieces = tuple(piece for piece in self.pieces if len(piece))
        for before, after in itertools.pairwise(pieces):
            if after.first_ns < before.last_ns:
                raise UsageError(
                    f"the pieces of a timeline must follow one another, found one from {after.first_ns} ns "
                    f"after one up to {before.last_ns} ns"
                )
        object.__setattr__(self, "pieces", pieces)

    def __len__(self) -> int:
        return sum(len(piece) for piece in self.pieces)

    def slice_ns(self, start: int, stop: int) -> Int64Array:
        """The instants of samples ``start <= i < stop``."""
        start, stop, _ = slice(start, stop).indices(len(self))
        parts, first = [], 0
        for piece in self.pieces:
            if first < stop and start < first + len(piece):
                parts.append(piece.slice_ns(max(0, start - first), min(len(piece), stop - first)))
            first += len(piece)
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)

    def index_ns(self, t_ns: int) -> int:
        """The first sample at or after ``t_ns``."""
        first = 0
        for piece in self.pieces:
            if t_ns <= piece.last_ns:
                return first + piece.index_ns(t_ns)
            first += len(piece)
        return first

    @property
    def longest(self) -> RegularTimeline:
        """The piece with the most samples: its rate speaks for the stream. There is none when it is empty."""
        return max(self.pieces, key=len)

    @property
    def first_ns(self) -> int:
        """The first instant."""
        return self.pieces[0].first_ns

    @property
    def last_ns(self) -> int:
        """The last instant."""
        return self.pieces[-1].last_ns
