"""Recordings of events with known truth for ``bench_events.py``: slates, trigger lines, markers, beats, strangers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from weft.core import (
    NS_PER_S,
    Annotation,
    ArraySamples,
    Clock,
    Interval,
    ListedTimeline,
    Modality,
    Recording,
    RegularTimeline,
    Stream,
)
from weft.testing.scenes import audio_stream, speech_like

FPS, SOUND_HZ = 30, 16_000


@dataclass(frozen=True)
class Case:
    """A recording, its truth and where it holds.

    ``other = reference + offset_s`` at reading 0 of the reference's clock, growing by ``drift``;
    ``seen`` are readings of the clock ``b`` between which both devices ran.
    """

    name: str
    recording: Recording
    offset_s: float
    drift: float
    seen: tuple[float, float]

    def error_ms(self, t_device_s: float, mapped_s: float) -> float:
        """Mapped minus true reading of the reference for a reading of clock ``b``."""
        return 1e3 * (mapped_s - (t_device_s - self.offset_s) / (1.0 + self.drift))


def irregular(rng: np.random.Generator, count: int, low_s: float, high_s: float) -> np.ndarray:
    """So many moments with steps of low to high."""
    return 2.0 + np.cumsum(rng.uniform(low_s, high_s, count))


def slates(
    seed: int, *, kind: str = "plain", count: int = 20, stamp_sd_ms: float = 0.0, travel_s: float | None = None
) -> Case:
    """A microphone ``a`` that hears claps and a silent camera ``b`` that sees a lamp go on with each.

    ``kind``: ``plain``; ``gaps`` (5 claps nobody sees, 4 lamps nobody hears, 4 unseen); ``late`` (the
    camera starts late and stops early); ``clipped`` (sound 20 dB too loud); ``pair`` (two events).
    """
    rng = np.random.default_rng(seed)
    events = irregular(rng, 2 if kind == "pair" else count, 2.0, 6.0)
    seconds = float(events[-1]) + 3.0
    offset_s, drift = float(rng.uniform(-20, 20)), float(rng.uniform(-100e-6, 100e-6))
    heard = seen = events
    if kind == "gaps":
        heard = np.sort(np.concatenate([np.delete(events, [3, 9, 10, 15]), rng.uniform(3, seconds - 3, 5)]))
        seen = np.sort(np.concatenate([np.delete(events, [1, 6, 12, 17]), rng.uniform(3, seconds - 3, 3)]))
    travel = 0.0029 if travel_s is None else travel_s
    sound = _claps(heard + travel, seconds, seed, gain=10.0 if kind == "clipped" else 1.0)
    start, stop = (0.25 * seconds, 0.8 * seconds) if kind == "late" else (0.0, seconds)
    stamp_s = float(rng.normal(0, stamp_sd_ms * 1e-3)) if stamp_sd_ms else 0.0
    stamps, video = _lamp(seen, (start, stop), rng, (offset_s, drift), stamp_s)
    streams = (audio_stream("a", sound, SOUND_HZ), video)
    recording = Recording(f"slates-{kind}-{seed}", Path(), streams, (Clock("a"), Clock("b")))
    return Case(f"{kind}-{seed}", recording, offset_s, drift, (float(stamps[0]), float(stamps[-1])))


def _claps(at_s: np.ndarray, seconds: float, seed: int, *, gain: float) -> np.ndarray:
    """Speech with claps in it; clipped at full scale."""
    rng = np.random.default_rng(seed + 1)
    sound = speech_like(seconds, seed=seed)[: round(seconds * SOUND_HZ)].astype(np.float64) * 0.1
    sound += rng.normal(0, 0.001, sound.size)
    for at in at_s:
        first = int(np.ceil(at * SOUND_HZ))
        wave = rng.uniform(0.2, 0.6) * np.exp(-np.arange(1600) / (0.008 * SOUND_HZ)) * rng.normal(0, 1, 1600)
        part = wave[: max(0, sound.size - first)]
        sound[first : first + part.size] += part
    return np.clip(sound * gain, -1, 1).astype(np.float32)


def _lamp(
    on_s: np.ndarray, span: tuple[float, float], rng: np.random.Generator, clock: tuple[float, float], stamp_s: float
) -> tuple[np.ndarray, Stream]:
    """Frames of a moving scene with a lamp: 2 % dropped, stamps that jitter by 1 ms, any exposure."""
    offset_s, drift = clock
    opened = float(rng.uniform(0.2, 1.0)) / FPS
    taken = np.arange(span[0], span[1], 1.0 / FPS)
    taken = taken[rng.random(taken.size) > 0.02]
    light = np.zeros(taken.size)
    for at in on_s:
        light += np.clip(np.minimum(taken + opened, at + 0.3) - np.maximum(taken, at), 0, opened) / opened
    pictures = (60 + 20 * rng.random((1, 32, 32)) + rng.normal(0, 2, (taken.size, 32, 32))).clip(0, 255)
    pictures[:, 4:10, 5:12] += 120 * np.minimum(light, 1)[:, None, None]
    moving = (np.arange(taken.size) * 0.4).astype(int) % 28
    for frame, at in enumerate(moving):
        pictures[frame, 20:26, at : at + 4] = 150
    stamps = taken * (1 + drift) + offset_s + stamp_s + np.clip(rng.normal(0, 0.001, taken.size), -0.01, 0.01)
    start_ns = np.rint(stamps * NS_PER_S).astype(np.int64)
    rgb = np.repeat(pictures.clip(0, 255).astype(np.uint8)[..., None], 3, axis=3)
    video = Stream("b/video", Modality.VIDEO, "b", ListedTimeline(start_ns), ArraySamples(rgb), nominal_rate_hz=FPS)
    return stamps, video


def lines(seed: int, *, other: str = "line") -> Case:
    """A trigger line at 1 kHz (``a``) and the same pulses in a 250 Hz table or as markers (``b``): 60 in 10 minutes."""
    rng = np.random.default_rng(seed)
    events = irregular(rng, 60, 4.0, 16.0)
    offset_s, drift = float(rng.uniform(-300, 300)), float(rng.uniform(-100e-6, 100e-6))
    seconds = float(events[-1]) + 3.0
    first = _line("a", events[rng.random(60) > 0.1], seconds, 1000)
    theirs = events[rng.random(60) > 0.1]
    said: tuple[Annotation, ...] = ()
    clocks, streams = (Clock("a"), Clock("b")), [first]
    if other == "line":
        shown = _line("b", theirs * (1 + drift), seconds * (1 + drift), 250)
        moved = RegularTimeline(round(offset_s * NS_PER_S), Fraction(250), len(shown))
        streams.append(Stream("b/table", Modality.TABLE, "b", moved, shown.samples, channels=("trigger",)))
    else:
        times = theirs * (1 + drift) + offset_s + rng.exponential(0.001, theirs.size)
        said = tuple(
            Annotation("event", Interval(int(t), int(t)), "b", "stimulus")
            for t in np.rint(times * NS_PER_S).astype(int)
        )
    recording = Recording(f"lines-{other}-{seed}", Path(), tuple(streams), clocks, said)
    return Case(f"{other}-{seed}", recording, offset_s, drift, (offset_s, offset_s + seconds * (1 + drift)))


def _line(clock: str, at_s: np.ndarray, seconds: float, rate_hz: int) -> Stream:
    """A rectangular channel with pulses of 50 ms."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    high = np.zeros(times.size, dtype=np.float32)
    for at in at_s:
        high[(times >= at) & (times < at + 0.05)] = 5.0
    timeline = RegularTimeline(0, Fraction(rate_hz), times.size)
    return Stream(f"{clock}/table", Modality.TABLE, clock, timeline, ArraySamples(high[:, None]), channels=("trigger",))


