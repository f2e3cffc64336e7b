"""Every label is joined to the anchor, by the right edge."""

import json

import pytest

from weft.context.graph import relations_among
from weft.core import Capsule, Interval, Relation, StreamSpan
from weft.testing.talks import said

ANCHOR = said("utterance", 10.0, 12.0, "anchor", tier="mary")


def _edge(*others, of=0):
    """The edges that start from the first of ``others``."""
    annotations = [ANCHOR, *others]
    return {(e.kind, annotations[e.object].value) for e in relations_among(annotations, 0) if e.subject == 1 + of}


@pytest.mark.parametrize(
    ("start_s", "stop_s", "expected"),
    [
        (10.5, 11.0, "during"),
        (11.0, 11.0, "during"),
        (11.0, 13.0, "overlaps"),
        (5.0, 15.0, "overlaps"),
        (5.0, 10.0, "precedes"),
        (12.0, 12.0, "follows"),
        (13.0, 14.0, "follows"),
    ],
    ids=["inside", "a point inside", "juts out", "holds it", "ends where it starts", "at its stop", "after"],
)
def test_other_labels_are_seen_from_the_anchor(start_s, stop_s, expected):
    assert _edge(said("gesture", start_s, stop_s)) == {(expected, "anchor")}


def test_a_word_is_part_of_its_utterance():
    assert _edge(said("word", 10.5, 11.0, "w", tier="mary - words")) == {("part_of", "anchor")}


def test_a_word_belongs_to_its_own_speaker_when_two_speak():
    other = said("utterance", 10.2, 11.8, "other", tier="john")
    word = said("word", 10.5, 11.0, "w", tier="john - words")
    assert _edge(other, word, of=1) == {("part_of", "other")}


def test_a_phone_is_part_of_its_word():
    word = said("word", 10.5, 11.0, "w", tier="mary - words")
    phone = said("phone", 10.6, 10.7, "p", tier="mary - phones")
    assert _edge(word, phone, of=1) == {("part_of", "w")}


def test_utterances_follow_each_other_and_overlap():
    other = said("utterance", 11.0, 13.0, "other", tier="john")
    edges = {(e.subject, e.kind, e.object) for e in relations_among([ANCHOR, other], 0)}
    assert edges == {(0, "precedes", 1), (0, "overlaps", 1)}


def test_prosody_is_during_its_utterance():
    assert _edge(said("prosody", 10.0, 12.0, {})) == {("during", "anchor")}


def test_json_round_trip_is_exact():
    capsule = Capsule(
        capsule_id="r-utterance-000010000",
        recording="r",
        reference="mic",
        interval=ANCHOR.interval,
        context=Interval.from_seconds(5, 17),
        anchor=ANCHOR,
        annotations=(ANCHOR, said("prosody", 10.0, 12.0, {"pitch_median_hz": 0.1 + 0.2, "words_per_s": None})),
        spans=(StreamSpan("cam/video", "video", Interval(1, 2), 0.5, "gap", 1.25), StreamSpan("x", "gaze", None, 0.0)),
        relations=(Relation(1, "during", 0),),
        details={"left_out": [{"kind": "word", "count": 3}]},
    )
    record = json.loads(json.dumps(capsule.to_dict(), allow_nan=False))
    assert Capsule.from_dict(record) == capsule
    assert record["relations"] == [[1, "during", 0]]
