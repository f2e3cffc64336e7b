"""Which sample of a regular device each stamp belongs to, lost ones counted.

A device samples at a steady rate, but stamps are late by a latency that changes, come in chunks
and are rounded. Measured in periods, a stamp's *lateness* ``t / period - index`` then scatters
around a level, and every lost sample lifts the level by exactly one for good::

    lateness   .:. :.'..:.'|                     late stamps catch up again,
                           | .':..'..:.          lost samples do not
    lost       0 0 0 0 0 0 | 3 3 3 3 3 3

So a loss is told by levels on both sides, over as many samples as the scatter asks for, and never
by the length of one interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST_WINDOW = 8
"""Samples that a level needs at least."""

FEW = 16
"""Windows up to here are judged stamp by stamp, longer ones by a low quantile."""

LEVEL_QUANTILE = 0.25
"""Half as uncertain as the median for latencies with a long tail, and hardly more so for normal errors."""

_LOCAL = 9
"""Neighbouring windows whose median step is the drift there, not a loss."""

CLEAR_FRACTION = 0.2
"""Levels are clear when nearly all of them differ by whole periods to within this much of one."""

NEARLY_CLEAR = 0.3
"""What will do where no window is clear: a loss lifts the level by three times as much."""

SHORT = 512
"""Windows up to here may lie within a few chunks, and over four of them no quartz drifts by a period."""

SIGNIFICANT = 6.0
"""Standard deviations of the rises by which a rise stands out."""

MANY = 64
"""Levels of which the 97th percentile means something."""

STEP = 0.6
"""A level that is higher by less than this many periods is no lost sample."""

INCOHERENT = 0.3
"""Levels that differ by this much from whole periods: the device did not keep its rhythm, but began anew."""

LONGEST_KEPT_S = 10.0
"""Over a longer pause nobody knows the rate well enough to count on."""

_ROUNDS = 12
_SLOW_BLOCKS = 0.6
_SOME_BLOCKS = 16


@dataclass(frozen=True, eq=False)
class SampleCounts:
    """The number of each sample, from 0, lost ones counted too.

    ``index`` is int64 (n), increasing; ``period_ns`` one step of it. ``anew`` lists the samples that begin
    a run with a rhythm of its own, 0 first; ``window`` is over how many samples a level was taken.
    """

    index: NDArray[np.int64]
    period_ns: float
    anew: tuple[int, ...]
    window: int

    @property
    def after_loss(self) -> NDArray[np.int64]:
        """The samples that are the first after a loss or a new beginning, int64, 0 not among them."""
        skipped = np.diff(self.index) > 1
        skipped[np.array(self.anew[1:], dtype=np.int64) - 1] = True
        return np.flatnonzero(skipped).astype(np.int64) + 1


def count_samples(times_ns: NDArray[np.int64], *, nominal_period_ns: float = 0.0) -> SampleCounts | None:
    """The number of each sample of a regular device, or ``None`` where its stamps do not show a rhythm.

    Parameters
    ----------
    times_ns
        Stamps in the order in which the samples were taken, int64 (n); they may run backwards by jitter.
    nominal_period_ns
        What the device declares; a first guess where stamps come in chunks that share one, else 0.

    Notes
    -----
    Works while the device samples on through a loss, which leaves whole periods. When it fails: losses closer
    together than the scatter can tell apart are counted as one, and a stall whose latency stays for as
    long as a window is taken for lost samples.

    Examples
    --------
    >>> import numpy as np
    >>> times_ns = np.delete(np.arange(100) * 10, [40, 41])
    >>> counts = count_samples(times_ns)
    >>> counts.after_loss.tolist(), int(counts.index[-1])
    ([40], 99)
    """
    count = times_ns.size
    if count < 2 * LEAST_WINDOW:
        return None
    since = (times_ns - times_ns[0]).astype(np.float64)
    period = _first_period(since, nominal_period_ns)
    if not period > 0:
        return None
    chosen = _clear_window(since, period)
    if chosen is None:
        return None
    period, window = chosen
    lateness = since / period - np.arange(count)
    lost, anew = _few(lateness, window) if window <= FEW else _many(lateness, window)
    long = LONGEST_KEPT_S * 1e9 / period
    anew |= {int(at) for at in np.flatnonzero(np.diff(lost) > long) + 1}
    return SampleCounts(np.arange(count) + lost, period, (0, *sorted(anew)), window)


def _clear_window(since: Floats, period: float) -> tuple[float, int] | None:
    """The period, and over how many samples levels are clear; ``None`` where they never are.

    Where many windows fit, nearly clear ones are better than a few long ones that are clear by luck.
    """
    tried: list[tuple[float, float, int]] = []
    window = LEAST_WINDOW
    while window <= max(LEAST_WINDOW, since.size // 4):
        if since.size // window < _SOME_BLOCKS and tried and min(tried)[0] < NEARLY_CLEAR:
            break
        period, unclear = _refined(since, period, window)
        if unclear < NEARLY_CLEAR and _stays_clear(since, period, window):
            if unclear < CLEAR_FRACTION:
                return period, window
            tried.append((unclear, period, window))
        window *= 2
    return min(tried)[1:] if tried else None


def _first_period(since: Floats, nominal: float) -> float:
    """The median step over as few samples as show one to within 2 %; the nominal one where none does."""
    for lag in (1, 8, 64, 512):
        if lag >= since.size // 2:
            break
        steps = (since[lag:] - since[:-lag]) / lag
        period = float(np.median(steps))
        usual = nominal <= 0 or abs(period / nominal - 1.0) < 0.2
        if period > 0 and usual and float(np.median(np.abs(steps - period))) < 0.02 * period:
            return period
    return nominal if nominal > 0 else float(np.median(np.diff(since)))


def _running_median(values: Floats, width: int) -> Floats:
    """The median of ``width`` neighbours of each value; loads scipy's filters, which take a third of a second, late."""
    from scipy.ndimage import median_filter

    medians: Floats = median_filter(values, size=width, mode="nearest")
    return medians


