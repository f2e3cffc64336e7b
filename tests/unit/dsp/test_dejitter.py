"""Samples of regular devices are numbered across losses and stand at even instants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.dsp.dejitter import dejitter
from weft.dsp.sample_counts import count_samples
from weft.dsp.steady_curve import fit_steady_curve


def ns(seconds: np.ndarray) -> np.ndarray:
    return np.rint(seconds * 1e9).astype(np.int64)


def error_ms(stamps_s: np.ndarray, true_s: np.ndarray, *, rate_hz: float = 0.0) -> np.ndarray:
    """Instants minus truth without what all share."""
    found = dejitter(ns(stamps_s), nominal_rate_hz=rate_hz)
    assert found is not None
    error = (found.instants_ns + ns(stamps_s)[0]) / 1e6 - true_s * 1e3
    return np.abs(error - np.median(error))


def chunk_latency_s(rng: np.random.Generator, count: int, *, chunk: int = 32, mean_s: float = 2e-3) -> np.ndarray:
    return np.repeat(rng.exponential(mean_s, -(-count // chunk)), chunk)[:count]


EVEN_S = np.arange(100_000) / 499.9


def test_latencies_longer_than_a_period_shared_by_chunks_are_undone() -> None:
    stamps = EVEN_S + chunk_latency_s(np.random.default_rng(1), EVEN_S.size)
    assert np.any(np.diff(stamps) < 0)
    assert error_ms(stamps, EVEN_S, rate_hz=500).max() < 0.1


def test_one_stamp_for_each_chunk_is_spread_over_its_samples() -> None:
    chunk_end = np.minimum(np.arange(20_000) // 25 * 25 + 24, 19_999)
    true = np.arange(20_000) / 100.02
    assert error_ms(true[chunk_end], true, rate_hz=100).max() < 0.5
    assert error_ms(true[chunk_end], true).max() < 0.5


@pytest.mark.parametrize("lost", [1, 2, 400], ids=lambda lost: f"{lost}_lost")
def test_lost_samples_are_counted_under_jitter_of_a_period(lost: int) -> None:
    kept = np.delete(np.arange(EVEN_S.size), np.arange(50_000, 50_000 + lost))
    stamps = EVEN_S[kept] + chunk_latency_s(np.random.default_rng(2), kept.size)
    found = dejitter(ns(stamps), nominal_rate_hz=500)
    assert found is not None
    assert (found.lost, found.after_loss.size) == (lost, 1)
    assert abs(int(found.after_loss[0]) - 50_000) < 5_000
    assert np.quantile(error_ms(stamps, EVEN_S[kept]), 0.9) < 0.1
    if lost > 100:
        assert int(found.after_loss[0]) == 50_000
        assert error_ms(stamps, EVEN_S[kept]).max() < 0.1


def test_a_camera_that_drops_one_frame_in_fifty_keeps_its_count() -> None:
    rng = np.random.default_rng(3)
    kept = np.flatnonzero(rng.random(18_000) > 0.02)
    true = kept / 29.97
    counts = count_samples(ns(true + rng.normal(0.0, 3e-3, kept.size)))
    assert counts is not None
    assert np.mean(counts.index == kept - kept[0]) > 0.999
    assert error_ms(true + rng.normal(0.0, 3e-3, kept.size), true).max() < 0.2


def test_a_late_chunk_is_no_loss() -> None:
    stamps = np.arange(4000) / 100
    stamps[300:305] += 0.03
    found = dejitter(ns(np.sort(stamps)))
    assert found is not None
    assert (found.lost, found.after_loss.size) == (0, 0)


def test_a_pause_with_another_phase_begins_anew() -> None:
    true = np.concatenate([np.arange(1000) / 100, 13.2337 + np.arange(1000) / 100])
    counts = count_samples(ns(true))
    assert counts is not None
    assert counts.anew == (0, 1000)
    assert error_ms(true, true).max() < 1e-3


def test_a_clock_that_warms_up_is_followed() -> None:
    true = EVEN_S + 12e-3 * (1.0 - np.exp(-EVEN_S / 60.0))
    stamps = true + chunk_latency_s(np.random.default_rng(4), true.size)
    found = dejitter(ns(stamps), nominal_rate_hz=500)
    assert found is not None and not found.is_straight
    assert np.quantile(error_ms(stamps, true), 0.95) < 0.4


@pytest.mark.parametrize(
    ("rate_hz", "bound_ms"),
    [
        pytest.param(60.003, 0.02, id="60_hz"),
        pytest.param(2048.01, 0.02, id="2048_hz"),
        pytest.param(500.003, 0.5, id="500_hz_beats_once_with_the_millisecond"),
    ],
)
def test_stamps_rounded_to_milliseconds_are_undone(rate_hz: float, bound_ms: float) -> None:
    true = np.arange(60_000) / rate_hz
    assert error_ms(np.round(true, 3), true).max() < bound_ms


@pytest.mark.parametrize("scatter", [0.02, 0.3], ids=["slightly", "strongly"])
def test_an_irregular_device_keeps_its_stamps(scatter: float) -> None:
    steps = 0.01 * np.random.default_rng(5).normal(1.0, scatter, 60_000)
    assert dejitter(ns(np.cumsum(steps))) is None


@pytest.mark.parametrize(
    "times_ns",
    [
        np.zeros(0, dtype=np.int64),
        np.zeros(1, dtype=np.int64),
        np.zeros(500, dtype=np.int64),
        np.arange(10, dtype=np.int64),
        np.arange(500, dtype=np.int64)[::-1],
    ],
    ids=["none", "one", "all_equal", "few", "backwards"],
)
def test_stamps_that_say_nothing_give_none(times_ns: np.ndarray) -> None:
    assert dejitter(times_ns) is None


def test_late_stamps_are_laid_along_their_floor_and_scattered_ones_along_their_middle() -> None:
    rng = np.random.default_rng(6)
    true = np.arange(5000) / 100
    late = dejitter(ns(true + rng.exponential(2e-3, 5000)))
    scattered = dejitter(ns(true + rng.normal(0.0, 2e-3, 5000)))
    assert late is not None and scattered is not None
    assert late.lateness_ns == pytest.approx(2e6, rel=0.1)
    assert scattered.lateness_ns == 0.0


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rate_hz=st.floats(20.0, 2000.0),
    jitter_share=st.floats(0.0, 1.2),
    chunk=st.sampled_from([1, 1, 8]),
    lost=st.integers(0, 200),
)
def test_no_sample_moves_by_more_than_the_jitter_nor_across_a_gap(
    seed: int, rate_hz: float, jitter_share: float, chunk: int, lost: int
) -> None:
    rng = np.random.default_rng(seed)
    count = 6000
    kept = np.delete(np.arange(count), np.arange(3000, 3000 + lost))
    jitter_s = jitter_share / rate_hz
    true = kept / rate_hz
    stamps = true + np.repeat(rng.uniform(0.0, jitter_s, kept.size), chunk)[: kept.size]
    found = dejitter(ns(stamps), nominal_rate_hz=rate_hz)
    if found is None:
        return
    assert found.largest_move_ns <= jitter_s * 1e9 + 2.0
    assert np.all(np.diff(found.instants_ns) > 0)
    instants_s = found.instants_ns / 1e9 + ns(stamps)[0] / 1e9
    error = instants_s - true
    assert error.min() > -2e-9 and error.max() < jitter_s + 2e-9
    assert np.ptp(error) < jitter_s / 3 + 2e-9


def test_a_line_is_kept_while_what_is_left_is_white() -> None:
    rng = np.random.default_rng(7)
    x = np.arange(20_000.0)
    assert fit_steady_curve(x, 1e-3 * x + rng.normal(0, 5, x.size)).is_line
    bent = fit_steady_curve(x, 30.0 * np.sin(x / 4000) + rng.normal(0, 5, x.size))
    assert not bent.is_line and bent.follows
    assert np.abs(bent.heights - 30.0 * np.sin(x / 4000)).max() < 2.0


def test_outliers_do_not_pull_the_course() -> None:
    rng = np.random.default_rng(8)
    x = np.arange(5000.0)
    y = rng.normal(0, 1, x.size)
    y[rng.random(x.size) < 0.05] += 200.0
    assert np.abs(fit_steady_curve(x, y).heights).max() < 0.6


@pytest.mark.parametrize("seed", range(4))
def test_single_samples_and_stretches_lost_under_latency_are_all_counted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = np.arange(300_000) / 499.87
    lost = np.zeros(true.size, dtype=np.bool_)
    for at, count in ((60_000, 1), (130_000, 7), (200_000, 400), (250_000, 30)):
        lost[at : at + count] = True
    stamps = true[~lost] + chunk_latency_s(rng, int((~lost).sum()))
    found = dejitter(ns(stamps), nominal_rate_hz=500)
    assert found is not None and found.lost == 438
    assert np.quantile(error_ms(stamps, true[~lost], rate_hz=500), 0.95) < 0.1


@pytest.mark.parametrize("seed", range(4))
def test_one_late_stamp_for_a_chunk_is_no_loss(seed: int) -> None:
    chunk_end = np.minimum(np.arange(100_000) // 25 * 25 + 24, 99_999)
    true = np.arange(100_000) / 100.01
    latency = chunk_latency_s(np.random.default_rng(seed), 100_000, chunk=25)
    found = dejitter(ns(true[chunk_end] + latency), nominal_rate_hz=100)
    assert found is not None and found.lost == 0
