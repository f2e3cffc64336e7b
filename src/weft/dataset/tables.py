"""The columns of every table, and the writer's settings that make equal rows equal bytes.

Times are nanoseconds; the column's table says on which clock. Columns that end in
``_json`` hold canonical JSON. Every table starts with the recording's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weft.core import UsageError

_TEXT, _INT, _REAL, _BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()

COLUMNS: Mapping[str, Mapping[str, pa.DataType]] = {
    "recordings": {"recording": _TEXT, "reference": _TEXT, "opened_as": _TEXT, "details_json": _TEXT},
    "sources": {"recording": _TEXT, "path": _TEXT, "size_bytes": _INT, "sha256": _TEXT, "reader": _TEXT},
    "streams": {
        "recording": _TEXT,
        "stream": _TEXT,
        "modality": _TEXT,
        "clock": _TEXT,
        "samples": _INT,
        "nominal_rate_hz": _REAL,
        "effective_rate_hz": _REAL,
        "device_start_ns": _INT,
        "device_stop_ns": _INT,
        "reference_start_ns": _INT,
        "reference_stop_ns": _INT,
        "status": _TEXT,
        "error95_ms": _REAL,
        "interpolation": _TEXT,
        "dtype": _TEXT,
        "shape_json": _TEXT,
        "channels_json": _TEXT,
        "units_json": _TEXT,
        "source": _TEXT,
        "synthetic": _BOOL,
        "details_json": _TEXT,
    },
    "clocks": {
        "recording": _TEXT,
        "clock": _TEXT,
        "reference": _TEXT,
        "status": _TEXT,
        "offset_ms": _REAL,
        "drift_ppm": _REAL,
        "error95_ms": _REAL,
        "note": _TEXT,
        "streams_json": _TEXT,
        "methods_json": _TEXT,
        "segments_json": _TEXT,
        "entry_json": _TEXT,
    },
    "evidence": {
        "recording": _TEXT,
        "clock": _TEXT,
        "reference": _TEXT,
        "method": _TEXT,
        "moments": _INT,
        "score": _REAL,
        "evidence_json": _TEXT,
    },
    "residuals": {
        "recording": _TEXT,
        "clock": _TEXT,
        "t_device_ns": _INT,
        "residual_ns": _REAL,
        "sd_ns": _REAL,
        "method": _TEXT,
        "used": _BOOL,
    },
    "annotations": {
        "recording": _TEXT,
        "kind": _TEXT,
        "start_ns": _INT,
        "stop_ns": _INT,
        "clock": _TEXT,
        "tier": _TEXT,
        "stream": _TEXT,
        "origin": _TEXT,
        "method": _TEXT,
        "confidence": _REAL,
        "value_json": _TEXT,
        "details_json": _TEXT,
    },
    "capsules": {
        "recording": _TEXT,
        "capsule_id": _TEXT,
        "kind": _TEXT,
        "text": _TEXT,
        "tier": _TEXT,
        "start_ns": _INT,
        "stop_ns": _INT,
        "duration_s": _REAL,
        "context_start_ns": _INT,
        "context_stop_ns": _INT,
        "origin": _TEXT,
        "method": _TEXT,
        "confidence": _REAL,
        "synthetic": _BOOL,
        "annotations": _INT,
        "streams": _INT,
        "present": _REAL,
        "missing": _INT,
        "error95_ms": _REAL,
    },
    "contexts": {"recording": _TEXT, "capsule_id": _TEXT, "capsule_json": _TEXT},
    "findings": {
        "recording": _TEXT,
        "stage": _TEXT,
        "check": _TEXT,
        "severity": _TEXT,
        "subject": _TEXT,
        "message": _TEXT,
        "cure": _TEXT,
        "coverage": _REAL,
        "numbers_json": _TEXT,
    },
}
"""Column types by table; a table's order here is the order everywhere.

``contexts`` holds the whole capsules of ``capsules``, row for row: apart, because a filter
wants many rows of few columns and a loader few rows of the one that is large.
"""

CONTEXTS_PER_GROUP = 64
"""Few, so that one capsule is read without its thousand neighbours; see docs/store.md."""

_ROWS_PER_GROUP = 65_536


def schema_of(table: str) -> pa.Schema:
    """The schema of one table.

    Raises
    ------
    UsageError
        If there is no such table.
    """
    if table not in COLUMNS:
        raise UsageError(f"a dataset has no table {table!r}; it has {', '.join(COLUMNS)}")
    return pa.schema([pa.field(name, kind) for name, kind in COLUMNS[table].items()])


def table_of(table: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """An Arrow table of rows given as dictionaries; absent columns are null.

    Raises
    ------
    UsageError
        If a text holds bytes that are no UTF-8, as names of old file systems may.
    """
    try:
        return pa.Table.from_pylist(list(rows), schema=schema_of(table))
    except UnicodeEncodeError as error:
        raise UsageError(
            f"table {table!r}: the text {error.object!r} holds bytes that are not UTF-8; rename the file or device"
        ) from error


def write_parquet(content: pa.Table, path: Path) -> None:
    """Write a table with settings that depend on nothing but the rows and pyarrow's version."""
    pq.write_table(
        content.replace_schema_metadata(None).combine_chunks(),
        path,
        row_group_size=CONTEXTS_PER_GROUP if "capsule_json" in content.column_names else _ROWS_PER_GROUP,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        use_dictionary=[name for name in content.column_names if not name.endswith("_json")],
        write_statistics=[name for name in content.column_names if not name.endswith("_json")],
        store_schema=False,
    )


def rows_sha256(content: pa.Table) -> str:
    """The hash of a table's names, types and values: equal rows, equal hash, whatever wrote the file.

    A file's own hash also depends on the version of pyarrow, which signs each file.
    """
    digest = hashlib.sha256()
    for name in content.column_names:
        column = content.column(name)
        digest.update(f"{name}\0{column.type}\0{len(column)}\0".encode())
        digest.update(np.asarray(pc.is_valid(column)).tobytes())
        if pa.types.is_string(column.type):
            values = column.fill_null("").to_pylist()
            encoded = [value.encode("utf-8") for value in values]
            digest.update(np.array([len(value) for value in encoded], dtype="<i8").tobytes())
            digest.update(b"".join(encoded))
        else:
            blank = pa.scalar(False if pa.types.is_boolean(column.type) else 0, column.type)
            numbers = np.asarray(column.fill_null(blank))
            digest.update(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
