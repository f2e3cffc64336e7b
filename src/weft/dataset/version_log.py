"""The history of a dataset."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from weft.core import Version
from weft.dataset.store import Store
from weft.dataset.version_changes import compare_manifests
from weft.dataset.version_names import current, tags


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


def history(path: str | Path) -> list[dict[str, Any]]:
    """Every version of a dataset, newest first: its tags, what it holds, and what changed since its parent."""
    store = Store.open(path)
    names: dict[int, list[str]] = {}
    for tag, number in tags(store).items():
        names.setdefault(number, []).append(tag)
    now = current(store) if store.numbers() else None
    rows = []
    for version in log(path):
        written = datetime.fromtimestamp(written_at_s(path, version.number)).astimezone()
        rows.append(
            {
                "version": version.number,
                "tags": names.get(version.number, []),
                "current": version.number == now,
                "written": written.isoformat(sep=" ", timespec="seconds"),
                "parent": version.parent,
                "content_sha256": version.content_sha256,
                "counts": dict(version.counts),
                "recipe": dict(version.recipe),
                "changes": _changes(store, version),
            }
        )
    return rows


def _changes(store: Store, version: Version) -> str:
    """What a version changed, in a line."""
    if version.parent is None:
        return "first"
    changes = compare_manifests(store.manifest(version.parent), store.manifest(version.number))
    parts = []
    for word, what in (("+", "added"), ("-", "removed"), ("changed", "changed")):
        names = [name for name, how in changes.recordings.items() if how == what]
        if names:
            parts.append(f"{word} {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}")
    parts += [f"recipe {', '.join(changes.recipe)}"] if changes.recipe else []
    return "; ".join(parts) or "nothing"
