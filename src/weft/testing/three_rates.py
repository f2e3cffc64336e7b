"""The child-language case with known truth: a 30 fps camera, a 16 kHz microphone, a 60 Hz eye tracker.

Words are spoken, four pictures are on a screen, an eye goes from one to another. Three
devices record it, each in its own clock and its own file::

    mic.wav    mic.csv       sound; the words with start and stop, by the microphone's clock
    cam.mp4    cam.csv       film (with sound or silent); what a face tool measured in it (OpenFace's columns)
    gaze.tsv                 gaze and pupils; empty while the eye is shut; a trigger line where pulses are sent

Clocks start within two seconds of each other and drift by up to 100 ppm; stamps of frames and
gaze samples jitter by 3 ms and 2 % of them are lost. Nothing here was recorded.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.testing.scenes import Device, record, speech_like
from weft.testing.xdf_writer import XdfStream, xdf_bytes

Float64Array = NDArray[np.float64]

PICTURES: dict[str, tuple[float, float]] = {
    "ball": (480.0, 270.0),
    "dog": (1440.0, 270.0),
    "cup": (480.0, 810.0),
    "shoe": (1440.0, 810.0),
}
"""The middles of the pictures on a screen of 1920 x 1080 pixels; each fills a quarter."""
JITTER_S = 0.003
LOST = 0.02
FPS, SOUND_HZ, GAZE_HZ = 30, 16_000, 60
SOUND_M_PER_S = 343.0
_CLICK_S = 0.01


@dataclass(frozen=True)
class ThreeRates:
    """What really happened, in the scene's time (seconds).

    Parameters
    ----------
    seconds
        How long it lasted.
    devices
        By clock name (``mic``, ``cam``, ``gaze``): when it started and how it drifts.
    fixations
        Starts, float64 (k), and which picture each lies on, int64 (k).
    points
        Where on the screen each fixation lies, pixels, float64 (k, 2).
    blinks
        Start and stop, float64 (b, 2).
    words
        Start of each, its stop, and the picture that it names.
    pulses_s
        When sync pulses were sent.
    exposure_s
        How long the camera's shutter is open, from a frame's stamp on.
    box_m
        How far from the microphone the sync box clicks, metres.
    """

    seconds: float
    devices: dict[str, Device]
    fixations: tuple[Float64Array, NDArray[np.int64]]
    points: Float64Array
    blinks: Float64Array
    words: tuple[tuple[float, float, str], ...]
    pulses_s: Float64Array = field(default_factory=lambda: np.zeros(0))
    exposure_s: float = 0.015
    box_m: float = 1.0

    def picture_at(self, scene_s: Float64Array) -> NDArray[np.int64]:
        """Which picture the eye rested on at times of the scene, as its number in ``PICTURES``."""
        starts, pictures = self.fixations
        looked: NDArray[np.int64] = pictures[np.clip(np.searchsorted(starts, scene_s, side="right") - 1, 0, None)]
        return looked

    def gaze_at(self, scene_s: Float64Array) -> Float64Array:
        """Where the eye pointed, pixels, (n, 2): fixations, and 40 ms from one to the next."""
        starts = self.fixations[0]
        index = np.clip(np.searchsorted(starts, scene_s, side="right") - 1, 0, None)
        part = np.clip((scene_s - starts[index]) / 0.04, 0.0, 1.0)[:, None]
        before = self.points[np.maximum(index - 1, 0)]
        where: Float64Array = before + (self.points[index] - before) * (3 * part**2 - 2 * part**3)
        return where

    def reading_s(self, clock: str, scene_s: Any) -> Float64Array:
        """What a device's clock showed at times of the scene."""
        device = self.devices[clock]
        shown: Float64Array = (np.asarray(scene_s, dtype=np.float64) - device.start_s) / (1.0 + device.drift)
        return shown

    def offset_s(self, clock: str, reference: str, reading_s: float) -> float:
        """Reference minus clock when the clock showed a reading: what an alignment should find."""
        device = self.devices[clock]
        scene_s = device.start_s + reading_s * (1.0 + device.drift)
        return float(self.reading_s(reference, scene_s)) - reading_s


