"""A rate's running integral in continuous time, so that its mean over any interval can be asked for.

A frame's optical flow is the mean of the camera's turning between two exposures; a gyroscope
samples the turning itself. Both become one thing, the integral, and can be compared without
resampling either::

    gyroscope   o  o  o  o  o  o  o       integral by the trapezoid rule, spline between samples
    frames      |--------|--------|       integral at the frames, by summing what they show
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]


class Accumulated:
    """The integral of ``k`` rates as a cubic spline.

    Parameters
    ----------
    times_s
        Instants at which the integral is known, seconds, float64 (n), increasing.
    totals
        The integral there, float64 (n, k).
    known
        Whether the stretch from each instant to the next was measured, bool (n - 1).

    Raises
    ------
    ValueError
        If fewer than four instants are given or they do not increase.

    Notes
    -----
    Fails, silently, where the rate has content above half the samples' rate.

    Examples
    --------
    >>> seconds = np.linspace(0, 10, 1001)
    >>> turning = Accumulated.from_rates(seconds, np.sin(seconds)[:, None])
    >>> mean, known = turning.means(np.array([1.0]), np.array([2.0]))
    >>> bool(abs(mean[0, 0] - (np.cos(1) - np.cos(2))) < 1e-4), known.tolist()
    (True, [True])
    """

    def __init__(self, times_s: Float64Array, totals: Float64Array, known: NDArray[np.bool_]) -> None:
        from scipy.interpolate import CubicSpline

        if len(times_s) < 4 or np.any(np.diff(times_s) <= 0):
            raise ValueError(f"an integral needs four or more instants that increase, found {len(times_s)}")
        self.times_s = times_s
        self.width = int(totals.shape[1])
        self._totals = CubicSpline(times_s, totals, axis=0)
        self._rates = self._totals.derivative()
        self._unknown_s = np.concatenate([[0.0], np.cumsum(np.where(known, 0.0, np.diff(times_s)))])

    @classmethod
    def from_rates(cls, times_s: Float64Array, rates: Float64Array, *, max_gap_s: float = np.inf) -> Accumulated:
        """From samples of the rates, shape (n, k); stretches longer than ``max_gap_s`` are not known."""
        steps = np.diff(times_s)
        areas = 0.5 * (rates[1:] + rates[:-1]) * steps[:, None]
        totals = np.concatenate([np.zeros((1, rates.shape[1])), np.cumsum(areas, axis=0)])
        return cls(times_s, totals, steps <= max_gap_s)

    @classmethod
    def from_steps(cls, times_s: Float64Array, steps: Float64Array, known: NDArray[np.bool_]) -> Accumulated:
        """From what was gained between neighbouring instants, shape (n - 1, k); unknown steps count as none."""
        gained = np.where(known[:, None], steps, 0.0)
        totals = np.concatenate([np.zeros((1, steps.shape[1])), np.cumsum(gained, axis=0)])
        return cls(times_s, totals, known)

    @property
    def start_s(self) -> float:
        """Where the integral begins."""
        return float(self.times_s[0])

    @property
    def stop_s(self) -> float:
        """Where it ends."""
        return float(self.times_s[-1])

    def means(self, start_s: NDArray[Any], stop_s: NDArray[Any]) -> tuple[Float64Array, NDArray[np.bool_]]:
        """Mean rates over intervals, (m, k), 0 where not known, and whether every part was measured, bool (m)."""
        inside = (start_s >= self.start_s) & (stop_s <= self.stop_s)
        low, high = np.clip(start_s, self.start_s, self.stop_s), np.clip(stop_s, self.start_s, self.stop_s)
        unknown = np.interp(high, self.times_s, self._unknown_s) - np.interp(low, self.times_s, self._unknown_s)
        known = inside & (unknown < 1e-9)
        length = np.where(known, stop_s - start_s, 1.0)
        gained = (self._totals(high) - self._totals(low)) / length[:, None]
        return np.where(known[:, None], gained, 0.0), known

    def slopes(self, start_s: NDArray[Any], stop_s: NDArray[Any]) -> Float64Array:
        """By how much :meth:`means` grows per second that both ends move, (m, k)."""
        low, high = np.clip(start_s, self.start_s, self.stop_s), np.clip(stop_s, self.start_s, self.stop_s)
        change: Float64Array = (self._rates(high) - self._rates(low)) / (stop_s - start_s)[:, None]
        return change
