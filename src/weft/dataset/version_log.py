"""The history of a dataset, and what changed between two versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from weft.core import Version
from weft.dataset.store import Store


def log(path: str | Path) -> tuple[Version, ...]:
    """Every version of the dataset in ``path``, newest first.

    Raises
    ------
    DatasetError
        If there is no dataset, or a manifest is damaged.
    """
    store = Store.open(path)
    return tuple(store.manifest(number).version for number in reversed(store.numbers()))


def written_at_s(path: str | Path, number: int) -> float:
    """When a version was written, in seconds of Unix time: the time of its manifest's file.

    It is kept nowhere inside the dataset, so that equal content is equal bytes; a copy
    that does not preserve times loses it.
    """
    return (Store.open(path).root / "versions" / f"{number:06d}.json").stat().st_mtime


@dataclass(frozen=True)
class Difference:
    """What changed from one version to another.

    Parameters
    ----------
    added, removed, changed
        Names of recordings.
    changed_tables
        For each changed recording the tables whose rows differ.
    recipe
        For each changed option its old and its new value; ``None`` where it was absent.
    counts
        For each table how many rows more (or, negative, fewer) the later version has.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    changed_tables: dict[str, tuple[str, ...]]
    recipe: dict[str, tuple[object, object]]
    counts: dict[str, int]


def diff(path: str | Path, before: int, after: int) -> Difference:
    """What changed from version ``before`` to version ``after``; only manifests are read.

    Raises
    ------
    UsageError
        If there is no such version.
    """
    store = Store.open(path)
    old, new = store.manifest(before), store.manifest(after)
    rows = [
        {entry.name: {table: part.rows_sha256 for table, part in entry.tables.items()} for entry in manifest.recordings}
        for manifest in (old, new)
    ]
    tables = {
        name: tuple(sorted(t for t in {*rows[0][name], *rows[1][name]} if rows[0][name].get(t) != rows[1][name].get(t)))
        for name in sorted(rows[0].keys() & rows[1].keys())
        if rows[0][name] != rows[1][name]
    }
    options = sorted({*old.recipe, *new.recipe})
    return Difference(
        added=tuple(sorted(rows[1].keys() - rows[0].keys())),
        removed=tuple(sorted(rows[0].keys() - rows[1].keys())),
        changed=tuple(tables),
        changed_tables=tables,
        recipe={o: (old.recipe.get(o), new.recipe.get(o)) for o in options if old.recipe.get(o) != new.recipe.get(o)},
        counts={table: new.counts[table] - old.counts[table] for table in new.counts},
    )


def history(path: str | Path) -> list[dict[str, Any]]:
    """Every version of a dataset, newest first, with what changed since the one before."""
    rows = []
    for version in log(path):
        written = datetime.fromtimestamp(written_at_s(path, version.number)).astimezone()
        rows.append(
            {
                "version": version.number,
                "written": written.isoformat(sep=" ", timespec="seconds"),
                "parent": version.parent,
                "content_sha256": version.content_sha256,
                "counts": dict(version.counts),
                "recipe": dict(version.recipe),
                "changes": _changes(path, version),
            }
        )
    return rows


def _changes(path: str | Path, version: Version) -> str:
    """What a version changed, in a line."""
    if version.parent is None:
        return "first"
    difference = diff(path, version.parent, version.number)
    parts = [
        f"{word} {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
        for word, names in (("+", difference.added), ("-", difference.removed), ("changed", difference.changed))
        if names
    ]
    parts += [f"recipe {', '.join(difference.recipe)}"] if difference.recipe else []
    return "; ".join(parts) or "nothing"
