"""Which files and folders hold recordings, and what is known of a file before it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from weft.core import UnreadableError, UsageError
from weft.readers.protocol import HEAD_BYTES, Probe
from weft.readers.recording_toml import FILE_NAME
from weft.readers.registry import reader_for

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


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    if path.is_dir():
        return sum(inner.stat().st_size for inner in path.rglob("*") if inner.is_file())
    return path.stat().st_size


def require_path(path: Path) -> None:
    """Say clearly that a path is not there."""
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")


def is_claimed_whole(folder: Path) -> bool:
    """Whether one reader takes the whole folder."""
    return reader_for(probe_of(folder)) is not None


def probe_of(path: Path) -> Probe:
    """What the readers see of a path."""
    try:
        if path.is_dir():
            return Probe(path, entries=frozenset(entry.name for entry in path.iterdir()))
        with path.open("rb") as stream:
            return Probe(path, head=stream.read(HEAD_BYTES))
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be opened ({error.strerror}); check its permissions") from error


def files_below(paths: Iterable[Path]) -> list[Path]:
    """The files, and the folders that a reader takes whole, below each path."""
    files: list[Path] = []
    for path in paths:
        if path.is_file() or is_claimed_whole(path):
            files.append(path)
        else:
            files += files_below(sorted(entries_of(path)))
    return files


def _recordings_below(folder: Path) -> list[Path]:
    """Recordings at or below a path, in order of name."""
    if folder.is_file() or (folder / FILE_NAME).is_file() or is_claimed_whole(folder):
        return [folder]
    entries = sorted(entries_of(folder))
    if any(entry.is_file() and reader_for(probe_of(entry)) is not None for entry in entries):
        return [folder]
    if any(entry.is_dir() and is_claimed_whole(entry) for entry in entries):
        return [entry for entry in entries if entry.is_dir() for entry in _recordings_below(entry)]
    return [inner for entry in entries if entry.is_dir() for inner in _recordings_below(entry)]


def entries_of(folder: Path) -> list[Path]:
    """What lies in a folder, hidden things and companions left out."""
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise UnreadableError(f"{folder}: cannot be listed ({error.strerror}); check its permissions") from error
    return [entry for entry in entries if not entry.name.startswith(".") and not _is_companion(entry)]


def _is_companion(path: Path) -> bool:
    """Whether a file accompanies recordings and holds none."""
    return path.name == FILE_NAME or (path.is_file() and path.stem.lower() in _COMPANIONS)
