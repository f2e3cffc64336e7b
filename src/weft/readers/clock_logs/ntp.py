"""Logs of NTP: chrony's ``tracking``, ``measurements`` and ``statistics``, ntpd's ``loopstats`` and ``peerstats``.

Told apart by their lines, not by their names. All are about the computer's own clock, whose reading is in front of each
line. What it was compared with is called ``ntp:<address>``, but ``utc`` in logs of the discipline
as a whole (``tracking``, ``loopstats``), so that two computers meet in it. Options in ``recording.toml``:

``clock``
    Whose clock this is: by default that of the file of the same stem.
``reference``
    What to call the other side.
``server``
    Of ``measurements``, ``statistics``, ``peerstats``: use this address alone. By default every server is a clock.
``asymmetry_us``, ``asymmetry_sd_us``
    By how much the way from the server takes longer than the way back, where that is known.

Signs differ: chrony's ``tracking`` and ``statistics`` give the local clock minus the true time, all others
the server minus the local clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from weft.core import NS_PER_S
from weft.readers.clock_logs.log_lines import date_in_front_ns, lines_of
from weft.readers.clock_logs.series import Series, contents_of
from weft.readers.protocol import Contents, Probe, Request

_MJD_OF_UNIX = 40_587
"""The Modified Julian Day of 1970-01-01."""

UNSTATED_NS = 5e6
"""Logs that do not say how far the server is: half of a 10 ms difference between the two ways over the internet."""

_CHRONY = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+ +")
_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_LOOP = re.compile(rf"^\d{{5}} \d+\.\d+ {_NUMBER} {_NUMBER} {_NUMBER} {_NUMBER} \d+\s*$")
_PEER = re.compile(rf"^\d{{5}} \d+\.\d+ \S+ [0-9a-fA-F]{{4,5}} {_NUMBER} {_NUMBER} {_NUMBER} {_NUMBER}\s*$")


@dataclass(frozen=True, slots=True)
class _Row:
    """One line: the local clock, the server minus it, delay, own sd and shared sd, ns; whose it is."""

    at_ns: int
    offset_ns: float
    delay_ns: float
    sd_ns: float
    shared_ns: float
    server: str


class NtpReader:
    """Recognises logs of chrony and ntpd; gives evidence of method ``ntp``.

    Notes
    -----
    Root delay and dispersion say how far the server itself may be from true time; they are part of the error that all
    moments share, also where two computers followed the same server.
    """

    name = "ntp"

    def recognises(self, probe: Probe) -> bool:
        """Whether the first line of data is one of the five."""
        if probe.is_folder:
            return False
        lines = probe.head.decode("utf-8", "replace").splitlines()
        return any(_kind_of(line) for line in lines[:8])

    def read(self, request: Request) -> Contents:
        """The evidence, one series for each server.

        Raises
        ------
        UnreadableError
            If the file is empty or no text.
        """
        rows = [row for line in lines_of(request.path, request.name) if (row := _row(line)) is not None]
        wanted = str(request.options.get("server", ""))
        series = []
        for server in dict.fromkeys(row.server for row in rows):
            if not wanted or wanted == server or server == "utc":
                series.append(_series(request, server, [row for row in rows if row.server == server]))
        return contents_of(request, "ntp", series)


def _kind_of(line: str) -> str:
    """Which log a line belongs to; empty when to none."""
    if _LOOP.match(line):
        return "loopstats"
    if _PEER.match(line):
        return "peerstats"
    if not _CHRONY.match(line):
        return ""
    cells = line.split()
    if len(cells) in (12, 13) and all(_is_float(cell) for cell in cells[3:12]):
        return "statistics"
    if len(cells) in (10, 11, 14) and _is_float(cells[4]) and cells[7] in ("N", "+", "-", "?"):
        return "tracking"
    if len(cells) in (17, 18, 20) and cells[3] in ("N", "+", "-", "?"):
        return "measurements"
    return ""


def _row(line: str) -> _Row | None:
    """One line of any log; ``None`` for banners, damaged lines and local reference clocks that were not followed."""
    kind = _kind_of(line)
    if not kind:
        return None
    try:
        row = _READ[kind](line.split())
    except (ValueError, OverflowError, IndexError):
        return None
    return row if row.at_ns and all(np.isfinite([row.offset_ns, row.delay_ns, row.sd_ns, row.shared_ns])) else None


def _tracking(cells: Sequence[str]) -> _Row:
    """Date, time, address, stratum, frequency, skew, offset, leap, sources, sd, correction, root delay, dispersion."""
    root_s = _seconds(cells, 11) / 2.0 + _seconds(cells, 12)
    sd_s = _seconds(cells, 9)
    return _Row(_chrony_ns(cells), -float(cells[6]) * NS_PER_S, 0.0, sd_s * NS_PER_S, root_s * NS_PER_S, "utc")


def _statistics(cells: Sequence[str]) -> _Row:
    """Date, time, address, scatter, offset, its sd, and what the regression says of frequency."""
    return _Row(_chrony_ns(cells), -float(cells[4]) * NS_PER_S, 0.0, float(cells[5]) * NS_PER_S, UNSTATED_NS, cells[2])


def _measurements(cells: Sequence[str]) -> _Row:
    """Date, time, address, leap, stratum, tests, polls, score, offset, delay, dispersion, root delay and dispersion."""
    offset_s, delay_s, spread_s, root_delay_s, root_spread_s = (float(cell) for cell in cells[11:16])
    shared_s = max(0.0, root_delay_s - delay_s) / 2.0 + root_spread_s
    numbers = (offset_s * NS_PER_S, delay_s * NS_PER_S / 2.0, spread_s * NS_PER_S, shared_s * NS_PER_S)
    return _Row(_chrony_ns(cells), *numbers, cells[2])


def _loopstats(cells: Sequence[str]) -> _Row:
    """Day, second, offset, frequency, jitter, wander, time constant."""
    return _Row(_mjd_ns(cells), float(cells[2]) * NS_PER_S, 0.0, float(cells[4]) * NS_PER_S, UNSTATED_NS, "utc")


def _peerstats(cells: Sequence[str]) -> _Row:
    """Day, second, address, status, offset, delay, dispersion, jitter."""
    offset_s, delay_s, _, jitter_s = (float(cell) for cell in cells[4:8])
    numbers = (offset_s * NS_PER_S, delay_s * NS_PER_S / 2.0, jitter_s * NS_PER_S)
    return _Row(_mjd_ns(cells), *numbers, 0.0, cells[2])


_READ: dict[str, Callable[[Sequence[str]], _Row]] = {
    "tracking": _tracking,
    "statistics": _statistics,
    "measurements": _measurements,
    "loopstats": _loopstats,
    "peerstats": _peerstats,
}


def _chrony_ns(cells: Sequence[str]) -> int:
    """Unix time of a chrony line, to a second; 0 where it is no date."""
    return date_in_front_ns(f"{cells[0]}T{cells[1]}") or 0


def _mjd_ns(cells: Sequence[str]) -> int:
    """Unix time of an ntpd line."""
    return (int(cells[0]) - _MJD_OF_UNIX) * 86_400 * NS_PER_S + round(float(cells[1]) * NS_PER_S)


def _seconds(cells: Sequence[str], index: int) -> float:
    """A cell that older versions do not write; 0 there."""
    return float(cells[index]) if index < len(cells) else 0.0


def _is_float(cell: str) -> bool:
    """Whether a cell is a number."""
    return re.fullmatch(_NUMBER, cell) is not None


def _series(request: Request, server: str, rows: Sequence[_Row]) -> Series:
    """The lines about one server."""
    name = "utc" if server == "utc" else f"ntp:{server}"
    return Series(
        str(request.options.get("reference", "")) or name,
        np.array([row.at_ns for row in rows], dtype=np.int64),
        np.rint([row.offset_ns for row in rows]).astype(np.int64),
        np.maximum(0, np.rint([row.delay_ns for row in rows]).astype(np.int64)),
        np.abs(np.array([row.sd_ns for row in rows], dtype=np.float64)),
        float(np.median([abs(row.shared_ns) for row in rows])),
    )
