"""Squares of an image and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from weft.faces.crop import Square, cut_square


def _spot(x: int, y: int, *, width: int = 200, height: int = 120) -> np.ndarray:
    """A black image with a white blot of 5 x 5 pixels whose middle is (x + 0.5, y + 0.5)."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[y - 2 : y + 3, x - 2 : x + 3] = 255
    return image


def _centroid(cut: np.ndarray) -> np.ndarray:
    """The bright part's middle in the cut-out's coordinates."""
    weight = cut[..., 0].astype(float)
    y, x = np.mgrid[: cut.shape[0], : cut.shape[1]] + 0.5
    return np.array([[(x * weight).sum(), (y * weight).sum()]]) / weight.sum()


@pytest.mark.parametrize(
    "square",
    [Square(90, 60, 80), Square(90, 60, 80, 0.5), Square(90, 60, 60, -1.2), Square(100, 55, 110, 0.2)],
    ids=["upright", "turned right", "turned left", "reaching over the edge"],
)
def test_a_spot_found_in_the_cut_out_leads_back_to_its_place(square: Square) -> None:
    cut = cut_square(_spot(80, 50), square, 96)
    placed = square.to_image(_centroid(cut), 96)
    np.testing.assert_allclose(placed, [[80.5, 50.5]], atol=0.3)


def test_a_large_square_is_shrunk_by_averaging_so_that_stripes_become_grey() -> None:
    stripes = np.zeros((400, 400, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    cut = cut_square(stripes, Square(200, 200, 400), 50)
    assert abs(float(cut[10:40, 10:40].mean()) - 127.5) < 3
    assert float(cut[10:40, 10:40].std()) < 15


def test_outside_the_image_is_black() -> None:
    white = np.full((40, 40, 3), 255, dtype=np.uint8)
    cut = cut_square(white, Square(500, 500, 20), 16)
    assert not cut.any()


def test_depth_is_scaled_with_the_square() -> None:
    placed = Square(0, 0, 50).to_image(np.array([[5.0, 5.0, 2.0]]), 10)
    np.testing.assert_allclose(placed, [[0, 0, 10]])
