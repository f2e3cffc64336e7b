"""Evidence from motion: a camera and a gyroscope, two inertial units, two cameras that were moved or saw it together.

Search, fit, judge. A relation is *sufficient* only when

* the peak is higher than chance makes the best of all wrong lags, by the same data's wrong lags,
* no other lag is nearly as likely (steps of a walk, a swing),
* the continuous-time fit stays where the search pointed, and both halves agree,
* the drift is one that an oscillator can have.

Otherwise it is *weak*, with the rivals as its alternatives, or there is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from weft.core import NS_PER_S, Alternative, Evidence
from weft.dsp.delay_fit import DelayFit, Intervals, fit_delay
from weft.sync.motion.device import Device
from weft.sync.motion.moments import Moments, moments_of
from weft.sync.motion.search import SearchResult, search
from weft.sync.motion.signals import LIFT, PUSHING, STIR, TURNING, low_passed

METHODS = {
    frozenset({False, True}): "gyro_flow",
    frozenset({False}): "inertial",
    frozenset({True}): "motion_video",
}
"""Method by whether the two signals were seen."""

_STEP_S = 0.02
_SURE_CHANCE = 1e-6
_ANY_CHANCE = 1e-3
_RUNNER_UP = 0.6
_REPETITION = 0.75
_LEAST_WEIGHT = 1e-3
_LEAST_S = 8.0
_WITH_DRIFT_S = 60.0
_FAR_S = 0.06
_HALVES_APART = 5.0
_LARGEST_DRIFT = 500e-6
_RIGID, _LIMBS = 0.8, 0.5
"""Below these shares of explained variance the two were not one body, not neighbouring limbs."""
SENSOR_SD_NS = 1_000_000.0
"""Two low-pass filters of sensors differ by about a millisecond."""
LIMB_SD_NS, LOOSE_SD_NS = 10_000_000.0, 25_000_000.0
"""A wrist and a hip that take part in one step do so within some ten milliseconds of each other; what hangs
together less, or is known by its strength only, within some tens."""
VIEW_SD_NS = 4_000_000.0
"""What two cameras see of one body from two sides: a quarter of a frame at 60 frames a second."""


@dataclass(frozen=True)
class MotionMatch:
    """Evidence, or why there is none, and whether it was refuted that the two moved together."""

    evidence: Evidence | None
    reason: str = ""


def compare_motion(x: Device, y: Device) -> MotionMatch:
    """How ``y``'s clock relates to ``x``'s, by all the kinds of motion that both show.

    Notes
    -----
    Fails to see a constant shift that the two devices put between motion and stamp (exposure, filters):
    that is in ``systematic_sd_ns`` and in assumptions. Fails on jumps of a clock: halves that disagree are refused.
    """
    if not set(x.signals) & set(y.signals):
        return MotionMatch(None, "the two show no motion of a like kind")
    x, y = (y, x) if _denser(y, x) else (x, y)
    found = search(x, y)
    if found is None or found.chance > _ANY_CHANCE:
        return MotionMatch(None, "the two show no motion in common that stands out of chance")
    kind, fit = _best_fit(x, y, found)
    if fit is None:
        return MotionMatch(None, "too little of the motion that both saw can be compared")
    moments = moments_of(fit)
    return MotionMatch(_evidence(x, y, found, kind, fit, moments))


def _denser(one: Device, two: Device) -> bool:
    """Whether the first is sampled more densely: it is asked at any moment, the other at its own stamps."""
    shared = set(one.signals) & set(two.signals)
    return max(one.highest_hz(kind) for kind in shared) > max(two.highest_hz(kind) for kind in shared)


def _best_fit(x: Device, y: Device, found: SearchResult) -> tuple[str, DelayFit | None]:
    """The kind that tells the delay, and its fit.

    Axes tell more than lengths do, where the two were one body; else the kind that stands out most.
    """
    for kind in (TURNING, PUSHING):
        if found.by_kind.get(kind, 0.0) > 0.0:
            fit = _fitted(x, y, found, kind)
            if fit is not None and fit.explained >= _LIMBS:
                return kind, fit
    kind = max(found.by_kind, key=lambda one: found.by_kind[one])
    return kind, _fitted(x, y, found, kind)


def _fitted(x: Device, y: Device, found: SearchResult, kind: str) -> DelayFit | None:
    """The continuous-time fit around the search's lag."""
    highest_hz = min(x.highest_hz(kind), y.highest_hz(kind), 20.0)
    signal = low_passed(x.signals[kind], highest_hz)
    intervals = _intervals(y, kind, highest_hz)
    guess = found.best.lag_s + y.start_of(kind) - x.start_of(kind)
    middle_s = found.middle_s - y.start_of(kind)
    drifting = found.overlap_s >= _WITH_DRIFT_S
    return fit_delay(signal.moved, intervals, guess=(guess, found.best.drift, middle_s), with_drift=drifting)


