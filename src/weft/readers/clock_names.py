"""How the clocks of a folder's files are called, and whose clock a describing file reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from weft.core import Finding, Severity
from weft.readers.protocol import Contents, Reader, Request
from weft.readers.recording_toml import RecordingNotes


@dataclass(frozen=True)
class FoundFile:
    """A file with the reader that claims it."""

    path: Path
    name: str
    reader: Reader

    @property
    def stem(self) -> str:
        """The name that its clock gets when nothing speaks against it."""
        return self.path.name if self.path.is_dir() else self.path.stem


def request_for(file: FoundFile, clock: str, notes: RecordingNotes) -> Request:
    """What the file's reader is asked."""
    return Request(file.path, file.name, clock, notes.options_of(file.name))


def first_clock_name(file: FoundFile, notes: RecordingNotes) -> str:
    """The clock's name before the other files are known."""
    return str(notes.files.get(file.name, {}).get("clock", "")) or file.stem


def tell_clocks_apart(
    read: list[tuple[FoundFile, Contents]], notes: RecordingNotes
) -> tuple[list[tuple[FoundFile, Contents]], list[Finding]]:
    """The contents with clocks told apart and followers on the clock that they describe."""
    leading = [(file, contents) for file, contents in read if not contents.follows_stem]
    undeclared = [file for file, _ in leading if not notes.files.get(file.name, {}).get("clock")]
    names = Counter(first_clock_name(file, notes) for file in undeclared)
    settled: list[tuple[FoundFile, Contents]] = []
    findings: list[Finding] = []
    leaders: dict[str, str] = {}
    for file, contents in leading:
        clock = first_clock_name(file, notes)
        if names[clock] > 1 and not notes.files.get(file.name, {}).get("clock"):
            findings.append(_shared_stem(file, clock))
            clock = file.name
            contents = file.reader.read(request_for(file, clock, notes))
        leaders.setdefault(file.stem, clock)
        settled.append((file, contents))
    for file, contents in read:
        if contents.follows_stem:
            clock, remark = _leader_of(file, leaders, notes)
            findings += remark
            if clock != first_clock_name(file, notes):
                contents = file.reader.read(request_for(file, clock, notes))
            settled.append((file, contents))
    return settled, findings


def _leader_of(file: FoundFile, leaders: dict[str, str], notes: RecordingNotes) -> tuple[str, list[Finding]]:
    """The clock that a describing file reads, and a finding where it had to be assumed."""
    declared = notes.files.get(file.name, {}).get("clock")
    if declared:
        return str(declared), []
    stem = file.stem
    while stem:
        if stem in leaders:
            return leaders[stem], []
        stem = stem.rpartition(".")[0]
    if len(set(leaders.values())) == 1:
        clock = next(iter(leaders.values()))
        return clock, [
            Finding(
                "assumed_clock",
                Severity.INFO,
                file.name,
                f"no file has the stem {file.stem!r}; taken to describe {clock!r}, the only clock here",
                f'name it: [files."{file.name}"] clock = "{clock}"',
            )
        ]
    return first_clock_name(file, notes), [
        Finding(
            "unclear_clock",
            Severity.WARNING,
            file.name,
            f"no file has the stem {file.stem!r}, so it is not known whose clock these times read",
            f'name it in recording.toml: [files."{file.name}"] clock = "..."',
        )
    ]


def _shared_stem(file: FoundFile, clock: str) -> Finding:
    """Two devices' files that share a stem."""
    return Finding(
        "shared_stem",
        Severity.INFO,
        file.name,
        f"several files have the stem {clock!r}; this one's clock is called {file.name!r}",
        f'if they were recorded by one device, say so: [files."{file.name}"] clock = "{clock}"',
    )
