"""Appending to a file of corrections so that nothing said is lost and nobody overwrites anybody."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from weft.core import UsageError
from weft.readers.corrections import MARK, Pair, pair_of, read_pairs

LARGEST_SD_MS = 10_000.0


class Corrections:
    """A file of corrections, opened anew for each line; several pages and processes may append to it.

    Parameters
    ----------
    path
        Made when the first line is saved, never before.
    clocks
        The recording's clocks; a pair of others is refused.
    """

    def __init__(self, path: Path, clocks: Sequence[str]) -> None:
        self.path = path
        self._clocks = frozenset(clocks)

    def pairs(self) -> list[Pair]:
        """The pairs in force."""
        return read_pairs(self.path)[0]

    def save(self, marked: Sequence[Mapping[str, Any]]) -> list[Pair]:
        """Append pairs, all or none, and return those in force.

        Raises
        ------
        UsageError
            If one of them cannot be.
        """
        lines = [self._line(record) for record in marked]
        if lines:
            self._append(lines)
        return self.pairs()

    def undo(self, pair_id: str) -> list[Pair]:
        """Append that a pair is taken back, and return those in force.

        Raises
        ------
        UsageError
            If no pair of that name is in force.
        """
        if pair_id not in {pair.id for pair in self.pairs()}:
            raise UsageError("this pair is not in force: another page may have taken it back")
        self._append([{**MARK, "id": secrets.token_hex(4), "undoes": pair_id, "written": _now()}])
        return self.pairs()

    def _line(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """One pair as it is written, checked before anything is."""
        line = {**MARK, "id": secrets.token_hex(4)}
        keys = ("clock", "reference", "t_clock_ns", "t_reference_ns", "sd_ms", "streams")
        try:
            line |= {key: record[key] for key in keys}
            pair = pair_of(line)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UsageError(f"this is no pair of moments: {error}") from error
        if not {pair.clock, pair.reference} <= self._clocks or pair.sd_ms > LARGEST_SD_MS:
            raise UsageError(f"a pair names two of the clocks {', '.join(sorted(self._clocks))} and an sd below 10 s")
        return {**line, "written": _now()}

    def _append(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write whole lines at the end and wait until they are on the disk."""
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            _lock(handle)
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                text = "\n" + text  # a line was cut off when something stopped
            content = text.encode()
            while content:
                content = content[os.write(handle, content) :]
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock(handle: int) -> None:
    """Wait until no other process appends; the lock ends with the handle."""
    try:
        import fcntl
    except ImportError:  # Windows: appending one short line is whole there too
        return
    fcntl.flock(handle, fcntl.LOCK_EX)


def _now() -> str:
    """When it was said, for who reads the file."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
