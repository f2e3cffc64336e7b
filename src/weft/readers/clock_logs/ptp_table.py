"""Tables of PTP exchanges: four stamps a row, as CSV, JSON lines or Parquet.

Each row is one exchange (IEEE 1588, end to end)::

    grandmaster  --- t1 ------------------------- t4 ---
                      \\ sync      delay request /
    this clock   ------- t2 ------------- t3 ----------

Columns ``t1`` to ``t4``, with a unit as in ``t1_ns`` or by ``time_unit``; optionally ``port_state`` (rows in
any other state than ``SLAVE`` are left out) and ``gm_identity``. Options in ``recording.toml``:

``clock``
    Whose ``t2`` and ``t3`` these are: by default that of the file of the same stem.
``reference``
    What to call the other clock: by default ``ptp:<gm_identity>``, so that devices of one grandmaster meet, or
    ``<clock>/master``.
``asymmetry_us``, ``asymmetry_sd_us``
    By how much the way from the grandmaster takes longer than the way back, where that is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from weft.core import Finding, Severity, UnreadableError
from weft.core.times import Int64Array
from weft.dsp.two_way import two_way
from weft.readers.clock_logs.series import Series, contents_of
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.signatures import JSON_SUFFIXES, PARQUET_MARK, TEXT_SUFFIXES
from weft.readers.tables.time_columns import PLACES, TimeRule, declared_rule, infer_rule

if TYPE_CHECKING:
    from weft.readers.tables.columns import Rows

_STAMP = re.compile(r"^t([1-4])(?:_?(s|ms|us|ns))?$", re.IGNORECASE)
_HEAD_NAMES = re.compile(rb"(?<![A-Za-z0-9_])t[1-4](?:_?(?:s|ms|us|ns))?(?![A-Za-z0-9_])", re.IGNORECASE)
_STATES = ("port_state", "state")
_MASTERS = ("gm_identity", "gm", "grandmaster", "grandmaster_identity")
_FOLLOWING = {"SLAVE", "CLIENT", "TIMERECEIVER", "TIME_RECEIVER", "S2", "2", "9"}
"""Names of the state in the versions of the standard; 9 is its number."""


class PtpTableReader:
    """Recognises a table by columns named ``t1`` to ``t4``; gives evidence of method ``ptp``."""

    name = "ptp_table"

    def recognises(self, probe: Probe) -> bool:
        """Whether the first line, first object or Parquet schema names the four stamps."""
        if probe.is_folder:
            return False
        if probe.head.startswith(PARQUET_MARK):
            return _is_whole(_parquet_names(probe))
        if probe.suffix not in TEXT_SUFFIXES | JSON_SUFFIXES:
            return False
        lines = [line for line in probe.head.splitlines() if line.strip() and not line.lstrip().startswith(b"#")]
        return bool(lines) and _is_whole([name.decode() for name in _HEAD_NAMES.findall(lines[0])])

    def read(self, request: Request) -> Contents:
        """The evidence.

        Raises
        ------
        UnreadableError
            If a column is missing, or no row holds four stamps.
        """
        from weft.readers.tables.loading import open_rows

        rows = open_rows(request)
        where = {name.strip().lower(): index for index, name in enumerate(rows.names)}
        stamps, valid = _stamps(request, rows, where)
        states, masters = _texts(rows, where, _STATES), _texts(rows, where, _MASTERS)
        following = np.array([not s or s.strip().upper() in _FOLLOWING for s in states], dtype=np.bool_)
        following = following if states else np.ones(valid.size, dtype=np.bool_)
        findings = _findings(request, valid, following)
        used = valid & following
        t1, t2, t3, t4 = (column[used] for column in stamps)
        measured = two_way(t2 - t1, t4 - t3)
        names = [masters[i].strip() if masters else "" for i in np.flatnonzero(used)]
        series = []
        for master in dict.fromkeys(names):
            here = np.array([name == master for name in names])
            reference = str(request.options.get("reference", "")) or _master_name(request, master)
            nothing = np.zeros(int(here.sum()))
            series.append(Series(reference, t2[here], measured.offsets_ns[here], measured.delays_ns[here], nothing))
        if len(series) > 1:
            findings.append(_changed_master(request, list(dict.fromkeys(names))))
        return contents_of(request, "ptp", series, findings)


def _is_whole(names: list[str]) -> bool:
    """Whether all four stamps are among the names."""
    return {match[1] for name in names if (match := _STAMP.match(name.strip()))} == {"1", "2", "3", "4"}


def _parquet_names(probe: Probe) -> list[str]:
    """The columns of a Parquet file; none where it is damaged."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return [str(name) for name in parquet.read_schema(probe.path).names]
    except (pa.ArrowException, OSError):
        return []


