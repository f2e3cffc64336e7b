"""A version read back: exactly what was stored, and originals found again or missed by name."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from weft.core import DatasetError, Interval, SourceFile, UsageError
from weft.dataset import Dataset, Store, diff, hash_sources, log, open_dataset, store_recording, write_version
from weft.dataset.originals import Originals, copy_originals, opened_as
from weft.dataset.windows import places_in
from weft.testing.toy_dataset import build_toy_dataset, open_toy, toy_alignment, toy_capsules, write_toy_folder


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    return [write_toy_folder(tmp_path / "in" / name, seed=seed) for seed, name in enumerate(["a", "b"])]


@pytest.fixture
def dataset(tmp_path: Path, folders: list[Path]) -> Dataset:
    build_toy_dataset(tmp_path / "DS", folders)
    return open_dataset(tmp_path / "DS", opener=open_toy)


class TestWhatWasStored:
    def test_alignment_comes_back_exactly(self, dataset: Dataset, folders: list[Path]) -> None:
        expected = toy_alignment(open_toy(folders[1]))
        assert dataset.alignment("b").to_dict() == expected.to_dict()

    def test_a_lost_clock_comes_back_lost(self, tmp_path: Path, folders: list[Path]) -> None:
        store = Store.create(tmp_path / "lost")
        recording = hash_sources(open_toy(folders[0]))
        alignment = toy_alignment(recording, lost=["mic"])
        write_version(store, [store_recording(store, recording, alignment=alignment)], recipe={})
        dataset = open_dataset(tmp_path / "lost")
        assert dataset.alignment("a").to_dict() == alignment.to_dict()
        row = dataset.table("streams", where={"clock": "mic"}).to_pylist()[0]
        assert (row["status"], row["reference_start_ns"], row["error95_ms"]) == ("not_aligned", None, None)

    def test_capsules_come_back_equal_and_in_order(self, dataset: Dataset, folders: list[Path]) -> None:
        expected = [capsule for folder in folders for capsule in toy_capsules(open_toy(folder))]
        assert list(dataset.capsules()) == expected
        assert dataset.capsules()[-1] == expected[-1]
        assert dataset.capsules()[1:3] == tuple(expected[1:3])

    def test_annotations_and_findings_come_back_equal(self, dataset: Dataset, folders: list[Path]) -> None:
        recordings = [open_toy(folder) for folder in folders]
        assert dataset.annotations("a") == recordings[0].annotations
        assert dataset.findings == tuple(finding for one in recordings for finding in one.findings)

    def test_a_number_that_is_not_finite_comes_back_as_no_value(self, tmp_path: Path, folders: list[Path]) -> None:
        store = Store.create(tmp_path / "nan")
        recording = hash_sources(open_toy(folders[0]))
        [capsule] = toy_capsules(recording, count=1)
        pitch = replace(capsule.annotations[1], value={"f0_hz": np.float32("nan"), "voiced": np.bool_(False)})
        capsule = replace(capsule, annotations=(capsule.anchor, pitch))
        entry = store_recording(store, recording, alignment=toy_alignment(recording), capsules=[capsule])
        write_version(store, [entry], recipe={})
        [stored] = open_dataset(tmp_path / "nan").capsules()
        assert stored.annotations[1].value == {"f0_hz": None, "voiced": False}

    def test_the_order_in_which_capsules_are_given_does_not_matter(self, tmp_path: Path, folders: list[Path]) -> None:
        store = Store.create(tmp_path / "order")
        recording = hash_sources(open_toy(folders[0]))
        capsules = toy_capsules(recording)
        given = {"alignment": toy_alignment(recording)}
        forwards = store_recording(store, recording, capsules=capsules, **given)
        assert store_recording(store, recording, capsules=capsules[::-1], **given) == forwards

    def test_sources_without_a_hash_are_refused(self, tmp_path: Path, folders: list[Path]) -> None:
        recording = open_toy(folders[0])
        with pytest.raises(UsageError, match=r"cam\.bin, mic\.bin; call weft\.dataset\.hash_sources first"):
            store_recording(Store.create(tmp_path / "x"), recording, alignment=toy_alignment(recording))

    def test_an_alignment_of_another_recording_is_refused(self, tmp_path: Path, folders: list[Path]) -> None:
        recording = hash_sources(open_toy(folders[0]))
        with pytest.raises(UsageError, match="recording 'a', found b"):
            store_recording(Store.create(tmp_path / "x"), recording, alignment=toy_alignment(open_toy(folders[1])))


class TestFilters:
    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            pytest.param({"tier": "mother"}, 2, id="a value is equal"),
            pytest.param({"tier": ["mother", "child"]}, 6, id="a list holds any of it"),
            pytest.param({"start_ns": (0, 2_000_000_000)}, 2, id="a pair is half-open"),
            pytest.param({"start_ns": (2_000_000_000, None)}, 4, id="an open end"),
            pytest.param({"confidence": None}, 4, id="none is null"),
            pytest.param({"tier": "child", "synthetic": True}, 2, id="all at once"),
            pytest.param({}, 6, id="nothing is asked"),
            pytest.param(pc.field("text") == "satz 1 你好", 2, id="an expression of Arrow"),
            pytest.param({"tier": "father"}, 0, id="nobody"),
        ],
    )
    def test_condition_chooses(self, dataset: Dataset, where: object, expected: int) -> None:
        chosen = dataset.capsules(where)
        assert len(chosen) == len(list(chosen)) == expected

    def test_rows_chosen_across_recordings_are_the_right_ones(self, dataset: Dataset) -> None:
        expected = [capsule for capsule in dataset.capsules() if capsule.anchor.tier == "mother"]
        assert list(dataset.capsules({"tier": "mother"})) == expected

    def test_ten_thousand_capsules_are_chosen_by_text_and_read_one_by_one(self, tmp_path: Path) -> None:
        store = Store.create(tmp_path / "DS")
        recording = hash_sources(open_toy(write_toy_folder(tmp_path / "long")))
        capsules = toy_capsules(recording, count=10_000)
        entry = store_recording(store, recording, alignment=toy_alignment(recording), capsules=capsules)
        write_version(store, [entry], recipe={})
        dataset = open_dataset(tmp_path / "DS")
        [found] = dataset.capsules({"text": "satz 7654 你好"})
        assert found == capsules[7654]
        assert dataset.capsules({"tier": "mother"})[4321] == capsules[8643]

    def test_an_unknown_column_is_refused_with_those_there_are(self, dataset: Dataset) -> None:
        with pytest.raises(UsageError, match=r"no column speaker; they have recording, capsule_id, kind, text"):
            dataset.capsules({"speaker": "x"})


class TestWindows:
    def test_windows_cover_without_overlap_and_the_last_is_masked(self, dataset: Dataset) -> None:
        windows = dataset.windows(3.0, recordings=["a"])
        places = [place.interval for place in windows.places]
        assert all(before.stop_ns == after.start_ns for before, after in pairwise(places))
        assert places[0].start_ns == 0
        assert places[-1].stop_ns >= 10_250_000_000
        assert windows[-1]["mic/audio"].valid.sum() == 125
        assert windows[-1]["mic/audio"].reason == "ended"

    def test_partial_windows_are_left_out_when_asked(self, dataset: Dataset) -> None:
        assert len(dataset.windows(3.0, recordings=["a"], partial="drop")) == 3
        assert len(dataset.windows(3.0, recordings=["a"])) == 4

    @pytest.mark.parametrize(
        ("length_s", "stride_s", "partial", "count"),
        [
            (1.0, 1.0, "keep", 3),
            (1.0, 0.5, "drop", 4),
            (2.5, 1.0, "drop", 1),
            (2.6, 1.0, "drop", 0),
            (2.6, 9.0, "keep", 1),
        ],
    )
    def test_number_of_windows_in_two_and_a_half_seconds(
        self, length_s: float, stride_s: float, partial: str, count: int
    ) -> None:
        places = places_in("r", Interval(0, 2_500_000_000), length_s, stride_s, partial=partial)
        assert len(places) == count

    @pytest.mark.parametrize(("length_s", "stride_s"), [(0.0, 1.0), (1.0, -1.0)])
    def test_no_length_or_stride_is_refused(self, dataset: Dataset, length_s: float, stride_s: float) -> None:
        with pytest.raises(UsageError, match="positive length and stride"):
            dataset.windows(length_s, stride_s)

    def test_streams_are_chosen_by_name_or_modality_and_rates_too(self, dataset: Dataset) -> None:
        window = dataset.windows(1.0, streams=["audio"], rates_hz={"audio": 50.0})[0]
        assert list(window.slices) == ["mic/audio"]
        assert len(window["mic/audio"]) == 50

    def test_an_unknown_stream_is_refused(self, dataset: Dataset) -> None:
        with pytest.raises(UsageError, match="no recording has a stream or modality gaze"):
            dataset.windows(1.0, streams=["gaze"])

    def test_a_capsule_s_window_is_its_interval_or_its_context(self, dataset: Dataset) -> None:
        capsule = dataset.capsules({"tier": "mother"})[1]
        for part, interval in (("interval", capsule.interval), ("context", capsule.context)):
            windows = dataset.capsule_windows({"tier": "mother"}, part=part)
            assert windows[1].interval == interval
            assert windows.places[1].capsule == 1

    def test_a_pickled_dataset_reads_the_same(self, dataset: Dataset) -> None:
        expected = dataset.windows(1.0)[3]["cam/video"]
        copy = pickle.loads(pickle.dumps(dataset))  # noqa: S301 - our own bytes
        assert np.array_equal(copy.windows(1.0)[3]["cam/video"].values, expected.values)
        assert copy.capsules()[2] == dataset.capsules()[2]


class TestOriginals:
    def test_reopened_recording_is_what_was_stored(self, dataset: Dataset, folders: list[Path]) -> None:
        recording = dataset.recording("a", verify=True)
        assert [stream.name for stream in recording.streams] == ["cam/video", "mic/audio"]
        assert recording.root == folders[0]

    def test_a_new_file_beside_the_originals_changes_nothing(self, dataset: Dataset, folders: list[Path]) -> None:
        shutil.copy(folders[0] / "mic.bin", folders[0] / "zoo.bin")
        assert [stream.name for stream in dataset.recording("a").streams] == ["cam/video", "mic/audio"]

    def test_all_missing_and_changed_originals_are_named_with_the_cure(
        self, dataset: Dataset, folders: list[Path]
    ) -> None:
        (folders[0] / "cam.bin").unlink()
        (folders[0] / "mic.bin").write_bytes(b"1234")
        message = "'a' cannot be opened again:.*cam.bin: missing.*mic.bin: changed, expected 4000 bytes, found 4 .*link"
        with pytest.raises(DatasetError, match=f"(?s){message}"):
            dataset.recording("a")
        assert dataset.recording("b").name == "b"

    def test_changed_bytes_of_the_same_size_are_found_when_asked(self, dataset: Dataset, folders: list[Path]) -> None:
        content = bytearray((folders[0] / "mic.bin").read_bytes())
        content[0] ^= 1
        (folders[0] / "mic.bin").write_bytes(content)
        dataset.recording("a")
        with pytest.raises(DatasetError, match="have another sha256"):
            dataset.recording("a", verify=True)

    def test_moved_originals_are_found_by_edited_links(self, dataset: Dataset, folders: list[Path]) -> None:
        folders[0].rename(folders[0].with_name("moved"))
        path = dataset.path / "links.json"
        path.write_text(path.read_text().replace("/in/a/", "/in/moved/"))
        assert len(dataset.recording("a").streams) == 2

    def test_dataset_and_originals_may_move_together(self, dataset: Dataset, tmp_path: Path) -> None:
        build_toy_dataset(tmp_path / "old" / "DS", [write_toy_folder(tmp_path / "old" / "in")])
        (tmp_path / "old").rename(tmp_path / "new")
        moved = open_dataset(tmp_path / "new" / "DS", opener=open_toy)
        assert moved.windows(1.0)[0]["cam/video"].valid.all()

    def test_copied_originals_need_nothing_outside(self, tmp_path: Path, folders: list[Path]) -> None:
        build_toy_dataset(tmp_path / "DS", folders, media="copy")
        shutil.rmtree(tmp_path / "in")
        (tmp_path / "DS").rename(tmp_path / "elsewhere")
        dataset = open_dataset(tmp_path / "elsewhere", opener=open_toy)
        assert dataset.windows(1.0, recordings=["b"])[0]["mic/audio"].valid.sum() == 75
        assert dataset.recording("b", verify=True).streams[0].name == "cam/video"

    def test_a_suffix_that_is_no_suffix_is_not_copied(self, tmp_path: Path) -> None:
        folder = write_toy_folder(tmp_path / "in", names=["cam.b in;rm"])
        recording = replace(open_toy(folder / "cam.b in;rm"))
        store = Store.create(tmp_path / "DS")
        [place] = copy_originals(store, hash_sources(recording)).values()
        assert Path(place).name == recording.sources[0].sha256 or Path(place).suffix == ""
        assert (store.root / place).is_file()

    @pytest.mark.parametrize("name", ["../../escape.bin", "/etc/escape.bin", "a/../../escape.bin", "a\\..\\escape.bin"])
    def test_a_source_name_cannot_lead_out(self, tmp_path: Path, name: str) -> None:
        store = Store.create(tmp_path / "DS")
        (tmp_path / "file").write_bytes(b"x")
        store.add_links({"0" * 64: "../file"})
        originals = Originals(store, "r", [SourceFile(name, 1, "toy", "0" * 64)])
        with pytest.raises(DatasetError, match="leads out of its recording"):
            originals.open(open_toy, "files")
        assert not list(tmp_path.rglob("escape.bin"))

    @pytest.mark.parametrize("name", ["../../evil", "名前 with spaces", "a/b", "CON", "x" * 300, "."])
    def test_any_name_of_a_recording_is_stored_and_found(self, tmp_path: Path, folders: list[Path], name: str) -> None:
        recording = replace(hash_sources(open_toy(folders[0])), name=name)
        store = Store.create(tmp_path / "deep" / "DS")
        entry = store_recording(
            store, recording, alignment=toy_alignment(recording), capsules=toy_capsules(recording, count=1)
        )
        write_version(store, [entry], recipe={})
        dataset = open_dataset(store.root)
        assert dataset.recordings == (name,)
        assert dataset.capsules(recording=name)[0].recording == name
        assert not list(tmp_path.rglob("evil*"))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "in"]

    @pytest.mark.parametrize(
        ("given", "expected"),
        [("folder", "folder"), ("one file", "files"), ("two files", "files")],
    )
    def test_how_it_was_opened_is_remembered(self, folders: list[Path], given: str, expected: str) -> None:
        files = [folders[0] / "mic.bin", folders[0] / "cam.bin"]
        path = {"folder": folders[0], "one file": files[0], "two files": files}[given]
        assert opened_as(open_toy(path)) == expected


class TestHistory:
    def test_log_is_newest_first(self, tmp_path: Path, folders: list[Path]) -> None:
        for history_s in (5.0, 3.0):
            build_toy_dataset(tmp_path / "DS", folders, recipe={"history_s": history_s})
        assert [(v.number, v.parent, v.recipe["history_s"]) for v in log(tmp_path / "DS")] == [
            (2, 1, 3.0),
            (1, None, 5.0),
        ]

    def test_diff_names_what_came_went_and_changed(self, tmp_path: Path, folders: list[Path]) -> None:
        build_toy_dataset(tmp_path / "DS", folders)
        write_toy_folder(folders[1], seed=99)
        new = write_toy_folder(tmp_path / "in" / "c", seed=5)
        build_toy_dataset(tmp_path / "DS", [folders[1], new], recipe={"history_s": 3.0})
        change = diff(tmp_path / "DS", 1, 2)
        assert change.recordings == {"a": "removed", "b": "changed", "c": "added"}
        assert change.tables == {"b": ("sources",)}
        assert (change.clocks, change.rows) == ((), ())
        assert change.recipe == {"history_s": (5.0, 3.0)}
        assert set(change.counts.values()) == {0}

    def test_an_old_version_stays_open_and_readable(self, tmp_path: Path, folders: list[Path]) -> None:
        build_toy_dataset(tmp_path / "DS", folders)
        old = open_dataset(tmp_path / "DS", 1)
        build_toy_dataset(tmp_path / "DS", folders[:1], recipe={"x": 1})
        assert len(old.capsules()) == 6
        assert len(open_dataset(tmp_path / "DS").capsules()) == 3
        assert open_dataset(tmp_path / "DS", 1).version == old.version

    def test_manifest_is_readable_json(self, dataset: Dataset) -> None:
        record = json.loads((dataset.path / "versions/000001.json").read_text())
        assert record["counts"]["capsules"] == 6


def test_an_alignment_of_another_make_is_refused_and_not_a_traceback(tmp_path, monkeypatch):
    def strange(*arguments):
        raise KeyError("pieces")

    build_toy_dataset(tmp_path / "DS", [write_toy_folder(tmp_path / "in")])
    dataset = open_dataset(tmp_path / "DS", opener=open_toy)
    monkeypatch.setattr("weft.dataset.dataset.alignment_of", strange)
    with pytest.raises(DatasetError, match="not as this weft writes it"):
        dataset.alignment(dataset.recordings[0])
