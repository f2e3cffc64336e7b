"""Markers, key presses and stimulus onsets: event annotations, marker streams, columns of labels."""

from __future__ import annotations

import re

import numpy as np

from weft.core import NS_PER_MS, Modality, Recording, Stream
from weft.core.times import Int64Array
from weft.sync.events.lists import MARKER, EventList

_SD_NS = 1.0 * NS_PER_MS
"""Software stamps a key or a screen to about a millisecond; what all share is an assumption."""
_KINDS = frozenset({"event", "marker", "keypress", "key", "trigger", "stimulus", "sync"})
_LABELS = re.compile(r"event|marker|trigger|key|stim|sync|ttl|code|button", re.IGNORECASE)
"""A column of texts marks moments if its name says so; labels of activities were put there by somebody later."""
_MOST = 5_000
_LEAST_PER_LABEL = 4
_MOST_LABELS = 6


def marker_lists(recording: Recording, clock: str) -> list[EventList]:
    """All markers of a clock by their source, and the most frequent labels of each alone."""
    lists: list[EventList] = []
    lists_by_source = _annotated(recording, clock)
    for source, said in lists_by_source.items():
        lists += _with_labels(clock, source, said)
    for stream in recording.streams_of(clock):
        marks = stream.modality is Modality.TEXT and _LABELS.search(stream.name.rpartition("/")[2])
        if stream.name not in lists_by_source and (stream.modality is Modality.EVENT or marks):
            lists += _with_labels(clock, stream.name, _changes(stream))
    return lists


def _annotated(recording: Recording, clock: str) -> dict[str, list[tuple[int, str]]]:
    """Time and label of every event annotation, by the stream or tier that it comes from."""
    found: dict[str, list[tuple[int, str]]] = {}
    for one in recording.annotations:
        if one.clock == clock and one.kind.lower() in _KINDS:
            found.setdefault(one.stream or one.tier or one.method, []).append((one.interval.start_ns, str(one.value)))
    return found


def _changes(stream: Stream) -> list[tuple[int, str]]:
    """When a stream of labels begins to say something else; every stamp where it has no values."""
    times_ns = stream.timestamps_ns
    if 0 in stream.samples.shape or len(stream) > 50 * _MOST:
        return [(int(t), "") for t in times_ns[:_MOST]]
    values = stream.samples.read(0, len(stream))
    if values.ndim > 1:
        return [(int(t), str(row[0] if len(row) else "")) for t, row in zip(times_ns, values, strict=True)]
    texts = [str(value) for value in values]
    fresh = [i for i, text in enumerate(texts) if text and text != "nan" and (i == 0 or texts[i - 1] != text)]
    return [(int(times_ns[i]), texts[i]) for i in fresh]


def _with_labels(clock: str, source: str, marks: list[tuple[int, str]]) -> list[EventList]:
    """All marks as one list, and those of each frequent label."""
    if not marks:
        return []
    marks = sorted(marks)[:_MOST]
    times_ns: Int64Array = np.array([at_ns for at_ns, _ in marks], dtype=np.int64)
    labels = np.array([label for _, label in marks])
    called = frozenset(label for _, label in marks if label)
    every = EventList(clock, source, MARKER, times_ns, np.full(times_ns.size, _SD_NS), labels=called)
    names, counts = np.unique(labels, return_counts=True)
    often = names[np.argsort(-counts, kind="stable")][: _MOST_LABELS if names.size > 1 else 0]
    alone = [every.chosen(labels == name) for name in often if np.count_nonzero(labels == name) >= _LEAST_PER_LABEL]
    return [every, *alone]
