"""Clocks that were set while they were recorded, with the truth known."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.core import NS_PER_S, Clock
from weft.core.times import Int64Array
from weft.readers.clock_unfolding import Unfolded, unfold

SESSION_S = 30.0


def _session(jumps_s: list[float], pauses_s: list[float]) -> tuple[Int64Array, Int64Array, Int64Array, Int64Array]:
    """Stamps, offset times, offsets, and the recorder's time of each stamp: 50 Hz, an offset every 5 s."""
    stamps, times, offsets, recorder = [], [], [], []
    start_s, shift_s = 1000.0, 5000.0
    for jump_s, pause_s in zip([0.0, *jumps_s], [0.0, *pauses_s], strict=True):
        start_s, shift_s = start_s + pause_s, shift_s + jump_s
        moments = start_s + np.arange(0.0, SESSION_S, 0.02)
        measured = start_s + np.arange(2.0, SESSION_S, 5.0)
        recorder.append(moments)
        stamps.append(moments + shift_s)
        times.append(measured + shift_s)
        offsets.append(np.full(measured.size, -shift_s))
        start_s += SESSION_S
    seconds = [np.concatenate(part) for part in (stamps, times, offsets, recorder)]
    stamps_ns, times_ns, offsets_ns, recorder_ns = (np.rint(part * NS_PER_S).astype(np.int64) for part in seconds)
    return stamps_ns, times_ns, offsets_ns, recorder_ns


def _unfolded(stamps_ns: Int64Array, times_ns: Int64Array, offsets_ns: Int64Array) -> tuple[Unfolded, Clock]:
    unfolded = unfold(stamps_ns, times_ns, offsets_ns)
    return unfolded, Clock("device", resets=unfolded.resets)


_JUMPS = st.one_of(st.floats(2.0, 1e6), st.floats(-1e6, -2.0))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_JUMPS, st.floats(0.0, 60.0)), max_size=4))
def test_any_resets_are_undone_and_kept(resets: list[tuple[float, float]]) -> None:
    stamps_ns, times_ns, offsets_ns, recorder_ns = _session(
        [jump for jump, _ in resets], [pause for _, pause in resets]
    )
    unfolded, clock = _unfolded(stamps_ns, times_ns, offsets_ns)
    assert len(unfolded.resets) == len(resets)
    assert np.all(np.diff(unfolded.stamps_ns) > 0)
    assert np.abs(unfolded.stamps_ns - recorder_ns - 5000 * NS_PER_S).max() <= 4
    assert np.abs(unfolded.offsets_ns + 5000 * NS_PER_S).max() <= 4
    assert np.array_equal(clock.raw_ns(unfolded.stamps_ns), stamps_ns)
    assert np.array_equal(clock.raw_ns(unfolded.times_ns), times_ns)


def test_nothing_to_undo_changes_nothing() -> None:
    stamps_ns, times_ns, offsets_ns, _ = _session([], [])
    unfolded, _ = _unfolded(stamps_ns, times_ns, offsets_ns)
    assert np.array_equal(unfolded.stamps_ns, stamps_ns)
    assert np.array_equal(unfolded.times_ns, times_ns)
    assert (unfolded.resets, unfolded.measured) == ((), ())


def test_an_empty_stream_keeps_its_offsets() -> None:
    stamps_ns, times_ns, offsets_ns, _ = _session([-100.0], [3.0])
    unfolded, clock = _unfolded(stamps_ns[:0], times_ns, offsets_ns)
    assert unfolded.stamps_ns.size == 0
    assert np.array_equal(clock.raw_ns(unfolded.times_ns), times_ns)


def test_a_session_without_samples_is_passed_over() -> None:
    stamps_ns, times_ns, offsets_ns, recorder_ns = _session([-100.0, 50.0], [3.0, 3.0])
    kept = np.r_[0:1500, 3000:4500]
    unfolded, clock = _unfolded(stamps_ns[kept], times_ns, offsets_ns)
    assert np.abs(unfolded.stamps_ns - recorder_ns[kept] - 5000 * NS_PER_S).max() <= 4
    assert np.array_equal(clock.raw_ns(unfolded.stamps_ns), stamps_ns[kept])


def test_offsets_measured_twice_at_one_moment_count_once() -> None:
    stamps_ns, times_ns, offsets_ns, _ = _session([], [])
    unfolded, _ = _unfolded(stamps_ns, np.repeat(times_ns, 2), np.repeat(offsets_ns, 2))
    assert np.array_equal(unfolded.times_ns, times_ns)
