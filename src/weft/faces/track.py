"""Faces followed through a video: one track for each face that stays in view.

A face is looked for in the whole image only now and then; in between, the points of one
frame say where to look in the next, which is three times as fast and steadier. A track
ends when its face is lost for longer than ``_MEMORY_NS`` or jumps::

    detection      v                 v           v
    track 0        |=================  lost  ====|======
    track 1                          |=================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import Interval, Modality, Stream, UsageError
from weft.core.times import Int64Array
from weft.faces.crop import Square, UInt8Image, cut_square
from weft.faces.detect import FaceDetector, overlap_share
from weft.faces.geometry import MEASURES, measure_face, mouth_square
from weft.faces.landmarks import FaceLandmarker, box_of, next_square

Float32Array = NDArray[np.float32]
Progress = Callable[[str, float], None]

COLUMNS = (*MEASURES, "mouth_luma")
"""The columns of :attr:`FaceTrack.measures`: those of ``geometry``, and the brightness inside the mouth, 0..255."""

_MIN_PRESENCE = 0.5
_SAME_FACE_IOU = 0.3
_MEMORY_NS = 1_000_000_000
_DETECT_EVERY_NS = 1_000_000_000
_DETECT_WHEN_MISSING_NS = 120_000_000
_AT_ONCE = 16
_AT_ONCE_BYTES = 64_000_000
"""So many frames are read at once, or so many bytes of them, whichever is less."""


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One face over the ``n`` frames in which it was seen.

    A track is a face that stays in view, not a person: the same person after a cut is
    another track, and two people who change places while covered may share one.

    Parameters
    ----------
    track_id
        0, 1, 2, ... in order of appearance.
    times_ns
        The frames' stamps on the video's clock, int64 (n), increasing.
    measures
        One column for each name in ``COLUMNS``, float32 (n, k).
    boxes
        Left, top, right, bottom in pixels of the original image, float32 (n, 4).
    presence
        How surely a face is there, 0..1, float32 (n).
    """

    track_id: int
    times_ns: Int64Array
    measures: Float32Array
    boxes: Float32Array
    presence: Float32Array

    def __len__(self) -> int:
        return len(self.times_ns)

    def __repr__(self) -> str:
        return f"FaceTrack({self.track_id}, {len(self)} frames, {self.duration_s:.2f} s)"

    @property
    def duration_s(self) -> float:
        """From the first to the last frame in which it was seen."""
        return float(self.times_ns[-1] - self.times_ns[0]) / 1e9 if len(self) else 0.0

    def column(self, name: str) -> Float32Array:
        """One measure over time, float32 (n).

        Raises
        ------
        UsageError
            If there is none of that name.
        """
        if name not in COLUMNS:
            raise UsageError(f"a face track has no measure {name!r}; it has {', '.join(COLUMNS)}")
        return self.measures[:, COLUMNS.index(name)]


def track_faces(
    video: Stream,
    *,
    interval: Interval | None = None,
    max_width: int | None = 1280,
    stride: int = 1,
    max_faces: int = 4,
    progress: Progress | None = None,
) -> tuple[FaceTrack, ...]:
    """The faces of a video, longest track first.

    Parameters
    ----------
    video
        Samples of shape (n, h, w, 3), uint8 RGB; grey pictures will do. Pictures of other
        kinds (depth, heat) are passed over.
    interval
        Which part, on the video's clock; all of it by default.
    max_width
        Wider images are shrunk by a whole factor first; ``None`` to keep them. Points are
        always given in pixels of the original.
    stride
        Looks at every ``stride``-th frame. Lip movements need 20 frames a second or more;
        for expressions 10 are enough.
    max_faces
        Follows at most this many at once, the most certain ones.
    progress
        Called with what is being done and the share done.

    Raises
    ------
    UsageError
        If the stream is not a video or ``stride`` is below 1.
    MissingExtraError
        If LiteRT is not installed.

    Notes
    -----
    One core does about 150 to 200 frames a second of one face at 360 x 288, less the time
    to decode. Memory grows by about 100 bytes for each face and frame.
    """
    if video.modality is not Modality.VIDEO or stride < 1:
        raise UsageError(
            f"faces are tracked in a video, looking at every 1st, 2nd, ... frame; "
            f"found {video.name!r}, which is {video.modality}, and a stride of {stride}"
        )
    frames = read_frames(video, interval=interval, max_width=max_width, stride=stride, progress=progress)
    tracks = follow_faces(frames, max_faces=max_faces)
    return tuple(sorted(tracks, key=len, reverse=True))


