"""How a picture moved as a whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from weft.dsp.picture_shift import PictureTracker


def _scene(seed=0):
    scene = gaussian_filter(np.random.default_rng(seed).normal(size=(300, 300)), 1.5)
    return 128 + 40 * scene / scene.std()


def _seen(scene, right, down, turn_rad, noise=2.0, seed=1):
    rows, columns = np.mgrid[-47.5:48.5, -79.5:80.5]
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    # The content goes right by `right`: the camera looks as far left.
    at = (
        -sine * (columns - right) + cosine * (rows - down) + 150,
        cosine * (columns - right) + sine * (rows - down) + 150,
    )
    return map_coordinates(scene, at, order=3) + np.random.default_rng(seed).normal(0, noise, rows.shape)


@pytest.mark.parametrize(
    ("right", "down", "turn_rad"),
    [(0.0, 0.0, 0.0), (0.37, -0.21, 0.0), (6.3, 2.2, 0.0), (0.0, 0.0, 0.02), (-24.0, 9.0, 0.01)],
    ids=["still", "sub-pixel", "pixels", "turning", "far"],
)
def test_shift_and_turn_are_found(right, down, turn_rad):
    scene, tracker = _scene(), PictureTracker()
    assert tracker.follow(_seen(scene, 0, 0, 0, seed=2)) is None
    shift = tracker.follow(_seen(scene, right, down, turn_rad, seed=3))
    assert shift is not None
    assert shift.right_px == pytest.approx(right, abs=0.06)
    assert shift.down_px == pytest.approx(down, abs=0.06)
    assert shift.turn_px == pytest.approx(turn_rad * 80, abs=0.08)
    assert shift.agreeing > 0.7


def test_what_moves_in_the_picture_is_not_taken_for_the_camera():
    scene, other, tracker = _scene(4), _scene(5), PictureTracker()
    for step in range(2):
        picture = _seen(scene, 0.5 * step, 0, 0, seed=6 + step)
        picture[20:50, 40:80] = other[20 + 3 * step : 50 + 3 * step, 40:80]
        shift = tracker.follow(picture)
    assert shift is not None
    assert shift.right_px == pytest.approx(0.5, abs=0.06)
    assert shift.lift_px < 0


def test_a_cut_does_not_agree_and_a_change_of_size_says_nothing():
    tracker = PictureTracker()
    tracker.follow(_seen(_scene(1), 0, 0, 0))
    cut = tracker.follow(_seen(_scene(2), 0, 0, 0))
    assert cut is not None
    assert cut.stir > 10
    assert tracker.follow(np.zeros((64, 64))) is None


def test_a_black_picture_gives_no_trouble():
    tracker = PictureTracker()
    tracker.follow(np.zeros((96, 160)))
    shift = tracker.follow(np.zeros((96, 160)))
    assert shift is not None
    assert shift.right_px == pytest.approx(0, abs=1e-6)
