"""Exports opened by the tools that they are for; marks and doubts survive, names lead nowhere."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy.io import wavfile

from weft.core import DatasetError, UsageError
from weft.dataset import (
    ClipOptions,
    Dataset,
    Store,
    export_parquet,
    export_webdataset,
    hash_sources,
    link_originals,
    open_dataset,
    store_recording,
    write_version,
)
from weft.dataset.exports.clips import wav_bytes
from weft.testing.toy_dataset import build_toy_dataset, open_toy, toy_alignment, toy_capsules, write_toy_folder

RATES = {"audio": 100.0, "video": 10.0}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    folders = [write_toy_folder(tmp_path / "in" / name, seed=seed) for seed, name in enumerate(["a", "b"])]
    build_toy_dataset(tmp_path / "DS", folders)
    return open_dataset(tmp_path / "DS", opener=open_toy)


def samples_of(shard: Path) -> dict[str, dict[str, bytes]]:
    """A shard as WebDataset groups it: what stands before the first dot is the key."""
    samples: dict[str, dict[str, bytes]] = {}
    with tarfile.open(shard) as archive:
        for member in archive:
            key, _, extension = member.name.partition(".")
            content = archive.extractfile(member)
            assert content is not None
            samples.setdefault(key, {})[extension] = content.read()
    return samples


class TestWebDataset:
    def test_each_capsule_is_one_sample_with_sound_pictures_and_everything_said(
        self, dataset: Dataset, tmp_path: Path
    ) -> None:
        folder = export_webdataset(dataset, tmp_path / "out", options=ClipOptions(rates_hz=RATES))
        samples = samples_of(folder / "capsules-000000.tar")
        assert list(samples) == [f"{number:08d}" for number in range(6)]
        for sample, capsule in zip(samples.values(), dataset.capsules(), strict=True):
            record = json.loads(sample["json"])
            assert {key: record[key] for key in capsule.to_dict()} == json.loads(json.dumps(capsule.to_dict()))
            rate_hz, sound = wavfile.read(io.BytesIO(sample["01-mic-audio.wav"]))
            assert (rate_hz, sound.shape) == (100, (100,))
            assert Image.open(io.BytesIO(sample["00-cam-video.00003.jpg"])).size == (8, 8)

    def test_values_times_and_masks_are_those_of_the_window(self, dataset: Dataset, tmp_path: Path) -> None:
        folder = export_webdataset(dataset, tmp_path / "out", options=ClipOptions(rates_hz=RATES, streams=["audio"]))
        sample = samples_of(folder / "capsules-000000.tar")["00000000"]
        piece = dataset.capsule_windows(streams=["audio"], rates_hz={"audio": 100.0})[0]["mic/audio"]
        facts = json.loads(sample["json"])["streams"]["mic/audio"]
        assert np.array_equal(wavfile.read(io.BytesIO(sample["00-mic-audio.wav"]))[1], piece.values)
        assert facts["valid"] == [[25, 100]]
        assert (facts["start_ns"], facts["rate_hz"], facts["reason"]) == (0, 100.0, "ended")

    def test_synthetic_mark_origin_confidence_and_error_survive(self, dataset: Dataset, tmp_path: Path) -> None:
        folder = export_webdataset(dataset, tmp_path / "out", options=ClipOptions(rates_hz=RATES))
        records = [json.loads(sample["json"]) for sample in samples_of(folder / "capsules-000000.tar").values()]
        assert [record["synthetic"] for record in records] == [False, False, True] * 2
        assert [record["anchor"]["origin"] for record in records[:2]] == ["human", "model"]
        assert [record["anchor"]["confidence"] for record in records[:2]] == [None, 0.5]
        assert {record["streams"]["mic/audio"]["error95_ms"] for record in records} == {2.0}

    def test_the_same_version_gives_the_same_bytes(self, dataset: Dataset, tmp_path: Path) -> None:
        folders = [export_webdataset(dataset, tmp_path / place, options=ClipOptions(rates_hz=RATES)) for place in "xy"]
        first, second = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in folders)
        assert first == second
        assert sorted(first) == ["README.md", "capsules-000000.tar", "weft.json"]

    def test_shards_hold_at_most_their_number_of_capsules(
        self, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("weft.dataset.exports.webdataset.CAPSULES_PER_SHARD", 4)
        seen: list[float] = []
        folder = export_webdataset(
            dataset, tmp_path / "out", options=ClipOptions(streams=()), progress=lambda _, share: seen.append(share)
        )
        counts = [len(samples_of(folder / f"capsules-{number:06d}.tar")) for number in range(2)]
        assert counts == [4, 2]
        assert seen[-1] == 1.0

    def test_names_from_inside_the_data_lead_nowhere(self, tmp_path: Path) -> None:
        folder = write_toy_folder(tmp_path / "in", names=["..%2f..;x.bin", "cam.bin"])
        recording = replace(hash_sources(open_toy(folder)), name="../../evil")
        [capsule] = toy_capsules(recording, count=1)
        capsule = replace(capsule, capsule_id="../../../evil")
        store = Store.create(tmp_path / "DS")
        link_originals(store, [recording])
        entry = store_recording(store, recording, alignment=toy_alignment(recording), capsules=[capsule])
        write_version(store, [entry], recipe={})
        dataset = open_dataset(store.root, opener=open_toy)
        out = export_webdataset(dataset, tmp_path / "out", options=ClipOptions(rates_hz=RATES))
        with tarfile.open(out / "capsules-000000.tar") as archive:
            names = archive.getnames()
            archive.extractall(tmp_path / "unpacked", filter="data")
        assert all(name[:8] == "00000000" and "/" not in name for name in names)
        assert sorted(path.name for path in (tmp_path / "unpacked").iterdir()) == sorted(names)

    def test_a_folder_with_something_in_it_is_not_touched(self, dataset: Dataset, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis").write_text("ten years")
        with pytest.raises(UsageError, match="is there already"):
            export_webdataset(dataset, tmp_path / "out")
        assert (tmp_path / "out" / "thesis").read_text() == "ten years"

    def test_an_export_that_fails_leaves_nothing(self, dataset: Dataset, tmp_path: Path) -> None:
        (tmp_path / "in/b/mic.bin").unlink()
        with pytest.raises(DatasetError, match=r"mic\.bin: missing"):
            export_webdataset(dataset, tmp_path / "out", options=ClipOptions(rates_hz=RATES))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["DS", "in"]


class TestParquet:
    def test_tables_clips_and_card(self, dataset: Dataset, tmp_path: Path) -> None:
        folder = export_parquet(dataset, tmp_path / "out", options=ClipOptions(rates_hz=RATES, where={"tier": "child"}))
        capsules = pq.read_table(folder / "capsules.parquet").to_pylist()
        assert [row["capsule_id"] for row in capsules] == ["a:000000", "a:000002", "b:000000", "b:000002"]
        for row in capsules:
            clip = json.loads(row["clips_json"])["mic/audio"]
            assert wavfile.read(folder / clip["files"][0])[0] == 100
            assert clip["error95_ms"] == 2.0
        assert pq.read_table(folder / "clocks.parquet")["status"].to_pylist() == ["aligned"] * 4

    def test_card_names_tables_for_the_hub_and_counts_what_is_synthetic(self, dataset: Dataset, tmp_path: Path) -> None:
        folder = export_parquet(dataset, tmp_path / "out", options=ClipOptions(streams=()))
        card = (folder / "README.md").read_text()
        assert card.startswith("---\nconfigs:\n- config_name: recordings\n  data_files: recordings.parquet\n")
        assert "2 of 6 capsules contain something that a model made" in card
        assert not (folder / "media").exists()

    def test_tables_need_no_originals(self, dataset: Dataset, tmp_path: Path) -> None:
        (tmp_path / "in/b/mic.bin").unlink()
        folder = export_parquet(dataset, tmp_path / "out", options=ClipOptions(streams=()))
        assert pq.read_table(folder / "capsules.parquet").num_rows == 6


class TestWav:
    @pytest.mark.parametrize(
        "values",
        [
            pytest.param(np.linspace(-1.5, 1.5, 7, dtype=np.float32), id="floats as they are, even beyond 1"),
            pytest.param(np.arange(12, dtype=np.float64).reshape(6, 2), id="two channels"),
        ],
    )
    def test_values_come_back(self, values: np.ndarray) -> None:
        rate_hz, read = wavfile.read(io.BytesIO(wav_bytes(values, 16_000)))
        assert rate_hz == 16_000
        assert np.array_equal(read, values.astype(np.float32))

    def test_integers_are_scaled_to_one(self) -> None:
        read = wavfile.read(io.BytesIO(wav_bytes(np.array([-32768, 0, 16384], np.int16), 8_000)))[1]
        assert read.tolist() == [-1.0, 0.0, 0.5]
