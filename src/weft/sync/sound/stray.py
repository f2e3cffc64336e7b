"""Short pieces that the search over the whole length passed over: between two jumps, or near an end.

The rough search needs a piece of some length to stand out. Once long pieces are known, what is left
between and beside them is small, drift is known, and the delay cannot have moved far::

    delay      ____                 . . .  found first: pieces long enough for the rough search
                   |__?__              ?   searched here: 8 s at a time, within a few seconds of the neighbours
                         |________
    device     ---------------------->
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.fft

from weft.dsp.change_point import flatten_spectrum, switch_point
from weft.sync.sound.breaks import BLOCK, votes_for
from weft.sync.sound.coarse import CoarsePiece
from weft.sync.sound.fine import measure_piece
from weft.sync.sound.grid import RATE_HZ, SoundGrid
from weft.sync.sound.track import REACH_S, Track, fit_track, stands_out

CHUNK = 8 * RATE_HZ
REACH = round(6.5 * RATE_HZ)
"""A jump of five seconds, and what neighbouring jumps add."""

SAME = round(0.015 * RATE_HZ)
"""Peaks nearer to a known delay are its own echoes and pitch periods."""

LEAST_PEAK = 8.5
"""Standard deviations of the correlation; the highest of 200,000 by chance reaches 5, of other speech 7."""

LEAST_PIECE = RATE_HZ
LEAST_GAIN = 15.0
"""Log-likelihood by which a new piece must explain its stretch better than its neighbours do."""

UNEXPLAINED_BLOCKS = 75
"""One and a half seconds: longer than people pause, shorter than a piece that can be measured."""

EXPLAINED = 60.0
"""Log-likelihood over that time with which the neighbours explain it; vowels give a wrong delay up to 40."""

MOST_CHUNKS = 80
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A stretch of the device that may hide a piece, with the tracks on both sides."""

    start: int
    stop: int
    left: Track | None
    right: Track | None

    @property
    def neighbours(self) -> list[Track]:
        """The one or two tracks beside it."""
        return [track for track in (self.left, self.right) if track is not None]


def add_short_pieces(reference: SoundGrid, device: SoundGrid, tracks: list[Track]) -> list[Track]:
    """The tracks and those found between and beside them, in order of time."""
    for _ in range(ROUNDS):
        found = False
        for stretch in _stretches(reference, device, tracks):
            new = _search(reference, device, stretch)
            if new is not None:
                tracks = _inserted(tracks, new)
                found = True
                break
        if not found:
            break
    return tracks


def _stretches(reference: SoundGrid, device: SoundGrid, tracks: list[Track]) -> Iterator[_Stretch]:
    """Both ends, what lies between tracks, and what no window of a track agrees on."""
    first, last = tracks[0], tracks[-1]
    start = max(0, round(-first.piece.reference_at(0.0)))
    stop = min(device.count, round(device.count - (last.piece.reference_at(device.count) - reference.count)))
    yield _Stretch(start, round(max(float(first.centres[0]), start + CHUNK)), None, first)
    yield _Stretch(round(min(float(last.centres[-1]), stop - CHUNK)), stop, last, None)
    for one, two in pairwise(tracks):
        yield _Stretch(round(float(one.centres[-1])), round(float(two.centres[0])), one, two)
    for track in tracks:
        gaps = np.diff(track.centres)
        usual = float(np.median(gaps)) if gaps.size else 0.0
        for index in np.flatnonzero(gaps > max(2.5 * usual, 3.0 * RATE_HZ)):
            yield _Stretch(round(float(track.centres[index])), round(float(track.centres[index + 1])), track, track)


