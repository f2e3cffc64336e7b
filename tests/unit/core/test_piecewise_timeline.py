"""A timeline of regular pieces answers as the list of its instants would."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from weft.core import ListedTimeline, PiecewiseTimeline, RegularTimeline, Timeline, UsageError

PIECES = (
    RegularTimeline(-500, Fraction(44_100), 1000),
    RegularTimeline(100_000_000, Fraction(44_100), 0),
    RegularTimeline(200_000_000, Fraction(4_410_001, 100), 700),
    RegularTimeline(900_000_000, Fraction(44_100), 1),
)


@pytest.fixture
def both() -> tuple[PiecewiseTimeline, ListedTimeline]:
    pieces = PiecewiseTimeline(PIECES)
    return pieces, ListedTimeline(np.concatenate([piece.slice_ns(0, len(piece)) for piece in PIECES]))


def test_it_is_a_timeline(both: tuple[PiecewiseTimeline, ListedTimeline]) -> None:
    assert isinstance(both[0], Timeline)


def test_length_and_ends_agree(both: tuple[PiecewiseTimeline, ListedTimeline]) -> None:
    pieces, listed = both
    assert (len(pieces), pieces.first_ns, pieces.last_ns) == (len(listed), listed.first_ns, listed.last_ns)


@pytest.mark.parametrize("start", [0, 1, 998, 1000, 1001, 1699, 1701])
@pytest.mark.parametrize("stop", [0, 1, 1000, 1002, 1700, 1701, 5000])
def test_slices_agree(both: tuple[PiecewiseTimeline, ListedTimeline], start: int, stop: int) -> None:
    pieces, listed = both
    assert np.array_equal(pieces.slice_ns(start, stop), listed.slice_ns(start, stop))


def test_places_agree(both: tuple[PiecewiseTimeline, ListedTimeline]) -> None:
    pieces, listed = both
    times = [-(10**9), *(t + d for t in listed.times_ns[::97].tolist() for d in (-1, 0, 1)), 150_000_000, 10**10]
    assert [pieces.index_ns(t) for t in times] == [listed.index_ns(t) for t in times]


def test_pieces_that_overlap_are_refused() -> None:
    with pytest.raises(UsageError, match="must follow one another"):
        PiecewiseTimeline((RegularTimeline(0, Fraction(10), 11), RegularTimeline(10**9 - 1, Fraction(10), 3)))
