"""Recordings of somebody who speaks at known times: a buzzing voice in a quiet room."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weft.core import (
    Alignment,
    Annotation,
    ArraySamples,
    Clock,
    ClockAlignment,
    Interval,
    Modality,
    Recording,
    RegularTimeline,
    Status,
    Stream,
    TimeMap,
)

Spans = Sequence[tuple[float, float]]
"""Start and stop of each utterance, seconds."""


def voice(
    spans: Spans, duration_s: float, *, f0_hz: float = 120.0, rate_hz: int = 16_000, noise: float = 1e-3
) -> NDArray[np.float32]:
    """A voice-like sound during ``spans`` and faint noise throughout, float32 (n).

    Harmonics of ``f0_hz`` under two resonances, four syllables a second; ``noise`` is the
    standard deviation of the room. Detectors of voices take it for one.

    Examples
    --------
    >>> sound = voice([(1.0, 2.0)], 3.0)
    >>> bool(np.std(sound[16_000:32_000]) > 20 * np.std(sound[:16_000]))
    True
    """
    seconds = np.arange(round(duration_s * rate_hz)) / rate_hz
    sound = np.zeros(seconds.size)
    for harmonic in range(1, int(4000 / f0_hz)):
        frequency_hz = harmonic * f0_hz
        gain = sum(1.0 / (1.0 + ((frequency_hz - centre) / 150.0) ** 2) for centre in (600.0, 1300.0)) + 0.05
        sound += gain * np.sin(2 * np.pi * frequency_hz * seconds + harmonic)
    sound *= 0.55 + 0.45 * np.sin(2 * np.pi * 4.0 * seconds)
    spoken = np.zeros(seconds.size)
    for start_s, stop_s in spans:
        spoken[(seconds >= start_s) & (seconds < stop_s)] = 1.0
    room = np.random.default_rng(7).normal(0.0, noise, seconds.size)
    return (0.1 * sound * spoken + room).astype(np.float32)


def talk(
    spans: Spans, duration_s: float, *, clock: str = "mic", f0_hz: float = 120.0, rate_hz: int = 16_000
) -> Recording:
    """A recording of one microphone, ``"<clock>/audio"``, in which somebody speaks during ``spans``."""
    sound = voice(spans, duration_s, f0_hz=f0_hz, rate_hz=rate_hz)
    timeline = RegularTimeline(0, Fraction(rate_hz), sound.size)
    stream = Stream(f"{clock}/audio", Modality.AUDIO, clock, timeline, ArraySamples(sound), nominal_rate_hz=rate_hz)
    return Recording("talk", Path(), (stream,), (Clock(clock),))


def said(
    kind: str, start_s: float, stop_s: float, value: object = None, *, clock: str = "mic", tier: str = ""
) -> Annotation:
    """A label between two readings of a clock, in seconds."""
    return Annotation(kind, Interval.from_seconds(start_s, stop_s), clock, value, tier=tier)


def as_recorded(recording: Recording, *, reference: str = "", offsets_ns: dict[str, int] | None = None) -> Alignment:
    """An alignment that takes clocks as they are: the reference, and those with a known offset.

    Parameters
    ----------
    recording
        The recording.
    reference
        The reference clock; its first one by default.
    offsets_ns
        Reference minus clock, for each other clock that is aligned; the rest are not.
    """
    reference = reference or (recording.clocks[0].name if recording.clocks else "")
    known = {**(offsets_ns or {}), reference: 0}
    entries = []
    for clock in recording.clocks:
        names = tuple(stream.name for stream in recording.streams_of(clock.name))
        if clock.name in known:
            time_map = TimeMap.affine(clock.name, reference, offset_ns=known[clock.name])
            entries.append(ClockAlignment(clock, names, Status.ALIGNED, time_map, ("declared",)))
        else:
            entries.append(ClockAlignment(clock, names, Status.NOT_ALIGNED, None))
    return Alignment(recording.name, reference, tuple(entries))
