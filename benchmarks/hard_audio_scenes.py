"""Hard cases for sound against sound: jumps, talkers at different distances, and what happens to sound on its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from audio_scenes import scene

from weft.testing.degraded_sound import clipped, gain_controlled, muted, through_codec
from weft.testing.scenes import Device, heard_from, record, speech_like

RATE_HZ = 16_000
FIRST_SEED = 410_000
"""None of these seeds was looked at while the method was made."""


@dataclass(frozen=True)
class HardCase:
    """Two recordings and the truth.

    ``jumps`` are readings of the far clock at which it or the other jumped, with the length, in seconds;
    ``middle_s`` is what the ways through the air add to the far clock's delay in the middle between talkers.
    """

    suite: str
    name: str
    near: Device
    far: Device
    sounds: tuple[np.ndarray, np.ndarray]
    jumps: tuple[tuple[float, float], ...] = ()
    middle_s: float = 0.0


def jump_cases(count: int) -> Iterator[HardCase]:
    """One to three jumps of 40 ms to 5 s anywhere but in the outer twentieths, 8 s apart at least, 2 to 5 minutes."""
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        random = np.random.default_rng(seed)
        seconds = float(random.choice([120.0, 120.0, 180.0, 300.0]))
        snr_db, ppm = float(random.choice([20, 10, 0, -5])), float(random.uniform(0.0, 100.0))
        number = int(random.integers(1, 4))
        while True:
            places = np.sort(random.uniform(0.05, 0.95, number)) * seconds
            if number == 1 or np.diff(places).min() > 8.0:
                break
        lengths = 10.0 ** random.uniform(np.log10(0.04), np.log10(5.0), number)
        kinds = random.choice(["lost", "repeated", "silence", "reference lost"], number)
        found = list(zip(places.tolist(), lengths.tolist(), kinds.tolist(), strict=True))
        shift_s = float(random.uniform(-5.0, 5.0))
        lost = [(at, n if kind == "lost" else -n) for at, n, kind in found if kind in ("lost", "repeated")]
        near = Device("near", 44_100, max(0.0, -shift_s), 0.0, seconds, 30.0, 0.3, 12.0)
        near = replace(near, dropped=tuple((at, n) for at, n, kind in found if kind == "reference lost"))
        far = Device("far", RATE_HZ, max(0.0, shift_s), ppm * 1e-6, seconds, snr_db, 0.5, 0.0, 6.0, tuple(lost))
        far = replace(far, inserted=tuple((at, n) for at, n, kind in found if kind == "silence"))
        sound, what = scene(seconds + 30.0, seed, real=seed % 2 == 0)
        jumps = [(at if kind != "reference lost" else _seen(near, far, at), n) for at, n, kind in found]
        words = ", ".join(f"{kind} {n:.2f} s at {at:.1f} s" for at, n, kind in found)
        name = f"seed {seed}, {seconds:.0f} s, {snr_db:g} dB, {ppm:.0f} ppm, {what}: {words}"
        yield HardCase("jumps", name, near, far, _recorded(sound, sound, near, far, seed), tuple(jumps))


def _seen(near: Device, far: Device, at_s: float) -> float:
    """The far clock's reading when the near one lost its piece."""
    scene_s = near.scene_time_s(np.array([at_s - 1e-6]))
    return float(far.reading_s(scene_s)[0])


def talker_cases(count: int) -> Iterator[HardCase]:
    """Two or three talkers, paths up to 12 ms apart, in turns or at once, one to five minutes, 10 dB."""
    for seed in range(FIRST_SEED + 1000, FIRST_SEED + 1000 + count):
        random = np.random.default_rng(seed)
        number, together = int(random.integers(2, 4)), bool(seed % 2)
        seconds, ppm = float(random.choice([60.0, 120.0, 300.0])), float(random.choice([0, 20, 50, 100]))
        paths_s = np.concatenate([[0.0], random.uniform(-0.012, 0.012, number - 1)])
        shift_s = float(random.uniform(-3.0, 3.0))
        length_s = seconds + abs(shift_s) + 2.0
        voices = [speech_like(length_s, seed=10 * seed + k) for k in range(number)]
        voices = voices if together else _in_turns(voices, random)
        near = Device("near", 44_100, max(0.0, -shift_s), 0.0, seconds, 30.0, 0.3, 12.0)
        far = Device("far", RATE_HZ, max(0.0, shift_s), ppm * 1e-6, seconds, 10.0, 0.5, 0.0, 6.0)
        one, two = heard_from(voices, [0.005] * number), heard_from(voices, (0.005 + paths_s).tolist())
        how = "at once" if together else "in turns"
        name = (
            f"seed {seed}, {number} talkers {how}, {seconds:.0f} s, {ppm:g} ppm, paths {np.round(1e3 * paths_s, 1)} ms"
        )
        middle_s = float(paths_s.min() + paths_s.max()) / 2.0
        yield HardCase("talkers", name, near, far, _recorded(one, two, near, far, seed), middle_s=middle_s)


