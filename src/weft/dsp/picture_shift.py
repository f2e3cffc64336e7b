"""How a picture moved as a whole from one frame to the next: shift, turn and growth, to a hundredth of a pixel.

A camera that turns shifts the whole picture by its focal length times the angle, whatever the scene; things
that move in the scene do not. So one motion for all pixels is fitted, from coarse to fine, and pixels
that do not follow it count less and less.

Source: S. Baker and I. Matthews, "Lucas-Kanade 20 years on", IJCV 56 (2004), inverse compositional,
robust; the first guess by phase correlation (C. D. Kuglin, D. C. Hines, 1975).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

_LEVELS = 3
_ROUNDS = (3, 4, 6)
"""Steps at the full picture, at half of it and at a quarter."""
_STILL_PX = 0.003
_HUBER = 1.345
"""95 % efficiency on normal errors."""


@dataclass(frozen=True, slots=True)
class PictureShift:
    """What moved.

    ``right_px`` and ``down_px`` are how far the picture's content went, ``turn_px`` how far a point half
    a width from the centre went round it, ``agreeing`` the share of pixels that follow. ``stir`` is the mean
    change of grey that is left, ``lift_px`` how far down what moved by itself went on the whole.
    """

    right_px: float
    down_px: float
    turn_px: float
    agreeing: float
    stir: float
    lift_px: float


class PictureTracker:
    """Follows pictures one after another; each needs only the one before.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> from scipy.ndimage import gaussian_filter
    >>> scene = gaussian_filter(rng.normal(size=(120, 200)), 2) * 100
    >>> tracker = PictureTracker()
    >>> tracker.follow(scene[10:100, 10:170])
    >>> shift = tracker.follow(scene[10:100, 7:167])
    >>> round(shift.right_px, 1), abs(round(shift.down_px, 1))
    (3.0, 0.0)
    """

    def __init__(self) -> None:
        self._before: list[_Level] | None = None

    def follow(self, grey: NDArray[np.floating]) -> PictureShift | None:
        """How the picture moved against the one before; ``None`` for the first, or where sizes differ.

        Parameters
        ----------
        grey
            Brightness, shape (height, width), at least 32 pixels each way.
        """
        levels = [_Level(picture) for picture in _pyramid(grey)]
        before, self._before = self._before, levels
        if before is None or before[0].picture.shape != levels[0].picture.shape:
            return None
        return _compare(before, levels)


class _Level:
    """One size of a picture: its grey without its slow part, its gradients, and what they say of each motion."""

    def __init__(self, picture: Float32Array) -> None:
        from scipy.ndimage import uniform_filter

        self.picture = picture - uniform_filter(picture, max(5, picture.shape[1] // 8))
        height, width = picture.shape
        self.x = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None, :]
        self.y = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None]
        self.down, self.right = np.gradient(self.picture)
        half = width / 2
        turn = (-self.y * self.right + self.x * self.down) / half
        grow = (self.x * self.right + self.y * self.down) / half
        margin = max(2, width // 32)
        self.inner = (slice(margin, height - margin), slice(margin, width - margin))
        self.slopes = np.stack([part[self.inner].ravel() for part in (self.right, self.down, turn, grow)])


def _pyramid(grey: NDArray[np.floating]) -> list[Float32Array]:
    """The picture, a half and a quarter of it."""
    pictures = [np.asarray(grey, dtype=np.float32)]
    for _ in range(_LEVELS - 1):
        last = pictures[-1]
        height, width = last.shape[0] // 2 * 2, last.shape[1] // 2 * 2
        last = last[:height, :width]
        pictures.append(0.25 * (last[::2, ::2] + last[1::2, ::2] + last[::2, 1::2] + last[1::2, 1::2]))
    return pictures


def _compare(before: list[_Level], after: list[_Level]) -> PictureShift:
    """From coarse to fine; motion ``right, down, turn, growth`` in pixels of each level."""
    motion = np.zeros(4)
    motion[:2] = _whole_shift(before[1].picture, after[1].picture) / 2.0
    weights = residual = np.zeros(0)
    for level in range(_LEVELS - 1, -1, -1):
        for _ in range(_ROUNDS[level]):
            step, weights, residual = _step(before[level], after[level], motion)
            motion = motion + step
            if np.abs(step).max() < _STILL_PX * 2:
                break
        if level:
            motion = motion * 2.0
    return _summary(before[0], motion, weights, residual)


def _summary(level: _Level, motion: Float64Array, weights: Float64Array, residual: Float64Array) -> PictureShift:
    """The motion, and what is left of the difference."""
    down = level.slopes[1]
    power = float((down**2).sum())
    lift = float((down * residual).sum()) / power if power > 0 else 0.0
    agreeing = float((weights > 0.5).mean()) if weights.size and np.all(np.isfinite(motion)) else 0.0
    return PictureShift(
        float(motion[0]), float(motion[1]), float(motion[2]), agreeing, float(np.abs(residual).mean()), lift
    )


def _step(before: _Level, after: _Level, motion: Float64Array) -> tuple[Float64Array, Float64Array, Float64Array]:
    """One robust Gauss-Newton step; weights and residuals of the inner pixels."""
    moved = _sampled(after, motion)
    residual = (before.picture[before.inner] - moved).ravel()
    spread = 1.4826 * float(np.median(np.abs(residual))) + 1e-6
    weights = np.minimum(1.0, _HUBER * spread / np.maximum(np.abs(residual), 1e-12))
    weighted = before.slopes * weights
    information = (weighted @ before.slopes.T).astype(np.float64)
    information += np.eye(4) * (1e-6 * np.trace(information) + 1e-9)
    step = np.linalg.solve(information, (weighted @ residual).astype(np.float64))
    return np.clip(step, -2.0, 2.0), weights, residual


def _sampled(level: _Level, motion: Float64Array) -> Float32Array:
    """The later picture's inner pixels where the motion took them, between pixels by straight lines."""
    right, down, turn, grow = motion.astype(np.float32)
    height, width = level.picture.shape
    half = np.float32(width / 2)
    x, y = level.x[:, level.inner[1]], level.y[level.inner[0]]
    at_x = x + right + (grow * x - turn * y) / half + np.float32((width - 1) / 2)
    at_y = y + down + (turn * x + grow * y) / half + np.float32((height - 1) / 2)
    at_x, at_y = np.clip(at_x, 0, width - 1.001), np.clip(at_y, 0, height - 1.001)
    left, top = at_x.astype(np.int32), at_y.astype(np.int32)
    along, below = at_x - left, at_y - top
    flat, first = level.picture.ravel(), top * width + left
    upper = flat[first] * (1 - along) + flat[first + 1] * along
    lower = flat[first + width] * (1 - along) + flat[first + width + 1] * along
    sampled: Float32Array = upper * (1 - below) + lower * below
    return sampled


def _whole_shift(before: Float32Array, after: Float32Array) -> Float64Array:
    """The content's shift to a pixel, right and down, by phase correlation."""
    window = np.hanning(before.shape[0])[:, None] * np.hanning(before.shape[1])[None, :]
    cross = np.conj(scipy.fft.rfft2(before * window)) * scipy.fft.rfft2(after * window)
    # Half-whitened: noise where the picture has no detail would drown the peak.
    surface = scipy.fft.irfft2(cross / (np.abs(cross) ** 0.75 + 1e-6), before.shape)
    row, column = np.unravel_index(int(surface.argmax()), surface.shape)
    height, width = before.shape
    return np.array([(column + width // 2) % width - width // 2, (row + height // 2) % height - height // 2], float)
