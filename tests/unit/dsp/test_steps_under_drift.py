"""Steps are told from drift, also where neighbours measured the same sound."""

from __future__ import annotations

import numpy as np

from weft.dsp.steps import find_steps


def hopping(count: int = 46, slope: float = 60e-6) -> tuple[np.ndarray, np.ndarray]:
    """Places and delays of half-overlapping windows: pairs of neighbours hear the same syllables."""
    x = np.arange(count) * 20_000.0
    heard_at = (np.arange(count) // 2 * 2) * 20_000.0
    return x, slope * heard_at


def test_drift_alone_is_not_a_step_when_neighbours_hop() -> None:
    x, y = hopping()
    assert find_steps(x, y, least=11.0) == []


def test_a_step_on_top_of_drift_is_found_where_it_is() -> None:
    x, y = hopping()
    y[30:] += 340.0
    assert find_steps(x, y, least=11.0) == [30]