def _stamps(
    request: Request, rows: Rows, where: Mapping[str, int]
) -> tuple[list[Int64Array], np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """The four stamps, ns, int64 (n) each, and which rows have all of them."""
    found = {match[1]: (name, match[2]) for name in where if (match := _STAMP.match(name))}
    if len(found) < 4:
        raise UnreadableError(f"{request.name}: expected the columns t1 to t4, found {', '.join(rows.names)}")
    from weft.readers.tables.columns import sample_rows

    sample = sample_rows(rows)
    columns, valid = [], None
    for number in "1234":
        name, unit = found[number]
        rule = _rule(request, rows.names[where[name]], unit, sample)
        parts = [rule.read(block[where[name]]) for block in rows]
        columns.append(np.concatenate([part[0] for part in parts]) if parts else np.zeros(0, dtype=np.int64))
        there = np.concatenate([part[1] for part in parts]) if parts else np.zeros(0, dtype=np.bool_)
        valid = there if valid is None else valid & there
    if valid is None or not valid.any():
        raise UnreadableError(f"{request.name}: expected rows with four stamps, found none; export it again")
    return columns, valid


def _rule(request: Request, column: str, unit: str | None, sample: Mapping[str, list[str]]) -> TimeRule:
    """How a stamp is written: by its name, the options, or its size."""
    if unit and unit.lower() in PLACES:
        return TimeRule(unit.lower())
    return declared_rule(request.options) or infer_rule(request.name, column, list(sample[column]))[0]


def _texts(rows: Rows, where: Mapping[str, int], names: tuple[str, ...]) -> list[str]:
    """The cells of the first of the columns that is there; none where there is none."""
    index = next((where[name] for name in names if name in where), None)
    return [] if index is None else [str(cell or "") for block in rows for cell in block[index].to_pylist()]


def _master_name(request: Request, identity: str) -> str:
    """What the other clock is called."""
    return f"ptp:{identity}" if identity else f"{request.clock}/master"


def _findings(request: Request, valid: np.ndarray, following: np.ndarray) -> list[Finding]:
    """Rows that were left out."""
    findings = []
    broken, idle = int((~valid).sum()), int((valid & ~following).sum())
    if broken:
        findings.append(
            Finding(
                "broken_rows",
                Severity.WARNING,
                request.name,
                f"{broken} of {valid.size} exchanges lack a readable stamp and were left out",
                "look at the rows; a lost delay response is harmless",
                {"rows": broken, "of": int(valid.size)},
            )
        )
    if idle:
        findings.append(
            Finding(
                "not_following",
                Severity.WARNING,
                request.clock,
                f"{request.name}: in {idle} of {valid.size} exchanges the port did not follow a grandmaster; they "
                "were left out, and the clock ran by itself meanwhile",
                "there the map rests on what lies before and behind",
                {"exchanges": idle, "of": int(valid.size)},
            )
        )
    return findings


def _changed_master(request: Request, names: list[str]) -> Finding:
    """A clock that followed several grandmasters."""
    return Finding(
        "grandmaster_changed",
        Severity.WARNING,
        request.clock,
        f"{request.name}: {len(names)} grandmasters were followed: {', '.join(names)}; each is a clock of its own",
        "relate them, or keep one grandmaster during a recording",
        {"grandmasters": len(names)},
    )
