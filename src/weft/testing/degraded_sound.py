"""What happens to sound between a microphone and a file: gain control, clipping, muting, codecs."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]

_BLOCK = 32
"""Samples over which a gain is constant: 2 ms at 16 kHz."""


def gain_controlled(
    sound: Float32Array, *, rate_hz: int, attack_s: float = 0.01, release_s: float = 0.4
) -> Float32Array:
    """``sound`` at nearly one loudness: fast down, slowly up, as recorders' automatic gain does it, float32 (n)."""
    count = -(-sound.size // _BLOCK)
    padded = np.zeros(count * _BLOCK, dtype=np.float64)
    padded[: sound.size] = np.abs(sound)
    peaks = padded.reshape(count, _BLOCK).max(axis=1)
    step_s = _BLOCK / rate_hz
    down, up = np.exp(-step_s / attack_s), np.exp(-step_s / release_s)
    level, levels = 1e-3, np.empty(count)
    for index, peak in enumerate(peaks):
        keep = down if peak > level else up
        level = keep * level + (1.0 - keep) * peak
        levels[index] = level
    gains = 0.4 / np.maximum(levels, 0.01)
    gain = np.interp(np.arange(sound.size), _BLOCK * np.arange(count) + _BLOCK / 2.0, gains)
    return np.clip(sound * gain, -1.0, 1.0).astype(np.float32)


def clipped(sound: Float32Array, *, share: float = 0.05) -> Float32Array:
    """``sound`` cut off so that ``share`` of its samples stand at the limit, float32 (n)."""
    limit = float(np.quantile(np.abs(sound), 1.0 - share))
    return np.clip(sound, -limit, limit).astype(np.float32)


def muted(sound: Float32Array, *, rate_hz: int, spans_s: tuple[tuple[float, float], ...]) -> Float32Array:
    """``sound`` with zeros in the spans, float32 (n)."""
    left = sound.copy()
    for start_s, stop_s in spans_s:
        left[round(start_s * rate_hz) : round(stop_s * rate_hz)] = 0.0
    return left


def through_codec(sound: Float32Array, *, rate_hz: int, codec: str, bit_rate: int = 24_000) -> Float32Array:
    """``sound`` encoded and decoded, its first sample where it was, float32 (n).

    Parameters
    ----------
    sound
        float32 (n), mono, full scale 1.
    rate_hz
        Its rate; one that the codec takes.
    codec
        ``"mp3"``, ``"aac"`` or ``"opus"``.
    bit_rate
        Bits per second.

    Returns
    -------
    ndarray
        As many samples as came in. Decoded times, which account for the codec's delay where the
        container states it, decide where samples lie.

    Raises
    ------
    KeyError
        If the codec is none of the three.
    """
    import av

    name, container = {"mp3": ("libmp3lame", "mp3"), "aac": ("aac", "mp4"), "opus": ("libopus", "ogg")}[codec]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream: Any = out.add_stream(name, rate=rate_hz)
        stream.bit_rate = bit_rate
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.clip(sound, -1, 1)[None, :].astype(np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
        resampler = av.AudioResampler(stream.format.name, "mono", rate_hz, frame_size=stream.frame_size or 1024)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    file.seek(0)
    return _decoded(file, rate_hz, sound.size)


def _decoded(file: io.BytesIO, rate_hz: int, count: int) -> Float32Array:
    """A file's sound at a rate, each decoded frame where its time says."""
    import av

    sound = np.zeros(count, dtype=np.float32)
    with av.open(file, "r") as container:
        stream: Any = container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono", rate_hz)
        at, begun = 0, False
        frames: list[Any] = [*container.decode(stream), None]
        for frame in frames:
            if not begun and frame is not None:
                begun = True
                # MP3 counts its encoder's delay as time before the start; the others leave it out.
                at = round(float((frame.pts - (stream.start_time or 0)) * frame.time_base) * rate_hz)
            for part in resampler.resample(frame):
                values = part.to_ndarray()[0]
                low, high = max(0, -at), min(values.size, count - at)
                if high > low:
                    sound[at + low : at + high] = values[low:high]
                at += values.size
    return sound
