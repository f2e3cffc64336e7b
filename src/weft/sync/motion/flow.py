"""What a video shows of its camera's turning and of what moves in the picture, read once, a few frames at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Stream, UnreadableError
from weft.dsp.accumulated import Accumulated
from weft.dsp.picture_shift import PictureTracker
from weft.sync.motion.signals import LIFT, STIR, TURNING, MotionSignal

WIDTH_PX = 160
"""Frames are shrunk to about this width: a shift of a hundredth of such a pixel is 0.004 degrees."""
LEAST_FPS = 8.0
LEAST_AGREEING = 0.3
"""With fewer pixels that follow one motion, the frame shows a cut or a blur, and says nothing."""
_AT_ONCE_BYTES = 32_000_000


def video_signals(video: Stream, *, tell: Callable[[float], None] = lambda share: None) -> list[MotionSignal]:
    """Turning, stir and lift of a video; none where it has too few frames or they cannot be decoded.

    Parameters
    ----------
    video
        Moving pictures of any size.
    tell
        Told the share done, 0..1.

    Notes
    -----
    Turning is in shrunk pixels a second, right, down and round; the focal length that makes it an
    angle is part of the matrix that is fitted. Frames are compared with their neighbours only, at their
    own stamps, so variable rates and lost frames do no harm.
    """
    if (video.effective_rate_hz or 0.0) < LEAST_FPS or len(video) < 32:
        return []
    tracker, times_ns, shifts = PictureTracker(), [], []
    try:
        for t_ns, grey, share in _small_frames(video):
            shift = tracker.follow(grey)
            times_ns.append(t_ns)
            shifts.append(astuple(shift) if shift else (np.nan,) * 6)
            tell(share)
    except UnreadableError:
        pass
    return _signals(video, np.array(times_ns, dtype=np.int64), np.array(shifts))


def _signals(video: Stream, times_ns: NDArray[np.int64], shifts: NDArray[np.float64]) -> list[MotionSignal]:
    """The three kinds from what was seen of every frame."""
    if len(times_ns) < 32:
        return []
    rising = np.concatenate([[True], np.diff(times_ns) > 0])
    times_ns, shifts = times_ns[rising], shifts[rising][1:]
    times_s = (times_ns - times_ns[0]) / NS_PER_S
    steps_s = np.diff(times_s)
    usual_s = float(np.median(steps_s))
    known = np.all(np.isfinite(shifts), axis=1) & (shifts[:, 3] >= LEAST_AGREEING) & (steps_s < 4 * usual_s)
    shifts = np.where(np.isfinite(shifts), shifts, 0.0)
    parts = {TURNING: shifts[:, :3], STIR: shifts[:, 4:5], LIFT: shifts[:, 5:6]}
    return [
        MotionSignal(
            kind=kind,
            stream=video.name,
            clock=video.clock,
            origin_ns=int(times_ns[0]),
            moved=Accumulated.from_steps(times_s, steps, known),
            highest_hz=0.4 / usual_s,
            seen=True,
        )
        for kind, steps in parts.items()
        if known.sum() >= 32 and np.any(np.ptp(steps[known], axis=0) > 0)
    ]


def _small_frames(video: Stream) -> Iterator[tuple[int, NDArray[np.float32], float]]:
    """Stamp, small grey picture and share done of every frame."""
    sides = video.samples.shape[1:]
    if len(sides) < 2 or min(sides[:2]) < 32:
        return
    at_once = int(np.clip(_AT_ONCE_BYTES // int(np.prod(sides)), 1, 32))
    for start in range(0, len(video), at_once):
        stop = min(start + at_once, len(video))
        pictures = np.asarray(video.samples.read(start, stop))
        for t_ns, picture in zip(video.timeline.slice_ns(start, stop), pictures, strict=True):
            yield int(t_ns), _small(picture), stop / len(video)


def _small(picture: NDArray[np.generic]) -> NDArray[np.float32]:
    """Green, or grey, in about ``WIDTH_PX`` columns, each the mean of what it covers."""
    grey = picture[..., 1] if picture.ndim == 3 and picture.shape[-1] >= 3 else picture.reshape(picture.shape[:2])
    factor = max(1, round(grey.shape[1] / WIDTH_PX))
    factor = min(factor, grey.shape[0] // 32)
    skip = max(1, factor // 6)
    height, width = grey.shape[0] // factor, grey.shape[1] // factor
    blocks = grey[: height * factor, : width * factor].reshape(height, factor, width, factor)[:, ::skip, :, ::skip]
    small: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return small
