"""Whole capsules from recordings with known utterances, events and faces."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from weft.context import ContextOptions, contextualise, findings_of
from weft.core import (
    ArraySamples,
    Clock,
    ListedTimeline,
    Modality,
    Origin,
    Recording,
    RegularTimeline,
    Status,
    Stream,
    UsageError,
)
from weft.testing.talks import as_recorded, said, talk

OPTIONS = ContextOptions(voice_activity="statistical")
TALK = talk([(2.0, 3.5), (5.0, 6.2), (15.0, 16.0)], 20.0, f0_hz=150.0)


def _capsules(recording=TALK, *, options=OPTIONS, **alignment):
    return contextualise(recording, as_recorded(recording, **alignment), options=options)


def _one(capsule, kind):
    """The only annotation of a kind that has the capsule's own interval or context."""
    (found,) = [a for a in capsule.of_kind(kind) if a.interval in (capsule.interval, capsule.context)]
    return found


def _with(recording, *streams, clocks=(), annotations=()):
    return replace(
        recording,
        streams=(*recording.streams, *streams),
        clocks=(*recording.clocks, *(Clock(name) for name in clocks)),
        annotations=tuple(annotations),
    )


def test_every_voice_has_a_capsule_with_its_context():
    capsules = _capsules()
    assert [round(c.interval.start_ns / 1e9) for c in capsules] == [2, 5, 15]
    first = capsules[0]
    assert first.context.start_ns == first.interval.start_ns - 5_000_000_000
    assert first.context.stop_ns - first.interval.stop_ns >= 5_000_000_000
    assert len(first.of_kind("utterance")) == 2 and len(capsules[2].of_kind("utterance")) == 1


def test_ids_name_recording_kind_and_start():
    assert _capsules()[2].capsule_id.startswith("talk-utterance-0000149")


def test_everything_derived_says_who_says_so():
    for annotation in _capsules()[0].annotations:
        assert annotation.method and annotation.confidence is not None
        assert annotation.origin in (Origin.MODEL, Origin.MEASURED)


def test_pitch_and_energy_are_those_of_the_voice():
    value = _one(_capsules()[0], "prosody").value
    assert value["pitch_median_hz"] == pytest.approx(150.0, rel=0.01)
    assert value["pitch_range_st"] < 0.5 and abs(value["pitch_slope_st_per_s"]) < 0.5
    assert value["voiced_fraction"] > 0.7 and value["words_per_s"] is None


def test_ambient_sound_is_that_of_the_room():
    value = _one(_capsules()[2], "ambient").value
    assert value["level_dbfs"]["p50"] == pytest.approx(-60.0, abs=1.0)
    assert value["stationarity"] > 0.9 and value["flatness"] > 0.4
    assert value["snr_db"] == pytest.approx(40.0, abs=8.0)


def test_onsets_are_counted_between_utterances():
    recording = talk([(2.0, 3.0)], 14.0)
    sound = recording.streams[0].samples.values.copy()
    clicks = np.arange(7, 12) * 16_000
    for at in clicks:
        sound[at : at + 800] += np.random.default_rng(at).normal(0, 0.05, 800).astype(np.float32)
    noisy = replace(recording, streams=(replace(recording.streams[0], samples=ArraySamples(sound)),))
    options = replace(OPTIONS, future_s=10.0)
    quiet, loud = (_one(_capsules(r, options=options)[0], "ambient").value for r in (recording, noisy))
    assert quiet["onsets_per_s"] == 0.0
    assert loud["onsets_per_s"] * loud["measured_s"] == pytest.approx(5, abs=1)


def test_words_rate_and_relations_of_a_transcript():
    words = [said("word", 2.0 + 0.3 * i, 2.25 + 0.3 * i, f"w{i}", tier="words") for i in range(5)]
    (capsule,) = _capsules(_with(TALK, annotations=words))
    assert capsule.anchor.value == "w0 w1 w2 w3 w4"
    assert _one(capsule, "prosody").value["words_per_s"] == pytest.approx(5 / 1.45, rel=1e-3)
    anchor = capsule.annotations.index(capsule.anchor)
    assert sum(e.kind == "part_of" and e.object == anchor for e in capsule.relations) == 5


@pytest.mark.parametrize(("history_s", "future_s"), [(0.0, 0.0), (1.0, 3.0)], ids=["none", "1 s and 3 s"])
def test_history_and_future_are_options(history_s, future_s):
    capsule = _capsules(options=replace(OPTIONS, history_s=history_s, future_s=future_s))[2]
    assert capsule.history.duration_s == history_s and capsule.future.duration_s == future_s


