"""GRID alignments, JAMS, and transcripts without times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weft.core import Interval, UnreadableError
from weft.readers.annotations.grid_align import GridAlignReader
from weft.readers.annotations.jams import JamsReader
from weft.readers.annotations.transcripts import TranscriptReader
from weft.readers.protocol import Probe, Request


def write(folder: Path, name: str, body: str) -> Request:
    (folder / name).write_text(body, encoding="utf-8")
    return Request(folder / name, name, "a")


def test_grid_counts_thousandths_of_a_frame_at_25_per_second(tmp_path: Path) -> None:
    contents = GridAlignReader().read(write(tmp_path, "a.align", "0 4000 sil\n4000 9250 bin\n9250 9500 sp\n"))
    (word,) = contents.annotations
    assert (word.kind, word.value, word.tier) == ("word", "bin", "words")
    assert word.interval == Interval(160_000_000, 370_000_000)


@pytest.mark.parametrize("body", ["", "0 1 a\nx y z\n2 3 b\n", "5 4 backwards\n6 7 a\n"])
def test_a_broken_alignment_is_refused(body: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"a\.align"):
        GridAlignReader().read(write(tmp_path, "a.align", body))


def test_an_alignment_of_another_kind_is_not_taken() -> None:
    assert not GridAlignReader().recognises(Probe(Path("a.align"), b"<?xml"))
    assert GridAlignReader().recognises(Probe(Path("a.align"), b"0 4000 sil\n"))


@pytest.mark.shared_data
def test_every_real_alignment_is_six_words_in_three_seconds(shared_data: Path) -> None:
    paths = sorted(shared_data.rglob("*.align"))
    assert len(paths) > 90
    for path in paths:
        annotations = GridAlignReader().read(Request(path, path.name, "a")).annotations
        assert len(annotations) == 6
        assert annotations[-1].interval.stop_ns <= 3_000_000_000


def test_jams_rows_and_columns_are_read_alike(tmp_path: Path) -> None:
    rows = [{"time": 0.1, "duration": 0.25, "value": "dog", "confidence": 0.5}]
    columns = {key: [row] for key, row in rows[0].items()}
    bodies = [json.dumps({"annotations": [{"namespace": "tag_open", "data": data}]}) for data in (rows, columns)]
    found = [JamsReader().read(write(tmp_path, "a.jams", body)).annotations[0] for body in bodies]
    assert found[0] == found[1]
    assert found[0].interval == Interval(100_000_000, 350_000_000)
    assert (found[0].value, found[0].confidence, found[0].tier) == ("dog", 0.5, "tag_open")


def test_jams_without_times_is_remarked(tmp_path: Path) -> None:
    body = json.dumps({"annotations": [{"namespace": "x", "data": [{"time": None, "duration": 1, "value": 2}]}]})
    contents = JamsReader().read(write(tmp_path, "a.jams", body))
    assert not contents.annotations
    assert [f.check for f in contents.findings] == ["observations_left_out"]


@pytest.mark.parametrize("body", ["", "{", "[1]", '{"annotations": 3}'])
def test_what_is_no_jams_is_refused(body: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"a\.jams: expected"):
        JamsReader().read(write(tmp_path, "a.jams", body))


@pytest.mark.shared_data
def test_real_soundscapes_are_read(shared_data: Path) -> None:
    path = shared_data / "ambient/justinsalamon__scaper/tests/data/regression/soundscape_20190326_22050.jams"
    annotations = JamsReader().read(Request(path, path.name, "a")).annotations
    assert [a.value["label"] for a in annotations] == ["park", "siren", "car_horn", "human_voice"]
    assert annotations[1].interval == Interval(2_000_000_000, 7_000_000_000)


def test_a_transcript_without_times_is_kept_as_a_finding(tmp_path: Path) -> None:
    contents = TranscriptReader().read(write(tmp_path, "a.lab", "this is the acoustic corpus\n"))
    assert not contents.annotations
    (finding,) = contents.findings
    assert (finding.check, finding.numbers) == ("transcript_without_times", {"words": 5.0})
    assert contents.follows_stem


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.lab", b"this is the corpus\n", True),
        ("a.txt", b"and run you through", True),
        ("a.txt", b"2.0\t7.0\tsiren\n5.0\t5.6\tcar\n", False),
        ("a.txt", b"Time\tx\n0\t1\n1\t2\n", False),
        ("a.csv", b"this is the corpus\n", False),
        ("a.lab", bytes(range(256)), False),
    ],
)
def test_prose_is_told_from_tables(name: str, head: bytes, expected: bool) -> None:
    assert TranscriptReader().recognises(Probe(Path(name), head)) is expected
