"""Parquet and Arrow files as rows, and Parquet's numbers read by row group when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from weft.core import UnreadableError, UnsupportedError
from weft.readers.tables.signatures import PARQUET_MARK
from weft.readers.tables.text_layout import MAX_COLUMNS

_MAX_LIST = 64


@dataclass
class ArrowRows:
    """The rows of an Arrow IPC (Feather 2) or Parquet file, each cell as text.

    A column of lists of one length becomes as many columns (``pixel`` gives ``pixel.0``,
    ``pixel.1``), noted in ``lists``. Other nested values and bytes are no plain values;
    the names of such columns are in ``nested``.

    Raises
    ------
    UnreadableError
        If the file is damaged or cut off (both formats keep their index at the end).
    """

    path: Path
    name: str
    names: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    lists: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chosen = False
        schema = self._guarded(self._schema)
        if len(schema.names) > MAX_COLUMNS:
            raise UnsupportedError(f"{self.name}: has {len(schema.names)} columns, weft reads at most {MAX_COLUMNS}")
        if len(set(schema.names)) < len(schema.names):
            raise UnreadableError(f"{self.name}: expected columns of different names, found {schema.names}")
        self.lists = {name: width for name, width in self._list_widths(schema).items() if width}
        plain = [f.name for f in schema if _is_plain(f.type)]
        self.nested = tuple(name for name in schema.names if name not in plain and name not in self.lists)
        kept = [name for name in schema.names if name not in self.nested]
        self.names = tuple(
            part for name in kept for part in ([f"{name}.{i}" for i in range(self.lists.get(name, 0))] or [name])
        )

    def __iter__(self) -> Iterator[list[pa.Array]]:
        batches = self._batches()
        while (batch := self._guarded(lambda: next(batches, None))) is not None:
            yield [part for name in batch.schema.names for part in self._parts(name, batch.column(name))]

    def only(self, names: tuple[str, ...]) -> ArrowRows:
        """The same rows with only some of the columns, for a file without lists."""
        chosen = copy(self)
        chosen.names, chosen._chosen = names, True
        return chosen

    def _parts(self, name: str, cells: pa.Array) -> list[pa.Array]:
        """A column's text, or those of the columns that its lists become."""
        if name not in self.lists:
            return [_as_text(cells)] if name in self.names else []
        width = self.lists[name]
        rows = [row if row is not None and len(row) == width else [None] * width for row in cells.to_pylist()]
        texts = [["" if row[i] is None else str(row[i]) for row in rows] for i in range(width)]
        return [pa.array(column, pa.string()) for column in texts]

    def _list_widths(self, schema: pa.Schema) -> dict[str, int]:
        """The length of the first row's list in each column of numbers' lists; 0 where it is none or too long."""
        wanted = [f.name for f in schema if _is_number_list(f.type)]
        first = self._guarded(lambda: next(self._batches(), None)) if wanted else None
        if first is None or not first.num_rows:
            return {}
        lists = {name: first.column(name)[0].as_py() for name in wanted}
        return {name: len(row) if row and len(row) <= _MAX_LIST else 0 for name, row in lists.items()}

    @property
    def is_parquet(self) -> bool:
        """Whether it is Parquet."""
        with self.path.open("rb") as file:
            return file.read(4) == PARQUET_MARK

    def _schema(self) -> pa.Schema:
        """The file's schema."""
        if self.is_parquet:
            return pq.read_schema(self.path)
        with pa.memory_map(str(self.path)) as source:
            return pa.ipc.open_file(source).schema

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """The file's batches."""
        if self.is_parquet:
            with pq.ParquetFile(self.path) as file:
                columns = None if self.lists or not self._chosen else list(self.names)
                yield from file.iter_batches(columns=columns)
            return
        with pa.memory_map(str(self.path)) as source:
            reader = pa.ipc.open_file(source)
            for index in range(reader.num_record_batches):
                yield reader.get_batch(index)

    def _guarded(self, read: Any) -> Any:
        """What ``read`` gives, its complaints about the file turned into ours."""
        try:
            return read()
        except (pa.ArrowException, OSError, EOFError) as error:
            kind = "Parquet" if self.is_parquet else "Arrow (Feather 2)"
            raise UnreadableError(
                f"{self.name}: expected a whole {kind} file, found {str(error)[:160]!r}; "
                "it is damaged or was cut off: copy or export it again"
            ) from None


def _is_plain(kind: pa.DataType) -> bool:
    """Whether a column holds numbers, texts, truths or times."""
    return not (
        pa.types.is_nested(kind)
        or pa.types.is_duration(kind)
        or pa.types.is_interval(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _is_number_list(kind: pa.DataType) -> bool:
    """Whether a column holds lists of numbers."""
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return False
    return bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def _as_text(cells: pa.Array) -> pa.Array:
    """A column's cells as text, missing ones empty."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_boolean(cells.type):
        cells = pc.cast(cells, pa.int8())
    return pc.fill_null(pc.cast(cells, pa.string()), "")


@dataclass
class ParquetSamples:
    """Numeric columns of a Parquet file, float64 (n, columns), read by row group when asked for."""

    path: Path
    columns: tuple[str, ...]
    group_starts: tuple[int, ...]
    """The first row of each row group, and the number of rows."""

    def __post_init__(self) -> None:
        self._last: tuple[int, NDArray[np.float64]] | None = None

    @classmethod
    def of(cls, path: Path, columns: tuple[str, ...]) -> ParquetSamples:
        """The samples of the file at ``path``."""
        meta = pq.read_metadata(path)
        sizes = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
        return cls(path, columns, (0, *(int(stop) for stop in np.cumsum(sizes))))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last": None}

    @property
    def shape(self) -> tuple[int, int]:
        """``(n, columns)``."""
        return (self.group_starts[-1], len(self.columns))

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64."""
        return np.dtype(np.float64)

    def read(self, start: int, stop: int) -> NDArray[np.float64]:
        """The rows ``start <= i < stop``."""
        start, stop, _ = slice(start, stop).indices(self.group_starts[-1])
        parts = [np.empty((0, len(self.columns)))]
        for group, (first, last) in enumerate(zip(self.group_starts, self.group_starts[1:], strict=False)):
            if first < stop and start < last:
                parts.append(self._group(group)[max(start - first, 0) : stop - first])
        return np.concatenate(parts)

    def _group(self, group: int) -> NDArray[np.float64]:
        """One row group's values; the last one read is kept."""
        if self._last is None or self._last[0] != group:
            with pq.ParquetFile(self.path) as file:
                table = file.read_row_group(group, columns=list(self.columns))
            columns = [_as_numbers(table.column(name).combine_chunks()) for name in self.columns]
            self._last = (group, np.column_stack(columns) if columns else np.empty((table.num_rows, 0)))
        return self._last[1]


def _as_numbers(cells: pa.Array) -> NDArray[np.float64]:
    """A column's numbers, missing ones NaN."""
    if pa.types.is_floating(cells.type) or pa.types.is_integer(cells.type):
        return np.asarray(pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    text = _as_text(cells)
    numbers = pc.cast(pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text), pa.float64())
    return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.float64)
