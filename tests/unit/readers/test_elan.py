"""ELAN documents: own times, parents' times, unknown times, and what attackers send."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.core import Interval, UnreadableError, UnsupportedError
from weft.readers.annotations.elan import ElanReader
from weft.readers.protocol import Contents, Probe, Request

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
SLOTS = (
    '<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="ts2"/>'
    '<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="3500"/></TIME_ORDER>'
)


def document(tiers: str, *, slots: str = SLOTS, unit: str = "milliseconds") -> str:
    media = '<MEDIA_DESCRIPTOR MEDIA_URL="file:///x/a.wav" RELATIVE_MEDIA_URL="./a.wav"/>'
    header = f'<HEADER TIME_UNITS="{unit}">{media}</HEADER>'
    return f'{HEAD}<ANNOTATION_DOCUMENT FORMAT="3.0" VERSION="3.0">{header}{slots}{tiers}</ANNOTATION_DOCUMENT>'


def aligned(key: str, first: str, second: str, value: str) -> str:
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{key}" TIME_SLOT_REF1="{first}" TIME_SLOT_REF2="{second}">'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def symbolic(key: str, parent: str, value: str) -> str:
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{key}" ANNOTATION_REF="{parent}">'
        f"<ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


def tier(name: str, *annotations: str) -> str:
    return f'<TIER TIER_ID="{name}" LINGUISTIC_TYPE_REF="default" PARTICIPANT="Mary">{"".join(annotations)}</TIER>'


def read(folder: Path, body: str) -> Contents:
    (folder / "a.eaf").write_text(body, encoding="utf-8")
    return ElanReader().read(Request(folder / "a.eaf", "a.eaf", "a"))


def test_an_aligned_annotation_has_its_slots_times(tmp_path: Path) -> None:
    contents = read(tmp_path, document(tier("utterances", aligned("a1", "ts1", "ts3", "hello &amp; bye"))))
    (annotation,) = contents.annotations
    assert annotation.interval == Interval(1_000_000_000, 3_500_000_000)
    assert (annotation.kind, annotation.value, annotation.tier) == ("utterance", "hello & bye", "utterances")
    assert annotation.details["media"] == "./a.wav"
    assert annotation.details["speaker"] == "Mary"
    assert contents.follows_stem


def test_a_slot_without_value_is_bounded_by_its_neighbours_aloud(tmp_path: Path) -> None:
    words = tier("words", aligned("a1", "ts1", "ts2", "hello"), aligned("a2", "ts2", "ts3", "bye"))
    contents = read(tmp_path, document(words))
    assert [a.interval for a in contents.annotations] == [Interval(1_000_000_000, 3_500_000_000)] * 2
    assert all(a.details["times"] == "neighbours" for a in contents.annotations)
    (finding,) = contents.findings
    assert (finding.check, finding.numbers) == ("times_bounded_by_neighbours", {"annotations": 2.0})


def test_symbolic_annotations_take_their_parents_time_and_keep_their_place(tmp_path: Path) -> None:
    said = tier("text", aligned("a1", "ts1", "ts3", "a b"))
    words = tier("words", symbolic("a2", "a1", "a"), symbolic("a3", "a1", "b"))
    gloss = tier("pos", symbolic("a4", "a3", "noun"))
    annotations = {a.details["id"]: a for a in read(tmp_path, document(said + words + gloss)).annotations}
    assert {a.interval for a in annotations.values()} == {Interval(1_000_000_000, 3_500_000_000)}
    assert [annotations[key].details["place"] for key in ("a2", "a3", "a4")] == [0, 1, 0]
    assert [annotations[key].kind for key in ("a2", "a4")] == ["word", "label"]
    assert annotations["a2"].details["times"] == "parent"


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (document(tier("t", symbolic("a1", "a9", "x"))), "hangs on 'a9', which is not in the file"),
        (document(tier("t", symbolic("a1", "a1", "x"))), "hangs on itself"),
        (document(tier("t", aligned("a1", "ts1", "ts9", "x"))), "time slot 'ts9', which is not in the file"),
        (document(tier("t", aligned("a1", "ts3", "ts1", "x"))), "stops at 1000 ms, before it starts at 3500 ms"),
        (document(tier("t", aligned("a1", "ts1", "ts3", "x") * 2)), "different ids"),
        (document("", slots='<TIME_ORDER><TIME_SLOT TIME_SLOT_ID="t" TIME_VALUE="1e9"/></TIME_ORDER>'), "TIME_VALUE"),
        (f"{HEAD}<html/>", "found <html>"),
        (f"{HEAD}<ANNOTATION_DOCUMENT><TIER>", "well-formed"),
    ],
)
def test_broken_documents_are_refused(body: str, match: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=match):
        read(tmp_path, body)


def test_other_units_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="expected times in milliseconds, found 'PAL'"):
        read(tmp_path, document("", unit="PAL"))


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param('<!DOCTYPE x [<!ENTITY a "b">]><ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>', id="entity"),
        pytest.param('<!DOCTYPE x SYSTEM "file:///etc/passwd"><ANNOTATION_DOCUMENT/>', id="external document type"),
        pytest.param("<ANNOTATION_DOCUMENT>" + "<a>" * 5000, id="deep nesting"),
    ],
)
def test_attacks_are_refused(attack: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"document type|levels of XML"):
        read(tmp_path, attack)


def test_the_root_element_tells_the_format() -> None:
    assert ElanReader().recognises(Probe(Path("a.xml"), b"<?xml ?><ANNOTATION_DOCUMENT>"))
    assert not ElanReader().recognises(Probe(Path("a.xml"), b"<?xml ?><html>"))


@pytest.mark.shared_data
def test_a_real_document_is_read_whole(shared_data: Path) -> None:
    name = "annotation/dopefishh__pympi/test/sample_2.8.eaf"
    contents = ElanReader().read(Request(shared_data / name, name, "a"))
    tiers = {t: [a for a in contents.annotations if a.tier == t] for t in ("text", "words-timesub", "gestures")}
    assert [len(found) for found in tiers.values()] == [399, 1995, 1197]
    first = tiers["text"][0]
    assert (first.value, first.interval, first.kind) == (
        "The quick brown fox 001",
        Interval(2_000_000_000, 5_000_000_000),
        "utterance",
    )
    sentences = [a.interval for a in tiers["text"]]
    assert all(any(s.covers(word.interval) for s in sentences) for word in tiers["words-timesub"][:50])
