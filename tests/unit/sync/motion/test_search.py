"""Every lag of one device's motion against another's, and what chance makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from weft.sync.motion.device import Device
from weft.sync.motion.search import search
from weft.sync.motion.signals import sensor_signals
from weft.testing.moving_scenes import Turning, gyroscope, motion_stream


def device(turning, name, *, start_s=0.0, stop_s=60.0, offset_s=0.0, drift=0.0, seed=1, noise=0.05):
    times_s = np.arange(start_s, stop_s, 0.01)
    stamps_s = times_s + offset_s + drift * times_s
    stream = motion_stream(f"{name}/gyro", stamps_s, gyroscope(turning, times_s, seed=seed, noise=noise))
    return Device.of(name, sensor_signals(stream))


def test_the_lag_is_found_between_the_origins_of_both():
    turning = Turning.by_hand(1)
    found = search(device(turning, "a", seed=2), device(turning, "b", start_s=20, stop_s=45, offset_s=100, seed=3))
    assert found is not None
    assert found.best.lag_s == pytest.approx(20.0, abs=0.02)
    assert found.chance < 1e-12
    assert found.overlap_s == pytest.approx(25, abs=0.1)


def test_drift_of_a_long_recording_is_followed():
    turning = Turning.by_hand(2)
    found = search(device(turning, "a", stop_s=900, seed=2), device(turning, "b", stop_s=900, drift=-200e-6, seed=3))
    assert found is not None
    assert found.best.drift == pytest.approx(200e-6, abs=60e-6)
    assert found.best.lag_s + found.best.drift * -found.middle_s == pytest.approx(0, abs=0.04)


def test_unrelated_motion_is_within_chance():
    for seed in range(5):
        found = search(device(Turning.by_hand(seed + 10), "a"), device(Turning.by_hand(seed + 50), "b", seed=9))
        assert found is None or found.chance > 1e-3


def test_even_steps_leave_rivals():
    turning = Turning.steps(4)
    found = search(device(turning, "a", stop_s=30), device(turning, "b", stop_s=30, seed=5))
    assert found is not None
    assert found.repetition > 0.85


def test_too_little_overlap_says_nothing():
    turning = Turning.by_hand(6)
    assert search(device(turning, "a", stop_s=4), device(turning, "b")) is None
