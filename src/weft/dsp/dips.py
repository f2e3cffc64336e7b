"""Short dips of a signal below its usual level: blinks in an eyelid's opening."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

SHORTEST_S, LONGEST_S = 0.03, 0.6
"""A blink hides the eye for 0.1 to 0.4 s; what is longer is a closed eye or a lost face."""
_APART_S = 0.15


def short_spans(inside: NDArray[np.bool_], times_s: Float64Array) -> NDArray[np.float64]:
    """Spans in which a condition holds that are as short as a blink: start, stop; shape (k, 2).

    Parameters
    ----------
    inside
        Whether the condition holds, bool (n).
    times_s
        When, increasing, float64 (n). A span reaches half way to the samples beside it.

    Notes
    -----
    Spans less than 0.15 s apart are one; those that touch an end of the list are left out,
    because nobody knows how long they were.

    Examples
    --------
    >>> times = np.arange(20) / 20.0
    >>> short_spans((times >= 0.5) & (times < 0.7), times).round(3).tolist()
    [[0.475, 0.675]]
    """
    if inside.size < 3:
        return np.zeros((0, 2))
    change = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    starts, stops = change[::2], change[1::2]
    whole = (starts > 0) & (stops < inside.size)
    starts, stops = starts[whole], stops[whole]
    spans = np.stack(
        [(times_s[starts - 1] + times_s[starts]) / 2.0, (times_s[stops - 1] + times_s[stops]) / 2.0], axis=1
    )
    joined: list[list[float]] = []
    for start, stop in spans.tolist():
        if joined and start - joined[-1][1] < _APART_S:
            joined[-1][1] = stop
        else:
            joined.append([start, stop])
    made = np.array(joined, dtype=np.float64).reshape(-1, 2)
    length = made[:, 1] - made[:, 0]
    return made[(length >= SHORTEST_S) & (length <= LONGEST_S)]


def find_dips(values: Float64Array, times_s: Float64Array) -> Float64Array:
    """The middles of short dips below half of the way from the usual level to the lowest, seconds, float64 (k).

    Parameters
    ----------
    values
        An eyelid's opening (or the negative of a closing's strength), float (n); what is no
        number belongs to no dip.
    times_s
        Seconds, increasing, float64 (n).

    Notes
    -----
    The usual level is the median of 10 s around, the lowest that of the deepest samples of
    all. It fails for an eye that is closed half of the time.

    Examples
    --------
    >>> times = np.arange(300) / 30.0
    >>> opening = 1.0 - np.exp(-(((times - 5.0) / 0.08) ** 2))
    >>> find_dips(opening, times).round(2).tolist()
    [5.0]
    """
    known = np.isfinite(values)
    if np.count_nonzero(known) < 10:
        return np.zeros(0)
    seen, at = values[known], times_s[known]
    from scipy.ndimage import median_filter

    width = int(np.clip(10.0 / max(float(np.median(np.diff(at))), 1e-6), 5, 2001)) | 1
    below = seen - median_filter(seen, min(width, seen.size), mode="nearest")
    lowest = float(np.percentile(below, 0.3))
    noise = 1.4826 * float(np.median(np.abs(below)))
    if not lowest < -max(5.0 * noise, 1e-9):
        return np.zeros(0)
    middles: Float64Array = short_spans(below < lowest / 2.0, at).mean(axis=1)
    return middles
