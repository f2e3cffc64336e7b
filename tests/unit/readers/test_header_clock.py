"""The clock of a topic, settled from header, publish and log times."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.core import NS_PER_S, Epoch
from weft.readers.bags.header_clock import settle

START_NS = 1_700_000_000 * NS_PER_S
STEP_NS = 20_000_000


def _log(count: int) -> np.ndarray:
    return START_NS + STEP_NS * np.arange(count, dtype=np.int64)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e5, -2.0), max_size=3), st.integers(0, 2**32 - 1))
def test_a_clock_set_back_any_number_of_times_is_unfolded(jumps_s: list[float], seed: int) -> None:
    log_ns = _log(100 * (len(jumps_s) + 1))
    delays_ns = np.random.default_rng(seed).integers(0, 5_000_000, log_ns.size)
    shift_ns = np.repeat(np.rint(np.cumsum([0.0, *jumps_s]) * NS_PER_S).astype(np.int64), 100)
    header_ns = log_ns - delays_ns + shift_ns
    settled = settle("bag/imu", "bag", log_ns, log_ns, header_ns)
    assert len(settled.clock.resets) == len(jumps_s)
    assert np.array_equal(settled.clock.raw_ns(settled.times_ns), header_ns[settled.order])
    assert np.abs(settled.times_ns - (log_ns - delays_ns)[settled.order]).max() < 40_000_000


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-50_000_000, 50_000_000), min_size=1, max_size=60))
def test_small_disorder_is_ordered_stably_and_is_no_reset(wobble_ns: list[int]) -> None:
    log_ns = _log(len(wobble_ns))
    header_ns = log_ns + np.array(wobble_ns)
    settled = settle("bag/imu", "bag", log_ns, log_ns, header_ns)
    assert settled.clock.resets == ()
    assert np.array_equal(settled.order, np.argsort(header_ns, kind="stable"))
    assert np.array_equal(settled.times_ns, np.sort(header_ns))
    assert np.array_equal(settled.stamps["bag"], log_ns[settled.order])


def test_two_publishers_with_clocks_apart_are_no_resets() -> None:
    log_ns = _log(60)
    header_ns = log_ns - np.where(np.arange(60) % 2, 10 * NS_PER_S, 0)
    settled = settle("bag/imu", "bag", log_ns, log_ns, header_ns)
    assert settled.clock.resets == ()
    assert "out_of_order_stamps" in [finding.check for finding in settled.findings]


def test_a_type_without_header_reads_the_log_clock_in_order() -> None:
    log_ns = _log(5)[[0, 2, 1, 3, 4]]
    settled = settle("bag/say", "bag", log_ns, log_ns - 7, None)
    assert settled.clock.name == "bag"
    assert settled.order.tolist() == [0, 2, 1, 3, 4]
    assert settled.times_ns.tolist() == _log(5).tolist()
    assert settled.stamps["bag/publish"].tolist() == (_log(5) - 7).tolist()


@pytest.mark.parametrize("zeros", [1, 50], ids=["one-zero", "all-zero"])
def test_zero_headers_are_not_times(zeros: int) -> None:
    log_ns = _log(50)
    header_ns = log_ns.copy()
    header_ns[:zeros] = 0
    settled = settle("bag/imu", "bag", log_ns, log_ns, header_ns)
    assert settled.clock.name == "bag"
    assert settled.findings[0].numbers == {"zeros": zeros, "messages": 50}


def test_log_times_in_milliseconds_are_named() -> None:
    header_ns = _log(10)
    settled = settle("bag/cam", "bag", header_ns // 1_000_000, header_ns // 1_000_000, header_ns)
    assert "log times written in milliseconds" in settled.findings[0].message
    assert settled.clock.epoch is Epoch.UNIX


def test_no_messages_settle_to_nothing() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert settle("bag/imu", "bag", nothing, nothing, nothing).times_ns.size == 0


def test_a_counter_that_wraps_is_unfolded_exactly_and_named() -> None:
    log_ns = _log(400)
    wrap_ns = 2**32 * 1000
    true_ns = wrap_ns - 200 * STEP_NS + STEP_NS * np.arange(400, dtype=np.int64)
    jitter_ns = np.random.default_rng(1).integers(0, 9_000_000, 400)
    settled = settle("bag/imu", "bag", log_ns + jitter_ns, log_ns + jitter_ns, true_ns % wrap_ns + 1)
    assert np.array_equal(settled.times_ns, true_ns + 1)
    (reset,) = [finding for finding in settled.findings if finding.check == "clock_reset"]
    assert "32-bit counter of microseconds" in reset.message


@pytest.mark.parametrize("factor", [10**3, 10**6], ids=["microseconds", "milliseconds"])
def test_header_stamps_in_another_unit_are_put_right_and_named(factor: int) -> None:
    log_ns = _log(200)
    settled = settle("bag/imu", "bag", log_ns + 5_000_000, log_ns + 5_000_000, log_ns // factor)
    assert np.array_equal(settled.times_ns, log_ns)
    assert [finding.check for finding in settled.findings] == ["header_stamps_in_other_unit"]
