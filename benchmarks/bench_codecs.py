"""Where the same sound lies after every usual way of writing it: by how much its start is wrong, or what is assumed.

    python benchmarks/bench_codecs.py           # measure, write results/codecs.{json,md}

Sound of known content (noise of changing loudness, 150 Hz to 5 kHz) is written by the ffmpeg command and by
PyAV in each format, read by weft, and compared with the original by cross-correlation to a fraction of a sample.
With pictures, the error is that of the sound against the first picture; both were written from 0 on. Without, it
is that of the sound against the clock's zero. Then the value of the assumption ``codec_delay`` that weft names is
taken off. A way passes when its error is within 0.1 ms by itself, or an assumption is named and the rest lies
within two of its standard deviations (or 0.1 ms). Only encoders of the ffmpeg family could be run; the spread that
weft gives to others (Apple, Fraunhofer, hardware) is taken from documents and not measured here.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import tempfile
import wave
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from weft.core import Modality
from weft.readers import open_recording

HERE = Path(__file__).parent
RESULTS = HERE / "results"
RATES_HZ = (44_100, 48_000)
SECONDS = 6
SEED = 5

SOUND_ALONE: tuple[tuple[str, str, str], ...] = (
    ("wav", "wav", "-c:a pcm_s16le"),
    ("flac", "flac", ""),
    ("mp3", "mp3", ""),
    ("mp3 without Xing header", "mp3", "-write_xing 0"),
    ("mp2", "mp2", ""),
    ("m4a", "m4a", ""),
    ("m4a without edit list", "m4a", "-use_editlist 0"),
    ("m4a, fragmented", "m4a", "-movflags frag_keyframe+empty_moov"),
    ("m4a (ALAC)", "m4a", "-c:a alac"),
    ("aac (ADTS)", "aac", ""),
    ("ogg (Vorbis)", "ogg", "-c:a libvorbis"),
    ("ogg (Opus)", "ogg", "-c:a libopus"),
    ("webm (Vorbis)", "webm", "-c:a libvorbis"),
    ("webm (Opus)", "webm", "-c:a libopus"),
    ("mka (AAC)", "mka", "-c:a aac"),
    ("mka (MP3)", "mka", "-c:a libmp3lame"),
    ("mka (AC-3)", "mka", "-c:a ac3"),
    ("mka (FLAC)", "mka", "-c:a flac"),
    ("ts (AAC)", "ts", "-c:a aac"),
    ("ts (MP2)", "ts", "-c:a mp2"),
    ("ts (Opus)", "ts", "-c:a libopus"),
    ("avi (MP3)", "avi", "-c:a libmp3lame"),
    ("wma", "wma", ""),
)
"""Name, suffix and the options of the ffmpeg command."""
WITH_PICTURES: tuple[tuple[str, str, str], ...] = (
    ("mp4 (AAC)", "mp4", "-c:a aac"),
    ("mp4 (AAC) without edit list", "mp4", "-c:a aac -use_editlist 0"),
    ("mp4 (AAC) without edit list or B frames", "mp4", "-c:a aac -use_editlist 0 -bf 0"),
    ("mp4 (AAC), fragmented", "mp4", "-c:a aac -movflags frag_keyframe+empty_moov"),
    ("mp4 (AAC), fragmented, late header", "mp4", "-c:a aac -movflags frag_keyframe+delay_moov"),
    ("mp4 (MP3)", "mp4", "-c:a libmp3lame"),
    ("mp4 (Opus)", "mp4", "-c:a libopus"),
    ("mov (AAC)", "mov", "-c:a aac"),
    ("mov (PCM)", "mov", "-c:a pcm_s16le"),
    ("mkv (AAC)", "mkv", "-c:a aac"),
    ("mkv (MP3)", "mkv", "-c:a libmp3lame"),
    ("mkv (Opus)", "mkv", "-c:a libopus"),
    ("mkv (FLAC)", "mkv", "-c:a flac"),
    ("mkv (AC-3)", "mkv", "-c:a ac3"),
    ("webm (Opus)", "webm", "-c:a libopus -c:v libvpx"),
    ("webm (Vorbis)", "webm", "-c:a libvorbis -c:v libvpx"),
    ("ts (AAC)", "ts", "-c:a aac"),
    ("ts (MP2)", "ts", "-c:a mp2 -c:v mpeg2video"),
    ("mpg (MP2)", "mpg", "-c:a mp2 -c:v mpeg2video"),
    ("avi (MP3)", "avi", "-c:a libmp3lame -c:v mpeg4"),
    ("avi (PCM)", "avi", "-c:a pcm_s16le -c:v mpeg4"),
    ("flv (AAC)", "flv", "-c:a aac"),
)
BY_PYAV: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("wav", "wav", "pcm_s16le", {}),
    ("mp3", "mp3", "libmp3lame", {}),
    ("m4a", "m4a", "aac", {}),
    ("m4a without edit list", "m4a", "aac", {"use_editlist": "0"}),
    ("aac (ADTS)", "aac", "aac", {}),
    ("ogg (Opus)", "ogg", "libopus", {}),
    ("mka (AAC)", "mka", "aac", {}),
    ("mka (Opus)", "mka", "libopus", {}),
    ("ts (AAC)", "ts", "aac", {}),
    ("mp4 (AAC), pictures", "mp4", "aac", {}),
    ("mp4 (AAC) without edit list, pictures", "mp4", "aac", {"use_editlist": "0"}),
    ("mkv (AAC), pictures", "mkv", "aac", {}),
    ("mkv (MP3), pictures", "mkv", "libmp3lame", {}),
    ("mkv (Opus), pictures", "mkv", "libopus", {}),
    ("ts (AAC), pictures", "ts", "aac", {}),
    ("avi (MP3), pictures", "avi", "libmp3lame", {}),
)
"""Name, suffix, encoder and the muxer's options; with pictures where the name says so."""


