"""Values between irregular samples, with a mask instead of a guess.

All functions take the samples' instants and the wanted ones in the same unit from the
same origin. A wanted instant has a value only if it falls on a sample, or between two
that are at most ``max_gap`` apart::

    samples     x    x    x              x    x
    wanted    .   .    .    .   .   .  .   .     .
    valid     no yes  yes  no  no  no  no yes    no
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Bracket(NamedTuple):
    """The neighbours of wanted instants: each lies at ``before + share * (after - before)``.

    ``before`` and ``after`` are sample indices, int (m), equal on a sample; ``inside`` is
    false where there is no neighbour on both sides close enough, and the indices mean nothing.
    """

    before: NDArray[np.intp]
    after: NDArray[np.intp]
    share: Floats
    inside: NDArray[np.bool_]


def bracket(times: NDArray[Any], at: NDArray[Any], max_gap: float) -> Bracket:
    """The neighbours of wanted instants.

    Parameters
    ----------
    times
        The samples' instants, (n), never decreasing.
    at
        The wanted instants, (m).
    max_gap
        Neighbours farther apart have a gap between them.

    Examples
    --------
    >>> import numpy as np
    >>> bracket(np.array([0.0, 1.0, 5.0]), np.array([-1.0, 0.25, 3.0, 5.0]), 2.0).inside.tolist()
    [False, True, False, True]
    """
    before = np.searchsorted(times, at, side="right") - 1
    after = np.searchsorted(times, at, side="left")
    inside = (before >= 0) & (after < len(times))
    on_sample = inside & (after <= before)
    after = np.where(on_sample, before, after)
    low, high = np.where(inside, before, 0), np.where(inside, after, 0)
    if not len(times):
        return Bracket(low, high, np.zeros(len(at)), inside)
    width = (times[high] - times[low]).astype(np.float64)
    share = np.divide(at - times[low], width, out=np.zeros(len(at)), where=width > 0)
    return Bracket(low, high, share, inside & (width <= max_gap))


def interpolate_linear(
    times: NDArray[Any], values: NDArray[Any], at: NDArray[Any], *, max_gap: float
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Values on the straight lines between neighbouring samples, channel by channel.

    Parameters
    ----------
    times, at, max_gap
        As for :func:`bracket`.
    values
        Numbers, shape (n, ...); NaN is a missing sample of its channel.

    Returns
    -------
    tuple
        Values, shape (m, ...), float32 or float64, and whether any channel has one, bool (m).
        A channel without a value is NaN where another has one; where none has, all are 0.

    Notes
    -----
    It fails, without a word, when the wanted rate is lower than twice the signal's
    bandwidth: a straight line does not filter, so fast content aliases.

    Examples
    --------
    >>> import numpy as np
    >>> interpolate_linear(np.array([0, 4]), np.array([0.0, 1.0]), np.array([1, 9]), max_gap=5)
    (array([0.25, 0.  ]), array([ True, False]))
    """
    dtype = np.result_type(values.dtype, np.float32)
    columns = values.reshape(len(values), prod(values.shape[1:])).astype(dtype, copy=False)
    found = _lines(times, columns, at, max_gap)
    for column in np.flatnonzero(np.isnan(columns).any(axis=0)):
        finite = ~np.isnan(columns[:, column])
        found[:, column] = _lines(times[finite], columns[finite, column : column + 1], at, max_gap)[:, 0]
    valid = ~np.isnan(found).all(axis=1)
    found[~valid] = 0
    return found.reshape(len(at), *values.shape[1:]), valid


def _lines(times: NDArray[Any], columns: NDArray[Any], at: NDArray[Any], max_gap: float) -> NDArray[Any]:
    """Values on straight lines, (m, c); NaN where there is none."""
    near = bracket(times, at, max_gap)
    found = np.full((len(at), columns.shape[1]), np.nan, dtype=columns.dtype)
    here = near.inside
    low, high = columns[near.before[here]], columns[near.after[here]]
    found[here] = low + near.share[here, None].astype(columns.dtype) * (high - low)
    return found


