"""Blinks: the eye that a tracker loses, the lids that close in a picture of the face, or what a device reported."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_MS, NS_PER_S, Modality, Recording, Stream
from weft.core.times import Int64Array
from weft.dsp.dips import find_dips, short_spans
from weft.sync.events.lists import BLINK, EventList

_OPENNESS = re.compile(r"open(ness|ing)?|eyelid|aperture", re.IGNORECASE)
_PUPIL = re.compile(r"pupil", re.IGNORECASE)
_CLOSING = re.compile(r"AU(45|43)(_r)?$")
_OTHER = re.compile(r"valid|conf|time|index|status", re.IGNORECASE)
_SD_NS = 20.0 * NS_PER_MS
"""How far the middles of one blink scatter between a tracker that loses the pupil and lids that move."""
_LEAST_FPS = 15.0
_MOST_PER_MIN = 60.0


def blink_lists(recording: Recording, clock: str) -> list[EventList]:
    """The blinks that devices reported, that a tracker lost the eye for, and that tables of a face show."""
    lists = [_reported(recording, clock)]
    for stream in recording.streams_of(clock):
        if len(stream) < 10 or (stream.effective_rate_hz or 0.0) < _LEAST_FPS or len(stream.samples.shape) != 2:
            continue
        if stream.modality is Modality.GAZE and "gaze_angle_x" not in stream.channels:
            lists.append(tracker_blinks(stream))
        elif stream.modality is Modality.FACE:
            lists.append(table_blinks(stream))
    found = [one for one in lists if one is not None and 0 < len(one) <= _most(recording, one)]
    # A device's streams lose one eye at the same samples: once is enough.
    return list({one.times_ns.tobytes(): one for one in reversed(found)}.values())[::-1]


def _most(recording: Recording, blinks: EventList) -> float:
    """More blinks than anybody has are none."""
    spans_s = [s.interval.duration_s for s in recording.streams_of(blinks.clock) if len(s)]
    return max(10.0, _MOST_PER_MIN * max(spans_s, default=0.0) / 60.0)


def _reported(recording: Recording, clock: str) -> EventList | None:
    """Blink annotations, by their middles."""
    spans = [one.interval for one in recording.annotations if one.clock == clock and one.kind.lower() == "blink"]
    middles = np.sort(np.array([(span.start_ns + span.stop_ns) // 2 for span in spans], dtype=np.int64))
    return _listed(clock, "annotations", middles) if middles.size else None


def tracker_blinks(stream: Stream) -> EventList | None:
    """Where a tracker lost the eye for as long as a blink, or measured that it closed."""
    times_ns = stream.timestamps_ns
    values = np.asarray(stream.samples.read(0, len(stream)), dtype=np.float64)
    times_s = (times_ns - times_ns[0]) / NS_PER_S
    opening = [i for i, name in enumerate(stream.channels) if _OPENNESS.search(name) and not _OTHER.search(name)]
    if opening and np.isfinite(values[:, opening]).mean() > 0.5:
        with np.errstate(all="ignore"):
            middles_s = find_dips(_row_mean(values[:, opening]), times_s)
    else:
        lost, at_s = _with_gaps(_eye_lost(stream, values), times_s)
        middles_s = short_spans(lost, at_s).mean(axis=1)
    return _listed(stream.clock, stream.name, _to_ns(times_ns, middles_s)) if middles_s.size else None


def _eye_lost(stream: Stream, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Samples in which no eye was found: no pupil, or else no gaze."""
    pupils = [i for i, name in enumerate(stream.channels) if _PUPIL.search(name) and not _OTHER.search(name)]
    gaze = [i for i, name in enumerate(stream.channels) if "gaze" in name.lower() and not _OTHER.search(name)]
    lost = np.zeros(len(values), dtype=bool)
    if pupils:
        lost |= ~(np.nan_to_num(values[:, pupils], nan=0.0) > 0).any(axis=1)
    if gaze and not lost.any():
        lost |= ~np.isfinite(values[:, gaze]).any(axis=1)
    return lost


def _with_gaps(lost: NDArray[np.bool_], times_s: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """The same with a lost sample in the middle of every gap: some trackers write nothing while the eye is shut."""
    steps = np.diff(times_s)
    holes = np.flatnonzero(steps > 3.5 * np.median(steps))
    return np.insert(lost, holes + 1, True), np.insert(times_s, holes + 1, times_s[holes] + steps[holes] / 2.0)


def table_blinks(stream: Stream) -> EventList | None:
    """Blinks in a table of facial action units: AU45 of OpenFace, AU43 of py-feat; of other columns none."""
    closing = [i for i, name in enumerate(stream.channels) if _CLOSING.match(name)]
    if not closing:
        return None
    times_ns = stream.timestamps_ns
    values = np.asarray(stream.samples.read(0, len(stream)), dtype=np.float64)[:, closing[0]]
    middles_s = find_dips(-values, (times_ns - times_ns[0]) / NS_PER_S)
    return _listed(stream.clock, stream.name, _to_ns(times_ns, middles_s), in_frames=True) if middles_s.size else None


def face_blinks(video: Stream) -> EventList | None:
    """Blinks of the face that is longest in a video, by the opening of its lids.

    Raises
    ------
    MissingExtraError
        If faces have to be found and LiteRT is not installed.
    """
    from weft.faces import track_faces

    if (video.effective_rate_hz or 0.0) < _LEAST_FPS:
        return None
    for track in track_faces(video)[:1]:
        times_s = (track.times_ns - track.times_ns[0]) / NS_PER_S
        opening = (track.column("eye_open_left") + track.column("eye_open_right")) / 2.0
        middles_s = find_dips(opening.astype(np.float64), times_s)
        if middles_s.size:
            return _listed(video.clock, video.name, _to_ns(track.times_ns, middles_s), in_frames=True)
    return None


def _row_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of what is known in each row; no number where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    mean: NDArray[np.float64] = np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)
    return mean


def _to_ns(times_ns: Int64Array, seconds: NDArray[np.float64]) -> Int64Array:
    """Seconds from the first stamp as readings of the clock."""
    at_ns: Int64Array = int(times_ns[0]) + np.rint(seconds * NS_PER_S).astype(np.int64)
    return at_ns


def _listed(clock: str, source: str, middles_ns: Int64Array, *, in_frames: bool = False) -> EventList:
    """Middles of blinks as events."""
    return EventList(clock, source, BLINK, middles_ns, np.full(middles_ns.size, _SD_NS), in_frames)
