"""Sync pulses and trigger lines: rectangular channels in tables, physiology and gaze."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weft.core import Modality, Stream
from weft.core.times import Int64Array
from weft.dsp.pulse_edges import find_pulse_edges, high_samples
from weft.sync.events.lists import PULSE, EventList

_CARRIERS = frozenset({Modality.TABLE, Modality.PHYSIOLOGY, Modality.MOTION, Modality.GAZE, Modality.EVENT})
_NO_LINES = ("valid", "confidence", "success", "worn", "fixation", "saccade", "blink", "index", "frame")
"""Channels whose names hold these words are judgements of the device, not lines."""
_ROWS = 200_000
_LEAST_SD_NS = 1_000.0
_MOST_LISTS = 4


def pulse_lists(stream: Stream) -> list[EventList]:
    """The beginnings of pulses in each rectangular channel; empty where there is none.

    Notes
    -----
    A beginning lies somewhere between two samples: its error is the interval over the root of
    twelve, whatever the rate, and an interval with lost samples counts in full.
    """
    if stream.modality not in _CARRIERS or len(stream) < 4 or stream.samples.dtype.kind not in "fiub":
        return []
    lists: list[EventList] = []
    times_ns = stream.timestamps_ns
    for values in _rectangular(stream):
        edges = find_pulse_edges(values)
        if edges is not None and edges.size:
            lists.append(_as_list(stream, times_ns, edges))
        if len(lists) == _MOST_LISTS:
            break
    return lists


def _rectangular(stream: Stream) -> list[NDArray[np.float64]]:
    """The channels that have two levels in every block; a channel is dropped at the first block that has more."""
    columns = 1 if len(stream.samples.shape) == 1 else int(stream.samples.shape[1])
    named = stream.channels if len(stream.channels) == columns else ("",) * columns
    left: dict[int, list[NDArray[np.float64]]] = {
        i: [] for i, name in enumerate(named) if not any(word in name.lower() for word in _NO_LINES)
    }
    for start in range(0, len(stream), _ROWS):
        block = stream.samples.read(start, min(start + _ROWS, len(stream))).reshape(-1, columns)
        for column in list(left):
            values = block[:, column].astype(np.float64)
            known = values[np.isfinite(values)]
            if known.size and known.min() < known.max() and high_samples(known) is None:
                del left[column]
            else:
                left[column].append(values)
    return [np.concatenate(parts) for parts in left.values()]


def _as_list(stream: Stream, times_ns: Int64Array, edges: NDArray[np.float64]) -> EventList:
    """Edges between samples as times."""
    before, after = np.floor(edges).astype(np.intp), np.ceil(edges).astype(np.intp)
    gap_ns = times_ns[after] - times_ns[before]
    sds_ns = np.maximum(gap_ns / np.sqrt(12.0), _LEAST_SD_NS)
    return EventList(stream.clock, stream.name, PULSE, times_ns[before] + gap_ns // 2, sds_ns)
