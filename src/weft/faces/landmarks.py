"""468 points of one face, and where to look for them in the next frame.

The network is the face mesh of Kartynnik et al. 2019 (arXiv:1907.06724). It looks at a
square cut-out with level eyes; the square comes from a detection first, and from the
previous frame's points as long as the face is there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weft.faces.crop import Square, UInt8Image, cut_square
from weft.faces.model import LANDMARKS, ModelFile, load_network

Float32Array = NDArray[np.float32]

POINT_COUNT = 468
_SIZE = 192
_RIGHT_EYE_OUTER, _LEFT_EYE_OUTER = 33, 263


class FaceLandmarker:
    """Finds the points of one face in a known part of an image.

    Parameters
    ----------
    file
        Another network with the same layout, if not the one that ships with weft.

    Raises
    ------
    MissingExtraError
        If LiteRT is not installed.

    Notes
    -----
    Depth is relative and rough. Lips follow a known opening with a correlation of about
    0.98 on a face 165 pixels wide or more, and of about 0.77 at 50 pixels.
    """

    def __init__(self, *, file: ModelFile | None = None) -> None:
        self._network = load_network(file or LANDMARKS)

    def __call__(self, image: UInt8Image, square: Square) -> tuple[Float32Array, float]:
        """The points and how surely a face is there.

        Parameters
        ----------
        image
            Shape (h, w, 3) uint8 RGB.
        square
            Where to look.

        Returns
        -------
        points : ndarray
            x, y in image pixels and relative depth in the same unit, shape (468, 3).
        presence : float
            0..1.
        """
        cut = cut_square(image, square, _SIZE)
        raw, logit = self._network(cut.astype(np.float32)[np.newaxis] / np.float32(255))
        presence = 1.0 / (1.0 + float(np.exp(-np.clip(logit.ravel()[0], -80, 80))))
        return square.to_image(raw.reshape(POINT_COUNT, 3), _SIZE), presence


def next_square(points: Float32Array) -> Square:
    """Where the same face will be looked for in the next frame: 1.5 times its points' extent.

    Parameters
    ----------
    points
        Shape (468, 2 or 3), image pixels.
    """
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    run = points[_LEFT_EYE_OUTER, :2] - points[_RIGHT_EYE_OUTER, :2]
    centre = (low + high) / 2
    side = 1.5 * float((high - low).max())
    return Square(float(centre[0]), float(centre[1]), side, float(np.arctan2(run[1], run[0])))


def box_of(points: Float32Array) -> Float32Array:
    """Left, top, right, bottom of the points, shape (4)."""
    return np.concatenate([points[:, :2].min(axis=0), points[:, :2].max(axis=0)])
