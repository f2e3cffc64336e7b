"""Stretches of a timeline without a gap, however it keeps its stamps."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from weft.core import ListedTimeline, PiecewiseTimeline, RegularTimeline
from weft.core.runs import runs_without_gap

MS = 1_000_000


def in_pieces(*pieces: tuple[int, int]) -> PiecewiseTimeline:
    """Samples at 1 kHz in pieces, each by its start in ms and its count."""
    return PiecewiseTimeline(tuple(RegularTimeline(start * MS, Fraction(1000), count) for start, count in pieces))


@pytest.mark.parametrize("longest_ms", [1, 5, 50])
def test_pieces_have_the_runs_of_their_stamps(longest_ms: int) -> None:
    timeline = in_pieces((0, 100), (104, 1), (110, 50), (160, 7), (300, 2))
    listed = ListedTimeline(timeline.slice_ns(0, len(timeline)))
    found = list(runs_without_gap(timeline, longest_ms * MS))
    assert found == list(runs_without_gap(listed, longest_ms * MS))
    assert len(found) == {1: 4, 5: 3, 50: 2}[longest_ms]


@pytest.mark.parametrize("lost", [(1 << 18) - 1, 1 << 18, (1 << 18) + 1])
def test_a_gap_between_two_chunks_of_stamps_is_seen_once(lost: int) -> None:
    times_ns = np.arange((1 << 18) + 10, dtype=np.int64)
    times_ns[lost:] += 100
    runs = list(runs_without_gap(ListedTimeline(times_ns), 10))
    assert runs == [(0, lost), (lost, len(times_ns))]


def test_regular_and_empty_timelines_have_one_run_or_none() -> None:
    assert list(runs_without_gap(RegularTimeline(0, Fraction(1, 60), 3), 1)) == [(0, 3)]
    assert list(runs_without_gap(ListedTimeline(np.zeros(0, dtype=np.int64)), 1)) == []
    assert list(runs_without_gap(ListedTimeline(np.zeros(1, dtype=np.int64)), 1)) == [(0, 1)]
