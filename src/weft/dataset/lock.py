"""One writer at a time, and none after its death.

The lock belongs to the open file, so the operating system gives it back when the
writer ends, however it ends; no stale lock has to be recognised. The file's text only
tells a second writer whom it waits for.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from weft.core import DatasetError
from weft.dataset.atomic import make_folder, storage_errors

_POLL_S = 0.05


@contextmanager
def writer_lock(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock file ``path`` while the block runs.

    Parameters
    ----------
    path
        The lock file; it stays, empty, when the lock is given back.
    wait_s
        How long to wait for another writer before giving up.

    Raises
    ------
    DatasetError
        If another writer still holds it; the message names its process and machine.
    """
    with storage_errors(path):
        make_folder(path.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _wait_for(handle, path, wait_s)
        _sign(handle)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _wait_for(handle: int, path: Path, wait_s: float) -> None:
    """Take the lock, or say who has it."""
    give_up = time.monotonic() + wait_s
    while not _try_lock(handle):
        if time.monotonic() >= give_up:
            raise DatasetError(
                f"{path.parent.parent}: another writer is at work here ({_holder(path)}); "
                "wait until it has finished, or write to another folder"
            )
        time.sleep(_POLL_S)


def _try_lock(handle: int) -> bool:
    """Whether the lock is ours now."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _sign(handle: int) -> None:
    """Leave our name for those who wait."""
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode())


def _holder(path: Path) -> str:
    """Who has it, as far as the file says."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        signature = json.loads(path.read_text())
        return f"process {signature['pid']} on {signature['host']}"
    return "it left no name"