@dataclass(frozen=True)
class Row:
    """One way of writing the sound: the error by the stamps alone, what weft assumes, and what is left."""

    way: str
    encoder: str
    rate_hz: int
    pictures: bool
    error_ms: float
    value_ms: float
    sd_ms: float
    origin: str
    left_ms: float
    passes: bool


def original(rate_hz: int) -> NDArray[np.float64]:
    """The sound, full scale at ±1."""
    random = np.random.default_rng(SEED)
    count = rate_hz * SECONDS
    spectrum = np.fft.rfft(random.standard_normal(count))
    at_hz = np.fft.rfftfreq(count, 1 / rate_hz)
    spectrum *= (at_hz > 150) * (at_hz < 5000) / np.sqrt(1 + (at_hz / 800) ** 2)
    loudness = np.repeat(random.random(SECONDS * 20), rate_hz // 20 + 1)[:count]
    window = np.hanning(rate_hz // 20)
    sound = np.fft.irfft(spectrum, count) * (0.1 + np.convolve(loudness, window / window.sum(), "same"))
    return 0.3 * sound / np.abs(sound).max()


def late_samples(reference: NDArray[np.float64], heard: NDArray[np.float64]) -> float:
    """By how many samples ``heard`` comes later, by the vertex of the cross-correlation's peak."""
    size = 1 << (reference.size + heard.size).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(reference, size)), size)
    at = int(np.argmax(np.abs(product)))
    before, peak, after = (product[(at + step) % size] for step in (-1, 0, 1))
    vertex = 0.5 * (before - after) / (before - 2 * peak + after)
    return (at - size if at > size // 2 else at) + float(vertex)


def write_by_command(wav: Path, path: Path, options: str, *, pictures: bool) -> bool:
    """Write by the ffmpeg command; whether it could."""
    film = ["-f", "lavfi", "-i", f"testsrc2=s=64x64:r=25:d={SECONDS}", "-map", "1", "-map", "0", "-shortest"]
    command = ["ffmpeg", "-y", "-v", "error", "-i", str(wav), *(film if pictures else []), *options.split(), str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def write_by_pyav(sound: NDArray[np.float64], rate_hz: int, path: Path, codec: str, options: dict[str, str]) -> bool:
    """Write by PyAV, with pictures where the path's name says so."""
    with av.open(str(path), "w", options=options) as out:
        pictures: Any = out.add_stream("mpeg4", rate=25) if "pictures" in path.name else None
        coded_hz = 48_000 if codec == "libopus" else rate_hz
        stream: Any = out.add_stream(codec, rate=coded_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(sound.astype(np.float32)[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(stream.codec_context.format, "mono", coded_hz, frame_size=size)
        packets = [
            p for part in [*resampler.resample(frame), *resampler.resample(None), None] for p in stream.encode(part)
        ]
        if pictures is not None:
            pictures.width = pictures.height = 64
            for number in range(25 * SECONDS):
                picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format="rgb24")
                picture.pts, picture.time_base = number, Fraction(1, 25)
                out.mux(pictures.encode(picture))
            out.mux(pictures.encode(None))
        for packet in packets:
            out.mux(packet)
    return True


def measure(path: Path, sound: NDArray[np.float64], rate_hz: int) -> tuple[float, dict[str, Any], bool]:
    """How late the sound is by its stamps, in milliseconds; what weft assumes; whether there are pictures."""
    streams = open_recording(path).streams
    track = next(stream for stream in streams if stream.modality is Modality.AUDIO)
    films = [stream for stream in streams if stream.modality is Modality.VIDEO]
    heard = track.samples.read(0, len(track)).astype(np.float64).reshape(len(track), -1).mean(axis=1)
    heard_hz = float(track.nominal_rate_hz or rate_hz)
    reference = sound if heard_hz == rate_hz else soxr.resample(sound, rate_hz, heard_hz, quality="VHQ")
    late_ms = late_samples(reference, heard) / heard_hz * 1e3
    zero_ns = films[0].timeline.first_ns if films else 0
    told = track.details.get("codec_delay", {"value_ms": 0.0, "sd_ms": 0.0, "origin": ""})
    return late_ms + (track.timeline.first_ns - zero_ns) / 1e6, told, bool(films)


def row_of(way: str, encoder: str, path: Path, sound: NDArray[np.float64], rate_hz: int) -> Row:
    """One way's figures."""
    error_ms, told, pictures = measure(path, sound, rate_hz)
    left_ms = error_ms - told["value_ms"]
    passes = abs(left_ms) <= max(0.1, 2 * told["sd_ms"])
    figures = (round(error_ms, 4), told["value_ms"], told["sd_ms"], told["origin"], round(left_ms, 4), passes)
    return Row(way, encoder, rate_hz, pictures, *figures)


def all_rows(folder: Path) -> tuple[list[Row], list[str]]:
    """Every way at every rate, and those that could not be written here."""
    rows, absent = [], []
    for rate_hz in RATES_HZ:
        sound = original(rate_hz)
        wav = folder / f"original_{rate_hz}.wav"
        with wave.open(str(wav), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate_hz)
            file.writeframes((sound * 32767).astype("<i2").tobytes())
        ways = [(*way, False) for way in SOUND_ALONE] + [(*way, True) for way in WITH_PICTURES]
        for number, (way, suffix, options, pictures) in enumerate(ways if shutil.which("ffmpeg") else []):
            path = folder / f"command_{rate_hz}_{number}.{suffix}"
            if write_by_command(wav, path, options, pictures=pictures):
                rows.append(row_of(way, "ffmpeg", path, sound, rate_hz))
            else:
                absent.append(f"{way} ({options}) at {rate_hz} Hz")
        for number, (way, suffix, codec, muxing) in enumerate(BY_PYAV):
            path = folder / f"pyav_{rate_hz}_{number}{'_pictures' if 'pictures' in way else ''}.{suffix}"
            write_by_pyav(sound, rate_hz, path, codec, muxing)
            rows.append(row_of(way.removesuffix(", pictures"), "PyAV", path, sound, rate_hz))
    return rows, absent


def table(rows: list[Row], *, pictures: bool) -> list[str]:
    """The rows with or without pictures as Markdown."""
    lines = [
        "| format | written by | Hz | error by stamps, ms | assumed, ms | sd, ms | known from | left, ms | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row.pictures == pictures:
            assumed = (
                f"{row.value_ms:+.3f} | {row.sd_ms:.3f} | {row.origin}" if row.origin else "– | – | the file is exact"
            )
            lines.append(
                f"| {row.way} | {row.encoder} | {row.rate_hz} | {row.error_ms:+.3f} | {assumed} | {row.left_ms:+.3f} | "
                f"{'ok' if row.passes else '**wrong**'} |"
            )
    return lines


def main() -> None:
    """Measure and write the results."""
    with tempfile.TemporaryDirectory() as folder:
        rows, absent = all_rows(Path(folder))
    versions = {"av": av.__version__, "numpy": np.__version__}
    if shutil.which("ffmpeg"):
        first = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=False).stdout.split("\n")[
            0
        ]
        versions["ffmpeg"] = first.split()[2]
    exact = sum(abs(row.error_ms) <= 0.1 for row in rows)
    named = sum(abs(row.error_ms) > 0.1 and bool(row.origin) for row in rows)
    wrong = [f"{row.way} by {row.encoder} at {row.rate_hz} Hz" for row in rows if not row.passes]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    about = {"command": "python benchmarks/bench_codecs.py", "versions": versions, "machine": machine, "seed": SEED}
    RESULTS.mkdir(exist_ok=True)
    document = {**about, "not_written": absent, "rows": [asdict(row) for row in rows]}
    (RESULTS / "codecs.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    summary = (
        f"{len(rows)} files: {exact} within 0.1 ms by their stamps alone, {named} with a named assumption, "
        f"{len(wrong)} wrong{': ' + ', '.join(wrong) if wrong else ''}. "
        f"Largest error that is left after assumptions from the file: "
        f"{max((abs(row.left_ms) for row in rows if row.origin == 'file'), default=0.0):.3f} ms; "
        f"after others: {max((abs(row.left_ms) for row in rows if row.origin == 'assumed'), default=0.0):.3f} ms."
    )
    lines = ["# Codecs and containers", "", *(__doc__ or "").strip().split("\n\n")[2:], "", summary, ""]
    lines += ["## Sound alone: against the clock's zero", "", *table(rows, pictures=False), ""]
    lines += ["## Sound with pictures: against the first picture", "", *table(rows, pictures=True), ""]
    lines += [f"{json.dumps(versions)[1:-1]}; {machine}; `{about['command']}`.", ""]
    if absent:
        lines += [f"Could not be written here: {', '.join(absent)}.", ""]
    (RESULTS / "codecs.md").write_text("\n".join(lines), encoding="utf-8")
    print(summary)


if __name__ == "__main__":
    main()
