"""Robust lines, steps, envelopes, switch points, paths and fluxes."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.change_point import agreement_by_block, flatten_spectrum, switch_point
from weft.dsp.flux import BANDS, BandEnergies, rising_energy
from weft.dsp.lag_path import PathCosts, best_path, split_at_jumps
from weft.dsp.lag_search import Candidate, Segments, search_lags
from weft.dsp.lower_envelope import lower_envelope
from weft.dsp.robust_line import fit_robust_line
from weft.dsp.steps import find_steps
from weft.testing.scenes import speech_like

RANDOM = np.random.default_rng(0)


def test_a_line_ignores_a_third_of_wrong_points() -> None:
    x = np.arange(60.0)
    y = 3.0 + 0.01 * x + RANDOM.normal(0, 0.001, 60)
    y[::3] += RANDOM.uniform(-50, 50, 20)
    line = fit_robust_line(x, y, np.full(60, 0.001))
    assert line.slope == pytest.approx(0.01, abs=1e-4)
    assert line.at(0.0) == pytest.approx(3.0, abs=2e-3)
    assert np.count_nonzero(line.weights) <= 42


@pytest.mark.parametrize(("count", "slope"), [(1, 0.0), (2, 1.0)], ids=["one point is level", "two points are joined"])
def test_few_points_make_the_obvious_line(count: int, slope: float) -> None:
    points = np.arange(float(count))
    assert fit_robust_line(points, points, np.ones(count)).slope == slope


def test_a_limited_slope_stays_within_its_limit() -> None:
    x = np.arange(10.0)
    assert fit_robust_line(x, x, np.ones(10), largest_slope=0.5).slope == 0.5


def test_steps_are_found_in_a_drifting_series_and_nowhere_else() -> None:
    x = np.arange(0.0, 300.0, 4.0)
    y = 1e-4 * x + RANDOM.normal(0, 1e-5, x.size)
    assert find_steps(x, y, least=0.001) == []
    y[x >= 120] += 0.01
    y[x >= 200] -= 0.5
    assert find_steps(x, y, least=0.001) == [30, 50]


def test_a_step_below_the_least_that_matters_is_left() -> None:
    x = np.arange(40.0)
    y = RANDOM.normal(0, 1e-5, 40) + np.where(x >= 20, 0.01, 0.0)
    assert find_steps(x, y, least=0.1) == []


def test_the_lower_envelope_is_the_least_delayed_message_of_each_block() -> None:
    times = np.arange(0, 1000, 10)
    delays = 5 + RANDOM.integers(1, 50, 100)
    delays[[10, 60]] = 5
    at, least, jitter = lower_envelope(times, delays, blocks=2)
    assert (at.tolist(), least.tolist()) == ([100, 600], [5, 5])
    assert (jitter > 0).all()


def test_the_envelope_of_nothing_is_empty() -> None:
    assert lower_envelope(np.zeros(0, np.int64), np.zeros(0, np.int64), blocks=3)[0].size == 0


def test_the_switch_lies_where_agreement_changes_sides() -> None:
    before = np.concatenate([np.full(300, 40.0), np.zeros(200)])
    assert switch_point(before, 40.0 - before) == (300, 300, 300)


def test_in_a_pause_the_switch_lies_in_its_middle_and_says_how_far_it_may_be_off() -> None:
    before = np.concatenate([np.full(300, 40.0), np.zeros(200)])
    after = np.concatenate([np.zeros(340), np.full(160, 40.0)])
    assert switch_point(before, after) == (320, 300, 340)


def test_what_the_other_lost_belongs_to_neither_side() -> None:
    before = np.concatenate([np.full(300, 40.0), np.zeros(200)])
    after = np.concatenate([np.zeros(350), np.full(150, 40.0)])
    assert switch_point(before, after, hole=50) == (300, 300, 300)


def test_blocks_agree_where_sounds_are_alike_and_nowhere_else() -> None:
    random = np.random.default_rng(4)
    one, other = random.standard_normal((2, 32_000))
    theirs = np.concatenate([one[:16_000], other[16_000:]])
    flat = [flatten_spectrum(sound, rate_hz=16_000) for sound in (one, theirs)]
    support = agreement_by_block(*flat, rate_hz=16_000)
    assert support.shape == (100,)
    assert support[:48].min() > 50.0 > 10.0 > support[52:].max()


def test_a_flat_spectrum_keeps_time_and_loses_colour() -> None:
    click = np.zeros(16_000)
    click[5000] = 1.0
    coloured = np.convolve(click, 0.95 ** np.arange(200))[:16_000]
    assert abs(int(np.argmax(np.abs(flatten_spectrum(coloured, rate_hz=16_000)))) - 5000) <= 2


def test_flux_by_blocks_equals_flux_at_once() -> None:
    sound = speech_like(3.0, seed=1)
    whole = BandEnergies(16_000)
    parts = BandEnergies(16_000)
    at_once = np.concatenate([whole.push(sound), whole.push(np.zeros(0), last=True)])
    by_blocks = np.concatenate([*(parts.push(b) for b in np.array_split(sound, 7)), parts.push(np.zeros(0), last=True)])
    np.testing.assert_array_equal(at_once, by_blocks)
    assert at_once.shape == (sound.size // 160 + 1, BANDS)


def test_a_steady_tone_never_rises() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(48_000) / 16_000)
    flux = rising_energy(BandEnergies(16_000).push(tone))
    assert np.abs(flux[10:].astype(float)).max() < 2.0


def features(sound: np.ndarray) -> np.ndarray:
    return rising_energy(BandEnergies(16_000).push(sound))


def test_segments_find_their_place_before_inside_and_behind() -> None:
    sound = speech_like(40.0, seed=3)
    long, short = features(sound[: 16_000 * 30]), features(sound[16_000 * 7 :])
    segments = Segments.of(len(short), length=500, hop=250)
    path, score = best_path(search_lags(long, short, segments), hop=250)
    assert score > 20
    assert {round(candidate.lag) for candidate in path} == {700}
    mirrored = search_lags(short, long, Segments.of(len(long), length=500, hop=250))
    assert {round(c.lag) for c in best_path(mirrored, hop=250)[0]} == {-700}


def test_a_path_pays_for_jumps_and_splits_at_them() -> None:
    good = [Candidate(i, 100.0 if i < 5 else 180.0, 12.0) for i in range(10)]
    wrong = [Candidate(i, 1000.0 - 90 * i, 10.0) for i in range(10)]
    both = sorted(good + wrong, key=lambda candidate: candidate.segment)
    path, _ = best_path(both, hop=100)
    assert path == good
    assert [len(piece) for piece in split_at_jumps(path, hop=100)] == [5, 5]
    dear, _ = best_path(both, hop=100, costs=PathCosts(jump=1000.0))
    assert len(dear) == 5


def test_no_candidates_make_no_path() -> None:
    assert best_path([], hop=1) == ([], 0.0)


def test_chance_votes_in_a_pause_decide_nothing_and_the_whole_pause_stays_possible() -> None:
    before, after = np.zeros(1000), np.zeros(1000)
    before[:200], after[800:] = 40.0, 40.0
    before[[650, 700]] = 11.0  # what hiss may give by chance
    after[[300]] = 12.0
    _, first, last = switch_point(before, after)
    assert (first, last) == (200, 800)


def test_agreement_is_silent_where_two_noises_have_nothing_in_common() -> None:
    one, two = np.random.default_rng(8).normal(size=(2, 20 * 16_000))
    votes = agreement_by_block(
        flatten_spectrum(one, rate_hz=16_000), flatten_spectrum(two, rate_hz=16_000), rate_hz=16_000
    )
    assert np.count_nonzero(votes) <= 1
