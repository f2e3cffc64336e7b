"""Devices that were moved together at known times: a hand's turning, seen by gyroscopes and by cameras."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, ArraySamples, Clock, ListedTimeline, Modality, Recording, Stream

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Turning:
    """A smooth turning about three axes, known exactly at every moment: a sum of sines, rad/s.

    ``hz``, ``amplitude``, ``phase`` have shape (sines, 3).
    """

    hz: Float64Array
    amplitude: Float64Array
    phase: Float64Array

    @classmethod
    def by_hand(cls, seed: int, *, rms: float = 0.5, band_hz: tuple[float, float] = (0.3, 8.0)) -> Turning:
        """A hand-held camera's: equal power in every octave of the band, ``rms`` rad/s in each axis."""
        rng = np.random.default_rng(seed)
        shape = (120, 3)
        hz = np.exp(rng.uniform(np.log(band_hz[0]), np.log(band_hz[1]), shape))
        amplitude = rng.rayleigh(1.0, shape)
        amplitude *= rms / np.sqrt(0.5 * (amplitude**2).sum(axis=0))
        return cls(hz, amplitude, rng.uniform(0.0, 2 * np.pi, shape))

    @classmethod
    def steps(cls, seed: int, *, step_hz: float = 1.8, wander: float = 0.0) -> Turning:
        """A walk whose steps are alike, harmonics of ``step_hz``, with ``wander`` rad/s of a hand's turning."""
        rng = np.random.default_rng(seed)
        hz = np.repeat(np.arange(1.0, 5.0)[:, None] * step_hz, 3, axis=1)
        walk = cls(hz, rng.rayleigh(0.5, hz.shape), rng.uniform(0.0, 2 * np.pi, hz.shape))
        hand = cls.by_hand(seed + 1, rms=max(wander, 1e-9))
        return cls(
            np.concatenate([walk.hz, hand.hz]),
            np.concatenate([walk.amplitude, hand.amplitude]),
            np.concatenate([walk.phase, hand.phase]),
        )

    def rates(self, t_s: Float64Array) -> Float64Array:
        """Turning at moments (n), rad/s (n, 3)."""
        total = np.zeros((len(t_s), 3))
        for hz, amplitude, phase in zip(self.hz, self.amplitude, self.phase, strict=True):
            total += amplitude * np.sin(2 * np.pi * hz * t_s[:, None] + phase)
        return total

    def angles(self, t_s: Float64Array) -> Float64Array:
        """Its integral, rad (n, 3)."""
        total = np.zeros((len(t_s), 3))
        for hz, amplitude, phase in zip(self.hz, self.amplitude, self.phase, strict=True):
            total -= amplitude / (2 * np.pi * hz) * np.cos(2 * np.pi * hz * t_s[:, None] + phase)
        return total

    def means(self, start_s: Float64Array, stop_s: Float64Array) -> Float64Array:
        """Exact mean rates over intervals (n), rad/s (n, 3)."""
        length: Float64Array = (stop_s - start_s)[:, None]
        return (self.angles(stop_s) - self.angles(start_s)) / length


def random_axes(seed: int) -> Float64Array:
    """Any orthonormal axes, a reflection among them, (3, 3)."""
    axes: Float64Array = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    return axes


def gyroscope(
    turning: Turning, times_s: Float64Array, *, seed: int, noise: float = 0.005, bias: float = 0.02
) -> Float64Array:
    """What a gyroscope in axes of its own samples at true moments (n), rad/s (n, 3)."""
    rng = np.random.default_rng(seed)
    clean = turning.rates(times_s) @ random_axes(seed + 1)
    sampled: Float64Array = clean + rng.normal(0, bias, 3) + rng.normal(0, noise, clean.shape)
    return sampled


def optical_flow(
    turning: Turning, stamps_s: Float64Array, *, seed: int, noise: float = 0.1, outliers: float = 0.1
) -> Float64Array:
    """What frames at true moments (n) show of a camera's turning: mean pixels a second between them, (n - 1, 3).

    ``noise`` is in units of the flow's own spread; ``outliers`` is the share of frames in which
    something else moved.
    """
    rng = np.random.default_rng(seed)
    focal_px = np.array([140.0, 150.0, 1.0])
    clean = turning.means(stamps_s[:-1], stamps_s[1:]) * focal_px
    spread = clean.std(axis=0)
    seen: Float64Array = clean + rng.normal(0, 1, clean.shape) * noise * spread
    wrong = rng.random(len(seen)) < outliers
    seen[wrong] += rng.normal(0, 3, (int(wrong.sum()), 3)) * spread
    return seen


