"""Facial action units estimated from video, where no face tracker's table came with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from weft.core import (
    Annotation,
    Finding,
    Interval,
    MissingExtraError,
    Modality,
    Origin,
    Severity,
    Stream,
    TimeMap,
    UnreadableError,
)
from weft.faces import ActionUnits, action_units, track_faces

METHOD = "weft landmark geometry"
SCALE = "0..5"

_FRAMES_PER_S = 10.0
"""Expressions last at least half a second; ten looks a second see them."""

_PROBES = 16
_FEWEST_FRAMES = 3
_MOST_FACES = 2
_LEAST_SEEN = 0.3
"""A face that is in view for less of an utterance says nothing about it."""

Progress = Callable[[str, float], None]


def estimate_units(video: Stream, progress: Progress) -> tuple[tuple[ActionUnits, ...], tuple[Finding, ...]]:
    """The action units of every face in a video, or the remark that says why there are none.

    The video is looked at ten times a second, and only if one of 16 single frames spread
    over it shows a face: a street or a colour card costs next to nothing.
    """
    if video.modality is not Modality.VIDEO or len(video.samples.shape) != 4 or video.samples.dtype != np.uint8:
        return (), ()
    stride = max(1, round((video.effective_rate_hz or _FRAMES_PER_S) / _FRAMES_PER_S))
    try:
        if not _shows_a_face(video):
            return (), ()
        tracks = track_faces(video, stride=stride, progress=partial(_renamed, progress, video.name))
    except UnreadableError as error:
        cure = "repair or re-encode the file"
        return (), (_remark(video, "video_unreadable", Severity.WARNING, str(error), cure),)
    return tuple(action_units(track) for track in tracks if len(track) >= _FEWEST_FRAMES), ()


def _renamed(progress: Progress, name: str, _what: str, share: float) -> None:
    """Progress in this room's words."""
    progress(f"reading faces in {name}", share)


def _remark(video: Stream, check: str, severity: Severity, message: str, cure: str) -> Finding:
    """One remark about a video."""
    return Finding(check, severity, video.name, f"no action units were estimated: {message}", cure)


def faces_missing(video: Stream) -> Finding:
    """The remark that the extra for faces is not installed."""
    needed = MissingExtraError.of("ai-edge-litert", "face", "estimating action units")
    cure = "install it and build again, or ignore this where faces do not matter"
    return _remark(video, "faces_not_estimated", Severity.INFO, str(needed), cure)


def _shows_a_face(video: Stream) -> bool:
    """Whether any of the probed frames shows a face."""
    for index in np.unique(np.linspace(0, len(video) - 1, _PROBES).astype(np.int64)).tolist():
        t_ns = int(video.timeline.slice_ns(index, index + 1)[0])
        if track_faces(video, interval=Interval(t_ns, t_ns + 1), max_faces=1):
            return True
    return False


def estimated_units_of(
    subject: Annotation, video: Stream, faces: tuple[ActionUnits, ...], time_map: TimeMap
) -> tuple[Annotation, ...]:
    """One annotation for each action unit of the faces in view during an utterance.

    The value is that of an imported unit (``au``, ``mean``, ``peak``, ``scale``, ``present``:
    the share of looks above level A, ``frames``) and the number of the ``face``. At most two
    faces, those seen in most of it; confidence is the estimator's own, times the share of
    looks in which the face was seen.

    Notes
    -----
    Nothing says which face speaks; a face that stays is not yet a person.
    """
    edges = time_map.inverse([subject.interval.start_ns, subject.interval.stop_ns], extrapolate=True)
    looks = max(1.0, subject.interval.duration_s * _FRAMES_PER_S)
    seen = []
    for units in faces:
        start, stop = (int(i) for i in np.searchsorted(units.times_ns, edges))
        if stop - start >= _FEWEST_FRAMES and (stop - start) / looks >= _LEAST_SEEN:
            seen.append((-(stop - start), units.track_id, units, slice(start, stop)))
    chosen = sorted(seen, key=lambda row: row[:2])[:_MOST_FACES]
    return tuple(
        _unit(subject, video, units, at, column, min(1.0, (at.stop - at.start) / looks))
        for _, _, units, at in chosen
        for column in range(len(units.names))
    )


def _unit(subject: Annotation, video: Stream, units: ActionUnits, at: slice, column: int, share: float) -> Annotation:
    """One unit of one face."""
    values = units.values[at, column].astype(np.float64)
    sure = float(units.confidence[at, column].astype(np.float64).mean()) * share
    return Annotation(
        kind="action_unit",
        interval=subject.interval,
        clock=subject.clock,
        value={
            "au": int(units.names[column].removeprefix("AU")),
            "mean": round(float(values.mean()), 4),
            "peak": round(float(values.max()), 4),
            "scale": SCALE,
            "present": round(float((values > 1.0).mean()), 4),
            "frames": int(values.size),
            "face": int(units.track_id),
        },
        origin=Origin.MODEL,
        method=METHOD,
        confidence=round(float(np.clip(sure, 0.0, 1.0)), 4),
        tier=units.names[column],
        stream=video.name,
    )
