"""Which columns are a gyroscope's, and stamps that came in bursts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from weft.core import ArraySamples
from weft.sync.motion.signals import (
    FORCE,
    LIFT,
    PUSHING,
    SPIN,
    TURNING,
    even_stamps,
    low_passed,
    pose_signal,
    sensor_columns,
    sensor_signals,
)
from weft.testing.moving_scenes import motion_stream, pose_stream, walking_points

TIMES_S = np.arange(0, 20, 0.01)


def _stream(name, channels, units=()):
    values = np.random.default_rng(0).normal(size=(len(TIMES_S), len(channels)))
    return replace(motion_stream(name, TIMES_S, values), channels=channels, units=units)


@pytest.mark.parametrize(
    ("name", "channels", "units", "expected"),
    [
        ("imu/imu", ("gx", "gy", "gz"), ("deg/s",) * 3, {TURNING: [0, 1, 2]}),
        (
            "imu/imu",
            ("acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"),
            (),
            {PUSHING: [0, 1, 2], TURNING: [3, 4, 5]},
        ),
        ("p/gyroscope", ("x_gyro", "y_gyro", "z_gyro"), (), {TURNING: [0, 1, 2]}),
        ("k/gyro", ("z", "x", "y"), ("rad/s",) * 3, {TURNING: [0, 1, 2]}),
        ("k/accl", ("up/down", "right/left", "forward/back"), ("m/s²",) * 3, {PUSHING: [0, 1, 2]}),
        ("imu/gyro", ("x", "y", "z"), (), {TURNING: [0, 1, 2]}),
        ("imu/imu", ("wx", "wy", "wz", "ax", "ay", "az"), (), {TURNING: [0, 1, 2], PUSHING: [3, 4, 5]}),
        (
            "imu/imu",
            ("gyroX", "gyroY", "gyroZ", "accelX", "accelY", "accelZ"),
            (),
            {TURNING: [0, 1, 2], PUSHING: [3, 4, 5]},
        ),
        ("imu/imu", ("angular_velocity.x", "angular_velocity.y", "angular_velocity.z"), (), {TURNING: [0, 1, 2]}),
        ("imu/mag", ("x", "y", "z"), ("uT",) * 3, {}),
        ("imu/gyro", ("x", "y"), ("rad/s",) * 2, {}),
    ],
)
def test_columns_are_told_by_unit_and_name(name, channels, units, expected):
    assert sensor_columns(_stream(name, channels, units)) == expected


def test_a_sensor_gives_its_axes_and_their_length():
    signals = sensor_signals(_stream("imu/imu", ("gx", "gy", "gz", "ax", "ay", "az"), ("rad/s",) * 3 + ("g",) * 3))
    assert [signal.kind for signal in signals] == [TURNING, SPIN, PUSHING, FORCE]
    assert signals[0].highest_hz == pytest.approx(40.0)


@pytest.mark.parametrize("spoil", ["dead", "slow", "short", "nan"])
def test_what_says_nothing_gives_no_signal(spoil):
    stream = _stream("imu/gyro", ("x", "y", "z"), ("rad/s",) * 3)
    values = stream.samples.values.copy()
    if spoil == "dead":
        stream = replace(stream, samples=ArraySamples(np.zeros_like(values)))
    elif spoil == "nan":
        stream = replace(stream, samples=ArraySamples(np.full_like(values, np.nan)))
    elif spoil == "short":
        stream = motion_stream("imu/gyro", TIMES_S[:20], values[:20])
    else:
        stream = motion_stream("imu/gyro", TIMES_S * 100, values)
    assert sensor_signals(stream) == []


def test_bursts_are_evened_and_steady_stamps_left_alone():
    true_s = np.arange(3000) * 0.01
    bursts = np.ceil(true_s / 0.05 - 1e-9) * 0.05
    even = even_stamps(bursts)
    late = (even - true_s)[200:-200]
    assert late.std() < 1e-3
    steady = true_s + np.random.default_rng(1).normal(0, 2e-4, true_s.size)
    assert even_stamps(steady) is steady


def test_what_is_above_the_band_goes_and_what_is_within_stays_in_its_place():
    values = np.stack([np.sin(2 * np.pi * 2 * TIMES_S)] * 3, axis=1) + np.sin(2 * np.pi * 30 * TIMES_S)[:, None]
    signal = low_passed(sensor_signals(motion_stream("imu/gyro", TIMES_S, values))[0], 10.0)
    at_s = np.arange(5.0, 15.0, 0.033)
    means, known = signal.moved.means(at_s - 0.001, at_s + 0.001)
    assert known.all()
    assert np.abs(means[:, 0] - np.sin(2 * np.pi * 2 * at_s)).max() < 0.05


def test_keypoints_that_are_not_seen_are_left_out():
    times_s = np.arange(0, 10, 1 / 30)
    points = walking_points(1, times_s, angle_deg=0)
    points[50:60, 3] = 0.0
    points[100:110, 4] = np.nan
    signal = pose_signal(pose_stream("cam/pose", times_s, points))
    assert signal is not None
    assert signal.kind == LIFT
    means, _ = signal.moved.means(times_s[:-1], times_s[1:])
    assert np.abs(means).max() < 5 * means.std()
