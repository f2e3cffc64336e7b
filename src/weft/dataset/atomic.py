"""Files that appear whole or not at all.

A file is written under a temporary name, flushed to the disk, and then renamed; the
rename is the moment at which it exists. What a killed writer leaves behind is a
temporary file that the next writer sweeps away.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from weft.core import DatasetError

_FULL = {errno.ENOSPC, errno.EDQUOT}


def write_atomically(path: Path, write: Callable[[Path], None], *, work: Path) -> None:
    """Let ``write`` fill a temporary file, then make it ``path`` in one step.

    Parameters
    ----------
    path
        Where the file is to appear; its folder is made if need be.
    write
        Called with the path of the temporary file.
    work
        The folder for temporary files, on the same file system.

    Raises
    ------
    DatasetError
        If the disk is full or the folder cannot be written. ``path`` is then as it was,
        and no temporary file is left.
    """
    with storage_errors(path):
        make_folder(path.parent)
        with temporary_file(work) as temporary:
            write(temporary)
            move_into_place(temporary, path)


@contextmanager
def temporary_file(work: Path) -> Iterator[Path]:
    """A path in ``work`` for a file that may be moved away and is removed if it was not."""
    make_folder(work)
    temporary = work / f"{uuid.uuid4().hex}.tmp"
    try:
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def move_into_place(temporary: Path, path: Path) -> None:
    """Make a finished temporary file ``path``, and wait until the disk has it."""
    _flush(temporary)
    make_folder(path.parent)
    os.replace(temporary, path)  # noqa: PTH105 - tests stand in front of this one call
    _flush(path.parent)


def write_bytes(path: Path, content: bytes, *, work: Path) -> None:
    """Make ``path`` hold ``content``, in one step."""
    write_atomically(path, lambda temporary: _write_all(temporary, content), work=work)


def write_text(path: Path, content: str, *, work: Path) -> None:
    """Make ``path`` hold ``content`` as UTF-8, in one step."""
    write_bytes(path, content.encode("utf-8"), work=work)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, and flush each new entry to the disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush(folder.parent)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a failed write into a ``DatasetError``."""
    try:
        yield
    except OSError as error:
        raise DatasetError(_explained(path, error)) from error


def _explained(path: Path, error: OSError) -> str:
    """What went wrong, what it did not harm, and what to do."""
    if error.errno in _FULL:
        return (
            f"{path}: no space is left on the disk ({_free_mb(path)} MB free); nothing half-written was kept and "
            "earlier versions are intact; free some space and run the same command again"
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"{path}: may not be written ({error.strerror}); check who may write there, or choose another folder"
    return f"{path}: could not be written ({error.strerror or error}); earlier versions are intact"


def _free_mb(path: Path) -> str:
    """The free space where ``path`` is to lie, in megabytes."""
    for folder in path.parents:
        if folder.is_dir():
            with suppress(OSError):
                return f"{shutil.disk_usage(folder).free / 1e6:.1f}"
    return "an unknown number of"


def _write_all(path: Path, content: bytes) -> None:
    """Write and close, so that a full disk is noticed here."""
    with path.open("wb") as stream:
        stream.write(content)


def _flush(path: Path) -> None:
    """Wait until a file, or a folder's entries, are on the disk."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
