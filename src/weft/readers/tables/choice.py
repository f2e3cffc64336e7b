"""What a dialect knows about its table."""

from __future__ import annotations

from dataclasses import dataclass

from weft.core import Modality


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
