"""Events as evidence: every kind of list from made streams, and whole alignments by them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from weft.core import (
    NS_PER_MS,
    NS_PER_S,
    Annotation,
    ArraySamples,
    Clock,
    Evidence,
    Interval,
    ListedTimeline,
    Modality,
    Recording,
    RegularTimeline,
    Status,
    Stream,
)
from weft.sync import align
from weft.sync.events.blinks import blink_lists
from weft.sync.events.claps import clap_lists
from weft.sync.events.compare import compare_events
from weft.sync.events.lights import light_lists
from weft.sync.events.lists import BLINK, LIGHT, MARKER, PULSE, EventList, may_share_cause
from weft.sync.events.markers import marker_lists
from weft.sync.events.pairs import relate_by_events
from weft.sync.events.pulses import pulse_lists
from weft.sync.relations import Question
from weft.testing.scenes import audio_stream
from weft.testing.three_rates import make_three_rates, write_three_rates


def moments(seed: int, count: int = 20) -> np.ndarray:
    """Irregular moments, seconds."""
    return np.cumsum(np.random.default_rng(seed).uniform(1.0, 4.0, count))


def ns(seconds: np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(seconds) * NS_PER_S).astype(np.int64)


def listed(clock: str, seconds: np.ndarray, *, kind: str = MARKER, sd_ms: float = 1.0) -> EventList:
    return EventList(clock, f"{clock}/events", kind, ns(seconds), np.full(len(seconds), sd_ms * NS_PER_MS))


def table(clock: str, values: np.ndarray, rate_hz: int, **more: object) -> Stream:
    timeline = RegularTimeline(0, Fraction(rate_hz), len(values))
    return Stream(f"{clock}/table", Modality.TABLE, clock, timeline, ArraySamples(values), **more)  # type: ignore[arg-type]


def marks(clock: str, seconds: np.ndarray, label: str = "flash") -> tuple[Annotation, ...]:
    return tuple(Annotation("event", Interval(int(t), int(t)), clock, label) for t in ns(seconds))


def recording(*streams: Stream, clocks: tuple[str, ...], annotations: tuple[Annotation, ...] = ()) -> Recording:
    return Recording("made", Path(), streams, tuple(Clock(name) for name in clocks), annotations)


EMPTY = recording(clocks=("a", "b"))


def test_matching_lists_give_a_moment_for_each_pair() -> None:
    events = moments(1)
    compared = compare_events(EMPTY, listed("a", events), listed("b", np.delete(events, 5) + 3.5))
    assert compared.evidence is not None and compared.evidence.details["sufficient"]
    assert len(compared.evidence) == 19
    assert np.allclose(compared.evidence.offsets_ns, 3.5 * NS_PER_S, atol=2)
    assert {one.name for one in compared.evidence.assumptions} == {"marker_latency"}


def test_the_sign_of_an_assumption_follows_the_side_it_is_on() -> None:
    events = moments(1)
    clap, light = listed("a", events, kind="clap"), listed("b", events + 1.0, kind=LIGHT)
    for first, second, sign in ((clap, light, 1), (light, clap, -1)):
        found = compare_events(EMPTY, first, second).evidence
        assert found is not None
        # A clap is heard 3 ms late, so its clock reads too much by that.
        assert np.median(found.offsets_ns) == pytest.approx(sign * (NS_PER_S + 3 * NS_PER_MS), abs=10)


def test_a_beat_is_ambiguous_and_not_sufficient() -> None:
    found = compare_events(EMPTY, listed("a", np.arange(30.0)), listed("b", np.arange(25.0) + 0.4)).evidence
    assert found is not None and not found.details["sufficient"]
    assert found.alternatives and found.systematic_sd_ns > NS_PER_S


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_events_are_weak_at_best(count: int) -> None:
    events = moments(3, count)
    found = compare_events(EMPTY, listed("a", events), listed("b", events + 2.0)).evidence
    assert found is None or not found.details["sufficient"]


def test_unrelated_lists_say_why() -> None:
    compared = compare_events(EMPTY, listed("a", moments(4)), listed("b", moments(5)))
    assert compared.evidence is None
    assert "do not match" in compared.reason


def test_more_lists_tried_ask_for_more() -> None:
    events = moments(6, 6)
    once = compare_events(EMPTY, listed("a", events, sd_ms=150), listed("b", events, sd_ms=150), lists_tried=1)
    often = compare_events(EMPTY, listed("a", events, sd_ms=150), listed("b", events, sd_ms=150), lists_tried=10**9)
    assert once.evidence is None or often.evidence is None or not often.evidence.details["sufficient"]


def test_blinks_are_compared_with_blinks_only() -> None:
    blink, pulse = listed("a", moments(1), kind=BLINK), listed("b", moments(1), kind=PULSE)
    assert not may_share_cause(blink, pulse)
    assert may_share_cause(blink, replace(blink, clock="b"))


def test_a_trigger_column_is_read_and_judgements_are_not() -> None:
    values = np.random.default_rng(0).normal(0, 1, (5000, 3))
    values[:, 1] = values[:, 2] = 0
    values[1000:1020, 1] = values[2000:2020, 2] = 1
    lists = pulse_lists(table("eeg", values, 100, channels=("Cz", "TRIG", "valid")))
    assert [one.times_ns.tolist() for one in lists] == [[9_995_000_000]]
    assert lists[0].sds_ns[0] == pytest.approx(10 * NS_PER_MS / np.sqrt(12))


def test_a_lamp_in_a_corner_is_found() -> None:
    on = moments(2, 8)
    times = np.arange(900) / 30.0
    pictures = np.full((900, 48, 64, 3), 60, dtype=np.uint8)
    pictures[((times[:, None] >= on) & (times[:, None] < on + 0.3)).any(axis=1), 2:8, 2:10] = 220
    video = Stream("cam/video", Modality.VIDEO, "cam", ListedTimeline(ns(times)), ArraySamples(pictures))
    lists = light_lists(video)
    nearest = min(np.abs(ns(on)[:, None] - one.times_ns).min(axis=1).max() for one in lists)
    assert nearest < 35 * NS_PER_MS


def test_a_dark_film_has_no_lights_and_silence_no_claps() -> None:
    dark = np.zeros((40, 16, 16, 3), dtype=np.uint8)
    video = Stream("cam/video", Modality.VIDEO, "cam", ListedTimeline(ns(np.arange(40) / 30.0)), ArraySamples(dark))
    assert light_lists(video) == []
    assert clap_lists(audio_stream("mic", np.zeros(32_000, dtype=np.float32), 16_000)) == []
    assert clap_lists(audio_stream("mic", np.full(32_000, np.nan, dtype=np.float32), 16_000)) == []


def test_markers_come_as_one_list_and_by_label() -> None:
    said = (*marks("a", moments(1, 6), "flash"), *marks("a", moments(2, 5) + 0.5, "key"))
    lists = marker_lists(recording(clocks=("a",), annotations=said), "a")
    assert sorted(len(one) for one in lists) == [5, 6, 11]


@pytest.mark.parametrize("size", [0, 1, 3])
def test_next_to_nothing_says_nothing(size: int) -> None:
    times = ListedTimeline(ns(np.arange(size) / 30.0))
    names = ("gaze_x_px", "gaze_y_px", "pupil_mm")
    empty = np.full((size, 3), np.nan)
    made = recording(
        Stream("a/gaze", Modality.GAZE, "a", times, ArraySamples(empty), channels=names),
        Stream("b/video", Modality.VIDEO, "b", times, ArraySamples(np.zeros((size, 4, 4, 3), dtype=np.uint8))),
        Stream("c/table", Modality.TABLE, "c", times, ArraySamples(empty)),
        audio_stream("d", np.zeros(size, dtype=np.float32), 16_000),
        Stream(
            "e/face_gaze",
            Modality.GAZE,
            "e",
            times,
            ArraySamples(empty[:, :2]),
            channels=("gaze_angle_x", "gaze_angle_y"),
        ),
        clocks=("a", "b", "c", "d", "e"),
    )
    assert relate_by_events(Question(made, "a")).evidence == []


def test_a_column_of_labels_marks_its_changes() -> None:
    labels = np.array(["", "go", "go", "", "stop", "stop"], dtype=object)
    stream = Stream("a/marker", Modality.TEXT, "a", ListedTimeline(ns(np.arange(6))), ArraySamples(labels))
    assert marker_lists(recording(stream, clocks=("a",)), "a")[0].times_ns.tolist() == [NS_PER_S, 4 * NS_PER_S]
    activity = replace(stream, name="a/activity")
    assert marker_lists(recording(activity, clocks=("a",)), "a") == []


@pytest.mark.parametrize("writes_nothing", [False, True], ids=["empty cells", "no rows"])
def test_an_eye_that_is_lost_for_a_moment_blinked(writes_nothing: bool) -> None:
    times = np.arange(1200) / 60.0
    values = np.random.default_rng(0).normal(500, 5, (1200, 3))
    shut = ((times[:, None] >= [3.0, 9.5]) & (times[:, None] < [3.2, 9.7])).any(axis=1)
    values[shut] = np.nan
    if writes_nothing:
        times, values = times[~shut], values[~shut]
    names = ("gaze_x_px", "gaze_y_px", "pupil_mm")
    gaze = Stream("eye/gaze", Modality.GAZE, "eye", ListedTimeline(ns(times)), ArraySamples(values), channels=names)
    (blinks,) = blink_lists(recording(gaze, clocks=("eye",)), "eye")
    assert blinks.times_ns / NS_PER_S == pytest.approx([3.09, 9.59], abs=0.02)


def test_two_computers_that_log_the_same_keys_are_tied() -> None:
    events = moments(7)
    rng = np.random.default_rng(1)
    trigger = np.zeros((60_000, 1))
    for at in events + 4.2:
        trigger[round(at * 1000) : round(at * 1000) + 50] = 1
    said = marks("pc", events * (1 + 50e-6) + rng.normal(0, 0.001, events.size))
    made = recording(table("eeg", trigger, 1000, channels=("TTL",)), clocks=("eeg", "pc"), annotations=said)
    solved = align(made, reference="eeg")["pc"]
    assert solved.status is Status.ALIGNED and solved.methods == ("events",)
    assert solved.time_map is not None
    assert abs(int(solved.time_map.apply([0], extrapolate=True)[0]) - 4.2 * NS_PER_S) < 5 * NS_PER_MS


def test_two_logs_of_one_script_are_not_taken_for_one_occasion() -> None:
    events = moments(7)
    alike = recording(clocks=("a", "b"), annotations=(*marks("a", events), *marks("b", events + 1.0)))
    assert align(alike, reference="a")["b"].status is Status.WEAK
    other = recording(clocks=("a", "b"), annotations=(*marks("a", events), *marks("b", events + 1.0, "lamp")))
    assert align(other, reference="a")["b"].status is Status.ALIGNED


def test_clocks_that_are_tied_are_left_alone() -> None:
    events = moments(7)
    made = recording(clocks=("a", "b"), annotations=(*marks("a", events), *marks("b", events + 1.0)))
    known = Evidence("a", "b", np.array([0]), np.array([0]), np.array([1e6]), "lsl")
    assert relate_by_events(Question(made, "a", (known,))).evidence == []
    assert relate_by_events(Question(made, "a")).evidence != []


def test_clocks_whose_events_differ_stay_apart_and_say_why() -> None:
    made = recording(clocks=("a", "b"), annotations=(*marks("a", moments(8)), *marks("b", moments(9))))
    solved = align(made, reference="a")["b"]
    assert solved.status is Status.NOT_ALIGNED
    assert "do not match" in solved.note


@pytest.mark.parametrize(
    ("pulses", "camera_sound", "face_table", "within_ms"),
    [(False, True, True, 80.0), (True, False, False, 10.0)],
    ids=["by content", "by pulses"],
)
def test_three_rates_end_on_one_clock(
    tmp_path: Path, pulses: bool, camera_sound: bool, face_table: bool, within_ms: float
) -> None:
    from weft.readers import open_recording

    truth = make_three_rates(60.0, seed=3, pulses=pulses)
    write_three_rates(tmp_path, truth, seed=3, camera_sound=camera_sound, face_table=face_table)
    solved = align(open_recording(tmp_path), reference="mic")
    for clock in ("cam", "gaze"):
        entry = solved[clock]
        assert entry.status is Status.ALIGNED and entry.time_map is not None, entry.note
        for reading_s in (0.5, 55.0):
            mapped = int(entry.time_map.apply([round(reading_s * NS_PER_S)], extrapolate=True)[0])
            error_ms = (mapped / NS_PER_S - reading_s - truth.offset_s(clock, "mic", reading_s)) * 1e3
            assert abs(error_ms) < within_ms


def test_gaze_of_another_occasion_is_not_aligned(tmp_path: Path) -> None:
    from weft.readers import open_recording

    write_three_rates(tmp_path, make_three_rates(45.0, seed=3), seed=3)
    write_three_rates(tmp_path / "other", make_three_rates(45.0, seed=4), seed=4)
    (tmp_path / "other" / "gaze.tsv").replace(tmp_path / "gaze.tsv")
    for left in (tmp_path / "other").iterdir():
        left.unlink()
    (tmp_path / "other").rmdir()
    solved = align(open_recording(tmp_path), reference="mic")
    assert solved["gaze"].status is Status.NOT_ALIGNED
    assert solved["cam"].status is Status.ALIGNED
