"""WebVTT and SubRip: each cue with text is an utterance."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.core import Interval, UnreadableError
from weft.readers.annotations.subtitles import SubtitleReader
from weft.readers.protocol import Contents, Probe, Request

VTT = """WEBVTT - made by hand

NOTE this is
a note

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.500 align:start position:10%
<v Mary Ann>Hello <b>you</b> &amp; me</v>

01:00:00.000 --> 01:00:01.000
two
lines
"""
SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i> you

2
01:00:00,000 --> 01:00:01,000
{\\an8}two
lines
"""


def read(folder: Path, body: str, name: str) -> Contents:
    (folder / name).write_bytes(body.encode())
    return SubtitleReader().read(Request(folder / name, name, "a"))


@pytest.mark.parametrize("body", [VTT, VTT.replace("\n", "\r\n"), "\ufeff" + VTT], ids=["lines", "Windows", "mark"])
def test_cues_voices_and_notes_of_webvtt(body: str, tmp_path: Path) -> None:
    first, second = read(tmp_path, body, "a.vtt").annotations
    assert (first.kind, first.value, first.tier) == ("utterance", "Hello you & me", "Mary Ann")
    assert first.interval == Interval(1_000_000_000, 2_500_000_000)
    assert first.details == {"id": "intro"}
    assert (second.value, second.interval.start_ns) == ("two\nlines", 3_600_000_000_000)


@pytest.mark.parametrize("body", [SRT, SRT.replace("\n", "\r\n")], ids=["lines", "Windows"])
def test_cues_of_subrip(body: str, tmp_path: Path) -> None:
    contents = read(tmp_path, body, "a.srt")
    assert [a.value for a in contents.annotations] == ["Hello you", "two\nlines"]
    assert contents.annotations[0].interval == Interval(1_000_000_000, 2_500_000_000)
    assert contents.follows_stem
    assert not contents.findings


def test_a_broken_cue_is_left_out_aloud(tmp_path: Path) -> None:
    contents = read(tmp_path, SRT + "\n3\n00:00:xx --> never\nlost\n", "a.srt")
    assert len(contents.annotations) == 2
    assert [f.check for f in contents.findings] == ["broken_cues"]


@pytest.mark.parametrize("body", ["", "hello\n", "1\n00:00:02,000 --> 00:00:01,000\nbackwards\n"])
def test_what_holds_no_cues_is_refused(body: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"a\.srt: expected"):
        read(tmp_path, body, "a.srt")


def test_an_empty_webvtt_is_whole(tmp_path: Path) -> None:
    assert read(tmp_path, "WEBVTT\n", "a.vtt").annotations == ()


def test_the_first_bytes_tell_webvtt() -> None:
    assert SubtitleReader().recognises(Probe(Path("captions"), b"\xef\xbb\xbfWEBVTT\n"))
    assert not SubtitleReader().recognises(Probe(Path("a.txt"), b"1\n"))


def test_timestamps_inside_a_cue_part_it_into_words(tmp_path: Path) -> None:
    path = tmp_path / "cam.vtt"
    path.write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>bin <00:00:01.300>blue <00:01.500>at f\n", encoding="utf-8"
    )
    said = SubtitleReader().read(Request(path, "cam.vtt", "cam")).annotations
    parts = [(a.kind, a.value, a.interval.start_ns // 10**6, a.interval.stop_ns // 10**6, a.tier) for a in said]
    assert parts == [
        ("utterance", "bin blue at f", 1000, 2000, "Ann"),
        ("word", "bin", 1000, 1300, "Ann"),
        ("word", "blue", 1300, 1500, "Ann"),
        ("phrase", "at f", 1500, 2000, "Ann"),
    ]


def test_timestamps_outside_their_cue_make_no_words(tmp_path: Path) -> None:
    path = tmp_path / "cam.vtt"
    path.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nbin <00:00:09.300>blue\n", encoding="utf-8")
    said = SubtitleReader().read(Request(path, "cam.vtt", "cam")).annotations
    assert [annotation.kind for annotation in said] == ["utterance"]
