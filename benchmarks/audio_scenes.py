"""The pairs that the sound benchmarks compare: real speech where it is at hand, heard by two devices."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from weft.core import UsageError
from weft.testing.real_speech import join_speech, speech_files
from weft.testing.scenes import Device, record, speech_like

COLLECTION = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Pair:
    """Two files and the truth about them."""

    name: str
    reference: Device
    device: Device
    files: tuple[Path, Path]
    related: bool = True

    def errors_ms(self, segments: list[dict[str, float]]) -> np.ndarray:
        """Error of a solution at 201 readings of the device over the overlap, ms; nan where it says nothing.

        ``segments`` are those of ``weft align --json``; a peer's single offset is one segment.
        """
        start_s = max(0.0, self.reference.start_s - self.device.start_s)
        stop_s = min(self.device.seconds, self.reference.start_s + self.reference.seconds - self.device.start_s)
        t_s = np.linspace(start_s, stop_s, 201)[1:-1]
        found = np.full(t_s.size, np.nan)
        for row in segments:
            here = (t_s >= row["start_s"]) & (t_s < row["stop_s"])
            found[here] = row["offset_ms"] + row["drift_ppm"] * 1e-3 * (t_s[here] - row["start_s"])
        return found - 1e3 * self.device.offset_to_s(self.reference, t_s)


def scene(duration_s: float, seed: int, *, real: bool = True) -> tuple[np.ndarray, str]:
    """Speech of that length and what it is; another part of it for another seed."""
    if not real:
        return speech_like(duration_s, seed=seed), "speech-like sound"
    try:
        files = speech_files(COLLECTION)
        order = np.random.default_rng(seed).permutation(len(files))
        return join_speech([files[i] for i in order], duration_s), "real speech"
    except UsageError:
        return speech_like(duration_s, seed=seed), "speech-like sound"


def make_pair(folder: Path, *, minutes: float, snr_db: float, ppm: float, seed: int, real: bool = True) -> Pair:
    """The standard pair: a near 44.1 kHz recorder in a light room, a far 16 kHz one in noise and reverberation."""
    random = np.random.default_rng(1000 * seed + round(10 * snr_db) + round(ppm))
    duration_s = 60.0 * minutes
    shift_s = float(random.uniform(-0.3, 0.3)) * min(duration_s, 60.0)
    near = Device("near", 44_100, max(0.0, -shift_s), 0.0, duration_s, 30.0, 0.3, 12.0)
    far = Device("far", 16_000, max(0.0, shift_s), ppm * 1e-6, duration_s, snr_db, 0.5, 0.0, 6.0)
    sound, kind = scene(duration_s + abs(shift_s) + 1.0, seed, real=real)
    name = f"{minutes:g} min, {snr_db:g} dB, {ppm:g} ppm, seed {seed}, {kind}"
    return Pair(name, near, far, _written(folder, near, far, sound, sound, seed))


def make_strangers(folder: Path, *, minutes: float, seed: int) -> Pair:
    """The same devices in two different scenes."""
    near = Device("near", 44_100, seconds=60.0 * minutes, reverb_s=0.3, direct_db=12.0)
    far = Device("far", 16_000, seconds=60.0 * minutes, snr_db=10.0, reverb_s=0.5, colour_db=6.0)
    sound, kind = scene(120.0 * minutes + 2.0, seed)
    half = sound.size // 2
    files = _written(folder, near, far, sound[:half], sound[half:], seed)
    return Pair(f"unrelated, {minutes:g} min, seed {seed}, {kind}", near, far, files, related=False)


def make_jump(folder: Path, *, minutes: float, lost_s: float, seed: int) -> Pair:
    """A pair of which the far device lost a piece somewhere in the middle."""
    random = np.random.default_rng(seed)
    duration_s = 60.0 * minutes
    near = Device("near", 44_100, 0.0, 0.0, duration_s, 30.0, 0.3, 12.0)
    at_s = float(random.uniform(0.3, 0.7)) * duration_s
    far = Device("far", 16_000, 1.5, 20e-6, duration_s - 3.0, 10.0, 0.5, 0.0, 6.0, ((at_s, lost_s),))
    sound, kind = scene(duration_s + 2.0, seed)
    name = f"{lost_s * 1e3:g} ms lost at {at_s:.1f} s of {minutes:g} min, seed {seed}, {kind}"
    return Pair(name, near, far, _written(folder, near, far, sound, sound, seed))


def _written(folder: Path, near: Device, far: Device, one: np.ndarray, two: np.ndarray, seed: int) -> tuple[Path, Path]:
    """Both recordings as 16-bit WAV."""
    paths = folder / "near.wav", folder / "far.wav"
    for path, device, sound, which in zip(paths, (near, far), (one, two), (0, 1), strict=True):
        write_wav(path, record(sound, device, seed=100 * seed + which), device.rate_hz)
    return paths


def write_wav(path: Path, sound: np.ndarray, rate_hz: int) -> None:
    """Mono 16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        for start in range(0, sound.size, 1 << 20):
            block = np.clip(sound[start : start + (1 << 20)], -1.0, 1.0)
            file.writeframes(np.rint(32767.0 * block).astype("<i2").tobytes())
