"""Tags, and which version is current."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.core import DatasetError, UsageError
from weft.dataset import (
    Store,
    current,
    history,
    log,
    make_current,
    number_of,
    open_dataset,
    remove_tag,
    set_tag,
    tags,
    write_version,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.create(tmp_path / "DS")
    for step in range(3):
        write_version(store, [], recipe={"step": step})
    return store


def files(store: Store) -> dict[str, tuple[bytes, int]]:
    """Every file of a dataset but the lock, with its bytes and the time of its last change."""
    paths = [path for path in store.root.rglob("*") if path.is_file() and ".work" not in path.parts]
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


def test_the_newest_version_is_current_until_another_is_chosen(store: Store) -> None:
    assert current(store) == 3
    make_current(store, 1)
    assert (current(store), open_dataset(store.root).version.number) == (1, 1)
    make_current(store, 3)
    assert not (store.root / "current.json").exists()


def test_a_new_version_is_a_child_of_the_current_one_and_becomes_current(store: Store) -> None:
    make_current(store, 1)
    assert write_version(store, [], recipe={"step": 9}).parent == 1
    assert current(store) == 4


def test_going_back_to_an_old_recipe_makes_the_old_version_current_and_a_second_time_writes_nothing(
    store: Store,
) -> None:
    assert write_version(store, [], recipe={"step": 0}).number == 1
    assert current(store) == 1
    before = files(store)
    write_version(store, [], recipe={"step": 0})
    assert files(store) == before


def test_a_tag_names_a_version_wherever_one_is_named(store: Store) -> None:
    set_tag(store, "camera-ready", 2)
    assert number_of(store, "camera-ready") == 2
    assert number_of(store, "3") == number_of(store, None) == number_of(store, 3) == 3
    assert open_dataset(store.root, "camera-ready").version.number == 2
    rows = history(store.root)
    assert [(row["version"], row["tags"], row["current"]) for row in rows] == [
        (3, [], True),
        (2, ["camera-ready"], False),
        (1, [], False),
    ]


def test_a_tag_stays_where_it_is_unless_it_is_moved_on_purpose(store: Store) -> None:
    set_tag(store, "v1", 1)
    with pytest.raises(UsageError, match="'v1' is version 1 already"):
        set_tag(store, "v1", 2)
    set_tag(store, "v1", 2, move=True)
    assert tags(store) == {"v1": 2}
    remove_tag(store, "v1")
    assert tags(store) == {}
    with pytest.raises(UsageError, match="there is no tag 'v1'"):
        remove_tag(store, "v1")


@pytest.mark.parametrize("name", ["", "7", "../x", "a b", "-x", "ä", "x" * 101, "a\n"])
def test_what_cannot_be_told_from_a_number_or_a_path_is_no_tag(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a tag"):
        set_tag(store, name, 1)


@pytest.mark.parametrize("wanted", [9, "9", "nobody"])
def test_a_version_that_is_not_there_is_named_with_those_that_are(store: Store, wanted: int | str) -> None:
    with pytest.raises(UsageError, match=r"there is no version .*9.*versions: 1, 2, 3|'nobody'.*versions: 1, 2, 3"):
        number_of(store, wanted)


def test_a_version_that_is_not_there_is_neither_tagged_nor_made_current(store: Store) -> None:
    with pytest.raises(UsageError, match="no version 9"):
        set_tag(store, "later", 9)
    with pytest.raises(UsageError, match="no version 9"):
        make_current(store, 9)


def test_damaged_names_are_one_clear_error_and_touch_no_version(store: Store) -> None:
    (store.root / "tags.json").write_text('{"a": "b"}')
    (store.root / "current.json").write_text('{"version": 77}')
    with pytest.raises(DatasetError, match="holds what is no tag: 'a'"):
        tags(store)
    with pytest.raises(DatasetError, match="names version 77, which is not there; delete the file"):
        current(store)
    assert [version.number for version in log(store.root)] == [3, 2, 1]


def test_a_dataset_without_a_version_has_none_that_is_current(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no version yet"):
        current(Store.create(tmp_path / "DS"))
