"""The capsules of a version as a sequence that reads what it is asked for."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from weft.core import Capsule
from weft.dataset.manifest import Fragment
from weft.dataset.records import capsule_of
from weft.dataset.store import Store
from weft.dataset.tables import CONTEXTS_PER_GROUP

_OPEN_FILES = 64
_KEPT_GROUPS = 16


class Capsules(Sequence[Capsule]):
    """Chosen capsules, in order of recording and start.

    Asking for one reads one small group of rows; iterating reads each group once.

    Parameters
    ----------
    store
        The dataset's files.
    fragments
        The files of the table ``contexts``, in order.
    rows
        For each fragment the rows that were chosen, int64, increasing.
    """

    def __init__(self, store: Store, fragments: Sequence[Fragment], rows: Sequence[NDArray[np.int64]]) -> None:
        self._fragments = tuple(fragments)
        self._rows = tuple(rows)
        self._starts = np.concatenate([[0], np.cumsum([len(some) for some in rows])]).astype(np.int64)
        self._groups = _Groups(store)

    def __len__(self) -> int:
        return int(self._starts[-1])

    @overload
    def __getitem__(self, index: int) -> Capsule: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Capsule, ...]: ...

    def __getitem__(self, index: int | slice) -> Capsule | tuple[Capsule, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        at = range(len(self))[index]
        which = int(np.searchsorted(self._starts, at, side="right")) - 1
        row = int(self._rows[which][at - int(self._starts[which])])
        return capsule_of(self._groups.json_of(self._fragments[which], row))

    def __iter__(self) -> Iterator[Capsule]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"Capsules({len(self)} of {len(self._fragments)} recordings)"


@dataclass
class _Groups:
    """The most recently read groups of rows; neither a pickle nor a fork takes them along."""

    store: Store
    pid: int = field(default_factory=os.getpid)
    files: OrderedDict[str, pq.ParquetFile] = field(default_factory=OrderedDict)
    groups: OrderedDict[tuple[str, int], Any] = field(default_factory=OrderedDict)

    def json_of(self, fragment: Fragment, row: int) -> str:
        """One capsule's JSON."""
        if self.pid != os.getpid():
            self.pid, self.files, self.groups = os.getpid(), OrderedDict(), OrderedDict()
        number, inside = divmod(row, CONTEXTS_PER_GROUP)
        key = (fragment.path, number)
        if key not in self.groups:
            self.groups[key] = self._file(fragment.path).read_row_group(
                number, columns=["capsule_json"], use_threads=False
            )[0]
            if len(self.groups) > _KEPT_GROUPS:
                self.groups.popitem(last=False)
        self.groups.move_to_end(key)
        text: str = self.groups[key][inside].as_py()
        return text

    def _file(self, path: str) -> pq.ParquetFile:
        """The open file."""
        if path not in self.files:
            self.files[path] = pq.ParquetFile(self.store.root / path)
            if len(self.files) > _OPEN_FILES:
                self.files.popitem(last=False)[1].close()
        self.files.move_to_end(path)
        return self.files[path]

    def __getstate__(self) -> dict[str, Any]:
        return {"store": self.store, "pid": -1, "files": OrderedDict(), "groups": OrderedDict()}
