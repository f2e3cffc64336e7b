"""How sure a solution says it is, and where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from weft.core import (
    NS_PER_S,
    ArraySamples,
    Clock,
    Evidence,
    Interval,
    Modality,
    Recording,
    RegularTimeline,
    Stream,
    UsageError,
)
from weft.sync import solve
from weft.sync.solver.drift_prior import WANDER
from weft.sync.solver.knots import place_knots
from weft.sync.solver.scatter import judge


def recording(length_s: int = 3600) -> Recording:
    streams = tuple(
        Stream(f"{name}/x", Modality.TABLE, name, RegularTimeline(0, 1, length_s), ArraySamples(np.zeros(length_s)))
        for name in "ab"
    )
    return Recording("r", Path(), streams, (Clock("a"), Clock("b")))


def measured(t_s: np.ndarray, sd_s: float = 1e-5, seed: int = 0, **more) -> Evidence:
    noise_s = np.random.default_rng(seed).normal(0, sd_s, t_s.size)
    offsets_ns = np.round((2.0 + 20e-6 * t_s + noise_s) * 1e9).astype(np.int64)
    times_ns = np.round(t_s * 1e9).astype(np.int64)
    return Evidence("b", "a", times_ns, offsets_ns, np.full(t_s.size, sd_s * 1e9), "audio", **more)


def test_the_error_widens_away_from_evidence_as_oscillators_wander() -> None:
    solved = solve(recording(), [measured(np.arange(300.0, 900.0, 5.0))], reference="a")
    time_map = solved.map_of("b")
    error_ms = time_map.error95_ns(np.array([600, 1000, 1800, 3599]) * NS_PER_S) / 1e6
    assert np.all(np.diff(error_ms) > 0)
    assert error_ms[0] < 0.01
    assert error_ms[-1] == pytest.approx(1.96e3 * WANDER * 2700**1.5 / np.sqrt(3), rel=0.4)
    assert len(solved["b"].segments()) == 1
    assert solved["b"].to_json()["error95_ms"] == pytest.approx(error_ms[-1], rel=0.01)


def test_a_map_that_reaches_far_beyond_evidence_says_so() -> None:
    covered = solve(recording(), [measured(np.arange(5.0, 3595.0, 5.0))], reference="a")
    assert covered.findings == ()
    (finding,) = solve(recording(), [measured(np.arange(5.0, 1800.0, 5.0))], reference="a").findings
    assert (finding.check, str(finding.severity)) == ("beyond_evidence", "warning")
    assert finding.numbers["beyond_s"] == pytest.approx(1804, abs=5)


def test_the_error_in_a_hole_is_larger_than_beside_it() -> None:
    t_s = np.concatenate([np.arange(0.0, 900.0, 5.0), np.arange(2700.0, 3600.0, 5.0)])
    time_map = solve(recording(), [measured(t_s)], reference="a").map_of("b")
    beside, within = time_map.error95_ns(np.array([850, 1800]) * NS_PER_S)
    assert within > 3 * beside


def test_what_all_moments_share_does_not_average_away() -> None:
    shared = measured(np.arange(5.0, 3595.0, 5.0), systematic_sd_ns=5e6)
    error_ms = solve(recording(), [shared], reference="a").map_of("b").error95_ns([1800 * NS_PER_S]) / 1e6
    assert error_ms[0] == pytest.approx(1.96 * 5, rel=0.01)


@pytest.mark.parametrize("sd_ns", [np.nan, np.inf, -1.0])
def test_a_systematic_error_that_is_no_number_is_refused(sd_ns: float) -> None:
    with pytest.raises(UsageError, match="finite systematic sd"):
        measured(np.arange(5.0, 50.0, 5.0), systematic_sd_ns=sd_ns)


def test_moments_in_any_order_and_at_equal_times_give_the_same_map() -> None:
    e = measured(np.repeat(np.arange(0.0, 600.0, 10.0), 2))
    order = np.random.default_rng(1).permutation(len(e))
    mixed = Evidence("b", "a", e.times_ns[order], e.offsets_ns[order], e.sds_ns[order], "audio")
    one, two = (solve(recording(600), [x], reference="a").map_of("b") for x in (e, mixed))
    probe_ns = np.arange(0, 600, 50) * NS_PER_S
    assert np.abs(one.apply(probe_ns) - two.apply(probe_ns)).max() <= 5_000


def test_all_moments_at_one_time_are_one_measurement() -> None:
    e = measured(np.full(30, 100.0))
    time_map = solve(recording(600), [e], reference="a").map_of("b")
    assert np.all(np.isfinite(time_map.error95_ns([0, 599 * NS_PER_S])))
    assert time_map.error95_ns([0])[0] > time_map.error95_ns([100 * NS_PER_S])[0]


def test_a_hundred_thousand_moments() -> None:
    e = measured(np.linspace(0, 3599, 100_000), sd_s=1e-3)
    time_map = solve(recording(), [e], reference="a").map_of("b")
    assert abs(int(time_map.apply([0])[0]) - 2 * NS_PER_S) < 50_000


def test_a_stream_without_samples_is_no_obstacle() -> None:
    empty = Stream("b/y", Modality.TABLE, "b", RegularTimeline(0, 1, 0), ArraySamples(np.zeros(0)))
    made = recording(600)
    made = Recording("r", Path(), (*made.streams, empty), made.clocks)
    assert solve(made, [measured(np.arange(0.0, 600.0, 10.0))], reference="a").map_of("b") is not None


@pytest.mark.parametrize(("factor", "low", "high"), [(1.0, 0.85, 1.2), (3.0, 2.3, 3.6), (0.1, 0.5, 0.5)])
def test_scatter_is_measured_and_never_believed_to_be_nothing(factor: float, low: float, high: float) -> None:
    standard = factor * np.random.default_rng(0).normal(0, 1, 200)
    standard[::10] += 50
    assert low <= judge(standard, 2).scale <= high


def test_correlated_residuals_widen_the_interval() -> None:
    random = np.random.default_rng(0)
    white = random.normal(0, 1, 300)
    red = white.copy()
    for k in range(1, red.size):
        red[k] = 0.8 * red[k - 1] + 0.6 * red[k]
    assert judge(white, 2).widening == pytest.approx(1.0, abs=0.15)
    assert judge(red, 2).widening == pytest.approx(3.0, rel=0.35)


def test_knots_grow_apart_beyond_the_evidence() -> None:
    seen_ns = np.arange(1000, 1600, 10) * NS_PER_S
    knots, bare = place_knots(Interval(0, 3600 * NS_PER_S), seen_ns)
    assert (knots[-4:] / NS_PER_S).tolist() == [1830, 2070, 2550, 3600]
    assert len(bare) == len(knots) - 1
    assert np.all(np.diff(knots) >= NS_PER_S)
    inside = [not b for b in bare]
    assert sum(inside) == 1
    assert knots[inside.index(True)] == seen_ns[0]
