"""What the devices of a made-up kitchen recorded: drawn pictures, sound shaped like speech, gaze, skin, marks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_MS, NS_PER_S, ArraySamples, ListedTimeline, Modality, RegularTimeline, Stream

WORDS = (
    ("mother", 4.0, 6.1, "Shall we put the flour in first?"),
    ("child", 6.8, 8.0, "No, the eggs!"),
    ("mother", 8.9, 11.4, "All right, the eggs. Careful with the shell."),
    ("child", 14.2, 15.6, "It broke."),
    ("mother", 16.0, 18.8, "That's fine, we have five more of them."),
    ("child", 27.5, 29.0, "Can I stir now?"),
    ("mother", 29.4, 31.2, "Yes, but slowly."),
    ("child", 45.0, 47.7, "Look, it is turning yellow!"),
)
"""Who says what, from when to when in seconds."""


@dataclass(frozen=True, eq=False)
class DrawnFrames:
    """Frames of a table, a bowl and a spoon that goes round, drawn when they are read."""

    count: int
    height: int = 180
    width: int = 320

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, height, width, 3)``."""
        return (self.count, self.height, self.width, 3)

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Bytes."""
        return np.dtype(np.uint8)

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """The frames ``start <= i < stop``."""
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        return np.stack([self._draw(i, x, y) for i in range(start, min(stop, self.count))])

    def _draw(self, index: int, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.uint8]:
        """One frame."""
        frame = np.stack([190 - 0.25 * y, 205 - 0.3 * y, 215 - 0.1 * y], axis=-1)
        frame[y > 0.62 * self.height] = (142, 98, 66)
        middle_x, middle_y = 0.5 * self.width, 0.62 * self.height
        bowl = ((x - middle_x) / 70) ** 2 + ((y - middle_y) / 42) ** 2 < 1
        frame[bowl & (y > middle_y)] = (236, 236, 240)
        frame[((x - middle_x) / 70) ** 2 + ((y - middle_y) / 12) ** 2 < 1] = (246, 214, 120)
        turn = 2 * np.pi * index / 50
        spoon_x = middle_x + 38 * np.cos(turn)
        frame[(np.abs(x - spoon_x - 0.25 * (middle_y - y)) < 4) & (y < middle_y) & (y > 30)] = (110, 74, 48)
        return np.clip(frame, 0, 255).astype(np.uint8)


def kitchen_streams(seconds: int, rng: np.random.Generator) -> tuple[Stream, ...]:
    """Sound, two videos, gaze, skin conductance and marks; noise is drawn from ``rng`` in this order."""
    sound, gaze, skin = _sound(seconds, rng), _gaze(seconds, rng), _skin(seconds, rng)
    return (sound, _table_video(seconds), gaze, skin, _door_video(), _marks())


def _sound(seconds: int, rng: np.random.Generator) -> Stream:
    """The microphone's sound."""
    return Stream(
        "mic/audio",
        Modality.AUDIO,
        "mic",
        RegularTimeline(0, Fraction(16_000), 16_000 * seconds),
        ArraySamples(_speechlike(seconds, rng)),
        nominal_rate_hz=16_000,
        source="mic.wav",
    )


def _table_video(seconds: int) -> Stream:
    """The camera's video; it stops ten seconds early."""
    frames = seconds * 25 - 250
    return Stream(
        "cam/video",
        Modality.VIDEO,
        "cam",
        ListedTimeline(np.arange(frames, dtype=np.int64) * 40 * NS_PER_MS),
        DrawnFrames(frames),
        nominal_rate_hz=25,
        source="cam.mp4",
    )


def _gaze(seconds: int, rng: np.random.Generator) -> Stream:
    """The eye tracker's gaze, with two gaps."""
    stamps = without(np.arange(60 * seconds, dtype=np.int64) * NS_PER_S // 60, (10.0, 12.5), (33.0, 33.4))
    return Stream(
        "eye/gaze",
        Modality.GAZE,
        "eye",
        ListedTimeline(stamps),
        ArraySamples(rng.normal(0.5, 0.1, (len(stamps), 2))),
        nominal_rate_hz=60,
        channels=("x", "y"),
        source="eye.tsv",
    )


def _skin(seconds: int, rng: np.random.Generator) -> Stream:
    """The wristband's skin conductance, slower than declared."""
    return Stream(
        "wrist/eda",
        Modality.PHYSIOLOGY,
        "wrist",
        RegularTimeline(0, Fraction(39, 10), 39 * seconds // 10),
        ArraySamples(rng.normal(2.0, 0.1, 39 * seconds // 10)),
        nominal_rate_hz=4,
        source="wrist.csv",
    )


def _door_video() -> Stream:
    """The second camera's video."""
    return Stream(
        "door-cam/video",
        Modality.VIDEO,
        "door-cam",
        ListedTimeline(np.arange(15 * 40, dtype=np.int64) * NS_PER_S // 15),
        DrawnFrames(600),
        nominal_rate_hz=15,
        source="door-cam.avi",
    )


def _marks() -> Stream:
    """Events that somebody marked."""
    return Stream(
        "mic/marks",
        Modality.EVENT,
        "mic",
        ListedTimeline(np.array([1, 9, 22, 40, 55], dtype=np.int64) * NS_PER_S),
        ArraySamples(np.array(["clap", "spill", "oven", "bell", "clap"], dtype=object)),
        source="marks.csv",
    )


def _speechlike(seconds: int, rng: np.random.Generator) -> NDArray[np.int16]:
    """Noise under syllables where somebody speaks, and a quiet room elsewhere."""
    t = np.arange(16_000 * seconds) / 16_000
    level = np.full(t.shape, 0.01)
    for _, start, stop, _ in WORDS:
        inside = (t >= start) & (t < stop)
        level[inside] += 0.35 * np.abs(np.sin(2 * np.pi * 2.1 * (t[inside] - start))) + 0.02
    tone = np.sin(2 * np.pi * 190 * t) + 0.5 * np.sin(2 * np.pi * 380 * t) + 0.4 * rng.standard_normal(len(t))
    sound: NDArray[np.int16] = np.clip(tone * level * 12_000, -32_767, 32_767).astype(np.int16)
    return sound


def without(stamps_ns: NDArray[np.int64], *gaps_s: tuple[float, float]) -> NDArray[np.int64]:
    """Stamps outside of gaps."""
    kept = np.ones(len(stamps_ns), dtype=np.bool_)
    for start_s, stop_s in gaps_s:
        kept &= (stamps_ns < start_s * NS_PER_S) | (stamps_ns >= stop_s * NS_PER_S)
    return stamps_ns[kept]
