"""A stream whose device clock was set to another reading while it was recorded.

The recorder measured, every few seconds, how far the device's clock was from its own
(XDF clock offsets). When the device restarts, its readings jump by as much as the offsets
jump the other way, and their sum, the recorder's time, goes on as before::

    device stamps      653150 ... 653561 |    104 ...    262
    measured offsets  -652340 ...-652340 |  +1121 ...  +1121
    sum (recorder)        810 ...   1221 |   1225 ...   1383

Unfolding adds the jump of the offsets to everything after it, so that stamps keep
growing and the offsets carry on where they were; ``weft.core.Clock.resets`` keeps the
constant, and what the device showed can be asked for at any time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from weft.core import NS_PER_S, Reset
from weft.core.times import Int64Array

RESET_STEP_NS = NS_PER_S // 2
"""A smaller step of the offsets is a late answer, not a restart; the solver copes with it."""

TOLERANCE_S = 1.0
"""How far outside its span a stamp may lie and still belong to it (delays on the network)."""


@dataclass(frozen=True, eq=False)
class Unfolded:
    """Stamps and clock offsets with the clock's resets undone.

    ``stamps_ns`` (n) are in the order of recording and may still run backwards by a
    little; ``times_ns`` and ``offsets_ns`` (m) are the measured relations, increasing.
    ``measured`` tells, for each reset, whether the offsets showed how far the clock was set.
    """

    stamps_ns: Int64Array
    times_ns: Int64Array
    offsets_ns: Int64Array
    resets: tuple[Reset, ...]
    measured: tuple[bool, ...]


def unfold(stamps_ns: Int64Array, times_ns: Int64Array, offsets_ns: Int64Array) -> Unfolded:
    """Stamps and offsets with the clock's resets undone.

    Parameters
    ----------
    stamps_ns
        What the device showed at each sample, int64 (n), in the order of recording.
    times_ns, offsets_ns
        What the device showed at each measurement, and recorder minus device, int64 (m).

    Notes
    -----
    A reset between two measurements is placed where the stamps agree best with the
    recorder's time on either side. When samples went backwards by more than a second and
    no offsets tell by how much the clock was set, the stream is continued after one usual
    step: order is kept, and the length of the break is unknown.
    """
    breaks = _breaks(times_ns, offsets_ns)
    parts = np.split(np.arange(times_ns.size), breaks)
    cuts = _sample_cuts(stamps_ns, times_ns, offsets_ns, parts)
    shifts_ns = [0] + [int(offsets_ns[k] - offsets_ns[k - 1]) for k in breaks]
    pieces = [
        (stamps, times_ns[part], offsets_ns[part], shift, True)
        for stamps, part, shift in zip(np.split(stamps_ns, cuts), parts, shifts_ns, strict=True)
    ]
    if len(pieces) == 1 and times_ns.size < 2:
        pieces = _split_unmeasured(stamps_ns, times_ns, offsets_ns)
    return _joined(pieces)


_Piece = tuple[Int64Array, Int64Array, Int64Array, int, bool]


def _joined(pieces: list[_Piece]) -> Unfolded:
    """The pieces behind one another; a shift grows where the next one would begin too early."""
    stamps, times, offsets, resets, measured = [], [], [], [], []
    shift_ns, last_ns = 0, None
    for piece_stamps, piece_times, piece_offsets, step_ns, is_measured in pieces:
        shift_ns += step_ns
        readings = np.concatenate([piece_stamps, piece_times])
        if last_ns is not None and readings.size:
            first_ns = int(readings.min()) + shift_ns
            shift_ns += max(0, last_ns + 1 - first_ns)
            resets.append(Reset(at_ns=int(readings.min()) + shift_ns, shift_ns=shift_ns))
            measured.append(is_measured)
        if readings.size:
            last_ns = int(readings.max()) + shift_ns
        stamps.append(piece_stamps + shift_ns)
        order = np.argsort(piece_times, kind="stable")
        order = order[np.diff(piece_times[order], prepend=np.iinfo(np.int64).min // 2) > 0]
        times.append(piece_times[order] + shift_ns)
        offsets.append(piece_offsets[order] - shift_ns)
    return Unfolded(
        np.concatenate(stamps), np.concatenate(times), np.concatenate(offsets), tuple(resets), tuple(measured)
    )


def _breaks(times_ns: Int64Array, offsets_ns: Int64Array) -> list[int]:
    """The measurements that are the first after a reset."""
    if times_ns.size < 2:
        return []
    steps, pauses = np.diff(offsets_ns), np.diff(times_ns)
    usual_ns = float(np.median(pauses))
    return [
        int(k) + 1
        for k in np.flatnonzero(np.abs(steps) > RESET_STEP_NS)
        if _persists(offsets_ns, int(k)) and _stamps_jump_too(offsets_ns, pauses, usual_ns, int(k))
    ]


def _persists(offsets_ns: Int64Array, k: int) -> bool:
    """Whether the neighbours on both sides agree that the offset changed for good after ``k``."""
    before, after = int(offsets_ns[k]), int(offsets_ns[k + 1])
    half = abs(after - before) / 2
    left_agrees = k == 0 or abs(int(offsets_ns[k - 1]) - before) < half
    right_agrees = k + 2 >= offsets_ns.size or abs(int(offsets_ns[k + 2]) - after) < half
    return left_agrees and right_agrees


def _stamps_jump_too(offsets_ns: Int64Array, pauses: Int64Array, usual_ns: float, k: int) -> bool:
    """Whether the device's own reading jumped the other way; one late answer does not do that."""
    step = int(offsets_ns[k + 1]) - int(offsets_ns[k])
    has_company = k >= 1 and k + 2 < offsets_ns.size
    return has_company or pauses[k] < 0 or abs(float(pauses[k]) - usual_ns + step) < abs(step) / 2


