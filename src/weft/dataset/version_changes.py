"""What changed from one version to another, and by how much.

Only fragments whose rows differ are read, so the cost follows the change. By how much a
clock moved is the largest difference between its two maps over the readings that both
know; where the reference clock itself changed, the maps lead to different places and are
not compared.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from weft.core import NS_PER_MS, ClockAlignment, TimeMap
from weft.core.times import EARLIEST_NS, LATEST_NS
from weft.dataset.dataset import Dataset, open_dataset
from weft.dataset.manifest import Manifest, RecordingEntry

NOTHING = 0
"""What a first version is compared with: a version that holds nothing."""

_LABEL_PLACE = ("kind", "tier", "stream", "clock", "start_ns", "stop_ns")
_LABEL_CONTENT = ("origin", "method", "confidence", "value_json", "details_json")


@dataclass(frozen=True, slots=True)
class ClockChange:
    """How one clock's relation to the reference changed.

    Parameters
    ----------
    recording, clock
        Which.
    before, after
        Its status then and now; ``None`` where it was not there.
    moved_ms
        The largest change of a reference time, ms; ``None`` where there is nothing to compare.
    error95_before_ms, error95_after_ms
        Its stated error then and now.
    """

    recording: str
    clock: str
    before: str | None
    after: str | None
    moved_ms: float | None
    error95_before_ms: float | None
    error95_after_ms: float | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """How many things of one kind came, went or changed in one recording.

    ``what`` is ``"capsules"``, or ``"labels: "`` and their kind.
    """

    recording: str
    what: str
    added: int
    removed: int
    changed: int


@dataclass(frozen=True)
class Changes:
    """What changed from version ``before`` to version ``after``.

    Parameters
    ----------
    recordings
        For each recording that came, went or changed: ``"added"``, ``"removed"`` or ``"changed"``.
    tables
        For each changed recording the tables whose rows differ.
    clocks, rows
        The details of changed recordings.
    recipe
        For each changed option its old and its new value; ``None`` where it was absent.
    counts
        For each table how many rows more (or, negative, fewer) the later version has.
    """

    before: int
    after: int
    recordings: Mapping[str, str]
    tables: Mapping[str, tuple[str, ...]]
    clocks: tuple[ClockChange, ...]
    rows: tuple[RowChange, ...]
    recipe: Mapping[str, tuple[Any, Any]]
    counts: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return asdict(self)


def compare_manifests(before: Manifest, after: Manifest) -> Changes:
    """What the manifests of two versions tell: everything but ``clocks`` and ``rows``.

    Parameters
    ----------
    before, after
        Two versions, usually of one dataset.
    """
    old = {entry.name: entry for entry in before.recordings}
    new = {entry.name: entry for entry in after.recordings}
    tables = {name: changed for name in sorted(old.keys() & new.keys()) if (changed := _tables(old[name], new[name]))}
    recordings = dict.fromkeys(new.keys() - old.keys(), "added")
    recordings |= dict.fromkeys(old.keys() - new.keys(), "removed")
    recordings |= dict.fromkeys(tables, "changed")
    return Changes(
        before.number,
        after.number,
        dict(sorted(recordings.items())),
        tables,
        (),
        (),
        _recipe_changes(before.recipe, after.recipe),
        {table: after.counts[table] - before.counts[table] for table in after.counts},
    )


def compare_versions(before: Dataset, after: Dataset) -> Changes:
    """What changed from one version of a dataset to another, clocks, capsules and labels included.

    Parameters
    ----------
    before, after
        Two versions, usually of one dataset.

    Raises
    ------
    DatasetError
        If a fragment that differs is missing or damaged.
    """
    changes = compare_manifests(before.manifest, after.manifest)
    clocks, rows = [], []
    for name, changed in changes.tables.items():
        if "clocks" in changed:
            clocks += _clock_changes(name, before, after)
        if "contexts" in changed:
            rows += _capsule_changes(name, before, after)
        if "annotations" in changed:
            rows += _label_changes(name, before, after)
    return replace(changes, clocks=tuple(clocks), rows=tuple(rows))


def diff(path: str | Path, before: int | str | None = None, after: int | str | None = None) -> Changes:
    """What changed between two versions of the dataset in ``path``, and by how much.

    Parameters
    ----------
    path
        The dataset's folder.
    before
        Number or tag of the earlier version; by default the parent of ``after``, or nothing at all
        where that is a first version.
    after
        Number or tag of the later version; by default the current one.

    Raises
    ------
    UsageError
        If there is no such version.
    """
    later = open_dataset(path, after)
    if before is None and later.version.parent is None:
        return compare_versions(Dataset(later.store, Manifest(NOTHING, None, {}, ())), later)
    return compare_versions(open_dataset(path, later.version.parent if before is None else before), later)


def _tables(old: RecordingEntry, new: RecordingEntry) -> tuple[str, ...]:
    """The tables whose rows differ."""
    hashes = [{table: part.rows_sha256 for table, part in entry.tables.items()} for entry in (old, new)]
    names = sorted(hashes[0].keys() | hashes[1].keys())
    return tuple(name for name in names if hashes[0].get(name) != hashes[1].get(name))


def _recipe_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The options that differ."""
    names = sorted(old.keys() | new.keys())
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _clock_changes(name: str, before: Dataset, after: Dataset) -> list[ClockChange]:
    """The clocks of one recording whose status, error or map differ."""
    alignments = before.alignment(name), after.alignment(name)
    entries = [{entry.clock.name: entry for entry in alignment.clocks} for alignment in alignments]
    same_reference = alignments[0].reference == alignments[1].reference
    changes = []
    for clock in sorted(entries[0].keys() | entries[1].keys()):
        old, new = entries[0].get(clock), entries[1].get(clock)
        moved_ms = _moved_ms(old, new) if same_reference else None
        change = ClockChange(name, clock, _status(old), _status(new), moved_ms, _error95_ms(old), _error95_ms(new))
        if moved_ms or (change.before, change.error95_before_ms) != (change.after, change.error95_after_ms):
            changes.append(change)
    return changes


