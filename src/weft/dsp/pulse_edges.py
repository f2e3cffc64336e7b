"""Edges of a rectangular signal (a trigger line, a sync pulse) in samples of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]

_LEAST_AT_LEVELS = 0.98
_LEVEL_WIDTH = 0.15
"""Samples so near to one of the two levels, as a share of their distance, lie at it."""
_LARGEST_SHARE_OF_EDGES = 0.2
_FEWEST, _MOST = 1, 100_000
_MOST_CODES = 64
_LEAST_AT_REST = 0.5
_PROBE = 10_000


def find_pulse_edges(values: NDArray[np.float64]) -> Float64Array | None:
    """Where a two-level signal rises, as fractional sample numbers; ``None`` where it has no two levels.

    Parameters
    ----------
    values
        Samples, float (n); what is no number belongs to no edge.

    Returns
    -------
    ndarray or None
        The middle between the last low and the first high sample, float64 (k): half a sample
        to either side is what nobody can tell.

    Notes
    -----
    Levels are the extremes; at least 98 % of the samples must lie within 15 % of them. A channel
    of at most 64 whole numbers (trigger codes) is high wherever it differs from its most common
    one. Edges must be fewer than a fifth of the samples: noise, counters and alternating bits are
    refused. It fails for lines with ringing beyond that, and takes a line that rests high for
    one that rests low (its falling edges are then the beginnings).

    Examples
    --------
    >>> find_pulse_edges(np.repeat([0, 5, 0, 5, 0.0], [20, 10, 20, 10, 20])).tolist()
    [19.5, 49.5]
    >>> find_pulse_edges(np.linspace(0, 1, 100)) is None
    True
    """
    known = np.isfinite(values)
    if np.count_nonzero(known) < 4:
        return None
    filled = np.asarray(values, dtype=np.float64)[known]
    places = np.flatnonzero(known)
    up = high_samples(filled)
    if up is None:
        return None
    rises = np.flatnonzero(~up[:-1] & up[1:])
    if not _FEWEST <= rises.size <= min(_MOST, _LARGEST_SHARE_OF_EDGES * filled.size):
        return None
    edges: Float64Array = (places[rises] + places[rises + 1]) / 2.0
    return edges


def high_samples(values: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Which samples of a two-level signal are not at rest, bool (n); ``None`` where it has no two levels.

    Examples
    --------
    >>> high_samples(np.array([0, 0, 0, 17, 17, 0, 0, 4, 0.0])).astype(int).tolist()
    [0, 0, 0, 1, 1, 0, 0, 1, 0]
    """
    low, high = float(values.min()), float(values.max())
    if not high > low:
        return None
    share = (values - low) / (high - low)
    if np.mean(np.minimum(share, 1.0 - share) <= _LEVEL_WIDTH) >= _LEAST_AT_LEVELS:
        up: NDArray[np.bool_] = share > 0.5
        # A line that rests high: what begins a pulse is the fall.
        return ~up if float(up.mean()) > 0.5 else up
    whole = values[:_PROBE]
    if not np.array_equal(whole, np.rint(whole)):
        return None
    codes, counts = np.unique(values, return_counts=True)
    if codes.size > _MOST_CODES or counts.max() < _LEAST_AT_REST * values.size:
        return None
    coded: NDArray[np.bool_] = values != codes[int(counts.argmax())]
    return coded