def test_events_are_anchors_where_nobody_speaks():
    events = [said("event", 3.0, 3.0, "go"), said("event", 9.0, 9.0, "stop")]
    quiet = talk([], 12.0)
    capsules = _capsules(_with(quiet, annotations=events))
    assert [c.anchor.value for c in capsules] == ["go", "stop"]
    assert [a.value for a in capsules[0].of_kind("event")] == ["go"]


def test_markers_of_a_stream_are_events():
    markers = np.array(["start", "end"], dtype=object)
    times = ListedTimeline(np.array([1_000_000_000, 4_000_000_000]))
    stream = Stream("lsl/markers", Modality.EVENT, "lsl", times, ArraySamples(markers))
    recording = Recording("r", Path(), (stream,), (Clock("lsl"),))
    assert [c.anchor.value for c in _capsules(recording)] == ["start", "end"]


def test_a_marker_stream_that_ticks_is_not_a_list_of_events():
    times = ListedTimeline(np.arange(0, 20_000_000_000, 100_000_000))
    ticks = Stream("plc/ticks", Modality.EVENT, "plc", times, ArraySamples(np.arange(200)))
    recording = _with(TALK, ticks, clocks=["plc"])
    capsules = _capsules(recording, options=replace(OPTIONS, most_anchors=100), offsets_ns={"plc": 0})
    assert len(capsules) == 3 and not capsules[0].of_kind("event")
    assert [(f.check, f.numbers) for f in findings_of(capsules)] == [("events_left_out", {"markers": 200})]


def test_tiles_where_there_is_nothing_else():
    capsules = _capsules(talk([], 24.0))
    assert [(c.interval.start_ns, c.interval.stop_ns) for c in capsules] == [(0, 10**10), (10**10, 24 * 10**9)]
    assert {c.anchor.kind for c in capsules} == {"segment"}
    assert len(_capsules(talk([], 24.0), options=replace(OPTIONS, segment_s=6.0))) == 4


def test_any_kind_can_be_the_anchor():
    recording = _with(TALK, annotations=[said("gesture", 7.0, 8.0, "wave")])
    (capsule,) = _capsules(recording, options=replace(OPTIONS, anchor_kinds=("gesture",)))
    assert capsule.anchor.value == "wave" and len(capsule.of_kind("utterance")) == 2


def test_too_many_anchors_are_refused():
    with pytest.raises(UsageError, match="more than most_anchors = 2"):
        _capsules(options=replace(OPTIONS, most_anchors=2))


def test_an_empty_recording_has_no_capsules():
    assert _capsules(Recording("nothing", Path(), (), ())) == ()


def test_a_stream_without_samples_is_no_trouble():
    empty = Stream("m/audio", Modality.AUDIO, "m", RegularTimeline(0, Fraction(16_000), 0), ArraySamples(np.zeros(0)))
    assert _capsules(Recording("nothing", Path(), (empty,), (Clock("m"),))) == ()


def test_labels_of_an_unaligned_clock_are_counted_and_left_out():
    recording = _with(TALK, clocks=["cam"], annotations=[said("gesture", 3.0, 4.0, "wave", clock="cam")])
    capsule = _capsules(recording)[0]
    assert capsule.of_kind("gesture") == ()
    assert capsule.details["left_out"] == [{"kind": "gesture", "clock": "cam", "reason": "not_aligned", "count": 1}]


def test_labels_of_an_aligned_clock_are_moved():
    recording = _with(TALK, clocks=["cam"], annotations=[said("gesture", 1.0, 2.0, "wave", clock="cam")])
    (found,) = _capsules(recording, offsets_ns={"cam": 2_000_000_000})[0].of_kind("gesture")
    assert (found.interval.start_ns, found.clock, found.details["clock"]) == (3_000_000_000, "mic", "cam")


@pytest.mark.parametrize(("use_weak", "expected"), [(True, 1), (False, 0)], ids=["used and named", "left out"])
def test_weak_clocks_are_an_option(use_weak, expected):
    recording = _with(TALK, clocks=["cam"], annotations=[said("gesture", 3.0, 4.0, "wave", clock="cam")])
    solved = as_recorded(recording, offsets_ns={"cam": 0})
    weak = replace(
        solved, clocks=tuple(replace(c, status=Status.WEAK) if c.clock.name == "cam" else c for c in solved.clocks)
    )
    capsule = contextualise(recording, weak, options=replace(OPTIONS, use_weak=use_weak))[0]
    assert len(capsule.of_kind("gesture")) == expected
    assert capsule.details.get("weak_clocks", []) == ["cam"] * expected
    assert [row["reason"] for row in capsule.details.get("left_out", [])] == ["weak"] * (1 - expected)


