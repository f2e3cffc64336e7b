"""Whether a dataset's files are what its versions say, and which files no version needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from weft.core import DatasetError, Finding, Severity
from weft.dataset.atomic import storage_errors
from weft.dataset.manifest import Fragment
from weft.dataset.store import Store
from weft.readers.finding_files import hash_file


def verify(store: Store) -> tuple[Finding, ...]:
    """One finding for every manifest, fragment or copied original that is not what it should be.

    Every byte of the dataset is read. Files that nobody names are findings of severity
    ``info``: a killed build leaves them and :func:`collect` removes them.
    """
    findings: list[Finding] = []
    named: dict[str, Fragment] = {}
    for number in store.numbers():
        try:
            manifest = store.manifest(number)
        except DatasetError as error:
            findings.append(_damaged(f"versions/{number:06d}.json", str(error)))
            continue
        named |= {part.path: part for entry in manifest.recordings for part in entry.tables.values()}
    for path, fragment in sorted(named.items()):
        findings += _checked(store.root / path, path, fragment.sha256)
    for copy in sorted((store.root / "media").glob("*/*")):
        findings += _checked(copy, copy.relative_to(store.root).as_posix(), copy.name.partition(".")[0])
    findings += [_unused(path) for path in _unnamed(store, set(named))]
    return tuple(findings)


def unused(store: Store) -> tuple[str, ...]:
    """The paths of fragments that no version names; a build that is under way has some, too.

    Raises
    ------
    DatasetError
        If a manifest is damaged: what it named cannot be known.
    """
    manifests = [store.manifest(number) for number in store.numbers()]
    named = {part.path for m in manifests for entry in m.recordings for part in entry.tables.values()}
    return tuple(_unnamed(store, named))


def collect(store: Store) -> tuple[str, ...]:
    """Remove what no version names, and give back the removed paths.

    The receipts of interrupted builds go too, since they may name what is removed.

    Raises
    ------
    DatasetError
        If another writer is at work, or a manifest is damaged (what it named cannot be known).
    """
    with store.lock(), storage_errors(store.root / "tables"):
        unnamed = unused(store)
        for folder in ("receipts", "open"):
            shutil.rmtree(store.work / folder, ignore_errors=True)
        for path in unnamed:
            (store.root / path).unlink(missing_ok=True)
    return unnamed


def _unnamed(store: Store, named: set[str]) -> list[str]:
    """Fragments in the folder that are not among ``named``."""
    found = (path.relative_to(store.root).as_posix() for path in _files_below(store.root / "tables"))
    return [path for path in found if path not in named]


def _files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in order."""
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _checked(path: Path, name: str, sha256: str) -> list[Finding]:
    """A finding if a file is missing or its bytes have another hash."""
    if not path.exists():
        return [_damaged(name, "the file is missing")]
    found = hash_file(path)
    if found != sha256:
        return [_damaged(name, f"expected sha256 {sha256[:16]}..., found {found[:16]}...")]
    return []


def _damaged(name: str, message: str) -> Finding:
    """A file that is not what it was."""
    cure = "restore the file from a copy, or build the version again from the originals"
    return Finding("damaged_file", Severity.ERROR, name, message, cure)


def _unused(name: str) -> Finding:
    """A file that no version names."""
    return Finding(
        "unused_file",
        Severity.INFO,
        name,
        "no version names this file",
        "an interrupted build left it; collect removes it",
    )
