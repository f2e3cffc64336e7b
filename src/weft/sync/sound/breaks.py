"""Where the delay of one piece gives way to that of the next, and how far that place may be off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.dsp.change_point import BLOCK_S, agreement_by_block, flatten_spectrum, switch_point
from weft.sync.sound.coarse import CoarsePiece
from weft.sync.sound.grid import RATE_HZ, SoundGrid
from weft.sync.sound.track import Track

BLOCK = round(BLOCK_S * RATE_HZ)
MARGIN = 5 * RATE_HZ
"""A window of 8 s may still agree with a delay that held for its outer second only."""

LONGEST = 120 * RATE_HZ
"""Longer stretches without a clear window are looked at near the later piece only."""


@dataclass(frozen=True, slots=True)
class Break:
    """Between two pieces: the device's last sample before and first sample after, and how far both may be off."""

    stop: int
    start: int
    slack: int


def place_break(reference: SoundGrid, device: SoundGrid, before: Track, after: Track) -> Break:
    """Where ``before`` gives way to ``after``.

    Both recordings are whitened between the last window that surely belongs to the one and
    the first that surely belongs to the other; every 20 ms then speak for the delay under
    which the two agree. In a pause nothing speaks: the slack says so.
    """
    low = round(float(before.centres[-1])) - MARGIN
    high = round(float(after.centres[0])) + MARGIN
    low, high = max(low, high - LONGEST, 0), min(high, device.count)
    votes = votes_for(reference, device, (before.piece, after.piece), (low, high), before.polarity)
    middle = (low + high) / 2.0
    # Where the reference lost a piece, some of the device's samples have no counterpart.
    hole = max(0, round(before.piece.reference_at(middle) - after.piece.reference_at(middle)))
    at, first, last = (low + BLOCK * place for place in switch_point(*votes, hole=round(hole / BLOCK)))
    silent = _inserted_silence(device, (first - MARGIN, last + hole + MARGIN), hole) if hole else None
    if silent is not None:
        return Break(silent[0], silent[1], BLOCK)
    return Break(at, at + hole, max(at - first, last - at, BLOCK))


def votes_for(
    reference: SoundGrid, device: SoundGrid, pieces: tuple[CoarsePiece, ...], span: tuple[int, int], polarity: int
) -> list[NDArray[np.float64]]:
    """How strongly each 20 ms of the device's span speak for the delay of each piece."""
    places = np.arange(span[0], span[1])
    ours = polarity * flatten_spectrum(device.read(*span), rate_hz=RATE_HZ)
    return [agreement_by_block(ours, _under_line(reference, p, places), rate_hz=RATE_HZ) for p in pieces]


def _under_line(reference: SoundGrid, piece: CoarsePiece, places: NDArray[np.int64]) -> NDArray[np.float32]:
    """The reference's whitened sound at the samples that the piece's line pairs with ``places``."""
    wanted = np.rint(piece.reference_at(0.0) + places * (1.0 + piece.slope)).astype(np.int64)
    sound = flatten_spectrum(reference.read(int(wanted[0]), int(wanted[-1]) + 1), rate_hz=RATE_HZ)
    paired: NDArray[np.float32] = sound[wanted - wanted[0]]
    return paired


def _inserted_silence(device: SoundGrid, span: tuple[int, int], hole: int) -> tuple[int, int] | None:
    """The run of samples that stand still in place of what was not recorded, if it is as long as the hole."""
    low = max(0, span[0])
    still = np.diff(device.read(low, min(span[1], device.count))) == 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], still, [False]])))
    runs = [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if 0.9 * hole < b - a < 1.1 * hole + BLOCK]
    return (low + runs[0][0], low + runs[0][1] + 1) if len(runs) == 1 else None
