"""Names for versions: which one is current, and tags.

    DS/tags.json      {"camera-ready": 3}
    DS/current.json   {"version": 3}; only while another than the newest is current

Both are conveniences beside the versions. Losing them loses no version.
"""

from __future__ import annotations

import re
from typing import Any

from weft.core import DatasetError, UsageError
from weft.dataset.atomic import storage_errors, write_text
from weft.dataset.canonical import pretty_json
from weft.dataset.store import Store, read_json

TAGS, CURRENT = "tags.json", "current.json"

_TAG = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,99}")


def current(store: Store) -> int:
    """The number of the version that is read and built upon when nobody names one.

    Raises
    ------
    UsageError
        If there is no version yet.
    """
    numbers = store.numbers()
    if not numbers:
        raise UsageError(f"{store.root}: there is no version yet; `weft build` writes the first")
    path = store.root / CURRENT
    number = read_json(path).get("version") if path.is_file() else numbers[-1]
    if number not in numbers:
        raise DatasetError(
            f"{path} names version {number!r}, which is not there; delete the file to go on with the newest"
        )
    return int(number)


def make_current(store: Store, number: int) -> None:
    """Let a version be the one that is read and built upon; writes nothing where it is so already.

    Raises
    ------
    UsageError
        If there is no such version.
    DatasetError
        If another writer is at work, or the disk is full.
    """
    with store.lock():
        numbers = store.numbers()
        if number not in numbers:
            raise UsageError(_no_version(store, str(number)))
        path = store.root / CURRENT
        if number == numbers[-1]:
            with storage_errors(path):
                path.unlink(missing_ok=True)
        elif not path.is_file() or read_json(path) != {"version": number}:
            write_text(path, pretty_json({"version": number}), work=store.temporary)


def tags(store: Store) -> dict[str, int]:
    """Every tag with its version's number, in order of name."""
    path = store.root / TAGS
    known: dict[str, Any] = read_json(path) if path.is_file() else {}
    bad = [name for name, number in known.items() if not _TAG.fullmatch(name) or not isinstance(number, int)]
    if bad:
        raise DatasetError(f"{path} holds what is no tag: {', '.join(map(repr, bad))}; mend or delete the file")
    return dict(sorted(known.items()))


def set_tag(store: Store, name: str, number: int, *, move: bool = False) -> None:
    """Name a version; a name that is taken stays where it is unless ``move``.

    Raises
    ------
    UsageError
        If the name cannot be one, is taken, or there is no such version.
    DatasetError
        If another writer is at work, or the disk is full.
    """
    if not _TAG.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a tag: it starts with a letter, then letters, digits, '_', '-' or '.', 100 at most"
        )
    with store.lock():
        if number not in store.numbers():
            raise UsageError(_no_version(store, str(number)))
        known = tags(store)
        if known.get(name, number) != number and not move:
            raise UsageError(
                f"the tag {name!r} is version {known[name]} already; move it on purpose, or choose another name"
            )
        if known.get(name) != number:
            write_text(store.root / TAGS, pretty_json({**known, name: number}), work=store.temporary)


def remove_tag(store: Store, name: str) -> None:
    """Take a name from its version; the version stays.

    Raises
    ------
    UsageError
        If there is no such tag.
    """
    with store.lock():
        known = tags(store)
        if name not in known:
            raise UsageError(f"there is no tag {name!r}; tags: {', '.join(known) or 'none'}")
        del known[name]
        write_text(store.root / TAGS, pretty_json(known), work=store.temporary)


def number_of(store: Store, version: int | str | None = None) -> int:
    """The number of a version that was named by number or tag, or of the current one.

    Raises
    ------
    UsageError
        If there is no such version or tag.
    """
    if version is None or version == "":
        return current(store)
    known = tags(store)
    if isinstance(version, str) and version in known:
        number = known[version]
    elif str(version).isdecimal():
        number = int(version)
    else:
        raise UsageError(_no_version(store, repr(version)) + f"; tags: {', '.join(known) or 'none'}")
    if number not in store.numbers():
        raise UsageError(_no_version(store, str(version)))
    return number


def _no_version(store: Store, wanted: str) -> str:
    """What is there instead of the version that was asked for."""
    known = ", ".join(map(str, store.numbers())) or "none yet; `weft build` writes the first"
    return f"{store.root}: there is no version {wanted}; versions: {known}"
