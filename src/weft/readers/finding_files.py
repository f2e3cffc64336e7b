"""Which files and folders hold recordings, and what is known of a file before it is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from weft.core import UnreadableError, UsageError
from weft.readers.corrections import CORRECTIONS_NAME
from weft.readers.protocol import HEAD_BYTES, Probe
from weft.readers.recording_toml import FILE_NAME
from weft.readers.registry import reader_for

MARK = "weft.json"
"""The file by which weft knows its own datasets and exports; they hold no recordings."""

_COMPANIONS = {"readme", "license", "licence", "notice", "source", "changelog", "copying", "citation", "authors"}
"""Stems of files that accompany recordings and hold none."""


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
    require_path(top)
    found = _recordings_below(top, ())
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


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    if path.is_dir():
        return sum(inner.stat().st_size for inner in path.rglob("*") if inner.is_file())
    return path.stat().st_size


def require_path(path: Path) -> None:
    """Say clearly that a path is not there, or is what weft itself wrote."""
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    if (path / MARK).is_file():
        raise UsageError(f"{path}: this folder was written by weft and holds no recordings; name the originals' folder")


def is_claimed_whole(folder: Path) -> bool:
    """Whether one reader takes the whole folder."""
    return reader_for(probe_of(folder)) is not None


def probe_of(path: Path) -> Probe:
    """What the readers see of a path."""
    try:
        if path.is_dir():
            return Probe(path, entries=frozenset(entry.name for entry in path.iterdir()))
        if path.exists() and not path.is_file():
            raise UnreadableError(f"{path}: is a pipe, a socket or a device, not a file; leave it out")
        with path.open("rb") as stream:
            return Probe(path, head=stream.read(HEAD_BYTES))
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be opened ({error.strerror}); check its permissions") from error


def files_below(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """The files, and the folders that a reader takes whole, below each path; and what cannot be entered."""
    files: list[Path] = []
    problems: list[str] = []
    for path in paths:
        _collect(path, (), files, problems)
    return files, problems


def _collect(path: Path, above: tuple[Path, ...], files: list[Path], problems: list[str]) -> None:
    """Add the files at or below a path, or why they cannot be listed."""
    try:
        if not path.is_dir() or is_claimed_whole(path):
            files.append(path)
            return
        entries = sorted(entries_of(path, above))
    except UnreadableError as error:
        problems.append(str(error))
        return
    for entry in entries:
        _collect(entry, (*above, path.resolve()), files, problems)


def _recordings_below(folder: Path, above: tuple[Path, ...]) -> list[Path]:
    """Recordings at or below a path, in order of name; what cannot be looked into counts as one."""
    try:
        if folder.is_file() or (folder / FILE_NAME).is_file() or is_claimed_whole(folder):
            return [folder]
        entries = sorted(entries_of(folder, above))
        folders = [entry for entry in entries if entry.is_dir()]
    except UnreadableError:
        return [folder]
    if any(_may_be_read(entry) for entry in entries if entry not in folders):
        return [folder]
    whole = (*above, folder.resolve())
    return [found for inner in folders for found in _recordings_below(inner, whole)]


def _may_be_read(path: Path) -> bool:
    """Whether a reader claims a file, or would if it could be opened; marks about others make no recording."""
    if path.name.endswith(CORRECTIONS_NAME):
        return False
    try:
        return reader_for(probe_of(path)) is not None
    except UnreadableError:
        return True


def entries_of(folder: Path, above: tuple[Path, ...] = ()) -> list[Path]:
    """What lies in a folder, without hidden things, companions, weft's own output and links back upward."""
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".") and not _is_companion(entry)]
    except OSError as error:
        raise UnreadableError(f"{folder}: cannot be listed ({error.strerror}); check its permissions") from error
    here = {*above, folder.resolve()}
    return [entry for entry in entries if not (entry.is_dir() and entry.resolve() in here)]


def _is_companion(path: Path) -> bool:
    """Whether a file or folder accompanies recordings and holds none."""
    if path.is_dir():
        return os.path.isfile(path / MARK)  # noqa: PTH113 - false, not an error, where the folder may not be entered
    return path.name == FILE_NAME or path.stem.lower() in _COMPANIONS
