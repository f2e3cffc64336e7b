"""Warping paths: against a plain reference, by their laws, and on what cannot be warped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from weft.core import UsageError
from weft.dsp import warp_fill
from weft.dsp.warp import ALL, Ends, Warping, warp
from weft.dsp.warp_band import Band

KERNELS = ["numpy", pytest.param("numba", marks=pytest.mark.skipif(not warp_fill.compiled_kernel(), reason="no numba"))]


@pytest.fixture(params=KERNELS)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Either way of filling the band."""
    if request.param == "numpy":
        monkeypatch.setattr(warp_fill, "compiled_kernel", lambda: None)
    return str(request.param)


def local_costs(x: NDArray[np.float32], y: NDArray[np.float32], squared: bool) -> NDArray[np.float32]:
    """All pairs, as the docs say: float32, feature by feature."""
    local = np.zeros((len(x), len(y)), np.float32)
    for f in range(x.shape[1]):
        local += (x[:, f, None] - y[None, :, f]) ** 2
    return local if squared else np.sqrt(local)


def reference_cost(local: NDArray[np.float32], allowed: NDArray[np.bool_], ends: Ends) -> float:
    """The recurrence as textbooks have it."""
    rows, columns = local.shape
    total = np.full((rows, columns), np.inf)
    for i in range(rows):
        for j in range(columns):
            if not allowed[i, j]:
                continue
            starts = (i == 0 and j <= ends.y_begin) or (j == 0 and i <= ends.x_begin)
            ways = [0.0] if starts else []
            ways += [total[a, b] for a, b in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if a >= 0 and b >= 0]
            total[i, j] = min(ways, default=np.inf) + float(local[i, j])
    by_column = [total[-1, j] for j in range(columns) if columns - 1 - j <= ends.y_end]
    return float(min(by_column + [total[i, -1] for i in range(rows) if rows - 1 - i <= ends.x_end]))


def allowed_cells(rows: int, columns: int, radius: int | None) -> NDArray[np.bool_]:
    """The band's definition, cell by cell."""
    centre = np.floor(np.arange(rows) * (columns - 1) / max(1, rows - 1) + 0.5)
    return np.abs(np.arange(columns)[None] - centre[:, None]) <= (columns if radius is None else radius)


def check_path(found: Warping, x: NDArray[np.float32], y: NDArray[np.float32], squared: bool, ends: Ends) -> None:
    """The laws of a path, and that it costs what it is said to."""
    steps = np.diff(found.path, axis=0)
    assert np.all((steps >= 0) & (steps <= 1)) and np.all(steps.sum(axis=1) >= 1)
    (i0, j0), (i1, j1) = found.path[0], found.path[-1]
    assert (i0 == 0 and j0 <= ends.y_begin) or (j0 == 0 and i0 <= ends.x_begin)
    last_i, last_j = len(x) - 1, len(y) - 1
    assert (i1 == last_i and last_j - j1 <= ends.y_end) or (j1 == last_j and last_i - i1 <= ends.x_end)
    walked = 0.0
    local = local_costs(x, y, squared)
    for i, j in found.path:
        walked += float(local[i, j])
    assert walked == found.cost


def series(rng: np.random.Generator, rows: int, features: int) -> NDArray[np.float32]:
    return np.cumsum(rng.standard_normal((rows, features)), axis=0).astype(np.float32)


