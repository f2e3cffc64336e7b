"""Small media files whose every frame and sample is known.

Each picture carries its own number as a row of light and dark squares, so that a test can
ask which frame it was really given. Sound is a sweep with noise: no two places sound alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BITS = 12
_SQUARE_PX = 16
WIDTH_PX, HEIGHT_PX = _BITS * _SQUARE_PX, 2 * _SQUARE_PX


def numbered_picture(number: int) -> NDArray[np.uint8]:
    """A picture that shows ``number`` (0..4095), uint8 (32, 192, 3).

    Examples
    --------
    >>> number_shown(numbered_picture(1234))
    1234
    """
    bits = (number >> np.arange(_BITS)) & 1
    row = np.repeat(np.where(bits, 235, 20), _SQUARE_PX).astype(np.uint8)
    return np.repeat(np.repeat(row[None, :, None], HEIGHT_PX, axis=0), 3, axis=2)


def number_shown(picture: NDArray[np.uint8]) -> int:
    """The number that a picture shows, after whatever a codec did to it."""
    middle = picture[picture.shape[0] // 2, _SQUARE_PX // 2 :: _SQUARE_PX].astype(float).mean(axis=-1)
    return int(np.sum((middle[:_BITS] > 128) * (1 << np.arange(_BITS))))


def write_numbered_video(
    path: Path,
    ticks: Sequence[int],
    *,
    time_base: Fraction = Fraction(1, 1000),
    codec: str = "libx264",
    options: Mapping[str, str] | None = None,
    container: Mapping[str, str] | None = None,
) -> Path:
    """A video whose frame ``i`` shows ``i`` and is presented at ``ticks[i]``.

    Parameters
    ----------
    path
        Where to write; the suffix chooses the container.
    ticks
        Presentation stamps, increasing, in ``time_base``.
    codec, options
        The encoder and its options (``g`` for the distance of key frames, ``bf`` for B-frames).
    container
        The muxer's options (``movflags``).
    """
    import av

    with av.open(str(path), "w", options=dict(container or {})) as out:
        stream: Any = out.add_stream(codec, rate=30, options={"g": "12", **dict(options or {})})
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.codec_context.time_base = time_base
        for number, tick in enumerate(ticks):
            frame = av.VideoFrame.from_ndarray(numbered_picture(number), format="rgb24")
            frame.pts, frame.time_base = int(tick), time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def sweep(samples: int, rate_hz: int = 48_000, *, channels: int = 1, seed: int = 0) -> NDArray[np.float32]:
    """A sweep with noise, float32 (samples, channels), within ±0.6."""
    seconds = np.arange(samples) / rate_hz
    noise = np.random.default_rng(seed).standard_normal((samples, channels)) * 0.03
    tone = 0.4 * np.sin(2 * np.pi * (200 + 60 * seconds) * seconds)
    return np.clip(tone[:, None] + noise, -0.6, 0.6).astype(np.float32)


def write_sound(
    path: Path,
    sound: NDArray[np.float32],
    *,
    rate_hz: int = 48_000,
    codec: str = "pcm_s16le",
    container: str | None = None,
    holes: Mapping[int, int] | None = None,
) -> Path:
    """A sound file.

    Parameters
    ----------
    path
        Where to write; the suffix chooses the container unless ``container`` names one.
    sound
        float32 (n, channels), full scale at ±1.
    rate_hz
        Samples per second.
    codec
        The encoder.
    holes
        For packet numbers, the samples by which its stamp and all later ones are put off.
    """
    import av

    layout = {1: "mono", 2: "stereo"}[sound.shape[1]]
    with av.open(str(path), "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=rate_hz, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(stream.codec_context.format, layout, rate_hz, frame_size=size)
        parts = [*resampler.resample(frame), *resampler.resample(None)]
        packets = [packet for part in [*parts, None] for packet in stream.encode(part)]
        late = 0
        for number, packet in enumerate(packets):
            late += (holes or {}).get(number, 0)
            shift = round(Fraction(late, rate_hz) / packet.time_base)
            packet.pts += shift
            packet.dts += shift
            out.mux(packet)
    return path
