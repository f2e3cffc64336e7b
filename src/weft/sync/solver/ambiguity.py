"""Which reading of ambiguous evidence is right, where other evidence can tell.

Music that repeats every 4 s fits as well 4 s later. A stamp, or the way round a loop, that knows the offset to a
second leaves one reading; one that knows it to 10 s leaves several, and then nothing is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from weft.core import Alternative, Evidence
from weft.sync.solver.consistency import strain
from weft.sync.solver.joint_fit import Problem

AGREES = 0.0027
"""A reading agrees when chance explains its distance: three standard deviations."""

MOST_COMBINATIONS = 512


@dataclass(frozen=True)
class Readings:
    """For each piece of evidence its chosen reading, ``None`` where it was not told, and whether any agreed at all."""

    chosen: tuple[Alternative | None, ...]
    none_agrees: frozenset[int]


AS_IT_IS = Alternative(0, 1.0)
"""The main reading."""


def tell_readings(problem: Problem, sure: NDArray[np.bool_]) -> Readings:
    """The readings that exactly one combination agrees on with the sure evidence.

    Parameters
    ----------
    problem
        Of all evidence, sure and ambiguous.
    sure
        Which evidence is sure.
    """
    open_places = [i for i in range(len(problem.evidence)) if not sure[i] and problem.evidence[i].alternatives]
    chosen: list[Alternative | None] = [None] * len(problem.evidence)
    none_agrees: set[int] = set()
    # One at a time first: what a stamp can tell need not be guessed together with the rest.
    keep = sure.copy()
    waiting = list(open_places)
    while waiting:
        told = []
        for index in waiting:
            agreeing, closes = _agreeing(problem, keep, [index])
            if len(agreeing) == 1:
                chosen[index] = agreeing[0][0]
                told.append(index)
                _shift(problem, index, agreeing[0][0].shift_ns)
                keep[index] = True
            elif closes and not agreeing:
                none_agrees.add(index)
        if not told:
            break
        waiting = [index for index in waiting if chosen[index] is None]
    left = [index for index in waiting if index not in none_agrees]
    if len(left) > 1:
        agreeing, closes = _agreeing(problem, keep, left)
        for place, index in enumerate(left):
            readings = {combination[place] for combination in agreeing}
            if closes and len(readings) == 1:
                chosen[index] = readings.pop()
    return Readings(tuple(chosen), frozenset(none_agrees))


def as_read(e: Evidence, reading: Alternative, by: Sequence[str]) -> Evidence:
    """Evidence by the reading that was told, with a note of what told it."""
    read = e if reading == AS_IT_IS else e.shifted(reading)
    told = {"shift_ms": reading.shift_ns / 1e6, "by": sorted(set(by))}
    return replace(read, details={**e.details, "read_by": told})


def _agreeing(
    problem: Problem, keep: NDArray[np.bool_], places: Sequence[int]
) -> tuple[list[tuple[Alternative, ...]], bool]:
    """The combinations of readings that agree with what is kept, and whether they close a loop at all."""
    options = [(AS_IT_IS, *problem.evidence[index].alternatives) for index in places]
    if int(np.prod([len(one) for one in options])) > MOST_COMBINATIONS:
        return [], False
    before, freedom_before = strain(problem, keep)
    wider = keep.copy()
    wider[list(places)] = True
    agreeing = []
    for combination in product(*options):
        for index, reading in zip(places, combination, strict=True):
            _shift(problem, index, reading.shift_ns)
        after, freedom = strain(problem, wider)
        for index, reading in zip(places, combination, strict=True):
            _shift(problem, index, -reading.shift_ns)
        more = freedom - freedom_before
        if more <= 0:
            return [], False
        if after - before < chdtri(more, AGREES):
            agreeing.append(combination)
    return agreeing, True


def _shift(problem: Problem, index: int, by_ns: int) -> None:
    """Let a piece of evidence say another offset."""
    row = problem.rows[index]
    problem.rows[index] = replace(row, measured=row.measured + by_ns)
