"""A folder that holds immutable tables and the versions made of them.

    DS/weft.json                             the mark of a dataset, and its layout
    DS/versions/000001.json                  one manifest per version
    DS/tables/<table>/<hash>.parquet         fragments, named by their content
    DS/links.json                            where each original lies now; no part of any version
    DS/media/<2 digits>/<hash><suffix>       originals that were copied in, by choice
    DS/.work/                                lock, temporary files, receipts; may be deleted

A version exists from the moment at which its manifest is renamed into place. Everything
before that moment only adds files that nobody names; everything after it only reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from weft.core import DatasetError, UsageError
from weft.dataset.atomic import make_folder, move_into_place, storage_errors, temporary_file, write_text
from weft.dataset.canonical import canonical_json, pretty_json
from weft.dataset.lock import writer_lock
from weft.dataset.manifest import LAYOUT, Fragment, Manifest, RecordingEntry
from weft.dataset.tables import rows_sha256, schema_of, write_parquet

MARK = "weft.json"


class Store:
    """The files of one dataset; see the module for where they lie.

    Examples
    --------
    >>> import tempfile
    >>> store = Store.create(Path(tempfile.mkdtemp()) / "DS")
    >>> store.commit([], recipe={"history_s": 5}).number
    1
    >>> store.commit([], recipe={"history_s": 5}).number
    1
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._locked = False

    @classmethod
    def create(cls, path: str | Path) -> Store:
        """The store in ``path``, made new where there is none.

        Raises
        ------
        DatasetError
            If something that is no dataset lies there, or it cannot be written.
        """
        root = Path(path).absolute()
        if (root / MARK).is_file():
            return cls.open(root)
        if root.exists() and (not root.is_dir() or any(entry.name != ".work" for entry in root.iterdir())):
            raise DatasetError(f"{root} holds something that is not a weft dataset; choose a new or an empty folder")
        store = cls(root)
        with storage_errors(root):
            make_folder(root)
        write_text(root / MARK, pretty_json({"format": "weft dataset", "layout": LAYOUT}), work=store.temporary)
        return store

    @classmethod
    def open(cls, path: str | Path) -> Store:
        """The store in ``path``.

        Raises
        ------
        DatasetError
            If there is none, or a newer weft made it.
        """
        root = Path(path).absolute()
        if not root.exists():
            raise DatasetError(f"{root}: no such folder; weft build makes a dataset")
        mark = read_json(root / MARK) if (root / MARK).is_file() else {}
        if mark.get("format") != "weft dataset":
            raise DatasetError(f"{root} is not a weft dataset: it has no {MARK}; weft build makes one")
        if mark.get("layout", 0) > LAYOUT:
            raise DatasetError(f"{root} has layout {mark['layout']}, this weft knows {LAYOUT}; update weft")
        return cls(root)

    def __getstate__(self) -> dict[str, Any]:
        return {"root": self.root, "_locked": False}

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    @property
    def work(self) -> Path:
        """The folder for what is not content: receipts, temporary files, the lock."""
        return self.root / ".work"

    @property
    def temporary(self) -> Path:
        """The folder for temporary files."""
        return self.work / "tmp"

    @contextmanager
    def lock(self, *, wait_s: float = 0.0) -> Iterator[None]:
        """Be the only writer while the block runs, and sweep away what killed writers left.

        A block inside a block of the same store changes nothing.

        Raises
        ------
        DatasetError
            If another writer is at work and still is after ``wait_s`` seconds.
        """
        if self._locked:
            yield
            return
        with writer_lock(self.work / "lock", wait_s=wait_s):
            self._locked = True
            try:
                self._sweep()
                yield
            finally:
                self._locked = False
                self._sweep()  # of workers that were killed in this block

    def _sweep(self) -> None:
        """Remove temporary files; the lock's holder knows that nobody needs them."""
        with storage_errors(self.temporary):
            for leftover in self.temporary.glob("*"):
                leftover.unlink(missing_ok=True)

    def put(self, table: str, content: pa.Table) -> Fragment:
        """Store rows of one table; until a version names them nobody sees them.

        Equal rows give the same file. A file that is there but damaged is replaced.
        Several processes may call this at once.

        Raises
        ------
        UsageError
            If the columns are not the table's.
        DatasetError
            If the disk is full or may not be written.
        """
        if content.schema != schema_of(table):
            raise UsageError(f"table {table!r} needs columns {schema_of(table).names}, found {content.column_names}")
        with storage_errors(self.root / "tables" / table), temporary_file(self.temporary) as temporary:
            write_parquet(content, temporary)
            digest = file_sha256(temporary)
            fragment = Fragment(f"tables/{table}/{digest[:32]}.parquet", digest, rows_sha256(content), content.num_rows)
            target = self.root / fragment.path
            if not (target.is_file() and file_sha256(target) == digest):
                move_into_place(temporary, target)
        return fragment

    def read(
        self,
        table: str,
        fragments: Sequence[Fragment],
        *,
        columns: Sequence[str] | None = None,
        where: pc.Expression | None = None,
    ) -> pa.Table:
        """The rows of several fragments, in their order, only the columns and rows asked for.

        Raises
        ------
        DatasetError
            If a file is missing or damaged.
        """
        schema = schema_of(table)
        paths = [self._present(fragment) for fragment in fragments]
        if not paths:
            empty = schema.empty_table()
            return empty.select(list(columns)) if columns is not None else empty
        try:
            if where is not None:
                return pads.dataset(paths, schema=schema, format="parquet").to_table(columns=columns, filter=where)
            return pa.concat_tables([_read_parquet(path, columns) for path in paths])
        except (pa.ArrowInvalid, OSError) as error:
            raise DatasetError(
                f"{self.root}: table {table!r} is damaged ({error}); verifying names the file"
            ) from error

    def numbers(self) -> tuple[int, ...]:
        """The numbers of all versions, oldest first."""
        folder = self.root / "versions"
        return tuple(sorted(int(p.stem) for p in folder.glob("*.json") if p.stem.isdigit())) if folder.is_dir() else ()

    def manifest(self, number: int | None = None) -> Manifest:
        """The manifest of a version, the newest one without ``number``.

        Raises
        ------
        UsageError
            If there is no such version.
        DatasetError
            If its manifest is damaged.
        """
        numbers = self.numbers()
        chosen = numbers[-1] if number is None and numbers else number
        if chosen is None or chosen not in numbers:
            known = ", ".join(map(str, numbers)) or "none yet; `weft build` writes the first"
            wanted = "version" if number is None else f"version {number}"
            raise UsageError(f"{self.root}: there is no {wanted}; versions: {known}")
        path = self._manifest_path(chosen)
        try:
            return Manifest.from_dict(read_json(path))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DatasetError(f"{path} is damaged ({error!r}); other versions are not touched by it") from error

    def commit(
        self, entries: Iterable[RecordingEntry], *, recipe: Mapping[str, Any], parent: int | None = None
    ) -> Manifest:
        """Make a version of recordings whose fragments are stored, a child of ``parent`` or of the newest.

        If some version holds exactly this content and recipe already, that one is given
        back and nothing is written.

        Raises
        ------
        DatasetError
            If a fragment is missing, another writer is at work, or the disk is full.
        UsageError
            If two recordings share a name.
        """
        plain = json.loads(canonical_json(recipe))
        with self.lock():
            numbers = self.numbers()
            draft = Manifest((numbers or (0,))[-1] + 1, parent or (numbers or (None,))[-1], plain, tuple(entries))
            for number in reversed(numbers):
                if read_json(self._manifest_path(number)).get("content_sha256") == draft.content_sha256:
                    return self.manifest(number)
            for entry in draft.recordings:
                for fragment in entry.tables.values():
                    self._present(fragment)
            write_text(self._manifest_path(draft.number), pretty_json(draft.to_dict()), work=self.temporary)
            return draft

    def links(self) -> dict[str, str]:
        """Where each original lies: sha256 to a path relative to the dataset's folder."""
        path = self.root / "links.json"
        return read_json(path) if path.is_file() else {}

    def add_links(self, links: Mapping[str, str]) -> None:
        """Note where originals lie now; a newer place replaces an older one."""
        with self.lock():
            known = self.links()
            merged = {**known, **links}
            if merged != known:
                write_text(self.root / "links.json", pretty_json(merged), work=self.temporary)

    def has(self, entry: RecordingEntry) -> bool:
        """Whether every fragment of an entry is in its place."""
        return all((self.root / fragment.path).is_file() for fragment in entry.tables.values())

    def _present(self, fragment: Fragment) -> str:
        """The fragment's path on this machine, if it is there."""
        path = self.root / fragment.path
        if not path.is_file():
            raise DatasetError(
                f"{path} is missing; restore the file, or delete {self.work} and run the build again to make it anew"
            )
        return str(path)

    def _manifest_path(self, number: int) -> Path:
        """Where a version's manifest lies."""
        return self.root / "versions" / f"{number:06d}.json"


def _read_parquet(path: str, columns: Sequence[str] | None) -> pa.Table:
    """One file; a fifth of the time that Arrow's dataset scanner takes for many small ones."""
    with pq.ParquetFile(path) as file:
        return file.read(columns=list(columns) if columns is not None else None, use_threads=False)


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """What a JSON file of the dataset holds."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read ({error}); restore it from a copy") from error
    if not isinstance(content, dict):
        raise DatasetError(f"{path} should hold a JSON object, found {type(content).__name__}")
    return content
