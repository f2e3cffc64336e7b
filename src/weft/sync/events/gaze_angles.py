"""An eye's turns seen twice: by a tracker, and by a camera in whose picture the gaze angle was measured.

Where the two agree says nothing about calibration: only the turns are compared, each axis
up to sign and scale, because a camera's picture may be mirrored.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_MS, NS_PER_S, Evidence, Modality, Recording, Stream
from weft.dsp.lag_line import LagLine, find_lag_line
from weft.sync.assumptions import assumed, negated

METHOD = "gaze_angle"
GRID_HZ = 100
_SMOOTH_S = 0.05
"""Half the frame interval of slow cameras and more: keeps what 25 frames a second can show of a saccade."""
_BASE_S = 0.5
_LONGEST_HOLE_S = 0.12
_LARGEST_SDS = 4.0
"""Turns are cut off at so many typical ones, so that a lost eye does not outweigh all others."""
LEAST_HEIGHT = 9.0
LARGEST_RUNNER_UP = 0.6
LEAST_BLOCKS = 3
LEAST_AGREEING = 0.5
_LEAST_SD_NS = 3.0 * NS_PER_MS
_TABLE_ANGLES = ("gaze_angle_x", "gaze_angle_y")
_NO_DIRECTION = re.compile(r"pupil|cent(re|er)|diameter", re.IGNORECASE)
_OTHER = re.compile(
    r"pupil|cent(re|er)|valid|conf|time|index|velocity|origin|3d|_z$|vergence|std|elevation|id$", re.IGNORECASE
)
_HORIZONTAL = re.compile(r"(^|[^a-z])x($|[^a-z])|azimuth|gazepos\dd?x|2dx", re.IGNORECASE)
_VERTICAL = re.compile(r"(^|[^a-z])y($|[^a-z])|gazepos\dd?y|2dy", re.IGNORECASE)


def is_face_gaze(stream: Stream) -> bool:
    """Whether a stream holds gaze angles that were measured in a picture of the face."""
    return set(_TABLE_ANGLES) <= set(stream.channels)


def is_tracker(stream: Stream) -> bool:
    """Whether a stream holds the gaze of an eye tracker."""
    if stream.modality is not Modality.GAZE or is_face_gaze(stream) or _NO_DIRECTION.search(stream.name):
        return False
    return bool(_axes(stream))


def compare_gaze(recording: Recording, tracker: Stream, table: Stream) -> tuple[Evidence | None, str]:
    """How the tracker's clock relates to that of the face table: evidence of method ``"gaze_angle"``, or a reason.

    Notes
    -----
    One moment for each 12 s or more. The error that all share, what exposure and filters delay, is the
    assumption ``gaze_delay``. Sure needs three agreeing blocks, a height of nine standard
    deviations of wrong lags, and no rival above 60 % of it; otherwise nothing is said. It fails
    for a gaze that rests, for glasses that reflect, and for a face that is far away.
    """
    ours, theirs = _turns(tracker), _turns(table)
    if ours is None or theirs is None:
        return None, "too little gaze to compare"
    line = find_lag_line(ours[1], theirs[1], GRID_HZ)
    if line is None or line.height < LEAST_HEIGHT or line.runner_up > LARGEST_RUNNER_UP:
        return None, "the eye's turns do not match those of the face"
    if line.agreeing < LEAST_AGREEING:
        return None, "parts of the recording disagree on when the eye turned"
    evidence = _evidence(tracker, table, line, (ours[0], theirs[0]))
    evidence = evidence.assuming(negated(assumed(recording, "gaze_delay", clock=tracker.clock)))
    return evidence.assuming(assumed(recording, "frame_middle", clock=table.clock)), ""


def _evidence(tracker: Stream, table: Stream, line: LagLine, origins_ns: tuple[int, int]) -> Evidence:
    """The blocks of a line as moments."""
    times_ns = origins_ns[0] + np.rint(line.centres_s * NS_PER_S).astype(np.int64)
    offsets_ns = np.rint(line.lags_s * NS_PER_S).astype(np.int64) + (origins_ns[1] - origins_ns[0])
    apart_ns = np.diff(offsets_ns)
    scatter_ns = 1.4826 * float(np.median(np.abs(apart_ns))) / np.sqrt(2.0) if apart_ns.size > 1 else 0.0
    blocks = int(line.centres_s.size)
    return Evidence(
        clock=tracker.clock,
        reference=table.clock,
        times_ns=times_ns,
        offsets_ns=offsets_ns,
        sds_ns=np.full(blocks, max(scatter_ns, _LEAST_SD_NS)),
        method=METHOD,
        score=line.height,
        sources=(tracker.name, table.name),
        details={
            "sufficient": blocks >= LEAST_BLOCKS,
            "reasons": [] if blocks >= LEAST_BLOCKS else [f"only {blocks} blocks of 12 s agree"],
            "runner_up": round(line.runner_up, 3),
            "agreeing": round(line.agreeing, 3),
        },
    )


def _axes(stream: Stream) -> tuple[list[int], list[int]] | tuple[()]:
    """The columns of the horizontal and the vertical axis, both eyes' where there are two; empty if one is missing."""
    if len(stream.samples.shape) != 2 or stream.samples.dtype.kind not in "fiu":
        return ()
    if is_face_gaze(stream):
        return ([stream.channels.index(_TABLE_ANGLES[0])], [stream.channels.index(_TABLE_ANGLES[1])])
    named = [(i, name) for i, name in enumerate(stream.channels) if not _OTHER.search(name)]
    across = [i for i, name in named if _HORIZONTAL.search(name)]
    up = [i for i, name in named if _VERTICAL.search(name)]
    return (across, up) if across and up else ()


def _turns(stream: Stream) -> tuple[int, NDArray[np.float64]] | None:
    """The eye's turns on an even grid, (n, 2), and the grid's first moment."""
    axes = _axes(stream)
    if not axes or len(stream) < 20:
        return None
    times_ns = stream.timestamps_ns
    values = np.asarray(stream.samples.read(0, len(stream)), dtype=np.float64)
    times_s = (times_ns - times_ns[0]) / NS_PER_S
    turns = [_axis_turns(times_s, _mean_known(values[:, columns])) for columns in axes]
    return int(times_ns[0]), np.stack(turns, axis=1)


def _mean_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the columns that are known, row by row."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    mean: NDArray[np.float64] = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
    return mean


def _axis_turns(times_s: NDArray[np.float64], angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """One axis: smoothed, without its slow part, cut off, unit variance; 0 where nothing is known."""
    from scipy.ndimage import gaussian_filter1d

    grid_s = np.arange(int(times_s[-1] * GRID_HZ) + 1) / GRID_HZ
    known = np.isfinite(angle)
    if np.count_nonzero(known) < 20:
        return np.zeros(grid_s.size)
    at_s = times_s[known]
    dense = np.interp(grid_s, at_s, angle[known])
    after = np.clip(np.searchsorted(at_s, grid_s), 1, at_s.size - 1)
    seen = at_s[after] - at_s[after - 1] <= _LONGEST_HOLE_S
    quick = gaussian_filter1d(dense, _SMOOTH_S * GRID_HZ / 2.0) - gaussian_filter1d(dense, _BASE_S * GRID_HZ)
    spread = 1.4826 * float(np.median(np.abs(quick[seen]))) if seen.any() else 0.0
    if not spread > 0:
        return np.zeros(grid_s.size)
    turns: NDArray[np.float64] = np.clip(quick / spread, -_LARGEST_SDS, _LARGEST_SDS) * seen
    return turns