@pytest.mark.parametrize("squared", [False, True], ids=["euclidean", "squared"])
@pytest.mark.parametrize(
    ("rows", "columns", "features", "radius"),
    [
        (30, 30, 3, None),
        (40, 25, 1, 6),
        (25, 60, 5, 9),
        (1, 7, 2, None),
        (7, 1, 2, None),
        (1, 1, 13, 0),
        (50, 50, 9, 0),
    ],
)
@pytest.mark.parametrize(
    "ends", [Ends(), Ends(y_begin=ALL, y_end=ALL), Ends(x_begin=3, y_end=4), Ends(2, 3, 4, 5)], ids=str
)
def test_the_cost_is_that_of_a_reference_to_the_last_bit(
    kernel: str, rows: int, columns: int, features: int, radius: int | None, ends: Ends, squared: bool
) -> None:
    rng = np.random.default_rng(rows * columns + features)
    x, y = series(rng, rows, features), series(rng, columns, features)
    found = warp(x, y, radius=radius, cost="squared" if squared else "euclidean", ends=ends)
    expected = reference_cost(local_costs(x, y, squared), allowed_cells(rows, columns, radius), ends)
    assert found.cost == expected
    check_path(found, x, y, squared, ends)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(data=st.data())
def test_both_kernels_and_the_reference_agree(data: Any) -> None:
    rows, columns = data.draw(st.integers(1, 24)), data.draw(st.integers(1, 24))
    features = data.draw(st.integers(1, 6))
    values = st.integers(-3, 3)  # few values, so that ties abound
    x = np.array(data.draw(st.lists(values, min_size=rows * features, max_size=rows * features)), np.float32)
    y = np.array(data.draw(st.lists(values, min_size=columns * features, max_size=columns * features)), np.float32)
    x, y = x.reshape(rows, features), y.reshape(columns, features)
    radius = Band.least_radius(rows, columns) + data.draw(st.integers(0, 24))
    ends = Ends(*(data.draw(st.integers(0, 5)) for _ in range(4)))
    band = Band.around_the_diagonal(rows, columns, radius)
    found = warp(x, y, radius=radius, ends=ends)
    assert found.cost == reference_cost(local_costs(x, y, False), allowed_cells(rows, columns, radius), ends)
    check_path(found, x, y, False, ends)
    limits = np.array([ends.x_begin, ends.x_end, ends.y_begin, ends.y_end])
    mirrored = np.ascontiguousarray(x.T), np.ascontiguousarray(y.T[:, ::-1])
    pointers = np.empty(band.cells, np.uint8)
    edges = (band.first, band.last, band.offset)
    assert warp_fill.fill_in_numpy(*mirrored, *edges, limits, np.inf, False, pointers)[0] == found.cost
    assert np.array_equal(pointers, warp_fill.fill(x, y, band, limits, squared=False).pointers)


@pytest.mark.parametrize("radius", [0, 3, 12, 40])
@pytest.mark.parametrize("columns", [90, 97, 120])
@pytest.mark.parametrize("ends", [Ends(), Ends(x_end=5, y_end=9)], ids=str)
def test_leaving_out_what_costs_too_much_changes_nothing(
    kernel: str, monkeypatch: pytest.MonkeyPatch, columns: int, radius: int, ends: Ends
) -> None:
    rng = np.random.default_rng(columns + radius)
    y = series(rng, columns, 2)
    x = y[np.minimum(np.arange(90), columns - 1)] + 0.3 * rng.standard_normal((90, 2)).astype(np.float32)
    radius = max(radius, Band.least_radius(90, columns))
    whole = warp(x, y, radius=radius, ends=ends)
    monkeypatch.setattr(warp_fill, "_LEAST_CELLS", 0)
    less = warp(x, y, radius=radius, ends=ends)
    assert less.cost == whole.cost and np.array_equal(less.path, whole.path)


def test_series_with_nothing_in_common_are_warped_too(kernel: str) -> None:
    rng = np.random.default_rng(9)
    x, y = series(rng, 600, 1), np.float32(1e15) * series(rng, 700, 1)
    found = warp(x, y, radius=400)
    check_path(found, x, y, False, Ends())


def test_a_series_on_itself_is_the_diagonal(kernel: str) -> None:
    x = series(np.random.default_rng(1), 100, 4)
    found = warp(x, x, radius=10)
    assert found.cost == 0 and np.array_equal(found.path[:, 0], found.path[:, 1]) and found.mean_cost == 0