def make_three_rates(seconds: float = 120.0, *, seed: int = 0, pulses: bool = False) -> ThreeRates:
    """An occasion with its devices: what happened, before anything is recorded.

    Parameters
    ----------
    seconds
        How long it lasts.
    seed
        For everything that is by chance.
    pulses
        Whether a sync box sends pulses every 2 to 6 s: a click, a light, a trigger line.

    Examples
    --------
    >>> truth = make_three_rates(20.0, seed=1)
    >>> sorted(truth.devices), bool(truth.words)
    (['cam', 'gaze', 'mic'], True)
    """
    rng = np.random.default_rng(seed)
    starts = _walk(rng, seconds, lambda n: np.clip(rng.lognormal(np.log(0.35), 0.5, n), 0.12, 3.0))
    pictures = rng.integers(0, len(PICTURES), starts.size)
    middles = np.array(list(PICTURES.values()))
    points = middles[pictures] + rng.normal(0.0, [150.0, 80.0], (starts.size, 2))
    blinks = _walk(rng, seconds, lambda n: 1.0 + rng.exponential(3.0, n))[1:]
    words = _walk(rng, seconds - 1.0, lambda n: rng.uniform(1.2, 3.5, n))[1:]
    names = rng.choice(list(PICTURES), words.size)
    sent = _walk(rng, seconds, lambda n: rng.uniform(2.0, 6.0, n))[1:] if pulses else np.zeros(0)
    return ThreeRates(
        seconds,
        {
            name: Device(name, start_s=float(rng.uniform(0.0, 2.0)), drift=float(rng.uniform(-100e-6, 100e-6)))
            for name in ("mic", "cam", "gaze")
        },
        (starts, pictures),
        points,
        np.stack([blinks, blinks + rng.uniform(0.12, 0.28, blinks.size)], axis=1),
        tuple((float(at), float(at) + 0.5, str(name)) for at, name in zip(words, names, strict=True)),
        sent,
        exposure_s=float(rng.uniform(0.004, 0.028)),
        box_m=float(rng.uniform(0.3, 2.0)),
    )


def _walk(rng: np.random.Generator, seconds: float, steps: Any) -> Float64Array:
    """Moments from 0 on, one after each step, up to an end."""
    count = int(seconds * 12) + 10
    moments: Float64Array = np.concatenate([[0.0], np.cumsum(steps(count))])
    return moments[moments < seconds]


def write_three_rates(
    folder: Path, truth: ThreeRates, *, seed: int = 0, camera_sound: bool = True, face_table: bool = True
) -> Path:
    """The devices' files of an occasion.

    Parameters
    ----------
    folder
        Where to write; made where it is missing.
    truth
        From :func:`make_three_rates`.
    seed
        For noise, jitter and losses.
    camera_sound
        Whether the film has sound.
    face_table
        Whether a face tool's table lies beside the film.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed + 1000)
    scene = speech_like(truth.seconds, seed=seed + 1) * 0.3
    _write_sound(folder / "mic.wav", _heard(scene, truth, "mic", seed, 20.0), SOUND_HZ)
    _write_words(folder / "mic.csv", truth)
    stamps_s, frames_s = _sampled(truth, "cam", FPS, rng)
    sound = _heard(scene, truth, "cam", seed + 7, 12.0) if camera_sound else None
    _write_film(folder / "cam.mp4", stamps_s, _lit(truth, frames_s), sound)
    if face_table:
        _write_face(folder / "cam.csv", truth, stamps_s, frames_s, rng)
    _write_gaze(folder / "gaze.tsv", truth, rng)
    return folder


def _sampled(
    truth: ThreeRates, clock: str, rate_hz: float, rng: np.random.Generator
) -> tuple[Float64Array, Float64Array]:
    """The stamps of a device's samples, and the scene's time at which each was really taken."""
    device = truth.devices[clock]
    readings = np.arange(int((truth.seconds - device.start_s) * rate_hz)) / rate_hz
    readings = readings[rng.random(readings.size) > LOST]
    jitter = np.clip(rng.normal(0.0, JITTER_S, readings.size), -0.4 / rate_hz, 0.4 / rate_hz)
    stamps = np.maximum(readings + jitter, 0.0)
    stamps[0] = 0.0
    return stamps, device.start_s + readings * (1.0 + device.drift)


def _heard(scene: NDArray[np.float32], truth: ThreeRates, clock: str, seed: int, snr_db: float) -> NDArray[np.float32]:
    """What one device hears; clicks of the sync box go into the microphone's line only."""
    device = truth.devices[clock]
    heard = record(
        scene, Device(clock, start_s=device.start_s, drift=device.drift, snr_db=snr_db, reverb_s=0.2), seed=seed
    )
    if clock == "mic":
        click = np.random.default_rng(5).standard_normal(round(_CLICK_S * SOUND_HZ))
        click *= np.exp(-np.arange(click.size) / (0.003 * SOUND_HZ)) * 0.45
        for at_s in truth.reading_s("mic", truth.pulses_s + truth.box_m / SOUND_M_PER_S):
            first = int(np.ceil(at_s * SOUND_HZ))
            part = click[: max(0, heard.size - first)] if first >= 0 else click[:0]
            heard[first : first + part.size] += part.astype(np.float32)
    return np.clip(heard, -1.0, 1.0)


