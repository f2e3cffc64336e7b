"""Pairing event lists: truth from made lists; a second, slow search for the offset."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.event_information import interval_density
from weft.dsp.event_match import match_events, nearest_pairs

SD_S = 0.005


def made(
    seed: int, *, count: int = 30, missing: int = 4, extra: int = 4
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Two lists of one series with losses and extras, their offset and drift."""
    rng = np.random.default_rng(seed)
    ours = np.cumsum(rng.exponential(3.0, count) + 0.2)
    offset_s, drift = rng.uniform(-40, 40), rng.uniform(-100e-6, 100e-6)
    theirs = np.delete(ours, rng.choice(count, missing, replace=False)) * (1 + drift) + offset_s
    theirs = np.sort(np.concatenate([theirs, rng.uniform(theirs[0], theirs[-1], extra)]) + 0.0)
    ours = np.delete(ours, rng.choice(count, missing, replace=False))
    return np.sort(ours + rng.normal(0, SD_S, ours.size)), theirs, float(offset_s), float(drift)


@pytest.mark.parametrize("seed", range(6))
def test_losses_extras_and_drift_do_not_hide_the_offset(seed: int) -> None:
    ours, theirs, offset_s, drift = made(seed)
    match = match_events(ours, theirs, sd_s=SD_S)
    assert match is not None and match.best.information > 20 and match.margin > 10
    assert match.best.offset_s == pytest.approx(offset_s + drift * match.best.middle_s, abs=3 * SD_S)
    assert match.best.drift == pytest.approx(drift, abs=300e-6)
    assert np.all(np.diff(match.best.first) > 0) and np.all(np.diff(match.best.second) > 0)


def test_the_offset_is_that_of_an_exhaustive_search() -> None:
    ours, theirs, _, _ = made(11, count=15, missing=2, extra=2)
    grid = np.arange(-60, 60, 0.002)
    nearest = np.abs(theirs[None, None, :] - (ours[None, :, None] + grid[:, None, None])).min(axis=2)
    slow_s = float(grid[np.minimum(nearest, 0.05).mean(axis=1).argmin()])
    match = match_events(ours, theirs, sd_s=SD_S)
    assert match is not None
    assert match.best.offset_s == pytest.approx(slow_s, abs=0.02)


def test_unrelated_lists_have_no_information() -> None:
    rng = np.random.default_rng(5)
    best = []
    for _ in range(20):
        lists = [np.cumsum(rng.exponential(2.0, 25) + 0.1) for _ in range(2)]
        match = match_events(*lists, sd_s=SD_S)
        best.append(match.best.information if match is not None else -np.inf)
    assert max(best) < 3.0


def test_a_beat_fits_everywhere_and_says_so() -> None:
    beat = np.arange(40.0)
    match = match_events(beat, beat[:35] + 0.25, sd_s=0.001)
    assert match is not None
    assert match.best.information < 0 and match.alternatives
    shifts = np.array([shift for shift, _ in match.alternatives])
    assert np.allclose(shifts, np.rint(shifts), atol=0.01)


def test_one_missing_beat_on_both_sides_resolves_a_beat() -> None:
    beat = np.delete(np.arange(40.0), [7, 8, 19])
    match = match_events(beat, beat + 12.25, sd_s=0.005)
    assert match is not None
    assert match.best.offset_s == pytest.approx(12.25, abs=0.01)
    assert match.margin > 6


def test_the_search_keeps_to_its_limits() -> None:
    ours, theirs, offset_s, _ = made(2)
    match = match_events(ours, theirs, sd_s=SD_S, search_s=(offset_s + 5, offset_s + 9))
    assert match is None or offset_s + 5 <= match.best.offset_s <= offset_s + 9


@pytest.mark.parametrize("ours", [np.zeros(0), np.array([1.0])], ids=["no event", "one event"])
def test_too_few_events_never_convince(ours: np.ndarray) -> None:
    match = match_events(ours, np.array([3.0, 4.5]), sd_s=SD_S)
    assert match is None or match.best.information < 0


def test_bad_input_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="must be finite, found 1"):
        match_events(np.array([0.0, np.nan]), np.array([1.0]), sd_s=SD_S)
    with pytest.raises(ValueError, match="must not decrease"):
        match_events(np.array([2.0, 1.0]), np.array([1.0]), sd_s=SD_S)
    with pytest.raises(ValueError, match="must be positive"):
        match_events(np.array([1.0]), np.array([1.0]), sd_s=0.0)


def test_pairs_are_one_to_one() -> None:
    ours, theirs = nearest_pairs(np.array([1.0, 1.1, 4.0]), np.array([1.05, 1.06, 9.0]), 0.2)
    assert len(set(ours.tolist())) == ours.size == theirs.size == len(set(theirs.tolist()))


def test_common_intervals_are_dense_and_rare_ones_are_not() -> None:
    times = np.array([0.0, 1, 2, 3, 4, 7.5, 8.5, 9.5])
    density = interval_density(times, np.arange(8), 0.01)
    assert density[0] > 20 * density[4]