RHYTHMS = ("random", "regular", "trials", "bursts", "beat", "dense")


def rhythm(name: str, rng: np.random.Generator, count: int) -> np.ndarray:
    """Events of one of several rhythms, seconds."""
    steps = {
        "random": lambda: rng.exponential(3.0, count) + 0.15,
        "regular": lambda: 2.0 + rng.normal(0, 0.05, count),
        "trials": lambda: rng.choice([1.5, 2.0, 2.5, 3.0], count) + rng.normal(0, 0.002, count),
        "bursts": lambda: np.where(rng.random(count) < 0.7, rng.uniform(0.2, 0.4, count), rng.exponential(10, count)),
        "beat": lambda: np.full(count, 1.0) + rng.normal(0, 0.0005, count),
        "dense": lambda: rng.gamma(4.0, 0.05, count) + 0.02,
    }[name]
    return np.cumsum(np.maximum(steps(), 0.01))


def marked(name: str, first_s: np.ndarray, second_s: np.ndarray) -> Recording:
    """Two clocks that have nothing but markers."""
    said = tuple(
        Annotation("event", Interval(int(t), int(t)), clock, f"mark of {clock}")
        for clock, times in (("a", first_s), ("b", second_s))
        for t in np.rint(times * NS_PER_S).astype(np.int64)
    )
    return Recording(name, Path(), (), (Clock("a"), Clock("b")), said)