def _lit(truth: ThreeRates, frames_s: Float64Array) -> Float64Array:
    """The share of each frame's exposure during which the sync light was on."""
    lit = np.zeros(frames_s.size)
    for at_s in truth.pulses_s:
        overlap = np.minimum(frames_s + truth.exposure_s, at_s + 0.2) - np.maximum(frames_s, at_s)
        lit += np.clip(overlap, 0.0, truth.exposure_s) / truth.exposure_s
    return lit


def _write_words(path: Path, truth: ThreeRates) -> None:
    """The transcript, by the microphone's clock."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["start", "stop", "word"])
        for start, stop, word in truth.words:
            first, last = truth.reading_s("mic", [start, stop])
            if first >= 0:
                rows.writerow([f"{first:.4f}", f"{last:.4f}", word])


def _write_gaze(path: Path, truth: ThreeRates, rng: np.random.Generator) -> None:
    """The eye tracker's table; cells are empty while the eye is shut."""
    stamps_s, taken_s = _sampled(truth, "gaze", GAZE_HZ, rng)
    where = truth.gaze_at(taken_s) + rng.normal(0.0, 12.0, (taken_s.size, 2))
    shut = _within(taken_s, truth.blinks)
    pulses = np.stack([truth.pulses_s, truth.pulses_s + 0.2], axis=1)
    line = _within(taken_s, pulses).astype(int)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, delimiter="\t")
        rows.writerow(["time_s", "gaze_x_px", "gaze_y_px", "pupil_mm", *(["trigger"] if pulses.size else [])])
        for i, stamp in enumerate(stamps_s):
            eye = (
                ["", "", ""]
                if shut[i]
                else [f"{where[i, 0]:.1f}", f"{where[i, 1]:.1f}", f"{rng.normal(3.2, 0.02):.3f}"]
            )
            rows.writerow([f"{stamp:.6f}", *eye, *([line[i]] if pulses.size else [])])


