"""Fragments and versions: whole or not at all, the same bytes, and nothing lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from weft.core import DatasetError, UsageError
from weft.dataset import Store, collect, verify
from weft.dataset.atomic import write_bytes
from weft.dataset.manifest import Fragment
from weft.dataset.tables import rows_sha256, table_of
from weft.testing.toy_dataset import build_toy_dataset, write_toy_folder


def tree(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, bytes | None]:
    """Every file's bytes and every folder below ``folder``."""
    entries = sorted(folder.rglob("*"))
    names = {path.relative_to(folder).as_posix(): path for path in entries}
    return {name: path.read_bytes() if path.is_file() else None for name, path in names.items() if name not in without}


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    return [write_toy_folder(tmp_path / "in" / name, seed=seed) for seed, name in enumerate(["a", "b"])]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB; needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def words(count: int, *, recording: str = "r"):
    return table_of("annotations", [{"recording": recording, "kind": "word", "start_ns": i} for i in range(count)])


class TestFragments:
    def test_equal_rows_are_one_file_that_is_written_once(self, tmp_path: Path) -> None:
        store = Store.create(tmp_path / "DS")
        first = store.put("annotations", words(3))
        modified_ns = (store.root / first.path).stat().st_mtime_ns
        assert store.put("annotations", words(3)) == first
        assert (store.root / first.path).stat().st_mtime_ns == modified_ns

    def test_rows_come_back_in_order_with_nulls_kept(self, tmp_path: Path) -> None:
        store = Store.create(tmp_path / "DS")
        parts = [store.put("annotations", words(2, recording=name)) for name in ("b", "a")]
        rows = store.read("annotations", parts, columns=["recording", "start_ns", "confidence"]).to_pylist()
        assert [(row["recording"], row["start_ns"]) for row in rows] == [("b", 0), ("b", 1), ("a", 0), ("a", 1)]
        assert all(row["confidence"] is None for row in rows)

    def test_hash_of_rows_tells_null_from_empty_and_text_from_its_neighbour(self) -> None:
        variants = [
            [{"recording": "r", "kind": None}],
            [{"recording": "r", "kind": ""}],
            [{"recording": "r", "kind": "ab", "tier": "c"}],
            [{"recording": "r", "kind": "a", "tier": "bc"}],
            [{"recording": "r", "start_ns": 0}],
        ]
        assert len({rows_sha256(table_of("annotations", rows)) for rows in variants}) == len(variants)

    def test_a_table_with_other_columns_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="'findings' needs columns"):
            Store.create(tmp_path / "DS").put("findings", words(1))

    def test_text_that_is_no_utf8_is_refused_by_name(self) -> None:
        with pytest.raises(UsageError, match="not UTF-8"):
            table_of("annotations", [{"recording": b"\xff.wav".decode("utf-8", "surrogateescape")}])

    @pytest.mark.parametrize(
        "path",
        [
            "../../etc/passwd",
            "tables/../../x/" + "0" * 32 + ".parquet",
            "/etc/passwd",
            "tables/secrets/" + "0" * 32 + ".parquet",
        ],
    )
    def test_a_manifest_cannot_name_a_file_outside(self, path: str) -> None:
        with pytest.raises(DatasetError, match="not one of a weft dataset's tables"):
            Fragment(path, "", "", 1)

    def test_a_missing_fragment_is_named_with_the_cure(self, tmp_path: Path) -> None:
        store = Store.create(tmp_path / "DS")
        fragment = store.put("annotations", words(3))
        (store.root / fragment.path).unlink()
        with pytest.raises(DatasetError, match=r"is missing; restore the file, or delete .*\.work"):
            store.read("annotations", [fragment])