def _in_turns(voices: list[np.ndarray], random: np.random.Generator) -> list[np.ndarray]:
    """Each voice in turns of 1.5 to 8 s, never two at once."""
    whose = np.zeros(voices[0].size, dtype=np.int64)
    at, talker = 0, 0
    while at < whose.size:
        turn = round(float(random.uniform(1.5, 8.0)) * RATE_HZ)
        whose[at : at + turn] = talker
        at += turn
        talker = int(random.choice([k for k in range(len(voices)) if k != talker]))
    return [np.where(whose == k, voice, 0.0).astype(np.float32) for k, voice in enumerate(voices)]


TREATMENTS = ("as it is", "gain control", "clipped", "inverted", "mp3", "aac", "opus", "half muted", "late and short")


def treated_cases(count: int) -> Iterator[HardCase]:
    """Far recordings of 45 to 90 s, each treated in every way."""
    for seed in range(FIRST_SEED + 2000, FIRST_SEED + 2000 + count):
        random = np.random.default_rng(seed)
        seconds = float(random.choice([45.0, 60.0, 90.0]))
        snr_db, ppm = float(random.choice([20, 10, 0, -5])), float(random.choice([0, 20, 100]))
        shift_s = float(random.uniform(-0.25, 0.25)) * seconds
        near = Device("near", 44_100, max(0.0, -shift_s), 0.0, seconds, 30.0, 0.3, 12.0)
        far = Device("far", RATE_HZ, max(0.0, shift_s), ppm * 1e-6, seconds, snr_db, 0.5, 0.0, 6.0)
        sound, what = scene(seconds + abs(shift_s) + 1.0, seed, real=seed % 2 == 0)
        one, two = _recorded(sound, sound, near, far, seed)
        for how in TREATMENTS:
            device, heard = _treated(how, far, two, seconds)
            name = f"seed {seed}, {seconds:.0f} s, {snr_db:g} dB, {ppm:g} ppm, {what}"
            yield HardCase(how, name, near, device, (one, heard))


def _treated(how: str, far: Device, sound: np.ndarray, seconds: float) -> tuple[Device, np.ndarray]:
    """The far recording as it comes out, and its clock."""
    if how == "gain control":
        return far, gain_controlled(sound, rate_hz=RATE_HZ)
    if how == "clipped":
        return far, clipped(sound, share=0.1)
    if how == "inverted":
        return far, -sound
    if how in ("mp3", "aac", "opus"):
        rate = {"mp3": 16_000, "aac": 16_000, "opus": 12_000}[how]
        return far, through_codec(sound, rate_hz=RATE_HZ, codec=how, bit_rate=rate)
    if how == "half muted":
        return far, muted(sound, rate_hz=RATE_HZ, spans_s=((0.2 * seconds, 0.7 * seconds),))
    if how == "late and short":
        low, high = round(0.25 * seconds * RATE_HZ), round(0.7 * seconds * RATE_HZ)
        start_s = float(far.scene_time_s(np.array([low / RATE_HZ]))[0])
        return replace(far, start_s=start_s, seconds=(high - low) / RATE_HZ), sound[low:high]
    return far, sound


def clip_cases(count: int) -> Iterator[HardCase]:
    """Short clips of real speech with 16 to 26 s of overlap."""
    for seed in range(FIRST_SEED + 3000, FIRST_SEED + 3000 + count):
        random = np.random.default_rng(seed)
        overlap_s, shift_s = float(random.uniform(16.0, 26.0)), float(random.uniform(-9.0, 9.0))
        seconds = overlap_s + abs(shift_s)
        snr_db, ppm = float(random.choice([20, 0, -5])), float(random.choice([0, 100]))
        near = Device("near", 44_100, max(0.0, -shift_s), 0.0, seconds, 30.0, 0.3, 12.0)
        far = Device("far", RATE_HZ, max(0.0, shift_s), ppm * 1e-6, seconds, snr_db, 0.5, 0.0, 6.0)
        sound, what = scene(seconds + abs(shift_s) + 1.0, seed)
        name = f"seed {seed}, {overlap_s:.1f} s shared, {snr_db:g} dB, {ppm:g} ppm, {what}"
        yield HardCase("short clips", name, near, far, _recorded(sound, sound, near, far, seed))


def _recorded(one: np.ndarray, two: np.ndarray, near: Device, far: Device, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What both devices record."""
    return record(one, near, seed=2 * seed), record(two, far, seed=2 * seed + 1)
