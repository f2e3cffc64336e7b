"""kill -9 anywhere, then the same command: the same files as without it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from weft.core import DatasetError
from weft.dataset import Store, open_dataset, verify
from weft.testing.toy_dataset import write_toy_folder

SCRIPT = Path(__file__).with_name("toy_build.py")
Build = Callable[[Path, Path, int], None]


@pytest.fixture(scope="module")
def build() -> Iterator[Build]:
    """The build of ``toy_build.py``, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPT.parent)
        yield import_module("toy_build").build


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four recordings; datasets are made beside their folder, so that relative links agree."""
    folder = tmp_path_factory.mktemp("kill") / "in"
    for seed in range(4):
        write_toy_folder(folder / f"r{seed}", seed=seed)
    return folder


@pytest.fixture(scope="module")
def whole(source: Path, build: Build) -> dict[str, bytes | None]:
    """What a build leaves that nobody killed."""
    build(source, source.parent / "whole" / "DS", 1)
    return tree(source.parent / "whole" / "DS")


@pytest.fixture
def cut(source: Path, tmp_path: Path) -> Path:
    """Where the dataset of a killed build is made."""
    folder = source.parent / tmp_path.name
    folder.mkdir()
    return folder / "DS"


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file's bytes and every folder, the work folder included."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def start(source: Path, target: Path, jobs: int, *die: str) -> subprocess.Popen[str]:
    """The build in another process, told to die or not."""
    command = [sys.executable, str(SCRIPT), str(source), str(target), str(jobs), *die]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


# One build makes about 45 renames and 90 flushes: mark, fragments, receipts, links, manifest.
@pytest.mark.parametrize(
    "die",
    [("replace", "1"), ("fsync", "5"), ("replace", "7"), ("replace", "12"), ("fsync", "60"), ("replace", "41")],
    ids=lambda die: "-".join(die),
)
def test_killed_before_a_call(
    source: Path, cut: Path, build: Build, whole: dict[str, bytes | None], die: tuple[str, str]
) -> None:
    with start(source, cut, 1, *die) as process:
        assert process.wait() == -9
    build(source, cut, 1)
    assert tree(cut) == whole


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_a_random_moment_with_workers_and_an_older_version(
    source: Path, tmp_path: Path, build: Build, seed: int
) -> None:
    for place in ("whole", "cut"):
        (tmp_path / place).mkdir()
        build(write_only(source, tmp_path / place / "old", ["r0"]), tmp_path / place / "DS", 1)
    build(source, tmp_path / "whole" / "DS", 1)
    old = Store.open(tmp_path / "cut" / "DS").manifest(1).version
    with start(source, tmp_path / "cut" / "DS", 2) as process:
        assert process.stdout is not None and process.stdout.readline() == "started\n"
        time.sleep(float(np.random.default_rng(seed).uniform(0.0, 1.5)))
        process.kill()
    assert open_dataset(tmp_path / "cut" / "DS", 1).version == old
    build(source, tmp_path / "cut" / "DS", 1)
    left, right = tree(tmp_path / "cut" / "DS"), tree(tmp_path / "whole" / "DS")
    assert {name for name in left if name != "links.json"} == {name for name in right if name != "links.json"}
    assert all(left[name] == right[name] for name in left if name != "links.json")
    assert verify(Store.open(tmp_path / "cut" / "DS")) == ()


def write_only(source: Path, folder: Path, names: list[str]) -> Path:
    """A folder of some of the recordings."""
    for name in names:
        (folder / name).mkdir(parents=True)
        for file in (source / name).iterdir():
            (folder / name / file.name).write_bytes(file.read_bytes())
    return folder


def test_two_builds_at_once_one_is_told_and_nothing_is_lost(
    source: Path, cut: Path, build: Build, whole: dict[str, bytes | None]
) -> None:
    store = Store.create(cut)
    with store.lock(), pytest.raises(DatasetError, match="another writer is at work"):
        build(source, store.root, 1)
    build(source, store.root, 1)
    assert tree(store.root) == whole
