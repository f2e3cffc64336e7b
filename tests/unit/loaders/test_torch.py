"""Samples and batches as training sees them; needs torch."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from weft.core import MissingExtraError, UsageError
from weft.dataset import Dataset, Store, hash_sources, link_originals, open_dataset, store_recording, write_version
from weft.loaders import collate, to_torch
from weft.testing.toy_dataset import build_toy_dataset, open_toy, toy_alignment, toy_capsules, write_toy_folder

torch = pytest.importorskip("torch")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Two recordings; the second has no sound."""
    folders = [
        write_toy_folder(tmp_path / "in" / "a"),
        write_toy_folder(tmp_path / "in" / "b", seed=1, names=["cam.bin"]),
    ]
    build_toy_dataset(tmp_path / "DS", folders)
    return open_dataset(tmp_path / "DS", opener=open_toy)


def test_windows_are_a_map_style_dataset_of_torch(dataset: Dataset) -> None:
    samples = to_torch(dataset, length_s=2.0, streams=["audio", "video"], rates_hz={"audio": 50.0})
    assert isinstance(samples, torch.utils.data.Dataset)
    sample = samples[1]
    expected = dataset.windows(2.0, rates_hz={"audio": 50.0})[1]["mic/audio"]
    assert (sample["recording"], sample["start_ns"], sample["stop_ns"]) == ("a", 2_000_000_000, 4_000_000_000)
    assert np.array_equal(sample["streams"]["audio"]["values"].numpy(), expected.values)
    assert sample["streams"]["audio"]["error95_ms"] == 2.0
    assert sample["streams"]["video"]["values"].shape == (200, 8, 8, 3)


def test_capsules_come_with_their_capsule(dataset: Dataset) -> None:
    samples = to_torch(dataset, "capsules", where={"tier": "child"}, part="context")
    assert [samples[i]["capsule"].anchor.tier for i in range(len(samples))] == ["child"] * 4
    assert samples[1]["start_ns"] == samples[1]["capsule"].context.start_ns


def test_batch_pads_the_short_and_masks_the_missing(dataset: Dataset) -> None:
    samples = to_torch(dataset, length_s=4.0, streams=["audio", "video"])
    batch = collate([samples[0], samples[len(samples) - 1]])
    sound = batch["streams"]["audio"]
    assert batch["recording"] == ["a", "b"]
    assert sound["values"].shape == sound["valid"].shape == (2, 400)
    assert sound["present"].tolist() == [True, False]
    assert sound["reason"] == ["ended", "absent"]
    assert not sound["valid"][1].any()
    assert batch["streams"]["video"]["valid"].sum(dim=1).tolist() == [400, 200]


def test_batch_of_unequal_lengths_keeps_every_value_in_place(dataset: Dataset) -> None:
    samples = [to_torch(dataset, length_s=length_s, streams=["audio"])[1] for length_s in (1.0, 3.0)]
    sound = collate(samples)["streams"]["audio"]
    assert sound["values"].shape == (2, 300)
    assert torch.equal(sound["values"][0, :100], samples[0]["streams"]["audio"]["values"])
    assert not sound["valid"][0, 100:].any()
    assert torch.equal(sound["times_ns"][1], samples[1]["streams"]["audio"]["times_ns"])


def test_a_clock_that_is_not_aligned_gives_masks_that_are_false(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "DS")
    recording = hash_sources(open_toy(write_toy_folder(tmp_path / "in")))
    link_originals(store, [recording])
    alignment = toy_alignment(recording, lost=["mic"])
    entry = store_recording(store, recording, alignment=alignment, capsules=toy_capsules(recording))
    write_version(store, [entry], recipe={})
    sample = to_torch(open_dataset(store.root, opener=open_toy), length_s=1.0)[0]
    assert sample["streams"]["mic/audio"]["reason"] == "not_aligned"
    assert not sample["streams"]["mic/audio"]["valid"].any()


def test_frames_of_two_sizes_in_one_batch_are_refused(dataset: Dataset) -> None:
    sample = to_torch(dataset, length_s=1.0, streams=["video"])[0]
    part = sample["streams"]["video"]
    small = {**sample, "streams": {"video": {**part, "values": part["values"][:, :4]}}}
    with pytest.raises(UsageError, match=r"'video' has samples of shapes \[\(4, 8, 3\), \(8, 8, 3\)\]"):
        collate([sample, small])


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_workers_give_what_one_process_gives(dataset: Dataset, method: str) -> None:
    samples = to_torch(dataset, "capsules", streams=["audio"])
    samples[0]  # opened in the parent before the workers start
    loader = torch.utils.data.DataLoader(
        samples, batch_size=2, collate_fn=collate, num_workers=1, multiprocessing_context=method
    )
    batches = list(loader)
    alone = [collate([samples[i], samples[i + 1]]) for i in range(0, len(samples), 2)]
    assert [batch["capsule"] for batch in batches] == [batch["capsule"] for batch in alone]
    for batch, expected in zip(batches, alone, strict=True):
        for name, stream in expected["streams"].items():
            assert torch.equal(batch["streams"][name]["values"], stream["values"])


def test_an_unknown_kind_is_refused(dataset: Dataset) -> None:
    with pytest.raises(UsageError, match="found 'frames'"):
        to_torch(dataset, "frames")


def test_without_torch_the_extra_is_named(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from weft.loaders.torch import _map_style

    _map_style.cache_clear()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'weft\[torch\]'"):
        to_torch(dataset, length_s=1.0)
