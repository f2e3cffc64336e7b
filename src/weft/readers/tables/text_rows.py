"""The rows of a text table, block by block, every cell still as it was written."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from weft.core import UnreadableError
from weft.readers.tables.bounded_lines import bounded_lines
from weft.readers.tables.text_layout import MAX_COLUMNS, Layout, is_comment

BLOCK_BYTES = 4 << 20
_BLOCK_ROWS = 20_000


@dataclass
class BrokenRows:
    """Rows that do not fit the table, counted while reading."""

    count: int = 0
    first: str = ""

    def add(self, text: str) -> None:
        """Count one, and keep the first for the message."""
        self.first = self.first or text[:80]
        self.count += 1


@dataclass
class DelimitedRows:
    """The rows of a delimited file; iterating starts at the first row each time.

    ``broken`` counts the rows with too many or too few cells, which are left out; those
    among them that ``side_rows`` matches are no fault and are kept in ``sides`` as text.
    """

    path: Path
    name: str
    layout: Layout
    side_rows: str = ""
    broken: BrokenRows = field(default_factory=BrokenRows)
    sides: list[str] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return self.layout.names

    def __iter__(self) -> Iterator[list[pa.Array]]:
        self.broken, self.sides = BrokenRows(), []
        if not self.layout.delimiter:
            yield from self._split_at_blanks()
            return
        with self.path.open("rb") as file:
            file.seek(self.layout.data_offset)
            if not file.read(1):
                return
            file.seek(self.layout.data_offset)
            try:
                for batch in self._open(file):
                    yield batch.columns
            except (pa.ArrowInvalid, UnicodeDecodeError) as error:
                raise UnreadableError(
                    f"{self.name}: expected rows of {len(self.names)} cells in {self.layout.encoding}, "
                    f"found {str(error)[:200]}; repair the row or export the table again"
                ) from None

    def _split_at_blanks(self) -> Iterator[list[pa.Array]]:
        """Blocks of rows whose cells stand apart by any number of blanks."""
        kept: list[list[str]] = []
        with self.path.open("rb") as raw:
            raw.seek(self.layout.data_offset)
            with io.TextIOWrapper(raw, encoding=self.layout.encoding, errors="replace") as file:
                for line in bounded_lines(file, self.name):
                    cells = line.split()
                    if len(cells) == len(self.names):
                        kept.append(cells)
                    elif not is_comment(line):
                        self.broken.add(line.rstrip())
                    if len(kept) == _BLOCK_ROWS:
                        yield [pa.array(column, pa.string()) for column in zip(*kept, strict=True)]
                        kept = []
        if kept:
            yield [pa.array(column, pa.string()) for column in zip(*kept, strict=True)]

    def _open(self, file: io.BufferedReader) -> pyarrow.csv.CSVStreamingReader:
        """A reader that gives every cell as text."""
        columns = [f"f{i}" for i in range(len(self.names))]
        return pyarrow.csv.open_csv(
            file,
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, block_size=BLOCK_BYTES, column_names=columns, encoding=self.layout.encoding
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=self.layout.delimiter, invalid_row_handler=self._leave_out
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), null_values=[], strings_can_be_null=False
            ),
        )

    def _leave_out(self, row: Any) -> str:
        """Count a row of the wrong length and go on."""
        if self.side_rows and re.match(self.side_rows, row.text):
            self.sides.append(row.text)
        elif not is_comment(row.text):
            self.broken.add(row.text)
        return "skip"


@dataclass
class JsonRows:
    """The rows of a file with one JSON object a line; nested names are joined by dots.

    Numbers stay as they were written. Columns are those of the first thousand lines; names
    that appear later are in ``late`` and left out. Lines that are no object are counted in
    ``broken`` and left out.
    """

    path: Path
    name: str
    broken: BrokenRows = field(default_factory=BrokenRows)
    names: tuple[str, ...] = ()
    late: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        seen: dict[str, None] = {}
        for index, row in enumerate(self._objects()):
            seen |= dict.fromkeys(row)
            if index >= 1000 or len(seen) > MAX_COLUMNS:
                break
        if not seen or len(seen) > MAX_COLUMNS:
            raise UnreadableError(
                f"{self.name}: expected one JSON object a line with 1 to {MAX_COLUMNS} names, found {len(seen)} names"
            )
        self.names = tuple(seen)

    def _objects(self) -> Iterator[dict[str, str]]:
        """Each line's flattened object."""
        self.broken = BrokenRows()
        with self.path.open(encoding="utf-8-sig", errors="replace") as file:
            for line in bounded_lines(file, self.name):
                if not line.strip():
                    continue
                row = parse_object(line)
                if row is None:
                    self.broken.add(line)
                else:
                    yield row

    def __iter__(self) -> Iterator[list[pa.Array]]:
        rows: list[dict[str, str]] = []
        for row in self._objects():
            rows.append(row)
            if len(rows) == _BLOCK_ROWS:
                yield self._block(rows)
                rows = []
        if rows:
            yield self._block(rows)

    def _block(self, rows: list[dict[str, str]]) -> list[pa.Array]:
        """Rows as columns of text."""
        known = set(self.names)
        for row in rows:
            if len(self.late) < MAX_COLUMNS and not known.issuperset(row):
                self.late |= row.keys() - known
        return [pa.array([row.get(name, "") for row in rows], pa.string()) for name in self.names]


class _Written(str):
    """A number as it was written."""


def parse_object(line: str) -> dict[str, str] | None:
    """One line's JSON object, flattened, every value as text; ``None`` if it is none.

    Examples
    --------
    >>> parse_object('{"t": 1.50, "p": {"x": [1, 2]}}')
    {'t': '1.50', 'p.x.0': '1', 'p.x.1': '2'}
    """
    try:
        value = json.loads(line, parse_float=_Written, parse_int=_Written)
    except (ValueError, RecursionError):
        return None
    return dict(_flatten("", value)) if isinstance(value, dict) else None


def _flatten(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Each leaf's joined name and text."""
    if isinstance(value, dict):
        pairs = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [(str(index), item) for index, item in enumerate(value)]
    else:
        yield name, "" if value is None else str(value)
        return
    for key, item in pairs:
        yield from _flatten(f"{name}.{key}" if name else key, item)
