"""Sudden short sounds (claps, slates, knocks, beeps' beginnings) in the power of a high band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

LEAST_RISE_DB = 15.0
"""A clap rises by 20 to 50 dB above what was heard before it; a plosive in near speech by 10 to 20."""
_RISE_S = 0.003
"""From silence to the top: the first wave of a clap takes 1 to 3 ms."""
_GUARD_S = 0.002
_BEFORE_S = 0.06
_APART_S = 0.12
_DECAY_S = 0.25
_LEAST_DECAY_DB = 8.0
_FLOOR_SHARE = 0.3
_FLOOR_S = 2.0


@dataclass(frozen=True, slots=True)
class Impulses:
    """Onsets: their times in seconds from the first frame's centre, float64 (k), and how far each rises, dB."""

    times_s: Float64Array
    rises_db: Float64Array


def find_impulses(power: NDArray[np.float32], rate_hz: float) -> Impulses:
    """The moments at which a sound starts all at once and soon decays.

    Parameters
    ----------
    power
        Mean square of a high band (2 kHz and up), frame by frame, float32 (n).
    rate_hz
        Frames per second; about 1000.

    Returns
    -------
    Impulses
        At the frame's fraction in which half of the rise (in decibels) is passed.

    Notes
    -----
    An impulse is a frame that stands 15 dB above both the loudest of the 60 ms before
    and the background of the seconds around, and whose sound has lost 8 dB a quarter of a
    second later. Clipped sound keeps its onsets. It fails for claps in rooms that ring for
    longer, under loud music, and cannot tell a clap from a dropped spoon: matching must.

    Examples
    --------
    >>> power = np.full(3000, 1e-6, dtype=np.float32)
    >>> power[1500:1530] = 1e-2
    >>> find_impulses(power, 1000.0).times_s.round(3).tolist()
    [1.5]
    """
    if len(power) < 3:
        return Impulses(np.zeros(0), np.zeros(0))
    clean = np.nan_to_num(np.asarray(power, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    loudest = float(clean.max())
    if loudest <= 0:
        return Impulses(np.zeros(0), np.zeros(0))
    level_db = 10.0 * np.log10(clean + loudest * 1e-8)
    above_db = level_db - np.maximum(_loudest_before(level_db, rate_hz), _background(level_db, rate_hz))
    found = []
    for index in _peaks(above_db, round(_APART_S * rate_hz)):
        top = index + int(level_db[index : index + max(2, round(_RISE_S * rate_hz))].argmax())
        later = level_db[top + round(_DECAY_S * rate_hz) :][: round(0.05 * rate_hz) + 1]
        if later.size and level_db[top] - float(np.median(later)) < _LEAST_DECAY_DB:
            continue
        found.append((_half_rise(level_db, top, rate_hz) / rate_hz, float(above_db[index])))
    pairs = np.array(sorted(found), dtype=np.float64).reshape(-1, 2)
    return Impulses(pairs[:, 0], pairs[:, 1])


def _loudest_before(level_db: Float64Array, rate_hz: float) -> Float64Array:
    """For each frame the highest level of the 60 ms that end just before its own rise."""
    reach, guard = max(1, round(_BEFORE_S * rate_hz)), max(1, round((_GUARD_S + _RISE_S) * rate_hz))
    padded = np.concatenate([np.full(reach + guard, level_db[: reach + guard].min()), level_db])
    from scipy.ndimage import maximum_filter1d

    highest = maximum_filter1d(padded, reach, origin=0, mode="nearest")
    start = reach + guard - guard - reach // 2
    before: Float64Array = highest[start : start + level_db.size]
    return before


def _background(level_db: Float64Array, rate_hz: float) -> Float64Array:
    """The level that 70 % of the frames of some seconds around exceed half of, coarsely sampled."""
    step = max(1, round(0.02 * rate_hz))
    blocks = (
        level_db[: level_db.size // step * step].reshape(-1, step).max(axis=1) if level_db.size >= step else level_db
    )
    width = max(3, round(_FLOOR_S * rate_hz / step) | 1)
    from scipy.ndimage import percentile_filter

    floor = percentile_filter(blocks, 100 * _FLOOR_SHARE, size=width, mode="nearest")
    wide: Float64Array = np.repeat(floor, step)[: level_db.size]
    if wide.size < level_db.size:
        wide = np.concatenate([wide, np.full(level_db.size - wide.size, floor[-1])])
    return wide


def _peaks(above_db: Float64Array, apart: int) -> list[int]:
    """Frames that stand out and are the highest within ``apart`` on either side."""
    from scipy.ndimage import maximum_filter1d

    highest = maximum_filter1d(above_db, 2 * apart + 1, mode="nearest")
    where = np.flatnonzero((above_db >= LEAST_RISE_DB) & (above_db == highest))
    kept: list[int] = []
    for index in where.tolist():
        if not kept or index - kept[-1] > apart:
            kept.append(index)
    return kept


def _half_rise(level_db: Float64Array, top: int, rate_hz: float) -> float:
    """The fraction of a frame at which the level passes the middle between what was before and the top."""
    start = max(0, top - round((_RISE_S + _GUARD_S) * rate_hz) - 2)
    low = float(level_db[start : top + 1].min())
    middle = (low + float(level_db[top])) / 2.0
    index = top
    while index > start and level_db[index - 1] > middle:
        index -= 1
    if index == 0 or level_db[index] <= level_db[index - 1]:
        return float(index)
    return index - 1 + float((middle - level_db[index - 1]) / (level_db[index] - level_db[index - 1]))
