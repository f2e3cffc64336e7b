"""Regular samples keep their order under jitter; disorder that sorting undoes is sorted."""

from __future__ import annotations

import numpy as np

from weft.readers.sample_order import never_backwards, order_of


def test_chunks_that_overtake_each_other_keep_their_order() -> None:
    rng = np.random.default_rng(1)
    stamps = np.arange(3200) * 2_000_000 + np.repeat(rng.exponential(2e6, 100), 32).astype(np.int64)
    assert np.any(np.diff(stamps) < 0)
    assert np.array_equal(order_of(stamps, regular=True), np.arange(3200))
    assert not np.array_equal(order_of(stamps, regular=False), np.arange(3200))


def test_samples_sent_in_disorder_are_sorted() -> None:
    stamps = np.arange(1000) * 10
    stamps[[400, 401]] = stamps[[401, 400]]
    assert order_of(stamps, regular=True)[399:403].tolist() == [399, 401, 400, 402]


def test_a_clock_that_went_back_for_good_is_not_called_jitter() -> None:
    stamps = np.concatenate([np.arange(100) * 10**9, np.arange(50) * 10**9 + 10**8])
    assert np.all(np.diff(stamps[order_of(stamps, regular=True)]) >= 0)


def test_no_stamp_moves_by_more_than_half_of_what_they_ran_back() -> None:
    stamps = np.random.default_rng(2).integers(0, 1000, 500) + np.arange(500) * 100
    even = never_backwards(stamps)
    back = (np.maximum.accumulate(stamps) - stamps).max()
    assert np.all(np.diff(even) >= 0)
    assert np.abs(even - stamps).max() <= back / 2 + 1
    assert np.array_equal(never_backwards(np.sort(stamps)), np.sort(stamps))
