"""Values between irregular samples, and where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.interpolate import bracket, interpolate_angle, interpolate_linear, pick_held, pick_nearest

TIMES = np.array([0.0, 10.0, 20.0, 60.0, 70.0])


def test_a_gap_has_no_value_but_its_edges_have() -> None:
    at = np.array([20.0, 20.1, 40.0, 59.9, 60.0])
    assert bracket(TIMES, at, 30.0).inside.tolist() == [True, False, False, False, True]


def test_max_gap_decides_what_a_gap_is() -> None:
    assert bracket(TIMES, np.array([40.0]), 40.0).inside.tolist() == [True]


def test_nothing_is_known_before_the_first_and_after_the_last_sample() -> None:
    values, valid = interpolate_linear(TIMES, np.ones(5), np.array([-0.1, 70.1]), max_gap=100.0)
    assert not valid.any()
    assert values.tolist() == [0.0, 0.0]


def test_no_samples_have_no_values() -> None:
    values, valid = interpolate_linear(np.zeros(0), np.zeros((0, 2)), np.array([1.0]), max_gap=9.0)
    assert values.shape == (1, 2)
    assert not valid.any()


def test_samples_with_one_stamp_give_the_last_of_them() -> None:
    values, valid = interpolate_linear(np.array([0.0, 5.0, 5.0]), np.array([1.0, 2.0, 3.0]), np.array([5.0]), max_gap=9)
    assert (values.tolist(), valid.tolist()) == ([3.0], [True])


def test_a_missing_sample_is_bridged_only_within_the_largest_gap() -> None:
    values = np.array([0.0, np.nan, 2.0, 6.0, np.nan])
    near = interpolate_linear(TIMES, values, np.array([10.0, 65.0]), max_gap=30.0)
    assert (near[0].tolist(), near[1].tolist()) == ([1.0, 0.0], [True, False])
    assert not interpolate_linear(TIMES, values, np.array([10.0]), max_gap=15.0)[1].any()


def test_a_channel_missing_by_itself_is_nan_and_spares_the_other() -> None:
    values = np.array([[0.0, 0.0], [1.0, np.nan], [2.0, np.nan]])
    found, valid = interpolate_linear(TIMES[:3], values, np.array([15.0]), max_gap=15.0)
    assert valid.tolist() == [True]
    assert found[0, 0] == 1.5
    assert np.isnan(found[0, 1])


def test_an_angle_takes_the_short_way_round_in_any_turn() -> None:
    found, valid = interpolate_angle(np.array([0, 4]), np.array([3.0, -3.0]), np.arange(5), max_gap=4)
    assert valid.all()
    assert np.allclose(np.unwrap(found), np.linspace(3.0, 2 * np.pi - 3.0, 5))
    later, _ = interpolate_angle(np.array([0, 4]), np.array([3.0, 2 * np.pi - 3.0]), np.arange(5), max_gap=4)
    assert np.allclose(found, later)


def test_an_angle_missing_in_between_does_not_break_the_turn() -> None:
    found, valid = interpolate_angle(np.array([0, 1, 2]), np.array([3.0, np.nan, -3.0]), np.array([1.0]), max_gap=2)
    assert valid.all()
    assert abs(found[0]) == pytest.approx(np.pi)


def test_the_closer_sample_wins_and_the_earlier_of_two() -> None:
    index, _ = pick_nearest(TIMES, np.array([4.9, 5.0, 5.1]), max_gap=30.0, period=10.0)
    assert index.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("at", "valid"),
    [(-5.0, True), (-5.1, False), (24.0, True), (40.0, False), (56.0, True), (75.0, True), (75.1, False)],
    ids=[
        "half a period before",
        "earlier",
        "beside the gap",
        "in the gap",
        "before its end",
        "half a period after",
        "later",
    ],
)
def test_an_image_stands_for_its_half_period_beside_a_gap(at: float, valid: bool) -> None:
    assert pick_nearest(TIMES, np.array([at]), max_gap=30.0, period=10.0)[1].tolist() == [valid]


@pytest.mark.parametrize(
    ("at", "valid"),
    [(-0.1, False), (9.9, True), (29.0, True), (31.0, False), (79.9, True), (80.0, False)],
    ids=["before the first", "held", "one period into the gap", "in the gap", "one period after the last", "later"],
)
def test_a_state_is_held_until_the_next_or_for_one_period(at: float, valid: bool) -> None:
    assert pick_held(TIMES, np.array([at]), max_gap=30.0, period=10.0)[1].tolist() == [valid]


@pytest.mark.parametrize("pick", [pick_nearest, pick_held])
def test_nothing_can_be_picked_from_nothing(pick) -> None:  # type: ignore[no-untyped-def]
    assert not pick(np.zeros(0), np.array([0.0]), max_gap=1.0, period=1.0)[1].any()


def test_degrees_turn_the_shorter_way_and_each_channel_by_its_own_turn() -> None:
    values = np.array([[350.0, 3.0], [10.0, -3.0], [np.inf, 0.0]])
    found, valid = interpolate_angle(
        np.array([0, 2, 4]), values, np.array([1, 3]), max_gap=2, turn=np.array([360, 2 * np.pi])
    )
    assert valid.tolist() == [True, True]
    assert found[0, 0] == pytest.approx(0.0, abs=1e-6) and abs(found[0, 1]) == pytest.approx(np.pi, abs=1e-6)
    assert np.isnan(found[1, 0])
