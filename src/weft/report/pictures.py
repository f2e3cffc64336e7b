"""What can be seen and heard of a capsule: a few small frames and an outline of the sound."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import Alignment, Capsule, Interval, Modality, Recording, Stream
from weft.report.data import Card, Picture, Waveform
from weft.sync.view.recording import AlignedRecording

THUMBNAIL_PX = (240, 200)
"""The largest width and height."""

JPEG_QUALITY = 70
WAVEFORM_PARTS = 400

LONGEST_SOUND_S = 120.0
"""Longer contexts are heard in full nowhere; their outline is left out."""


def card_of(capsule: Capsule, recording: Recording, alignment: Alignment) -> Card:
    """A capsule with three frames of the first usable video and the outline of the first usable sound.

    Parameters
    ----------
    capsule
        The capsule.
    recording
        Its recording, whose originals are read.
    alignment
        The maps of its clocks.
    """
    view = AlignedRecording(recording, alignment)
    usable = {span.stream for span in capsule.spans if span.device is not None and span.present > 0}
    chosen = [stream for stream in recording.streams if stream.name in usable]
    video = next((s for s in chosen if s.modality is Modality.VIDEO and _is_picture(s)), None)
    sound = next((s for s in chosen if s.modality is Modality.AUDIO and s.samples.dtype.kind in "iuf"), None)
    pictures = _frames(capsule, video, view) if video else ()
    waveform = (
        _outline(capsule.context, sound, view) if sound and capsule.context.duration_s < LONGEST_SOUND_S else None
    )
    absent = [what for what, found in (("no picture", pictures), ("no sound", waveform)) if not found]
    return Card(capsule, pictures, waveform, f"{' and '.join(absent)} on a known clock" if absent else "")


def _is_picture(stream: Stream) -> bool:
    """Whether samples are grey or RGB images."""
    shape = stream.samples.shape[1:]
    return stream.samples.dtype == np.uint8 and (len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4)))


def _frames(capsule: Capsule, video: Stream, view: AlignedRecording) -> tuple[Picture, ...]:
    """A frame before, during and after; each only once, and only where the video has one."""
    middles = [(part.start_ns + part.stop_ns) // 2 for part in (capsule.history, capsule.interval, capsule.future)]
    found = []
    for t_ns in sorted(set(middles)):
        slice_ = view.window(t_ns, t_ns + 1, {video.name: 1.0}, streams=[video.name])[video.name]
        if len(slice_) and slice_.valid[0]:
            found.append(Picture(video.name, t_ns, jpeg_of(slice_.values[0])))
    return tuple(found)


def jpeg_of(image: NDArray[np.uint8]) -> bytes:
    """A small JPEG of an image, (h, w) or (h, w, 1 | 3 | 4), uint8; the same bytes for the same image."""
    from PIL import Image

    plain = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image[..., :3] if image.ndim == 3 else image
    picture = Image.fromarray(np.ascontiguousarray(plain))
    scale = min(THUMBNAIL_PX[0] / picture.width, THUMBNAIL_PX[1] / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.LANCZOS)
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return buffer.getvalue()


def _outline(context: Interval, sound: Stream, view: AlignedRecording) -> Waveform | None:
    """The outline of the first channel over a context, scaled to its own peak."""
    slice_ = view.window(context.start_ns, context.stop_ns, streams=[sound.name])[sound.name]
    if not slice_.valid.any():
        return None
    values = np.asarray(slice_.values, dtype=np.float64).reshape(len(slice_), -1)[:, 0]
    low, high = envelope(slice_.times_ns - context.start_ns, values, context.duration_ns)
    peak = max(float(np.nanmax(np.abs([low, high]))), np.finfo(np.float64).tiny)
    return Waveform(sound.name, _rounded(low / peak), _rounded(high / peak))


def envelope(
    times_ns: NDArray[np.int64], values: NDArray[Any], duration_ns: int, *, parts: int = WAVEFORM_PARTS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and highest value in each of equal parts of a duration, NaN where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> envelope(np.array([0, 1, 9]), np.array([2.0, -1.0, 5.0]), 10, parts=2)
    (array([-1.,  5.]), array([2., 5.]))
    """
    low, high = np.full(parts, np.nan), np.full(parts, np.nan)
    which = np.clip((times_ns * parts) // max(1, duration_ns), 0, parts - 1)
    starts = np.flatnonzero(np.diff(which, prepend=-1))
    if len(starts):
        low[which[starts]] = np.minimum.reduceat(values, starts)
        high[which[starts]] = np.maximum.reduceat(values, starts)
    return low, high


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Two digits are more than a waveform's height in pixels."""
    return tuple(round(float(value), 2) for value in values)


def choose_capsules(capsules: Sequence[Capsule], count: int) -> list[Capsule]:
    """A few capsules spread over the recording, of each part the one about which most is known.

    Known means: words first, then streams that are there, then annotations.
    """
    count = min(count, len(capsules))
    edges = [len(capsules) * i // count for i in range(count + 1)] if count else []
    return [max(capsules[a:b], key=_richness) for a, b in pairwise(edges)]


def _richness(capsule: Capsule) -> tuple[bool, float, int]:
    """How much there is to show of a capsule."""
    return bool(capsule.anchor.value), sum(span.present for span in capsule.spans), len(capsule.annotations)
