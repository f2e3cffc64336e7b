"""Anchors, decoding, merging, and a real face."""

from __future__ import annotations

import numpy as np
import pytest

from weft.core import Stream, UsageError
from weft.faces.detect import FaceDetector, anchor_centres, decode, overlap_share


@pytest.mark.parametrize(
    ("size", "grids", "count"),
    [(128, ((8, 2), (16, 6)), 896), (192, ((4, 1),), 2304)],
    ids=["short range", "full range"],
)
def test_there_is_an_anchor_for_each_proposal_of_the_network(
    size: int, grids: tuple[tuple[int, int], ...], count: int
) -> None:
    anchors = anchor_centres(size, grids)
    assert anchors.shape == (count, 2)
    assert anchors.min() > 0
    assert anchors.max() < size
    np.testing.assert_allclose(anchors.mean(axis=0), size / 2)


def _raw(boxes: list[tuple[float, float, float, float]]) -> np.ndarray:
    """Network outputs (centre, size, key points at the centre) relative to anchors at 0."""
    return np.array([[x, y, w, h, *([x, y] * 6)] for x, y, w, h in boxes], dtype=np.float32)


def test_overlapping_proposals_become_their_weighted_mean_and_the_rest_stay() -> None:
    shapes = _raw([(50, 50, 20, 20), (52, 50, 20, 20), (100, 100, 10, 10), (10, 10, 4, 4)])
    logits = np.array([0.0, 0.0, 3.0, -9.0], dtype=np.float32)
    found = decode(shapes, logits, np.zeros((4, 2), np.float32), 128, 0.5)
    np.testing.assert_allclose(found.boxes, [[95, 95, 105, 105], [41, 40, 61, 60]])
    np.testing.assert_allclose(found.keypoints[1, 0], [51, 50])
    np.testing.assert_allclose(found.scores, [0.952574, 0.5], rtol=1e-5)


def test_a_higher_threshold_leaves_fewer() -> None:
    found = decode(_raw([(50, 50, 20, 20)]), np.zeros(1, np.float32), np.zeros((1, 2), np.float32), 128, 0.6)
    assert len(found) == 0
    assert found.boxes.shape == (0, 4)


def test_boxes_that_only_touch_do_not_overlap() -> None:
    assert overlap_share(np.array([0, 0, 1, 1.0]), np.array([[1, 0, 2, 1.0]]))[0] == 0


@pytest.mark.parametrize("reach", ["short", "full"])
def test_the_one_face_is_found_where_it_is(man: Stream, reach: str) -> None:
    image = man.samples.read(0, 1)[0]
    found = FaceDetector(reach=reach)(image)
    assert len(found) == 1
    left, top, right, bottom = found.boxes[0]
    assert 105 < left < 140
    assert 230 < right < 280
    assert 80 < top < bottom < 260
    assert found.keypoints[0, 0, 0] < found.keypoints[0, 1, 0], "the person's right eye is on the image's left"
    assert abs(found.square(0).angle_rad) < 0.2


def test_two_people_in_one_image_are_two_faces(man: Stream, other_man: Stream) -> None:
    image = np.concatenate([man.samples.read(0, 1)[0], other_man.samples.read(0, 1)[0]], axis=1)
    found = FaceDetector()(image)
    assert sorted(int(box[0] > 360) for box in found.boxes) == [0, 1]


def test_an_unknown_reach_is_refused() -> None:
    with pytest.raises(UsageError, match=r"reach is one of \['full', 'short'\], found 'long'"):
        FaceDetector(reach="long")


def test_a_face_below_the_least_score_is_dropped(man: Stream) -> None:
    image = man.samples.read(0, 1)[0]
    surest = float(FaceDetector()(image).scores.max())
    assert len(FaceDetector(min_score=surest + 1e-4)(image)) == 0
