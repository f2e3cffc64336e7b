"""The running integral of a rate."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.accumulated import Accumulated


def test_mean_over_an_interval_is_the_integral_over_its_length():
    times_s = np.arange(0, 10, 0.005)
    turning = Accumulated.from_rates(times_s, np.cos(3 * times_s)[:, None])
    start_s, stop_s = np.array([1.01, 4.3]), np.array([1.043, 4.9])
    means, known = turning.means(start_s, stop_s)
    truth = (np.sin(3 * stop_s) - np.sin(3 * start_s)) / 3 / (stop_s - start_s)
    assert known.all()
    np.testing.assert_allclose(means[:, 0], truth, atol=1e-4)


def test_slopes_are_the_derivative_of_the_means():
    times_s = np.arange(0, 10, 0.005)
    turning = Accumulated.from_rates(times_s, np.cos(3 * times_s)[:, None])
    start_s, stop_s = np.array([1.0, 5.0]), np.array([1.033, 5.033])
    moved = turning.means(start_s + 1e-4, stop_s + 1e-4)[0] - turning.means(start_s - 1e-4, stop_s - 1e-4)[0]
    np.testing.assert_allclose(turning.slopes(start_s, stop_s), moved / 2e-4, rtol=1e-3)


def test_nothing_is_known_across_a_gap_or_outside():
    times_s = np.concatenate([np.arange(0, 2, 0.01), np.arange(3, 5, 0.01)])
    turning = Accumulated.from_rates(times_s, np.ones((len(times_s), 2)), max_gap_s=0.1)
    means, known = turning.means(np.array([1.0, 1.9, -1.0, 4.0]), np.array([1.5, 3.1, 0.5, 4.5]))
    assert known.tolist() == [True, False, False, True]
    np.testing.assert_allclose(means, [[1, 1], [0, 0], [0, 0], [1, 1]], atol=1e-9)


def test_steps_add_up_and_unknown_steps_count_as_none():
    turning = Accumulated.from_steps(np.arange(6.0), np.ones((5, 1)), np.array([True, True, False, True, True]))
    means, known = turning.means(np.array([0.0, 2.0]), np.array([2.0, 3.0]))
    assert known.tolist() == [True, False]
    assert means[0, 0] == pytest.approx(1.0)


@pytest.mark.parametrize("times_s", [np.arange(3.0), np.array([0.0, 1.0, 1.0, 2.0])], ids=["few", "repeated"])
def test_too_few_or_unordered_instants_are_refused(times_s):
    with pytest.raises(ValueError, match="four or more instants that increase"):
        Accumulated.from_rates(times_s, np.zeros((len(times_s), 1)))
