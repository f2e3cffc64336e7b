"""Where the faces in one image are: a single-shot detector with fixed anchors.

The networks and their decoding are those of BlazeFace (Bazarevsky et al. 2019,
arXiv:1907.05047): each cell of one or two grids proposes boxes relative to its own
centre, and overlapping proposals are averaged by their scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.core import UsageError
from weft.faces.crop import Square, UInt8Image, cut_square
from weft.faces.model import FULL_RANGE, SHORT_RANGE, ModelFile, load_network

Float32Array = NDArray[np.float32]

_SAME_FACE_IOU = 0.3
"""Proposals that overlap more than this are one face (the published graph's value)."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a detector's outputs are arranged: its input side and, per grid, stride and proposals per cell."""

    file: ModelFile
    size: int
    grids: tuple[tuple[int, int], ...]


_LAYOUTS = {
    "short": _Layout(SHORT_RANGE, 128, ((8, 2), (16, 6))),
    "full": _Layout(FULL_RANGE, 192, ((4, 1),)),
}


@dataclass(frozen=True, eq=False)
class Detections:
    """``m`` faces of one image, most certain first, in its pixels.

    Parameters
    ----------
    boxes
        Left, top, right, bottom, shape (m, 4).
    keypoints
        The person's right eye, left eye, nose tip, mouth, right and left ear as (x, y), shape (m, 6, 2).
    scores
        0..1, shape (m).
    """

    boxes: Float32Array
    keypoints: Float32Array
    scores: Float32Array

    def __len__(self) -> int:
        return len(self.scores)

    def square(self, index: int) -> Square:
        """Where the landmark network should look: 1.5 times the box, turned until the eyes are level."""
        left, top, right, bottom = (float(edge) for edge in self.boxes[index])
        (right_x, right_y), (left_x, left_y) = self.keypoints[index, :2]
        side = 1.5 * max(right - left, bottom - top)
        return Square(
            (left + right) / 2, (top + bottom) / 2, side, float(np.arctan2(left_y - right_y, left_x - right_x))
        )


class FaceDetector:
    """Finds faces in single images.

    Parameters
    ----------
    reach
        ``"short"``: faces wider than about an eighth of the image; ``"full"``: smaller ones too.
    min_score
        Proposals below it are dropped, 0..1.
    file
        Another network with the same layout, if not the one that ships with weft.

    Raises
    ------
    UsageError
        If ``reach`` is neither of the two.
    MissingExtraError
        If LiteRT is not installed.

    Notes
    -----
    It fails on faces turned more than about 60 degrees from the camera, upside down, or
    smaller than about 20 pixels, and it takes some drawings and statues for faces.
    """

    def __init__(self, *, reach: str = "short", min_score: float = 0.5, file: ModelFile | None = None) -> None:
        if reach not in _LAYOUTS:
            raise UsageError(f"reach is one of {sorted(_LAYOUTS)}, found {reach!r}")
        layout = _LAYOUTS[reach]
        self._network = load_network(file or layout.file)
        self._size = layout.size
        self._anchors = anchor_centres(layout.size, layout.grids)
        self._min_score = min_score

    def __call__(self, image: UInt8Image) -> Detections:
        """The faces of ``image``, shape (h, w, 3) uint8 RGB."""
        height, width = image.shape[:2]
        whole = Square(width / 2, height / 2, float(max(width, height)))
        batch = cut_square(image, whole, self._size).astype(np.float32)[np.newaxis] / np.float32(127.5) - np.float32(1)
        shapes, logits = self._network(batch)
        found = decode(shapes[0], logits[0, :, 0], self._anchors, self._size, self._min_score)
        return _placed(found, whole, self._size)


def anchor_centres(size: int, grids: tuple[tuple[int, int], ...]) -> Float32Array:
    """The cells' centres in pixels of the network's input, shape (proposals, 2), in output order.

    Examples
    --------
    >>> anchor_centres(128, ((8, 2), (16, 6))).shape
    (896, 2)
    """
    parts = []
    for stride, per_cell in grids:
        ticks = (np.arange(size // stride, dtype=np.float32) + 0.5) * stride
        x, y = np.meshgrid(ticks, ticks)
        parts.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), per_cell, axis=0))
    return np.concatenate(parts)


def decode(
    shapes: Float32Array, logits: Float32Array, anchors: Float32Array, size: int, min_score: float
) -> Detections:
    """Detections in pixels of the network's input from its two raw outputs.

    Parameters
    ----------
    shapes
        Centre, width, height and six key points relative to the anchor, in pixels, shape (p, 16).
    logits
        Shape (p).
    anchors
        Shape (p, 2).
    size
        The input's side.
    min_score
        Proposals below it are dropped.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -80, 80)))
    keep = np.flatnonzero(scores >= min_score)
    keep = keep[np.argsort(-scores[keep], kind="stable")]
    points = shapes[keep].reshape(-1, 8, 2).copy()
    half = points[:, 1] / 2
    points[:, 2:] += anchors[keep, np.newaxis]
    centres = points[:, 0] + anchors[keep]
    boxes = np.concatenate([centres - half, centres + half], axis=1)
    return _merged(boxes, points[:, 2:], scores[keep].astype(np.float32))


def overlap_share(box: Float32Array, boxes: Float32Array) -> Float32Array:
    """Intersection over union of one box (4) with each of ``boxes`` (m, 4), shape (m).

    Examples
    --------
    >>> overlap_share(np.array([0, 0, 2, 2.0]), np.array([[0, 0, 2, 1.0], [5, 5, 6, 6.0]])).tolist()
    [0.5, 0.0]
    """
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    share: Float32Array = shared / np.maximum(areas - shared, 1e-9)
    return share


def _merged(boxes: Float32Array, keypoints: Float32Array, scores: Float32Array) -> Detections:
    """One detection per cluster of overlapping proposals, averaged by score; inputs sorted by score."""
    left = np.arange(len(scores))
    merged = []
    while left.size:
        same = overlap_share(boxes[left[0]], boxes[left]) > _SAME_FACE_IOU
        same[0] = True
        cluster = left[same]
        merged.append(
            (_mean(boxes[cluster], scores[cluster]), _mean(keypoints[cluster], scores[cluster]), scores[cluster[0]])
        )
        left = left[~same]
    return Detections(
        np.array([box for box, _, _ in merged], dtype=np.float32).reshape(-1, 4),
        np.array([points for _, points, _ in merged], dtype=np.float32).reshape(-1, 6, 2),
        np.array([score for _, _, score in merged], dtype=np.float32),
    )


def _mean(values: Float32Array, weights: Float32Array) -> Float32Array:
    """The weighted mean over the first axis."""
    return np.tensordot(weights / weights.sum(), values, axes=1)


def _placed(found: Detections, whole: Square, size: int) -> Detections:
    """The same detections in pixels of the image."""
    count = len(found)
    boxes = whole.to_image(found.boxes.reshape(-1, 2), size).reshape(count, 4)
    keypoints = whole.to_image(found.keypoints.reshape(-1, 2), size).reshape(count, 6, 2)
    return Detections(boxes, keypoints, found.scores)