def _refined(since: Floats, period: float, window: int) -> tuple[float, float]:
    """A better period from levels ``window`` samples apart, and how far the levels are from whole periods."""
    blocks = since.size // window
    if blocks < 2:
        return period, 1.0
    for _ in range(3):
        lateness = since[: blocks * window] / period - np.arange(blocks * window)
        steps = np.diff(_levels(lateness.reshape(blocks, window)))
        usual = float(np.median(steps))
        if np.mean(np.abs(steps - usual) < 0.5) < _SLOW_BLOCKS:
            break
        period *= 1.0 + usual / window
    steps = steps - _running_median(steps, _LOCAL)
    return period, _unclear(steps, window)


def _unclear(steps: Floats, window: int) -> float:
    """How far nearly all steps between levels are from whole periods."""
    fractions = np.abs(steps - np.rint(steps))
    # Of few levels the largest fraction says little; what nearly all of many keep to, twice the usual one keeps to.
    if fractions.size < MANY:
        return 2.0 * float(np.sqrt(np.mean(fractions**2)))
    # Some long windows hold a loss inside, and their levels lie in between; the usual one tells the scatter.
    return float(np.quantile(fractions, 0.97)) if window <= FEW else 3.0 * float(np.median(fractions))


def _stays_clear(since: Floats, period: float, window: int) -> bool:
    """Whether levels eight times as long are clear too; inside one chunk all levels are alike and say nothing."""
    longer = 8 * window
    if since.size // longer < 2 * _LOCAL:
        return True
    blocks = since.size // longer
    lateness = since[: blocks * longer] / period - np.arange(blocks * longer)
    steps = np.diff(_levels(lateness.reshape(blocks, longer)))
    steps = steps - _running_median(steps, _LOCAL)
    return float(np.median(np.abs(steps - np.rint(steps)))) < 0.75 * CLEAR_FRACTION


def _levels(windows: Floats) -> Floats:
    """The level of each window of lateness, (m, window) to (m)."""
    size = windows.shape[1]
    rank = size // 2 if size <= FEW else int(LEVEL_QUANTILE * (size - 1))
    levels: Floats = np.partition(windows, rank, axis=1)[:, rank]
    return levels


def _few(lateness: Floats, window: int) -> tuple[NDArray[np.int64], set[int]]:
    """Samples lost before each one, where single stamps are nearly enough; and which begin anew.

    The least late of the next few stamps is compared with that of the last few: what catches up is not lost.
    """
    lost = np.zeros(lateness.size, dtype=np.int64)
    anew: set[int] = set()
    total, filled = 0, 0
    for before in np.flatnonzero(np.diff(lateness) > 0.5).tolist():
        lost[filled : before + 1] = total
        filled, first = before + 1, max(0, before + 1 - window)
        behind = float(lateness[before + 1 : before + 1 + window].min()) - total
        level = float((lateness[first : before + 1] - lost[first : before + 1]).min())
        missing = behind - level
        if missing < STEP:
            continue
        total += max(1, round(missing))
        if abs(missing - round(missing)) > INCOHERENT:
            anew.add(before + 1)
    lost[filled:] = total
    return lost, anew


def _many(lateness: Floats, window: int) -> tuple[NDArray[np.int64], set[int]]:
    """Samples lost before each one, by levels of long windows; and which begin anew."""
    lost = np.zeros(lateness.size, dtype=np.int64)
    anew: set[int] = set()
    for _ in range(_ROUNDS):
        found = _steps(lateness - lost, window)
        for at, missing in found:
            lost[at:] += max(1, round(missing))
            if abs(missing - round(missing)) > INCOHERENT:
                anew.add(at)
        if not found:
            break
    return lost, anew


def _steps(lateness: Floats, window: int) -> list[tuple[int, float]]:
    """Where levels rise, and by how much, the clearest of every few windows only."""
    hop = window // 8
    views = np.lib.stride_tricks.sliding_window_view(lateness, window)[::hop]
    levels = _levels(views)
    rises = levels[8:] - levels[:-8]
    rises = rises - _running_median(rises, 8 * _LOCAL + 1)
    least = max(STEP, SIGNIFICANT * 1.4826 * float(np.median(np.abs(rises))))
    found, k = [], 0
    while k < rises.size:
        if rises[k] < least:
            k += 1
            continue
        stop = k + int(np.argmax(np.append(rises[k:], 0.0) < least))
        best = k + int(np.argmax(rises[k:stop]))
        step = _placed(lateness, (best + 8) * hop, window, float(rises[best]))
        if window > SHORT or _lasts(lateness, step[0], 4 * window):
            found.append(step)
        k = max(stop, best + 17)
    return found


def _lasts(lateness: Floats, at: int, window: int) -> bool:
    """Whether the level is higher over a longer window too: one late chunk may fill a short one."""
    before, after = lateness[max(0, at - window) : at], lateness[at : at + window]
    return float(_levels(after[None, :])[0] - _levels(before[None, :])[0]) >= STEP


def _placed(lateness: Floats, near: int, window: int, rise: float) -> tuple[int, float]:
    """The sample from which on the higher level explains the stamps better."""
    start, stop = max(0, near - window), min(lateness.size, near + window)
    low = float(np.median(lateness[start : start + window // 2]))
    high = low + rise
    here = lateness[start:stop]
    gain = np.cumsum(np.abs(here - high) - np.abs(here - low))
    return start + int(np.argmax(gain)) + 1, rise
