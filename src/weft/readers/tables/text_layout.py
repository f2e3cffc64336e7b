"""How a delimited text file is laid out: encoding, preamble, delimiter, header, units.

Devices write their tables in many ways: a byte order mark or UTF-16, comment lines or a
page of settings in front, semicolons with decimal commas, a row of units below the
names, or no names at all. Only the first mebibyte is looked at.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from weft.core import UnreadableError, UnsupportedError

LOOK_BYTES = 1 << 20
MAX_COLUMNS = 16_384
"""The widest table a spreadsheet can write (2**14 columns); wider ones are refused."""

_LOOK_LINES = 400
_DELIMITERS = (",", "\t", ";", "|", "")
_COMMENT = re.compile(r"^\s*(#|//|\*\*|%(?!\w))")
_NUMBER = re.compile(r"^\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*$")
_DECIMAL_COMMA = re.compile(r"^\s*[+-]?\d+,\d+\s*$")
_MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "--", ".", "?"})
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True)
class Layout:
    """Where the rows of a delimited file start and how they are to be split.

    Parameters
    ----------
    encoding
        ``utf-8``, ``utf-16-le``, ``utf-16-be`` or ``latin-1``.
    delimiter
        One character; empty where any number of blanks stands between cells.
    data_offset
        The byte at which the first row of data starts.
    names
        One for each column, unique; ``column_1`` and so on where there is no header.
    has_header
        Whether the file names its columns.
    units
        The units row's cells, or empty strings.
    decimal_comma
        Whether numbers are written ``1,5``.
    renamed
        Column names that stood there twice.
    """

    encoding: str
    delimiter: str
    data_offset: int
    names: tuple[str, ...]
    has_header: bool
    units: tuple[str, ...]
    decimal_comma: bool = False
    renamed: tuple[str, ...] = ()


def is_number(cell: str) -> bool:
    """Whether ``cell`` is written as a number."""
    return bool(_NUMBER.match(cell))


def is_missing(cell: str) -> bool:
    """Whether ``cell`` is one of the usual ways to write that there is no value."""
    return cell.strip().lower() in _MISSING


def decode_head(head: bytes) -> tuple[str, str, int]:
    """The text of a file's first bytes, its encoding, and the length of its byte order mark.

    Raises
    ------
    UnreadableError
        If the bytes are not text.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            body = head[len(mark) :]
            return body.decode(encoding, errors="ignore"), encoding, len(mark)
    if b"\x00" in head:
        return _decode_utf16_without_mark(head)
    try:
        return head.decode("utf-8"), "utf-8", 0
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 3:  # the look ends inside a character
            return head[: error.start].decode("utf-8"), "utf-8", 0
        return head.decode("latin-1"), "latin-1", 0


