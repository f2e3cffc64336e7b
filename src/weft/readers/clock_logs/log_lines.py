"""The lines of a daemon's log, and the day and time that a syslog or journal put in front of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from weft.core import NS_PER_S, UnreadableError

MAX_BYTES = 256 << 20
"""A week of a daemon that writes sixteen lines a second."""

_ISO = re.compile(r"^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?)\s*(Z|[+-]\d\d:?\d\d)?")


def lines_of(path: Path, name: str) -> Iterator[str]:
    """Every line that is not empty, without its end.

    Raises
    ------
    UnreadableError
        If the file is empty, larger than a log may be, or not text.
    """
    size = path.stat().st_size
    if not 0 < size <= MAX_BYTES:
        raise UnreadableError(f"{name}: expected a log of 1 byte to {MAX_BYTES >> 20} MiB, found {size} bytes")
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.strip():
                yield line.rstrip("\r\n")


def date_in_front_ns(line: str) -> int | None:
    """Unix time of the ISO date that a line begins with, UTC where it names no zone; ``None`` where there is none.

    Examples
    --------
    >>> date_in_front_ns("1970-01-01T01:00:01.5+01:00 host ptp4l[7]: ..."), date_in_front_ns("ptp4l[5.1]: ...")
    (1500000000, None)
    """
    match = _ISO.match(line)
    if match is None:
        return None
    try:
        when = datetime.fromisoformat(match[1].replace(",", "."))
        zone = datetime.fromisoformat(f"2000-01-01T00:00:00{match[2]}").tzinfo if match[2] else UTC
    except ValueError:
        return None
    whole = when.replace(tzinfo=zone, microsecond=0)
    return round(whole.timestamp()) * NS_PER_S + when.microsecond * 1000
