"""Sound from which no single offset can be told: it repeats itself, stands still, or is not there at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from weft.testing.scenes import pink_noise, speech_like

Float32Array = NDArray[np.float32]

RATE_HZ = 16_000


def repeated(piece: Float32Array, seconds: float) -> Float32Array:
    """``piece`` again and again, float32 (seconds * 16,000).

    Examples
    --------
    >>> repeated(np.array([1, 2], np.float32), 3 / RATE_HZ).tolist()
    [1.0, 2.0, 1.0]
    """
    return np.resize(piece, round(seconds * RATE_HZ)).astype(np.float32)


def metronome(seconds: float, *, beats_per_minute: float, seed: int) -> Float32Array:
    """The same click at every beat, the first of four higher, float32 (seconds * 16,000)."""
    random = np.random.default_rng(seed)
    t_s = np.arange(round(0.06 * RATE_HZ)) / RATE_HZ
    low_hz = float(random.uniform(800.0, 1500.0))
    noise = 0.2 * random.standard_normal(t_s.size)
    clicks = [(np.sin(2 * np.pi * f * t_s) + noise) * np.exp(-t_s / 0.012) for f in (1.5 * low_hz, low_hz)]
    beat = round(60.0 / beats_per_minute * RATE_HZ)
    bar = np.zeros(4 * beat, dtype=np.float32)
    for index in range(4):
        click = clicks[index > 0]
        bar[index * beat : index * beat + click.size] += click.astype(np.float32)
    return repeated(0.5 * bar / float(np.abs(bar).max()), seconds)


def tune(seconds: float, *, seed: int, beats_per_minute: float = 0.0, bars: int = 2) -> Float32Array:
    """Notes of a melody, a bass and a drum that return every ``bars`` bars of four beats.

    Every return is played by the same synthesiser, so that returns are alike to the last sample.

    Returns
    -------
    ndarray
        float32 (seconds * 16,000). ``beats_per_minute`` 0 draws one from 80 to 140.
    """
    random = np.random.default_rng(seed)
    beat = round(60.0 / (beats_per_minute or float(random.uniform(80.0, 140.0))) * RATE_HZ)
    phrase = np.zeros(4 * bars * beat, dtype=np.float64)
    for eighth in range(8 * bars):
        at = eighth * beat // 2
        if random.random() < 0.75:
            _add(phrase, at, _note(261.6 * 2 ** (float(random.choice([0, 2, 4, 7, 9, 12])) / 12.0), 0.6, random))
        if eighth % 2 == 0:
            _add(phrase, at, 0.8 * _note(65.4 * 2 ** (float(random.choice([0, 5, 7])) / 12.0), 0.5, random))
        if eighth % 4 == 2:
            size = round(0.12 * RATE_HZ)
            _add(phrase, at, random.standard_normal(size) * np.exp(-np.arange(size) / (0.03 * RATE_HZ)))
    return repeated((0.5 * phrase / np.abs(phrase).max()).astype(np.float32), seconds)


def _note(pitch_hz: float, length_s: float, random: np.random.Generator) -> NDArray[np.float64]:
    """One plucked note with six harmonics."""
    t_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    sound = sum(np.sin(2 * np.pi * k * pitch_hz * t_s + random.uniform(0, 6.28)) / k**1.5 for k in range(1, 7))
    struck: NDArray[np.float64] = sound * np.exp(-t_s / 0.2) * np.minimum(1.0, t_s / 0.005)
    return struck


def _add(phrase: NDArray[np.float64], at: int, sound: NDArray[np.float64]) -> None:
    """A sound added at a place; what runs over the end starts the phrase, as it does when it returns."""
    places = (at + np.arange(sound.size)) % phrase.size
    np.add.at(phrase, places, sound)


def mains_hum(seconds: float, *, seed: int, base_hz: float = 50.0) -> Float32Array:
    """Forty harmonics of the mains, float32 (seconds * 16,000)."""
    random = np.random.default_rng(seed)
    t_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ + random.uniform(0.0, 1.0)
    strengths = random.uniform(0.2, 1.0, 40) / np.arange(1, 41)
    hum = np.zeros(t_s.size)
    for k, strength in enumerate(strengths, start=1):
        hum += strength * np.sin(2 * np.pi * base_hz * k * t_s)
    return np.asarray(0.3 * hum / np.abs(hum).max(), dtype=np.float32)


def sweep_or_tone(seconds: float, *, seed: int) -> Float32Array:
    """A steady tone, an interrupted one, or a sweep that starts over, float32 (seconds * 16,000)."""
    random = np.random.default_rng(seed)
    t_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ + random.uniform(0.0, 3.0)
    pitch_hz = float(random.uniform(300.0, 3000.0))
    if seed % 3 == 0:
        sound = np.sin(2 * np.pi * pitch_hz * t_s)
    elif seed % 3 == 1:
        sound = np.sin(2 * np.pi * pitch_hz * t_s) * (t_s % 1.0 < 0.5)
    else:
        again = t_s % 3.0
        sound = np.sin(2 * np.pi * (200.0 * again + 600.0 * again**2))
    return np.asarray(0.4 * sound, dtype=np.float32)


def quiet(seconds: float, *, seed: int) -> Float32Array:
    """Nothing: zeros, a constant, the last bit's dither, or hiss at -90 dB, float32 (seconds * 16,000)."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    if seed % 4 == 0:
        return np.zeros(count, dtype=np.float32)
    if seed % 4 == 1:
        return np.full(count, 0.25, dtype=np.float32)
    if seed % 4 == 2:
        return (random.integers(-1, 2, count) / 32_768.0).astype(np.float32)
    return np.asarray(10.0 ** (-90.0 / 20.0) * random.standard_normal(count), dtype=np.float32)


