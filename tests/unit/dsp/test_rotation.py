"""Turns between unit quaternions."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.rotation import continue_signs, interpolate_rotation


def about_z(angle_rad: float) -> list[float]:
    """The rotation about z."""
    return [0.0, 0.0, float(np.sin(angle_rad / 2)), float(np.cos(angle_rad / 2))]


def test_a_turn_goes_at_constant_speed() -> None:
    ends = np.array([about_z(0.2), about_z(1.2)])
    found, valid = interpolate_rotation(np.array([0.0, 10.0]), ends, np.array([2.5]), max_gap=10.0)
    assert valid.all()
    assert np.allclose(found[0], about_z(0.45))


def test_the_sign_of_a_quaternion_does_not_change_the_turn() -> None:
    ends = np.array([about_z(0.2), [-x for x in about_z(1.2)]])
    found, _ = interpolate_rotation(np.array([0.0, 10.0]), ends, np.linspace(0, 10, 21), max_gap=10.0)
    assert np.allclose(found, [about_z(0.2 + x) for x in np.linspace(0, 1, 21)])


def test_neighbouring_rows_never_jump_in_sign() -> None:
    angles = np.linspace(0, 12 * np.pi, 200)
    signs = np.where(np.random.default_rng(3).random(200) < 0.5, -1, 1)
    rows = np.array([about_z(a) for a in angles]) * signs[:, None]
    found, _ = interpolate_rotation(np.arange(200.0), rows, np.linspace(0, 199, 997), max_gap=1.0)
    assert np.abs(np.diff(found, axis=0)).max() < 0.05


def test_every_rotation_has_length_one() -> None:
    rows = np.random.default_rng(4).standard_normal((50, 4)) * 7
    found, _ = interpolate_rotation(np.arange(50.0), rows, np.linspace(0, 49, 321), max_gap=1.0)
    assert np.allclose(np.linalg.norm(found, axis=1), 1.0)


@pytest.mark.parametrize("lost", [[0, 0, 0, 0], [np.nan, 0, 0, 1]], ids=["zeros", "NaN"])
def test_a_missing_rotation_is_bridged_only_within_the_largest_gap(lost: list[float]) -> None:
    rows = np.array([about_z(0.0), lost, about_z(1.0)], dtype=float)
    found, valid = interpolate_rotation(np.arange(3.0), rows, np.array([1.0]), max_gap=2.0)
    assert valid.all()
    assert np.allclose(found[0], about_z(0.5))
    assert not interpolate_rotation(np.arange(3.0), rows, np.array([1.0]), max_gap=1.5)[1].any()


def test_nearly_equal_rotations_do_not_divide_by_zero() -> None:
    rows = np.array([about_z(0.3), about_z(0.3 + 1e-9)])
    found, _ = interpolate_rotation(np.array([0.0, 1.0]), rows, np.array([0.5]), max_gap=1.0)
    assert np.allclose(found[0], about_z(0.3))


def test_rows_that_are_not_quaternions_are_refused() -> None:
    with pytest.raises(ValueError, match="rows of x, y, z, w"):
        interpolate_rotation(np.arange(2.0), np.zeros((2, 3)), np.array([0.5]), max_gap=1.0)


def test_one_row_keeps_its_sign() -> None:
    assert continue_signs(np.array([[0.0, 0.0, 0.0, -1.0]])).tolist() == [[0.0, 0.0, 0.0, -1.0]]
