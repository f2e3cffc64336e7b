"""Several talkers at different distances: as many delays as there are ways through the air, one drift for all.

Who speaks decides which delay a window hears, so a line through all windows follows the conversation
instead of the clock::

    delay     x x     xx    x      talker 2         x  one window
                 o oo    oo    oo  talker 1         o  another; both lie on lines of the same slope
    device    -------------------->

An echo gives a second delay too, but never the louder one. So a delay counts as a talker only if in some windows
it is the highest peak; and only if the talkers take turns, because a delay that holds before a moment and
another after it are a jump.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.dsp.robust_line import Line, bisquare_weights, robust_scale
from weft.sync.sound.coarse import LARGEST_DRIFT, CoarsePiece
from weft.sync.sound.fine import Window, measure_piece
from weft.sync.sound.grid import RATE_HZ, SoundGrid
from weft.sync.sound.track import LEAST_QUALITY, REACH_S, Track

WINDOW_S = 1.5
"""Short enough to hear mostly one talker, long enough for a clear peak."""

MOST_WINDOWS = 320
ROUNDS = 3
LARGEST_SPREAD_S = 0.035
"""Rough delays within it may be talkers: 24 ms for paths of four metres either way, and a frame."""

MAINS_PERIODS_S = (1.0 / 50.0, 1.0 / 60.0)
"""Delays so far apart are one hum, heard a period later: nothing that a talker's place explains."""

APART = 0.35e-3 * RATE_HZ
"""Delays nearer than this are one talker: 12 cm of path."""

LEAST_SHARE = 0.05
LEAST_WINDOWS = 3
LEAST_EXPLAINED = 0.5
LEAST_TURNS = 3
SLOPE_TOLERANCES = (24.0, 8.0, 3.0, 1.5)
"""Samples within which two windows count as alike, from the first look to the last."""


@dataclass(frozen=True)
class _Groups:
    """Windows by talker: the shared slope, each talker's delay at ``middle``, and which talker each window hears."""

    middle: float
    slope: float
    delays: NDArray[np.float64]
    which: NDArray[np.int64]


def track_talkers(reference: SoundGrid, device: SoundGrid, pieces: tuple[CoarsePiece, ...]) -> Track | None:
    """One track for all talkers, or ``None`` where there is only one delay, or a jump, or too little to tell.

    Its windows are moved to the middle between the nearest and the farthest talker's delay, which is where its
    line lies; ``spread`` says how far these two are apart.
    """
    piece = _whole(pieces)
    if piece is None:
        return None
    groups: _Groups | None = None
    for turn in range(ROUNDS):
        windows = measure_piece(reference, device, piece, reach_s=REACH_S, length_s=WINDOW_S, most=MOST_WINDOWS)
        windows = [w for w in windows if w.answer.quality >= LEAST_QUALITY and w.answer.rival < 0.97]
        if len(windows) < 4 * LEAST_WINDOWS:
            return None
        groups = _grouped(windows, full=turn == 0, slope=piece.slope)
        if groups is None:
            return None
        middle = (groups.delays.min() + groups.delays.max()) / 2.0
        piece = CoarsePiece(piece.start, piece.stop, groups.middle, float(middle), groups.slope, piece.score)
    if groups is None or not _take_turns(groups) or not _are_ways(groups.delays):
        return None
    return _joined(piece, windows, groups)


def _are_ways(delays: NDArray[np.float64]) -> bool:
    """Whether delays can be ways through a room: near enough to each other, and not apart by periods of a hum."""
    apart = np.abs(delays[:, None] - delays[None, :]) / RATE_HZ
    if apart.max() > LARGEST_SPREAD_S:
        return False
    periods = [np.abs(apart[apart > 0] - period) < APART / RATE_HZ for period in MAINS_PERIODS_S]
    return not any(bool(near.any()) for near in periods)


def _whole(pieces: tuple[CoarsePiece, ...]) -> CoarsePiece | None:
    """One piece over all, if their delays are so near that talkers explain the difference."""
    longest = max(pieces, key=lambda piece: piece.stop - piece.start)
    centres = [(piece.start + piece.stop) / 2.0 for piece in pieces]
    apart = [p.reference_at(c) - longest.reference_at(c) for p, c in zip(pieces, centres, strict=True)]
    if np.ptp(apart) > LARGEST_SPREAD_S * RATE_HZ:
        return None
    return longest.over(pieces[0].start, pieces[-1].stop)