def read_frames(
    video: Stream,
    *,
    interval: Interval | None = None,
    max_width: int | None = None,
    stride: int = 1,
    progress: Progress | None = None,
) -> Iterator[tuple[int, UInt8Image, int]]:
    """Stamp, image and shrink factor of each frame, read a few at a time; parameters as in :func:`track_faces`."""
    interval = video.interval if interval is None else interval
    first, stop = video.timeline.index_ns(interval.start_ns), video.timeline.index_ns(interval.stop_ns)
    for start, end in _runs(first, stop, stride, _frames_at_once(video)):
        images = video.samples.read(start, end)[::stride]
        for t_ns, image in zip(video.timeline.slice_ns(start, end)[::stride], images, strict=True):
            picture = _as_rgb(np.asarray(image))
            if picture is not None:
                yield int(t_ns), *_shrunk(picture, max_width)
        if progress is not None:
            progress(f"finding faces in {video.name}", (end - first) / (stop - first))


def _frames_at_once(video: Stream) -> int:
    """How many frames to hold, by their size; few where the size varies or is not known."""
    sides = video.samples.shape[1:]
    if not sides or min(sides) < 1:
        return 2
    return max(1, min(_AT_ONCE, _AT_ONCE_BYTES // int(np.prod(sides))))


def _runs(first: int, stop: int, stride: int, at_once: int) -> Iterator[tuple[int, int]]:
    """Ranges of frames to read; every ``stride``-th of a range, from its first on, is looked at."""
    step = stride * max(1, at_once // stride)
    length = step if at_once >= stride else 1
    for start in range(first, stop, step):
        yield start, min(start + length, stop)


def follow_faces(frames: Iterable[tuple[int, UInt8Image, int]], *, max_faces: int = 4) -> list[FaceTrack]:
    """The tracks of a series of frames, in order of appearance; frames as from :func:`read_frames`."""
    follower = _Follower(max_faces)
    for t_ns, image, factor in frames:
        follower.look(t_ns, image, factor)
    return [face.finished() for face in follower.faces if face.times]


class _State(Enum):
    """What is known about a face at the latest frame."""

    FOLLOWED = 0
    LOST = 1
    ENDED = 2


@dataclass(eq=False)
class _Face:
    """A track in the making; ``square`` and ``box`` are in pixels of the image that was looked at."""

    track_id: int
    square: Square
    box: Float32Array
    seen_ns: int
    state: _State = _State.LOST
    times: list[int] = field(default_factory=list)
    rows: list[Float32Array] = field(default_factory=list)

    def finished(self) -> FaceTrack:
        """The track."""
        table = np.array(self.rows, dtype=np.float32)
        width = len(COLUMNS)
        return FaceTrack(
            self.track_id,
            np.array(self.times, dtype=np.int64),
            table[:, :width],
            table[:, width : width + 4],
            table[:, width + 4],
        )


class _Follower:
    """All faces of one video, frame after frame."""

    def __init__(self, max_faces: int) -> None:
        self.faces: list[_Face] = []
        self._near, self._far = FaceDetector(reach="short"), FaceDetector(reach="full")
        self._landmarker = FaceLandmarker()
        self._max_faces = max_faces
        self._detected_ns: int | None = None

    def look(self, t_ns: int, image: UInt8Image, factor: int) -> None:
        """One more frame."""
        followed = [face for face in self.faces if face.state is _State.FOLLOWED]
        seen = [face for face in followed if self._see(face, t_ns, image, factor)]
        _drop_doubles(seen)
        for face in self.faces:
            if t_ns - face.seen_ns > _MEMORY_NS:
                face.state = _State.ENDED
        if len(seen) < len(followed) or self._due(t_ns):
            self._detect(t_ns, image, factor)

    def _due(self, t_ns: int) -> bool:
        """Whether to look at the whole image: now and then, more often while a face is missing."""
        if self._detected_ns is None:
            return True
        states = {face.state for face in self.faces}
        calm = _State.FOLLOWED in states and _State.LOST not in states
        return t_ns - self._detected_ns >= (_DETECT_EVERY_NS if calm else _DETECT_WHEN_MISSING_NS)

    def _detect(self, t_ns: int, image: UInt8Image, factor: int) -> None:
        """Starts a track for each face that is not followed, or takes up a lost one in the same place."""
        self._detected_ns = t_ns
        found = self._near(image)
        if not len(found):
            found = self._far(image)
        for index in range(len(found)):
            alive = [face for face in self.faces if face.state is not _State.ENDED]
            here = [face for face in alive if _same(face.box, found.boxes[index])]
            if any(face.state is _State.FOLLOWED for face in here) or (not here and len(alive) >= self._max_faces):
                continue
            face = here[0] if here else _Face(len(self.faces), found.square(index), found.boxes[index], t_ns)
            face.square, face.box = found.square(index), found.boxes[index]
            if self._see(face, t_ns, image, factor) and not here:
                self.faces.append(face)

    def _see(self, face: _Face, t_ns: int, image: UInt8Image, factor: int) -> bool:
        """Whether the face is where it was expected; if so its measures are kept."""
        points, presence = self._landmarker(image, face.square)
        box = box_of(points)
        if presence < _MIN_PRESENCE or not _same(face.box, box):
            face.state = _State.LOST
            return False
        face.state, face.seen_ns = _State.FOLLOWED, t_ns
        face.square, face.box = next_square(points), box
        face.times.append(t_ns)
        face.rows.append(_row(points, presence, image, factor))
        return True


def _same(one: Float32Array, other: Float32Array) -> bool:
    """Whether two boxes hold the same face."""
    return bool(overlap_share(one, other[np.newaxis])[0] > _SAME_FACE_IOU)


def _drop_doubles(seen: list[_Face]) -> None:
    """Ends the younger of two tracks on one face."""
    for index, face in enumerate(seen):
        if any(_same(elder.box, face.box) for elder in seen[:index] if elder.state is _State.FOLLOWED):
            face.state = _State.ENDED


def _row(points: Float32Array, presence: float, image: UInt8Image, factor: int) -> Float32Array:
    """Measures, box and presence of one frame; pixels of the original image."""
    patch = cut_square(image, mouth_square(points), 32)
    # The middle of the patch holds the inner mouth: dark when it is open.
    luma = float((patch[10:22, 8:24] @ np.array([0.299, 0.587, 0.114])).mean())
    measures = measure_face(points)
    measures[MEASURES.index("face_width_px")] *= factor
    return np.concatenate([measures, [luma], box_of(points) * factor, [presence]]).astype(np.float32)


def _as_rgb(image: NDArray[Any]) -> UInt8Image | None:
    """Three colours of 8 bits; ``None`` where the picture is something else (depth, heat, an undecoded message)."""
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or 0 in image.shape:
        return None
    grey = image[..., np.newaxis] if image.ndim == 2 else image
    if grey.shape[2] == 1:
        return np.repeat(grey, 3, axis=2)
    return grey[..., :3] if grey.shape[2] in (3, 4) else None


def _shrunk(image: UInt8Image, max_width: int | None) -> tuple[UInt8Image, int]:
    """The image and the whole factor by which it was shrunk."""
    factor = -(-image.shape[1] // max_width) if max_width else 1
    if factor <= 1:
        return image, 1
    from PIL import Image

    return np.asarray(Image.fromarray(image).reduce(factor)), factor
