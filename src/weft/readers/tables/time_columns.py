"""Which column of a table is its time, in which unit, and its exact nanoseconds.

Stamps are read digit by digit from text, never through a float: a float64 of today's
Unix time in nanoseconds has steps of 256 ns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weft.core import NS_PER_S, Epoch, Finding, Severity, UnsupportedError, UsageError
from weft.core.times import LATEST_NS, Int64Array
from weft.readers.tables.column_units import unit_of, words_of
from weft.readers.tables.text_layout import is_missing, is_number

PLACES = {"s": 9, "ms": 6, "us": 3, "ns": 0}
"""Decimal places between a unit and the nanosecond."""

_UNIT_WORDS = {
    "s": frozenset({"s", "sec", "secs", "second", "seconds"}),
    "ms": frozenset({"ms", "msec", "msecs", "millis", "millisecond", "milliseconds"}),
    "us": frozenset({"us", "µs", "μs", "usec", "usecs", "micros", "microsecond", "microseconds"}),
    "ns": frozenset({"ns", "nsec", "nsecs", "nanos", "nanosecond", "nanoseconds"}),
}
_EXACT_NAMES = ("timestamp", "time", "t", "ts", "datetime", "date time", "timer", "elapsed")
_UNIX_FIRST_NS, _UNIX_LAST_NS = 631_152_000 * NS_PER_S, LATEST_NS
"""1990-01-01 to the last instant that is stored, in 2043."""

_TYPICAL_RATE_HZ = 60.0
_PLAUSIBLE_RATE_HZ = (0.01, 100_000.0)
_FORMATS = ("%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%H:%M:%S")


@dataclass(frozen=True)
class TimeRule:
    """How the cells of a time column become nanoseconds.

    ``unit`` is one of ``s ms us ns samples date``; ``rate_hz`` belongs to ``samples``,
    ``date_format`` (as in ``datetime.strptime``, empty for ISO 8601) to ``date``.
    """

    unit: str
    rate_hz: Decimal | None = None
    date_format: str = ""
    decimal_comma: bool = False

    def read(self, cells: pa.Array) -> tuple[Int64Array, np.ndarray[Any, np.dtype[np.bool_]]]:
        """The instants of text cells, int64 (n), and whether each cell held one, bool (n)."""
        cells = pc.utf8_trim_whitespace(cells)
        if self.decimal_comma:
            cells = pc.replace_substring(cells, ",", ".")
        if self.unit in PLACES:
            return exact_ns(cells, PLACES[self.unit])
        read_one = self._sample_ns if self.unit == "samples" else self._date_ns
        values = [read_one(cell) for cell in cells.to_pylist()]
        valid = np.array([value is not None for value in values], dtype=np.bool_)
        return np.array([value or 0 for value in values], dtype=np.int64), valid

    def _sample_ns(self, cell: str) -> int | None:
        """The instant of a sample counter."""
        if self.rate_hz is None or not is_number(cell):
            return None
        return int((Decimal(cell) * NS_PER_S / self.rate_hz).to_integral_value())

    def _date_ns(self, cell: str) -> int | None:
        """The instant of a written date, UTC where it names no zone."""
        return date_ns(cell, self.date_format)


def exact_ns(cells: pa.Array, places: int) -> tuple[Int64Array, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Decimal numbers written as text, times ``10**places``, rounded half away from zero.

    Returns
    -------
    tuple
        int64 (n), 0 where a cell is no number or lies beyond 73 years; and bool (n),
        true where it is one.

    Examples
    --------
    >>> exact_ns(pa.array(["1685088813.175076015", "x", "-0.5"]), 9)[0].tolist()
    [1685088813175076015, 0, -500000000]
    """
    parts = pc.extract_regex(cells, r"^(?P<sign>[+-]?)(?P<whole>[0-9]{1,18}|[0-9]{19})?(?:[.](?P<part>[0-9]*))?$")
    written = pc.match_substring_regex(cells, "[0-9]")
    plain = np.asarray(pc.and_(pc.fill_null(written, False), pc.is_valid(parts)))
    whole = pc.cast(_digits(pc.struct_field(parts, "whole")), pa.uint64()).to_numpy(zero_copy_only=False)
    tail = pc.utf8_slice_codeunits(
        pc.utf8_rpad(pc.fill_null(pc.struct_field(parts, "part"), ""), places + 1, "0"), 0, places + 1
    )
    fraction = pc.cast(tail, pa.int64()).to_numpy(zero_copy_only=False)
    fits = plain & (whole <= LATEST_NS // 10**places)
    total = np.where(fits, whole, 0).astype(np.int64) * 10**places + (fraction + 5) // 10
    fits &= total < LATEST_NS
    negative = np.asarray(pc.equal(pc.fill_null(pc.struct_field(parts, "sign"), ""), "-"))
    times_ns = np.where(fits, np.where(negative, -total, total), 0)
    for index in np.flatnonzero(~plain & np.asarray(pc.fill_null(written, False))):
        value = _exponent_ns(cells[int(index)].as_py(), places)
        times_ns[index], fits[index] = value or 0, value is not None
    return times_ns, fits


def _digits(cells: pa.Array) -> pa.Array:
    """Digits, with nothing read as zero."""
    filled = pc.fill_null(cells, "")
    return pc.if_else(pc.equal(filled, ""), "0", filled)


def _exponent_ns(cell: str, places: int) -> int | None:
    """A number with an exponent, scaled; ``None`` if it is none or too large."""
    try:
        value = Decimal(cell).scaleb(places)
    except InvalidOperation:
        return None
    return int(value.to_integral_value()) if value.is_finite() and abs(value) < LATEST_NS else None


def date_ns(cell: str, date_format: str = "") -> int | None:
    """Nanoseconds since 1970 (or since midnight for a time of day) of a written date; ``None`` if it is none.

    Examples
    --------
    >>> date_ns("2021-01-20T10:11:32.332000001Z")
    1611137492332000001
    >>> date_ns("00:00:01.5", "%H:%M:%S")
    1500000000
    """
    head, dot, tail = cell.strip().partition(".")
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    try:
        whole = head + tail[len(digits) :]
        moment = datetime.strptime(whole, date_format) if date_format else datetime.fromisoformat(whole)
    except ValueError:
        return None
    if dot and not digits:
        return None
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    if date_format and "%Y" not in date_format and "%y" not in date_format:
        moment = moment.replace(year=1970, month=1, day=1)
    elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = elapsed.days * 86_400 + elapsed.seconds
    return seconds * NS_PER_S + int(digits[:9].ljust(9, "0"))


def find_time_column(names: Sequence[str], sample: Mapping[str, Sequence[str]]) -> str:
    """The name of the column that holds the time; empty if none looks like it.

    A column called ``time`` or ``timestamp`` (with or without a unit) wins over one
    whose name ends in either, which wins over one that contains ``timestamp``; among
    equals the first. Its first cells must be numbers or dates; unless it carries the
    plain name they must not fall either (a duration is no time).
    """
    ranked = sorted((rank, index) for index, name in enumerate(names) if (rank := _time_rank(name)) is not None)
    for rank, index in ranked:
        cells = [cell for cell in sample[names[index]] if not is_missing(cell)]
        if not cells or rank == 0:
            return names[index]
        values = _values(cells)
        if values is not None and all(a <= b for a, b in pairwise(values)):
            return names[index]
        if values is None and date_ns(cells[0]) is not None:
            return names[index]
    return ""


def _time_rank(name: str) -> int | None:
    """How much a name sounds like a time: 0 most; ``None`` not at all."""
    words = [word for word in words_of(name) if not any(word in known for known in _UNIT_WORDS.values())]
    if " ".join(words) in _EXACT_NAMES or (not words and unit_word(name)) or name.strip().lower() in ("t", "ts"):
        return 0
    if not words:
        return None
    if words[-1] in ("timestamp", "time", "datetime") or words[-2:] in (["time", "stamp"], ["date", "time"]):
        return 1
    return 2 if "timestamp" in words else None


def unit_word(name: str) -> str:
    """The time unit that a column's name states: in brackets, or as its last word; empty if none.

    Examples
    --------
    >>> unit_word("timestamp [ns]"), unit_word("time_ms"), unit_word("timestamp_unix_seconds"), unit_word("time")
    ('ns', 'ms', 's', '')
    """
    bracket = unit_of(name).lower()
    words = words_of(name)
    for unit, known in _UNIT_WORDS.items():
        if bracket in known or (words and words[-1] in known and (len(words) > 1 or len(words[-1]) > 2)):
            return unit
    return ""


def declared_rule(options: Mapping[str, Any]) -> TimeRule | None:
    """The rule that ``recording.toml`` states, if it states one.

    Raises
    ------
    UsageError
        If ``time_unit`` is unknown or ``samples`` comes without ``rate_hz``.
    """
    unit, rate = options.get("time_unit"), options.get("rate_hz")
    if options.get("time_format"):
        return TimeRule("date", date_format=str(options["time_format"]))
    if unit is None:
        return None
    if unit not in (*PLACES, "samples") or (unit == "samples" and not rate):
        raise UsageError(
            f"time_unit is one of {', '.join(PLACES)} or samples (with rate_hz), found {unit!r} and rate_hz = {rate!r}"
        )
    return TimeRule(unit, Decimal(str(rate)) if rate else None)


def infer_rule(name: str, column: str, cells: Sequence[str]) -> tuple[TimeRule, tuple[Finding, ...]]:
    """The rule for ``column`` of the file ``name``, told by its name or else by its values.

    Parameters
    ----------
    cells
        The first few hundred cells as written.

    Returns
    -------
    tuple
        The rule, and a Finding where something was assumed.

    Raises
    ------
    UnsupportedError
        If the cells are neither numbers nor dates in a known order.
    """
    present = [cell for cell in cells if not is_missing(cell)]
    unit = unit_word(column)
    values = _values(present)
    if values is None:
        return _date_rule(name, column, present)
    if unit:
        return TimeRule(unit), ()
    unit, sure = _plausible_unit(values)
    severity = Severity.INFO if sure else Severity.WARNING
    assumed = Finding(
        "inferred_time_unit",
        severity,
        name,
        f"column {column!r} does not name its unit; its values ({present[0] if present else 'none'}, ...) "
        f"were taken as {unit}",
        f'if that is wrong, put time_unit = "s", "ms", "us" or "ns" into the table of {name} in recording.toml',
    )
    return TimeRule(unit), (assumed,)


def epoch_of(rule: TimeRule, first_ns: int) -> Epoch:
    """What the readings count from: Unix time where they can be nothing else, else the device's own start."""
    if rule.unit == "date":
        return Epoch.UNIX if first_ns >= _UNIX_FIRST_NS else Epoch.BOOT
    return Epoch.UNIX if rule.unit != "samples" and _UNIX_FIRST_NS <= first_ns < _UNIX_LAST_NS else Epoch.BOOT


def _values(cells: Sequence[str]) -> list[Decimal] | None:
    """The numbers of cells; ``None`` unless nearly all are numbers."""
    numbers = [Decimal(cell.strip().replace(",", ".")) for cell in cells if is_number(cell)]
    return numbers if len(numbers) >= 0.9 * len(cells) else None


def _plausible_unit(values: list[Decimal]) -> tuple[str, bool]:
    """The unit that makes a Unix time or a usual sampling rate of the values, and whether others hardly do."""
    steps = [b - a for a, b in pairwise(values) if b > a]
    step = float(median(steps)) if steps else 0.0
    rates = (
        {unit: 10**places_s / step for unit, places_s in (("s", 0), ("ms", 3), ("us", 6), ("ns", 9))} if step else {}
    )
    low, high = _PLAUSIBLE_RATE_HZ
    for unit, places in PLACES.items():
        if (
            values
            and _UNIX_FIRST_NS <= values[0].scaleb(places) < _UNIX_LAST_NS
            and low <= rates.get(unit, 1.0) <= high
        ):
            return unit, True
    if not rates:
        return "s", False
    far = sorted((abs(math.log(rate / _TYPICAL_RATE_HZ)), unit) for unit, rate in rates.items())
    return far[0][1], far[0][0] < 2.5 and far[1][0] - far[0][0] > 2.0


def _date_rule(name: str, column: str, cells: list[str]) -> tuple[TimeRule, tuple[Finding, ...]]:
    """The rule for a column of written dates."""
    zone = Finding(
        "assumed_utc",
        Severity.WARNING,
        name,
        f"the dates of column {column!r} ({cells[0].strip() if cells else ''}, ...) name no zone and were taken as UTC",
        "export the times with their zone, or declare the relation of the clocks in recording.toml",
    )
    if cells and all(date_ns(cell) is not None for cell in cells):
        zoned = all(cell.strip()[-1] in "Zz" or "+" in cell[10:] or "-" in cell[10:] for cell in cells)
        return TimeRule("date"), () if zoned else (zone,)
    fitting = [known for known in _FORMATS if cells and all(date_ns(cell, known) is not None for cell in cells)]
    if len(fitting) != 1:
        raise UnsupportedError(
            f"{name}: expected numbers or ISO dates in the time column {column!r}, found {cells[:1]}"
            f"{' (day and month cannot be told apart)' if fitting else ''}; name the format in recording.toml: "
            'time_format = "%d/%m/%Y %H:%M:%S"'
        )
    return TimeRule("date", date_format=fitting[0]), () if fitting[0] == "%H:%M:%S" else (zone,)