def _grouped(windows: list[Window], *, full: bool, slope: float) -> _Groups | None:
    """The slope under which most windows are alike, and the delays on which they gather."""
    x = np.array([w.centre for w in windows])
    y = np.array([w.lag for w in windows])
    middle = float(np.median(x))
    span = max(float(np.ptp(x)), 1.0)
    reach = LARGEST_DRIFT if full else 30.0 / span
    if full:
        slope = 0.0
    for tolerance in SLOPE_TOLERANCES if full else SLOPE_TOLERANCES[2:]:
        step = 0.5 * tolerance / span
        count = int(np.clip(np.ceil(reach / step), 2, 1500))
        slopes = slope + np.arange(-count, count + 1) * step
        slope = float(slopes[np.argmax([_likeness(y - s * (x - middle), tolerance) for s in slopes])])
        reach = 3.0 * step
    left = y - slope * (x - middle)
    delays, which = _gather(left)
    if not delays.size:
        return None
    return _refined(x - middle, y, _Groups(middle, slope, delays, which))


def _likeness(values: NDArray[np.float64], tolerance: float) -> float:
    """How many pairs of values lie within a tolerance."""
    ordered = np.sort(values)
    return float((np.searchsorted(ordered, ordered + tolerance) - np.arange(ordered.size)).sum())


def _gather(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Delays on which enough values gather, and for each value which of them, -1 for none."""
    which = np.full(values.size, -1)
    order = np.argsort(values)
    cuts = np.flatnonzero(np.diff(values[order]) > APART) + 1
    delays: list[float] = []
    for members in np.split(order, cuts):
        if len(members) >= max(LEAST_WINDOWS, LEAST_SHARE * values.size):
            which[members] = len(delays)
            delays.append(float(np.median(values[members])))
    if (which >= 0).sum() < LEAST_EXPLAINED * values.size:
        return np.zeros(0), which
    return np.array(delays), which


def _refined(x: NDArray[np.float64], y: NDArray[np.float64], groups: _Groups) -> _Groups:
    """Delays and the one slope by reweighted least squares."""
    used = groups.which >= 0
    count = groups.delays.size
    columns = np.zeros((int(used.sum()), count + 1))
    columns[np.arange(len(columns)), groups.which[used]] = 1.0
    columns[:, count] = x[used] / RATE_HZ
    found, weights = np.append(groups.delays, groups.slope * RATE_HZ), np.ones(len(columns))
    for _ in range(20):
        left = y[used] - columns @ found
        weights = np.sqrt(bisquare_weights(left / robust_scale(left, least=1e-4)))
        before = found
        found = np.linalg.lstsq(columns * weights[:, None], y[used] * weights, rcond=None)[0]
        if np.abs(found - before).max() < 1e-5:
            break
    return replace(groups, delays=found[:count], slope=float(found[count]) / RATE_HZ)


def _take_turns(groups: _Groups) -> bool:
    """Whether there are several talkers and the delay goes back and forth between them."""
    heard = groups.which[groups.which >= 0]
    turns = int((np.diff(heard) != 0).sum())
    return groups.delays.size > 1 and turns >= max(LEAST_TURNS, groups.delays.size + 1)


def _joined(piece: CoarsePiece, windows: list[Window], groups: _Groups) -> Track:
    """All windows that hear a talker, moved to the middle of the talkers' delays."""
    middle = piece.lag
    kept = [
        replace(window, lag=window.lag - float(groups.delays[talker]) + middle)
        for window, talker in zip(windows, groups.which, strict=True)
        if talker >= 0
    ]
    left = np.array([w.lag - middle - groups.slope * (w.centre - groups.middle) for w in kept])
    sds = np.array([max(w.answer.sd_s, 1e-6) for w in kept]) * RATE_HZ
    scale = robust_scale(left / sds)
    line = Line(groups.middle, middle, groups.slope, scale, bisquare_weights(left / sds / scale))
    agrees = np.abs(left) <= max(APART / 2.0, 5.0 * scale * float(np.median(sds)))
    return Track(piece, tuple(kept), line, agrees, spread=float(np.ptp(groups.delays)))


def may_be_talkers(tracks: list[Track]) -> bool:
    """Whether it is worth asking: windows disagree, second peaks are high, or the delay steps by little."""
    if not tracks:
        return True
    windows = [w for track in tracks for w in track.windows]
    disagree = 1.0 - sum(int(track.agrees.sum()) for track in tracks) / max(1, len(windows))
    rivals = float(np.median([w.answer.rival for w in windows]))
    middles = [(a.piece.stop + b.piece.start) / 2.0 for a, b in pairwise(tracks)]
    steps = [
        b.piece.reference_at(m) - a.piece.reference_at(m) for (a, b), m in zip(pairwise(tracks), middles, strict=True)
    ]
    small = any(abs(step) < LARGEST_SPREAD_S * RATE_HZ for step in steps)
    return disagree > 0.15 or rivals > 0.4 or small


def _step(before: CoarsePiece, after: CoarsePiece) -> float:
    """By how much the delay steps between two pieces."""
    middle = (before.stop + after.start) / 2.0
    return after.reference_at(middle) - before.reference_at(middle)