def _sample_cuts(
    stamps_ns: Int64Array, times_ns: Int64Array, offsets_ns: Int64Array, parts: list[Int64Array]
) -> list[int]:
    """The samples that are the first after each reset: the cheapest way through the parts in their order.

    A sample costs 1 in a part during which its recorder time cannot have been, and every
    step from a sample to the next costs up to a half, the more the less usual it is: one
    long pause is likelier than two.
    """
    if len(parts) == 1 or not stamps_ns.size:
        return [0] * (len(parts) - 1)
    recorder_s = [_recorder_s(stamps_ns, times_ns[part], offsets_ns[part]) for part in parts]
    usual_s = float(np.median(np.diff(recorder_s[0]))) if stamps_ns.size > 1 else 0.0
    sums, inner = [], []
    for seconds, (low, high) in zip(recorder_s, _spans_s(times_ns, offsets_ns, parts), strict=True):
        inner.append(_step_costs(seconds, seconds, usual_s))
        cost = ((seconds < low) | (seconds > high)) + inner[-1][:-1]
        sums.append(np.concatenate([[0.0], np.cumsum(cost)]))
    best, starts, previous = [sums[0]], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for part in range(1, len(parts)):
        # A part without samples is passed over: any earlier one may be the neighbour.
        ways = np.stack([best[h] + _step_costs(recorder_s[h], recorder_s[part], usual_s) for h in range(part)])
        entry = ways.min(axis=0) - inner[part] - sums[part]
        lowest = np.minimum.accumulate(entry)
        previous.append(ways.argmin(axis=0))
        starts.append(np.maximum.accumulate(np.where(entry <= lowest, np.arange(entry.size), 0)))
        best.append(np.concatenate([[np.inf], lowest[:-1] + sums[part][1:]]))
    return _walk_back(int(np.argmin([costs[-1] for costs in best])), starts, previous, stamps_ns.size)


def _walk_back(part: int, starts: list[Int64Array], previous: list[Int64Array], count: int) -> list[int]:
    """The cuts in front of each part but the first, from the part that ends the cheapest way."""
    cuts = [count] * (len(starts) - 1)
    at = count
    while part > 0:
        at = int(starts[part][at - 1])
        before = int(previous[part][at])
        cuts[before:part] = [at] * (part - before)
        part = before
    return cuts


def _recorder_s(stamps_ns: Int64Array, times_ns: Int64Array, offsets_ns: Int64Array) -> np.ndarray:
    """The recorder's time of every stamp if it belonged to one part, in seconds."""
    order = np.argsort(times_ns, kind="stable")
    origin = int(times_ns[order[0]])
    offsets = np.interp((stamps_ns - origin).astype(float), (times_ns[order] - origin).astype(float), offsets_ns[order])
    seconds: np.ndarray = (stamps_ns + offsets) / NS_PER_S
    return seconds


def _spans_s(times_ns: Int64Array, offsets_ns: Int64Array, parts: list[Int64Array]) -> list[tuple[float, float]]:
    """Between which recorder times each part may have samples."""
    recorder_s = (times_ns + offsets_ns) / NS_PER_S
    lows = [-np.inf] + [float(recorder_s[part[-1]]) - TOLERANCE_S for part in parts[:-1]]
    highs = [float(recorder_s[part[0]]) + TOLERANCE_S for part in parts[1:]] + [np.inf]
    return list(zip(lows, highs, strict=True))


def _step_costs(before_s: np.ndarray, after_s: np.ndarray, usual_s: float) -> np.ndarray:
    """What the step onto each sample costs, 0..0.5; the first sample and the end of the stream cost none."""
    unusual = np.abs(after_s[1:] - before_s[:-1] - usual_s)
    return np.concatenate([[0.0], 0.5 * unusual / (TOLERANCE_S + unusual), [0.0]])


def _split_unmeasured(stamps_ns: Int64Array, times_ns: Int64Array, offsets_ns: Int64Array) -> list[_Piece]:
    """The stream cut where it went back for good and no offsets tell by how much."""
    steps = np.diff(stamps_ns)
    later = np.maximum.accumulate(steps[::-1])[::-1]
    largest_later = np.append(later[1:], np.iinfo(np.int64).min) if steps.size else steps
    back = (np.flatnonzero((steps < -NS_PER_S) & (largest_later <= -steps // 2)) + 1).tolist()
    usual_ns = max(1, int(np.median(steps))) if steps.size else 1
    nothing = times_ns[:0]
    pieces: list[_Piece] = []
    for number, part in enumerate(np.split(stamps_ns, back)):
        step_ns = int(stamps_ns[back[number - 1] - 1] - part[0]) + usual_ns if number else 0
        first = number == 0
        pieces.append((part, times_ns if first else nothing, offsets_ns if first else nothing, step_ns, False))
    return pieces
