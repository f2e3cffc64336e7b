"""The delay and drift that best map one many-channelled rate onto another, in continuous time.

The model, for the i-th interval of ``y`` (a frame to the next, or 20 ms of an inertial unit)::

    y_i = A * mean of x over [start_i + delay(start_i), stop_i + delay(stop_i)] + b
    delay(t) = offset + drift * (t - middle)

``A`` is any matrix: a rotation, a reflection, a focal length for each axis; ``b`` a bias. Errors are
taken to have a Cauchy distribution, so frames in which something else moved hardly count.

Source: continuous-time camera-inertial calibration (Furgale, Rehder, Siegwart, IROS 2013), with the
trajectory replaced by the integral of what the gyroscope measured, since that is denser than any frame rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.dsp.accumulated import Accumulated

Float64Array = NDArray[np.float64]

_ROUNDS = 25
_MARGIN_S = 0.1
"""How far the delay may move from the first guess before intervals leave what is known."""
_CAUCHY = 2.385
"""95 % efficiency on normal errors."""
_MAD_TO_SD = 1.4826


@dataclass(frozen=True, eq=False)
class Intervals:
    """Mean rates over intervals: ``values`` (n, q) from ``start_s`` to ``stop_s`` (n), seconds."""

    start_s: Float64Array
    stop_s: Float64Array
    values: Float64Array

    def __len__(self) -> int:
        return len(self.start_s)

    @property
    def middle_s(self) -> Float64Array:
        """The intervals' middles."""
        return 0.5 * (self.start_s + self.stop_s)

    def where(self, keep: NDArray[np.bool_]) -> Intervals:
        """Some of the intervals."""
        return Intervals(self.start_s[keep], self.stop_s[keep], self.values[keep])


@dataclass(frozen=True, eq=False)
class DelayFit:
    """What was fitted, and what every interval says about the delay.

    ``offset_s`` holds at ``middle_s`` of the intervals' clock. ``pull`` (n) is each interval's weighted
    derivative times residual, ``hold`` (n) its information: ``sum(pull) / sum(hold)`` over some intervals is
    how much later their delay is than the line. ``explained`` is the share of variance that the model explains.
    """

    offset_s: float
    drift: float
    middle_s: float
    times_s: Float64Array
    pull: Float64Array
    hold: Float64Array
    explained: float

    def delay_at(self, t_s: Float64Array | float) -> Float64Array:
        """The delay at readings of the intervals' clock, seconds."""
        delay: Float64Array = self.offset_s + self.drift * (np.asarray(t_s, dtype=np.float64) - self.middle_s)
        return delay


def fit_delay(
    x: Accumulated, y: Intervals, *, guess: tuple[float, float, float], with_drift: bool = True
) -> DelayFit | None:
    """The delay of ``y``'s clock against ``x``'s, started from a guess.

    Parameters
    ----------
    x
        The rates that are known at every moment.
    y
        The rates that are known as means.
    guess
        Where to start, offset (s), drift and middle (s): ``t_x = t_y + offset + drift * (t_y - middle)``.
    with_drift
        Fit the drift too; short material cannot tell it.

    Returns
    -------
    DelayFit or None
        ``None`` where fewer than 20 intervals lie inside both.

    Notes
    -----
    Finds the nearest optimum: the guess must lie within a quarter of the fastest strong movement's
    period. Errors must not depend on the movement (a rolling shutter's skew does, and shifts the offset
    by a constant that ``explained`` does not show).
    """
    inside = _inside(x, y, guess)
    if inside.sum() < 20:
        return None
    y = y.where(inside)
    middle_s = float(y.middle_s.mean())
    drift = guess[1]
    offset_s = guess[0] + drift * (middle_s - guess[2])
    weights = np.ones(len(y))
    for _ in range(_ROUNDS):
        moved = _moved(y, offset_s, drift, middle_s)
        step, weights, _ = _step(x, y, moved, weights, y.middle_s - middle_s if with_drift else None)
        step = np.clip(step, -0.05, 0.05)
        offset_s += float(step[0])
        if with_drift:
            drift = float(np.clip(drift + step[1], -0.05, 0.05))
        if abs(step[0]) < 1e-8:
            break
    _, weights, state = _step(x, y, _moved(y, offset_s, drift, middle_s), weights, None)
    slope, residual, explained = state
    return DelayFit(
        offset_s,
        drift,
        middle_s,
        y.middle_s,
        weights * (slope * residual).sum(axis=1),
        weights * (slope**2).sum(axis=1),
        explained,
    )


def _inside(x: Accumulated, y: Intervals, guess: tuple[float, float, float]) -> NDArray[np.bool_]:
    """The intervals that ``x`` covers under the first guess, with a margin for moving."""
    delay = guess[0] + guess[1] * (y.middle_s - guess[2])
    outer = x.means(y.start_s + delay - _MARGIN_S, y.stop_s + delay + _MARGIN_S)[1]
    known: NDArray[np.bool_] = outer & np.all(np.isfinite(y.values), axis=1)
    return known


def _moved(y: Intervals, offset_s: float, drift: float, middle_s: float) -> tuple[Float64Array, Float64Array]:
    """The intervals' ends on the other clock."""
    return (
        y.start_s + offset_s + drift * (y.start_s - middle_s),
        y.stop_s + offset_s + drift * (y.stop_s - middle_s),
    )


def _step(
    x: Accumulated,
    y: Intervals,
    moved: tuple[Float64Array, Float64Array],
    weights: Float64Array,
    lever_s: Float64Array | None,
) -> tuple[Float64Array, Float64Array, tuple[Float64Array, Float64Array, float]]:
    """One Gauss-Newton step of the delay, with the matrix and bias solved for; new weights, and the state."""
    means, known = x.means(*moved)
    design = np.concatenate([means, np.ones((len(means), 1))], axis=1)
    strength = np.sqrt(weights * known)[:, None]
    matrix = np.linalg.lstsq(design * strength, y.values * strength, rcond=1e-10)[0]
    residual = y.values - design @ matrix
    scale = np.maximum(_MAD_TO_SD * np.median(np.abs(residual[known]), axis=0), 1e-12 + 1e-6 * y.values.std(axis=0))
    residual = residual / scale
    slope = x.slopes(*moved) @ matrix[:-1] / scale
    distance = np.sum(residual**2, axis=1) / residual.shape[1]
    weights = known / (1.0 + distance / _CAUCHY**2)
    # Only what the matrix and the bias cannot take up tells of the delay.
    basis = np.linalg.qr(design * np.sqrt(weights)[:, None])[0]
    pieces = [slope] if lever_s is None else [slope, slope * lever_s[:, None]]
    free = [_without(basis, piece * np.sqrt(weights)[:, None]).ravel() for piece in pieces]
    columns = np.stack(free, axis=1)
    target = (residual * np.sqrt(weights)[:, None]).ravel()
    step = np.linalg.lstsq(columns, target, rcond=1e-12)[0]
    total = weights @ ((y.values - np.average(y.values, axis=0, weights=weights + 1e-12)) / scale) ** 2
    explained = 1.0 - float((weights @ residual**2).sum() / max(total.sum(), 1e-12))
    clean = np.divide(
        free[0].reshape(slope.shape), np.sqrt(weights)[:, None], out=np.zeros_like(slope), where=known[:, None]
    )
    return step, weights, (clean, residual, explained)


def _without(basis: Float64Array, columns: Float64Array) -> Float64Array:
    """What is left of columns outside of the span of an orthonormal basis."""
    left: Float64Array = columns - basis @ (basis.T @ columns)
    return left
