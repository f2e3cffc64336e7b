"""The values of one stream between its samples, by the stream's own policy."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Interpolation, Modality, RegularTimeline, Stream
from weft.dsp.interpolate import interpolate_angle, interpolate_linear, pick_held, pick_nearest
from weft.dsp.resample import filter_reach, resample_at
from weft.dsp.rotation import interpolate_rotation
from weft.sync.view.rhythm import Rhythm, policy_of

Floats = NDArray[np.float64]
Values = NDArray[Any]
Mask = NDArray[np.bool_]

BLOCK_SAMPLES = 32
"""How many frames are read at once when only some are picked."""

TURNS = {"deg": 360.0, "degree": 360.0, "degrees": 360.0, "°": 360.0, "grad": 400.0, "turn": 1.0, "turns": 1.0}
"""A whole turn by unit; angles without one of these are radians."""

_SMOOTH = {
    Interpolation.LINEAR: interpolate_linear,
    Interpolation.ROTATION: interpolate_rotation,
}
_PICKED = {Interpolation.NEAREST: pick_nearest, Interpolation.HOLD: pick_held}


def values_between(
    stream: Stream, rhythm: Rhythm, samples: tuple[int, int], at_ns: Floats, *, step: float
) -> tuple[Values, Mask]:
    """Values at instants of the stream's clock, and whether there is one.

    Parameters
    ----------
    stream, rhythm
        The stream and what its stamps say.
    samples
        The samples ``start <= i < stop`` that may be used.
    at_ns
        Increasing instants, ns since the stream's first stamp, float64 (m).
    step
        Input samples per output value.

    Returns
    -------
    tuple
        Values, shape (m, ...), 0 or empty where there is none; and a mask, bool (m).
    """
    if not len(at_ns) or samples[0] >= samples[1]:
        return empty_values(stream, len(at_ns)), np.zeros(len(at_ns), dtype=np.bool_)
    policy = policy_of(stream)
    if policy is Interpolation.BAND_LIMITED:
        return _filtered(stream, rhythm, samples, at_ns, step)
    reach_ns = int(np.ceil(max(rhythm.max_gap_ns, rhythm.period_ns))) + 1
    low, high = _bounds(stream, rhythm, at_ns[0] - reach_ns, at_ns[-1] + reach_ns)
    low, high = max(samples[0], low), min(samples[1], high + 1)
    times_ns = _instants(stream, rhythm, low, max(low, high))
    at_ns = _snapped(at_ns, times_ns)
    if policy is Interpolation.ANGLE:
        read = stream.samples.read(low, max(low, high))
        return interpolate_angle(times_ns, read, at_ns, max_gap=rhythm.max_gap_ns, turn=_turns_of(stream))
    if policy in _SMOOTH:
        return _SMOOTH[policy](times_ns, stream.samples.read(low, max(low, high)), at_ns, max_gap=rhythm.max_gap_ns)
    index, valid = _PICKED[policy](times_ns, at_ns, max_gap=rhythm.max_gap_ns, period=rhythm.period_ns)
    return _gathered(stream, index + low, valid), valid


def _turns_of(stream: Stream) -> float | Floats:
    """What a whole turn is in the unit of each channel: radians where the stream names no other."""
    turns = [TURNS.get(unit.strip().lower(), 2.0 * np.pi) for unit in stream.units]
    columns = prod(stream.samples.shape[1:])
    if len(turns) == columns > 0:
        return np.array(turns).reshape(stream.samples.shape[1:]) if stream.samples.shape[1:] else turns[0]
    return turns[0] if turns and len(set(turns)) == 1 else 2.0 * np.pi


def _snapped(at_ns: Floats, times_ns: Floats) -> Floats:
    """Instants with those less than 1 ns beyond the first or last sample moved onto it: a map rounds."""
    if not len(times_ns):
        return at_ns
    inside = np.clip(at_ns, times_ns[0], times_ns[-1])
    return np.where(np.abs(inside - at_ns) <= 1.0, inside, at_ns)


def empty_values(stream: Stream, count: int) -> Values:
    """``count`` values that mean nothing, of the shape that the stream's values have."""
    shape = (count, *(max(0, size) for size in stream.samples.shape[1:]))
    dtype = stream.samples.dtype
    if dtype.kind == "O":
        blank: Any = "" if stream.modality is Modality.TEXT else None
        return np.full(shape, blank, dtype=object)
    if policy_of(stream) not in (Interpolation.NEAREST, Interpolation.HOLD, Interpolation.NONE):
        dtype = np.result_type(dtype, np.float32)
    return np.zeros(shape, dtype=dtype)