def moved_pictures(
    turning: Turning, stamps_s: Float64Array, *, seed: int, focal_px: float = 140.0, noise: float = 2.0
) -> NDArray[np.uint8]:
    """Frames of a far scene at true moments (n), as a camera sees it that turns, uint8 (n, 96, 160, 3)."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    rng = np.random.default_rng(seed)
    scene = gaussian_filter(rng.normal(size=(400, 520)), 1.5, mode="wrap")
    scene = 128.0 + 40.0 * scene / scene.std()
    angles = turning.angles(stamps_s) - turning.angles(stamps_s[:1])
    down, right = np.mgrid[-47.5:48.5, -79.5:80.5]
    frames = np.empty((len(stamps_s), 96, 160, 3), dtype=np.uint8)
    for index, (yaw, pitch, roll) in enumerate(angles):
        cosine, sine = np.cos(roll), np.sin(roll)
        at = (
            sine * right + cosine * down + focal_px * pitch + 200,
            cosine * right - sine * down + focal_px * yaw + 260,
        )
        picture = map_coordinates(scene, at, order=1, mode="grid-wrap") + rng.normal(0, noise, down.shape)
        frames[index] = np.clip(picture, 0, 255).astype(np.uint8)[:, :, None]
    return frames


def motion_stream(name: str, times_s: Float64Array, values: Float64Array, *, unit: str = "rad/s") -> Stream:
    """An inertial sensor's stream from its own stamps (n) and samples (n, 3); its clock is named before the slash."""
    times_ns = np.rint(times_s * NS_PER_S).astype(np.int64)
    clock = name.partition("/")[0]
    return Stream(
        name, Modality.MOTION, clock, ListedTimeline(times_ns), ArraySamples(values), units=(unit,) * values.shape[1]
    )


def picture_stream(name: str, times_s: Float64Array, frames: NDArray[np.uint8]) -> Stream:
    """A video from its own stamps (n) and frames (n, height, width, 3); its clock is named before the slash."""
    times_ns = np.rint(times_s * NS_PER_S).astype(np.int64)
    return Stream(name, Modality.VIDEO, name.partition("/")[0], ListedTimeline(times_ns), ArraySamples(frames))


def pose_stream(name: str, times_s: Float64Array, points: Float64Array) -> Stream:
    """Keypoints (n, points, 2) at their own stamps (n); its clock is named before the slash."""
    times_ns = np.rint(times_s * NS_PER_S).astype(np.int64)
    return Stream(name, Modality.POSE, name.partition("/")[0], ListedTimeline(times_ns), ArraySamples(points))


def walking_points(seed: int, times_s: Float64Array, *, angle_deg: float, noise_px: float = 1.0) -> Float64Array:
    """Twelve keypoints of one body that moves about, seen from one side at true moments, pixels (n, 12, 2).

    The same ``seed`` is the same body; ``angle_deg`` is the side from which it is seen.
    """
    rng = np.random.default_rng([seed, round(angle_deg)])
    parts = [Turning.by_hand(seed * 100 + part, rms=0.6, band_hz=(0.2, 3.0)) for part in range(12)]
    whole = Turning.by_hand(seed * 100 + 99, rms=0.8, band_hz=(0.2, 2.0)).angles(times_s)
    turn = np.deg2rad(angle_deg)
    points = np.empty((len(times_s), 12, 2))
    for index, part in enumerate(parts):
        place = 400.0 * (whole + 0.5 * part.angles(times_s))
        points[:, index, 0] = 320 + place[:, 0] * np.cos(turn) + place[:, 1] * np.sin(turn)
        points[:, index, 1] = 240 + 15.0 * index + place[:, 2]
    seen: Float64Array = points + rng.normal(0, noise_px, points.shape)
    return seen


def recording_of(*streams: Stream, name: str = "moved") -> Recording:
    """A recording of streams, with a clock for each name before a slash."""
    clocks = dict.fromkeys(stream.clock for stream in streams)
    return Recording(name, Path(), streams, tuple(Clock(clock) for clock in clocks))