def interpolate_angle(
    times: NDArray[Any], values: NDArray[Any], at: NDArray[Any], *, max_gap: float, turn: float | Floats = 2.0 * np.pi
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Angles along the shorter way round between neighbouring samples.

    Parameters
    ----------
    times, at, max_gap
        As for :func:`bracket`.
    values
        Angles, shape (n, ...), in any turn; NaN is a missing sample of its channel.
    turn
        What a whole turn is in the values' unit: by default that of radians, 360 for degrees; one number, or one
        for each channel.

    Returns
    -------
    tuple
        Angles in -turn/2..turn/2, shape (m, ...), and whether there is one, bool (m).

    Notes
    -----
    It fails when the angle really turns by more than half a turn between two samples:
    the shorter way is then the wrong one, and no data can tell.

    Examples
    --------
    >>> import numpy as np
    >>> found, _ = interpolate_angle(np.array([0, 2]), np.array([3.0, -3.0]), np.array([1]), max_gap=2)
    >>> abs(found.round(6)).tolist()
    [3.141593]
    """
    dtype = np.result_type(values.dtype, np.float32)
    radians = np.asarray(values, dtype=np.float64) * (2.0 * np.pi / np.asarray(turn, dtype=np.float64))
    columns = radians.reshape(len(radians), prod(radians.shape[1:]))
    for column in range(columns.shape[1]):
        finite = np.isfinite(columns[:, column])
        columns[finite, column] = np.unwrap(columns[finite, column])
        columns[~finite, column] = np.nan
    found, valid = interpolate_linear(times, columns.reshape(radians.shape), at, max_gap=max_gap)
    back = np.arctan2(np.sin(found), np.cos(found)) * (np.asarray(turn, dtype=np.float64) / (2.0 * np.pi))
    return back.astype(dtype), valid


def pick_nearest(
    times: NDArray[Any], at: NDArray[Any], *, max_gap: float, period: float
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The index of the closer sample, the earlier of two that are equally close.

    Parameters
    ----------
    times, at, max_gap
        As for :func:`bracket`.
    period
        A sample also stands for the half period around it, at an end or beside a gap.

    Returns
    -------
    tuple
        Sample indices, int (m), and whether each may be used, bool (m).

    Examples
    --------
    >>> import numpy as np
    >>> pick_nearest(np.array([0, 10, 50]), np.array([4, 14, 30, 54, 56]), max_gap=20, period=10)[1].tolist()
    [True, True, False, True, False]
    """
    if not len(times):
        return np.zeros(len(at), dtype=np.intp), np.zeros(len(at), dtype=np.bool_)
    after = np.clip(np.searchsorted(times, at, side="left"), 0, len(times) - 1)
    before = np.maximum(after - 1, 0)
    index = np.where(np.abs(at - times[before]) <= np.abs(times[after] - at), before, after)
    close = np.abs(times[index] - at) <= period / 2
    return index, close | bracket(times, at, max_gap).inside


def pick_held(
    times: NDArray[Any], at: NDArray[Any], *, max_gap: float, period: float
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The index of the last sample at or before each instant.

    Parameters
    ----------
    times, at, max_gap
        As for :func:`bracket`.
    period
        How long a sample is held when none follows within ``max_gap``.

    Returns
    -------
    tuple
        Sample indices, int (m), and whether each may be used, bool (m).

    Examples
    --------
    >>> import numpy as np
    >>> pick_held(np.array([0, 10, 50]), np.array([-1, 9, 15, 30, 55]), max_gap=20, period=10)[1].tolist()
    [False, True, True, False, True]
    """
    if not len(times):
        return np.zeros(len(at), dtype=np.intp), np.zeros(len(at), dtype=np.bool_)
    before = np.searchsorted(times, at, side="right") - 1
    index = np.maximum(before, 0)
    fresh = (before >= 0) & (at - times[index] < period)
    return index, fresh | bracket(times, at, max_gap).inside