def _write_face(
    path: Path, truth: ThreeRates, stamps_s: Float64Array, frames_s: Float64Array, rng: np.random.Generator
) -> None:
    """A face tool's table: gaze angles with an error of 2 degrees, and lids that close."""
    middle_s = frames_s + truth.exposure_s / 2.0
    angles = (truth.gaze_at(middle_s) - (960.0, 540.0)) * (-0.45 / 960.0, 0.25 / 540.0)
    slow = np.cumsum(rng.normal(0.0, 0.004, angles.shape), axis=0)
    shut = _within(middle_s, truth.blinks + np.array([-0.03, 0.03]))
    angles = angles + rng.normal(0.0, 0.035, angles.shape) + (slow - slow.mean(axis=0)) * 0.3
    angles[:, 1] += 0.15 * shut
    lids = np.clip(2.5 * shut + rng.normal(0.1, 0.15, shut.size), 0.0, 5.0)
    header = [
        "frame",
        "face_id",
        "timestamp",
        "confidence",
        "success",
        "gaze_angle_x",
        "gaze_angle_y",
        "AU12_r",
        "AU45_r",
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(header)
        for i, stamp in enumerate(stamps_s):
            smile = float(np.clip(rng.normal(0.5, 0.2), 0.0, 5.0))
            seen = [f"{angles[i, 0]:.4f}", f"{angles[i, 1]:.4f}", f"{smile:.2f}", f"{lids[i]:.2f}"]
            rows.writerow([i + 1, 0, f"{stamp:.4f}", "0.98", 1, *seen])


def _within(times_s: Float64Array, spans: Float64Array) -> NDArray[np.bool_]:
    """Whether each time lies in one of the spans (k, 2)."""
    inside = np.zeros(times_s.size, dtype=bool)
    for start, stop in spans:
        inside |= (times_s >= start) & (times_s < stop)
    return inside


def _write_sound(path: Path, sound: NDArray[np.float32], rate_hz: int) -> None:
    """A WAV file of 16 bits."""
    import wave

    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(np.rint(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


def _write_film(path: Path, stamps_s: Float64Array, lit: Float64Array, sound: NDArray[np.float32] | None) -> None:
    """A small film with true stamps: a dark room, a lamp in a corner, and sound where there is any."""
    import av

    ticks = np.rint(stamps_s * 90_000).astype(np.int64)
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=FPS, options={"g": "30", "bf": "0", "preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        video.codec_context.time_base = Fraction(1, 90_000)
        audio: Any = out.add_stream("flac", rate=SOUND_HZ, layout="mono") if sound is not None else None
        for tick, share in zip(ticks, lit, strict=True):
            picture = np.full((64, 96, 3), 40, dtype=np.uint8)
            picture[4:14, 4:16] = round(40 + 190 * min(1.0, float(share)))
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = int(tick), Fraction(1, 90_000)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio is not None and sound is not None:
            whole = np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16)
            for start in range(0, whole.size, 4096):
                block = av.AudioFrame.from_ndarray(whole[None, start : start + 4096], format="s16", layout="mono")
                block.sample_rate, block.pts, block.time_base = SOUND_HZ, start, Fraction(1, SOUND_HZ)
                out.mux(audio.encode(block))
            out.mux(audio.encode(None))


def write_three_rates_xdf(folder: Path, truth: ThreeRates, *, seed: int = 0) -> Path:
    """The same occasion as one LSL recording ``lab.xdf``: every device on its own computer's clock.

    The recorder's clock is the scene's time; it measured each device's clock every 5 s to
    0.2 ms. Streams: ``mic`` (sound), ``cam`` (a face tool's gaze angles), ``gaze``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed + 2000)
    sound = _heard(speech_like(truth.seconds, seed=seed + 1) * 0.3, truth, "mic", seed, 20.0)
    streams = [XdfStream("mic", "Audio", sound[:, None], np.arange(sound.size) / SOUND_HZ, float(SOUND_HZ))]
    for name, rate_hz, labels in (
        ("cam", FPS, ("gaze_angle_x", "gaze_angle_y")),
        ("gaze", GAZE_HZ, ("gaze_x_px", "gaze_y_px")),
    ):
        stamps_s, taken_s = _sampled(truth, name, rate_hz, rng)
        where = truth.gaze_at(taken_s) + rng.normal(0.0, 12.0, (taken_s.size, 2))
        where[_within(taken_s, truth.blinks)] = np.nan
        order = np.argsort(stamps_s, kind="stable")
        streams.append(XdfStream(name, "Gaze", where[order], stamps_s[order], float(rate_hz), labels=labels))
    moments = np.arange(1.0, truth.seconds - 1.0, 5.0)
    for stream in streams:
        readings = truth.reading_s(stream.name, moments)
        off = moments - readings + rng.normal(0.0, 0.0002, moments.size)
        stream.offsets = [(float(t), float(o)) for t, o in zip(readings, off, strict=True) if t > 0]
    path = folder / "lab.xdf"
    path.write_bytes(xdf_bytes(streams))
    return path
