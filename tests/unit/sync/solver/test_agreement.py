"""Redundant evidence: loops, contradictions, ambiguous readings."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from weft.core import (
    NS_PER_S,
    Alignment,
    Alternative,
    ArraySamples,
    Clock,
    Evidence,
    Modality,
    Recording,
    RegularTimeline,
    Status,
    Stream,
)
from weft.sync import solve

OFFSETS_S = {"a": 0.0, "b": 5.0, "c": -2.0, "d": 11.0, "e": 3.0}
DRIFTS = {"a": 0.0, "b": 30e-6, "c": -60e-6, "d": 5e-6, "e": 80e-6}
LENGTH_S = 600


def recording(names: str, *, length_s: int = LENGTH_S) -> Recording:
    streams = tuple(
        Stream(f"{name}/x", Modality.TABLE, name, RegularTimeline(0, 1, length_s), ArraySamples(np.zeros(length_s)))
        for name in names
    )
    return Recording("r", Path(), streams, tuple(Clock(name) for name in names))


def edge(pair: str, *, wrong_s: float = 0.0, method: str = "audio", seed: int = 0, **more) -> Evidence:
    """Evidence between two clocks, its first and last letters, true but for ``wrong_s``."""
    clock, reference = pair
    random = np.random.default_rng([seed, *pair.encode()])
    t_s = np.sort(np.linspace(2, LENGTH_S - 2, 40) + random.uniform(-2, 2, 40))
    at_a_s = t_s + OFFSETS_S[clock] + DRIFTS[clock] * t_s
    there_s = (at_a_s - OFFSETS_S[reference]) / (1 + DRIFTS[reference])
    offsets_s = there_s - t_s + random.normal(0, 1e-3, t_s.size) + wrong_s
    return Evidence(
        clock,
        reference,
        np.round(t_s * 1e9).astype(np.int64),
        np.round(offsets_s * 1e9).astype(np.int64),
        np.full(t_s.size, 1e6),
        method,
        **{"systematic_sd_ns": 1e5, **more},
    )


def offset_error_ms(solved: Alignment, clock: str) -> float:
    t_s = np.array([50.0, 550.0])
    time_map = solved.map_of(clock)
    found_s = time_map.apply((t_s * 1e9).astype(np.int64)) / 1e9
    return float(np.abs(found_s - t_s - OFFSETS_S[clock] - DRIFTS[clock] * t_s).max() * 1e3)


def checks(solved: Alignment) -> list[str]:
    return [finding.check for finding in solved.findings]


def test_a_loop_that_closes_is_reported_and_is_no_finding() -> None:
    solved = solve(recording("abc"), [edge("ba"), edge("cb"), edge("ca")], reference="a")
    (loop,) = solved.to_json()["loops"]
    assert sorted(loop["clocks"]) == ["a", "b", "c"]
    assert loop["closes"]
    assert abs(loop["closure_ms"]) < 4 * loop["sd_ms"] < 3.0
    assert solved.findings == ()
    assert Alignment.from_dict(solved.to_dict()).loops == solved.loops


@pytest.mark.parametrize("wrong_s", [0.1, -0.5, 10.0])
@pytest.mark.parametrize("at", range(6))
def test_one_wrong_edge_of_four_clocks_is_named_and_left_out(wrong_s: float, at: int) -> None:
    pairs = ["ba", "ca", "da", "cb", "db", "dc"]
    evidence = [edge(pair, wrong_s=wrong_s if k == at else 0.0) for k, pair in enumerate(pairs)]
    solved = solve(recording("abcd"), evidence, reference="a")
    assert checks(solved) == ["loop_does_not_close"]
    clock, reference = pairs[at]
    assert f"audio {clock}-{reference}" in solved.findings[0].message
    assert abs(solved.findings[0].numbers["closure_ms"]) == pytest.approx(abs(wrong_s) * 1e3, abs=5.0)
    for name in "bcd":
        assert solved[name].status is Status.ALIGNED
        assert offset_error_ms(solved, name) < 2.0
    assert any(loop.wrong for loop in solved.loops)


def test_a_triangle_of_equals_cannot_tell_which_is_wrong() -> None:
    solved = solve(recording("abc"), [edge("ba"), edge("cb", wrong_s=3.0), edge("ca")], reference="a")
    assert checks(solved) == ["loop_does_not_close"]
    assert "cannot be told" in solved.findings[0].message
    for name in "bc":
        assert solved[name].status is Status.WEAK
        assert solved[name].note.startswith("contradictory:")
        assert offset_error_ms(solved, name) <= solved[name].to_json()["error95_ms"]


def test_a_triangle_believes_content_before_what_is_believed_less() -> None:
    evidence = [edge("ba"), edge("cb", wrong_s=3.0, method="audio_face"), edge("ca")]
    solved = solve(recording("abc"), evidence, reference="a")
    assert "likeliest wrong one is audio_face c-b" in solved.findings[0].message
    assert all(solved[name].status is Status.ALIGNED for name in "bc")


@pytest.mark.parametrize("wrong_s", [0.1, 2.0, -10.0])
def test_of_three_measurements_of_a_pair_two_outvote_one(wrong_s: float) -> None:
    evidence = [edge("ba", seed=1), edge("ba", seed=2), edge("ba", seed=3, wrong_s=wrong_s)]
    solved = solve(recording("ab"), evidence, reference="a")
    assert checks(solved) == ["contradictory_evidence"]
    assert solved["b"].status is Status.ALIGNED
    assert offset_error_ms(solved, "b") < 2.0


def test_two_equal_measurements_that_differ_leave_the_clock_weak() -> None:
    solved = solve(recording("ab"), [edge("ba"), edge("ba", seed=2, wrong_s=0.02)], reference="a")
    assert solved["b"].status is Status.WEAK
    assert solved["b"].to_json()["error95_ms"] >= 20.0


def test_stamps_that_contradict_content_are_named_and_content_stays_aligned() -> None:
    stamp = edge("ba", wrong_s=2.0, method="arrival", systematic_sd_ns=1e7)
    solved = solve(recording("ab"), [edge("ba"), stamp], reference="a")
    assert checks(solved) == ["contradictory_evidence"]
    assert solved["b"].note.startswith("contradictory: arrival differs by")
    assert solved["b"].status is Status.ALIGNED


def looping(pair: str, *, by_s: float = 0.0, period_s: float = 4.0, reach: int = 3) -> Evidence:
    """Evidence of music that repeats, read ``by_s`` wrong."""
    steps = [k for k in range(-reach, reach + 1) if k]
    others = tuple(Alternative(round(k * period_s * NS_PER_S), 0.9) for k in steps)
    return replace(edge(pair, wrong_s=by_s), alternatives=others)


def test_ambiguous_evidence_never_aligns_by_itself() -> None:
    solved = solve(recording("ab"), [looping("ba")], reference="a")
    assert solved["b"].status is Status.WEAK
    assert solved["b"].note.startswith("ambiguous: the audio evidence fits also")


@pytest.mark.parametrize("by_s", [0.0, 4.0, -8.0])
def test_a_stamp_tells_which_reading_is_right(by_s: float) -> None:
    stamp = edge("ba", method="lsl", systematic_sd_ns=0.3e9)
    solved = solve(recording("ab"), [looping("ba", by_s=by_s), stamp], reference="a")
    assert solved["b"].status is Status.ALIGNED
    assert offset_error_ms(solved, "b") < 2.0


def test_a_stamp_too_coarse_tells_nothing() -> None:
    stamp = edge("ba", method="arrival", systematic_sd_ns=4e9)
    solved = solve(recording("ab"), [looping("ba"), stamp], reference="a")
    assert solved["b"].status is Status.WEAK
    assert solved["b"].note.startswith("ambiguous:")


def test_what_two_hand_set_clocks_tell_stays_weak() -> None:
    guess = replace(edge("ba", method="wall_clock", systematic_sd_ns=0.5e9))
    solved = solve(recording("ab"), [looping("ba", by_s=4.0), guess], reference="a")
    assert solved["b"].status is Status.WEAK
    assert "ambiguous: only wall_clock" in solved["b"].note
    assert offset_error_ms(solved, "b") < 2.0


def test_the_way_round_a_loop_tells_which_reading_is_right() -> None:
    solved = solve(recording("abc"), [edge("ba"), edge("cb"), looping("ca", by_s=4.0)], reference="a")
    assert solved["c"].status is Status.ALIGNED
    assert offset_error_ms(solved, "c") < 2.0


def test_two_ambiguous_edges_of_a_loop_stay_ambiguous_when_their_periods_are_alike() -> None:
    solved = solve(recording("abc"), [edge("ba"), looping("cb"), looping("ca")], reference="a")
    assert solved["b"].status is Status.ALIGNED
    assert solved["c"].status is Status.WEAK
    assert solved["c"].note.startswith("ambiguous:")


def test_two_ambiguous_edges_with_unlike_periods_tell_each_other() -> None:
    evidence = [edge("ba"), looping("cb", by_s=4.0, reach=1), looping("ca", by_s=2.7, period_s=2.7, reach=1)]
    solved = solve(recording("abc"), evidence, reference="a")
    assert solved["c"].status is Status.ALIGNED
    assert offset_error_ms(solved, "c") < 2.0


def broken(e: Evidence, *, at_s: float, lost_s: float, side: str) -> Evidence:
    """Evidence whose clock or reference lost a piece."""
    ours = e.times_ns
    after = (ours >= at_s * 1e9) if side == "clock" else (ours + e.offsets_ns >= at_s * 1e9)
    sign = 1 if side == "clock" else -1
    offsets_ns = e.offsets_ns + np.where(after, sign * round(lost_s * 1e9), 0)
    middle = int(np.median(e.offsets_ns))
    ours_ns = round(at_s * 1e9) - (0 if side == "clock" else middle)
    gap = {"clock_ns": [ours_ns, ours_ns], "reference_ns": [ours_ns + middle, ours_ns + middle]}
    return replace(e, offsets_ns=offsets_ns, details={"breaks": [gap]})


def test_a_jump_in_a_chain_belongs_to_the_clock_whose_edges_all_break() -> None:
    chain = [
        broken(edge("ba"), at_s=300, lost_s=0.5, side="clock"),
        broken(edge("cb"), at_s=300, lost_s=0.5, side="reference"),
    ]
    solved = solve(recording("abc"), chain, reference="a")
    assert (solved["b"].jumps, solved["c"].jumps) == (1, 0)
    assert solved["c"].status is Status.ALIGNED


def test_a_jump_seen_by_one_edge_of_a_chain_belongs_to_its_far_clock() -> None:
    chain = [edge("ba"), broken(edge("cb"), at_s=300, lost_s=0.5, side="clock")]
    solved = solve(recording("abc"), chain, reference="a")
    assert (solved["b"].jumps, solved["c"].jumps) == (0, 1)


def test_a_jump_that_two_edges_of_a_loop_place_differently_is_one() -> None:
    loop = [
        broken(edge("ba"), at_s=300.0, lost_s=0.5, side="clock"),
        broken(edge("bc"), at_s=300.4, lost_s=0.5, side="clock"),
        edge("ca"),
    ]
    solved = solve(recording("abc"), loop, reference="a")
    assert (solved["b"].jumps, solved["c"].jumps) == (1, 0)
    assert not any(finding.check == "loop_does_not_close" for finding in solved.findings)


def test_a_piece_in_which_nothing_was_measured_is_not_claimed() -> None:
    e = edge("ba")
    keep = (e.times_ns < 200 * NS_PER_S) | (e.times_ns > 400 * NS_PER_S)
    gaps = [{"clock_ns": [t * NS_PER_S] * 2, "reference_ns": [0, 0]} for t in (210, 390)]
    silent = Evidence("b", "a", e.times_ns[keep], e.offsets_ns[keep], e.sds_ns[keep], "audio", details={"breaks": gaps})
    time_map = solve(recording("ab"), [silent], reference="a").map_of("b")
    known = time_map.known(np.array([100, 300, 500]) * NS_PER_S)
    assert known.tolist() == [True, False, True]


def test_many_clocks_with_one_wrong_edge_each_give_the_truth() -> None:
    for seed in range(6):
        random = np.random.default_rng(seed)
        pairs = [b + a for a, b in combinations("abcde", 2)]
        at = int(random.integers(len(pairs)))
        evidence = [edge(p, seed=seed, wrong_s=(0.3 if k == at else 0.0)) for k, p in enumerate(pairs)]
        solved = solve(recording("abcde"), evidence, reference=str(random.choice(list("abcde"))))
        assert checks(solved) == ["loop_does_not_close"]
        assert f"audio {pairs[at][0]}-{pairs[at][1]}" in solved.findings[0].message
