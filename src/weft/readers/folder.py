"""A folder, a file, or several files as one recording."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
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
from weft.core.assumptions import ASSUMPTIONS
from weft.readers.clock_names import FoundFile, first_clock_name, request_for, tell_clocks_apart
from weft.readers.corrections import corrections_of, unknown_clocks
from weft.readers.finding_files import files_below, is_claimed_whole, probe_of, require_path, size_of
from weft.readers.folder_findings import skipped_file, unrecognised_file, unsupported_file
from weft.readers.protocol import Contents
from weft.readers.recording_toml import FILE_NAME, RecordingNotes, read_notes
from weft.readers.registry import reader_for

Progress = Callable[[str, float], None]


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
    given = [Path(path)] if isinstance(path, (str, Path)) else [Path(one) for one in path]
    paths = list({_in_full(one): one for one in given}.values())
    root, name = _root_of(paths)
    notes = read_notes(root) if len(paths) == 1 and paths[0].is_dir() else RecordingNotes()
    found, unopened, findings = _find_files(paths, root, notes)
    read, broken, unsupported = _read_all(found, notes, progress)
    problems = [*unopened, *broken]
    if not read:
        problems += unsupported
    elif unsupported:
        findings += [unsupported_file(problem) for problem in unsupported]
    if problems and not skip_unreadable:
        raise UnreadableError(f"{UnreadableError.gather(problems)}{_skip_hint(len(found) + len(unopened))}")
    findings += [skipped_file(problem) for problem in problems]
    if not read:
        raise UnreadableError(_nothing_to_read(paths, findings))
    contents, more = tell_clocks_apart(read, notes)
    return _assembled(root, notes.name or name, notes, contents, [*findings, *more], reference=reference)


def _root_of(paths: list[Path]) -> tuple[Path, str]:
    """The folder that names are relative to, and the recording's name."""
    if not paths:
        raise UsageError("give at least one file or folder")
    for path in paths:
        require_path(path)
    first = _in_full(paths[0])
    if len(paths) > 1:
        if any(path.is_dir() for path in paths):
            raise UsageError("several paths make one recording only when all of them are files; give one folder")
        parents = [_in_full(path).parent for path in paths]
        root = parents[0] if len(set(parents)) == 1 else Path(*_common_parts(parents))
        return root, "+".join(path.stem for path in paths)
    if first.is_dir() and not is_claimed_whole(first):
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


def _find_files(
    paths: list[Path], root: Path, notes: RecordingNotes
) -> tuple[list[FoundFile], list[str], list[Finding]]:
    """Every file that a reader claims, in order of name, what cannot be opened, and findings about the others."""
    found: list[FoundFile] = []
    findings: list[Finding] = []
    missing = [name for name in notes.files if not (root / name).exists()]
    if missing:
        raise UsageError(
            f"{root / FILE_NAME} describes {', '.join(sorted(missing))}, but no such file lies in the folder"
        )
    files, problems = files_below([_in_full(path) for path in paths])
    if len(paths) == 1 and (whole := _in_full(paths[0])) != root:
        files += [beside for beside in [corrections_of(whole, is_whole=True)] if beside.is_file()]
    for path in dict.fromkeys(files):
        name = path.relative_to(root).as_posix()
        if notes.ignores(name):
            findings.append(Finding("ignored_file", Severity.INFO, name, "left out, as recording.toml asks"))
            continue
        try:
            _require_unicode(name)
            reader = reader_for(probe_of(path))
        except UnreadableError as error:
            problems.append(str(error))
            continue
        if reader is not None:
            found.append(FoundFile(path, name, reader))
        elif len(paths) == 1 and path == files[0] and not paths[0].is_dir():
            raise UnsupportedError(
                f"{paths[0]}: no reader of weft knows this kind of file; `weft inspect --help` lists the kinds"
            )
        else:
            findings.append(unrecognised_file(name))
    return found, [problem.removeprefix(f"{root}{os.sep}") for problem in problems], findings


def _in_full(path: Path) -> Path:
    """A path from the top; a file that is a link keeps its own name."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def _require_unicode(name: str) -> None:
    """Refuse a name whose bytes are no text: it cannot be written into a dataset."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise UnreadableError(f"{name}: its name is not valid UTF-8; rename it") from error


def _read_all(
    found: list[FoundFile], notes: RecordingNotes, progress: Progress | None
) -> tuple[list[tuple[FoundFile, Contents]], list[str], list[str]]:
    """What each file holds on a clock named after its stem, what is broken, and what is whole but not known."""
    read: list[tuple[FoundFile, Contents]] = []
    problems: list[str] = []
    unsupported: list[str] = []
    for number, file in enumerate(found):
        if progress:
            progress(f"reading {file.name}", number / len(found))
        try:
            read.append((file, file.reader.read(request_for(file, first_clock_name(file, notes), notes))))
        except UnreadableError as error:
            problems.append(str(error))
        except UnsupportedError as error:
            unsupported.append(str(error))
        except PermissionError:
            problems.append(f"{file.name}: permission denied; check who may read it")
    return read, problems, unsupported


def _assembled(
    root: Path,
    name: str,
    notes: RecordingNotes,
    contents: list[tuple[FoundFile, Contents]],
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
        evidence += () if content.names_others else content.evidence
        findings += content.findings
    for file, content in contents:
        for one in content.evidence if content.names_others else ():
            if {one.clock, one.reference} <= set(clocks):
                evidence.append(one)
            else:
                findings.append(unknown_clocks(file.name, one, clocks))
    for relation in notes.relations:
        for clock_name in (relation.clock, relation.reference):
            if clock_name not in clocks:
                raise UsageError(
                    f"{FILE_NAME} relates clock {clock_name!r}, but the recording has {', '.join(sorted(clocks))}"
                )
    strangers = sorted(set(notes.assumptions) - {"", *clocks})
    if strangers:
        raise UsageError(
            f"{FILE_NAME} describes clock {', '.join(strangers)}, but the recording has {', '.join(sorted(clocks))}"
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
        sources=tuple(SourceFile(file.name, size_of(file.path), file.reader.name) for file, _ in contents),
        findings=tuple(findings),
        reference=chosen,
        details={ASSUMPTIONS: notes.assumptions} if notes.assumptions else {},
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


def _skip_hint(files: int) -> str:
    """How to go on without the broken files, where others remain."""
    if files < 2:
        return ""
    return "\nto go on without what is broken: pass --skip-unreadable, or set ignore = true for it in recording.toml"


def _nothing_to_read(paths: list[Path], findings: list[Finding]) -> str:
    """Why there is no recording."""
    left_out = ", ".join(finding.subject for finding in findings[:8])
    what = ", ".join(str(path) for path in paths)
    return f"{what}: nothing to read" + (f"; left out: {left_out}" if left_out else "; the folder is empty")
