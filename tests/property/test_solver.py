"""What must hold of every solution."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.core import Alignment, ArraySamples, Clock, Evidence, Modality, Recording, RegularTimeline, Stream
from weft.sync import solve

NAMES = ("a", "b", "c")
OFFSETS = st.floats(-1e4, 1e4)
DRIFTS = st.floats(-200e-6, 200e-6)


def recording() -> Recording:
    streams = tuple(
        Stream(f"{name}/x", Modality.TABLE, name, RegularTimeline(0, 1, 300), ArraySamples(np.zeros(300)))
        for name in NAMES
    )
    return Recording("r", Path(), streams, tuple(Clock(name) for name in NAMES))


def exact(clock: str, reference: str, offset_s: float, drift: float) -> Evidence:
    times_ns = np.linspace(0, 299e9, 30).astype(np.int64)
    offsets_ns = np.round(offset_s * 1e9 + drift * times_ns).astype(np.int64)
    return Evidence(clock, reference, times_ns, offsets_ns, np.full(30, 1e4), "audio", systematic_sd_ns=1e5)


@settings(max_examples=30, deadline=None)
@given(offset_s=OFFSETS, drift=DRIFTS)
def test_exact_evidence_is_given_back(offset_s: float, drift: float) -> None:
    solved = solve(recording(), [exact("b", "a", offset_s, drift)], reference="a").map_of("b")
    times_ns = np.array([0, 100, 299]) * 10**9
    expected_ns = times_ns + np.round(offset_s * 1e9 + drift * times_ns).astype(np.int64)
    assert np.abs(solved.apply(times_ns) - expected_ns).max() < 10_000


@settings(max_examples=20, deadline=None)
@given(first=OFFSETS, second=OFFSETS, drift=DRIFTS)
def test_the_reference_may_be_any_clock_of_a_chain(first: float, second: float, drift: float) -> None:
    evidence = [exact("b", "a", first, drift), exact("c", "b", second, -drift)]
    to_a = solve(recording(), evidence, reference="a")
    to_c = solve(recording(), evidence, reference="c")
    times_ns = np.array([10, 250]) * 10**9
    there_ns = to_c.map_of("b").apply(times_ns)
    back_ns = to_a.map_of("c").apply(there_ns, extrapolate=True)
    assert np.abs(back_ns - to_a.map_of("b").apply(times_ns)).max() < 20_000


@settings(max_examples=20, deadline=None)
@given(offset_s=OFFSETS, jump_s=st.floats(-5.0, 5.0), at_s=st.floats(60.0, 240.0))
def test_pieces_never_overlap_and_order_is_kept(offset_s: float, jump_s: float, at_s: float) -> None:
    whole = exact("b", "a", offset_s, 0.0)
    offsets_ns = whole.offsets_ns + np.where(whole.times_ns >= at_s * 1e9, round(jump_s * 1e9), 0)
    gap = {"clock_ns": [round(at_s * 1e9)] * 2, "reference_ns": [0, 0]}
    broken = Evidence("b", "a", whole.times_ns, offsets_ns, whole.sds_ns, "audio", details={"breaks": [gap]})
    solved = solve(recording(), [broken], reference="a")
    for before, after in zip(solved.map_of("b").pieces, solved.map_of("b").pieces[1:], strict=False):
        assert before.device.stop_ns <= after.device.start_ns
        assert before.reference.stop_ns <= after.reference.start_ns
    times_ns = np.arange(0, 300, 5) * 10**9
    known = times_ns[solved.map_of("b").known(times_ns)]
    assert np.all(np.diff(solved.map_of("b").apply(known)) >= 0)


@settings(max_examples=10, deadline=None)
@given(offset_s=OFFSETS, drift=DRIFTS)
def test_an_alignment_survives_storage(offset_s: float, drift: float) -> None:
    solved = solve(recording(), [exact("b", "a", offset_s, drift)], reference="a")
    assert Alignment.from_dict(solved.to_dict()).to_dict() == solved.to_dict()
