"""The column names in a file's first bytes, by which a dialect knows its own."""

from __future__ import annotations

from weft.core import UnreadableError
from weft.readers.protocol import Probe
from weft.readers.tables.text_layout import decode_head, split_row

_TEXT_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".tab"})


def header_of(probe: Probe) -> frozenset[str]:
    """The cells of the first line that is no comment, trimmed; empty for what is no text table.

    The last name is left out where the head ends within the line.
    """
    if probe.is_folder or probe.suffix not in _TEXT_SUFFIXES:
        return frozenset()
    try:
        text = decode_head(probe.head)[0]
    except UnreadableError:
        return frozenset()
    lines = [
        line for line in text.splitlines(keepends=True) if line.strip() and not line.lstrip().startswith(("#", "//"))
    ]
    if not lines:
        return frozenset()
    delimiter = max(",\t;", key=lines[0].count)
    cells = split_row(lines[0], delimiter)
    whole = lines[0].endswith(("\n", "\r")) or len(lines) > 1
    return frozenset(cell.strip() for cell in (cells if whole else cells[:-1]))
