"""What holds for every window of every aligned recording."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.core import (
    Alignment,
    ArraySamples,
    Clock,
    ClockAlignment,
    Interpolation,
    ListedTimeline,
    Modality,
    Recording,
    RegularTimeline,
    Status,
    Stream,
    TimeMap,
)
from weft.core.timeline import Timeline
from weft.sync.view.recording import AlignedRecording

S = 1_000_000_000
BETWEEN = (Interpolation.BAND_LIMITED, Interpolation.LINEAR, Interpolation.NEAREST, Interpolation.HOLD)

drifts = st.floats(-300e-6, 300e-6)
offsets_ns = st.integers(-(10**10), 10**10)


def seen(timeline: Timeline, values: np.ndarray, time_map: TimeMap, interpolation: Interpolation) -> AlignedRecording:
    """A recording of one stream, ``dev/x``, under a map."""
    stream = Stream("dev/x", Modality.TABLE, "dev", timeline, ArraySamples(values), interpolation=interpolation)
    entry = ClockAlignment(Clock("dev"), ("dev/x",), Status.ALIGNED, time_map)
    recording = Recording("r", Path(), (stream,), (Clock("dev"),))
    return AlignedRecording(recording, Alignment("r", "ref", (entry,)))


def signal_to_error_db(truth: np.ndarray, found: np.ndarray) -> float:
    """How far a signal stands above its error, in dB."""
    return float(10 * np.log10(np.mean(truth**2) / np.mean((found - truth) ** 2)))


@given(drifts, offsets_ns, st.sampled_from(BETWEEN), st.integers(1, 300), st.floats(-1e4, 1e4, width=32))
@settings(max_examples=60, deadline=None)
def test_a_constant_stays_constant(
    drift: float, offset_ns: int, policy: Interpolation, rate: int, level: float
) -> None:
    time_map = TimeMap.affine("dev", "ref", offset_ns=offset_ns, drift=drift)
    view = seen(RegularTimeline(0, Fraction(100), 300), np.full(300, level), time_map, policy)
    found = view.window(offset_ns - S, offset_ns + 4 * S, {"table": rate})["dev/x"]
    assert found.valid.any()
    assert np.allclose(found.values[found.valid], level, rtol=1e-9)


@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("tone_hz", [3_400, 6_800])
@given(drifts, offsets_ns)
@settings(max_examples=5, deadline=None)
def test_a_tone_under_drift_matches_the_truth_to_80_db(
    tone_hz: int, rate_hz: int, drift: float, offset_ns: int
) -> None:
    time_map = TimeMap.affine("dev", "ref", offset_ns=offset_ns, drift=drift)
    tone = np.sin(2 * np.pi * tone_hz / 16_000 * np.arange(16_000)).astype(np.float32)
    view = seen(RegularTimeline(0, Fraction(16_000), 16_000), tone, time_map, Interpolation.BAND_LIMITED)
    found = view.window(offset_ns + S // 10, offset_ns + S * 9 // 10, {"table": rate_hz})["dev/x"]
    since_s = 0.1 + np.arange(len(found)) / rate_hz
    truth = np.sin(2 * np.pi * tone_hz * since_s / (1 + drift))
    assert found.valid.all()
    assert signal_to_error_db(truth, found.values) >= 80


@given(drifts, st.integers(-(10**9), 10**9), st.sampled_from(BETWEEN))
@settings(max_examples=40, deadline=None)
def test_shifting_the_clock_and_the_window_changes_nothing(drift: float, shift_ns: int, policy: Interpolation) -> None:
    values = np.random.default_rng(6).standard_normal(400)
    timeline = RegularTimeline(0, Fraction(200), 400)
    still = seen(timeline, values, TimeMap.affine("dev", "ref", drift=drift), policy)
    moved = seen(timeline, values, TimeMap.affine("dev", "ref", offset_ns=shift_ns, drift=drift), policy)
    one = still.window(-S // 10, 2 * S, {"table": 150})["dev/x"]
    two = moved.window(shift_ns - S // 10, shift_ns + 2 * S, {"table": 150})["dev/x"]
    assert np.array_equal(one.times_ns + shift_ns, two.times_ns)
    assert np.array_equal(one.valid, two.valid)
    assert np.allclose(one.values, two.values, atol=1e-9)


@given(st.sets(st.integers(0, 199), max_size=150), drifts, st.sampled_from(BETWEEN), st.integers(20, 400))
@settings(max_examples=80, deadline=None)
def test_no_value_lies_in_a_gap(lost: set[int], drift: float, policy: Interpolation, rate: int) -> None:
    kept = np.array([i for i in range(200) if i not in lost], dtype=np.int64)
    time_map = TimeMap.affine("dev", "ref", drift=drift)
    view = seen(ListedTimeline(kept * 10_000_000), np.ones(len(kept)), time_map, policy)
    found = view.window(0, 2 * S, {"table": rate})["dev/x"]
    stamps_ns = time_map.apply(kept * 10_000_000)
    after = np.searchsorted(stamps_ns, found.times_ns)
    for t_ns, at in zip(found.times_ns[found.valid], after[found.valid], strict=True):
        left, right = stamps_ns[max(0, at - 1)], stamps_ns[min(at, len(stamps_ns) - 1)]
        # By eye, not by the code's formulas: close to a sample, or between close samples.
        period_ns = np.median(np.diff(kept)) * 10_000_000 * 1.001 if len(kept) > 2 else 10**9
        assert min(abs(t_ns - left), abs(t_ns - right)) <= period_ns * 1.5 + 1


@given(st.integers(1, 3999), drifts, st.sampled_from(BETWEEN), st.sampled_from([8_000, 1_000, 250]))
@settings(max_examples=60, deadline=None)
def test_adjacent_windows_join_without_a_seam(cut: int, drift: float, policy: Interpolation, rate: int) -> None:
    cut_ns = (cut // (8_000 // rate) or 1) * S // rate
    values = np.random.default_rng(7).standard_normal(4_000).astype(np.float32)
    time_map = TimeMap.affine("dev", "ref", offset_ns=12_345_678, drift=drift)
    view = seen(RegularTimeline(0, Fraction(8_000), 4_000), values, time_map, policy)
    whole = view.window(0, S // 2 + S // 4, {"table": rate})["dev/x"]
    parts = [view.window(*span, {"table": rate})["dev/x"] for span in ((0, cut_ns), (cut_ns, S // 2 + S // 4))]
    assert np.array_equal(np.concatenate([part.times_ns for part in parts]), whole.times_ns)
    assert np.array_equal(np.concatenate([part.valid for part in parts]), whole.valid)
    assert np.allclose(np.concatenate([part.values for part in parts]), whole.values, atol=1e-5)


@given(st.lists(st.integers(1, 50_000_000), min_size=2, max_size=60), drifts, st.integers(10**6, 10**9))
@settings(max_examples=60, deadline=None)
def test_windows_give_every_native_sample_once_and_in_order(gaps_ns: list[int], drift: float, length_ns: int) -> None:
    stamps = np.cumsum(np.array(gaps_ns, dtype=np.int64))
    time_map = TimeMap.affine("dev", "ref", offset_ns=77, drift=drift)
    view = seen(ListedTimeline(stamps), np.arange(len(stamps)), time_map, Interpolation.NEAREST)
    found = np.concatenate([window["dev/x"].values for window in view.windows(length_ns)])
    assert found.tolist() == list(range(len(stamps)))
