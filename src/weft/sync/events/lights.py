"""Flashes and blinking lights in a video: the luminance of the picture and of its parts, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Stream
from weft.core.times import Int64Array
from weft.dsp.light_edges import LightEdges, find_light_edges
from weft.sync.events.lists import LIGHT, EventList

PARTS = 8
"""The picture is divided into so many rows and columns: a light fills a part or disappears in it."""
_AT_ONCE_BYTES = 48_000_000
_MOST_PIXELS_ACROSS = 256
"""Wider pictures are looked at in every second, third, ... pixel."""
_LISTS = 3
_MOST_EDGES_PER_S = 5.0


def light_lists(video: Stream) -> list[EventList]:
    """Where the whole picture, and its parts with the clearest switching light, go bright; empty without any.

    Notes
    -----
    Colour pictures are averaged over their colours. Only one picture's parts are in memory for
    each frame. It fails for lights smaller than about a hundredth of the picture.
    """
    if len(video) < 4 or len(video.samples.shape) < 3:
        return []
    times_ns = video.timestamps_ns
    parts = np.concatenate(list(_luminance(video)), axis=0)
    times_s = (times_ns - times_ns[0]) / NS_PER_S
    whole = find_light_edges(parts.mean(axis=1), times_s)
    each = [find_light_edges(parts[:, part], times_s) for part in range(parts.shape[1])]
    chosen = [whole, *_clearest(each)]
    return [made for edges in chosen if (made := _as_list(video, edges, times_ns)) is not None]


def _luminance(video: Stream) -> Iterator[NDArray[np.float32]]:
    """The mean of each part of each frame, float32 (n, PARTS * PARTS), block by block."""
    shape = [max(1, int(size)) for size in video.samples.shape[1:]]
    known = min(video.samples.shape[1:]) > 0
    block = int(np.clip(_AT_ONCE_BYTES // max(1, int(np.prod(shape))), 1, 64)) if known else 4
    for start in range(0, len(video), block):
        pictures = video.samples.read(start, min(start + block, len(video)))
        yield np.stack([_parts_of(picture) for picture in pictures])


def _parts_of(picture: NDArray[np.generic]) -> NDArray[np.float32]:
    """The mean luminance of each part of one picture."""
    stride = max(1, picture.shape[1] // _MOST_PIXELS_ACROSS)
    small = picture[::stride, ::stride]
    grey = small if small.ndim == 2 else small.mean(axis=2, dtype=np.float32)
    rows = np.linspace(0, grey.shape[0], PARTS + 1).astype(np.intp)
    columns = np.linspace(0, grey.shape[1], PARTS + 1).astype(np.intp)
    sums = np.add.reduceat(np.add.reduceat(grey, rows[:-1], axis=0, dtype=np.float32), columns[:-1], axis=1)
    sizes = np.maximum(np.diff(rows), 1)[:, None] * np.maximum(np.diff(columns), 1)[None, :]
    means: NDArray[np.float32] = (sums / sizes).ravel().astype(np.float32)
    return means


def _clearest(each: list[LightEdges]) -> list[LightEdges]:
    """The parts whose light switches most clearly; of neighbours that see one light, one."""
    order = sorted((i for i, edges in enumerate(each) if edges.times_s.size), key=lambda i: -each[i].contrast)
    kept: list[int] = []
    for index in order:
        apart = (max(abs(index // PARTS - k // PARTS), abs(index % PARTS - k % PARTS)) > 1 for k in kept)
        if all(apart):
            kept.append(index)
        if len(kept) == _LISTS:
            break
    return [each[index] for index in kept]


def _as_list(video: Stream, edges: LightEdges, times_ns: Int64Array) -> EventList | None:
    """The moments at which a light goes on; nothing where it never does, or flickers all the time."""
    on = np.flatnonzero(edges.rising)
    duration_s = (int(times_ns[-1]) - int(times_ns[0])) / NS_PER_S
    if not on.size or on.size > _MOST_EDGES_PER_S * max(1.0, duration_s):
        return None
    at_ns = int(times_ns[0]) + np.rint(edges.times_s[on] * NS_PER_S).astype(np.int64)
    order = np.argsort(at_ns, kind="stable")
    return EventList(video.clock, video.name, LIGHT, at_ns[order], edges.sds_s[on][order] * NS_PER_S)