def _decode_utf16_without_mark(head: bytes) -> tuple[str, str, int]:
    """Text in UTF-16 told by where its zero bytes are."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    for encoding, here, there in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if here > 0.3 * len(head) / 2 and there < 0.05 * len(head) / 2:
            return head.decode(encoding, errors="ignore"), encoding, 0
    raise UnreadableError("expected text, found zero bytes")


def find_layout(path: Path, name: str) -> Layout:
    """The layout of the delimited file at ``path``; errors call it ``name``.

    Raises
    ------
    UnreadableError
        If it is empty, not text, or has no two lines that agree.
    UnsupportedError
        If it has more than ``MAX_COLUMNS`` columns.
    """
    with path.open("rb") as file:
        head = file.read(LOOK_BYTES)
    try:
        text, encoding, mark = decode_head(head)
    except UnreadableError as error:
        raise UnreadableError(f"{name}: {error}; export the table as UTF-8 text") from None
    lines = text.splitlines(keepends=True)
    if len(lines) > 1 and len(head) == LOOK_BYTES:
        lines.pop()  # the look ends inside a line
    lines = lines[:_LOOK_LINES]
    if all(is_comment(line) for line in lines):
        found = "nothing but comments" if text.strip() else "an empty file"
        raise UnreadableError(f"{name}: expected a table, found {found}; record or export it again")
    delimiter, width = _find_delimiter(lines)
    if width > MAX_COLUMNS:
        raise UnsupportedError(
            f"{name}: has {width} columns, weft reads at most {MAX_COLUMNS}; split the table by columns, "
            "or keep wide data as Parquet with list columns"
        )
    return _describe(lines, delimiter, width, encoding, mark)


def _describe(lines: list[str], delimiter: str, width: int, encoding: str, mark: int) -> Layout:
    """The layout of lines whose delimiter and number of columns are known."""
    tabular = [i for i, line in enumerate(lines) if not is_comment(line) and len(split_row(line, delimiter)) == width]
    rows = [split_row(lines[i], delimiter) for i in tabular[:_LOOK_LINES]]
    has_header = _is_header(rows)
    has_units = has_header and _is_units_row(rows)
    names = rows[0] if has_header else [f"column_{i + 1}" for i in range(width)]
    names, renamed = _unique([cell.strip() or f"column_{i + 1}" for i, cell in enumerate(names)])
    taken = int(has_header) + int(has_units)
    first = tabular[taken - 1] + 1 if taken else tabular[0]
    offset = mark + len("".join(lines[:first]).encode(encoding))
    comma = delimiter != "," and any(_DECIMAL_COMMA.match(cell) for row in rows[taken:] for cell in row)
    units = tuple(cell.strip() for cell in rows[1]) if has_units else ("",) * width
    return Layout(encoding, delimiter, offset, tuple(names), has_header, units, comma, renamed)


def split_row(line: str, delimiter: str) -> list[str]:
    """The cells of one line, quotes respected; without a delimiter, what stands between blanks."""
    text = line.rstrip("\r\n")
    if not delimiter:
        return text.split()
    if '"' not in text:
        return text.split(delimiter)
    return next(csv.reader([text], delimiter=delimiter), [""])


def is_comment(line: str) -> bool:
    """Whether a line is blank or a comment (``#``, ``//``, ``**``, ``%`` alone)."""
    return not line.strip() or bool(_COMMENT.match(line))


def _find_delimiter(lines: list[str]) -> tuple[str, int]:
    """The delimiter that splits most lines into the same number of cells, and that number."""
    body = [line for line in lines if not is_comment(line)] or lines
    best = (0.0, ",", 1)
    for rank, delimiter in enumerate(_DELIMITERS):
        counts = Counter(len(split_row(line, delimiter)) for line in body)
        width, agreeing = max(counts.items(), key=lambda item: (item[1] if item[0] > 1 else 0, item[0]))
        if width > 1 and (agreeing > 1 or len(body) == 1):
            share = agreeing / len(body) - 0.1 * (not delimiter) - 0.001 * rank
            best = max(best, (share, delimiter, width))
    return best[1], best[2]


def _is_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns rather than filling them."""
    first, below = rows[0], rows[1:21]
    words = [i for i, cell in enumerate(first) if not is_number(cell) and not is_missing(cell)]
    if not words:
        return False
    over_numbers = any(any(is_number(row[i]) for row in below) for i in words)
    all_words = all(not is_number(cell) for cell in first) and len(set(first)) == len(first)
    return over_numbers or all_words


def _is_units_row(rows: list[list[str]]) -> bool:
    """Whether the second row holds units: no number in it, numbers below it."""
    if len(rows) < 3 or any(is_number(cell) for cell in rows[1]):
        return False
    return sum(is_number(cell) for cell in rows[2]) > len(rows[2]) / 2 and any(
        cell.strip("[]() ") and len(cell) < 12 for cell in rows[1]
    )


def _unique(names: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Names made unique by a number behind the second and later, and those that were not."""
    seen: Counter[str] = Counter()
    taken = set(names)
    out = []
    for name in names:
        seen[name] += 1
        unique, number = name, seen[name]
        while seen[name] > 1 and unique in taken:
            unique, number = f"{name}_{number}", number + 1
        taken.add(unique)
        out.append(unique)
    return out, tuple(sorted(name for name, count in seen.items() if count > 1))
