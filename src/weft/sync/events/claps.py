"""Claps and slates in a sound: onsets in its high frequencies, to a fraction of a millisecond."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_MS, Stream
from weft.core.times import Int64Array
from weft.dsp.band_power import band_power
from weft.dsp.impulses import find_impulses
from weft.dsp.mono import as_mono
from weft.sync.events.lists import CLAP, EventList

FRAMES_HZ = 1000
LEAST_RATE_HZ = 6000.0
"""Below it there is no band above speech's strongest part."""
_BAND_HZ = (2000.0, 8000.0)
_BLOCK_S = 20
_SD_NS = 0.5 * NS_PER_MS
"""Frames of 1 ms and the shape of the first wave."""
_MOST = 400
STRONGEST = (40, 12)
"""Talk has hundreds of onsets and few claps: the strongest alone are tried too."""


def clap_lists(sound: Stream) -> list[EventList]:
    """All impulses of a sound, and its strongest alone; empty where there are none."""
    parts = list(_powers(sound))
    if not parts:
        return []
    times_ns = np.concatenate([times for times, _ in parts])
    power = np.concatenate([values for _, values in parts])
    found = find_impulses(power, FRAMES_HZ)
    if not found.times_s.size:
        return []
    # A frame reaches half a frame beyond its centre and shows a wave before it is in the middle.
    place = np.clip(found.times_s * FRAMES_HZ + 0.5, 0, times_ns.size - 1)
    origin_ns = int(times_ns[0])
    at_ns = origin_ns + np.rint(np.interp(place, np.arange(times_ns.size), times_ns - origin_ns)).astype(np.int64)
    order = np.argsort(-found.rises_db, kind="stable")
    lists = []
    for most in dict.fromkeys(min(most, order.size) for most in (_MOST, *STRONGEST)):
        kept = np.sort(order[:most])
        lists.append(EventList(sound.clock, sound.name, CLAP, at_ns[kept], np.full(kept.size, _SD_NS)))
    return lists


def _powers(sound: Stream) -> Iterator[tuple[Int64Array, NDArray[np.float32]]]:
    """Times and powers of 1 ms frames, read block by block."""
    rate_hz = sound.effective_rate_hz or 0.0
    if rate_hz < LEAST_RATE_HZ:
        return
    hop = max(1, round(rate_hz / FRAMES_HZ))
    block = _BLOCK_S * FRAMES_HZ * hop
    band_hz = (_BAND_HZ[0], min(_BAND_HZ[1], 0.48 * rate_hz))
    for start in range(0, len(sound), block):
        stop = min(start + block + hop, len(sound))
        power = band_power(np.nan_to_num(as_mono(sound.samples.read(start, stop))), rate_hz, band_hz=band_hz, hop=hop)
        if len(power):
            yield sound.timeline.slice_ns(start, stop)[(np.arange(len(power)) + 1) * hop], power
