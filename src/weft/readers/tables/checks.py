"""What can be wrong with a table that was read: order, missing values, broken rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from weft.core import Finding, Severity, UnreadableError
from weft.readers.tables.columns import Columns
from weft.readers.tables.text_layout import Layout
from weft.readers.tables.text_rows import BrokenRows

_MUCH_MISSING = 0.05
_BROKEN_SHARE = 0.1


def in_order(columns: Columns, name: str, options: Mapping[str, Any]) -> tuple[Columns, tuple[Finding, ...]]:
    """The table with its time never falling.

    Time that runs backwards is refused, unless the options say ``order = "sort"``: then
    stamps and samples are ordered together (equal stamps keep their order) and a Finding
    says how many rows moved.

    Raises
    ------
    UnreadableError
        If time runs backwards and sorting was not asked for.
    """
    times_ns = columns.times_ns
    falls = np.flatnonzero(times_ns[1:] < times_ns[:-1])
    if not falls.size:
        return columns, ()
    row = int(falls[0]) + 1
    if options.get("order") != "sort":
        raise UnreadableError(
            f"{name}: expected time that never falls, found {falls.size} falls, the first at row {row + 1} of the data "
            f"({times_ns[row - 1]} ns, then {times_ns[row]} ns); if rows were merely written out of order, put "
            f'order = "sort" into the table of {name} in recording.toml'
        )
    order = np.argsort(times_ns, kind="stable")
    moved = int((order != np.arange(order.size)).sum())
    note = Finding(
        "sorted_by_time",
        Severity.WARNING,
        name,
        f"{moved} of {order.size} rows stood out of order and were sorted by time, as asked",
        "export the table in the order of its time",
        {"rows": moved},
    )
    return columns.taken(order), (note,)


def value_findings(columns: Columns, name: str) -> Iterator[Finding]:
    """A remark on missing values; gaps and equal stamps are remarked for streams of every kind elsewhere."""
    rows = len(columns.times_ns)
    missing = np.isnan(columns.values).sum(axis=0) if columns.values.size else np.zeros(0)
    touched = np.flatnonzero(missing)
    if touched.size:
        worst = int(missing.argmax())
        empty = [columns.names[i] for i in np.flatnonzero(missing == rows)]
        share = float(missing.sum()) / columns.values.size
        yield Finding(
            "nan_values",
            Severity.WARNING if empty or share > _MUCH_MISSING else Severity.INFO,
            name,
            f"{touched.size} of {len(columns.names)} numeric columns miss values, most of all {columns.names[worst]!r} "
            f"in {int(missing[worst])} of {rows} rows" + (f"; wholly empty: {', '.join(empty[:5])}" if empty else ""),
            "values that are missing stay missing; leave out empty columns in the export",
            {"columns": float(touched.size), "cells": float(missing.sum()), "empty_columns": float(len(empty))},
        )


def broken_findings(broken: BrokenRows, read: int, name: str) -> tuple[Finding, ...]:
    """A remark on rows that were left out.

    Raises
    ------
    UnreadableError
        If more than a tenth of the rows, and more than one, are broken.
    """
    if not broken.count:
        return ()
    if broken.count > max(1, _BROKEN_SHARE * (read + broken.count)):
        raise UnreadableError(
            f"{name}: expected rows of equal length, found {broken.count} broken ones among {read + broken.count} "
            f"(first: {broken.first!r}); check the delimiter, or export the table again"
        )
    note = Finding(
        "broken_rows",
        Severity.WARNING,
        name,
        f"{broken.count} of {read + broken.count} rows do not have the table's columns and were left out "
        f"(first: {broken.first!r})",
        "the file may be cut off or edited; export it again",
        {"rows": float(broken.count)},
    )
    return (note,)


def layout_findings(layout: Layout, path: Path, name: str) -> Iterator[Finding]:
    """Remarks on the header, the encoding and the end of a text table."""
    if layout.renamed:
        yield Finding(
            "duplicate_columns",
            Severity.WARNING,
            name,
            f"{len(layout.renamed)} column names stand there more than once ({', '.join(layout.renamed[:5])}); "
            "the later ones got a number behind",
            "give every column its own name",
            {"columns": float(len(layout.renamed))},
        )
    if layout.encoding == "latin-1":
        message = "the text is not UTF-8 and was read as latin-1"
        yield Finding("assumed_encoding", Severity.INFO, name, message, "export the table as UTF-8")
    with path.open("rb") as file:
        file.seek(-min(2, path.stat().st_size), os.SEEK_END)
        if not file.read().strip(b"\x00").endswith((b"\n", b"\r")):
            message = "the file ends within a line; its last row may be cut off"
            yield Finding("unfinished_last_line", Severity.INFO, name, message, "check the last row")
