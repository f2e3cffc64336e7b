"""Croissant metadata, opened by MLCommons' own reader; the card and tables by Hugging Face's."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from weft.core import UnreadableError, UsageError
from weft.dataset import About, ClipOptions, Dataset, export_parquet, open_dataset, read_about
from weft.testing.toy_dataset import build_toy_dataset, open_toy, write_toy_folder

ABOUT = About(
    name="Kitchen talks",
    license="https://creativecommons.org/licenses/by/4.0/",
    creators=("Lab for Child Language",),
    use_conditions=("http://purl.obolibrary.org/obo/DUO_0000042",),
    personal_information="faces and voices",
)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    folders = [write_toy_folder(tmp_path / "in" / name, seed=seed) for seed, name in enumerate(["a", "b"])]
    build_toy_dataset(tmp_path / "DS", folders)
    return open_dataset(tmp_path / "DS", opener=open_toy)


@pytest.fixture
def folder(dataset: Dataset, tmp_path: Path) -> Path:
    return export_parquet(dataset, tmp_path / "out", options=ClipOptions(streams=()), about=ABOUT)


@pytest.mark.filterwarnings("ignore")  # of the reader and what it loads
def test_the_reader_of_mlcommons_finds_no_fault_and_reads_the_rows(folder: Path, dataset: Dataset) -> None:
    mlc = pytest.importorskip("mlcroissant", reason="needs the extra `dev` with mlcroissant")
    logging.getLogger("absl").setLevel(logging.ERROR)
    opened = mlc.Dataset(jsonld=folder / "croissant.json")
    issues = opened.metadata.ctx.issues
    assert list(issues.errors) == []
    assert [one for one in issues.warnings if "context" in one.lower()] == []
    rows = list(opened.records("capsules"))
    read = [str(row["capsules/capsule_id"], "utf-8") for row in rows]
    assert read == dataset.table("capsules")["capsule_id"].to_pylist()


def test_sources_licence_conditions_and_doubts_are_told(folder: Path, dataset: Dataset) -> None:
    told = json.loads((folder / "croissant.json").read_text())
    assert told["license"] == ABOUT.license
    assert told["usageInfo"] == [{"@id": ABOUT.use_conditions[0]}]
    hashes = [source["sha256"] for source in told["prov:wasDerivedFrom"]]
    assert hashes == dataset.table("sources")["sha256"].to_pylist()
    assert told["prov:wasGeneratedBy"]["weft:recipe"]["@value"] == dict(dataset.version.recipe)
    assert "2 capsules carry synthetic = true" in told["rai:dataImputationProtocol"]
    assert "0 of 4 clocks could not be aligned" in told["rai:dataCollectionMissingData"]
    assert {one["encodingFormat"] for one in told["distribution"]} == {"application/x-parquet"}


def test_what_nobody_said_is_not_made_up(dataset: Dataset, tmp_path: Path) -> None:
    folder = export_parquet(dataset, tmp_path / "bare", options=ClipOptions(streams=()))
    told = json.loads((folder / "croissant.json").read_text())
    assert {"license", "creator", "url", "usageInfo", "rai:personalSensitiveInformation"} & set(told) == set()


def test_the_same_version_gives_the_same_page(dataset: Dataset, folder: Path, tmp_path: Path) -> None:
    again = export_parquet(dataset, tmp_path / "again", options=ClipOptions(streams=()), about=ABOUT)
    assert (again / "croissant.json").read_bytes() == (folder / "croissant.json").read_bytes()


@pytest.mark.filterwarnings("ignore")
def test_hugging_face_loads_the_folder_as_it_is(folder: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs the extra `dev` with datasets")
    capsules = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert capsules["capsule_id"][0] == "a:000000"
    clocks = datasets.load_dataset(str(folder), "clocks", split="train", cache_dir=str(tmp_path / "cache"))
    assert set(clocks["status"]) == {"aligned"}


class TestAbout:
    def test_a_file_says_it_all(self, tmp_path: Path) -> None:
        (tmp_path / "about.toml").write_text('name = "Talks"\ncreators = ["A", "B"]\n', encoding="utf-8")
        assert read_about(tmp_path / "about.toml") == About(name="Talks", creators=("A", "B"))

    def test_every_problem_is_named_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "about.toml").write_text('nmae = "x"\ncreators = "A"\nurl = 3\n', encoding="utf-8")
        with pytest.raises(UsageError, match=r"(?s)unknown key 'nmae'.*creators must be a list.*url must be text"):
            read_about(tmp_path / "about.toml")

    @pytest.mark.parametrize("content", [None, b"= 3", b"\xff"])
    def test_what_is_no_toml_is_one_clear_error(self, tmp_path: Path, content: bytes | None) -> None:
        if content is not None:
            (tmp_path / "about.toml").write_bytes(content)
        with pytest.raises(UnreadableError, match=r"about\.toml"):
            read_about(tmp_path / "about.toml")
