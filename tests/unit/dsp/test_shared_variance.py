"""What two many-channelled signals share at every lag."""

from __future__ import annotations

import numpy as np

from weft.dsp.shared_variance import shared_information


def _all(values):
    return np.ones(len(values), dtype=bool)


def test_equals_the_direct_formula_at_a_lag():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(90, 2)), rng.normal(size=(60, 3))
    y[:, 0] += x[10:70, 1]
    shared, counts = shared_information(x, y, (_all(x), _all(y)))
    over = x[10:70]
    left = y - over @ np.linalg.lstsq(over, y, rcond=None)[0]
    direct = -0.5 * np.log(np.linalg.det(left.T @ left) / np.linalg.det(y.T @ y))
    assert counts[59 + 10] == 60
    np.testing.assert_allclose(shared[59 + 10], direct, rtol=1e-3)


def test_a_mirrored_and_scaled_copy_is_found_and_a_single_opposed_one_is_not_where_likeness_is_asked_for():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 1))
    y = -2.0 * x[100:300] + 0.1 * rng.normal(size=(200, 1))
    both, counts = shared_information(x, y, (_all(x), _all(y)))
    alike, _ = shared_information(x, y, (_all(x), _all(y)), positive=True)
    enough = counts > 50
    assert np.argmax(np.where(enough, both, 0)) - 199 == 100
    assert alike[199 + 100] == 0


def test_what_is_not_known_does_not_count():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 3))
    y = x[50:250] @ rng.normal(size=(3, 3))
    known_y = _all(y)
    known_y[:80] = False
    spoilt = y.copy()
    spoilt[:80] = 1e6
    shared, counts = shared_information(x, spoilt, (_all(x), known_y))
    assert counts[199 + 50] == 120
    assert np.argmax(np.where(counts > 40, shared, 0)) - 199 == 50


def test_silence_shares_nothing():
    x, y = np.zeros((100, 3)), np.zeros((50, 3))
    shared, _ = shared_information(x, y, (_all(x), _all(y)))
    assert np.all(np.isfinite(shared))
    assert shared.max() < 1e-6
