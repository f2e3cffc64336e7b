"""Cases for the motion benchmark: devices that moved together at known times, and what others would make of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, correlate, sosfiltfilt

from weft.core import NS_PER_S, ArraySamples, ListedTimeline, Modality, Recording, Stream
from weft.dsp.accumulated import Accumulated
from weft.sync.motion.device import Device
from weft.sync.motion.signals import TURNING, MotionSignal, pose_signal, sensor_signals
from weft.testing.moving_scenes import (
    Turning,
    gyroscope,
    motion_stream,
    optical_flow,
    pose_stream,
    recording_of,
    walking_points,
)

Float64Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Two devices of one occasion: reference time of the first is ``truth(reading of the second)``.

    ``baseline_s`` is what the usual way finds for the offset, ``shift_at_middle`` the true one at the middle.
    """

    first: Device
    second: Device
    recording: Recording
    offset_s: float
    drift: float
    span_s: tuple[float, float]
    baseline_s: float

    def truth_s(self, t_s: Float64Array) -> Float64Array:
        """The first clock's reading for the second's."""
        return t_s + self.offset_s + self.drift * t_s


def _silent(name: str, times_s: Float64Array) -> Stream:
    """A stream that only says when its clock was read."""
    times_ns = np.rint(times_s * NS_PER_S).astype(np.int64)
    clock = name.partition("/")[0]
    return Stream(name, Modality.TABLE, clock, ListedTimeline(times_ns), ArraySamples(np.zeros(len(times_s))))


def camera_and_gyroscope(
    seed: int, duration_s: float, noise: float, *, kind: str = "related", largest_s: float = 2.0
) -> Case:
    """The note's simulation: 30 frames a second, 200 Hz, a tenth of the frames wrong, ``noise`` times the signal.

    ``kind``: ``related``, ``unrelated``, ``steps`` (a walk whose steps are alike), ``half`` (still for the first
    half), ``jump`` (the gyroscope loses 0.3 s half-way), ``ragged`` (frames lost and stamps that vary).
    """
    rng = np.random.default_rng([seed, round(duration_s), round(noise * 100)])
    key = int(rng.integers(1 << 30))
    turning = Turning.steps(key, step_hz=1.8) if kind == "steps" else Turning.by_hand(key)
    offset_s, drift = float(rng.uniform(-largest_s, largest_s)), float(rng.uniform(-100e-6, 100e-6))
    stamps_s = np.arange(round(duration_s * 30)) / 30.0
    if kind == "ragged":
        stamps_s = np.sort(stamps_s + rng.uniform(0, 0.012, stamps_s.size))[rng.random(stamps_s.size) > 0.05]
    flow = optical_flow(turning, stamps_s, seed=key + 1, noise=noise)
    true_s = np.arange(-3.0, duration_s + 3.0, 0.005)
    felt = Turning.by_hand(key + 77) if kind == "unrelated" else turning
    rates = gyroscope(felt, true_s, seed=key + 2)
    if kind == "half":
        still = stamps_s[:-1] < duration_s / 2
        spread = flow[~still].std(axis=0)
        flow[still] = rng.normal(0, max(noise, 0.02), (int(still.sum()), 3)) * spread
        rates[true_s < duration_s / 2] = rng.normal(0, 0.005, (int((true_s < duration_s / 2).sum()), 3))
    read_s = true_s + offset_s + drift * true_s
    if kind == "jump":
        read_s = read_s - 0.3 * (true_s > duration_s / 2)
        keep = (true_s < duration_s / 2) | (true_s > duration_s / 2 + 0.3)
        read_s, rates = read_s[keep], rates[keep]
    steps = flow * np.diff(stamps_s)[:, None]
    moved = Accumulated.from_steps(stamps_s, steps, np.ones(len(steps), dtype=bool))
    camera = Device.of("cam", [MotionSignal(TURNING, "cam/video", "cam", 0, moved, 12.0, seen=True)])
    felt_stream = motion_stream("imu/gyro", read_s, rates)
    return Case(
        Device.of("imu", sensor_signals(felt_stream)),
        camera,
        recording_of(felt_stream, _silent("cam/video", stamps_s)),
        offset_s,
        drift,
        (0.0, duration_s),
        norms_lag_s((read_s, rates), (0.5 * (stamps_s[1:] + stamps_s[:-1]), flow)),
    )


