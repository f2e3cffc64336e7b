"""Logs of a phone's or watch's motion sensors with a label for what the person did.

Columns such as ``x_acc``, ``y_gyro``, ``timestamp`` and ``label``: the sensors become a
stream each, and each run of equal labels becomes one annotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from weft.core import Annotation, Clock, Interval, Modality, Stream
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.choice import Choice
from weft.readers.tables.dialects import load_table, part_stream
from weft.readers.tables.headers import header_of

if TYPE_CHECKING:
    from weft.readers.tables.loading import Table

_SENSORS = (
    ("accelerometer", r"(?i)(.*_)?acc(el(eration|erometer)?)?(_.*)?$"),
    ("gyroscope", r"(?i)(.*_)?gyro(scope)?(_.*)?$"),
    ("magnetometer", r"(?i)(.*_)?mag(n|netometer)?(_.*)?$"),
)


class SensorLogReader:
    """Reads labelled logs of motion sensors."""

    name = "sensor_log"

    def recognises(self, probe: Probe) -> bool:
        """Whether the header has a time stamp, a label, and three axes of a motion sensor."""
        header = header_of(probe)
        axes = sum(bool(re.match(_SENSORS[0][1], name)) for name in header)
        return {"timestamp", "label"} <= header and axes >= 3

    def read(self, request: Request) -> Contents:
        """A stream for each sensor, and the labels.

        Raises
        ------
        UnreadableError
            If the table is broken or its time runs backwards.
        """
        table = load_table(request, Choice(time_column="timestamp"))
        streams, left = [], list(table.columns.names)
        for signal, pattern in _SENSORS:
            names = [name for name in left if re.match(pattern, name)]
            left = [name for name in left if name not in names]
            if names:
                streams.append(part_stream(request, table, names, modality=Modality.MOTION, signal=signal))
        if left:
            streams.append(part_stream(request, table, left, modality=Modality.TABLE, signal="table"))
        labels = tuple(_runs(request, table, streams))
        return Contents(tuple(streams), (Clock(request.clock, table.epoch),), labels, (), table.findings)


def _runs(request: Request, table: Table, streams: list[Stream]) -> Iterator[Annotation]:
    """One annotation for each run of equal labels, up to the next run or one period after the last row."""
    text = table.columns.texts.get("label")
    if text is None or not len(table.columns):
        return
    times_ns = table.columns.times_ns
    starts = np.concatenate([[0], np.flatnonzero(np.diff(text.codes)) + 1])
    stops_ns = [*times_ns[starts[1:]].tolist(), streams[0].interval.stop_ns if streams else int(times_ns[-1])]
    for start, stop_ns in zip(starts.tolist(), stops_ns, strict=True):
        label = text.labels[text.codes[start]]
        if label:
            interval = Interval(int(times_ns[start]), int(stop_ns))
            plain = Annotation("label", interval, request.clock, label, method=request.name)
            yield replace(plain, tier="label", stream=streams[0].name if streams else "")
