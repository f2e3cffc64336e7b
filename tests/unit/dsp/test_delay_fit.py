"""The delay that best maps one rate onto another in continuous time."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.accumulated import Accumulated
from weft.dsp.delay_fit import Intervals, fit_delay
from weft.testing.moving_scenes import Turning, gyroscope, optical_flow


def _case(seed, duration_s, *, offset_s=0.4, drift=0.0, noise=0.1, outliers=0.1):
    turning = Turning.by_hand(seed)
    frames_s = np.arange(int(duration_s * 30)) / 30
    flow = optical_flow(turning, frames_s, seed=seed + 1, noise=noise, outliers=outliers)
    sampled_s = np.arange(-2.0, duration_s + 2.0, 0.005)
    x = Accumulated.from_rates(sampled_s + offset_s + drift * sampled_s, gyroscope(turning, sampled_s, seed=seed + 2))
    return x, Intervals(frames_s[:-1], frames_s[1:], flow)


def test_offset_and_drift_of_two_minutes_are_found_to_a_fraction_of_a_millisecond():
    fit = fit_delay(*_case(11, 120, drift=80e-6), guess=(0.41, 0.0, 60.0))
    assert fit is not None
    at_s = np.array([0.0, 60.0, 120.0])
    np.testing.assert_allclose(fit.delay_at(at_s), 0.4 + 80e-6 * at_s, atol=0.5e-3)
    assert fit.explained > 0.9


def test_without_drift_the_offset_alone_is_fitted():
    fit = fit_delay(*_case(12, 20), guess=(0.38, 0.0, 10.0), with_drift=False)
    assert fit is not None
    assert fit.drift == 0.0
    assert float(fit.delay_at(10.0)) == pytest.approx(0.4, abs=1e-3)


def test_the_guess_may_be_given_with_a_drift_and_a_place():
    x, y = _case(13, 60, drift=200e-6)
    fit = fit_delay(x, y, guess=(0.4 + 200e-6 * 50, 200e-6, 50.0))
    assert fit is not None
    assert float(fit.delay_at(0.0)) == pytest.approx(0.4, abs=1e-3)


def test_a_third_of_the_frames_may_be_wrong():
    fit = fit_delay(*_case(14, 60, outliers=0.33), guess=(0.41, 0.0, 30.0), with_drift=False)
    assert fit is not None
    assert float(fit.delay_at(30.0)) == pytest.approx(0.4, abs=1e-3)


def test_rows_without_numbers_are_left_out_and_too_few_rows_give_nothing():
    x, y = _case(15, 20)
    holes = y.values.copy()
    holes[::3] = np.nan
    fit = fit_delay(x, Intervals(y.start_s, y.stop_s, holes), guess=(0.4, 0.0, 10.0), with_drift=False)
    assert fit is not None
    assert float(fit.delay_at(10.0)) == pytest.approx(0.4, abs=2e-3)
    assert fit_delay(x, y, guess=(100.0, 0.0, 10.0)) is None