def _intervals(y: Device, kind: str, highest_hz: float) -> Intervals:
    """The coarser signal's own intervals where they are frames, and 20 ms of it where they are shorter."""
    signal = y.signals[kind]
    if 0.4 / signal.highest_hz >= _STEP_S:
        edges_s = signal.moved.times_s
    else:
        signal = low_passed(signal, highest_hz)
        edges_s = np.arange(signal.moved.start_s, signal.moved.stop_s, _STEP_S)
    values, known = signal.moved.means(edges_s[:-1], edges_s[1:])
    return Intervals(edges_s[:-1][known], edges_s[1:][known], values[known])


def _evidence(x: Device, y: Device, found: SearchResult, kind: str, fit: DelayFit, moments: Moments) -> Evidence | None:
    """What was found, with its verdict."""
    start_ns, to_x_ns = y.signals[kind].origin_ns, x.signals[kind].origin_ns - y.signals[kind].origin_ns
    at_guess = found.best.lag_s + y.start_of(kind) - x.start_of(kind)
    middle_s = found.middle_s - y.start_of(kind)
    moved_s = float(fit.delay_at(middle_s)) - at_guess
    others = [
        Alternative(round((rival.lag_s - found.best.lag_s) * NS_PER_S), found.weight(rival))
        for rival in found.rivals
        if found.weight(rival) > _LEAST_WEIGHT
    ]
    doubts = _doubts(found, fit, moments, moved_s)
    if others:
        doubts.append("another offset is nearly as likely")
    details = {
        "kind": kind,
        "chance": found.chance,
        "runner_up": found.runner_up,
        "repetition": found.repetition,
        "explained": fit.explained,
        "covered_s": round(found.overlap_s, 1),
        "sufficient": not doubts,
    }
    return Evidence(
        clock=y.clock,
        reference=x.clock,
        times_ns=start_ns + np.rint(moments.times_s * NS_PER_S).astype(np.int64),
        offsets_ns=to_x_ns + np.rint(moments.delays_s * NS_PER_S).astype(np.int64),
        sds_ns=np.maximum(moments.sds_s * NS_PER_S, 1.0),
        method=_method(x, y, kind),
        systematic_sd_ns=_systematic_ns(x, y, kind, fit),
        score=found.best.height,
        sources=(x.signals[kind].stream, y.signals[kind].stream),
        details=details | ({"verdict": "weak", "doubts": doubts} if doubts else {}),
        alternatives=tuple(others),
    )


def _doubts(found: SearchResult, fit: DelayFit, moments: Moments, moved_s: float) -> list[str]:
    """Why the match must not align a clock by itself; empty when it may."""
    doubts = []
    if found.chance > _SURE_CHANCE:
        doubts.append(f"chance alone reaches such a match once in {1 / max(found.chance, 1e-12):.0f} times")
    if found.runner_up > _RUNNER_UP or found.repetition > _REPETITION:
        doubts.append("the motion repeats itself")
    if found.overlap_s < _LEAST_S:
        doubts.append(f"only {found.overlap_s:.1f} s were seen by both")
    if abs(moved_s) > _FAR_S or abs(fit.drift) > _LARGEST_DRIFT:
        doubts.append("the fit left the place that the search found")
    if moments.halves_apart > _HALVES_APART:
        doubts.append("the two halves of the recording disagree")
    return doubts


def _method(x: Device, y: Device, kind: str) -> str:
    """The evidence's method."""
    return METHODS[frozenset(device.signals[kind].seen for device in (x, y))]


def _systematic_ns(x: Device, y: Device, kind: str, fit: DelayFit) -> float:
    """What all moments may share and no assumption names."""
    if kind in (STIR, LIFT):
        return VIEW_SD_NS
    if x.signals[kind].seen or y.signals[kind].seen or (kind in (TURNING, PUSHING) and fit.explained >= _RIGID):
        return SENSOR_SD_NS
    return LIMB_SD_NS if kind in (TURNING, PUSHING) and fit.explained >= _LIMBS else LOOSE_SD_NS
