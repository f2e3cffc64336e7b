"""Small recordings, alignments and capsules that the tests of the dataset share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from weft.core import (
    Alignment,
    Annotation,
    ArraySamples,
    Capsule,
    Clock,
    ClockAlignment,
    Evidence,
    Finding,
    Interval,
    Modality,
    Origin,
    Recording,
    RegularTimeline,
    Relation,
    Residual,
    Severity,
    Slice,
    SourceFile,
    Status,
    Stream,
    StreamSpan,
    TimeMap,
    Window,
)
from weft.core.times import NS_PER_S
from weft.dataset import Store, hash_sources, link_originals, store_recording, write_version

SECONDS = 10
RATE_HZ = 100


def write_recording(folder: Path, *, seed: int = 0, names: Sequence[str] = ("mic.bin", "cam.bin")) -> Path:
    """A folder with one file of noise per name; seeded."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        noise = np.random.default_rng([seed, number]).standard_normal(SECONDS * RATE_HZ)
        (folder / name).write_bytes(noise.astype("<f4").tobytes())
    return folder


def open_folder(path: Path | Sequence[Path]) -> Recording:
    """A reader of what :func:`write_recording` wrote; clocks are named after stems, as weft's readers do."""
    single = isinstance(path, Path)
    files = sorted(path.glob("*.bin")) if single and path.is_dir() else [path] if single else list(path)
    root = path if single and path.is_dir() else files[0].parent
    streams, sources = [], []
    for file in files:
        values = np.frombuffer(file.read_bytes(), "<f4")
        modality = Modality.VIDEO if file.stem.startswith("cam") else Modality.AUDIO
        streams.append(
            Stream(
                f"{file.stem}/{modality}",
                modality,
                file.stem,
                RegularTimeline(0, Fraction(RATE_HZ), len(values)),
                ArraySamples(values if modality is Modality.AUDIO else _frames(len(values))),
                nominal_rate_hz=float(RATE_HZ),
                source=file.name,
            )
        )
        sources.append(SourceFile(file.name, file.stat().st_size, "made"))
    clocks = tuple(Clock(file.stem) for file in files)
    finding = Finding("made_up", Severity.INFO, root.name, "made by a test, 3 of 4", numbers={"three": 3.0})
    words = tuple(
        Annotation("word", Interval(i * NS_PER_S, (i + 1) * NS_PER_S), files[0].stem, f"wört {i}", method="test")
        for i in range(3)
    )
    return Recording(
        root.name,
        root,
        tuple(streams),
        clocks,
        annotations=words,
        sources=tuple(sources),
        findings=(finding,),
        aligner=View,
    )


def _frames(count: int) -> np.ndarray:
    """Tiny pictures, each one colour, which is its number."""
    colours = (np.arange(count) % 256).astype(np.uint8)
    return np.broadcast_to(colours[:, None, None, None], (count, 8, 8, 3))


@dataclass(frozen=True)
class View:
    """The nearest sample of each aligned stream, the simplest aligned view there is."""

    recording: Recording
    alignment: Alignment

    def window(self, start_ns: int, stop_ns: int, rates_hz: Mapping[str, float] | None = None) -> Window:
        slices = {}
        for stream in self.recording.streams:
            period_ns = round(NS_PER_S / (rates_hz or {}).get(stream.name, RATE_HZ))
            times_ns = np.arange(start_ns, stop_ns, period_ns, dtype=np.int64)
            time_map = self.alignment.map_of(stream.clock)
            if time_map is None:
                empty = np.zeros((len(times_ns), *stream.samples.shape[1:]), stream.samples.dtype)
                slices[stream.name] = Slice(
                    stream.name, times_ns, empty, np.zeros(len(times_ns), bool), "not_aligned"
                )
                continue
            index = np.round(time_map.inverse(times_ns) * RATE_HZ / NS_PER_S).astype(int)
            valid = (index >= 0) & (index < len(stream))
            values = np.array(stream.samples.read(0, len(stream))[np.clip(index, 0, len(stream) - 1)])
            values[~valid] = 0
            reason = "" if valid.all() else "ended"
            slices[stream.name] = Slice(stream.name, times_ns, values, valid, reason, error95_ns=2e6)
        return Window(Interval(start_ns, stop_ns), slices)


def align(recording: Recording, *, offset_ms: float = 250.0, lost: Sequence[str] = ()) -> Alignment:
    """The first clock is the reference; the others are ``offset_ms`` behind it, or lost."""
    reference = recording.clocks[0].name
    entries, evidence = [], []
    for clock in recording.clocks:
        streams = tuple(stream.name for stream in recording.streams_of(clock.name))
        if clock.name in lost:
            entries.append(ClockAlignment(clock, streams, Status.NOT_ALIGNED, None, note="nothing relates it"))
            continue
        shift_ns = 0 if clock.name == reference else round(offset_ms * 1e6)
        time_map = TimeMap.affine(clock.name, reference, offset_ns=shift_ns, drift=0.0 if not shift_ns else 1e-5)
        residuals = (Residual(5 * NS_PER_S, 1234.5, 1e5, "audio"),) if shift_ns else ()
        entries.append(ClockAlignment(clock, streams, Status.ALIGNED, time_map, ("audio",), residuals))
        if shift_ns:
            evidence.append(Evidence(clock.name, reference, [0, NS_PER_S], [shift_ns, shift_ns], [1e5, 1e5], "audio"))
    return Alignment(recording.name, reference, tuple(entries), tuple(evidence))


def capsules(recording: Recording, *, count: int = 3) -> tuple[Capsule, ...]:
    """Utterances of one second, one every two seconds."""
    made = []
    for number in range(count):
        interval = Interval(2 * number * NS_PER_S, (2 * number + 1) * NS_PER_S)
        anchor = Annotation(
            "utterance",
            interval,
            recording.clocks[0].name,
            {"text": f"satz {number} 你好"},
            Origin.MODEL if number % 2 else Origin.HUMAN,
            "test",
            0.5 if number % 2 else None,
            tier="mother" if number % 2 else "child",
        )
        pitch = Annotation("prosody", interval, anchor.clock, {"f0_hz": float("nan")}, Origin.MEASURED, "test")
        spans = tuple(StreamSpan(s.name, str(s.modality), interval, 1.0, "", 2.0) for s in recording.streams)
        made.append(
            Capsule(
                f"{recording.name}:{number:04d}",
                recording.name,
                anchor.clock,
                interval,
                interval.grown(NS_PER_S, NS_PER_S),
                anchor,
                (anchor, pitch),
                spans,
                (Relation(1, "during", 0),),
                synthetic=number == 2,
            )
        )
    return tuple(made)


def build(path: Path, folders: Sequence[Path], *, recipe: Mapping[str, object] | None = None, media: str = "link"):
    """The whole way from folders to a version, as a workflow goes it; gives the store and the version."""
    store = Store.create(path)
    with store.lock():
        recordings = [hash_sources(open_folder(folder)) for folder in folders]
        link_originals(store, recordings, media=media)
        entries = [
            store_recording(store, recording, alignment=align(recording), capsules=capsules(recording))
            for recording in recordings
        ]
        return store, write_version(store, entries, recipe=recipe or {"history_s": 5.0})
