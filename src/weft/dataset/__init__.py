"""Versioned datasets: tables, versions, links to the originals, exports."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weft.dataset.dataset import Dataset, open_dataset
    from weft.dataset.exports.about import About, read_about
    from weft.dataset.exports.clips import ClipOptions
    from weft.dataset.exports.mcap import export_mcap
    from weft.dataset.exports.parquet import export_parquet
    from weft.dataset.exports.webdataset import export_webdataset
    from weft.dataset.manifest import RecordingEntry
    from weft.dataset.originals import hash_sources, input_hashes
    from weft.dataset.rows import recording_fragments
    from weft.dataset.store import Store
    from weft.dataset.upkeep import collect, unused, verify
    from weft.dataset.version_changes import Changes, compare_versions, diff
    from weft.dataset.version_log import history, log
    from weft.dataset.version_names import current, make_current, number_of, remove_tag, set_tag, tags
    from weft.dataset.write import link_originals, store_recording, write_version

_HOMES = {
    "About": "exports.about",
    "export_mcap": "exports.mcap",
    "read_about": "exports.about",
    "ClipOptions": "exports.clips",
    "Dataset": "dataset",
    "Changes": "version_changes",
    "compare_versions": "version_changes",
    "current": "version_names",
    "make_current": "version_names",
    "number_of": "version_names",
    "remove_tag": "version_names",
    "set_tag": "version_names",
    "tags": "version_names",
    "Store": "store",
    "collect": "upkeep",
    "diff": "version_changes",
    "RecordingEntry": "manifest",
    "export_parquet": "exports.parquet",
    "export_webdataset": "exports.webdataset",
    "hash_sources": "originals",
    "history": "version_log",
    "input_hashes": "originals",
    "link_originals": "write",
    "log": "version_log",
    "open_dataset": "dataset",
    "recording_fragments": "rows",
    "store_recording": "write",
    "unused": "upkeep",
    "verify": "upkeep",
    "write_version": "write",
}

__all__ = [
    "About",
    "Changes",
    "ClipOptions",
    "Dataset",
    "RecordingEntry",
    "Store",
    "collect",
    "compare_versions",
    "current",
    "diff",
    "export_mcap",
    "export_parquet",
    "export_webdataset",
    "hash_sources",
    "history",
    "input_hashes",
    "link_originals",
    "log",
    "make_current",
    "number_of",
    "open_dataset",
    "read_about",
    "recording_fragments",
    "remove_tag",
    "set_tag",
    "store_recording",
    "tags",
    "unused",
    "verify",
    "write_version",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for; Arrow takes its time."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
