"""What is believed about a clock's drift before any evidence, and how it wanders where none is.

An oscillator's rate does a random walk (random-walk frequency modulation: Allan 1966, Galleani 2008)::

    var(drift(t + T) - drift(t)) = wander**2 * T
    sd(time, T after the last measurement) = wander * T**1.5 / sqrt(3)     besides the drift's own uncertainty

"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S
from weft.sync.solver.knots import ClockKnots

DRIFT_SD = 50e-6
"""Quartz of consumer devices is cut to ±20 to ±50 ppm and ages; two of them differ by √2 of that. Seen in the field:
7 and 33 ppm (two cameras), 145 ppm (camera against recorder), below 20 ppm for most of 47 phones
(arXiv 2107.00987). Evidence of minutes overrules it."""

DRIFT_CHANGE_SD = 2e-6
"""How much the rate may differ across a jump: a device that was paused or restarted has another temperature, and
uncompensated quartz follows it by 0.1-1 ppm per °C (Vig, Quartz Crystal Resonators and Oscillators, 2016)."""

WANDER = 4e-8
"""Per √s: 1 ppm in 10 minutes, 2.4 ppm in an hour. That is a room or a housing that changes by one to three °C at
0.3-1 ppm per °C, far above the flicker floor of quartz (h₋₂ ≈ 2e-20 Hz, 6e-10 per √s: Brown & Hwang, 1997).
It counts where no evidence is; where there is, the residuals decide."""

STEADY = 1e-10
"""Per √s: a clock whose residuals do not ask for more is straight."""


@dataclass(frozen=True)
class DriftHabit:
    """A device's usual drift, and how far it strays from it."""

    drift: float = 0.0
    sd: float = DRIFT_SD


def drift_prior(
    clocks: Mapping[str, ClockKnots],
    count: int,
    *,
    wander: Mapping[str, float] | None = None,
    habits: Mapping[str, DriftHabit] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Information matrix (count, count), its target (count), and the log determinant of the differences' variances.

    Parameters
    ----------
    clocks
        With their knots.
    count
        The number of unknowns.
    wander
        By clock, how its rate wanders where there is evidence, per √s; steady where not named.
    habits
        By clock, its usual drift.
    """
    information, target, spread = np.zeros((count, count)), np.zeros(count), 0.0
    for name, knots in clocks.items():
        habit = (habits or {}).get(name, DriftHabit())
        rows, means, variances = _differences(knots, habit, (wander or {}).get(name, STEADY))
        at = slice(knots.first, knots.first + knots.count)
        information[at, at] += rows.T @ (rows / variances[:, None])
        target[at] += rows.T @ (means / variances)
        spread += float(np.log(variances).sum())
    return information, target, spread


def prior_misfit(
    clocks: Mapping[str, ClockKnots],
    values: NDArray[np.float64],
    *,
    wander: Mapping[str, float] | None = None,
    habits: Mapping[str, DriftHabit] | None = None,
) -> float:
    """Chi-square of a solution's drifts and their changes; by differences, so that stiff clocks cost no digits."""
    total = 0.0
    for name, knots in clocks.items():
        habit = (habits or {}).get(name, DriftHabit())
        rows, means, variances = _differences(knots, habit, (wander or {}).get(name, STEADY))
        at = slice(knots.first, knots.first + knots.count)
        total += float(((rows @ values[at] - means) ** 2 / variances).sum())
    return total


def _differences(
    knots: ClockKnots, habit: DriftHabit, wander: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The first drift and every change of it as rows over the clock's unknowns, their means and variances."""
    slopes, spans_s, bare, piece = [], [], [], []
    at = 0
    for index, (places, without) in enumerate(zip(knots.knots, knots.bare, strict=True)):
        for k, span in enumerate(np.diff(places).astype(np.float64)):
            row = np.zeros(knots.count)
            row[[at + k, at + k + 1]] = -1.0 / span, 1.0 / span
            slopes.append(row)
            spans_s.append(span / NS_PER_S)
            bare.append(bool(without[k]))
            piece.append(index)
        at += len(places)
    # The usual drift is that of the longest measured span, so that what is beyond evidence goes straight on from it.
    longest = max(range(len(slopes)), key=lambda k: (not bare[k], spans_s[k]))
    rows, variances = [slopes[longest]], [habit.sd**2]
    for k in range(1, len(slopes)):
        rate = max(wander, WANDER) if bare[k] or bare[k - 1] or piece[k] != piece[k - 1] else wander
        # Means of a random walk over neighbouring spans differ by a third of both.
        change = rate**2 * (spans_s[k - 1] + spans_s[k]) / 3.0
        rows.append(slopes[k] - slopes[k - 1])
        variances.append(change + (DRIFT_CHANGE_SD**2 if piece[k] != piece[k - 1] else 0.0))
    means = np.zeros(len(rows))
    means[0] = habit.drift
    return np.array(rows), means, np.array(variances)
