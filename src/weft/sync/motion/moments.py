"""From a fitted delay to moments of evidence: what every ten seconds say by themselves, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from weft.core.time_map import Z95
from weft.dsp.delay_fit import DelayFit

Float64Array = NDArray[np.float64]

WINDOW_S = 10.0
_LEAST_WINDOW_S = 1.0
_LEAST_WINDOWS = 10
"""As many as it takes to tell outliers from a drift, each long enough to hold several movements."""
_BLOCKS_S = (0.1, 0.3, 1.0, 2.0)
"""Errors hang together over a movement; blocks longer than that see all of their variance."""
_LEAST_EFFECTIVE = 8.0
_USUAL_DRIFT = 150e-6


@dataclass(frozen=True, eq=False)
class Moments:
    """Delays (s) at moments ``times_s`` of the intervals' clock, with standard deviations; float64 (n).

    ``halves_apart`` is how many standard deviations the delays of the two halves differ from the fitted line.
    """

    times_s: Float64Array
    delays_s: Float64Array
    sds_s: Float64Array
    halves_apart: float


def moments_of(fit: DelayFit) -> Moments:
    """Independent delays from the intervals' pulls.

    Notes
    -----
    The variance is a sandwich: pulls summed over blocks, squared, against the information, so that
    errors which last (a walking step that is no turning, a filter's ringing) are paid for. Blocks are pooled over the
    recording; few of them widen it by Student's t.
    """
    length_s = float(fit.times_s[-1] - fit.times_s[0])
    count = max(1, round(length_s / WINDOW_S), min(_LEAST_WINDOWS, int(length_s / _LEAST_WINDOW_S)))
    inflation = _inflation(fit)
    held = np.cumsum(fit.hold)
    # Windows of equal information, not of equal length: a still stretch says nothing.
    which = np.minimum((held / held[-1] * count).astype(int), count - 1)
    hold = np.bincount(which, fit.hold, count)
    pull = np.bincount(which, fit.pull, count)
    times_s = np.bincount(which, fit.hold * fit.times_s, count) / np.maximum(hold, 1e-300)
    good = hold > 0
    late = pull[good] / hold[good]
    sds = inflation / np.sqrt(hold[good])
    return Moments(times_s[good], fit.delay_at(times_s[good]) + late, sds, _halves_apart(fit, inflation))


def _inflation(fit: DelayFit) -> float:
    """By how much errors are larger than independent, well-scaled ones.

    Longer blocks replace shorter ones where their variance differs by more than its own uncertainty: errors may
    add up (a step that is no turning) or cancel (noise that a filter left). A drift is no error of the moments.
    """
    pulls = _without_drift(fit)
    variance, freedom = 0.0, 1.0
    for block_s in _BLOCKS_S:
        which = ((fit.times_s - fit.times_s[0]) / block_s).astype(int)
        pull, hold = np.bincount(which, pulls), np.bincount(which, fit.hold)
        effective = float(hold.sum() ** 2 / max(float((hold**2).sum()), 1e-300))
        if effective < _LEAST_EFFECTIVE and variance:
            break
        free = max(1.0, effective - 3.0)
        here = float((pull**2).sum() / max(float(hold.sum()), 1e-300)) * max(effective, 4.0) / free
        if abs(here - variance) > variance * np.sqrt(2.0 / free):
            variance, freedom = here, free
    return float(np.sqrt(variance) * stdtrit(freedom, 0.975) / Z95)


def _without_drift(fit: DelayFit) -> Float64Array:
    """The pulls without the straight line that they follow in time."""
    lever = fit.times_s - np.average(fit.times_s, weights=fit.hold + 1e-300)
    level = fit.pull.sum() / max(float(fit.hold.sum()), 1e-300)
    slope = (lever * fit.pull).sum() / max(float((lever**2 * fit.hold).sum()), 1e-300)
    straight: Float64Array = fit.pull - fit.hold * (level + slope * lever)
    return straight


def _halves_apart(fit: DelayFit, inflation: float) -> float:
    """How far two halves of the information disagree, beyond what a drift may do, in standard deviations."""
    held = np.cumsum(fit.hold)
    first = held < 0.5 * held[-1]
    if not first.any() or first.all():
        return float("inf")
    late = [float(fit.pull[half].sum() / max(fit.hold[half].sum(), 1e-300)) for half in (first, ~first)]
    sd = inflation * np.sqrt(sum(1.0 / max(fit.hold[half].sum(), 1e-300) for half in (first, ~first)))
    centres_s = [np.average(fit.times_s[half], weights=fit.hold[half] + 1e-300) for half in (first, ~first)]
    explained_s = _USUAL_DRIFT * (centres_s[1] - centres_s[0])
    return float(max(0.0, abs(late[0] - late[1]) - explained_s) / max(sd, 1e-12))
