"""Make ``recordings/grid-speaker``: one continuous recording of a person speaking, by two devices.

Twenty clips of the GRID corpus (speaker 1, three seconds each) are joined into one camera
file with its own sound, and a second device is made from that sound: a recorder that
starts 2.370 s later, runs 60 ppm slow, stands in a room, hears noise at 15 dB and samples
at 16 kHz. Pictures, speech and words are real; the second device is made, so its truth is
known to the microsecond and kept in ``truth.json``.

    python examples/make_grid.py FOLDER_OF_GRID_SPEAKER_1

The folder holds ``*.mpg`` clips and their ``*.align`` word times, as the corpus ships them.
"""

from __future__ import annotations

import argparse
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

CLIPS = 20
RATE_HZ = 44_100
RECORDER_HZ = 16_000
FRAMES_PER_CLIP = 75
START_S = 2.370
DRIFT = 60e-6
SNR_DB = 15.0
SILENCE = {"sil", "sp"}


def read_clip(path: Path) -> tuple[list[av.VideoFrame], NDArray[np.float32]]:
    """The pictures and the mono sound of one clip, the sound as long as the pictures."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))[:FRAMES_PER_CLIP]
    with av.open(str(path)) as container:
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
    sound = np.concatenate([block.mean(axis=0) for block in blocks]).astype(np.float32)
    length = FRAMES_PER_CLIP * RATE_HZ // 25
    return frames, np.pad(sound, (0, max(0, length - sound.size)))[:length]


def write_camera(path: Path, clips: list[list[av.VideoFrame]], sound: NDArray[np.float32]) -> None:
    """The joined pictures and sound as one MP4."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "27", "preset": "slow", "threads": "1"})
        video.width, video.height, video.pix_fmt = 360, 288, "yuv420p"
        audio = container.add_stream("aac", rate=RATE_HZ, options={"b": "96k"})
        audio.layout = "mono"
        for number, frame in enumerate(frame for clip in clips for frame in clip):
            picture = frame.reformat(360, 288, "yuv420p")
            picture.pts, picture.time_base, picture.pict_type = number, Fraction(1, 25), 0
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        for start in range(0, sound.size, 1024):
            block = av.AudioFrame.from_ndarray(sound[None, start : start + 1024], format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
            container.mux(audio.encode(block))
        container.mux(audio.encode(None))


def second_device(sound: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """What a recorder across the room hears, sampled by its own slow clock."""
    seconds = np.arange(int(0.3 * RATE_HZ)) / RATE_HZ
    room = rng.standard_normal(seconds.size) * np.exp(-seconds / 0.05) * 0.02
    room[0] = 1.0
    heard = fftconvolve(sound, room)[: sound.size]
    spectrum = np.fft.rfft(rng.standard_normal(sound.size))
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(spectrum.size), 1.0)), sound.size)
    noise = pink * np.sqrt(np.mean(heard**2) / np.mean(pink**2)) * 10 ** (-SNR_DB / 20)
    count = int((sound.size / RATE_HZ - START_S) / (1 + DRIFT) * RECORDER_HZ) - 100
    instants_s = START_S + np.arange(count) / RECORDER_HZ * (1 + DRIFT)
    return at_instants(heard + noise, instants_s)


def at_instants(sound: NDArray[np.float64], instants_s: NDArray[np.float64], taps: int = 96) -> NDArray[np.float32]:
    """The band-limited sound at any instants, by a windowed sinc cut at the recorder's Nyquist rate."""
    cutoff = RECORDER_HZ / RATE_HZ * 0.97
    padded = np.pad(sound, taps)
    shape_at = np.linspace(0, taps, 8192)
    shape = np.i0(9.0 * np.sqrt(1 - (shape_at / taps) ** 2)) / np.i0(9.0)
    values = np.empty(instants_s.size, np.float32)
    for start in range(0, instants_s.size, 1 << 15):
        position = instants_s[start : start + (1 << 15)] * RATE_HZ
        index = np.floor(position).astype(np.int64)[:, None] + np.arange(-taps + 1, taps + 1)
        distance = index - position[:, None]
        window = np.interp(np.abs(distance), shape_at, shape)
        kernel = cutoff * np.sinc(cutoff * distance) * window
        values[start : start + position.size] = np.einsum("ij,ij->i", padded[index + taps], kernel)
    return values


def write_flac(path: Path, sound: NDArray[np.float32]) -> None:
    """Sound as a 16-bit mono FLAC."""
    whole = np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=RECORDER_HZ)
        stream.layout, stream.format = "mono", "s16"
        for start in range(0, whole.size, 4096):
            block = av.AudioFrame.from_ndarray(whole[None, start : start + 4096], format="s16", layout="mono")
            block.sample_rate, block.pts, block.time_base = RECORDER_HZ, start, Fraction(1, RECORDER_HZ)
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))


def words_of(path: Path, offset_s: float) -> list[tuple[float, float, str]]:
    """The words of a clip; the corpus counts in thousandths of a 25 Hz frame."""
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    return [(offset_s + int(a) / 25_000, offset_s + int(b) / 25_000, w) for a, b, w in rows if w not in SILENCE]


def write_captions(path: Path, sentences: list[list[tuple[float, float, str]]]) -> None:
    """One caption for each sentence, its words timed inside it, as WebVTT."""

    def stamp(seconds: float) -> str:
        return f"{int(seconds // 60):02d}:{seconds % 60:06.3f}"

    lines = ["WEBVTT", ""]
    for words in sentences:
        timed = " ".join(f"<{'00:' + stamp(start)}>{word}" if n else word for n, (start, _, word) in enumerate(words))
        lines += [f"00:{stamp(words[0][0])} --> 00:{stamp(words[-1][1])}", timed, ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    """Make the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, help="folder with GRID clips and their .align files, searched recursively")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "recordings" / "grid-speaker")
    arguments = parser.parse_args()
    aligned = {path.stem: path for path in arguments.clips.rglob("*.align")}
    chosen = sorted(path for path in arguments.clips.rglob("*.mpg") if path.stem in aligned)[:CLIPS]
    arguments.out.mkdir(parents=True, exist_ok=True)
    clips, sounds = zip(*(read_clip(path) for path in chosen), strict=True)
    sound = np.concatenate(sounds)
    sound = sound / np.abs(sound).max() * 0.7
    write_camera(arguments.out / "cam.mp4", list(clips), sound)
    write_flac(arguments.out / "recorder.flac", second_device(sound, np.random.default_rng(1)))
    write_captions(arguments.out / "cam.vtt", [words_of(aligned[p.stem], 3.0 * n) for n, p in enumerate(chosen)])
    truth = {
        "clock": "recorder",
        "reference": "cam",
        "offset_ms": START_S * 1e3,
        "drift_ppm": DRIFT * 1e6,
        "clips": [path.stem for path in chosen],
    }
    (arguments.out.parent.parent / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
