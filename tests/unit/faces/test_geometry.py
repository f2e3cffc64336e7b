"""Measures of known faces: a real one, turned and stretched by known amounts."""

from __future__ import annotations

import numpy as np
import pytest

from weft.core import Stream
from weft.faces.detect import FaceDetector
from weft.faces.geometry import MEASURES, head_pose, measure_face, mouth_square
from weft.faces.landmarks import FaceLandmarker


@pytest.fixture(scope="module")
def points(man: Stream) -> np.ndarray:
    """The points of a closed mouth, made exactly frontal."""
    image = man.samples.read(74, 75)[0]
    found, presence = FaceLandmarker()(image, FaceDetector()(image).square(0))
    assert presence > 0.99
    return _frontal(found)


def _frontal(points: np.ndarray) -> np.ndarray:
    """The same face with its own axes along the camera's."""
    from weft.faces.geometry import face_axes

    left, up, back = face_axes(points)
    return ((points - points.mean(axis=0)) @ np.stack([left, -up, back]).T + [180, 140, 0]).astype(np.float32)


def _turned(points: np.ndarray, axis: str, degrees: float) -> np.ndarray:
    """Rotated about the camera's axis: x right, y down, z away."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }[axis]
    middle = points.mean(axis=0)
    return ((points - middle) @ np.array(matrix).T + middle).astype(np.float32)


@pytest.mark.parametrize(
    ("axis", "degrees", "expected"),
    [
        ("y", -20, (20, 0, 0)),
        ("y", 20, (-20, 0, 0)),
        ("x", 15, (0, -15, 0)),
        ("z", 10, (0, 0, 10)),
    ],
    ids=["to the image's right", "to the image's left", "down", "tilted to the right"],
)
def test_the_head_pose_is_the_rotation_that_was_made(
    points: np.ndarray, axis: str, degrees: float, expected: tuple[float, float, float]
) -> None:
    np.testing.assert_allclose(head_pose(_turned(points, axis, degrees)), expected, atol=0.01)


def _measure(points: np.ndarray, name: str) -> float:
    return float(measure_face(points)[MEASURES.index(name)])


def test_lengths_do_not_change_with_distance_position_or_rotation(points: np.ndarray) -> None:
    lengths = slice(0, MEASURES.index("yaw_deg"))
    moved = _turned(points, "y", 25) * np.float32(1.7) + np.float32(30)
    np.testing.assert_allclose(measure_face(moved)[lengths], measure_face(points)[lengths], atol=1e-4)


def test_opening_the_lips_by_a_tenth_of_the_eye_distance_opens_the_mouth_by_a_tenth(points: np.ndarray) -> None:
    eyes = np.linalg.norm(points[33] - points[263])
    opened = points.copy()
    opened[[14, 87, 317], 1] += 0.1 * eyes
    assert _measure(opened, "mouth_gap") - _measure(points, "mouth_gap") == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(
    ("moved", "name", "sign"),
    [
        ((61, 291), "lip_corner_height", 1),
        ((107, 66, 336, 296), "brow_inner_height", 1),
        ((70, 63, 300, 293), "brow_outer_height", 1),
        ((152,), "jaw_drop", -1),
        ((145, 144, 153), "eye_open_right", -1),
        ((374, 373, 380), "eye_open_left", -1),
    ],
)
def test_raising_points_changes_their_measure_and_its_sign(
    points: np.ndarray, moved: tuple[int, ...], name: str, sign: int
) -> None:
    raised = points.copy()
    raised[list(moved), 1] -= 4
    assert sign * (_measure(raised, name) - _measure(points, name)) > 0.01


def test_the_mouth_square_stays_when_the_lips_move(points: np.ndarray) -> None:
    opened = points.copy()
    opened[[0, 13, 14, 17, 61, 291, 152], 1] += 15
    assert mouth_square(opened) == mouth_square(points)
    lips = points[[13, 14], :2].mean(axis=0)
    assert np.hypot(mouth_square(points).x_px - lips[0], mouth_square(points).y_px - lips[1]) < 12
