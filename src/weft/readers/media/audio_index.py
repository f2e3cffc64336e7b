"""Which packet holds which sample, and when each sample was taken.

::

    packets    |   0   |   1   |   2   |        |   3   |   4   |
    kept          |----|-------|-------|        |-------|---|       what players drop is no sample
    samples        0 ..                            n ..             numbered without a hole
    instants       |====== piece =======|        |== piece ==|      with the hole
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from weft.core import NS_PER_S, PiecewiseTimeline, RegularTimeline, Timeline
from weft.core.times import Int64Array
from weft.readers.media.packets import ABSENT, PacketTable

_NEIGHBOURS = 8
"""Packets on either side whose stamps must agree that there is a hole."""
_DRIFT_NS = 2_000_000
"""Disagreement between stamps and declared rate, over a piece, above which the stamps are believed."""
_DRIFT_PPM_LIMIT = 1000
"""No crystal is off by so much: then the stamps are computed (from bytes, in AVI) and no clock."""


@dataclass(frozen=True, eq=False)
class AudioIndex:
    """Where the samples of a sound track lie.

    Parameters
    ----------
    rate_hz
        Samples per second, as decoded.
    channels
        Channels, as decoded.
    front, length
        For each packet, samples dropped before the first kept one and samples kept, int64 (n).
    first
        For each packet, the number of its first kept sample, and the total, int64 (n + 1).
    whole
        Whether the decoder is told to drop nothing, so that ``front`` and ``length`` alone decide.
    """

    rate_hz: int
    channels: int
    front: Int64Array
    length: Int64Array
    first: Int64Array
    whole: bool

    @classmethod
    def of(cls, sound: tuple[int, int], front: Int64Array, length: Int64Array, *, whole: bool = True) -> AudioIndex:
        """The index for packets that keep ``length`` samples after ``front``; ``sound`` is rate and channels."""
        first = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
        return cls(*sound, front, length, first, whole)

    def __len__(self) -> int:
        return int(self.first[-1])


@dataclass(frozen=True)
class Hole:
    """A place where a track's stamps jump.

    ``at`` is the first sample after it; ``length_ns`` is negative where stamps run back.
    """

    at: int
    length_ns: int


@dataclass(frozen=True, eq=False)
class AudioTimes:
    """When the samples of a sound track were taken.

    ``holes`` were left open in ``timeline``; ``overlaps`` could not be, as time only grows.
    ``first_stamp_ns`` is the first sample's instant by its own packet alone;
    ``disbelieved_ppm`` how far the stamps ran from the declared rate, where they were not followed.
    """

    timeline: Timeline
    first_stamp_ns: int = 0
    holes: tuple[Hole, ...] = ()
    overlaps: tuple[Hole, ...] = ()
    disbelieved_ppm: float = 0.0


def audio_times(table: PacketTable, index: AudioIndex) -> AudioTimes:
    """Each sample's instant by the packets' stamps.

    A hole is a jump of the stamps by more than half a packet between all of the next few
    packets and all of the last few. Within a piece the declared rate holds, unless the stamps drift away
    from it steadily: then the stamps' own rate does, as the recorder's clock ran so.

    Notes
    -----
    When it fails: stamps that jitter by more than half a packet hide holes of that size.
    """
    used = np.flatnonzero((index.length > 0) & (table.stamp != ABSENT))
    if not used.size:
        return AudioTimes(RegularTimeline(0, Fraction(index.rate_hz), len(index)))
    first = index.first[used]
    stamps_ns = _kept_stamps_ns(table, index, used)
    lead_ns = stamps_ns - _sample_ns(first, index.rate_hz)
    jumps = _jumps(lead_ns, index.length[used] * NS_PER_S // index.rate_hz)
    holes = tuple(Hole(int(first[at]), length) for at, length in jumps if length > 0)
    overlaps = tuple(Hole(int(first[at]), length) for at, length in jumps if length < 0)
    tick_ns = -(-table.time_base.numerator * NS_PER_S // table.time_base.denominator)
    cuts = [0, *(int(np.searchsorted(first, hole.at)) for hole in holes), used.size]
    pieces: list[RegularTimeline] = []
    for start, stop in pairwise(cuts):
        total = len(index) if stop == used.size else int(first[stop])
        begin = 0 if start == 0 else int(first[start])
        pieces.append(_piece(lead_ns[start:stop], first[start:stop], (begin, total), (index.rate_hz, tick_ns)))
    ppm = _drift_ppm(lead_ns, first, index.rate_hz)
    return AudioTimes(
        pieces[0] if len(pieces) == 1 else PiecewiseTimeline(tuple(_in_order(pieces))),
        int(stamps_ns[0]),
        holes,
        overlaps,
        ppm if not holes and abs(ppm) > _DRIFT_PPM_LIMIT else 0.0,
    )


def _kept_stamps_ns(table: PacketTable, index: AudioIndex, used: Int64Array) -> Int64Array:
    """The instant of the first kept sample of each of the ``used`` packets."""
    stamps_ns = table.to_ns(table.stamp[used])
    for at in np.flatnonzero(index.front[used]):
        exact = int(table.stamp[used[at]]) * table.time_base + Fraction(int(index.front[used[at]]), index.rate_hz)
        stamps_ns[at] = exact * NS_PER_S // 1
    return stamps_ns


def _sample_ns(samples: Int64Array, rate_hz: int) -> Int64Array:
    """When samples would be taken at the declared rate from 0 on."""
    whole, part = np.divmod(samples, rate_hz)
    result: Int64Array = whole * NS_PER_S + part * NS_PER_S // rate_hz
    return result


def _jumps(lead_ns: Int64Array, packet_ns: Int64Array) -> list[tuple[int, int]]:
    """Where stamps leave the line of the samples: packet, and by how much."""
    found = []
    least = np.median(packet_ns) / 2
    for at in (np.flatnonzero(np.abs(np.diff(lead_ns)) > least) + 1).tolist():
        before, after = lead_ns[max(0, at - _NEIGHBOURS) : at], lead_ns[at : at + _NEIGHBOURS]
        ahead, back = after.min() - before.max(), before.min() - after.max()
        if max(ahead, back) > least:
            found.append((at, int(np.median(after) - np.median(before))))
    return found


def _piece(lead_ns: Int64Array, first: Int64Array, samples: tuple[int, int], pace: tuple[int, int]) -> RegularTimeline:
    """The timeline of the samples between two holes, by declared rate and length of a tick."""
    begin, stop = samples
    rate_hz, tick_ns = pace
    rate = _stamped_rate(lead_ns, first, rate_hz)
    if rate == rate_hz:
        disbelieved = abs(_drift_ppm(lead_ns, first, rate_hz)) > _DRIFT_PPM_LIMIT
        lead = int(lead_ns[0]) if disbelieved else _constant(lead_ns, tick_ns)
        start_ns = lead + int(_sample_ns(np.array([begin]), rate_hz)[0])
        return RegularTimeline(start_ns, Fraction(rate_hz), stop - begin)
    since = (first - begin) * NS_PER_S // rate.numerator * rate.denominator
    stamps = lead_ns + _sample_ns(first, rate_hz)
    return RegularTimeline(int(np.median(stamps - since)), rate, stop - begin)


def _constant(lead_ns: Int64Array, tick_ns: int) -> int:
    """The constant behind readings that were rounded to ticks.

    Each reading is within half a tick of it, so it lies half-way between the extremes;
    where they are further apart than rounding explains, their median stands for it.
    """
    low, high = int(lead_ns.min()), int(lead_ns.max())
    if high - low <= tick_ns + 2:
        return low + (high - low) // 2
    return int(np.sort(lead_ns)[(lead_ns.size - 1) // 2])


def _stamped_rate(lead_ns: Int64Array, first: Int64Array, rate_hz: int) -> Fraction:
    """The declared rate, or the one that the stamps follow where they differ steadily."""
    ppm = _drift_ppm(lead_ns, first, rate_hz)
    if ppm == 0 or abs(ppm) > _DRIFT_PPM_LIMIT:
        return Fraction(rate_hz)
    return Fraction(round(rate_hz / (1 + ppm * 1e-6) * 100), 100)


def _drift_ppm(lead_ns: Int64Array, first: Int64Array, rate_hz: int) -> float:
    """How much slower than declared the stamps say that samples came; 0 where that is mere jitter."""
    tenth = max(1, lead_ns.size // 10)
    early, late = slice(0, tenth), slice(lead_ns.size - tenth, lead_ns.size)
    apart_ns = float(np.median(lead_ns[late]) - np.median(lead_ns[early]))
    span_ns = float(np.median(first[late]) - np.median(first[early])) * NS_PER_S / rate_hz
    if lead_ns.size < 2 * _NEIGHBOURS or abs(apart_ns) <= _DRIFT_NS or span_ns <= 0:
        return 0.0
    return apart_ns / span_ns * 1e6


def _in_order(pieces: list[RegularTimeline]) -> list[RegularTimeline]:
    """The pieces, each moved up to where the one before ends if rounding made it start earlier."""
    ordered: list[RegularTimeline] = []
    for piece in pieces:
        if ordered and len(ordered[-1]) and piece.start_ns < ordered[-1].last_ns:
            piece = RegularTimeline(ordered[-1].last_ns, piece.rate_hz, piece.count)
        ordered.append(piece)
    return ordered
