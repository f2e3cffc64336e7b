"""Faces followed through frames: one, two, lost, taken up again, none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from weft.core import ArraySamples, Interval, ListedTimeline, Modality, Stream, UsageError
from weft.faces import FaceTrack, track_faces
from weft.faces.track import COLUMNS, read_frames

PERIOD_NS = 40_000_000


def _video(images: np.ndarray) -> Stream:
    times_ns = np.arange(len(images), dtype=np.int64) * PERIOD_NS
    return Stream("cam/video", Modality.VIDEO, "cam", ListedTimeline(times_ns), ArraySamples(images))


@pytest.fixture(scope="module")
def images(man: Stream) -> np.ndarray:
    """The first second."""
    return man.samples.read(0, 25)


def test_one_face_is_one_track_with_the_frames_own_times(man: Stream) -> None:
    shares: list[float] = []
    (track,) = track_faces(man, progress=lambda _, share: shares.append(share))
    np.testing.assert_array_equal(track.times_ns, man.timestamps_ns)
    assert track.measures.shape == (75, len(COLUMNS))
    assert track.presence.min() > 0.9
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    closed, spoken = track.column("mouth_gap")[60:].max(), track.column("mouth_gap")[:50].max()
    assert spoken > 0.15 > 0.05 > closed, "the man speaks first and closes his mouth then"


def test_a_stride_looks_at_every_other_frame(man: Stream) -> None:
    (track,) = track_faces(man, stride=2, interval=Interval(0, 1_000_000_000))
    np.testing.assert_array_equal(track.times_ns, man.timestamps_ns[:25:2])


@dataclass(frozen=True)
class Counting:
    """Samples that note which ranges are read."""

    images: np.ndarray
    ranges: list[tuple[int, int]] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.images.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.images.dtype

    def read(self, start: int, stop: int) -> np.ndarray:
        self.ranges.append((start, stop))
        return self.images[start:stop]


@pytest.mark.parametrize(
    ("shape", "stride", "expected"),
    [
        ((40, 20, 30, 3), 1, [(0, 16), (16, 32), (32, 40)]),
        ((40, 20, 30, 3), 5, [(0, 15), (15, 30), (30, 40)]),
        ((40, 20, 30, 3), 20, [(0, 1), (20, 21)]),
        ((4, 3000, 4000, 3), 1, [(0, 1), (1, 2), (2, 3), (3, 4)]),
    ],
    ids=["sixteen at once", "whole strides", "single frames of a wide stride", "single large frames"],
)
def test_few_frames_are_held_at_once(shape: tuple[int, ...], stride: int, expected: list[tuple[int, int]]) -> None:
    samples = Counting(np.broadcast_to(np.uint8(0), shape))
    video = replace(_video(np.zeros((shape[0], 2, 2, 3), np.uint8)), samples=samples)
    stamps = [t_ns for t_ns, _, _ in read_frames(video, stride=stride)]
    assert samples.ranges == expected
    assert stamps == (np.arange(0, shape[0], stride) * PERIOD_NS).tolist()


def test_an_interval_limits_the_frames(man: Stream) -> None:
    (track,) = track_faces(man, interval=Interval(400_000_000, 800_000_000))
    np.testing.assert_array_equal(track.times_ns, man.timestamps_ns[10:20])


def test_a_shrunk_image_gives_boxes_in_pixels_of_the_original(images: np.ndarray) -> None:
    (full,) = track_faces(_video(images[:5]))
    (small,) = track_faces(_video(images[:5]), max_width=180)
    np.testing.assert_allclose(small.boxes.mean(axis=0), full.boxes.mean(axis=0), atol=8)
    np.testing.assert_allclose(small.column("face_width_px"), full.column("face_width_px"), rtol=0.1)


def test_two_people_are_two_tracks(images: np.ndarray, other_man: Stream) -> None:
    both = np.concatenate([images[:10], other_man.samples.read(0, 10)], axis=2)
    tracks = track_faces(_video(both))
    assert [len(track) for track in tracks] == [10, 10]
    assert sorted(bool(track.boxes[0, 0] > 360) for track in tracks) == [False, True]


def test_max_faces_bounds_how_many_are_followed(images: np.ndarray, other_man: Stream) -> None:
    both = np.concatenate([images[:5], other_man.samples.read(0, 5)], axis=2)
    assert len(track_faces(_video(both), max_faces=1)) == 1


def test_a_face_that_is_covered_for_a_moment_keeps_its_track(images: np.ndarray) -> None:
    covered = images.copy()
    covered[8:14] = 90
    (track,) = track_faces(_video(covered))
    assert not set(range(8, 14)) & set((track.times_ns // PERIOD_NS).tolist())
    assert track.times_ns[-1] == 24 * PERIOD_NS


def test_a_face_that_is_gone_for_longer_comes_back_as_another_track(man: Stream) -> None:
    covered = man.samples.read(0, 60).copy()
    covered[10:45] = 90
    tracks = track_faces(_video(covered))
    assert len(tracks) == 2
    assert {track.track_id for track in tracks} == {0, 1}


@pytest.mark.parametrize("contrast", [0, 120], ids=["grey", "noise"])
def test_a_video_without_a_face_gives_no_track(contrast: int) -> None:
    pytest.importorskip("ai_edge_litert", reason="needs the extra 'face'")
    noise = np.random.default_rng(0).integers(130 - contrast, 131 + contrast, (10, 120, 160, 3))
    assert track_faces(_video(noise.astype(np.uint8))) == ()


@pytest.mark.parametrize(
    ("convert", "tracks"),
    [
        (lambda images: images.mean(axis=3).astype(np.uint8), 1),
        (lambda images: images.mean(axis=3, keepdims=True).astype(np.uint8), 1),
        (lambda images: np.concatenate([images, images[..., :1]], axis=3), 1),
        (lambda images: images.mean(axis=3).astype(np.uint16) * 256, 0),
        (lambda images: images[..., :2], 0),
    ],
    ids=["grey", "one channel", "with alpha", "depth", "two channels"],
)
def test_other_kinds_of_pictures_are_taken_as_grey_or_passed_over(
    images: np.ndarray, convert: Callable[[np.ndarray], np.ndarray], tracks: int
) -> None:
    assert len(track_faces(_video(convert(images[:3])))) == tracks


def test_what_is_not_a_video_is_refused(images: np.ndarray) -> None:
    sound = replace(_video(images[:2]), modality=Modality.AUDIO)
    with pytest.raises(UsageError, match="'cam/video', which is audio"):
        track_faces(sound)
    with pytest.raises(UsageError, match="a stride of 0"):
        track_faces(_video(images[:2]), stride=0)


def test_a_measure_that_does_not_exist_is_refused() -> None:
    empty = np.zeros((0, len(COLUMNS)), np.float32)
    track = FaceTrack(0, np.zeros(0, np.int64), empty, np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
    with pytest.raises(UsageError, match="no measure 'smile'"):
        track.column("smile")
