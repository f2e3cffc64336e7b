"""One forward pass over a sound stream: what is measured every 16 ms, and nothing else kept.

    samples   |-- run 0 ---------------|   gap   |-- run 1 ------|     as recorded, any rate
    16 kHz    |block|block|block|block|bl|       |block|block|blo|     soxr, anew in each run
    frames    ||||||||||||||||||||||||||||       |||||||||||||||||     every 256 samples

An hour of sound becomes 225,000 frames of 33 bytes: 7 MB, whatever its rate and channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.context.mono import RATE_HZ, Mono, Progress, continuous_runs, sound_rate_hz
from weft.context.silero import METHOD as SILERO_METHOD
from weft.context.silero import SileroVoice
from weft.core import NS_PER_S, Interval, RegularTimeline, Stream, TimeMap
from weft.core.times import Int64Array
from weft.dsp import loudness, pitch, spectrum, voice_activity

HOP = 256
FRAME = 1024
FRAME_RATE_HZ = RATE_HZ / HOP
STATISTICAL_METHOD = "weft band-floor voice activity"

_LEAD = (FRAME - HOP) // 2
"""Samples by which a frame begins before its hop, so that it is centred on it."""

Float32Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SoundFrames:
    """What was measured on a sound stream, one row every 256 samples at 16 kHz (16 ms).

    Parameters
    ----------
    stream
        The stream's name.
    starts_ns, stops_ns
        Each frame's span on the reference clock, int64 (n), increasing.
    power, power_a
        Mean square, plain and A-weighted; 1 is full scale.
    speech
        Probability of speech, 0..1; zeros where no detector ran.
    f0_hz, periodicity
        Pitch by YIN and how periodic the frame is.
    centroid_hz, flatness, flux_db
        The spectrum's centre and flatness, and how much its bands rose.
    method
        The detector that made ``speech``; empty where none ran.
    not_finite
        Samples that were not numbers and were taken for silence.
    """

    stream: str
    starts_ns: Int64Array
    stops_ns: Int64Array
    power: Float32Array
    power_a: Float32Array
    speech: Float32Array
    f0_hz: Float32Array
    periodicity: Float32Array
    centroid_hz: Float32Array
    flatness: Float32Array
    flux_db: Float32Array
    method: str = ""
    not_finite: int = 0

    def __len__(self) -> int:
        return int(self.starts_ns.size)

    def within(self, interval: Interval) -> slice:
        """The frames whose middle lies in ``interval`` of the reference clock."""
        middle = self.starts_ns + (self.stops_ns - self.starts_ns) // 2
        start, stop = np.searchsorted(middle, [interval.start_ns, interval.stop_ns])
        return slice(int(start), int(stop))


def measure_sound(
    stream: Stream, to_reference: TimeMap, *, detector: str, progress: Progress | None = None
) -> SoundFrames:
    """Everything that capsules need to know about a sound stream, from one pass over it.

    Parameters
    ----------
    stream
        A sound stream, shape (n,) or (n, channels), integers or floats with full scale 1;
        channels are averaged.
    to_reference
        The map of its clock; extrapolated where the stream outlasts it.
    detector
        ``"silero"``, ``"statistical"`` or ``"none"``.

    Raises
    ------
    MissingExtraError
        If ``detector`` is ``"silero"`` and onnxruntime is not installed.

    Notes
    -----
    Averaging two channels in opposite phase leaves silence. Sound above 8 kHz is not seen.
    """
    measured = (_measure_run(stream, to_reference, run, detector, progress) for run in continuous_runs(stream))
    parts = [part for part in measured if part is not None] or [_no_frames(stream)]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in (
            "starts_ns",
            "stops_ns",
            "power",
            "power_a",
            "speech",
            "f0_hz",
            "periodicity",
            "centroid_hz",
            "flatness",
            "flux_db",
        )
    }
    method = {"silero": SILERO_METHOD, "statistical": STATISTICAL_METHOD}.get(detector, "")
    return SoundFrames(stream.name, **joined, method=method, not_finite=sum(part.not_finite for part in parts))


def _measure_run(
    stream: Stream, to_reference: TimeMap, run: tuple[int, int], detector: str, progress: Progress | None
) -> SoundFrames | None:
    """The frames of one run; ``None`` where it is too short to hold a sample at 16 kHz."""
    voice = SileroVoice() if detector == "silero" else None
    source = Mono(stream, run, progress)
    rows: list[_Rows] = []
    heard: list[Float32Array] = []
    buffer = np.zeros((2, _LEAD), dtype=np.float32)
    rumble = _RumbleFilter()
    total = 0
    for block in source.blocks():
        total += block.size
        if voice:
            heard.append(voice.probabilities(block))
        buffer = _consume(np.concatenate([buffer, np.stack([block, rumble(block)])], axis=1), rows)
    if not total:
        return None
    count = -(-total // HOP)
    done = sum(len(row.power) for row in rows)
    if count > done:
        missing = (count - done - 1) * HOP + FRAME - buffer.shape[1]
        _consume(np.pad(buffer, ((0, 0), (0, max(0, missing)))), rows)
    frames = _joined(rows, count)
    speech = _speech(frames, heard, detector)
    edges_ns = _edges_ns(stream, run, count, to_reference)
    return SoundFrames(
        stream.name,
        edges_ns[:-1],
        edges_ns[1:],
        frames.power,
        frames.power_a,
        speech,
        frames.f0_hz,
        frames.periodicity,
        frames.centroid_hz,
        frames.flatness,
        spectrum.flux_db(frames.bands_db),
        not_finite=source.not_finite,
    )


@dataclass(frozen=True, eq=False)
class _Rows:
    """Frames of one block, before speech and times are known."""

    power: Float32Array
    power_a: Float32Array
    f0_hz: Float32Array
    periodicity: Float32Array
    centroid_hz: Float32Array
    flatness: Float32Array
    bands_db: Float32Array


class _RumbleFilter:
    """A high-pass of fourth order at 70 Hz that goes on from block to block."""

    def __init__(self) -> None:
        from scipy import signal

        self._sections = signal.butter(4, 70.0, "highpass", fs=RATE_HZ, output="sos")
        self._state = np.zeros((len(self._sections), 2))

    def __call__(self, block: Float32Array) -> Float32Array:
        """The block without rumble; wind and footfall spoil the search for a period."""
        from scipy import signal

        filtered, self._state = signal.sosfilt(self._sections, block.astype(np.float64), zi=self._state)
        return np.asarray(filtered, dtype=np.float32)


def _consume(buffer: Float32Array, rows: list[_Rows]) -> Float32Array:
    """Measures all whole frames of ``buffer`` (2, n), sound and filtered sound, and gives back the rest."""
    frames, filtered = (spectrum.framed(row, length=FRAME, hop=HOP) for row in buffer)
    for at in range(0, len(frames), 256):
        batch = slice(at, at + 256)
        rows.append(_measure_frames(np.ascontiguousarray(frames[batch]), np.ascontiguousarray(filtered[batch])))
    return buffer[:, len(frames) * HOP :].copy()


def _measure_frames(frames: Float32Array, filtered: Float32Array) -> _Rows:
    """What one batch of frames shows."""
    spectra = spectrum.power_spectra(frames)
    frequency_hz = spectrum.frequencies_hz(FRAME, RATE_HZ)
    f0_hz, periodicity = pitch.yin(filtered, rate_hz=RATE_HZ)
    own_hop = frames[:, _LEAD : _LEAD + HOP].astype(np.float64)
    return _Rows(
        power=np.mean(own_hop**2, axis=1).astype(np.float32),
        power_a=(spectra @ loudness.a_weighting(frequency_hz).astype(np.float32)).astype(np.float32),
        f0_hz=f0_hz,
        periodicity=periodicity,
        centroid_hz=spectrum.centroid_hz(spectra, frequency_hz),
        flatness=spectrum.flatness(spectra),
        bands_db=spectrum.band_levels_db(spectra, frequency_hz, voice_activity.BAND_EDGES_HZ),
    )


def _joined(rows: list[_Rows], count: int) -> _Rows:
    """All batches as one."""
    names = _Rows.__dataclass_fields__
    return _Rows(**{name: np.concatenate([getattr(row, name) for row in rows])[:count] for name in names})


def _speech(frames: _Rows, heard: list[Float32Array], detector: str) -> Float32Array:
    """The probability of speech of each frame."""
    count = len(frames.power)
    if detector == "silero":
        return np.repeat(np.concatenate(heard), 2)[:count]
    if detector == "statistical":
        return voice_activity.speech_probability(frames.bands_db, frames.periodicity, frame_rate_hz=FRAME_RATE_HZ)
    return np.zeros(count, dtype=np.float32)


def _edges_ns(stream: Stream, run: tuple[int, int], count: int, to_reference: TimeMap) -> Int64Array:
    """The frames' ``count + 1`` edges on the reference clock; the last is the run's own end."""
    start, stop = run
    rate_hz = sound_rate_hz(stream)
    at = np.minimum(np.arange(count + 1, dtype=np.float64) * (HOP * rate_hz / RATE_HZ), stop - start)
    index = np.minimum(at.astype(np.int64), stop - start - 1)
    slip_ns = np.rint((at - index) * (NS_PER_S / rate_hz)).astype(np.int64)
    if isinstance(stream.timeline, RegularTimeline):
        device_ns = stream.timeline.first_ns + start_offset_ns(stream.timeline, index + start) + slip_ns
    else:
        device_ns = _stamps_at(stream, index + start) + slip_ns
    return to_reference.apply(np.maximum.accumulate(device_ns), extrapolate=True)


def start_offset_ns(timeline: RegularTimeline, index: Int64Array) -> Int64Array:
    """How long after the first sample each of ``index`` was taken, ns, exact for any length."""
    whole, part = np.divmod(index, timeline.rate_hz.numerator)
    seconds = whole * timeline.rate_hz.denominator
    return seconds * NS_PER_S + np.rint(
        part * (timeline.rate_hz.denominator / timeline.rate_hz.numerator) * NS_PER_S
    ).astype(np.int64)


def _stamps_at(stream: Stream, index: Int64Array) -> Int64Array:
    """The stamps of single samples, read in slices."""
    parts = []
    for at in range(0, index.size, 4096):
        wanted = index[at : at + 4096]
        first = int(wanted[0])
        parts.append(stream.timeline.slice_ns(first, int(wanted[-1]) + 1)[wanted - first])
    return np.concatenate(parts)


def _no_frames(stream: Stream) -> SoundFrames:
    """A stream in which nothing was recorded."""
    times, none = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    return SoundFrames(stream.name, times, times, none, none, none, none, none, none, none, none)
