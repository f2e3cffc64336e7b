"""Tables with a time column: CSV, TSV and their kin, JSON lines, Arrow, Parquet.

The numeric columns of a table become one stream, each text column another, and a table
of labelled spans becomes annotations. Options of the file's table in ``recording.toml``:

``time_column``
    The column that holds the time.
``time_unit``
    ``"s"``, ``"ms"``, ``"us"``, ``"ns"``, or ``"samples"`` together with ``rate_hz``.
``time_format``
    How dates are written, as in ``datetime.strptime``, without the fraction of a second.
``rate_hz``
    The sampling rate of a table without a time column, which then starts at 0.
``order``
    ``"sort"`` to put rows in order whose time runs backwards.
``modality``
    What the numbers are: ``"gaze"``, ``"motion"``, ``"physiology"`` and so on.
``follows_stem``
    ``true`` if the table reads the clock of another file of the same stem; so do tables of
    spans that are not in Unix time, unless this says ``false``.
"""

from __future__ import annotations

from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.dialects import load_table, table_contents
from weft.readers.tables.signatures import (
    ARROW_MARK,
    ARROW_SUFFIXES,
    FEATHER_1_MARK,
    JSON_SUFFIXES,
    PARQUET_MARK,
    TEXT_SUFFIXES,
)


class TableReader:
    """Reads any table that no dialect took first."""

    name = "table"

    def recognises(self, probe: Probe) -> bool:
        """Whether it is Arrow or Parquet by its bytes, or a text table by its suffix."""
        if probe.is_folder:
            return False
        if probe.head.startswith((PARQUET_MARK, ARROW_MARK, FEATHER_1_MARK)):
            return True
        return probe.suffix in TEXT_SUFFIXES | JSON_SUFFIXES | ARROW_SUFFIXES

    def read(self, request: Request) -> Contents:
        """The table's streams and annotations.

        Raises
        ------
        UnreadableError, UnsupportedError, UsageError
            As :func:`weft.readers.tables.loading.load_table`.
        """
        return table_contents(request, load_table(request))
