"""A context never cuts an utterance."""

import pytest

from weft.context.snapping import Blocks, context_of
from weft.core import Interval

ANCHOR = Interval(100, 120)


def _context(*utterances: tuple[int, int], history: int = 50, future: int = 50) -> tuple[int, int]:
    found = context_of(ANCHOR, Blocks(Interval(*u) for u in utterances), history_ns=history, future_ns=future)
    return found.start_ns, found.stop_ns


@pytest.mark.parametrize(
    ("utterances", "expected"),
    [
        ([], (50, 170)),
        ([(40, 60)], (40, 170)),
        ([(160, 190)], (50, 190)),
        ([(20, 45), (40, 60)], (20, 170)),
        ([(30, 50)], (50, 170)),
        ([(50, 60)], (50, 170)),
        ([(20, 45), (45, 60)], (45, 170)),
        ([(0, 300)], (0, 300)),
        ([(50, 50)], (50, 170)),
    ],
    ids=[
        "nothing near",
        "cut at the start: taken in",
        "cut at the stop: taken in",
        "overlapping ones are taken in together",
        "ends at the edge: left out",
        "starts at the edge: kept",
        "touching ones are not one",
        "one that holds everything",
        "an empty one has no inside",
    ],
)
def test_context(utterances, expected):
    assert _context(*utterances) == expected


def test_history_and_future_are_chosen_apart():
    assert _context(history=10, future=20) == (90, 140)


def test_blocks_measure_what_they_share():
    assert Blocks([Interval(0, 10), Interval(5, 20), Interval(30, 40)]).shared_ns(Interval(15, 35)) == 10
