"""What must hold for any rows, any JSON, any windows."""

from __future__ import annotations

import json
import math
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from weft.core import Interval
from weft.dataset import Store
from weft.dataset.canonical import canonical_json
from weft.dataset.filters import expression_of
from weft.dataset.tables import rows_sha256, table_of
from weft.dataset.windows import places_in

TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.none() | st.integers(-(2**63), 2**63 - 1)
REALS = st.none() | st.floats(allow_nan=False)
ROWS = st.lists(
    st.fixed_dictionaries({"recording": TEXTS, "kind": TEXTS, "start_ns": NUMBERS, "confidence": REALS}), max_size=8
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSONS = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@given(ROWS)
@settings(max_examples=20, deadline=None)
def test_any_rows_come_back_and_have_one_file(rows: list[dict[str, Any]]) -> None:
    content = table_of("annotations", rows)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(Path(folder) / "DS")
        fragment = store.put("annotations", content)
        assert store.put("annotations", content) == fragment
        read = store.read("annotations", [fragment])
        assert read.to_pylist() == content.to_pylist()
        assert rows_sha256(read) == fragment.rows_sha256


@given(ROWS, ROWS)
@settings(max_examples=100, deadline=None)
def test_rows_have_equal_hashes_exactly_when_they_are_equal(
    left: list[dict[str, Any]], right: list[dict[str, Any]]
) -> None:
    tables = [table_of("annotations", rows) for rows in (left, right)]
    signed = [[{k: (v, math.copysign(1, v)) if isinstance(v, float) else v for k, v in row.items()} for row in rows]
              for rows in (left, right)]  # fmt: skip
    assert (rows_sha256(tables[0]) == rows_sha256(tables[1])) == (signed[0] == signed[1])


@given(JSONS)
@settings(max_examples=100, deadline=None)
def test_canonical_json_keeps_the_content_and_has_one_form(value: Any) -> None:
    once = canonical_json(value)
    assert json.loads(once) == value
    assert canonical_json(json.loads(once)) == once


@given(st.integers(0, 10**11), st.integers(1, 10**11), st.floats(0.5, 50), st.floats(0.5, 50))
@settings(max_examples=100, deadline=None)
def test_windows_lie_in_order_and_with_stride_equal_to_length_cover_without_overlap(
    start_ns: int, duration_ns: int, length_s: float, stride_s: float
) -> None:
    extent = Interval(start_ns, start_ns + duration_ns)
    touching = [place.interval for place in places_in("r", extent, length_s, length_s)]
    assert touching[0].start_ns == extent.start_ns
    assert touching[-1].start_ns < extent.stop_ns <= touching[-1].stop_ns
    assert all(a.stop_ns == b.start_ns for a, b in pairwise(touching))
    whole = [place.interval for place in places_in("r", extent, length_s, stride_s, partial="drop")]
    assert all(extent.covers(interval) for interval in whole)
    assert whole == [p.interval for p in places_in("r", extent, length_s, stride_s) if extent.covers(p.interval)]


@given(st.lists(st.integers(-5, 5), max_size=20), st.integers(-5, 5), st.integers(-5, 5))
@settings(max_examples=60, deadline=None)
def test_a_range_chooses_what_lies_in_it(starts: list[int], low: int, high: int) -> None:
    content = table_of("annotations", [{"start_ns": start} for start in starts])
    chosen = content.filter(expression_of({"start_ns": (low, high)}, table="annotations"))
    assert chosen["start_ns"].to_pylist() == [start for start in starts if low <= start < high]
