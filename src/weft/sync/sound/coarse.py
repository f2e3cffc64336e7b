"""Where two recordings of one scene overlap, to about a hundredth of a second."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.fft

from weft.dsp.lag_path import PathCosts, best_path, split_at_jumps
from weft.dsp.lag_search import Candidate, Segments, highest_peaks, search_lags
from weft.dsp.robust_line import fit_robust_line
from weft.sync.sound.grid import RATE_HZ, SoundGrid

FRAME = RATE_HZ // 100
"""Grid samples per feature frame."""

REPEATS = 0.3
"""Speech resembles itself at other times by 0.15 at most, a loop in noise by more than this."""

LARGEST_DRIFT = 500e-6
"""Beyond any oscillator that is not broken."""


@dataclass(frozen=True, slots=True)
class CoarsePiece:
    """A stretch of the device's grid with one delay.

    ``lag`` and the limits are in grid samples: sample ``b`` of the device lies at
    ``b + lag + slope * (b - middle)`` of the reference. ``score`` sums the segments'
    standard deviations above chance.
    """

    start: int
    stop: int
    middle: float
    lag: float
    slope: float
    score: float

    def reference_at(self, device: float) -> float:
        """The reference's grid sample for one of the device's."""
        return device + self.lag + self.slope * (device - self.middle)

    def over(self, start: int, stop: int) -> CoarsePiece:
        """The same delay for another stretch."""
        return CoarsePiece(start, stop, self.middle, self.lag, self.slope, self.score)


@dataclass(frozen=True, slots=True)
class CoarseMatch:
    """The best path, the score of the best path elsewhere, and other constant delays worth a look."""

    pieces: tuple[CoarsePiece, ...]
    score: float
    rival_score: float
    rivals: tuple[CoarsePiece, ...]


def match_coarsely(reference: SoundGrid, device: SoundGrid) -> CoarseMatch:
    """Where the device's sound lies in the reference's.

    Notes
    -----
    Segments of about a sixth of the shorter recording, 2 to 20 s, half overlapping in
    short recordings. Returns no piece when no path beats chance.
    """
    shorter = min(len(reference.frames), len(device.frames))
    length = int(np.clip(shorter // 6, 50, 2000))
    segments = Segments.of(len(device.frames), length=length, hop=length if shorter > 30_000 else max(1, length // 2))
    pool = int(np.clip(3900 // segments.hop, 1, 24))
    if not np.any(reference.frames) or not np.any(device.frames):
        return CoarseMatch((), 0.0, 0.0, ())
    candidates = search_lags(reference.frames, device.frames, segments, pool=pool)
    path, score = best_path(candidates, hop=segments.hop)
    pieces = _pieces(path, segments, reference, device)
    others = _away_from(candidates, pieces, segments)
    rival, rival_score = best_path(others, hop=segments.hop)
    rivals = _pieces(rival, segments, reference, device) + _loudest_lags(others, segments, reference, device)
    return CoarseMatch(pieces, score, rival_score, rivals)


def _pieces(
    path: list[Candidate], segments: Segments, reference: SoundGrid, device: SoundGrid
) -> tuple[CoarsePiece, ...]:
    """Pieces of a path with their lines, spread over the device's sound between the jumps."""
    found = []
    for part in split_at_jumps(path, hop=segments.hop):
        centre = np.array([segments.centre(c.segment) for c in part]) * FRAME
        lag = np.array([c.lag for c in part]) * FRAME
        line = fit_robust_line(centre, lag, np.full(len(part), 0.3 * FRAME), largest_slope=LARGEST_DRIFT)
        # A slope from few segments would be worse than none: 10 ms at one end over their distance.
        spread = float(np.ptp(centre)) * np.sqrt(len(part))
        slope = line.slope if spread > 0 and FRAME / spread < 15e-6 else 0.0
        height = line.intercept if slope else float(np.median(lag))
        score = float(sum(c.score for c in part))
        start, stop = round(float(centre[0])), round(float(centre[-1]))
        found.append(CoarsePiece(start, stop, line.middle, height, slope, score))
    return _spread_out(found, reference, device)


def _spread_out(found: list[CoarsePiece], reference: SoundGrid, device: SoundGrid) -> tuple[CoarsePiece, ...]:
    """Pieces that meet half-way between each other and reach to the ends of the shared time."""
    edges = [0.0] + [(a.stop + b.start) / 2.0 for a, b in pairwise(found)] + [float(device.count)]
    spread = []
    for piece, low, high in zip(found, edges, edges[1:], strict=False):
        start = max(low, low - piece.reference_at(low))
        stop = min(high, high - (piece.reference_at(high) - reference.count))
        if stop - start > FRAME:
            spread.append(piece.over(round(start), round(stop)))
    return tuple(spread)


def _away_from(candidates: list[Candidate], pieces: tuple[CoarsePiece, ...], segments: Segments) -> list[Candidate]:
    """Candidates that do not belong to any of the pieces' delays."""
    left = []
    for candidate in candidates:
        at = segments.centre(candidate.segment) * FRAME
        near = (abs(p.reference_at(at) - at - candidate.lag * FRAME) < 8 * FRAME for p in pieces)
        if not any(near):
            left.append(candidate)
    return left


def _loudest_lags(
    candidates: list[Candidate], segments: Segments, reference: SoundGrid, device: SoundGrid, count: int = 4
) -> tuple[CoarsePiece, ...]:
    """The delays on which most of the remaining score gathers, each as a piece over all of the shared time."""
    sums: dict[int, float] = {}
    for candidate in candidates:
        place = round(candidate.lag / 4.0)
        sums[place] = sums.get(place, 0.0) + max(0.0, candidate.score - PathCosts().entrance)
    best = sorted(sums, key=lambda place: -sums[place])[:count]
    whole = [CoarsePiece(0, device.count, 0.0, place * 4.0 * FRAME, 0.0, sums[place]) for place in best if sums[place]]
    return tuple(piece for one in whole for piece in _spread_out([one], reference, device))


def periods_of(device: SoundGrid, piece: CoarsePiece) -> list[float]:
    """Distances, in grid samples, at which the device's own sound returns: a loop, a metronome, a tone burst.

    Looks at up to a minute in the middle of a piece; empty for speech, which does not repeat itself.
    """
    middle = (piece.start + piece.stop) // 2 // FRAME
    half = min(3000, (piece.stop - piece.start) // 2 // FRAME)
    frames = device.frames[max(0, middle - half) : middle + half].astype(np.float32)
    count = len(frames)
    if count < 100 or not np.any(frames):
        return []
    spectrum = scipy.fft.rfft(frames, 2 * count, axis=0)
    likeness = scipy.fft.irfft((spectrum.real**2 + spectrum.imag**2).sum(axis=1), 2 * count)[: count // 2]
    likeness = likeness / likeness[0] * (count / (count - np.arange(count // 2)))
    likeness[:8] = 0.0
    peaks = highest_peaks(likeness.astype(np.float32), 20, apart=5)
    # The shortest leave most of the recording to compare.
    return sorted(float(at * FRAME) for at, height in peaks if height > REPEATS)[:4]
