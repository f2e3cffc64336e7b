"""The doors through which a dialect reads its table.

The doors import what they need when they are opened, so that recognising a file, which
every reader is asked to do for every file, costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from weft.core import Modality, Stream
from weft.readers.protocol import Contents, Request
from weft.readers.tables.choice import Choice

if TYPE_CHECKING:
    from weft.readers.tables.loading import Table


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
