"""What a report shows, from a dataset's version or from recordings in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from weft.core import (
    Alignment,
    Capsule,
    DatasetError,
    Finding,
    Interval,
    Recording,
    SourceFile,
    Status,
    UnreadableError,
    Version,
)
from weft.report.clip import Clip
from weft.report.clips import clips_of
from weft.report.coverage import stream_data
from weft.report.data import Card, RecordingData, ReportData, StreamData
from weft.report.pictures import card_of, choose_capsules

if TYPE_CHECKING:
    from weft.dataset import Dataset

MOST_OPENED = 12
"""Recordings whose originals are opened again for gaps, pictures and sound."""

MOST_CLIPPED = 4
"""Recordings of which a moment is heard as recorded and as aligned."""

MOST_CARDS = 6

Built = tuple[Recording, Alignment, tuple[Capsule, ...]]


def data_of_recordings(
    built: Sequence[Built], version: Version, *, name: str = "", findings: Sequence[tuple[str, Finding]] = ()
) -> ReportData:
    """What a report shows of recordings in memory.

    Parameters
    ----------
    built
        Each recording with its alignment and its capsules.
    version
        What was made of them.
    name
        Of the dataset.
    findings
        More findings, each with the name of its recording; those of the recordings and
        alignments are taken anyway.
    """
    ordered = sorted(built, key=lambda one: one[0].name)
    recordings, cards = [], []
    for number, (recording, alignment, capsules) in enumerate(ordered):
        more = tuple(finding for owner, finding in findings if owner == recording.name)
        recordings.append(
            RecordingData(
                name=recording.name,
                alignment=alignment,
                streams=tuple(stream_data(stream, alignment[stream.clock]) for stream in recording.streams),
                sources=recording.sources,
                findings=_distinct((*recording.findings, *alignment.findings, *more)),
                capsules=len(capsules),
                clips=_clips(recording, alignment, number),
            )
        )
        if number < MOST_OPENED:
            chosen = choose_capsules(capsules, _cards_each(len(ordered)))
            cards += [card_of(capsule, recording, alignment) for capsule in chosen]
    return ReportData(name, version, tuple(recordings), _spread(cards), installed_version())


def data_of_dataset(dataset: Dataset) -> ReportData:
    """What a report shows of a dataset's version.

    The tables are read; the originals of the first :data:`MOST_OPENED` recordings are opened
    again for gaps, pictures and sound. Where they cannot be, the report says so.
    """
    tables = {name: _by_recording(dataset, name) for name in ("streams", "sources")}
    findings = defaultdict(list)
    for row, finding in zip(dataset.table("findings").to_pylist(), dataset.findings, strict=True):
        findings[row["recording"]].append(finding)
    counts: dict[str, int] = defaultdict(int)
    for owner in dataset.table("capsules", columns=["recording"])["recording"].to_pylist():
        counts[owner] += 1
    recordings, cards, notes = [], [], []
    for number, name in enumerate(dataset.recordings):
        alignment = dataset.alignment(name)
        clips: tuple[Clip, ...] = ()
        streams = tuple(_stream_of(row) for row in tables["streams"][name])
        if number < MOST_OPENED:
            try:
                opened = dataset.recording(name)
                streams = tuple(stream_data(stream, alignment[stream.clock]) for stream in opened.streams)
                chosen = _chosen(dataset, name, _cards_each(len(dataset.recordings)))
                cards += [card_of(capsule, opened, alignment) for capsule in chosen]
                clips = _clips(opened, alignment, number)
            except (DatasetError, UnreadableError, OSError):
                # The reason names folders of this machine; weft check tells it.
                notes.append(f"{name}: its originals could not be read, so gaps, pictures and sound are not shown")
        sources = tuple(
            SourceFile(row["path"], row["size_bytes"], row["reader"], row["sha256"]) for row in tables["sources"][name]
        )
        recordings.append(
            RecordingData(name, alignment, streams, sources, _distinct(findings[name]), counts[name], clips)
        )
    if len(dataset.recordings) > MOST_OPENED:
        notes.append(f"gaps, pictures and sound are shown for the first {MOST_OPENED} recordings")
    weft = installed_version()
    return ReportData(dataset.path.name, dataset.version, tuple(recordings), _spread(cards), weft, tuple(notes))


def _clips(recording: Recording, alignment: Alignment, number: int) -> tuple[Clip, ...]:
    """One clip of each of the first recordings: a page holds few sounds."""
    return tuple(clips_of(recording, alignment, most=1)) if number < MOST_CLIPPED else ()


def _by_recording(dataset: Dataset, table: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of one table by recording."""
    rows = defaultdict(list)
    for row in dataset.table(table).to_pylist():
        rows[row["recording"]].append(row)
    return rows


def _stream_of(row: dict[str, Any]) -> StreamData:
    """A stream as the dataset's table tells of it, without its gaps."""
    span = None
    if row["reference_start_ns"] is not None and row["reference_stop_ns"] is not None:
        span = Interval(row["reference_start_ns"], row["reference_stop_ns"])
    return StreamData(
        name=row["stream"],
        modality=row["modality"],
        clock=row["clock"],
        samples=row["samples"],
        status=Status(row["status"]),
        nominal_rate_hz=row["nominal_rate_hz"],
        effective_rate_hz=row["effective_rate_hz"],
        source=row["source"],
        duration_ns=(row["device_stop_ns"] or 0) - (row["device_start_ns"] or 0),
        span=span,
        stretches=(span,) if span is not None else (),
    )


def _chosen(dataset: Dataset, name: str, count: int) -> list[Capsule]:
    """A few capsules of one recording, without reading all of a long one's."""
    found = dataset.capsules(recording=name)
    some = [found[i] for i in range(0, len(found), max(1, len(found) // 30))]
    return choose_capsules(some, count)


def _cards_each(recordings: int) -> int:
    """How many capsules of each recording are shown."""
    return max(1, MOST_CARDS // max(1, recordings))


def _spread(cards: Sequence[Card]) -> tuple[Card, ...]:
    """At most :data:`MOST_CARDS`, spread evenly."""
    count = min(MOST_CARDS, len(cards))
    return tuple(cards[len(cards) * i // count] for i in range(count))


def _distinct(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Each finding once, the worst first, in a fixed order."""
    kept = {(f.check, f.severity, f.subject, f.message): f for f in findings}
    return tuple(sorted(kept.values(), key=lambda f: (-f.severity.rank, f.check, f.subject, f.message)))


def installed_version() -> str:
    """The installed version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("weft")
    except PackageNotFoundError:
        return "unknown"
