"""A folder, a file, or several files as one recording."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from weft.core import (
    Clock,
    Evidence,
    Finding,
    Recording,
    Severity,
    SourceFile,
    Stream,
    UnreadableError,
    UnsupportedError,
    UsageError,
)
from weft.readers.protocol import HEAD_BYTES, Contents, Probe, Reader, Request
from weft.readers.recording_toml import FILE_NAME, RecordingNotes, read_notes
from weft.readers.registry import reader_for

Progress = Callable[[str, float], None]

_COMPANIONS = {"readme", "license", "licence", "notice", "source", "changelog", "copying", "citation", "authors"}
"""Stems of files that accompany recordings and hold none."""


@dataclass(frozen=True)
class _Found:
    """A file with the reader that claims it."""

    path: Path
    name: str
    reader: Reader

    @property
    def stem(self) -> str:
        """The name that its clock gets when nothing speaks against it."""
        return self.path.name if self.path.is_dir() else self.path.stem


def open_recording(
    path: str | Path | Sequence[str | Path],
    *,
    reference: str = "",
    skip_unreadable: bool = False,
    progress: Progress | None = None,
) -> Recording:
    """The recording that a folder, a file or several files hold.

    A folder is one recording with all that lies below it. Each file's clock is named
    after its stem, unless ``recording.toml`` says otherwise; files that describe another
    of the same stem (a TextGrid beside its WAV) read that one's clock. Samples stay in
    the files until they are asked for.

    Parameters
    ----------
    path
        A folder, a file, or several files.
    reference
        The reference clock's name; overrides ``recording.toml``.
    skip_unreadable
        Leave broken files out with a finding of severity error instead of raising.
    progress
        Called with what is being read and the share done, 0..1.

    Raises
    ------
    UnreadableError
        If a file is broken, or nothing can be read; all problems are named at once.
    UsageError
        If a path does not exist or ``recording.toml`` names what is not there.
    """
    paths = [Path(path)] if isinstance(path, (str, Path)) else [Path(one) for one in path]
    root, name = _root_of(paths)
    notes = read_notes(root) if len(paths) == 1 and paths[0].is_dir() else RecordingNotes()
    found, findings = _find_files(paths, root, notes)
    read, problems, unsupported = _read_all(found, notes, progress)
    if not read:
        problems += unsupported
    elif unsupported:
        findings += [_left_out(problem) for problem in unsupported]
    if problems and not skip_unreadable:
        raise UnreadableError.gather([*problems, *_skip_hint(len(found))])
    findings += [_skipped(problem) for problem in problems]
    if not read:
        raise UnreadableError(_nothing_to_read(paths, findings))
    contents, more = _on_their_clocks(read, notes)
    return _assembled(root, notes.name or name, notes, contents, [*findings, *more], reference=reference)


def find_recordings(path: str | Path) -> list[Path]:
    """The recordings below a path: itself, or each sub-folder of a folder that only holds folders.

    A folder is itself a recording when it has a ``recording.toml``, when a reader claims
    it whole (a bag directory), or when a readable file lies directly in it.

    Raises
    ------
    UsageError
        If the path does not exist.
    UnreadableError
        If there is nothing to read below it.
    """
    top = Path(path)
    _require(top)
    found = _recordings_below(top)
    if not found:
        raise UnreadableError(
            f"{top}: no file below this folder is of a kind that weft reads; `weft inspect --help` lists them"
        )
    return found


def hash_file(path: Path) -> str:
    """The sha256 of a file's bytes, read in pieces; of a folder, that of its files' names and hashes."""
    digest = hashlib.sha256()
    if path.is_dir():
        for inner in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(f"{inner.relative_to(path).as_posix()}\0{hash_file(inner)}\n".encode())
        return digest.hexdigest()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _require(path: Path) -> None:
    """Say clearly that a path is not there."""
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")


def _root_of(paths: list[Path]) -> tuple[Path, str]:
    """The folder that names are relative to, and the recording's name."""
    if not paths:
        raise UsageError("give at least one file or folder")
    for path in paths:
        _require(path)
    first = paths[0].resolve()
    if len(paths) > 1:
        if any(path.is_dir() for path in paths):
            raise UsageError("several paths make one recording only when all of them are files; give one folder")
        parents = {path.resolve().parent for path in paths}
        root = parents.pop() if len(parents) == 1 else Path(*_common_parts([p.resolve().parent for p in paths]))
        return root, "+".join(path.stem for path in paths)
    if first.is_dir() and not _claimed_whole(first):
        return first, first.name
    return first.parent, first.name if first.is_dir() else first.stem