def two_units(seed: int, duration_s: float, *, rms: float = 0.5, unrelated: bool = False) -> Case:
    """Two gyroscopes on one body, 102 and 104 Hz, with axes, noise, bias and clocks of their own."""
    rng = np.random.default_rng([seed, round(duration_s), 7])
    key = int(rng.integers(1 << 30))
    turning = Turning.by_hand(key, rms=rms)
    offset_s, drift = float(rng.uniform(-5, 5)), float(rng.uniform(-100e-6, 100e-6))
    one_s = np.arange(-6.0, duration_s + 6.0, 1 / 102.0)
    two_s = np.arange(0.0, duration_s, 1 / 104.0)
    other = Turning.by_hand(key + 5, rms=rms) if unrelated else turning
    one = motion_stream("imu/gyro", one_s + offset_s + drift * one_s, gyroscope(other, one_s, seed=key + 1, noise=0.02))
    two = motion_stream("cam/gyro", two_s, gyroscope(turning, two_s, seed=key + 3, noise=0.02))
    return Case(
        Device.of("imu", sensor_signals(one)),
        Device.of("cam", sensor_signals(two)),
        recording_of(one, two),
        offset_s,
        drift,
        (0.0, duration_s),
        norms_lag_s((one.timestamps_ns / NS_PER_S, one.samples.values), (two_s, two.samples.values)),  # type: ignore[attr-defined]
    )


def two_views(seed: int, duration_s: float, *, noise_px: float, unrelated: bool = False) -> Case:
    """Keypoints of one body from two sides, 60 and 30 frames a second."""
    rng = np.random.default_rng([seed, round(duration_s), 9])
    body = int(rng.integers(1 << 20))
    offset_s, drift = float(rng.uniform(-5, 5)), float(rng.uniform(-100e-6, 100e-6))
    one_s, two_s = np.arange(-3.0, duration_s + 3.0, 1 / 60.0), np.arange(0.0, duration_s, 1 / 30.0)
    angle = float(rng.uniform(20, 120))
    one = pose_stream(
        "imu/pose",
        one_s + offset_s + drift * one_s,
        walking_points(body + int(unrelated), one_s, angle_deg=0, noise_px=noise_px),
    )
    two = pose_stream("cam/pose", two_s, walking_points(body, two_s, angle_deg=angle, noise_px=noise_px))
    signals = [signal for stream in (one, two) if (signal := pose_signal(stream))]
    return Case(
        Device.of("imu", signals[:1]),
        Device.of("cam", signals[1:]),
        recording_of(one, two),
        offset_s,
        drift,
        (0.0, duration_s),
        whole_frames_lag_s(one, two),
    )


def norms_lag_s(x: tuple[Float64Array, Float64Array], y: tuple[Float64Array, Float64Array], hz: float = 200.0) -> float:
    """What everybody does: the lengths of both, resampled, and the maximum of ``scipy.signal.correlate``."""
    grids = []
    for times_s, values in (x, y):
        at_s = np.arange(times_s[0], times_s[-1], 1 / hz)
        length = np.linalg.norm(values - np.median(values, axis=0), axis=1)
        resampled = np.interp(at_s, times_s, length)
        grids.append((at_s[0], resampled - resampled.mean()))
    products = correlate(grids[0][1], grids[1][1], mode="full", method="fft")
    return float((products.argmax() - (len(grids[1][1]) - 1)) / hz + grids[0][0] - grids[1][0])


def whole_frames_lag_s(one: Stream, two: Stream) -> float:
    """Pose2Sim's way, from its description: vertical speeds of all keypoints, low-passed at 6 Hz and added, at the
    lower frame rate, correlated; the best whole frame."""
    hz, grids = 30.0, []
    for stream in (one, two):
        times_s = stream.timestamps_ns / NS_PER_S
        heights = stream.samples.read(0, len(stream))[..., 1]
        at_s = np.arange(times_s[0], times_s[-1], 1 / hz)
        even = np.stack([np.interp(at_s, times_s, column) for column in heights.T], axis=1)
        smooth = sosfiltfilt(butter(4, 6.0, fs=hz, output="sos"), even, axis=0)
        speed = np.abs(np.diff(smooth, axis=0)).sum(axis=1)
        grids.append((at_s[0], speed - speed.mean()))
    products = correlate(grids[0][1], grids[1][1], mode="full")
    return float((products.argmax() - (len(grids[1][1]) - 1)) / hz + grids[0][0] - grids[1][0])
