"""Where somebody speaks: a statistical detector, and speech intervals from any detector's probabilities.

The detector looks at two things that a voice has and a steady background has not: power
that stands above the background in the bands of speech, and a period. Levels alone take a
slamming door for a voice, periods alone take a humming fridge for one; it wants both within
a third of a second of each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]

BAND_EDGES_HZ = (100.0, 300.0, 600.0, 1000.0, 1600.0, 2500.0, 4000.0)
"""Six bands, about as wide as an ear's three each, over what a telephone carries of a voice."""

FLOOR_SPAN_S = 6.0
"""A breath group rarely lasts longer, so every span of this length shows the background somewhere."""

FLOOR_SMOOTHING_S = 0.1
"""Levels are smoothed this long before their minimum is taken, or the minimum would be an outlier."""

QUIETEST_DB = 45.0
"""The softest sounds of speech lie less than this below the loudest."""

VOICING_REACH_S = 0.25
"""How far from its nearest voiced frame an unvoiced sound may lie and still belong to a voice."""

EVIDENCE_SMOOTHING_S = 0.1
"""Half a syllable."""

ENOUGH_PERIODICITY = 0.4
"""A hoarse voice reaches this; a clear one reaches 0.9 and is no more of a voice for it."""


def band_floor_db(levels_db: Float32Array, *, frame_rate_hz: float) -> Float32Array:
    """The background's level around each frame in each band, dB, the shape of ``levels_db`` (k, bands).

    It is the least smoothed level within three seconds on either side, itself smoothed, so it
    follows a background that changes over seconds, and looks ahead: a recording that starts
    with speech is not taken for noise. It never lies more than :data:`QUIETEST_DB` under the
    loudest frames, or the faintest rustle would rise out of digital silence.
    """
    from scipy import ndimage

    short = _odd(FLOOR_SMOOTHING_S * frame_rate_hz)
    long = _odd(FLOOR_SPAN_S * frame_rate_hz)
    smooth = ndimage.uniform_filter1d(levels_db.astype(np.float64), short, axis=0, mode="nearest")
    least = ndimage.minimum_filter1d(smooth, long, axis=0, mode="nearest")
    floor = ndimage.uniform_filter1d(least, long, axis=0, mode="nearest")
    faintest = np.percentile(smooth, 99, axis=0) - QUIETEST_DB
    return np.asarray(np.maximum(floor, faintest), dtype=np.float32)


def speech_probability(levels_db: Float32Array, periodicity: Float32Array, *, frame_rate_hz: float) -> Float32Array:
    """How likely each frame is speech, float32 (k) in 0..1.

    Parameters
    ----------
    levels_db
        Band levels over :data:`BAND_EDGES_HZ`, dB, shape ``(k, 6)``.
    periodicity
        How periodic each frame is, 0..1, shape ``(k,)``; from ``weft.dsp.pitch.yin``.
    frame_rate_hz
        Frames per second.

    Notes
    -----
    The weights were fitted by logistic regression (``benchmarks/bench_voice_activity.py --fit``);
    the features were chosen on the recordings that the benchmark reports, so its figures for
    this detector flatter it a little. It fails on barking, crying, ticking and music (they rise
    and have a period: it calls them speech), on whispering (no period), on a voice under the
    background, and where nobody pauses within :data:`FLOOR_SPAN_S` (the voice itself becomes
    the floor). Silero's model has none of these faults to the same degree.
    """
    if not len(levels_db):
        return np.zeros(0, dtype=np.float32)
    return _logistic(speech_features(levels_db, periodicity, frame_rate_hz=frame_rate_hz) @ WEIGHTS + BIAS)


