"""The laws of the map between clocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.core import Interval, OutsideValidityError, Piece, TimeMap, Uncertainty, UsageError

S = 1_000_000_000
UNIX_NOW_NS = 1_790_000_000 * S

drifts = st.floats(-1e-3, 1e-3)
offsets_ns = st.integers(-40 * 365 * 86_400 * S, 40 * 365 * 86_400 * S)


@st.composite
def maps(draw: st.DrawFn) -> TimeMap:
    """Maps of one to four pieces that follow each other in both clocks, with gaps in either."""
    device_ns = draw(st.integers(-(10**15), 10**15))
    offset_ns = draw(st.integers(-(10**17), 10**17))
    pieces = []
    for _ in range(draw(st.integers(1, 4))):
        length_ns = draw(st.integers(S, 7200 * S))
        t0_ns = device_ns + draw(st.integers(-3600 * S, 3600 * S))
        drift = draw(drifts)
        piece = Piece(Interval(device_ns, device_ns + length_ns), t0_ns, offset_ns, drift, Uncertainty(1e6, 0.0, 1e-12))
        if pieces and piece.reference.start_ns < pieces[-1].reference.stop_ns:
            late_ns = pieces[-1].reference.stop_ns - piece.reference.start_ns
            piece = Piece(piece.device, t0_ns, offset_ns + late_ns, drift, piece.uncertainty)
        pieces.append(piece)
        device_ns += length_ns + draw(st.integers(0, 100 * S))
        offset_ns = piece.offset_ns + draw(st.integers(0, 100 * S))
    return TimeMap("device", "reference", tuple(pieces))


def inside(data: st.DataObject, spans: list[Interval]) -> np.ndarray:
    """Some times inside the spans, ends included, in order."""
    chosen = [data.draw(st.integers(span.start_ns, span.stop_ns - 1)) for span in spans for _ in range(3)]
    return np.unique(np.array(chosen + [span.start_ns for span in spans], dtype=np.int64))


@given(maps(), st.data())
def test_map_then_inverse_is_the_identity_within_one_nanosecond(time_map: TimeMap, data: st.DataObject) -> None:
    times_ns = inside(data, [piece.device for piece in time_map.pieces])
    back_ns = time_map.inverse(time_map.apply(times_ns))
    # Where one piece's end is the next one's start on the reference, either answer is right.
    ends = np.array([piece.reference.stop_ns for piece in time_map.pieces])
    seam = np.isin(time_map.apply(times_ns), ends)
    assert np.abs(back_ns - times_ns)[~seam].max(initial=0) <= 1


@given(maps(), st.data())
def test_inverse_then_map_is_the_identity_within_one_nanosecond(time_map: TimeMap, data: st.DataObject) -> None:
    times_ns = inside(data, [piece.reference for piece in time_map.pieces])
    device_ns = time_map.inverse(times_ns)
    seam = np.isin(device_ns, [piece.device.start_ns for piece in time_map.pieces])
    assert np.abs(time_map.apply(device_ns) - times_ns)[~seam].max(initial=0) <= 1


@given(maps(), st.data())
def test_order_is_kept(time_map: TimeMap, data: st.DataObject) -> None:
    times_ns = inside(data, [piece.device for piece in time_map.pieces])
    assert np.all(np.diff(time_map.apply(times_ns)) >= 0)


@given(maps(), st.lists(st.integers(-(10**16), 10**16), min_size=2, max_size=20))
def test_order_is_kept_when_extrapolating(time_map: TimeMap, times: list[int]) -> None:
    times_ns = np.sort(np.array(times, dtype=np.int64))
    assert np.all(np.diff(time_map.apply(times_ns, extrapolate=True)) >= 0)


@given(st.data())
def test_composition_is_associative(data: st.DataObject) -> None:
    def affine(clock: str, reference: str) -> TimeMap:
        return TimeMap.affine(
            clock, reference, offset_ns=data.draw(st.integers(-(10**15), 10**15)), drift=data.draw(drifts)
        )

    ab, bc, cd = affine("a", "b"), affine("b", "c"), affine("c", "d")
    times_ns = np.array(sorted(data.draw(st.lists(st.integers(-(10**14), 10**14), min_size=1))), dtype=np.int64)
    left = ab.then(bc).then(cd).apply(times_ns)
    right = ab.then(bc.then(cd)).apply(times_ns)
    step_by_step = cd.apply(bc.apply(ab.apply(times_ns)))
    assert np.abs(left - right).max() <= 3
    assert np.abs(left - step_by_step).max() <= 3


@given(maps(), st.data())
def test_following_by_the_identity_changes_nothing(time_map: TimeMap, data: st.DataObject) -> None:
    times_ns = inside(data, [piece.device for piece in time_map.pieces])
    same = time_map.then(TimeMap.identity("reference"))
    assert np.array_equal(same.apply(times_ns), time_map.apply(times_ns))


@given(maps(), st.data())
def test_reversed_is_the_inverse(time_map: TimeMap, data: st.DataObject) -> None:
    times_ns = inside(data, [piece.reference for piece in time_map.pieces])
    there = time_map.reversed().apply(times_ns, extrapolate=True)
    assert np.abs(there - time_map.inverse(times_ns)).max() <= 1


@given(maps())
def test_storage_is_exact(time_map: TimeMap) -> None:
    assert TimeMap.from_dict(time_map.to_dict()) == time_map


@given(maps())
def test_outside_its_validity_a_map_refuses(time_map: TimeMap) -> None:
    late_ns = time_map.validity.stop_ns + S
    with pytest.raises(OutsideValidityError, match="pass extrapolate=True"):
        time_map.apply([late_ns])
    assert not time_map.known([late_ns])[0]


@given(offsets_ns)
def test_todays_unix_nanoseconds_stay_exact(offset_ns: int) -> None:
    clock = TimeMap.affine("device", "reference", offset_ns=-(offset_ns // 100), drift=0.0)
    times_ns = UNIX_NOW_NS + np.arange(5, dtype=np.int64)
    assert np.array_equal(np.diff(clock.apply(times_ns)), np.ones(4))


def test_uncertainty_is_least_where_it_was_measured_and_widens_away() -> None:
    piece = Piece(Interval(0, 100 * S), 50 * S, 0, 0.0, Uncertainty(1e6, 0.0, 1e-12))
    near, far = TimeMap("a", "b", (piece,)).error95_ns([50 * S, 100 * S])
    assert near == pytest.approx(1.96e3, rel=1e-3)
    assert far > near


@given(maps(), st.integers(-(10**12), 10**12))
def test_moving_the_origin_of_an_uncertainty_keeps_its_value(time_map: TimeMap, by_ns: int) -> None:
    spread = Uncertainty(1e8, 3.0, 1e-10)
    assert spread.moved(by_ns).sd_ns(0.0) == pytest.approx(spread.sd_ns(float(by_ns)))


def test_pieces_that_overlap_on_the_reference_are_refused() -> None:
    first, second = Piece(Interval(0, 10), 0, 5), Piece(Interval(10, 20), 10, 0)
    with pytest.raises(UsageError, match="follow each other in both clocks"):
        TimeMap("a", "b", (first, second))


def test_a_jump_is_seen_from_both_sides() -> None:
    lost_340_ms = TimeMap(
        "recorder",
        "camera",
        (Piece(Interval(0, 10 * S), 0, 0), Piece(Interval(10 * S, 20 * S), 0, 340_000_000)),
    )
    assert lost_340_ms.apply([10 * S - 1, 10 * S]).tolist() == [10 * S - 1, 10 * S + 340_000_000]
    with pytest.raises(OutsideValidityError, match="camera"):
        lost_340_ms.inverse([10 * S + 100_000_000])
    assert lost_340_ms.inverse([10 * S + 100_000_000], extrapolate=True).tolist() == [10 * S]


def test_floats_are_refused_because_their_unit_is_unknown() -> None:
    with pytest.raises(UsageError, match="integer nanoseconds"):
        TimeMap.identity("a").apply(np.array([1.5]))