def _search(reference: SoundGrid, device: SoundGrid, stretch: _Stretch) -> Track | None:
    """The clearest piece that hides in a stretch."""
    if _explained(reference, device, stretch):
        return None
    starts = list(range(stretch.start, max(stretch.start + 1, stretch.stop - CHUNK // 4), CHUNK // 2))[:MOST_CHUNKS]
    peaks = [_peak(reference, device, stretch, min(at, max(0, stretch.stop - CHUNK))) for at in starts]
    for height, lag in sorted(peaks, reverse=True)[:3]:
        if height < LEAST_PEAK:
            break
        beside = stretch.neighbours[0]
        middle = (stretch.start + stretch.stop) / 2.0
        piece = CoarsePiece(stretch.start, stretch.stop, middle, lag, beside.line.slope, 0.0)
        new = _carved(reference, device, stretch, piece)
        if new is not None:
            return new
    return None


def _explained(reference: SoundGrid, device: SoundGrid, stretch: _Stretch) -> bool:
    """Whether the neighbours' delays explain a stretch without leaving out more than a pause."""
    if device.heard_s(stretch.start, stretch.stop) < LEAST_PIECE / RATE_HZ:
        return True
    for low in range(max(0, stretch.start), stretch.stop, 4 * CHUNK):
        span = low, min(low + 4 * CHUNK + UNEXPLAINED_BLOCKS * BLOCK, stretch.stop, device.count)
        if span[1] - span[0] < UNEXPLAINED_BLOCKS * BLOCK:
            continue
        pieces = tuple(track.piece for track in stretch.neighbours)
        votes = np.max(votes_for(reference, device, pieces, span, stretch.neighbours[0].polarity), axis=0)
        sums = np.concatenate([[0.0], np.cumsum(votes)])
        if (
            sums.size > UNEXPLAINED_BLOCKS
            and np.min(sums[UNEXPLAINED_BLOCKS:] - sums[:-UNEXPLAINED_BLOCKS]) < EXPLAINED
        ):
            return False
    return True


def _peak(reference: SoundGrid, device: SoundGrid, stretch: _Stretch, start: int) -> tuple[float, float]:
    """The highest correlation of a chunk away from known delays: its height in standard deviations, and its lag.

    The lag is that of the stretch's middle.
    """
    beside = stretch.neighbours[0]
    piece, slope = beside.piece, beside.line.slope
    ours = flatten_spectrum(device.read(start, start + CHUNK), rate_hz=RATE_HZ)
    ours = np.interp(np.arange(CHUNK) / (1.0 + slope), np.arange(CHUNK), ours, right=0.0).astype(np.float32)
    expected = round(piece.reference_at(float(start)))
    theirs = flatten_spectrum(reference.read(expected - REACH, expected + CHUNK + REACH), rate_hz=RATE_HZ)
    size = scipy.fft.next_fast_len(theirs.size, real=True)
    spectrum = scipy.fft.rfft(theirs, size) * np.conj(scipy.fft.rfft(ours, size))
    likeness = beside.polarity * scipy.fft.irfft(spectrum, size)[: 2 * REACH]
    noise = 1.4826 * float(np.median(np.abs(likeness)))
    if not noise > 0:
        return 0.0, 0.0
    for track in stretch.neighbours:
        known = round(track.piece.reference_at(float(start))) - expected + REACH
        likeness[max(0, known - SAME) : max(0, known + SAME + 1)] = 0.0
    at = int(np.argmax(likeness))
    middle = (stretch.start + stretch.stop) / 2.0
    lag = expected - REACH + at - start + slope * (middle - start)
    return float(likeness[at]) / noise, lag


def _carved(reference: SoundGrid, device: SoundGrid, stretch: _Stretch, piece: CoarsePiece) -> Track | None:
    """The part of a stretch that a delay explains better than its neighbours do, as a track."""
    low, high = max(0, stretch.start - CHUNK // 4), min(device.count, stretch.stop + CHUNK // 4)
    beside = [track.piece for track in stretch.neighbours]
    votes = votes_for(reference, device, (piece, *beside), (low, high), stretch.neighbours[0].polarity)
    new, left, right = votes[0], votes[1], votes[-1]
    first, last = 0, new.size
    if stretch.left is not None:
        first = _best_start(left, new)
    if stretch.right is not None:
        last = first + switch_point(new[first:], right[first:])[0]
    first, last = max(first, (stretch.start - low) // BLOCK if stretch.left is None else 0), min(last, new.size)
    ours = float(new[first:last].sum())
    theirs = max(float(left[first:last].sum()), float(right[first:last].sum()))
    if (last - first) * BLOCK < LEAST_PIECE or ours < theirs + LEAST_GAIN:
        return None
    return _measured(reference, device, piece.over(low + first * BLOCK, low + last * BLOCK))


def _best_start(left: np.ndarray, new: np.ndarray) -> int:
    """Where the stretch in which ``new`` beats ``left`` begins: the start of the largest sum of their difference."""
    ahead = np.concatenate([[0.0], np.cumsum(new - left)])
    lowest = np.minimum.accumulate(ahead)
    stop = int(np.argmax(ahead - lowest))
    return int(np.argmin(ahead[: stop + 1]))


def _measured(reference: SoundGrid, device: SoundGrid, piece: CoarsePiece) -> Track | None:
    """A piece with windows of its own length; nothing where they do not agree."""
    length_s = float(np.clip((piece.stop - piece.start) / RATE_HZ / 3.0, 0.5, 8.0))
    windows = measure_piece(reference, device, piece, reach_s=REACH_S / 4.0, length_s=length_s, most=24)
    usable = tuple(window for window in windows if stands_out(window))
    if len(usable) < 2:
        return None
    track = fit_track(piece, usable, slope=piece.slope)
    again = measure_piece(reference, device, track.piece, reach_s=REACH_S / 4.0, length_s=length_s, most=24)
    usable = tuple(window for window in again if stands_out(window))
    if len(usable) < 2:
        return None
    track = fit_track(track.piece, usable, slope=piece.slope)
    return track if track.agrees.sum() >= 2 and track.agrees.sum() >= 0.5 * len(again) else None


def _inserted(tracks: list[Track], new: Track) -> list[Track]:
    """The tracks with a new one; a track that the new one lies within is cut in two."""
    parts: list[Track] = [new]
    for track in tracks:
        centres = np.array([w.centre for w in track.windows])
        for here, span in (
            (centres < new.piece.start, (track.piece.start, min(track.piece.stop, new.piece.start))),
            (centres > new.piece.stop, (max(track.piece.start, new.piece.stop), track.piece.stop)),
        ):
            if (track.agrees & here).sum() >= 2 and span[1] > span[0]:
                windows = tuple(w for w, keep in zip(track.windows, here, strict=True) if keep)
                parts.append(Track(track.piece.over(*span), windows, track.line, track.agrees[here]))
    return sorted(parts, key=lambda part: part.piece.start)