def test_swapping_the_series_costs_the_same(kernel: str) -> None:
    rng = np.random.default_rng(2)
    x, y = series(rng, 60, 3), series(rng, 80, 3)
    assert warp(x, y).cost == pytest.approx(warp(y, x).cost, rel=1e-12)


def test_a_known_stretch_is_found_again(kernel: str) -> None:
    rng = np.random.default_rng(3)
    y = series(rng, 400, 5)
    place = np.clip(np.arange(380) + np.round(8 * np.sin(np.arange(380) / 40)).astype(int) + 10, 0, 399)
    found = warp(y[place], y, radius=40, ends=Ends(y_begin=40, y_end=40))
    assert np.nanmax(np.abs(found.place_of(np.arange(380)) - place)) <= 1.5


def test_a_part_is_found_within_the_whole(kernel: str) -> None:
    y = series(np.random.default_rng(4), 300, 2)
    found = warp(y[120:170], y, ends=Ends(y_begin=ALL, y_end=ALL))
    assert found.cost == 0 and found.path[0].tolist() == [0, 120] and found.path[-1].tolist() == [49, 169]


def test_samples_that_were_left_out_have_no_place() -> None:
    found = warp([9.0, 1.0, 2.0], [1.0, 2.0], ends=Ends(x_begin=1))
    assert found.cost == 0
    assert np.array_equal(found.place_of([0, 1, 2]), [np.nan, 0.0, 1.0], equal_nan=True)


@pytest.mark.parametrize(("rows", "columns"), [(5, 50), (50, 5), (2, 9), (1, 4), (33, 100), (7, 7)])
def test_the_least_radius_is_the_least(rows: int, columns: int) -> None:
    least = Band.least_radius(rows, columns)
    assert Band.around_the_diagonal(rows, columns, least).is_connected
    assert least == 0 or not Band.around_the_diagonal(rows, columns, least - 1).is_connected or rows == 1


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        pytest.param([], [1.0], {}, "series x needs samples and features", id="empty"),
        pytest.param(np.zeros((3, 0)), np.zeros((3, 0)), {}, "needs samples and features", id="no_features"),
        pytest.param(np.zeros((2, 2, 2)), [1.0], {}, r"found shape \(2, 2, 2\)", id="three_axes"),
        pytest.param(["a"], [1.0], {}, "series x must hold numbers", id="text"),
        pytest.param([1.0, np.nan], [1.0], {}, "not finite numbers in 1 of 2 samples, first in sample 1", id="nan"),
        pytest.param([1.0], [np.inf], {}, "series y holds values", id="infinite"),
        pytest.param(np.zeros((3, 2)), np.zeros((3, 1)), {}, "found 2 in x and 1 in y", id="unlike_features"),
        pytest.param(np.zeros(3), np.zeros(40), {"radius": 2}, "use a radius of at least 10", id="narrow"),
        pytest.param([1.0], [1.0, 2.0, 3.0], {"radius": 1}, "use a radius of at least 2", id="one_row"),
        pytest.param([3e38], [-3e38], {}, "local costs overflow", id="overflow"),
        pytest.param([1.0], [1.0], {"radius": -1}, "radius must be a number of samples", id="negative_radius"),
        pytest.param([1.0], [1.0], {"radius": 0.1}, "radius must be a number of samples", id="share_for_radius"),
        pytest.param([1.0], [1.0], {"cost": "cosine"}, "cost must be 'euclidean' or 'squared'", id="unknown_cost"),
        pytest.param([1.0], [1.0], {"ends": Ends(x_end=-1)}, "x_end must be a number of samples", id="negative_end"),
        pytest.param(np.zeros(90_000), np.zeros(90_000), {}, "narrow the radius", id="too_large"),
    ],
)
def test_what_cannot_be_warped_is_said(x: Any, y: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        warp(x, y, **options)
