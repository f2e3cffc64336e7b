"""The commands about versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from weft.cli import weft
from weft.dataset import Store
from weft.testing.toy_dataset import build_toy_dataset, write_toy_folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folders = [write_toy_folder(tmp_path / "in" / name, seed=seed) for seed, name in enumerate(["a", "b"])]
    build_toy_dataset(tmp_path / "DS", folders[:1])
    build_toy_dataset(tmp_path / "DS", folders, recipe={"history_s": 3.0})
    return tmp_path / "DS"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(weft, [str(argument) for argument in arguments], catch_exceptions=False)


def test_diff_says_what_changed_in_words_and_as_json(path: Path) -> None:
    shown = call("diff", path).output
    assert "version 1 to version 2" in shown
    assert "history_s" in shown
    told = json.loads(call("diff", path, "1", "2", "--json").output)
    assert told["recordings"] == {"b": "added"}
    assert told["recipe"] == {"history_s": [5.0, 3.0]}
    assert "nothing changed" in call("diff", path, "2", "2").output


def test_tag_checkout_and_log_go_together(path: Path) -> None:
    assert call("tag", path, "first", "--version", "1").output == "first  version 1\n"
    assert call("checkout", path, "first").output == "version 1 is current\n"
    rows = json.loads(call("log", path, "--json").output)["versions"]
    assert [(row["version"], row["current"], row["tags"]) for row in rows] == [(2, False, []), (1, True, ["first"])]
    assert json.loads(call("tag", path, "first", "--delete", "--json").output)["tags"] == {}
    assert json.loads(call("checkout", path, "2", "--json").output)["version"] == 2


def test_collect_removes_what_no_version_names_and_only_that(path: Path) -> None:
    orphan = path / "tables" / "capsules" / ("0" * 32 + ".parquet")
    orphan.write_bytes(b"left by a killed build")
    assert "1 file would be removed" in call("collect", path, "--dry-run").output
    assert orphan.exists()
    assert json.loads(call("collect", path, "--json").output)["removed"] == [f"tables/capsules/{orphan.name}"]
    assert not orphan.exists()
    assert Store.open(path).manifest(1).counts["capsules"] == 3