def _status(entry: ClockAlignment | None) -> str | None:
    """A clock's status, where there is the clock."""
    return None if entry is None else str(entry.status)


def _error95_ms(entry: ClockAlignment | None) -> float | None:
    """A clock's stated error, where it has a map."""
    return None if entry is None else entry.to_json()["error95_ms"]


def _moved_ms(old: ClockAlignment | None, new: ClockAlignment | None) -> float | None:
    """The largest difference of two maps over the readings that both know; ``None`` where there are none."""
    if old is None or new is None or old.time_map is None or new.time_map is None:
        return None
    edges = [t for entry in (old, new) for t in _edges_ns(entry)]
    shared = [t for t in edges if _knows(old.time_map, t) and _knows(new.time_map, t)]
    if not shared:
        return None
    apart_ns = new.time_map.apply(np.array(shared)) - old.time_map.apply(np.array(shared))
    return float(np.abs(apart_ns).max()) / NS_PER_MS


def _edges_ns(entry: ClockAlignment) -> list[int]:
    """Where a clock's pieces start and end; between these, two maps differ by straight lines."""
    spans = [piece.device for piece in entry.time_map.pieces] if entry.time_map else []
    spans += [entry.span] if entry.span else []
    edges = [t for span in spans for t in (span.start_ns, span.stop_ns - 1)]
    # A map that is valid for ever has no ends; it is stated at its t0.
    edges += [piece.t0_ns for piece in entry.time_map.pieces] if entry.time_map else []
    return [t for t in edges if EARLIEST_NS < t < LATEST_NS - 1]


def _knows(time_map: TimeMap, t_device_ns: int) -> bool:
    """Whether a map is valid at a reading."""
    return any(piece.device.contains(t_device_ns) for piece in time_map.pieces)


def _capsule_changes(name: str, before: Dataset, after: Dataset) -> list[RowChange]:
    """How many capsules came, went or changed."""
    columns = ["capsule_id", "capsule_json"]
    tables = (dataset.table("contexts", recording=name, columns=columns) for dataset in (before, after))
    old, new = (dict(zip(*(t[column].to_pylist() for column in columns), strict=True)) for t in tables)
    return _counted(name, {"capsules": old}, {"capsules": new})


def _label_changes(name: str, before: Dataset, after: Dataset) -> list[RowChange]:
    """How many labels of each kind came, went or changed; a label is known by its kind, tier and interval."""
    return _counted(name, *(_labels(dataset, name) for dataset in (before, after)))


def _labels(dataset: Dataset, name: str) -> dict[str, dict[Any, Any]]:
    """One recording's labels: kind to place to content; several at one place are numbered."""
    found: dict[str, dict[Any, Any]] = {}
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in dataset.table("annotations", recording=name).to_pylist():
        place = tuple(row[column] for column in _LABEL_PLACE)
        seen[place] += 1
        content = json.dumps([row[column] for column in _LABEL_CONTENT])
        found.setdefault(f"labels: {row['kind']}", {})[*place, seen[place]] = content
    return found


def _counted(name: str, old: Mapping[str, Mapping[Any, Any]], new: Mapping[str, Mapping[Any, Any]]) -> list[RowChange]:
    """What came, went and changed, by kind."""
    changes = []
    for what in sorted(old.keys() | new.keys()):
        was, now = old.get(what, {}), new.get(what, {})
        changed = sum(was[key] != now[key] for key in was.keys() & now.keys())
        change = RowChange(name, what, len(now.keys() - was.keys()), len(was.keys() - now.keys()), changed)
        if change.added or change.removed or change.changed:
            changes.append(change)
    return changes