def speech_features(levels_db: Float32Array, periodicity: Float32Array, *, frame_rate_hz: float) -> NDArray[np.float64]:
    """What the detector weighs, shape ``(k, 3)``.

    The largest and the mean rise of the bands above their floor, as ``log(1 + dB)`` (ten
    decibels tell more than the next ten), and the largest periodicity within reach, at most
    :data:`ENOUGH_PERIODICITY`.
    """
    from scipy import ndimage

    smooth = _odd(EVIDENCE_SMOOTHING_S * frame_rate_hz)
    rise = np.clip(levels_db - band_floor_db(levels_db, frame_rate_hz=frame_rate_hz), 0.0, 40.0).astype(np.float64)
    rise = ndimage.uniform_filter1d(rise, smooth, axis=0, mode="nearest")
    voiced = ndimage.uniform_filter1d(periodicity.astype(np.float64), smooth, mode="nearest")
    near = ndimage.maximum_filter1d(voiced, _odd(2 * VOICING_REACH_S * frame_rate_hz), mode="nearest")
    return np.stack(
        [np.log1p(rise.max(axis=1)), np.log1p(rise.mean(axis=1)), np.minimum(near, ENOUGH_PERIODICITY)], axis=1
    )


WEIGHTS = np.array([2.136, -0.273, 46.568])
"""Per log(1 + dB) in the loudest band and on average, and per unit of periodicity; as ``--fit`` gives them."""

BIAS = -22.916


def _logistic(score: NDArray[np.float64]) -> Float32Array:
    """1 / (1 + exp(-score)), without overflow."""
    return (0.5 * (1.0 + np.tanh(0.5 * score))).astype(np.float32)


def _odd(frames: float) -> int:
    """The nearest odd number of frames, at least 1."""
    return max(1, 2 * round((frames - 1) / 2) + 1)


def speech_runs(
    probability: Float32Array,
    *,
    enter: float = 0.5,
    leave: float = 0.35,
    fewest_frames: int = 8,
    shortest_pause_frames: int = 6,
    hangover_frames: int = 2,
) -> NDArray[np.int64]:
    """The runs of frames that are speech, half-open, int64 ``(m, 2)``, increasing and apart.

    A run starts where the probability reaches ``enter`` and ends where it falls below
    ``leave``; pauses shorter than ``shortest_pause_frames`` are bridged, runs shorter than
    ``fewest_frames`` dropped, and what remains grows by ``hangover_frames`` on either side
    (never into its neighbour), because a voice starts and ends softly.

    Examples
    --------
    >>> p = np.array([0, 0, .9, .4, .9, .1, 0, 0], dtype=np.float32)
    >>> speech_runs(p, fewest_frames=2, shortest_pause_frames=1, hangover_frames=0).tolist()
    [[2, 5]]
    """
    runs = _hysteresis(probability, enter, leave)
    runs = _bridged(runs, shortest_pause_frames)
    runs = runs[runs[:, 1] - runs[:, 0] >= fewest_frames]
    if not len(runs):
        return runs
    half_pause = (runs[1:, 0] - runs[:-1, 1]) // 2
    before = np.minimum(hangover_frames, np.concatenate([[runs[0, 0]], half_pause]))
    after = np.minimum(hangover_frames, np.concatenate([half_pause, [len(probability) - runs[-1, 1]]]))
    return np.stack([runs[:, 0] - before, runs[:, 1] + after], axis=1)


def _hysteresis(probability: Float32Array, enter: float, leave: float) -> NDArray[np.int64]:
    """Runs above ``leave`` that reach ``enter``, from the first frame that does."""
    above = np.concatenate([[False], probability >= leave, [False]])
    edges = np.flatnonzero(above[1:] != above[:-1]).reshape(-1, 2)
    starts = []
    for start, stop in edges:
        sure = np.flatnonzero(probability[start:stop] >= enter)
        starts.append(start + int(sure[0]) if sure.size else stop)
    runs = (
        np.stack([np.array(starts, dtype=np.int64), edges[:, 1]], axis=1) if len(edges) else np.zeros((0, 2), np.int64)
    )
    return np.asarray(runs[runs[:, 1] > runs[:, 0]], dtype=np.int64)


def _bridged(runs: NDArray[np.int64], shortest_pause: int) -> NDArray[np.int64]:
    """Runs joined over pauses shorter than ``shortest_pause``."""
    if len(runs) < 2:
        return runs
    is_pause = runs[1:, 0] - runs[:-1, 1] >= shortest_pause
    starts = runs[np.concatenate([[True], is_pause]), 0]
    stops = runs[np.concatenate([is_pause, [True]]), 1]
    return np.stack([starts, stops], axis=1)