def _gathered(stream: Stream, index: NDArray[np.intp], valid: Mask) -> Values:
    """The samples at never decreasing indices, each read once and in order, only those that are needed."""
    values = empty_values(stream, len(index))
    wanted = np.unique(index[valid])
    blocks = np.split(wanted, np.flatnonzero(np.diff(wanted) > 1) + 1) if wanted.size else []
    for block in blocks:
        for start in range(int(block[0]), int(block[-1]) + 1, BLOCK_SAMPLES):
            stop = min(start + BLOCK_SAMPLES, int(block[-1]) + 1)
            here = np.flatnonzero((index >= start) & (index < stop) & valid)
            values[here] = stream.samples.read(start, stop)[index[here] - start]
    return values


def _filtered(
    stream: Stream, rhythm: Rhythm, samples: tuple[int, int], at_ns: Floats, step: float
) -> tuple[Values, Mask]:
    """Band-limited values, run by run: never across a gap or a missing sample."""
    low, high = _needed(stream, rhythm, samples, at_ns, filter_reach(step) + 2)
    if low >= high:
        return empty_values(stream, len(at_ns)), np.zeros(len(at_ns), dtype=np.bool_)
    values = np.asarray(stream.samples.read(low, high))
    times_ns = _instants(stream, rhythm, low, high)
    at_ns = _snapped(at_ns, times_ns)
    breaks = np.diff(times_ns) > rhythm.filter_gap_ns
    columns = values.reshape(len(values), prod(values.shape[1:]))
    missing = ~np.isfinite(columns) if columns.dtype.kind == "f" else np.zeros(columns.shape, dtype=np.bool_)
    found = np.full((len(at_ns), columns.shape[1]), np.nan, dtype=np.result_type(values.dtype, np.float32))
    whole = np.flatnonzero(~missing.any(axis=0))
    for chosen in [whole, *(np.array([column]) for column in np.flatnonzero(missing.any(axis=0)))]:
        if chosen.size:
            lost = missing[:, chosen[0]]
            for start, stop in _runs(breaks, lost):
                run = slice(start, stop)
                here = slice(*np.searchsorted(at_ns, [times_ns[start], np.nextafter(times_ns[stop - 1], np.inf)]))
                positions = _positions(at_ns[here], times_ns[run])
                found[here, chosen] = resample_at(columns[run, chosen], positions, step=step)
    valid: Mask = np.asarray(~np.isnan(found).all(axis=1))
    found[~valid] = 0
    return found.reshape(len(at_ns), *values.shape[1:]), valid


def _needed(stream: Stream, rhythm: Rhythm, samples: tuple[int, int], at_ns: Floats, reach: int) -> tuple[int, int]:
    """The samples that a filter of that reach needs for the instants."""
    low, high = _bounds(stream, rhythm, at_ns[0], at_ns[-1])
    return max(samples[0], low - reach), min(samples[1], high + reach)


def _bounds(stream: Stream, rhythm: Rhythm, from_ns: float, to_ns: float) -> tuple[int, int]:
    """The first samples at or after two instants, ns since the first stamp."""
    if rhythm.smooth_ns is not None:
        low, high = np.searchsorted(rhythm.smooth_ns, [from_ns, to_ns])
        return int(low), int(high)
    first_ns = stream.timeline.first_ns
    return stream.timeline.index_ns(first_ns + int(from_ns)), stream.timeline.index_ns(first_ns + int(to_ns))


def _instants(stream: Stream, rhythm: Rhythm, low: int, high: int) -> Floats:
    """When samples ``low <= i < high`` were taken, ns since the first stamp, as finely as is known."""
    if rhythm.smooth_ns is not None:
        return rhythm.smooth_ns[low:high]
    if isinstance(stream.timeline, RegularTimeline):
        return np.arange(low, high, dtype=np.float64) * float(NS_PER_S / stream.timeline.rate_hz)
    instants: Floats = (stream.timeline.slice_ns(low, high) - stream.timeline.first_ns).astype(np.float64)
    return instants


def _runs(breaks: Mask, lost: Mask) -> list[tuple[int, int]]:
    """The stretches ``start <= i < stop`` of samples that are there and follow each other."""
    there = ~lost
    begins = there & np.concatenate([[True], breaks | lost[:-1]])
    ends = there & np.concatenate([breaks | lost[1:], [True]])
    return list(zip(np.flatnonzero(begins).tolist(), (np.flatnonzero(ends) + 1).tolist(), strict=True))


def _positions(at_ns: Floats, times_ns: Floats) -> Floats:
    """Instants in samples from the first of a run, each inside it."""
    count = len(times_ns)
    if count < 2 or times_ns[-1] == times_ns[0]:
        return np.zeros(len(at_ns))
    period_ns = (times_ns[-1] - times_ns[0]) / (count - 1)
    positions = (at_ns - times_ns[0]) / period_ns
    if np.abs(times_ns - (times_ns[0] + np.arange(count) * period_ns)).max() > 1e-3:
        positions = np.interp(at_ns, times_ns, np.arange(count, dtype=np.float64))
    inside: Floats = np.clip(positions, 0.0, count - 1.0)
    return inside
