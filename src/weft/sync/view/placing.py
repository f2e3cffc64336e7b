"""Where instants of the reference clock lie on a device's clock, finer than a nanosecond.

A grid of 44,100 instants a second does not fall on whole nanoseconds, and half a
nanosecond is -95 dB of a 7 kHz tone. So a grid keeps the part of a nanosecond that its
stamps drop, and a map is undone without rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Interval, Piece, Stream, TimeMap, UsageError
from weft.core.times import Int64Array

Floats = NDArray[np.float64]

FINEST_RATE = 10_000
"""Largest denominator of a rate in Hz: 30000/1001 stays exact, a float's last digits do not matter."""

CONTINUOUS_SHARE = 0.25
"""Pieces that meet to within this share of a sample period are one clock that only changed its drift."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Regular instants ``start + i / rate`` of the reference clock, half-open.

    ``times_ns`` is int64 (n), rounded down; ``parts_ns`` is what was dropped, 0..1.
    """

    times_ns: Int64Array
    parts_ns: Floats

    @classmethod
    def over(cls, interval: Interval, rate_hz: float) -> Grid:
        """The grid that starts with the interval.

        Raises
        ------
        UsageError
            If the rate is not positive, or above 400 kHz.
        """
        if not 0.0 < rate_hz <= 400_000.0:
            raise UsageError(f"a rate lies above 0 and up to 400000 Hz, found {rate_hz!r}")
        rate = Fraction(float(rate_hz)).limit_denominator(FINEST_RATE) or Fraction(1, FINEST_RATE)
        count = -(-interval.duration_ns * rate.numerator // (NS_PER_S * rate.denominator))
        seconds, rest = np.divmod(np.arange(count, dtype=np.int64) * rate.denominator, rate.numerator)
        nanoseconds, dropped = np.divmod(rest * NS_PER_S, rate.numerator)
        return cls(interval.start_ns + seconds * NS_PER_S + nanoseconds, dropped / rate.numerator)

    def __len__(self) -> int:
        return len(self.times_ns)


@dataclass(frozen=True, slots=True)
class Chain:
    """Pieces of a map that join without a jump, so that values may be made across their joints."""

    pieces: tuple[Piece, ...]
    is_last: bool

    @property
    def reference(self) -> Interval:
        """The reference times that the chain covers."""
        return Interval(self.pieces[0].reference.start_ns, self.pieces[-1].reference.stop_ns)

    def samples_of(self, stream: Stream) -> tuple[int, int]:
        """The samples ``start <= i < stop`` of a stream that the chain covers."""
        # The last stop itself is known: it is where the next sample would begin.
        end_ns = self.pieces[-1].device.stop_ns + (1 if self.is_last else 0)
        return stream.timeline.index_ns(self.pieces[0].device.start_ns), stream.timeline.index_ns(end_ns)

    def instants_of(self, times_ns: Int64Array) -> tuple[int, int]:
        """The instants ``start <= i < stop``, of increasing ones, that the chain covers."""
        span = self.reference
        low = np.searchsorted(times_ns, span.start_ns, side="left")
        high = np.searchsorted(times_ns, span.stop_ns, side="right" if self.is_last else "left")
        return int(low), int(max(low, high))

    def place(self, grid: Grid, origin_ns: int) -> Floats:
        """Device readings of a grid inside the chain, ns since ``origin_ns``, float64 (n)."""
        starts = [piece.reference.start_ns for piece in self.pieces[1:]]
        which = np.searchsorted(np.array(starts, dtype=np.int64), grid.times_ns, side="right")
        placed = np.empty(len(grid), dtype=np.float64)
        for index, piece in enumerate(self.pieces):
            here = which == index
            placed[here] = _undo(piece, grid.times_ns[here], grid.parts_ns[here], origin_ns)
        return placed


def _undo(piece: Piece, whole_ns: Int64Array, part_ns: Floats, origin_ns: int) -> Floats:
    """``Piece.to_device_ns`` without its rounding: the drift's part alone becomes a float."""
    undrifted = whole_ns - piece.offset_ns
    slip = piece.drift / (1.0 + piece.drift) * (undrifted - piece.t0_ns + part_ns)
    placed: Floats = (undrifted - origin_ns).astype(np.float64) + (part_ns - slip)
    return placed


def chains_of(time_map: TimeMap, period_ns: float) -> list[Chain]:
    """A map's pieces, those that meet to within a part of a sample period joined."""
    groups: list[list[Piece]] = []
    for piece in time_map.pieces:
        if groups and _meets(groups[-1][-1], piece, CONTINUOUS_SHARE * period_ns):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return [Chain(tuple(group), group is groups[-1]) for group in groups]


def _meets(before: Piece, after: Piece, tolerance_ns: float) -> bool:
    """Whether a piece goes on where the one before ended, on both clocks."""
    lost_ns = after.device.start_ns - before.device.stop_ns
    jump_ns = after.reference.start_ns - before.reference.stop_ns
    return max(lost_ns, jump_ns) <= tolerance_ns


def error95_of(time_map: TimeMap, device_ns: NDArray[Any]) -> float:
    """The largest 95 % error over increasing device readings; 0 when there is none."""
    if not len(device_ns):
        return 0.0
    # Within a piece the variance is convex, so its largest value is at an end of each stretch.
    starts = np.array([piece.device.start_ns for piece in time_map.pieces[1:]], dtype=np.int64)
    which = np.searchsorted(starts, device_ns, side="right")
    ends = np.flatnonzero(np.diff(which, prepend=-1, append=-1))
    edges = np.unique(np.concatenate([ends[:-1], ends[1:] - 1]))
    return float(time_map.error95_ns(np.asarray(device_ns)[edges].astype(np.int64)).max())
