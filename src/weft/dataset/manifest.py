"""What one version of a dataset consists of, as its manifest says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weft.core import DatasetError, UsageError, Version
from weft.dataset.canonical import content_sha256
from weft.dataset.tables import COLUMNS

LAYOUT = 1
"""The number of the folder's layout; a reader refuses a higher one."""

_FRAGMENT_PATH = re.compile(r"tables/([a-z]+)/[0-9a-f]{32}\.parquet")


@dataclass(frozen=True, slots=True)
class Fragment:
    """One recording's rows of one table, in one immutable file.

    Parameters
    ----------
    path
        Relative to the dataset's folder: ``tables/<table>/<first 32 digits of sha256>.parquet``.
    sha256
        Of the file's bytes.
    rows_sha256
        Of the rows, whatever library wrote the file.
    rows
        How many.

    Raises
    ------
    DatasetError
        If the path is not of that form; a manifest from outside may not lead out of the folder.
    """

    path: str
    sha256: str
    rows_sha256: str
    rows: int

    def __post_init__(self) -> None:
        match = _FRAGMENT_PATH.fullmatch(self.path)
        if match is None or match.group(1) not in COLUMNS:
            raise DatasetError(f"a manifest names the file {self.path!r}, which is not one of a weft dataset's tables")

    @property
    def table(self) -> str:
        """The table that it is a part of."""
        return self.path.split("/")[1]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {"path": self.path, "sha256": self.sha256, "rows_sha256": self.rows_sha256, "rows": self.rows}


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """One recording in a version: its name and its fragment of each table that has rows."""

    name: str
    tables: Mapping[str, Fragment] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; small enough to travel between processes as a receipt."""
        return {"name": self.name, "tables": {table: part.to_dict() for table, part in self.tables.items()}}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> RecordingEntry:
        """The entry that :meth:`to_dict` wrote."""
        return cls(record["name"], {table: Fragment(**part) for table, part in sorted(record["tables"].items())})


@dataclass(frozen=True)
class Manifest:
    """One version: its number, its parent, what made it, and its recordings in order of name."""

    number: int
    parent: int | None
    recipe: Mapping[str, Any]
    recordings: tuple[RecordingEntry, ...]

    def __post_init__(self) -> None:
        names = Counter(entry.name for entry in self.recordings)
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            raise UsageError(
                f"a dataset names each recording once, found twice: {', '.join(twice)}; "
                'give them names in their recording.toml (name = "...")'
            )
        object.__setattr__(self, "recordings", tuple(sorted(self.recordings, key=lambda entry: entry.name)))

    @property
    def content_sha256(self) -> str:
        """The hash of the recipe and of every row; neither number, place nor time enter it."""
        rows = {e.name: {table: part.rows_sha256 for table, part in e.tables.items()} for e in self.recordings}
        return content_sha256({"layout": LAYOUT, "recipe": self.recipe, "recordings": rows})

    @property
    def counts(self) -> dict[str, int]:
        """Rows by table, every table named."""
        counts = dict.fromkeys(COLUMNS, 0)
        for entry in self.recordings:
            for table, part in entry.tables.items():
                counts[table] += part.rows
        return counts

    @property
    def version(self) -> Version:
        """The version, as the rest of weft knows it."""
        return Version(self.number, self.content_sha256, self.parent, self.recipe, self.counts)

    def entry(self, recording: str) -> RecordingEntry:
        """The entry of one recording."""
        for entry in self.recordings:
            if entry.name == recording:
                return entry
        known = ", ".join(entry.name for entry in self.recordings) or "none"
        raise UsageError(f"version {self.number} has no recording {recording!r}; it has {known}")

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "layout": LAYOUT,
            "number": self.number,
            "parent": self.parent,
            "content_sha256": self.content_sha256,
            "recipe": dict(self.recipe),
            "counts": self.counts,
            "recordings": [entry.to_dict() for entry in self.recordings],
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Manifest:
        """The manifest that :meth:`to_dict` wrote.

        Raises
        ------
        DatasetError
            If its layout is newer than this weft, or its content is not what its hash says.
        """
        if record["layout"] > LAYOUT:
            raise DatasetError(f"this version has layout {record['layout']}, this weft knows {LAYOUT}; update weft")
        entries = tuple(RecordingEntry.from_dict(entry) for entry in record["recordings"])
        manifest = cls(record["number"], record["parent"], record["recipe"], entries)
        if manifest.content_sha256 != record["content_sha256"]:
            raise DatasetError(f"the manifest of version {record['number']} does not hold what its hash says")
        return manifest
