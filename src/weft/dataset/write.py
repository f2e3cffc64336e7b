"""Recordings into fragments, fragments into a version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from weft.core import Alignment, Capsule, Finding, Recording, UsageError, Version
from weft.dataset.manifest import RecordingEntry
from weft.dataset.originals import copy_originals, links_of
from weft.dataset.rows import recording_fragments
from weft.dataset.store import Store
from weft.dataset.version_names import current, make_current

Media = Literal["link", "copy"]


def store_recording(
    store: Store,
    recording: Recording,
    *,
    alignment: Alignment,
    capsules: Sequence[Capsule] = (),
    findings: Iterable[Finding] = (),
) -> RecordingEntry:
    """Store one recording's rows; nobody sees them until a version names the entry.

    Several processes may do this for different recordings at once. The entry's
    ``to_dict`` is small and is what a process gives back to the one that commits.

    Raises
    ------
    UsageError
        If a source has no hash (see :func:`weft.dataset.hash_sources`), or the alignment or a
        capsule is of another recording.
    DatasetError
        If the disk is full or may not be written.
    """
    strangers = {alignment.recording, *(capsule.recording for capsule in capsules)} - {recording.name}
    if strangers:
        raise UsageError(f"expected what belongs to recording {recording.name!r}, found {', '.join(sorted(strangers))}")
    unhashed = [source.path for source in recording.sources if not source.sha256]
    if unhashed:
        raise UsageError(f"sources without a hash: {', '.join(unhashed)}; call weft.dataset.hash_sources first")
    tables = recording_fragments(recording, alignment, capsules, findings)
    return RecordingEntry(recording.name, {table: store.put(table, rows) for table, rows in tables.items()})


def link_originals(store: Store, recordings: Iterable[Recording], *, media: Media = "link") -> None:
    """Note where the originals lie, or with ``media="copy"`` copy them into the dataset.

    Raises
    ------
    DatasetError
        If the disk is full, or another writer is at work.
    """
    with store.lock():
        links: dict[str, str] = {}
        for recording in recordings:
            links |= copy_originals(store, recording) if media == "copy" else links_of(store, recording)
        store.add_links(links)


def write_version(store: Store, entries: Iterable[RecordingEntry], *, recipe: Mapping[str, Any]) -> Version:
    """Make a version of stored recordings the current one; equal content and recipe give the version that is there.

    Parameters
    ----------
    entries
        What :func:`store_recording` gave back, in any order; names must differ.
    recipe
        Every option that shaped the result, JSON-ready. Nothing that changes from run to
        run (a time, a place, a number of processes) belongs in it.

    Raises
    ------
    UsageError
        If two recordings share a name.
    DatasetError
        If a fragment is missing, another writer is at work, or the disk is full.
    """
    with store.lock():
        parent = current(store) if store.numbers() else None
        manifest = store.commit(entries, recipe=recipe, parent=parent)
        make_current(store, manifest.number)
    return manifest.version
