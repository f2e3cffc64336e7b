"""The path through candidate lags that a real pair of clocks could have taken.

Clocks drift by parts in a million and now and then lose a piece; chance matches
lie anywhere. So a path may slide a little for free, pays for every jump, and may
leave segments out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weft.dsp.lag_search import Candidate


@dataclass(frozen=True, slots=True)
class PathCosts:
    """What a path pays.

    Parameters
    ----------
    entrance
        Score that a candidate must beat to be worth a place: what the best of many wrong
        lags reaches by chance.
    jump
        Price of a jump, in the same standard deviations.
    tolerance
        Frames that the lag may move for free.
    drift
        Frames per frame that it may move for free besides.
    """

    entrance: float = 4.0
    jump: float = 9.0
    tolerance: float = 2.0
    drift: float = 600e-6


_LOOK_BACK = 4000


def best_path(
    candidates: Sequence[Candidate], *, hop: int, costs: PathCosts | None = None
) -> tuple[list[Candidate], float]:
    """The most convincing path, one candidate at most per segment, and its score.

    Parameters
    ----------
    candidates
        In order of their segments.
    hop
        Frames from one segment to the next.
    costs
        What a path pays.

    Returns
    -------
    tuple
        The chosen candidates in order of time and the path's total score (0 without any).

    Notes
    -----
    Viterbi's algorithm over candidates instead of states, so that a path may pass over
    segments in which nothing was said. It fails where the same sound returns at a
    constant distance (a loop): ask for the second path and compare.
    """
    costs = costs or PathCosts()
    if not candidates:
        return [], 0.0
    segment = np.array([c.segment for c in candidates])
    lag = np.array([c.lag for c in candidates])
    gain = np.minimum(np.array([c.score for c in candidates]), 30.0) - costs.entrance
    total = gain.copy()
    came_from = np.full(len(candidates), -1)
    for now in np.unique(segment):
        here = np.flatnonzero(segment == now)
        before = np.flatnonzero(segment[: here[0]] < now)[-_LOOK_BACK:]
        if not before.size:
            continue
        frames = (now - segment[before]) * hop
        slack = costs.tolerance + costs.drift * frames
        free = np.abs(lag[here][:, None] - lag[before][None, :]) <= slack
        reach = total[before] - np.where(free, 0.0, costs.jump)
        best = np.argmax(reach, axis=1)
        gained = reach[np.arange(here.size), best]
        total[here] += np.maximum(gained, 0.0)
        came_from[here] = np.where(gained > 0, before[best], -1)
    at = int(np.argmax(total))
    score, path = float(total[at]), []
    while at >= 0:
        path.append(candidates[at])
        at = int(came_from[at])
    return (path[::-1], score) if score > 0 else ([], 0.0)


def split_at_jumps(path: Sequence[Candidate], *, hop: int, costs: PathCosts | None = None) -> list[list[Candidate]]:
    """The path's pieces between jumps."""
    costs = costs or PathCosts()
    pieces: list[list[Candidate]] = []
    for candidate in path:
        last = pieces[-1][-1] if pieces else None
        slack = costs.tolerance + costs.drift * hop * (candidate.segment - last.segment) if last else 0.0
        if last is None or abs(candidate.lag - last.lag) > slack:
            pieces.append([])
        pieces[-1].append(candidate)
    return pieces