def _same_scene(make: Callable[[float], Float32Array], seconds: float, seed: int) -> tuple[Float32Array, Float32Array]:
    """Two cuts of one sound, each with its own noise 20 to 40 dB below."""
    random = np.random.default_rng(seed)
    late = round(float(random.uniform(0.3, 9.0)) * RATE_HZ)
    count = round(seconds * RATE_HZ)
    sound = make(seconds + 10.0)
    level = float(np.sqrt(np.mean(sound**2)))
    noise = [level * 10 ** (-random.uniform(20, 40) / 20) * pink_noise(count, seed=2 * seed + i) for i in (0, 1)]
    return (
        (sound[:count] + noise[0]).astype(np.float32),
        (sound[late : late + count] + noise[1]).astype(np.float32),
    )


def undecidable_pair(kind: str, *, seed: int, seconds: float = 40.0) -> tuple[Float32Array, Float32Array]:
    """Two recordings of which nobody can tell by how much they are apart.

    Parameters
    ----------
    kind
        One of ``UNDECIDABLE``.
    seed
        Another pair of that kind.
    seconds
        Length of both.

    Returns
    -------
    tuple of ndarray
        float32 (seconds * 16,000) each.
    """
    return UNDECIDABLE[kind](seed, seconds)


UNDECIDABLE: dict[str, Callable[[int, float], tuple[Float32Array, Float32Array]]] = {
    "unrelated speech": lambda s, t: (speech_like(t, seed=2 * s + 9001), speech_like(t, seed=2 * s + 9002)),
    "unrelated speech over the same hum": lambda s, t: (
        speech_like(t, seed=2 * s + 9501) + mains_hum(t, seed=s),
        speech_like(t, seed=2 * s + 9502) + mains_hum(t, seed=s),
    ),
    "a loop of 4 s": lambda s, t: _same_scene(lambda n: repeated(speech_like(4.0, seed=s + 7001), n), t, s),
    "a loop of 2 s in noise": lambda s, t: _noisy_loop(s, t),
    "a metronome": lambda s, t: _same_scene(
        lambda n: metronome(n, beats_per_minute=60.0 + 7.0 * (s % 12), seed=s), t, s
    ),
    "a tune that returns": lambda s, t: _same_scene(lambda n: tune(n, seed=s, bars=1 + s % 4), t, s),
    "two tunes of one tempo": lambda s, t: (
        tune(t, seed=2 * s, beats_per_minute=90.0 + s),
        tune(t, seed=2 * s + 1, beats_per_minute=90.0 + s),
    ),
    "mains hum": lambda s, t: _same_scene(lambda n: mains_hum(n, seed=s, base_hz=(50.0, 60.0)[s % 2]), t, s),
    "test tones": lambda s, t: _same_scene(lambda n: sweep_or_tone(n, seed=s), t, s),
    "steady noise": lambda s, t: (
        0.1 * pink_noise(round(t * RATE_HZ), seed=2 * s + 1),
        0.1 * pink_noise(round(t * RATE_HZ), seed=2 * s + 2),
    ),
    "silence": lambda s, t: (quiet(t, seed=s), quiet(t, seed=3 * s + 1000 + s // 4)),
    "silence against speech": lambda s, t: (speech_like(t, seed=s + 9901), quiet(t, seed=s)),
}
"""What cannot be aligned, by name, each made from a seed and a length in seconds."""


def _noisy_loop(seed: int, seconds: float) -> tuple[Float32Array, Float32Array]:
    """A loop of two seconds, each recording with its own noise at 0 to 10 dB."""
    random = np.random.default_rng(seed)
    loop = speech_like(2.0, seed=seed + 7501)
    level = float(np.sqrt(np.mean(loop**2)))
    count = round(seconds * RATE_HZ)
    cuts = [repeated(np.roll(loop, -round(float(random.uniform(0, 2)) * RATE_HZ)), seconds) for _ in (0, 1)]
    noises = [level * 10 ** (-random.uniform(0, 10) / 20) * pink_noise(count, seed=3 * seed + i) for i in (0, 1)]
    one, two = ((cut + noise).astype(np.float32) for cut, noise in zip(cuts, noises, strict=True))
    return one, two
