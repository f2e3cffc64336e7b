"""Evidence from motion, and its verdict."""

from __future__ import annotations

import numpy as np
import pytest

from weft.core import NS_PER_S
from weft.dsp.accumulated import Accumulated
from weft.sync.motion.compare import compare_motion
from weft.sync.motion.device import Device
from weft.sync.motion.signals import TURNING, MotionSignal, sensor_signals
from weft.testing.moving_scenes import Turning, gyroscope, motion_stream, optical_flow


def camera(turning, duration_s, *, seed, noise=0.1):
    stamps_s = np.arange(int(duration_s * 30)) / 30
    steps = optical_flow(turning, stamps_s, seed=seed, noise=noise) * np.diff(stamps_s)[:, None]
    moved = Accumulated.from_steps(stamps_s, steps, np.ones(len(steps), dtype=bool))
    return Device.of("cam", [MotionSignal(TURNING, "cam/video", "cam", 5 * NS_PER_S, moved, 12.0, seen=True)])


def unit(turning, duration_s, *, seed, offset_s=2.5, drift=0.0, hz=200.0, name="imu"):
    times_s = np.arange(-3.0, duration_s + 3.0, 1 / hz)
    stamps_s = times_s + offset_s + drift * times_s
    return Device.of(
        name, sensor_signals(motion_stream(f"{name}/gyro", stamps_s, gyroscope(turning, times_s, seed=seed)))
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_a_camera_and_a_gyroscope_are_put_together(swapped):
    turning = Turning.by_hand(1)
    pair = unit(turning, 120, seed=2, drift=40e-6), camera(turning, 120, seed=3)
    evidence = compare_motion(*(pair[::-1] if swapped else pair)).evidence
    assert evidence is not None
    assert (evidence.clock, evidence.reference, evidence.method) == ("cam", "imu", "gyro_flow")
    assert evidence.details["sufficient"]
    at_s = evidence.times_ns / NS_PER_S - 5.0
    wrong_s = evidence.offsets_ns / NS_PER_S - (2.5 - 5.0 + 40e-6 * at_s)
    assert np.abs(wrong_s).max() < 1.0e-3
    assert np.abs(wrong_s / (evidence.sds_ns / NS_PER_S)).max() < 4
    assert len(evidence) >= 4


def test_stated_errors_are_neither_too_small_nor_too_large():
    ratios = []
    for seed in range(25):
        turning = Turning.by_hand(seed + 100)
        evidence = compare_motion(unit(turning, 20, seed=seed), camera(turning, 20, seed=seed + 1, noise=0.3)).evidence
        assert evidence is not None
        weights = 1.0 / evidence.sds_ns**2
        wrong_ns = float(((evidence.offsets_ns + 2.5 * NS_PER_S) * weights).sum() / weights.sum())
        ratios.append(wrong_ns * np.sqrt(weights.sum()))
    assert 0.6 < np.sqrt(np.mean(np.square(ratios))) < 1.4


def test_strangers_get_a_reason_and_short_clips_in_heavy_noise_are_right_or_refused():
    match = compare_motion(unit(Turning.by_hand(7), 30, seed=2), camera(Turning.by_hand(8), 30, seed=3))
    assert match.evidence is None
    assert "stands out of chance" in match.reason
    for seed in range(10):
        turning = Turning.by_hand(seed + 40)
        evidence = compare_motion(unit(turning, 10, seed=seed), camera(turning, 10, seed=seed, noise=1.5)).evidence
        if evidence is not None and evidence.details["sufficient"]:
            assert abs(np.median(evidence.offsets_ns) / NS_PER_S + 2.5) < 0.05


def test_even_steps_never_align_by_themselves():
    turning = Turning.steps(3)
    evidence = compare_motion(unit(turning, 30, seed=2, hz=100), unit(turning, 30, seed=5, hz=100, name="b")).evidence
    assert evidence is None or evidence.details["verdict"] == "weak"


def test_kinds_that_do_not_meet_have_a_reason():
    turning = Turning.by_hand(1)
    one = camera(turning, 20, seed=1)
    other = Device("b", {"stir": one.signals[TURNING]})
    assert "no motion of a like kind" in compare_motion(one, other).reason
