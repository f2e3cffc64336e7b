"""Tables of labelled spans become annotations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weft.core import Interval, Origin, UnreadableError
from weft.readers.protocol import Contents, Request
from weft.readers.tables.reader import TableReader

FIRST_NS = 1_685_088_813_175_076_015


def read(folder: Path, body: str, name: str = "a.csv", **options: Any) -> Contents:
    (folder / name).write_text(body, encoding="utf-8")
    return TableReader().read(Request(folder / name, name, "a", options))


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("start,stop,label", "1.5,2.25,go", Interval(1_500_000_000, 2_250_000_000)),
        ("onset,duration,trial_type", "1.5,0.75,go", Interval(1_500_000_000, 2_250_000_000)),
        ("start_time_ms,end_time_ms,word", "1500,2250,go", Interval(1_500_000_000, 2_250_000_000)),
        (
            "start timestamp [ns],duration [ms],name",
            "1685088813175076015,2,go",
            Interval(FIRST_NS, FIRST_NS + 2_000_000),
        ),
        ("begin,end,text,speaker", "1.5,2.25,go,mary", Interval(1_500_000_000, 2_250_000_000)),
    ],
)
def test_spans_are_found_by_their_columns(header: str, row: str, expected: Interval, tmp_path: Path) -> None:
    contents = read(tmp_path, f"{header}\n{row}\n")
    (annotation,) = contents.annotations
    assert (annotation.interval, annotation.value, annotation.clock) == (expected, "go", "a")
    assert (annotation.origin, annotation.method, annotation.confidence) == (Origin.IMPORT, "a.csv", None)
    assert not contents.streams


def test_columns_of_places_are_no_spans(tmp_path: Path) -> None:
    contents = read(tmp_path, "time_s,start_x,end_x\n0,80,115\n1,115,169\n")
    assert not contents.annotations
    assert len(contents.streams[0]) == 2


def test_a_label_track_without_header_is_read(tmp_path: Path) -> None:
    contents = read(tmp_path, "2.0\t7.0\tsiren\n5.0\t5.687506\tcar_horn\n", "a.txt")
    assert [(a.value, a.interval.stop_ns) for a in contents.annotations] == [
        ("siren", 7_000_000_000),
        ("car_horn", 5_687_506_000),
    ]


def test_words_speakers_and_other_columns_are_kept(tmp_path: Path) -> None:
    contents = read(tmp_path, "start,end,word,speaker,score\n0.5,1.0,yes,mary,3\n1.5,2.0,no,bob,4\n")
    first, second = contents.annotations
    assert (first.tier, first.value, first.details) == ("mary", "yes", {"score": 3.0})
    assert second.tier == "bob"


def test_silence_is_left_out_aloud(tmp_path: Path) -> None:
    contents = read(tmp_path, "start,stop,label\n0.5,1.0,sil\n1.0,1.5,yes\n1.5,2.0,\n")
    assert [a.value for a in contents.annotations] == ["yes"]
    assert "silences_left_out" in {f.check for f in contents.findings}


def test_a_span_without_stop_is_a_point(tmp_path: Path) -> None:
    contents = read(tmp_path, "start,stop,label\n0.5,1.0,a\n1.0,,b\n")
    assert contents.annotations[1].interval == Interval(1_000_000_000, 1_000_000_000)
    assert "spans_without_stop" in {f.check for f in contents.findings}


def test_a_span_that_stops_before_it_starts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="1 that do not, first row 2"):
        read(tmp_path, "start,stop,label\n0.5,1.0,a\n1.5,1.0,b\n")


def test_spans_need_not_stand_in_order(tmp_path: Path) -> None:
    contents = read(tmp_path, "start,stop,label\n5.5,6.0,a\n1.5,2.0,b\n")
    assert [a.value for a in contents.annotations] == ["a", "b"]


@pytest.mark.shared_data
def test_a_segmentation_of_a_real_sound_is_read(shared_data: Path) -> None:
    name = "ambient/ina-foss__inaSpeechSegmenter/media/musanmix-sm-gender.csv"
    contents = TableReader().read(Request(shared_data / name, name, "a"))
    assert [(a.value, a.interval) for a in contents.annotations][:2] == [
        ("music", Interval(0, 22_480_000_000)),
        ("male", Interval(29_080_000_000, 32_480_000_000)),
    ]
