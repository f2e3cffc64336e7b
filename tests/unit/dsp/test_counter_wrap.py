"""Counters that wrap around are told from clocks that were set."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.counter_wrap import COUNTERS, counter_of, unwrap_counter


@pytest.mark.parametrize("size_ns", [size for size, _ in COUNTERS], ids=lambda size: f"{size / 1e9:.3f}s")
def test_every_counter_is_unwrapped_exactly(size_ns: int) -> None:
    true = size_ns - size_ns // 3 + np.arange(4000, dtype=np.int64) * (size_ns // 2000)
    found = unwrap_counter(true % size_ns)
    assert found is not None and found.size_ns == size_ns
    assert np.array_equal(found.times_ns, true)
    assert len(found.firsts) == int(true[-1] // size_ns)


def test_a_signed_counter_falls_to_its_most_negative_value() -> None:
    true = np.arange(4000, dtype=np.int64) * 1_000_000_000
    signed = (true + 2**31 * 1000) % (2**32 * 1000) - 2**31 * 1000
    found = unwrap_counter(signed)
    assert found is not None
    assert np.array_equal(np.diff(found.times_ns), np.diff(true))


@pytest.mark.parametrize(
    "times",
    [[0, 10, 20], [0, 10, 5, 20], [9_000_000_000, 1_000_000_000, 2_000_000_000], []],
    ids=["in_order", "out_of_order", "set_back", "empty"],
)
def test_other_stamps_are_left_alone(times: list[int]) -> None:
    assert unwrap_counter(np.array(times, dtype=np.int64)) is None


def test_a_fall_by_another_amount_is_no_wrap() -> None:
    assert counter_of(4_300e9, 1e8) is None
