"""Datasets over weft's own readers: originals are found again, copied or linked, with their notes."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from weft.core import Alignment, ClockAlignment, DatasetError, Recording, Status, TimeMap
from weft.dataset import (
    Dataset,
    Store,
    hash_sources,
    link_originals,
    open_dataset,
    store_recording,
    verify,
    write_version,
)
from weft.readers import open_recording

BAG = Path(__file__).resolve().parents[2] / "examples" / "recordings" / "lidar-bag"


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """Two seconds of two microphones, one of them named otherwise by its notes."""
    folder = tmp_path / "in" / "talk"
    folder.mkdir(parents=True)
    for seed, name in enumerate(["left", "right"]):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(np.random.default_rng(seed).integers(-9000, 9000, 16000, dtype="<i2").tobytes())
    (folder / "recording.toml").write_text('name = "monday"\n[files."right.wav"]\nclock = "lapel"\n', encoding="utf-8")
    return folder


def written(recording: Recording, path: Path, *, media: str) -> Dataset:
    """A version of one recording whose clocks are all the same."""
    reference = recording.clocks[0].name
    entries = tuple(
        ClockAlignment(
            clock,
            tuple(stream.name for stream in recording.streams_of(clock.name)),
            Status.ALIGNED,
            TimeMap.affine(clock.name, reference),
        )
        for clock in recording.clocks
    )
    store = Store.create(path)
    hashed = hash_sources(recording)
    link_originals(store, [hashed], media=media)
    entry = store_recording(store, hashed, alignment=Alignment(recording.name, reference, entries))
    write_version(store, [entry], recipe={})
    return open_dataset(path)


@pytest.mark.parametrize("media", ["link", "copy"])
def test_notes_name_clocks_as_they_did(talk: Path, tmp_path: Path, media: str) -> None:
    dataset = written(open_recording(talk), tmp_path / "DS", media=media)
    expected = dataset.windows(0.5)[1]["lapel/audio"]
    if media == "copy":
        shutil.rmtree(talk)
        dataset = open_dataset(tmp_path / "DS")
    recording = dataset.recording("monday", verify=True)
    assert [stream.name for stream in recording.streams] == ["left/audio", "lapel/audio"]
    assert dataset.windows(0.5, streams=["lapel/audio"])[1]["lapel/audio"].values.tolist() == expected.values.tolist()
    assert expected.valid.all() and len(expected) == 4000


def test_changed_notes_are_found(talk: Path, tmp_path: Path) -> None:
    dataset = written(open_recording(talk), tmp_path / "DS", media="link")
    (talk / "recording.toml").write_text('name = "monday"\n', encoding="utf-8")
    with pytest.raises(DatasetError, match=r"recording\.toml: changed"):
        dataset.recording("monday")


def test_one_file_of_a_folder_is_reopened_alone(talk: Path, tmp_path: Path) -> None:
    dataset = written(open_recording(talk / "right.wav"), tmp_path / "DS", media="link")
    assert [stream.name for stream in dataset.recording("right").streams] == ["right/audio"]


@pytest.mark.parametrize("media", ["link", "copy"])
def test_a_bag_directory_is_one_original(tmp_path: Path, media: str) -> None:
    bag = tmp_path / "in" / "lidar-bag"
    shutil.copytree(BAG, bag)
    recording = open_recording(bag)
    dataset = written(recording, tmp_path / "DS", media=media)
    if media == "copy":
        shutil.rmtree(bag)
    again = dataset.recording("lidar-bag", verify=True)
    assert [(s.name, len(s)) for s in again.streams] == [(s.name, len(s)) for s in recording.streams]
    assert verify(dataset.store) == ()


def test_a_damaged_copy_of_a_bag_is_found(tmp_path: Path) -> None:
    dataset = written(open_recording(BAG), tmp_path / "DS", media="copy")
    inner = next((dataset.path / "media").rglob("metadata.yaml"))
    inner.write_text(inner.read_text() + "\n")
    assert [finding.check for finding in verify(dataset.store)] == ["damaged_file"]