def test_a_voice_on_another_clock_is_moved():
    recording = _with(TALK, clocks=["desk"])
    late = _capsules(recording, reference="desk", offsets_ns={"mic": 5_000_000_000})
    assert [c.interval.shifted(-5_000_000_000) for c in late] == [c.interval for c in _capsules()]


def test_the_microphone_is_an_option():
    other = talk([(8.0, 9.0)], 20.0, clock="lapel")
    recording = _with(TALK, *other.streams, clocks=["lapel"])
    both = {"offsets_ns": {"lapel": 0}}
    assert len(_capsules(recording, **both)) == 3
    (chosen,) = _capsules(recording, options=replace(OPTIONS, audio=("lapel/audio",)), **both)
    assert chosen.anchor.stream == "lapel/audio"
    assert len(_capsules(recording, options=replace(OPTIONS, audio=("*",)), **both)) == 4
    with pytest.raises(UsageError, match="no sound stream nobody/audio; it has"):
        _capsules(recording, options=replace(OPTIONS, audio=("nobody/audio",)), **both)


def test_a_role_makes_a_microphone_the_preferred_one():
    other = talk([(8.0, 9.0)], 20.0, clock="lapel").streams[0]
    recording = _with(TALK, replace(other, details={"role": "speech"}), clocks=["lapel"])
    (chosen,) = _capsules(recording, offsets_ns={"lapel": 0})
    assert chosen.anchor.stream == "lapel/audio"


def test_samples_that_are_not_numbers_leave_a_finding():
    sound = TALK.streams[0].samples.values.copy()
    sound[160_000:160_010] = np.nan
    recording = replace(TALK, streams=(replace(TALK.streams[0], samples=ArraySamples(sound)),))
    (finding,) = findings_of(_capsules(recording))
    assert finding.check == "sound_not_finite" and finding.numbers == {"samples": 10}


def test_a_gap_in_the_stamps_parts_utterances():
    sound = np.concatenate([TALK.streams[0].samples.values[:48_000], TALK.streams[0].samples.values[:48_000]])
    times = np.arange(sound.size) * 62_500
    times[48_000:] += 20_000_000_000
    stream = Stream("mic/audio", Modality.AUDIO, "mic", ListedTimeline(times), ArraySamples(sound), 16_000.0)
    capsules = _capsules(replace(TALK, streams=(stream,)))
    assert [round(c.interval.start_ns / 1e9) for c in capsules] == [2, 25]
    assert all(c.interval.duration_s < 1.5 for c in capsules)


def _face_table(rows=200):
    values = np.zeros((rows, 4))
    values[:, 0] = np.linspace(0, 5, rows)
    values[:, 1] = values[:, 0] > 2.5
    values[:, 2], values[:, 3] = 1.0, 0.9
    values[::2, 2] = 0.0
    timeline = RegularTimeline(0, Fraction(10), rows)
    names = ("AU04_r", "AU04_c", "success", "confidence")
    return Stream("mic/action_units", Modality.FACE, "mic", timeline, ArraySamples(values), channels=names)


def test_imported_action_units_are_summed_up_per_utterance():
    (unit,) = [a for a in _capsules(_with(TALK, _face_table()))[2].of_kind("action_unit")]
    assert unit.value["au"] == 4 and unit.value["scale"] == "0..5" and unit.value["present"] == 1.0
    assert unit.value["mean"] == pytest.approx(5 * 155 / 199, abs=0.15)
    assert unit.value["frames"] == pytest.approx(5, abs=1) and unit.confidence == pytest.approx(0.45, abs=0.06)
    assert unit.origin is Origin.IMPORT


def test_an_extra_that_is_missing_is_a_finding(monkeypatch):
    monkeypatch.setattr("weft.context.options.find_spec", lambda name: None)
    frames = Stream(
        "mic/video", Modality.VIDEO, "mic", RegularTimeline(0, Fraction(10), 200),
        ArraySamples(np.zeros((200, 8, 8, 3), np.uint8)),
    )  # fmt: skip
    capsules = _capsules(_with(TALK, frames), options=ContextOptions())
    assert [f.check for f in findings_of(capsules)] == ["faces_not_estimated"]
    assert capsules[0].anchor.method == "weft band-floor voice activity"


def test_the_same_input_gives_the_same_bytes():
    assert [c.to_dict() for c in _capsules()] == [c.to_dict() for c in _capsules()]


def test_progress_is_told_and_grows():
    told = []
    contextualise(TALK, as_recorded(TALK), options=OPTIONS, progress=lambda what, share: told.append((what, share)))
    assert told[0][0] == "listening to mic/audio" and told[-1][1] == 1.0
