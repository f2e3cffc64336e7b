"""Turned square cut-outs of an image, and the way back from their coordinates.

Coordinates are continuous: the image spans ``0 <= x <= width``, ``0 <= y <= height``
with y downward, and the centre of the first pixel is (0.5, 0.5)::

    image                       cut-out of `size` pixels
    +--------------------+      +---------+
    |      /\\            |      | o     o |
    |     /  \\  angle    | -->  |    >    |      (0, 0) .. (size, size)
    |     \\  /           |      |  \\___/  |
    |      \\/            |      +---------+
    +--------------------+
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

UInt8Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Square:
    """A turned square in an image.

    Parameters
    ----------
    x_px, y_px
        Its centre.
    side_px
        The length of its side.
    angle_rad
        How far it is turned; positive when its right side lies lower than its left.
    """

    x_px: float
    y_px: float
    side_px: float
    angle_rad: float = 0.0

    def to_image(self, points: NDArray[Any], size: int) -> NDArray[np.float32]:
        """Points (n, 2 or 3) of the cut-out of ``size`` pixels, in image pixels; depth is scaled alike."""
        scale = self.side_px / size
        u, v = points[:, 0] - size / 2, points[:, 1] - size / 2
        cos, sin = scale * math.cos(self.angle_rad), scale * math.sin(self.angle_rad)
        placed = np.asarray(points, dtype=np.float32) * np.float32(scale)
        placed[:, 0] = self.x_px + cos * u - sin * v
        placed[:, 1] = self.y_px + sin * u + cos * v
        return placed


def cut_square(image: UInt8Image, square: Square, size: int) -> UInt8Image:
    """The cut-out, shape (size, size, 3) uint8, bilinear; black where it leaves the image.

    Parameters
    ----------
    image
        Shape (h, w, 3) or (h, w), uint8.
    square
        Which part.
    size
        The cut-out's side in pixels. A square much larger than that is first shrunk by
        averaging whole pixels, so that fine texture does not alias.
    """
    from PIL import Image

    region, left, top = _around(image, square)
    factor = max(1, int(square.side_px / (1.5 * size)))
    picture = Image.fromarray(region)
    if factor > 1:
        picture = picture.reduce(factor)
    scale = square.side_px / size / factor
    cos, sin = scale * math.cos(square.angle_rad), scale * math.sin(square.angle_rad)
    x, y = (square.x_px - left) / factor, (square.y_px - top) / factor
    half = size / 2
    matrix = (cos, -sin, x - half * (cos - sin), sin, cos, y - half * (sin + cos))
    turned = picture.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    return np.asarray(turned)


def _around(image: UInt8Image, square: Square) -> tuple[UInt8Image, int, int]:
    """The upright part of the image that holds the square, and its corner; at least one pixel."""
    height, width = image.shape[:2]
    reach = square.side_px * 0.75 + 2
    left = int(min(max(square.x_px - reach, 0), width - 1))
    top = int(min(max(square.y_px - reach, 0), height - 1))
    right = int(max(left + 1, min(math.ceil(square.x_px + reach), width)))
    bottom = int(max(top + 1, min(math.ceil(square.y_px + reach), height)))
    return np.ascontiguousarray(image[top:bottom, left:right]), left, top
