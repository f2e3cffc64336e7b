"""Toy recordings, alignments, capsules and datasets, made in milliseconds, for tests of what comes after.

The files hold seeded noise behind a reader of a few lines, so that a test of datasets,
loaders or reports needs neither codecs nor the solver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    Version,
    Window,
)
from weft.core.times import NS_PER_S
from weft.dataset.originals import hash_sources
from weft.dataset.store import Store
from weft.dataset.write import Media, link_originals, store_recording, write_version

SECONDS = 10
RATE_HZ = 100


def write_toy_folder(folder: Path, *, seed: int = 0, names: Sequence[str] = ("cam.bin", "mic.bin")) -> Path:
    """A folder with one file of seeded noise per name; ``cam*`` counts as video, all else as sound."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        noise = np.random.default_rng([seed, number]).standard_normal(SECONDS * RATE_HZ)
        (folder / name).write_bytes(noise.astype("<f4").tobytes())
    return folder


def open_toy(path: Path | Sequence[Path]) -> Recording:
    """The recording of a toy folder, file or files; clocks are named after stems, as by weft's readers."""
    if isinstance(path, Path):
        files = sorted(path.glob("*.bin")) if path.is_dir() else [path]
        root = path if path.is_dir() else path.parent
        name = path.stem
    else:
        files, root, name = list(path), path[0].parent, "+".join(file.stem for file in path)
    finding = Finding("made_up", Severity.INFO, name, "made by a test, 3 of 4", numbers={"three": 3.0})
    return Recording(
        name,
        root,
        tuple(_stream(file) for file in files),
        tuple(Clock(file.stem) for file in files),
        annotations=_words(files[0].stem),
        sources=tuple(SourceFile(file.name, file.stat().st_size, "toy") for file in files),
        findings=(finding,),
        aligner=ToyView,
    )


def _stream(file: Path) -> Stream:
    """One file's stream: sound as it is, or tiny pictures of one colour, which is their number."""
    values: NDArray[Any] = np.frombuffer(file.read_bytes(), "<f4")
    modality = Modality.VIDEO if file.stem.startswith("cam") else Modality.AUDIO
    if modality is Modality.VIDEO:
        colours = (np.arange(len(values)) % 256).astype(np.uint8)
        values = np.broadcast_to(colours[:, None, None, None], (len(values), 8, 8, 3))
    return Stream(
        f"{file.stem}/{modality}",
        modality,
        file.stem,
        RegularTimeline(0, Fraction(RATE_HZ), len(values)),
        ArraySamples(values),
        nominal_rate_hz=float(RATE_HZ),
        source=file.name,
    )


def _words(clock: str) -> tuple[Annotation, ...]:
    """Three words on one clock."""
    places = [Interval(i * NS_PER_S, (i + 1) * NS_PER_S) for i in range(3)]
    return tuple(Annotation("word", place, clock, f"wört {i}", method="toy") for i, place in enumerate(places))


@dataclass(frozen=True)
class ToyView:
    """The nearest sample of each aligned stream: the simplest aligned view there is."""

    recording: Recording
    alignment: Alignment

    def window(self, start_ns: int, stop_ns: int, rates_hz: Mapping[str, float] | None = None) -> Window:
        """Each stream's nearest samples on a regular grid."""
        slices = {}
        for stream in self.recording.streams:
            rate_hz = (rates_hz or {}).get(stream.name, RATE_HZ)
            times_ns = np.arange(start_ns, stop_ns, round(NS_PER_S / rate_hz), dtype=np.int64)
            slices[stream.name] = self._slice(stream, times_ns)
        return Window(Interval(start_ns, stop_ns), slices)

    def _slice(self, stream: Stream, times_ns: NDArray[np.int64]) -> Slice:
        """One stream's nearest samples."""
        time_map = self.alignment.map_of(stream.clock)
        if time_map is None:
            nothing = np.zeros((len(times_ns), *stream.samples.shape[1:]), stream.samples.dtype)
            return Slice(stream.name, times_ns, nothing, np.zeros(len(times_ns), bool), "not_aligned")
        index = np.round(time_map.inverse(times_ns) * RATE_HZ / NS_PER_S).astype(int)
        valid = (index >= 0) & (index < len(stream))
        values = np.array(stream.samples.read(0, len(stream))[np.clip(index, 0, len(stream) - 1)])
        values[~valid] = 0
        return Slice(stream.name, times_ns, values, valid, "" if valid.all() else "ended", error95_ns=2e6)


