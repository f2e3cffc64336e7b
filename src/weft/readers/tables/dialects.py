"""What a dialect knows about its table, and the doors to reading it.

The doors import what they need when they are opened, so that recognising a file, which
every reader is asked to do for every file, costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weft.core import Modality, Stream
from weft.readers.protocol import Contents, Request

if TYPE_CHECKING:
    from weft.readers.tables.loading import Table


@dataclass(frozen=True)
class Choice:
    """What a dialect knows about its table; the file's own options go before it.

    Parameters
    ----------
    time_column, time_unit
        Which column holds the time, and its unit; empty to find out.
    modality, signal
        What the numbers are, and how their stream is called; the modality's name by default.
    without
        Columns to leave out (identifiers).
    kind
        What the spans of a table of spans are.
    side_rows
        A pattern for rows of another length that belong there (messages between samples).
    """

    time_column: str = ""
    time_unit: str = ""
    modality: Modality | None = None
    signal: str = ""
    without: tuple[str, ...] = ()
    kind: str = ""
    side_rows: str = ""


def load_table(request: Request, choice: Choice | None = None) -> Table:
    """The table of the request, read and checked: :func:`weft.readers.tables.loading.load_table`."""
    from weft.readers.tables import loading as table_loading

    return table_loading.load_table(request, choice)


def table_contents(request: Request, table: Table, choice: Choice | None = None) -> Contents:
    """Its streams, or the annotations of a table of spans: :func:`weft.readers.tables.streams.table_contents`."""
    from weft.readers.tables import streams as table_streams

    return table_streams.table_contents(request, table, choice)


def part_stream(
    request: Request,
    table: Table,
    names: Sequence[str],
    *,
    modality: Modality,
    signal: str,
    details: Mapping[str, Any] | None = None,
) -> Stream:
    """A stream of some of its numeric columns: :func:`weft.readers.tables.streams.part_stream`."""
    from weft.readers.tables import streams as table_streams

    return table_streams.part_stream(request, table, names, modality=modality, signal=signal, details=details or {})
