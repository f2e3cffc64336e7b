"""Which events of one list are which of another: one to one, with gaps, extras, an offset and a drift.

The search has three steps. Differences of all pairs of events pile up at the true offset,
for each of a few drifts; the highest piles are refined by pairing nearest events and
fitting a robust line with a tolerance that shrinks; each refined reading is then judged by
what it explains::

    first    |    |  |        |   x     |
    second  +  |    |  |  x     |         |        x: no partner
              `--'same offset, slowly growing`--'

A reading is worth the agreement of *intervals*, each against how common such an interval
is in the lists themselves. Pulses that come every second agree at every second and are
worth nothing; a gap, an irregular rhythm or a code is worth much. Events without a partner
cost, and so does every offset and drift that could have been tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from weft.dsp.event_information import pattern_information
from weft.dsp.robust_line import fit_robust_line

Float64Array = NDArray[np.float64]
IntArray = NDArray[np.intp]

LARGEST_DRIFT = 300e-6
"""Three times what a poor oscillator does."""

_TOLERANCE_SDS = 3.5
_MOST_PAIRS = 1_000_000
"""Longer lists are searched by a stretch from the middle of the first."""
_MOST_DRIFTS = 41
_PILES_PER_DRIFT = 12
_READINGS = 40
_JUDGED = 16
_LEAST_TOLERANCE_S = 1e-6
_ROUNDS = 18
"""Enough to halve the widest tolerance down to a millisecond and settle."""
_SAME_TOLERANCES = 3.0
"""Readings nearer to each other than so many tolerances are one."""
_MOST_ALTERNATIVES = 8
_LEAST_WEIGHT = 0.01
_RHYTHM_SHARE = 0.6
"""Readings with fewer pairs than this share of the most are no rivals of a rhythm."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to lay two lists over each other: ``second = first + offset_s + drift * (first - middle_s)``.

    ``first`` and ``second`` are the indices of the pairs; ``information`` is in nats, after
    the cost of the search: chance reaches ``x`` with a probability of about ``exp(-x)``.
    """

    offset_s: float
    drift: float
    middle_s: float
    first: IntArray
    second: IntArray
    information: float


@dataclass(frozen=True, slots=True)
class EventMatch:
    """The best reading and its rivals.

    Parameters
    ----------
    best
        The reading with the most information; where none has any, the one with the most pairs.
    alternatives
        Other readings as pairs of how much larger their offset is, seconds, and their
        likelihood as a share of the best one's, 0..1; only those above 1 %.
    margin
        Information of the best minus that of the next, nats; infinite where there is no other.
    """

    best: Reading
    alternatives: tuple[tuple[float, float], ...]
    margin: float


def match_events(
    first_s: Float64Array,
    second_s: Float64Array,
    *,
    sd_s: float,
    search_s: tuple[float, float] | None = None,
    largest_drift: float = LARGEST_DRIFT,
) -> EventMatch | None:
    """The pairs of two event lists and the clock relation that they agree on.

    Parameters
    ----------
    first_s, second_s
        Times of events, seconds, increasing, each on its own clock; shapes (n) and (m).
    sd_s
        Standard deviation of the difference of two times of one event, positive.
    search_s
        Between which offsets (second minus first) to look; everywhere by default.
    largest_drift
        Drifts beyond it are not considered.

    Returns
    -------
    EventMatch or None
        ``None`` where no two events can be paired within the search.

    Raises
    ------
    ValueError
        If ``sd_s`` is not positive, or times are not finite or not increasing.

    Notes
    -----
    The coarse search counts pairwise differences; the task is that of C. Schranz, S. Mayr et al.,
    "Nearest advocate", EURASIP J. Adv. Signal Process. 2024, 46, which finds an offset without
    drift and without a verdict. The judgement by intervals is our own. It fails where events are
    denser than the tolerance of 3.5 standard deviations, and where lists share less than
    about a third of their events unless they are long. Lists with a jump between them give
    the reading of the longer side.

    Examples
    --------
    >>> import numpy as np
    >>> ours = np.array([1.0, 2.5, 3.1, 6.0, 7.7, 9.2, 13.0, 14.1])
    >>> theirs = np.delete(ours, 3) + 20.0
    >>> match = match_events(ours, theirs, sd_s=0.002)
    >>> round(float(match.best.offset_s), 3), len(match.best.first), match.best.information > 10
    (20.0, 7, True)
    """
    first, second = _checked(first_s), _checked(second_s)
    if not sd_s > 0:
        raise ValueError(f"the standard deviation of events must be positive, found {sd_s!r} s")
    if not first.size or not second.size:
        return None
    readings = _readings(first, second, sd_s, search_s, largest_drift)
    if not readings:
        return None
    if readings[0].information < 0:
        # Nothing tells readings apart: a rhythm that fits at many places shows by its pairs.
        readings.sort(key=lambda one: -one.first.size)
        readings = [one for one in readings if one.first.size >= _RHYTHM_SHARE * readings[0].first.size]
    best = readings[0]
    rivals = [one for one in readings[1:] if abs(_gap(one, best)) > _SAME_TOLERANCES * _tolerance(sd_s)]
    weights = [(_gap(one, best), float(np.exp(min(0.0, one.information - best.information)))) for one in rivals]
    told = tuple(pair for pair in weights if pair[1] >= _LEAST_WEIGHT)[:_MOST_ALTERNATIVES]
    margin = best.information - rivals[0].information if rivals else float("inf")
    return EventMatch(best, told, margin)


def _checked(times_s: Float64Array) -> Float64Array:
    """Times as floats, refused where they are no increasing list."""
    times = np.asarray(times_s, dtype=np.float64).ravel()
    if not np.all(np.isfinite(times)):
        raise ValueError(f"event times must be finite, found {int(np.count_nonzero(~np.isfinite(times)))} that are not")
    if np.any(np.diff(times) < 0):
        raise ValueError("event times must not decrease; sort them first")
    return times


def _tolerance(sd_s: float) -> float:
    """How far two times of one event may lie apart."""
    return max(_LEAST_TOLERANCE_S, _TOLERANCE_SDS * sd_s)


def _gap(one: Reading, other: Reading) -> float:
    """How much larger one reading's offset is in the middle of the other's pairs."""
    return one.offset_s + one.drift * (other.middle_s - one.middle_s) - other.offset_s


def _readings(
    first: Float64Array, second: Float64Array, sd_s: float, search_s: tuple[float, float] | None, largest: float
) -> list[Reading]:
    """Refined readings, the most telling first, each offset once; only the most surprising are judged."""
    tolerance = _tolerance(sd_s)
    middle = float(np.median(first))
    tried: list[Reading] = []
    for _, offset, drift, width in _piles(first, second, middle, tolerance, search_s, largest):
        reading = _refined(first, second, sd_s, (offset, drift, middle), width, largest)
        if reading is not None and (search_s is None or search_s[0] <= reading.offset_s <= search_s[1]):
            tried.append(reading)
    tried.sort(key=lambda one: -one.information)
    kept: list[Reading] = []
    for one in tried:
        if all(abs(_gap(one, other)) > tolerance for other in kept):
            kept.append(one)
        if len(kept) == _JUDGED:
            break
    judged = [_judged(first, second, one, sd_s, largest) for one in kept]
    return sorted(judged, key=lambda one: -one.information)


def _judged(first: Float64Array, second: Float64Array, reading: Reading, sd_s: float, largest: float) -> Reading:
    """The reading with what its pattern is worth instead of how many pairs more than chance it has."""
    line = (reading.offset_s, reading.drift, reading.middle_s)
    information = pattern_information(
        first, second, pairs=(reading.first, reading.second), line=line, sd_s=sd_s, largest_drift=largest
    )
    return replace(reading, information=information)


def _surplus(first: Float64Array, second: Float64Array, offset: float, pairs: int, tolerance: float) -> float:
    """How surprising a number of pairs is for lists of that density, nats."""
    overlap = min(second[-1], first[-1] + offset) - max(second[0], first[0] + offset) + 2.0 * tolerance
    spans = (float(np.ptp(first)) + tolerance, float(np.ptp(second)) + tolerance)
    expected = first.size * second.size * 2.0 * tolerance * max(overlap, tolerance) / (spans[0] * spans[1])
    return float(pairs * np.log(pairs / expected) - pairs + expected)


def _piles(
    first: Float64Array,
    second: Float64Array,
    middle: float,
    tolerance: float,
    search_s: tuple[float, float] | None,
    largest: float,
) -> list[tuple[float, float, float, float]]:
    """Where differences pile up: (gain, offset at the middle, drift, width), the most surprising first."""
    part = _stretch(first, max(8, _MOST_PAIRS // second.size))
    span = float(np.ptp(part))
    wanted = int(np.ceil(2.0 * largest * span / (2.0 * tolerance))) + 1
    count = int(np.clip(wanted | 1, 1, _MOST_DRIFTS if part.size * second.size < _MOST_PAIRS // 5 else 21))
    width = max(2.0 * tolerance, 2.0 * largest * span / count)
    drifts = np.linspace(-largest, largest, count) if count > 1 else np.zeros(1)
    differences = (second[None, :] - part[:, None]).ravel()
    from_middle = np.repeat(part - middle, second.size)
    if search_s is not None:
        near = (differences > search_s[0] - width) & (differences < search_s[1] + width)
        differences, from_middle = differences[near], from_middle[near]
    found = []
    for drift in drifts:
        offsets = np.sort(differences - drift * from_middle)
        found += [(gain, at, float(drift), width) for gain, at in _highest(offsets, part, second, width)]
    found.sort(key=lambda pile: -pile[0])
    kept: list[tuple[float, float, float, float]] = []
    for pile in found:
        # Neighbouring drifts pile up the same pairs; the fit finds the drift between them.
        if all(abs(pile[1] - other[1]) > width / 2.0 for other in kept):
            kept.append(pile)
        if len(kept) == _READINGS:
            break
    return kept


def _stretch(times: Float64Array, most: int) -> Float64Array:
    """At most so many events from the middle of a list."""
    extra = max(0, times.size - most)
    return times[extra // 2 : times.size - (extra - extra // 2)]


def _highest(
    offsets: Float64Array, first: Float64Array, second: Float64Array, width: float
) -> list[tuple[float, float]]:
    """The most surprising piles of sorted offsets: (gain, middle)."""
    if not offsets.size:
        return []
    stops = np.searchsorted(offsets, offsets + width, side="right")
    counts = (stops - np.arange(offsets.size)).astype(np.float64)
    overlap = np.minimum(second[-1], first[-1] + offsets) - np.maximum(second[0], first[0] + offsets)
    spans = (max(np.ptp(first), width), max(np.ptp(second), width))
    expected = first.size * second.size * width * np.maximum(overlap, width) / (spans[0] * spans[1])
    gains = np.where(counts > expected, counts * np.log(counts / expected) - counts + expected, 0.0)
    found: list[tuple[float, float]] = []
    for index in np.argsort(-gains, kind="stable")[: 40 * _PILES_PER_DRIFT]:
        at = float(np.median(offsets[index : stops[index]]))
        if all(abs(at - other) > width for _, other in found):
            found.append((float(gains[index]), at))
        if len(found) == _PILES_PER_DRIFT:
            break
    return found


def _refined(
    first: Float64Array,
    second: Float64Array,
    sd_s: float,
    line: tuple[float, float, float],
    width: float,
    largest: float,
) -> Reading | None:
    """A pile's line, fitted to nearest pairs while the tolerance shrinks to what the events' errors allow."""
    offset, drift, middle = line
    tolerance = max(width, _tolerance(sd_s))
    ours = theirs = np.zeros(0, dtype=np.intp)
    for _ in range(_ROUNDS):
        placed = first + offset + drift * (first - middle)
        ours, theirs = nearest_pairs(placed, second, tolerance)
        if not ours.size:
            return None
        gaps = second[theirs] - first[ours]
        before = (offset, drift)
        fitted = fit_robust_line(first[ours], gaps, np.full(ours.size, sd_s), largest_slope=largest)
        middle, offset, drift = fitted.middle, fitted.intercept, fitted.slope
        if tolerance <= _tolerance(sd_s) and (offset, drift) == before:
            break
        tolerance = max(_tolerance(sd_s), tolerance / 2.0)
    surplus = _surplus(first, second, offset, ours.size, _tolerance(sd_s))
    return Reading(offset, drift, middle, ours, theirs, surplus)


def nearest_pairs(first: Float64Array, second: Float64Array, tolerance: float) -> tuple[IntArray, IntArray]:
    """Indices of events that are each other's nearest and at most ``tolerance`` apart; sorted lists of one clock.

    Examples
    --------
    >>> ours, theirs = nearest_pairs(np.array([1.0, 2.0, 2.05]), np.array([2.04, 5.0]), 0.1)
    >>> ours.tolist(), theirs.tolist()
    ([2], [0])
    """
    to_second = _nearest(first, second)
    to_first = _nearest(second, first)
    own = np.arange(first.size)
    good = (to_first[to_second] == own) & (np.abs(second[to_second] - first) <= tolerance)
    return own[good], to_second[good]


def _nearest(times: Float64Array, among: Float64Array) -> IntArray:
    """For each time the index of the nearest of others."""
    after = np.clip(np.searchsorted(among, times), 0, among.size - 1)
    before = np.maximum(after - 1, 0)
    nearer: IntArray = np.where(np.abs(among[before] - times) <= np.abs(among[after] - times), before, after)
    return nearer
