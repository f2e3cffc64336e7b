"""A table's columns in memory: exact instants, numbers as float64, texts as codes.

What stays in memory are the numbers and stamps (8 bytes each) and 4 bytes for each text
cell; the text of the file passes through block by block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from weft.core import Finding, Severity, UnreadableError
from weft.core.times import Int64Array
from weft.readers.tables.text_layout import is_missing, is_number
from weft.readers.tables.time_columns import TimeRule

SAMPLE_ROWS = 1000
"""How many rows decide which columns are numbers and what the time's unit is; fewer in very wide tables."""

_SAMPLE_CELLS = 200_000
_NO_TEXT = pa.scalar(None, pa.string())
_EXACT_FLOAT = 2**53
_LOST_SHARE = 0.1
_MISSING_PATTERN = r"(?i)^(nan|na|n/a|null|none|-|--|\.|\?)?$"


class Rows(Protocol):
    """A table as blocks of text columns; iterating starts over each time."""

    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        ...

    def __iter__(self) -> Iterator[list[pa.Array]]:
        """Blocks: one array of text for each column."""
        ...


@dataclass(frozen=True, eq=False)
class CodedText:
    """A text column as codes into its distinct values, int32 (n)."""

    codes: NDArray[np.int32]
    labels: tuple[str, ...]

    def values(self) -> list[str]:
        """Every cell's text."""
        return [self.labels[code] for code in self.codes]


@dataclass(frozen=True, eq=False)
class CodedSamples:
    """Text samples that are decoded when they are read, shape (n,), dtype object."""

    text: CodedText

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n,)``."""
        return (len(self.text.codes),)

    @property
    def dtype(self) -> np.dtype[Any]:
        """``object``: Python strings."""
        return np.dtype(object)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The texts ``start <= i < stop``."""
        return np.array(self.text.labels, dtype=object)[self.text.codes[start:stop]]


@dataclass(frozen=True, eq=False)
class Columns:
    """A table that was read.

    Parameters
    ----------
    times_ns
        The time column, int64 (n); row numbers where the table has none.
    names, values
        The numeric columns, float64 (n, columns), NaN where a cell is missing.
    texts
        The other columns.
    exact
        Further columns of instants or durations in nanoseconds, int64 (n), with whether each
        cell held one, bool (n).
    findings
        What was noticed.
    """

    times_ns: Int64Array
    names: tuple[str, ...]
    values: NDArray[np.float64]
    texts: Mapping[str, CodedText] = field(default_factory=dict)
    exact: Mapping[str, tuple[Int64Array, NDArray[np.bool_]]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.times_ns)

    def column(self, name: str) -> NDArray[np.float64]:
        """One numeric column, float64 (n)."""
        return self.values[:, self.names.index(name)]

    def taken(self, rows: NDArray[Any]) -> Columns:
        """The same table with only ``rows``, in that order."""
        texts = {name: CodedText(text.codes[rows], text.labels) for name, text in self.texts.items()}
        exact = {name: (times_ns[rows], valid[rows]) for name, (times_ns, valid) in self.exact.items()}
        return Columns(self.times_ns[rows], self.names, self.values[rows], texts, exact, self.findings)


