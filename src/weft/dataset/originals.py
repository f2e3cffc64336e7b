"""The original files: their hashes, where they lie now, and how they are opened again.

A dataset keeps no path in its versions, only names relative to the recording and
hashes. Where a file lies is in ``links.json``, which may be edited when originals move.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from weft.core import DatasetError, Recording, SourceFile, UsageError
from weft.dataset.atomic import storage_errors, write_atomically
from weft.dataset.canonical import content_sha256
from weft.dataset.store import Store
from weft.readers.finding_files import hash_file
from weft.readers.recording_toml import FILE_NAME

Opener = Callable[[Path | Sequence[Path]], Recording]

_SUFFIX = re.compile(r"(\.[A-Za-z0-9]{1,12}){0,2}")
_BLOCK = 1 << 20


def hash_sources(recording: Recording) -> Recording:
    """The recording with the sha256 of every source filled in; each file is read once.

    Raises
    ------
    OSError
        If a file went away since the recording was opened.
    """
    hashed = tuple(
        source if source.sha256 else replace(source, sha256=hash_file(recording.root / source.path))
        for source in recording.sources
    )
    return replace(recording, sources=hashed)


def opened_as(recording: Recording) -> str:
    """``"files"`` if the recording is named after its files, ``"folder"`` if after its folder."""
    names = [PurePosixPath(source.path) for source in recording.sources]
    stems = sorted(name.stem for name in names)
    own = recording.name.rpartition("/")[2]  # twins are told apart by a folder in front of their name
    after_files = sorted(own.split("+")) == stems or [own] == [name.name for name in names]
    return "files" if after_files and own != recording.root.name else "folder"


def files_of(recording: Recording) -> tuple[SourceFile, ...]:
    """The sources, and the ``recording.toml`` that shaped the recording if there is one."""
    notes = recording.root / FILE_NAME
    if opened_as(recording) == "files" or not notes.is_file():
        return recording.sources
    return (*recording.sources, SourceFile(FILE_NAME, notes.stat().st_size, "notes", hash_file(notes)))


def input_hashes(recording: Recording) -> list[str]:
    """The names and hashes of all that a recording was read from, for the key of a step."""
    return [f"{source.path}:{_hash_of(source)}" for source in files_of(recording)]


def links_of(store: Store, recording: Recording) -> dict[str, str]:
    """Where the recording's files lie, by hash, relative to the dataset's folder."""
    links = {}
    for source in files_of(recording):
        path = (recording.root / source.path).resolve()
        links[_hash_of(source)] = _relative(path, store.root)
    return links


def copy_originals(store: Store, recording: Recording) -> dict[str, str]:
    """Copy the recording's files into the dataset, and say where they lie there, by hash.

    A source that is a folder (a bag directory) is copied as a folder.

    Raises
    ------
    DatasetError
        If the disk is full, or a file changed while it was copied.
    """
    links = {}
    for source in files_of(recording):
        sha256, path = _hash_of(source), recording.root / source.path
        match = _SUFFIX.fullmatch("" if path.is_dir() else path.suffix)
        links[sha256] = f"media/{sha256[:2]}/{sha256}{match.group() if match else ''}"
        _copy(path, store.root / links[sha256], work=store.temporary)
        if hash_file(store.root / links[sha256]) != sha256:
            raise DatasetError(f"{path} changed while it was copied, or {links[sha256]} is damaged; remove it")
    return links


def _copy(path: Path, target: Path, *, work: Path) -> None:
    """Copy a file, or every file of a folder, each in one step; what is there already stays."""
    if path.is_dir():
        for inner in sorted(p for p in path.rglob("*") if p.is_file()):
            _copy(inner, target.joinpath(*_safe_parts(inner.relative_to(path).as_posix())), work=work)
    elif not target.is_file():
        write_atomically(target, lambda temporary: _copy_bytes(path, temporary), work=work)


def _copy_bytes(path: Path, target: Path) -> None:
    """Copy the bytes alone; neither times nor permissions belong to the content."""
    with path.open("rb") as original, target.open("wb") as copy:
        while block := original.read(_BLOCK):
            copy.write(block)


class Originals:
    """The files of one stored recording, found again.

    Parameters
    ----------
    store
        The dataset's files; its links say where originals lie.
    recording
        The recording's name.
    sources
        Its files as they were when the version was written.
    """

    def __init__(self, store: Store, recording: str, sources: Sequence[SourceFile]) -> None:
        self._store = store
        self._recording = recording
        self._sources = tuple(sources)

    def check(self, *, verify: bool = False) -> None:
        """Make sure that every original is there with its old size, and with ``verify`` its old bytes.

        Raises
        ------
        DatasetError
            If some are not; all of them are named, with the cure.
        """
        links = self._store.links()
        problems = [problem for source in self._sources if (problem := self._problem(source, links, verify))]
        if problems:
            lines = "\n".join(f"  - {problem}" for problem in problems)
            raise DatasetError(
                f"recording {self._recording!r} cannot be opened again:\n{lines}\n"
                f"put the files back, or write where they lie now into {self._store.root / 'links.json'}"
            )

    def open(self, opener: Opener, kind: str) -> Recording:
        """The recording as it was when the version was written.

        Parameters
        ----------
        opener
            What makes a recording of a folder or of files.
        kind
            ``"folder"`` or ``"files"``, as :func:`opened_as` said then.
        """
        root = self._own_root() or self._stage()
        files = [root / source.path for source in self._sources]
        target: Path | list[Path] = root if kind == "folder" else (files[0] if len(files) == 1 else files)
        return replace(opener(target), name=self._recording)

    def _problem(self, source: SourceFile, links: Mapping[str, str], verify: bool) -> str:
        """What is wrong with one original; empty if nothing."""
        if source.sha256 not in links:
            return f"{source.path}: links.json does not say where it lies (sha256 {source.sha256[:16]}...)"
        path = self._place(links[source.sha256])
        if not path.exists():
            return f"{source.path}: missing, expected at {path}"
        if path.is_file() and path.stat().st_size != source.size_bytes:
            return f"{source.path}: changed, expected {source.size_bytes} bytes, found {path.stat().st_size} at {path}"
        if verify and hash_file(path) != source.sha256:
            return f"{source.path}: changed, the bytes at {path} have another sha256"
        return ""

    def _place(self, link: str) -> Path:
        """Where a link leads."""
        return Path(os.path.normpath(self._store.root / link))

    def _own_root(self) -> Path | None:
        """The folder under which the files still lie by their own names, if they do."""
        links = self._store.links()
        roots = set()
        for source in self._sources:
            place, name = self._place(links[source.sha256]), Path(*_safe_parts(source.path))
            if place.parts[-len(name.parts) :] != name.parts:
                return None
            roots.add(place.parents[len(name.parts) - 1])
        return roots.pop() if len(roots) == 1 else None

    def _stage(self) -> Path:
        """A folder in which the files have their own names again, without a second copy where possible."""
        key = content_sha256([[source.path, source.sha256] for source in self._sources])[:32]
        folder = self._store.work / "open" / key
        if folder.is_dir():
            return folder
        try:
            draft = folder.with_name(f"{uuid.uuid4().hex}.draft")
            draft.mkdir(parents=True)
        except OSError:
            draft = folder = Path(tempfile.mkdtemp(prefix="weft-"))
            atexit.register(_remove_own, folder, os.getpid())
        with storage_errors(folder):
            self._fill(draft)
            if draft != folder:
                with suppress(OSError):
                    draft.rename(folder)
        return folder

    def _fill(self, folder: Path) -> None:
        """Link or, across file systems, copy each file to its own name."""
        links = self._store.links()
        for source in self._sources:
            name, place = folder.joinpath(*_safe_parts(source.path)), self._place(links[source.sha256])
            name.parent.mkdir(parents=True, exist_ok=True)
            if place.is_dir():
                shutil.copytree(place, name, copy_function=_link_or_copy)
            else:
                _link_or_copy(place, name)


def _link_or_copy(place: str | Path, name: str | Path) -> None:
    """A second name for a file; a copy where the file system has none to give."""
    try:
        Path(name).hardlink_to(place)
    except OSError:
        shutil.copyfile(place, name)


def _remove_own(folder: Path, pid: int) -> None:
    """Remove a folder at the end of the process that made it, not of its children."""
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


def _safe_parts(name: str) -> tuple[str, ...]:
    """The parts of a relative name that stays below its folder.

    Raises
    ------
    DatasetError
        If it does not.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or any(part in {"..", "."} or "\\" in part or "\0" in part for part in parts):
        raise DatasetError(f"the source name {name!r} leads out of its recording; the dataset was tampered with")
    return parts


def _hash_of(source: SourceFile) -> str:
    """The source's hash, which must have been filled in."""
    if not source.sha256:
        raise UsageError(f"the source {source.path!r} has no hash yet; call weft.dataset.hash_sources first")
    return source.sha256


def _relative(path: Path, root: Path) -> str:
    """``path`` as seen from ``root``; absolute where no relative path exists (another drive)."""
    try:
        return Path(os.path.relpath(path, root.resolve())).as_posix()
    except ValueError:
        return path.as_posix()
