"""The delay of many windows, each to a few microseconds, along a delay that is roughly known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.core.times import Int64Array
from weft.dsp.phat import NO_DELAY, Delay, hann_frames, phat_delay
from weft.sync.sound.coarse import CoarsePiece
from weft.sync.sound.grid import RATE_HZ, SoundGrid

LONGEST_WINDOW_S, SHORTEST_WINDOW_S = 8.0, 0.5
WINDOWS_WANTED = 6
"""Non-overlapping windows that a recording is cut into before windows get longer."""

MOST_WINDOWS = 450
LEAST_QUALITY = 6.0
LARGEST_RIVAL = 0.75


@dataclass(frozen=True, slots=True)
class Window:
    """One window's answer.

    ``centre`` is a grid sample of the device, ``lag`` the reference's sample minus the
    device's there, with its fraction.
    """

    centre: float
    lag: float
    answer: Delay


def window_length_s(overlap_s: float) -> float:
    """Long windows where there is time for many, shorter ones in short recordings."""
    return float(np.clip(overlap_s / WINDOWS_WANTED, SHORTEST_WINDOW_S, LONGEST_WINDOW_S))


def window_centres(piece: CoarsePiece, length_s: float, *, most: int = MOST_WINDOWS) -> list[float]:
    """Centres of half-overlapping windows over a piece, thinned out evenly to ``most``."""
    half = length_s * RATE_HZ / 2.0
    first, last = piece.start + half, piece.stop - half
    if last < first:
        return [(piece.start + piece.stop) / 2.0]
    count = int(np.clip((last - first) // half + 1, 1, most))
    return [float(at) for at in np.linspace(first, last, count)]


@dataclass(frozen=True)
class Frames:
    """Short Hann frames of both sounds along a piece's line, as ``phat_delay`` wants them.

    ``middle`` is the window's middle on the device's grid, ``expected`` the line's lag there.
    """

    theirs: NDArray[np.float32]
    ours: NDArray[np.float32]
    moved_s: NDArray[np.float64]
    middle: float
    expected: float


def frames_along(
    reference: SoundGrid, device: SoundGrid, piece: CoarsePiece, centre: float, *, length_s: float
) -> Frames | None:
    """One window's frames, each of the reference's taken where the line puts it; ``None`` in silence.

    Whole samples are moved by cutting, the rest is left to phase.
    """
    size = 8192 if length_s >= 2.0 else 4096
    hop = size // 2
    frames = max(1, int(length_s * RATE_HZ - size) // hop + 1)
    first = round(centre - ((frames - 1) * hop + size) / 2.0)
    starts: Int64Array = first + hop * np.arange(frames, dtype=np.int64)
    wanted = starts + piece.lag + piece.slope * (starts + size / 2.0 - piece.middle)
    cuts = np.floor(wanted).astype(np.int64)
    ours = device.read(first, int(starts[-1]) + size)
    theirs = reference.read(int(cuts[0]), int(cuts[-1]) + size)
    if not ours.any() or not theirs.any():
        return None
    middle = float(starts.mean()) + size / 2.0
    return Frames(
        hann_frames(theirs, cuts - cuts[0], size),
        hann_frames(ours, starts - first, size),
        (wanted - cuts) / RATE_HZ,
        middle,
        piece.lag + piece.slope * (middle - piece.middle),
    )


def measure_window(
    reference: SoundGrid, device: SoundGrid, piece: CoarsePiece, centre: float, *, length_s: float, reach_s: float
) -> Window:
    """One window's delay, warped along the piece's line."""
    cut = frames_along(reference, device, piece, centre, length_s=length_s)
    if cut is None:
        return Window(centre, piece.reference_at(centre) - centre, NO_DELAY)
    answer = phat_delay(cut.theirs, cut.ours, cut.moved_s, rate_hz=RATE_HZ, reach_s=reach_s)
    return Window(cut.middle, cut.expected + answer.delay_s * RATE_HZ, answer)


def measure_piece(
    reference: SoundGrid, device: SoundGrid, piece: CoarsePiece, *, reach_s: float, length_s: float, most: int
) -> list[Window]:
    """All windows of a piece, in order of time."""
    return [
        measure_window(reference, device, piece, centre, length_s=length_s, reach_s=reach_s)
        for centre in window_centres(piece, length_s, most=most)
    ]