def sample_rows(rows: Rows) -> dict[str, list[str]]:
    """The first cells of every column, by name, as written."""
    count = max(20, min(SAMPLE_ROWS, _SAMPLE_CELLS // len(rows.names)))
    for block in rows:
        return {name: column[:count].to_pylist() for name, column in zip(rows.names, block, strict=True)}
    return {name: [] for name in rows.names}


def numeric_names(sample: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The columns of which at least half of the present cells are numbers (or that are empty)."""
    numeric = []
    for name, cells in sample.items():
        present = [cell for cell in cells if not is_missing(cell)]
        if 2 * sum(map(is_number, present)) >= len(present):
            numeric.append(name)
    return tuple(numeric)


def too_large_names(sample: Mapping[str, Sequence[str]], numeric: Sequence[str]) -> tuple[str, ...]:
    """The numeric columns that hold integers which a float64 cannot hold exactly."""
    return tuple(
        name
        for name in numeric
        if any(
            len(cell) > 15 and cell.strip().lstrip("+-").isdigit() and int(cell) > _EXACT_FLOAT for cell in sample[name]
        )
    )


def load_columns(
    rows: Rows,
    *,
    time_column: str,
    rule: TimeRule,
    numeric: Sequence[str],
    texts: Sequence[str] = (),
    exact: Mapping[str, TimeRule] | None = None,
) -> Columns:
    """Read all rows once.

    Parameters
    ----------
    time_column
        Its name; empty for a table without one, whose rows are then numbered from 0.
    numeric, texts
        The columns to keep, by kind.
    exact
        Further columns to read as exact nanoseconds, each by its rule.

    Raises
    ------
    UnreadableError
        If more than a tenth of the rows have no readable time.
    """
    where = {name: index for index, name in enumerate(rows.names)}
    load = _Load(rows.name, rule, list(numeric), {name: {} for name in texts}, dict(exact or {}))
    for block in rows:
        load.add(time_column, {name: block[index] for name, index in where.items()})
    return load.columns(time_column)


@dataclass
class _Load:
    """What has been read so far."""

    name: str
    rule: TimeRule
    numeric: list[str]
    labels: dict[str, dict[str, int]]
    rules: dict[str, TimeRule]
    times: list[Int64Array] = field(default_factory=list)
    values: list[NDArray[np.float64]] = field(default_factory=list)
    codes: dict[str, list[NDArray[np.int32]]] = field(default_factory=dict)
    exact: dict[str, list[tuple[Int64Array, NDArray[np.bool_]]]] = field(default_factory=dict)
    seen: int = 0
    timeless: int = 0
    strange: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, time_column: str, block: Mapping[str, pa.Array]) -> None:
        """One block more, by column name."""
        count = len(next(iter(block.values())))
        if time_column:
            times_ns, valid = self.rule.read(block[time_column])
        else:
            times_ns, valid = np.arange(self.seen, self.seen + count, dtype=np.int64), np.ones(count, np.bool_)
        self.seen += count
        self.timeless += int((~valid).sum())
        self.times.append(times_ns[valid])
        values = np.empty((count, len(self.numeric)), dtype=np.float64)
        for index, name in enumerate(self.numeric):
            values[:, index] = self._numbers(name, block[name])
        self.values.append(values[valid])
        for name, labels in self.labels.items():
            self.codes.setdefault(name, []).append(self._codes(labels, block[name])[valid])
        for name, rule in self.rules.items():
            instants_ns, present = rule.read(block[name])
            self.exact.setdefault(name, []).append((instants_ns[valid], present[valid]))

    def _numbers(self, name: str, cells: pa.Array) -> NDArray[np.float64]:
        """One column's numbers; NaN where a cell is missing or none."""
        cells = pc.utf8_trim_whitespace(cells)
        if self.rule.decimal_comma:
            cells = pc.replace_substring(cells, ",", ".")
        present = pc.if_else(pc.match_substring_regex(cells, _MISSING_PATTERN), _NO_TEXT, cells)
        try:
            return np.asarray(pc.cast(present, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
        except pa.ArrowInvalid:
            return np.array([self._number(name, cell) for cell in present.to_pylist()], dtype=np.float64)

    def _number(self, name: str, cell: str | None) -> float:
        """One cell's number; a cell that is none is counted."""
        try:
            return np.nan if cell is None else float(cell)
        except ValueError:
            count, first = self.strange.get(name, (0, cell or ""))
            self.strange[name] = (count + 1, first)
            return np.nan

    def _codes(self, labels: dict[str, int], cells: pa.Array) -> NDArray[np.int32]:
        """One column's codes; new labels are added."""
        coded = pc.utf8_trim_whitespace(cells).dictionary_encode()
        table = np.array(
            [labels.setdefault(label or "", len(labels)) for label in coded.dictionary.to_pylist()], np.int32
        )
        where = coded.indices.to_numpy(zero_copy_only=False)
        return table[where] if table.size else np.zeros(len(cells), np.int32)

    def columns(self, time_column: str) -> Columns:
        """Everything read."""
        if self.timeless > _LOST_SHARE * max(self.seen, 1):
            raise UnreadableError(
                f"{self.name}: expected a time in column {time_column!r} of every row, found none in {self.timeless} "
                f"of {self.seen} rows; name another column with time_column, or its unit with time_unit"
            )
        times_ns = np.concatenate(self.times) if self.times else np.empty(0, np.int64)
        values = np.empty((len(times_ns), len(self.numeric)), dtype=np.float64)
        stop = len(times_ns)
        while self.values:  # from the end, so that each block is freed once it was copied
            block = self.values.pop()
            values[stop - len(block) : stop] = block
            stop -= len(block)
        texts = {
            name: CodedText(
                np.concatenate(self.codes[name]) if name in self.codes else np.empty(0, np.int32), tuple(labels)
            )
            for name, labels in self.labels.items()
        }
        exact = {
            name: (np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))
            for name, parts in self.exact.items()
        }
        nothing = np.empty(0, np.int64), np.empty(0, np.bool_)
        exact |= {name: nothing for name in self.rules if name not in exact}
        return Columns(times_ns, tuple(self.numeric), values, texts, exact, tuple(self._findings()))

    def _findings(self) -> Iterator[Finding]:
        """What was noticed while reading."""
        if self.timeless:
            yield Finding(
                "rows_without_time",
                Severity.WARNING,
                self.name,
                f"{self.timeless} of {self.seen} rows have no readable time and were left out",
                "complete the rows, or leave them out in the export",
                {"rows": self.timeless},
            )
        for column, (count, first) in self.strange.items():
            yield Finding(
                "not_a_number",
                Severity.WARNING,
                self.name,
                f"{count} cells of column {column!r} are no numbers (first: {first[:40]!r}) and were read as missing",
                "correct the cells in the source if they matter",
                {"cells": count},
            )
