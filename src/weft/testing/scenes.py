"""One scene, several devices, and the exact truth about their clocks.

A scene is a sound on a clock that nobody owns. Each device hears it through its own
room, with its own noise, and samples it with its own clock: it starts late or early,
runs fast or slow, and may drop a piece. What a device's sample shows is evaluated at
the very instant of the scene by a windowed sinc, so the truth is exact::

    t_scene = start_s + (1 + drift) * t_device + (what was dropped before)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.core import ArraySamples, Clock, Modality, RegularTimeline, Stream

_TAPS = 32
_PHASES = 512
_BLOCK = 1 << 15


@dataclass(frozen=True, slots=True)
class Device:
    """How one device hears a scene and keeps time.

    Parameters
    ----------
    name
        Its clock's name; its stream is ``"<name>/audio"``.
    rate_hz
        Its sampling rate, by its own clock.
    start_s
        The scene's time at which its clock reads 0.
    drift
        Seconds that the scene gains on its clock per second of its clock (100e-6 = 100 ppm).
    seconds
        How long it records, by its own clock; up to the scene's end when 0.
    snr_db
        Speech over pink noise.
    reverb_s, direct_db
        Reverberation time and direct-to-reverberant ratio; no room when ``reverb_s`` is 0.
    colour_db
        Standard deviation of a random smooth colouration.
    dropped
        ``(at_s, length_s)`` pairs: at this reading of its clock this much of the scene was lost, or, where
        ``length_s`` is negative, recorded again.
    inserted
        ``(at_s, length_s)`` pairs: from this reading on so much silence that never was.
    inverted
        Whether its polarity is reversed.
    """

    name: str
    rate_hz: int = 16_000
    start_s: float = 0.0
    drift: float = 0.0
    seconds: float = 0.0
    snr_db: float = 30.0
    reverb_s: float = 0.0
    direct_db: float = 0.0
    colour_db: float = 0.0
    dropped: tuple[tuple[float, float], ...] = ()
    inserted: tuple[tuple[float, float], ...] = ()
    inverted: bool = False

    def scene_time_s(self, t_device_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """The scene's time at readings of this device's clock, float64 (n)."""
        times = np.asarray(t_device_s, dtype=np.float64)
        scene: NDArray[np.float64] = self.start_s + (1.0 + self.drift) * times
        for at_s, length_s in self.dropped:
            scene = scene + np.where(times >= at_s, length_s, 0.0)
        for at_s, length_s in self.inserted:
            scene = scene - (1.0 + self.drift) * np.clip(times - at_s, 0.0, length_s)
        return scene

    def reading_s(self, t_scene_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """This device's first reading at times of the scene, float64 (n); nan for what it lost."""
        scene = np.asarray(t_scene_s, dtype=np.float64)
        cuts = [at_s for at_s, _ in self.dropped] + [e for at_s, n_s in self.inserted for e in (at_s, at_s + n_s)]
        edges = sorted({0.0, *cuts, 1e9})
        reading = np.full(scene.shape, np.nan)
        for start_s, stop_s in pairwise(edges):
            middle_s = (start_s + stop_s) / 2.0
            if any(at_s <= middle_s < at_s + n_s for at_s, n_s in self.inserted):
                continue
            shift_s = float(self.scene_time_s(np.array([middle_s]))[0]) - (1.0 + self.drift) * middle_s
            here = (scene - shift_s) / (1.0 + self.drift)
            within = (here < stop_s) & ((here >= start_s) | (start_s == 0.0))
            reading = np.where(np.isnan(reading) & within, here, reading)
        return reading

    def offset_to_s(self, reference: Device, t_device_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """The true offset, reference minus device, at readings of this device's clock; nan for what either lost."""
        times = np.asarray(t_device_s, dtype=np.float64)
        offset: NDArray[np.float64] = reference.reading_s(self.scene_time_s(times)) - times
        for at_s, length_s in self.inserted:
            offset = np.where((times >= at_s) & (times < at_s + length_s), np.nan, offset)
        return offset


def speech_like(duration_s: float, *, seed: int, rate_hz: int = 16_000) -> NDArray[np.float32]:
    """Sound with the rhythm and spectrum of speech, of which no two seconds are alike.

    Voiced syllables (a pulse train of gliding pitch through three moving resonances) and
    unvoiced ones (noise), 3 to 6 a second, in phrases of one to four seconds with pauses.

    Returns
    -------
    ndarray
        float32 (duration_s * rate_hz), peak below 1.

    Examples
    --------
    >>> speech_like(2.0, seed=1).shape
    (32000,)
    """
    from scipy.signal import lfilter

    random = np.random.default_rng(seed)
    sound = np.zeros(round(duration_s * rate_hz), dtype=np.float32)
    at_s = 0.0
    phrase_left_s = float(random.uniform(1.0, 4.0))
    while at_s < duration_s:
        length_s = float(random.uniform(0.12, 0.3))
        count = round(length_s * rate_hz)
        if random.random() < 0.75:
            pitch = np.linspace(random.uniform(90.0, 240.0), random.uniform(90.0, 240.0), count)
            phase = np.cumsum(pitch / rate_hz) + random.random()
            source = np.diff(np.floor(phase), prepend=0.0) + 0.02 * random.standard_normal(count)
            resonances = random.uniform([250, 800, 2000], [850, 2200, 3600])
        else:
            source = 0.15 * random.standard_normal(count)
            resonances = random.uniform([2000, 3500, 5000], [3500, 5500, 6800])
        for centre in resonances:
            radius = np.exp(-np.pi * float(random.uniform(60.0, 200.0)) / rate_hz)
            turn = 2.0 * radius * np.cos(2 * np.pi * centre / rate_hz)
            source = lfilter([1.0 - radius], [1.0, -turn, radius**2], source)
        loud = random.uniform(0.3, 1.0) * source / max(1e-9, float(np.sqrt(np.mean(source**2))))
        begin = round(at_s * rate_hz)
        piece = sound[begin : begin + count]
        piece += (loud * np.hanning(count) ** 0.5)[: piece.size].astype(np.float32)
        at_s += length_s * float(random.uniform(0.7, 1.1))
        phrase_left_s -= length_s
        if phrase_left_s < 0:
            at_s += float(random.uniform(0.2, 1.2))
            phrase_left_s = float(random.uniform(1.0, 4.0))
    return 0.5 * sound / max(1e-9, float(np.abs(sound).max()))


def sample_at(
    scene: NDArray[np.float32], scene_rate_hz: float, times_s: NDArray[np.float64], *, cutoff: float = 1.0
) -> NDArray[np.float32]:
    """A scene's sound at any instants, by a windowed sinc; zero beyond its ends.

    Parameters
    ----------
    scene
        float32 (n), first sample at time 0.
    scene_rate_hz
        Its rate.
    times_s
        Instants, float64 (m).
    cutoff
        Share of the scene's band to keep, for devices with a lower rate.

    Returns
    -------
    ndarray
        float32 (m). Error below -70 dB for content up to 80 % of the kept band.
    """
    table = _sinc_table(cutoff)
    padded = np.concatenate([np.zeros(_TAPS, np.float32), scene, np.zeros(_TAPS + 1, np.float32)])
    out = np.zeros(len(times_s), dtype=np.float32)
    for start in range(0, len(times_s), _BLOCK):
        place = np.asarray(times_s[start : start + _BLOCK], dtype=np.float64) * scene_rate_hz
        whole = np.floor(place).astype(np.int64)
        phase = (place - whole) * _PHASES
        row = phase.astype(np.int64)
        share = (phase - row)[:, None].astype(np.float32)
        kernel = table[row] * (1.0 - share) + table[row + 1] * share
        inside = (whole >= -_TAPS // 2) & (whole < scene.size + _TAPS // 2)
        first = np.clip(whole, -_TAPS // 2, scene.size + _TAPS // 2) - _TAPS // 2 + 1 + _TAPS
        taps = padded[np.clip(first[:, None] + np.arange(_TAPS)[None, :], 0, padded.size - 1)]
        out[start : start + _BLOCK] = np.where(inside, np.einsum("mt,mt->m", taps, kernel), 0.0)
    return out


def _sinc_table(cutoff: float) -> NDArray[np.float32]:
    """Kaiser-windowed sinc kernels for fractions 0, 1/512, ... 1 of a sample, (513, taps)."""
    fraction = np.arange(_PHASES + 1)[:, None] / _PHASES
    distance = fraction - (np.arange(_TAPS)[None, :] - _TAPS // 2 + 1)
    window = np.i0(9.0 * np.sqrt(np.maximum(0.0, 1.0 - (distance / (_TAPS / 2)) ** 2))) / np.i0(9.0)
    return (cutoff * np.sinc(cutoff * distance) * window).astype(np.float32)


def pink_noise(count: int, *, seed: int) -> NDArray[np.float32]:
    """Noise with equal power per octave, unit variance, float32 (count); made block by block."""
    from scipy.signal import lfilter

    random = np.random.default_rng(seed)
    # Kellet's three-pole filter: -10 dB per decade within half a decibel above 20 Hz.
    numerator = [0.049922035, -0.095993537, 0.050612699, -0.004408786]
    denominator = [1.0, -2.494956002, 2.017265875, -0.522189400]
    noise = np.empty(count, dtype=np.float32)
    state = np.zeros(3)
    for start in range(0, count, 1 << 18):
        stop = min(start + (1 << 18), count)
        noise[start:stop], state = lfilter(numerator, denominator, random.standard_normal(stop - start), zi=state)
    return noise / max(1e-12, float(noise.std()))


def record(
    scene: NDArray[np.float32], device: Device, *, seed: int, scene_rate_hz: int = 16_000
) -> NDArray[np.float32]:
    """What ``device`` records of ``scene``.

    Parameters
    ----------
    scene
        float32 (n).
    device
        How it hears and keeps time.
    seed
        For its room and its noise.
    scene_rate_hz
        The scene's rate.

    Returns
    -------
    ndarray
        float32 (samples of the device).
    """
    heard = _through_room(scene, device, seed=seed, rate_hz=scene_rate_hz)
    lost_s = sum(length_s for _, length_s in device.dropped) - sum(length_s for _, length_s in device.inserted)
    left_s = (scene.size / scene_rate_hz - device.start_s - lost_s) / (1.0 + device.drift)
    count = int((device.seconds or left_s) * device.rate_hz)
    cutoff = min(1.0, 0.96 * device.rate_hz / scene_rate_hz)
    sound = np.empty(count, dtype=np.float32)
    for start in range(0, count, 1 << 18):
        stop = min(start + (1 << 18), count)
        times_s = device.scene_time_s(np.arange(start, stop) / device.rate_hz)
        sound[start:stop] = sample_at(heard, scene_rate_hz, times_s, cutoff=cutoff)
    for at_s, length_s in device.inserted:
        sound[round(at_s * device.rate_hz) : round((at_s + length_s) * device.rate_hz)] = 0.0
    level = float(np.sqrt(np.mean(heard.astype(np.float64) ** 2)))
    sound += pink_noise(count, seed=seed + 1) * np.float32(level * 10.0 ** (-device.snr_db / 20.0))
    sound *= np.float32((-0.5 if device.inverted else 0.5) / max(1e-9, float(np.abs(sound).max())))
    return sound


def _through_room(scene: NDArray[np.float32], device: Device, *, seed: int, rate_hz: int) -> NDArray[np.float32]:
    """The scene with colouration and reverberation; the direct sound keeps its time exactly."""
    from scipy.signal import firwin2, oaconvolve

    random = np.random.default_rng(seed)
    heard = scene
    if device.colour_db:
        gains = 10.0 ** (random.normal(0.0, device.colour_db, 12) / 20.0)
        taps = firwin2(129, np.linspace(0.0, 1.0, 12), gains)
        heard = oaconvolve(heard, taps.astype(np.float32))[64 : 64 + scene.size]
    if device.reverb_s:
        length = round(device.reverb_s * rate_hz)
        tail = random.standard_normal(length) * 10.0 ** (-3.0 * np.arange(length) / length)
        tail[: round(0.002 * rate_hz)] = 0.0
        tail *= 10.0 ** (-device.direct_db / 20.0) / max(1e-12, float(np.sqrt((tail**2).sum())))
        heard = heard + oaconvolve(heard, tail.astype(np.float32))[: scene.size]
    return heard.astype(np.float32)


def heard_from(
    voices: Sequence[NDArray[np.float32]], delays_s: Sequence[float], *, rate_hz: int = 16_000
) -> NDArray[np.float32]:
    """Several sources as they arrive together at one place, each later by its own way through the air.

    Parameters
    ----------
    voices
        What each source sounds, float32 (n), all of one length.
    delays_s
        How much later each arrives; differences between two devices' delays are their acoustic paths.
    rate_hz
        The voices' rate.

    Returns
    -------
    ndarray
        float32 (n).
    """
    times_s = np.arange(voices[0].size) / rate_hz
    mix = np.zeros(voices[0].size, dtype=np.float32)
    for voice, delay_s in zip(voices, delays_s, strict=True):
        for start in range(0, mix.size, 1 << 18):
            part = slice(start, start + (1 << 18))
            mix[part] += sample_at(voice, rate_hz, times_s[part] - delay_s)
    return mix


def audio_stream(name: str, sound: NDArray[np.generic], rate_hz: int | Fraction, *, start_ns: int = 0) -> Stream:
    """Sound in memory as the stream ``"<name>/audio"`` on the clock ``name``."""
    rate = Fraction(rate_hz)
    timeline = RegularTimeline(start_ns, rate, len(sound))
    return Stream(f"{name}/audio", Modality.AUDIO, name, timeline, ArraySamples(sound), nominal_rate_hz=float(rate))


def record_streams(
    scene: NDArray[np.float32], devices: Sequence[Device], *, seed: int, scene_rate_hz: int = 16_000
) -> tuple[tuple[Stream, ...], tuple[Clock, ...]]:
    """The streams and clocks of several devices in one scene, ready for a ``Recording``.

    Examples
    --------
    >>> streams, clocks = record_streams(speech_like(2.0, seed=1), [Device("a"), Device("b", start_s=0.5)], seed=2)
    >>> [stream.name for stream in streams], len(streams[1])
    (['a/audio', 'b/audio'], 24000)
    """
    streams = tuple(
        audio_stream(
            device.name, record(scene, device, seed=seed + 10 * index, scene_rate_hz=scene_rate_hz), device.rate_hz
        )
        for index, device in enumerate(devices)
    )
    return streams, tuple(Clock(device.name) for device in devices)