def _common_parts(folders: list[Path]) -> list[str]:
    """The path parts that all folders share."""
    shared = []
    for parts in zip(*(folder.parts for folder in folders), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return shared


def _claimed_whole(folder: Path) -> bool:
    """Whether one reader takes the whole folder."""
    return reader_for(_probe(folder)) is not None


def _probe(path: Path) -> Probe:
    """What the readers see of a path."""
    try:
        if path.is_dir():
            return Probe(path, entries=frozenset(entry.name for entry in path.iterdir()))
        with path.open("rb") as stream:
            return Probe(path, head=stream.read(HEAD_BYTES))
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be opened ({error.strerror}); check its permissions") from error


def _recordings_below(folder: Path) -> list[Path]:
    """Recordings at or below a path, in order of name."""
    if folder.is_file() or (folder / FILE_NAME).is_file() or _claimed_whole(folder):
        return [folder]
    entries = sorted(_entries(folder))
    if any(entry.is_file() and reader_for(_probe(entry)) is not None for entry in entries):
        return [folder]
    if any(entry.is_dir() and _claimed_whole(entry) for entry in entries):
        return [entry for entry in entries if entry.is_dir() for entry in _recordings_below(entry)]
    return [inner for entry in entries if entry.is_dir() for inner in _recordings_below(entry)]


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, hidden things and companions left out."""
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise UnreadableError(f"{folder}: cannot be listed ({error.strerror}); check its permissions") from error
    return [entry for entry in entries if not entry.name.startswith(".") and not _is_companion(entry)]


def _is_companion(path: Path) -> bool:
    """Whether a file accompanies recordings and holds none."""
    return path.name == FILE_NAME or (path.is_file() and path.stem.lower() in _COMPANIONS)


def _find_files(paths: list[Path], root: Path, notes: RecordingNotes) -> tuple[list[_Found], list[Finding]]:
    """Every file that a reader claims, in order of name, and findings about the others."""
    found: list[_Found] = []
    findings: list[Finding] = []
    missing = [name for name in notes.files if not (root / name).exists()]
    if missing:
        raise UsageError(
            f"{root / FILE_NAME} describes {', '.join(sorted(missing))}, but no such file lies in the folder"
        )
    for path in _files_of(paths):
        name = path.resolve().relative_to(root).as_posix() if path.resolve().is_relative_to(root) else path.name
        if notes.ignores(name):
            findings.append(Finding("ignored_file", Severity.INFO, name, "left out, as recording.toml asks"))
            continue
        reader = reader_for(_probe(path))
        if reader is not None:
            found.append(_Found(path.resolve(), name, reader))
        elif len(paths) == 1 and path == paths[0]:
            raise UnsupportedError(
                f"{path}: no reader of weft knows this kind of file; `weft inspect --help` lists the kinds"
            )
        else:
            findings.append(_unrecognised(name))
    return found, findings


def _files_of(paths: Iterable[Path]) -> list[Path]:
    """The files, and the folders that a reader takes whole, below each path."""
    files: list[Path] = []
    for path in paths:
        if path.is_file() or _claimed_whole(path):
            files.append(path)
        else:
            files += _files_of(sorted(_entries(path)))
    return files


def _read_all(
    found: list[_Found], notes: RecordingNotes, progress: Progress | None
) -> tuple[list[tuple[_Found, Contents]], list[str], list[str]]:
    """What each file holds on a clock named after its stem, what is broken, and what is whole but not known."""
    read: list[tuple[_Found, Contents]] = []
    problems: list[str] = []
    unsupported: list[str] = []
    for number, file in enumerate(found):
        if progress:
            progress(f"reading {file.name}", number / len(found))
        try:
            read.append((file, file.reader.read(_request(file, _first_name(file, notes), notes))))
        except UnreadableError as error:
            problems.append(str(error))
        except UnsupportedError as error:
            unsupported.append(str(error))
        except PermissionError:
            problems.append(f"{file.name}: permission denied; check who may read it")
    return read, problems, unsupported


def _request(file: _Found, clock: str, notes: RecordingNotes) -> Request:
    """What the file's reader is asked."""
    return Request(file.path, file.name, clock, notes.options_of(file.name))


def _first_name(file: _Found, notes: RecordingNotes) -> str:
    """The clock's name before the other files are known."""
    return str(notes.files.get(file.name, {}).get("clock", "")) or file.stem


def _on_their_clocks(
    read: list[tuple[_Found, Contents]], notes: RecordingNotes
) -> tuple[list[tuple[_Found, Contents]], list[Finding]]:
    """The contents with clocks told apart and followers on the clock that they describe."""
    leading = [(file, contents) for file, contents in read if not contents.follows_stem]
    names = Counter(_first_name(file, notes) for file, _ in leading if not notes.files.get(file.name, {}).get("clock"))
    settled: list[tuple[_Found, Contents]] = []
    findings: list[Finding] = []
    leaders: dict[str, str] = {}
    for file, contents in leading:
        clock = _first_name(file, notes)
        if names[clock] > 1 and not notes.files.get(file.name, {}).get("clock"):
            findings.append(_shared_stem(file, clock))
            clock = file.name
            contents = file.reader.read(_request(file, clock, notes))
        leaders.setdefault(file.stem, clock)
        settled.append((file, contents))
    for file, contents in read:
        if contents.follows_stem:
            clock, remark = _leader_of(file, leaders, notes)
            findings += remark
            if clock != _first_name(file, notes):
                contents = file.reader.read(_request(file, clock, notes))
            settled.append((file, contents))
    return settled, findings


def _leader_of(file: _Found, leaders: dict[str, str], notes: RecordingNotes) -> tuple[str, list[Finding]]:
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
    return _first_name(file, notes), [
        Finding(
            "unclear_clock",
            Severity.WARNING,
            file.name,
            f"no file has the stem {file.stem!r}, so it is not known whose clock these times read",
            f'name it in recording.toml: [files."{file.name}"] clock = "..."',
        )
    ]


def _assembled(
    root: Path,
    name: str,
    notes: RecordingNotes,
    contents: list[tuple[_Found, Contents]],
    findings: list[Finding],
    *,
    reference: str,
) -> Recording:
    """One recording of all contents."""
    clocks: dict[str, Clock] = {}
    streams: list[Stream] = []
    evidence: list[Evidence] = list(notes.relations)
    for _, content in contents:
        for clock in content.clocks:
            clocks.setdefault(clock.name, clock)
        streams += _renamed_apart(content.streams, {stream.name for stream in streams})
        evidence += content.evidence
        findings += content.findings
    for relation in notes.relations:
        for clock_name in (relation.clock, relation.reference):
            if clock_name not in clocks:
                raise UsageError(
                    f"{FILE_NAME} relates clock {clock_name!r}, but the recording has {', '.join(sorted(clocks))}"
                )
    chosen = reference or notes.reference
    if chosen and chosen not in clocks:
        raise UsageError(f"there is no clock {chosen!r} to refer to; the recording has {', '.join(sorted(clocks))}")
    return Recording(
        name=name,
        root=root,
        streams=notes.apply_to(tuple(streams)),
        clocks=tuple(clocks.values()),
        annotations=tuple(annotation for _, content in contents for annotation in content.annotations),
        evidence=tuple(evidence),
        sources=tuple(SourceFile(file.name, _size_of(file.path), file.reader.name) for file, _ in contents),
        findings=tuple(findings),
        reference=chosen,
    )


def _renamed_apart(streams: tuple[Stream, ...], taken: set[str]) -> list[Stream]:
    """The streams with a number added to names that are taken."""
    apart = []
    for stream in streams:
        name, number = stream.name, 1
        while name in taken:
            number += 1
            name = f"{stream.name}_{number}"
        taken.add(name)
        apart.append(stream if name == stream.name else replace(stream, name=name))
    return apart


def _size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    if path.is_dir():
        return sum(inner.stat().st_size for inner in path.rglob("*") if inner.is_file())
    return path.stat().st_size


def _skip_hint(files: int) -> list[str]:
    """How to go on without the broken files, where others remain."""
    if files < 2:
        return []
    return ["to go on without them: pass --skip-unreadable, or set ignore = true for them in recording.toml"]


def _skipped(problem: str) -> Finding:
    """A broken file that was left out on request."""
    return Finding(
        "unreadable_file",
        Severity.ERROR,
        problem.partition(":")[0],
        problem,
        "repair or replace the file; until then the recording lacks it",
    )


def _left_out(problem: str) -> Finding:
    """A whole file of a variety that weft does not know, beside others that it does."""
    return Finding(
        "unsupported_file",
        Severity.WARNING,
        problem.partition(":")[0],
        problem,
        "describe it in recording.toml as the message says, or set ignore = true for it",
    )


def _unrecognised(name: str) -> Finding:
    """A file that no reader claims."""
    return Finding(
        "unrecognised_file",
        Severity.INFO,
        name,
        "no reader knows this kind of file; it was left out",
        "convert it to a kind that `weft inspect --help` lists, or ignore this",
    )


def _shared_stem(file: _Found, clock: str) -> Finding:
    """Two devices' files that share a stem."""
    return Finding(
        "shared_stem",
        Severity.INFO,
        file.name,
        f"several files have the stem {clock!r}; this one's clock is called {file.name!r}",
        f'if they were recorded by one device, say so: [files."{file.name}"] clock = "{clock}"',
    )


def _nothing_to_read(paths: list[Path], findings: list[Finding]) -> str:
    """Why there is no recording."""
    left_out = ", ".join(finding.subject for finding in findings[:8])
    what = ", ".join(str(path) for path in paths)
    return f"{what}: nothing to read" + (f"; left out: {left_out}" if left_out else "; the folder is empty")
