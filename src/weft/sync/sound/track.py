"""From a rough delay to a line per piece: measure, fit, warp, measure again, and cut where it steps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weft.dsp.robust_line import Line, fit_robust_line
from weft.dsp.steps import find_steps
from weft.sync.sound.coarse import LARGEST_DRIFT, CoarsePiece
from weft.sync.sound.fine import Window, measure_piece, window_length_s
from weft.sync.sound.grid import RATE_HZ, SoundGrid

REACH_S = 0.06
"""How far beside the rough delay a window looks: six feature frames."""

FIRST_WINDOW_S = 2.5
"""Short windows first: 100 ppm smear 2.5 s by a quarter of a millisecond only."""

FIRST_WINDOWS = 60
ROUNDS = 4
SETTLED_PPM = 1.0
AGREES_S = 0.3e-3
LEAST_STEP_S = 0.7e-3
LEAST_QUALITY, LARGEST_RIVAL = 4.5, 0.9
SLOPE_GRID_PPM = (0.0, -150.0, 150.0, -300.0, 300.0, -450.0, 450.0)


@dataclass(frozen=True)
class Track:
    """One piece with its line and its windows.

    ``agrees`` marks the windows that lie on the line; ``start`` and ``stop`` are the piece's
    limits on the device's grid. ``spread`` is how far apart, in grid samples, the delays of several
    talkers were whose middle the line is; 0 where there was one.
    """

    piece: CoarsePiece
    windows: tuple[Window, ...]
    line: Line
    agrees: NDArray[np.bool_] = field(repr=False)
    spread: float = 0.0

    @property
    def centres(self) -> NDArray[np.float64]:
        """Grid samples of the windows on the line."""
        return np.array([w.centre for w in self.windows])[self.agrees]

    @property
    def polarity(self) -> int:
        """-1 where one of the two is inverted, else 1."""
        return -1 if sum(w.answer.polarity for w, on in zip(self.windows, self.agrees, strict=True) if on) < 0 else 1

    @property
    def lags(self) -> NDArray[np.float64]:
        """Lags of the windows on the line, grid samples."""
        return np.array([w.lag for w in self.windows])[self.agrees]


def track_delay(reference: SoundGrid, device: SoundGrid, pieces: tuple[CoarsePiece, ...]) -> list[Track]:
    """Lines for all pieces, after as many rounds as it takes to settle.

    Each round measures windows along the lines of the round before, so that from the
    second on nothing is smeared by drift.
    """
    overlap_s = sum(heard_s(reference, device, piece) for piece in pieces)
    length_s = window_length_s(overlap_s)
    shorter_s = min(length_s, FIRST_WINDOW_S)
    pieces = tuple(_best_slope(reference, device, piece, shorter_s) for piece in pieces)
    tracks: list[Track] = []
    for turn in range(ROUNDS):
        span_s, most = (shorter_s, FIRST_WINDOWS) if turn == 0 else (length_s, 450)
        tracks = []
        for piece in pieces:
            share = (piece.stop - piece.start) / sum(p.stop - p.start for p in pieces)
            wanted = max(8, round(most * share))
            windows = measure_piece(reference, device, piece, reach_s=REACH_S, length_s=span_s, most=wanted)
            tracks += _tracks_of(piece, windows)
        tracks = _same_slope([track for track in tracks if track.agrees.sum() >= 2])
        before = {piece.slope for piece in pieces}
        pieces = tuple(track.piece for track in tracks)
        moved = [min(abs(piece.slope - slope) for slope in before) for piece in pieces]
        if turn > 0 and all(slope < SETTLED_PPM * 1e-6 for slope in moved):
            break
    return tracks


def heard_s(reference: SoundGrid, device: SoundGrid, piece: CoarsePiece) -> float:
    """Seconds of a piece in which both have anything to hear."""
    ends = round(piece.reference_at(piece.start)), round(piece.reference_at(piece.stop))
    return max(0.5, min(device.heard_s(piece.start, piece.stop), reference.heard_s(*ends)))


def _best_slope(reference: SoundGrid, device: SoundGrid, piece: CoarsePiece, length_s: float) -> CoarsePiece:
    """The piece with the drift under which its windows stand out most, if the rough search could not tell."""
    if piece.slope:
        return piece
    best, chosen = 0.0, piece
    for ppm in SLOPE_GRID_PPM:
        tilted = CoarsePiece(piece.start, piece.stop, piece.middle, piece.lag, ppm * 1e-6, piece.score)
        windows = measure_piece(reference, device, tilted, reach_s=REACH_S, length_s=2.0 * length_s, most=5)
        quality = float(np.median([w.answer.quality for w in windows]))
        if quality > 1.1 * best:
            best, chosen = quality, tilted
        if ppm == 0.0 and quality > 15.0:
            break
    return CoarsePiece(piece.start, piece.stop, piece.middle, piece.lag, chosen.slope, piece.score)


def stands_out(window: Window) -> bool:
    """Whether a window may take part in a fit at all."""
    return window.answer.quality >= LEAST_QUALITY and window.answer.rival <= LARGEST_RIVAL


def _tracks_of(piece: CoarsePiece, windows: list[Window]) -> list[Track]:
    """One track, or several where the delay steps."""
    usable = [window for window in windows if stands_out(window)]
    if len(usable) < 2:
        return []
    centre = np.array([w.centre for w in usable])
    lag = np.array([w.lag for w in usable])
    cuts = [0, *find_steps(centre, lag, least=LEAST_STEP_S * RATE_HZ), len(usable)]
    edges = [float(piece.start)]
    edges += [(centre[cut - 1] + centre[cut]) / 2.0 for cut in cuts[1:-1]] + [float(piece.stop)]
    tracks = []
    for first, last, start, stop in zip(cuts, cuts[1:], edges, edges[1:], strict=False):
        part = tuple(usable[first:last])
        tracks.append(fit_track(piece.over(round(start), round(stop)), part))
    return tracks


def fit_track(piece: CoarsePiece, windows: tuple[Window, ...], slope: float | None = None) -> Track:
    """The line through windows; with ``slope`` given, only its height."""
    centre = np.array([w.centre for w in windows])
    lag = np.array([w.lag for w in windows])
    sd = np.array([max(w.answer.sd_s, 1e-6) for w in windows]) * RATE_HZ
    if slope is None:
        line = fit_robust_line(centre, lag, sd, largest_slope=1.2 * LARGEST_DRIFT)
    else:
        middle = float(np.median(centre))
        line = fit_robust_line(centre, lag - slope * (centre - middle), sd, largest_slope=0.0)
        line = Line(middle, line.intercept + 0.0, slope, line.scale, line.weights)
    reach = max(AGREES_S * RATE_HZ, 5.0 * line.scale * float(np.median(sd)))
    reach = min(reach, 4.0 * AGREES_S * RATE_HZ)
    agrees = np.abs(lag - line.at(centre)) <= reach
    fitted = CoarsePiece(piece.start, piece.stop, line.middle, line.intercept, line.slope, piece.score)
    return Track(fitted, windows, line, agrees)


def _same_slope(tracks: list[Track]) -> list[Track]:
    """Short pieces with the slope of the longest: the device has one oscillator."""
    if len(tracks) < 2:
        return tracks
    longest = max(tracks, key=lambda track: float(np.ptp(track.centres)) if track.agrees.any() else 0.0)
    spread = float(np.ptp(longest.centres))
    return [
        track
        if track is longest or float(np.ptp(track.centres)) > 0.3 * spread
        else fit_track(track.piece, track.windows, slope=longest.line.slope)
        for track in tracks
    ]
