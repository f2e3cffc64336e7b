"""Instants of sound in stamped blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.core import Timeline, UsageError
from weft.readers.bags.chunked_timeline import ChunkedTimeline


def _timeline(stamps: list[int], counts: list[int], rate_hz: float = 1000.0) -> ChunkedTimeline:
    return ChunkedTimeline(np.array(stamps, dtype=np.int64), np.array(counts, dtype=np.int64), rate_hz)


def test_samples_spread_to_the_next_stamp() -> None:
    timeline = _timeline([0, 4_400_000, 8_800_000], [4, 4, 4])
    assert isinstance(timeline, Timeline)
    assert timeline.slice_ns(0, 12).tolist() == [
        *(1_100_000 * i for i in range(8)),
        *(8_800_000 + 1_000_000 * i for i in range(4)),
    ]


def test_a_late_block_leaves_a_gap() -> None:
    timeline = _timeline([0, 50_000_000], [4, 4])
    assert timeline.slice_ns(2, 6).tolist() == [2_000_000, 3_000_000, 50_000_000, 51_000_000]
    assert (timeline.first_ns, timeline.last_ns, len(timeline)) == (0, 53_000_000, 8)


@pytest.mark.parametrize(("stamps", "counts"), [([5, 4], [1, 1]), ([0], [0]), ([0, 1], [1])])
def test_contradicting_blocks_are_refused(stamps: list[int], counts: list[int]) -> None:
    with pytest.raises(UsageError, match="blocks need increasing stamps"):
        _timeline(stamps, counts)


@given(
    st.lists(st.tuples(st.integers(0, 20_000_000), st.integers(1, 9)), min_size=1, max_size=8),
    st.integers(-5_000_000, 200_000_000),
)
def test_the_index_is_that_of_the_listed_instants(blocks: list[tuple[int, int]], t_ns: int) -> None:
    steps, counts = zip(*blocks, strict=True)
    timeline = _timeline(np.cumsum(steps).tolist(), list(counts))
    listed = timeline.slice_ns(0, len(timeline))
    assert np.all(np.diff(listed) >= 0)
    assert timeline.index_ns(t_ns) == int(np.searchsorted(listed, t_ns, side="left"))
