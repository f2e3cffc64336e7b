"""MCAP exports, read back by the format's own reader and by a ROS 2 decoder."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.reader import make_reader
from PIL import Image
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from weft.core import ArraySamples, Modality, RegularTimeline, Stream, UsageError
from weft.dataset import (
    ClipOptions,
    Dataset,
    Store,
    export_mcap,
    hash_sources,
    link_originals,
    open_dataset,
    store_recording,
    write_version,
)
from weft.dataset.exports.mcap_messages import MessageTypes
from weft.testing.toy_dataset import build_toy_dataset, open_toy, toy_alignment, write_toy_folder


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    build_toy_dataset(tmp_path / "DS", [write_toy_folder(tmp_path / "in" / "a")])
    return open_dataset(tmp_path / "DS", opener=open_toy)


def decoded(path: Path) -> tuple[dict[str, list[tuple[int, Any]]], dict[str, str], dict[str, bytes]]:
    """Messages by topic with their log times, the metadata record, and the attachments."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    messages: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    with path.open("rb") as stream:
        reader = make_reader(stream)
        for schema, channel, message in reader.iter_messages():
            assert schema is not None
            if schema.name not in store.fielddefs:
                store.register(get_types_from_msg(schema.data.decode(), schema.name))
            messages[channel.topic].append((message.log_time, store.deserialize_cdr(message.data, schema.name)))
        [metadata] = reader.iter_metadata()
        attachments = {one.name: one.data for one in reader.iter_attachments()}
    return messages, metadata.metadata, attachments


def test_every_stream_is_a_topic_at_its_corrected_times(dataset: Dataset, tmp_path: Path) -> None:
    folder = export_mcap(dataset, tmp_path / "out", options=ClipOptions(rates_hz={"video": 5.0, "audio": 100.0}))
    messages, facts, attachments = decoded(folder / "000000.mcap")
    assert set(messages) == {"/cam/video", "/mic/audio", "/labels"}
    first_ns, picture = messages["/cam/video"][0]
    assert (first_ns, picture.header.stamp.sec, picture.format) == (0, 0, "jpeg")
    assert Image.open(io.BytesIO(picture.data.tobytes())).size == (8, 8)
    heard_ns, sound = messages["/mic/audio"][0]
    assert heard_ns == 250_000_000  # the microphone's clock is a quarter of a second behind
    assert (sound.sample_rate, sound.number_of_channels, sound.format) == (100, 1, "pcm-s16")
    assert json.loads(facts["clocks"])[1]["offset_ms"] == pytest.approx(250.0)
    assert json.loads(attachments["alignment.json"]) == dataset.alignment("a").to_dict()


def test_labels_say_who_says_so(dataset: Dataset, tmp_path: Path) -> None:
    messages, _, _ = decoded(export_mcap(dataset, tmp_path / "out") / "000000.mcap")
    label = messages["/labels"][0][1]
    assert (label.kind, json.loads(label.value_json), label.origin, label.method) == ("word", "wört 0", "import", "toy")
    assert (label.duration_s, np.isnan(label.confidence)) == (1.0, True)


def test_times_are_in_order_and_the_same_version_gives_the_same_bytes(dataset: Dataset, tmp_path: Path) -> None:
    first, second = (export_mcap(dataset, tmp_path / place) / "000000.mcap" for place in "xy")
    assert first.read_bytes() == second.read_bytes()
    with first.open("rb") as stream:
        times = [message.log_time for _, _, message in make_reader(stream).iter_messages(log_time_order=False)]
    assert times == sorted(times)


def test_a_clock_that_is_not_aligned_has_no_times_and_is_named(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "DS")
    recording = hash_sources(open_toy(write_toy_folder(tmp_path / "in" / "a")))
    link_originals(store, [recording])
    without = toy_alignment(recording, lost=["mic"])
    write_version(store, [store_recording(store, recording, alignment=without)], recipe={})
    lost = open_dataset(tmp_path / "DS", opener=open_toy)
    messages, facts, _ = decoded(export_mcap(lost, tmp_path / "out") / "000000.mcap")
    assert "/mic/audio" not in messages
    assert json.loads(facts["left_out"]) == ["mic/audio"]


def test_reference_times_before_zero_are_moved_and_said(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "DS")
    recording = hash_sources(open_toy(write_toy_folder(tmp_path / "in" / "a")))
    link_originals(store, [recording])
    early = toy_alignment(recording, offset_ms=-3000.0)
    write_version(store, [store_recording(store, recording, alignment=early)], recipe={})
    opened = open_dataset(tmp_path / "DS", opener=open_toy)
    messages, facts, _ = decoded(export_mcap(opened, tmp_path / "out") / "000000.mcap")
    assert facts["origin_ns"] == "-3000000000"
    assert messages["/mic/audio"][0][0] == 0
    assert messages["/cam/video"][0][0] == 3_000_000_000


def test_channels_keep_their_names_as_fields_that_ros_allows() -> None:
    stream = Stream(
        "imu/acc",
        Modality.TABLE,
        "imu",
        RegularTimeline(0, 10, 2),
        ArraySamples(np.array([[1.0, 2.0, 3.0, 4.0]] * 2)),
        channels=("Acc X [g]", "acc x [g]", "3d", "header"),
    )
    types = MessageTypes()
    kind, fields = types.for_numbers(stream.name, stream.channels)
    assert (kind, fields) == ("weft_msgs/msg/ImuAcc", ("acc_x_g", "acc_x_g_1", "c_3d", "header_3"))
    assert types.for_numbers(stream.name, stream.channels) == (kind, fields)


def test_capsules_cannot_be_chosen(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds a whole recording"):
        export_mcap(dataset, tmp_path / "out", options=ClipOptions(where={"tier": "child"}))


def test_recordings_keep_their_files_apart(tmp_path: Path) -> None:
    folders = [write_toy_folder(tmp_path / "in" / name, seed=seed) for seed, name in enumerate(["a", "b"])]
    build_toy_dataset(tmp_path / "DS", folders)
    told: list[float] = []
    dataset = open_dataset(tmp_path / "DS", opener=open_toy)
    folder = export_mcap(dataset, tmp_path / "out", progress=lambda _, share: told.append(share))
    names = [decoded(folder / f"{number:06d}.mcap")[1]["recording"] for number in range(2)]
    assert names == ["a", "b"]
    assert told[-1] == 1.0