class TestVersions:
    def test_same_content_and_recipe_is_the_same_version(self, tmp_path: Path, folders: list[Path]) -> None:
        first = build_toy_dataset(tmp_path / "DS", folders)
        before = {p: p.stat().st_mtime_ns for p in (tmp_path / "DS").rglob("*") if p.is_file() and p.name != "lock"}
        assert build_toy_dataset(tmp_path / "DS", folders) == first
        after = {p: p.stat().st_mtime_ns for p in (tmp_path / "DS").rglob("*") if p.is_file() and p.name != "lock"}
        assert after == before

    def test_another_recipe_is_a_version_beside_the_old(self, tmp_path: Path, folders: list[Path]) -> None:
        build_toy_dataset(tmp_path / "DS", folders)
        old = (tmp_path / "DS/versions/000001.json").read_bytes()
        second = build_toy_dataset(tmp_path / "DS", folders, recipe={"history_s": 3.0})
        assert (second.number, second.parent) == (2, 1)
        assert (tmp_path / "DS/versions/000001.json").read_bytes() == old

    def test_going_back_to_an_old_recipe_gives_the_old_version(self, tmp_path: Path, folders: list[Path]) -> None:
        recipes = [{"history_s": 5.0}, {"history_s": 3.0}, {"history_s": 5.0}]
        assert [build_toy_dataset(tmp_path / "DS", folders, recipe=r).number for r in recipes] == [1, 2, 1]

    def test_two_places_get_the_same_bytes_but_for_the_links(self, tmp_path: Path, folders: list[Path]) -> None:
        for place in ("x/DS", "y/z/DS"):
            build_toy_dataset(tmp_path / place, folders[:: -1 if "z" in place else 1])
        left, right = (tree(tmp_path / place, without=("links.json",)) for place in ("x/DS", "y/z/DS"))
        assert left == right

    def test_content_hash_does_not_depend_on_the_library_that_wrote_the_file(
        self, tmp_path: Path, folders: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import pyarrow.parquet as pq

        first = build_toy_dataset(tmp_path / "x", folders)
        write = pq.write_table
        monkeypatch.setattr(pq, "write_table", lambda t, p, **o: write(t, p, **{**o, "compression_level": 9}))
        second = build_toy_dataset(tmp_path / "y", folders)
        assert second.content_sha256 == first.content_sha256
        assert tree(tmp_path / "x") != tree(tmp_path / "y")

    def test_an_empty_dataset_is_a_version_with_no_rows(self, tmp_path: Path) -> None:
        version = Store.create(tmp_path / "DS").commit([], recipe={}).version
        assert version.number == 1
        assert set(version.counts.values()) == {0}

    def test_two_recordings_of_one_name_are_refused_with_a_cure(self, tmp_path: Path) -> None:
        twins = [write_toy_folder(tmp_path / "in" / day / "session", seed=i) for i, day in enumerate("xy")]
        with pytest.raises(UsageError, match=r"found twice: session; give them names in their recording\.toml"):
            build_toy_dataset(tmp_path / "DS", twins)
        assert Store.open(tmp_path / "DS").numbers() == ()

    def test_a_version_that_is_not_there_is_refused_with_those_that_are(self, tmp_path: Path) -> None:
        store = Store.create(tmp_path / "DS")
        with pytest.raises(UsageError, match="none yet"):
            store.manifest()
        store.commit([], recipe={})
        with pytest.raises(UsageError, match=r"no version 7; versions: 1$"):
            store.manifest(7)

    def test_a_folder_with_other_things_is_not_taken_over(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.docx").write_text("ten years")
        with pytest.raises(DatasetError, match="something that is not a weft dataset"):
            Store.create(tmp_path)
        with pytest.raises(DatasetError, match=r"it has no weft\.json"):
            Store.open(tmp_path)

    def test_a_newer_layout_is_refused(self, tmp_path: Path) -> None:
        Store.create(tmp_path / "DS")
        (tmp_path / "DS/weft.json").write_text('{"format": "weft dataset", "layout": 99}')
        with pytest.raises(DatasetError, match="layout 99, this weft knows 1; update weft"):
            Store.open(tmp_path / "DS")


class TestUpkeep:
    def test_an_untouched_dataset_has_no_findings(self, tmp_path: Path, folders: list[Path]) -> None:
        build_toy_dataset(tmp_path / "DS", folders, media="copy")
        assert verify(Store.open(tmp_path / "DS")) == ()

    @pytest.mark.parametrize("part", ["tables", "media"])
    def test_one_flipped_bit_is_found(self, tmp_path: Path, folders: list[Path], part: str) -> None:
        build_toy_dataset(tmp_path / "DS", folders, media="copy")
        file = next(path for path in sorted((tmp_path / "DS" / part).rglob("*")) if path.is_file())
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        [finding] = verify(Store.open(tmp_path / "DS"))
        assert (finding.check, finding.severity) == ("damaged_file", "error")
        assert finding.subject == file.relative_to(tmp_path / "DS").as_posix()

    def test_an_edited_manifest_is_found(self, tmp_path: Path, folders: list[Path]) -> None:
        build_toy_dataset(tmp_path / "DS", folders)
        path = tmp_path / "DS/versions/000001.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "recipe": {"history_s": 99}}))
        with pytest.raises(DatasetError, match="does not hold what its hash says"):
            Store.open(tmp_path / "DS").manifest()
        assert "damaged_file" in {finding.check for finding in verify(Store.open(tmp_path / "DS"))}

    def test_building_again_mends_a_damaged_fragment(self, tmp_path: Path, folders: list[Path]) -> None:
        build_toy_dataset(tmp_path / "DS", folders)
        file = sorted((tmp_path / "DS/tables/capsules").iterdir())[0]
        file.write_bytes(b"PAR1")
        build_toy_dataset(tmp_path / "DS", folders)
        assert verify(Store.open(tmp_path / "DS")) == ()

    def test_collect_removes_what_nobody_names_and_no_version(self, tmp_path: Path, folders: list[Path]) -> None:
        build_toy_dataset(tmp_path / "DS", folders)
        build_toy_dataset(tmp_path / "DS", folders[:1], recipe={"x": 1})
        whole = tree(tmp_path / "DS")
        store = Store.open(tmp_path / "DS")
        stray = store.put("annotations", words(7))
        assert [finding.check for finding in verify(store)] == ["unused_file"]
        assert collect(store) == (stray.path,)
        assert tree(tmp_path / "DS") == whole

    def test_collect_refuses_while_a_manifest_cannot_be_read(self, tmp_path: Path, folders: list[Path]) -> None:
        build_toy_dataset(tmp_path / "DS", folders)
        (tmp_path / "DS/versions/000001.json").write_text("{")
        with pytest.raises(DatasetError, match="cannot be read"):
            collect(Store.open(tmp_path / "DS"))
        assert any((tmp_path / "DS/tables/capsules").iterdir())


class TestFailingDisk:
    def test_full_disk_is_said_clearly_and_nothing_half_written_stays(
        self, tmp_path: Path, folders: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        build_toy_dataset(tmp_path / "DS", folders[:1])
        whole = tree(tmp_path / "DS", without=("links.json",))

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(DatasetError, match=r"no space is left on the disk .*earlier versions are intact"):
                build_toy_dataset(tmp_path / "DS", folders, recipe={"x": 1})
        assert tree(tmp_path / "DS", without=("links.json",)) == whole
        assert build_toy_dataset(tmp_path / "DS", folders, recipe={"x": 1}).number == 2

    def test_a_disk_that_fills_up_keeps_every_earlier_version(self, tiny_disk: Path, folders: list[Path]) -> None:
        version = build_toy_dataset(tiny_disk / "DS", folders[:1])
        store = Store.open(tiny_disk / "DS")
        noise = np.random.default_rng(0).integers(0, 2**62, 200_000)
        rows = table_of("residuals", [{"recording": "r", "t_device_ns": int(t)} for t in noise])
        with pytest.raises(DatasetError, match="no space is left on the disk"):
            store.put("residuals", rows)
        assert not list(store.temporary.iterdir())
        assert store.manifest().version == version
        assert verify(store) == ()

    @pytest.mark.parametrize("call", range(12))
    def test_a_failed_rename_leaves_the_old_version(
        self, tmp_path: Path, folders: list[Path], monkeypatch: pytest.MonkeyPatch, call: int
    ) -> None:
        version = build_toy_dataset(tmp_path / "DS", folders[:1])
        replace, calls = os.replace, []

        def fail_once(source: str, target: str) -> None:
            calls.append(target)
            if len(calls) == call + 1:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            replace(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", fail_once)
            try:
                build_toy_dataset(tmp_path / "DS", folders, recipe={"x": 1})
            except DatasetError as error:
                assert "earlier versions are intact" in str(error)
                assert Store.open(tmp_path / "DS").manifest().version == version
        assert not list((tmp_path / "DS/.work/tmp").iterdir())
        build_toy_dataset(tmp_path / "DS", folders, recipe={"x": 1})
        assert [f for f in verify(Store.open(tmp_path / "DS")) if f.severity == "error"] == []

    @pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
    def test_a_folder_without_permission_is_said_clearly(self, tmp_path: Path) -> None:
        (tmp_path / "locked").mkdir(mode=0o500)
        with pytest.raises(DatasetError, match="may not be written"):
            Store.create(tmp_path / "locked" / "DS")

    def test_writing_replaces_a_file_in_one_step(self, tmp_path: Path) -> None:
        for content in (b"old", b"new"):
            write_bytes(tmp_path / "file", content, work=tmp_path / "work")
        assert (tmp_path / "file").read_bytes() == b"new"
        assert not list((tmp_path / "work").iterdir())


HOLD = """
import sys, time
from weft.dataset import Store
with Store.create(sys.argv[1]).lock():
    print("held", flush=True)
    time.sleep(60)
"""


class TestTwoWriters:
    def test_the_second_is_told_who_is_first_and_a_dead_one_is_no_obstacle(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", HOLD, str(tmp_path / "DS")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None and holder.stdout.readline() == "held\n"
            store = Store.open(tmp_path / "DS")
            with pytest.raises(DatasetError, match=f"another writer is at work here \\(process {holder.pid} on "):
                store.commit([], recipe={})
            with pytest.raises(DatasetError, match="another writer"), store.lock(wait_s=0.2):
                pass
            holder.kill()
        assert store.commit([], recipe={}).number == 1

    def test_leftovers_of_a_dead_writer_are_swept_by_the_next(self, tmp_path: Path) -> None:
        store = Store.create(tmp_path / "DS")
        (store.temporary / "dead.tmp").write_bytes(b"half")
        store.commit([], recipe={})
        assert not list(store.temporary.iterdir())

    def test_a_lock_within_a_lock_of_one_store_is_the_same(self, tmp_path: Path) -> None:
        store = Store.create(tmp_path / "DS")
        with store.lock(), store.lock():
            assert store.commit([], recipe={}).number == 1
        assert (store.work / "lock").read_bytes() == b""