def toy_alignment(recording: Recording, *, offset_ms: float = 250.0, lost: Sequence[str] = ()) -> Alignment:
    """The first clock is the reference; the others are ``offset_ms`` behind it, or lost."""
    reference = recording.clocks[0].name
    behind_ns = round(offset_ms * 1e6)
    entries, evidence = [], []
    for clock in recording.clocks:
        streams = tuple(stream.name for stream in recording.streams_of(clock.name))
        if clock.name in lost:
            entries.append(ClockAlignment(clock, streams, Status.NOT_ALIGNED, None, note="nothing relates it"))
        elif clock.name == reference:
            entries.append(ClockAlignment(clock, streams, Status.ALIGNED, TimeMap.identity(reference)))
        else:
            time_map = TimeMap.affine(clock.name, reference, offset_ns=behind_ns, drift=1e-5)
            residuals = (Residual(5 * NS_PER_S, 1234.5, 1e5, "audio"),)
            entries.append(ClockAlignment(clock, streams, Status.ALIGNED, time_map, ("audio",), residuals))
            moments, offsets = np.array([0, NS_PER_S]), np.array([behind_ns, behind_ns])
            evidence.append(Evidence(clock.name, reference, moments, offsets, np.array([1e5, 1e5]), "audio"))
    return Alignment(recording.name, reference, tuple(entries), tuple(evidence))


def toy_capsules(recording: Recording, *, count: int = 3) -> tuple[Capsule, ...]:
    """Utterances of one second, one every two seconds, by child and mother in turn; every third is synthetic."""
    return tuple(_capsule(recording, number) for number in range(count))


def _capsule(recording: Recording, number: int) -> Capsule:
    """One utterance with its context."""
    interval = Interval(2 * number * NS_PER_S, (2 * number + 1) * NS_PER_S)
    clock, by_model = recording.clocks[0].name, bool(number % 2)
    anchor = Annotation(
        "utterance",
        interval,
        clock,
        {"text": f"satz {number} 你好"},
        Origin.MODEL if by_model else Origin.HUMAN,
        "toy",
        0.5 if by_model else None,
        tier="mother" if by_model else "child",
    )
    pitch = Annotation("prosody", interval, clock, {"f0_hz": 200.0 + number}, Origin.MEASURED, "toy")
    return Capsule(
        f"{recording.name}:{number:06d}",
        recording.name,
        clock,
        interval,
        interval.grown(NS_PER_S, NS_PER_S),
        anchor,
        (anchor, pitch),
        tuple(StreamSpan(s.name, str(s.modality), interval, 1.0, "", 2.0) for s in recording.streams),
        (Relation(1, "during", 0),),
        synthetic=number % 3 == 2,
    )


def build_toy_dataset(
    path: Path, folders: Sequence[Path], *, recipe: Mapping[str, Any] | None = None, media: Media = "link"
) -> Version:
    """The whole way from toy folders to a version, as a workflow goes it."""
    store = Store.create(path)
    with store.lock():
        recordings = [hash_sources(open_toy(folder)) for folder in folders]
        link_originals(store, recordings, media=media)
        entries = [
            store_recording(store, one, alignment=toy_alignment(one), capsules=toy_capsules(one)) for one in recordings
        ]
        return write_version(store, entries, recipe=recipe or {"history_s": 5.0})
