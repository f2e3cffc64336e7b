"""What one frame's face points say: how far the mouth and the eyes are open, where the brows are, where the head looks.

Lengths are three-dimensional and divided by the distance of the outer eye corners, so
they hardly change with the distance from the camera and little with a turned head. The
point numbers are those of the 468-point face mesh; "right" is the person's own right,
which is the left of an image that is not mirrored::

        70 63 105 66 107      336 296 334 293 300        brows
          33 (o) 133             362 (o) 263             eyes: outer, inner corners
                      2  nose base
                61 --- 0 --- 291                         lips: corners, upper edge
                   13 / 14                               inner lips
                     17                                  lower edge
                     152  chin
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weft.faces.crop import Square

Float32Array = NDArray[np.float32]

MEASURES = (
    "mouth_gap",
    "mouth_height",
    "mouth_width",
    "jaw_drop",
    "upper_lip_height",
    "lip_corner_height",
    "eye_open_right",
    "eye_open_left",
    "brow_inner_height",
    "brow_outer_height",
    "brow_distance",
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    "face_width_px",
)
"""What :func:`measure_face` returns, in order."""

_OUTER_EYES = (33, 263)
_INNER_LIPS = ((13, 14), (82, 87), (312, 317))
_UP, _DOWN = 10, 152
_CHEEKS = (234, 454)
_RIGID = (33, 133, 362, 263)
"""Eye corners: they do not move with the mouth."""


def measure_face(points: Float32Array) -> Float32Array:
    """The measures of one face.

    Parameters
    ----------
    points
        x, y in image pixels (y downward) and depth in the same unit (smaller is nearer), shape (468, 3).

    Returns
    -------
    ndarray
        One value for each name in ``MEASURES``. Lengths are shares of the distance of the
        outer eye corners; heights grow upward; angles are those of :func:`head_pose`.

    Notes
    -----
    Beyond about 40 degrees of yaw the hidden half of the face is guessed by the network,
    and so are the measures.
    """
    unit = _distance(points, *_OUTER_EYES)
    frame = face_axes(points)
    gap = np.mean([_distance(points, upper, lower) for upper, lower in _INNER_LIPS])
    centre = points[list(_RIGID)].mean(axis=0)
    # Coordinates in the face's own frame: to the person's left, up, towards the back.
    own = (points - centre) @ frame.T / unit
    corners = own[[61, 291], 1].mean()
    yaw, pitch, roll = head_pose(points)
    return np.array(
        [
            gap / unit,
            _distance(points, 0, 17) / unit,
            _distance(points, 61, 291) / unit,
            _distance(points, 2, _DOWN) / unit,
            _distance(points, 2, 0) / unit,
            corners - own[[0, 17], 1].mean(),
            _eye_opening(points, (33, 133), ((160, 144), (159, 145), (158, 153))),
            _eye_opening(points, (263, 362), ((387, 373), (386, 374), (385, 380))),
            own[[107, 66, 336, 296], 1].mean(),
            own[[70, 63, 300, 293], 1].mean(),
            _distance(points, 107, 336) / unit,
            yaw,
            pitch,
            roll,
            _distance(points[:, :2], *_CHEEKS),
        ],
        dtype=np.float32,
    )


def face_axes(points: Float32Array) -> NDArray[np.float64]:
    """The head's own directions as rows: towards the person's left, up, towards the back; shape (3, 3).

    Of a face that looks straight into the camera they are (1, 0, 0), (0, -1, 0), (0, 0, 1).
    """
    left = _unit(points[_OUTER_EYES[1]] - points[_OUTER_EYES[0]])
    up = points[_UP].astype(np.float64) - points[_DOWN]
    up = _unit(up - left * (up @ left))
    return np.stack([left, up, np.cross(up, left)])


def head_pose(points: Float32Array) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees.

    All are 0 when the face looks straight into the camera. Yaw is positive when it looks
    to the image's right, pitch when it looks up, roll when the image's right eye is lower.
    """
    left, _, back = face_axes(points)
    ahead = -back
    yaw = np.degrees(np.arctan2(ahead[0], -ahead[2]))
    pitch = np.degrees(np.arctan2(-ahead[1], np.hypot(ahead[0], ahead[2])))
    roll = np.degrees(np.arctan2(left[1], left[0]))
    return float(yaw), float(pitch), float(roll)


def mouth_square(points: Float32Array) -> Square:
    """The part of the image around the mouth, placed by the eyes alone, so that it does not follow the lips."""
    right = (points[33, :2] + points[133, :2]) / 2
    left = (points[362, :2] + points[263, :2]) / 2
    run = left - right
    centre = (right + left) / 2 + 1.15 * np.array([-run[1], run[0]])
    side = 1.4 * float(np.hypot(*run))
    return Square(float(centre[0]), float(centre[1]), side, float(np.arctan2(run[1], run[0])))


def _eye_opening(points: Float32Array, corners: tuple[int, int], lids: tuple[tuple[int, int], ...]) -> float:
    """The mean distance of the lids as a share of the eye's width."""
    gaps = [_distance(points, upper, lower) for upper, lower in lids]
    return float(np.mean(gaps)) / max(_distance(points, *corners), 1e-6)


def _distance(points: Float32Array, one: int, other: int) -> float:
    """The distance of two points."""
    return max(float(np.linalg.norm(points[one] - points[other])), 1e-6)


def _unit(vector: NDArray[np.floating]) -> NDArray[np.float64]:
    """The vector at length 1."""
    return vector.astype(np.float64) / max(float(np.linalg.norm(vector)), 1e-9)
