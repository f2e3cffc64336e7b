"""Folders that appear whole or not at all, for exports; a mark in them tells readers that weft made them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weft.core import UsageError
from weft.dataset.atomic import make_folder, storage_errors
from weft.dataset.canonical import pretty_json
from weft.readers.finding_files import MARK


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``path`` when the block ends without an error.

    Raises
    ------
    UsageError
        If ``path`` is there and not an empty folder; nothing is overwritten.
    DatasetError
        If the disk is full or may not be written; what was begun is removed.
    """
    path = path.absolute()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path} is there already; an export goes to a new or empty folder")
    draft = path.with_name(f".{path.name}.partial")
    with storage_errors(path):
        make_folder(path.parent)
        shutil.rmtree(draft, ignore_errors=True)  # of an export that was killed
        draft.mkdir()
        try:
            yield draft
            (draft / MARK).write_text(pretty_json({"format": "weft export"}), encoding="utf-8")
            if path.is_dir():
                path.rmdir()
            draft.rename(path)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
