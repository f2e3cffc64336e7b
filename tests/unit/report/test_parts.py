"""The parts of the page: verdict, coverage, plots, pictures, findings."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from weft.core import (
    Alignment,
    ArraySamples,
    Clock,
    ClockAlignment,
    Finding,
    Interval,
    ListedTimeline,
    Modality,
    Piece,
    PiecewiseTimeline,
    RegularTimeline,
    Residual,
    Severity,
    Status,
    Stream,
    TimeMap,
)
from weft.report import ReportData, data_of_recordings
from weft.report.axes import Axes, round_ticks, time_ticks
from weft.report.cards import cards_of
from weft.report.coverage import stream_data
from weft.report.data import RecordingData, StreamData
from weft.report.pictures import THUMBNAIL_PX, choose_capsules, jpeg_of
from weft.report.plots import MOST_POINTS, clock_plot, coverage_strip, residual_plot
from weft.report.remarks import MOST_FINDINGS, findings_of
from weft.report.sections import MOST_PLOTS, modalities_of, recordings_of, worst_clocks
from weft.report.verdict import verdict_of
from weft.testing.sessions import drive_session, example_version, kitchen_session

S = 1_000_000_000


@pytest.fixture(scope="module")
def data() -> ReportData:
    """Two sessions with everything that there is to tell."""
    return data_of_recordings([kitchen_session(), drive_session()], example_version(), name="pilot")


def with_clocks(*statuses: Status, findings: tuple[Finding, ...] = ()) -> ReportData:
    """One recording whose clocks besides the reference have these states."""
    entries = [ClockAlignment(Clock("mic"), ("mic/audio",), Status.ALIGNED, TimeMap.identity("mic"))]
    for number, status in enumerate(statuses):
        time_map = None if status is Status.NOT_ALIGNED else TimeMap.affine(f"c{number}", "mic")
        entries.append(ClockAlignment(Clock(f"c{number}"), (f"c{number}/x",), status, time_map, note="why"))
    recording = RecordingData("r", Alignment("r", "mic", tuple(entries)), (), findings=findings)
    return ReportData("d", example_version(1), (recording,))


# --- verdict ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "tone", "words"),
    [
        ((), "good", "nothing to align"),
        ((Status.ALIGNED,), "good", "The one clock of 1 recording that had to be aligned is known to within"),
        ((Status.ALIGNED, Status.ALIGNED), "good", "All 2 clocks"),
        ((Status.ALIGNED, Status.WEAK), "mixed", "1 of 2 clocks in 1 recording is aligned"),
        ((Status.ALIGNED, Status.NOT_ALIGNED), "mixed", "1 could not be aligned: keep that clock's streams apart"),
        ((Status.WEAK, Status.NOT_ALIGNED), "bad", "No clock of 1 recording could be aligned well"),
    ],
    ids=["one clock", "one aligned", "all aligned", "one weak", "one lost", "none"],
)
def test_the_verdict_follows_the_clocks(statuses: tuple[Status, ...], tone: str, words: str) -> None:
    verdict = verdict_of(with_clocks(*statuses))
    assert verdict.tone == tone
    assert words in verdict.sentence


def test_an_error_among_the_findings_spoils_a_good_verdict() -> None:
    verdict = verdict_of(with_clocks(Status.ALIGNED, findings=(Finding("x", Severity.ERROR, "s", "m"),)))
    assert verdict.tone == "mixed"
    assert verdict.doubtful == ("1 error among the findings below",)


def test_long_lists_of_the_verdict_are_cut() -> None:
    verdict = verdict_of(with_clocks(*[Status.NOT_ALIGNED] * 20))
    assert len(verdict.doubtful) == 6
    assert verdict.doubtful[-1] == "and 15 more"
    assert verdict.doubtful[0] == "c0/x in r: clock not aligned (why)"


# --- coverage --------------------------------------------------------------------------------------


def listed(times_ns: np.ndarray, modality: Modality = Modality.GAZE) -> Stream:
    """A stream of zeros at given stamps."""
    timeline = ListedTimeline(times_ns.astype(np.int64))
    return Stream("eye/x", modality, "eye", timeline, ArraySamples(np.zeros(len(times_ns))))


def entry(time_map: TimeMap | None, status: Status = Status.ALIGNED) -> ClockAlignment:
    """The clock of such a stream."""
    return ClockAlignment(Clock("eye"), ("eye/x",), status, time_map)


def test_stretches_are_cut_at_gaps_and_lie_on_the_reference() -> None:
    times_ns = np.concatenate([np.arange(100), np.arange(300, 400)]) * S // 100
    found = stream_data(listed(times_ns), entry(TimeMap.affine("eye", "mic", offset_ns=5 * S)))
    assert found.gaps == 1
    assert [(round(s.start_ns / S, 1), round(s.stop_ns / S, 1)) for s in found.stretches] == [(5.0, 6.0), (8.0, 9.0)]
    assert found.span == Interval(found.stretches[0].start_ns, found.stretches[-1].stop_ns)


def test_pieces_of_a_regular_timeline_are_runs_and_the_hole_between_them_a_gap() -> None:
    timeline = PiecewiseTimeline((RegularTimeline(0, Fraction(100), 100), RegularTimeline(3 * S, Fraction(100), 100)))
    sound = Stream("eye/x", Modality.AUDIO, "eye", timeline, ArraySamples(np.zeros(200)))
    found = stream_data(sound, entry(TimeMap.affine("eye", "mic")))
    assert (found.gaps, found.stretches) == (1, (Interval(0, S), Interval(3 * S, 4 * S)))


def test_a_jump_of_the_clock_cuts_a_stretch() -> None:
    pieces = (Piece(Interval(0, S), 0, 0), Piece(Interval(S, 2 * S), 0, S // 2))
    found = stream_data(listed(np.arange(200) * S // 100), entry(TimeMap("eye", "mic", pieces)))
    assert [(s.start_ns, s.stop_ns) for s in found.stretches] == [(0, S), (S + S // 2, 2 * S + S // 2)]


def test_a_stream_on_an_unknown_clock_has_a_length_and_no_place() -> None:
    found = stream_data(listed(np.arange(100) * S // 100), entry(None, Status.NOT_ALIGNED))
    assert (found.span, found.stretches) == (None, ())
    assert found.duration_ns == 99 * S // 100
    assert "bar bad" in coverage_strip(found, Interval(0, 10 * S))


def test_a_stream_without_samples_covers_nothing() -> None:
    found = stream_data(listed(np.zeros(0)), entry(TimeMap.affine("eye", "mic")))
    assert (found.span, found.gaps, found.samples) == (None, 0, 0)


def test_events_are_instants_without_gaps() -> None:
    found = stream_data(listed(np.array([1, 50]) * S, Modality.EVENT), entry(TimeMap.affine("eye", "mic")))
    assert (found.instants, found.gaps, found.stretches) == ((S, 50 * S), None, ())


def test_thousands_of_gaps_are_counted_in_full_and_drawn_as_far_as_they_can_be_seen() -> None:
    times_ns = np.sort(np.concatenate([np.arange(0, 400_000, 20) + i for i in range(5)])) * S // 100
    found = stream_data(listed(times_ns), entry(TimeMap.affine("eye", "mic")))
    assert found.gaps == 19_999
    assert len(found.stretches) == 20_000
    assert len(coverage_strip(found, Interval(0, 4_000 * S))) < 1_000


# --- plots -----------------------------------------------------------------------------------------


def test_ticks_are_round_and_inside() -> None:
    assert round_ticks(-812.0, 900.0) == [-500.0, 0.0, 500.0]
    assert round_ticks(0.0001, 0.00035) == [0.0001, 0.00015, 0.0002, 0.00025, 0.0003, 0.00035]
    assert round_ticks(3.0, 3.0) == [3.0]


def test_time_ticks_are_minutes_for_minutes_and_hours_for_hours() -> None:
    assert time_ticks(0, 600) == [0.0, 120.0, 240.0, 360.0, 480.0, 600.0]
    assert time_ticks(0, 4 * 3600) == [0.0, 3600.0, 7200.0, 10800.0, 14400.0]


def test_axes_of_nothing_do_not_divide_by_zero() -> None:
    assert "svg" in Axes.around((5.0, 5.0), [], x_label="s", y_label="ms").drawn([], title="nothing")


def test_a_map_with_a_jump_is_drawn_as_two_curves() -> None:
    pieces = (Piece(Interval(0, S), 0, 0), Piece(Interval(S, 2 * S), 0, S // 2))
    plot = clock_plot(entry(TimeMap("eye", "mic", pieces)), Interval(0, 3 * S), 0, x_label="s")
    assert plot.count('class="curve"') == plot.count('class="band"') == 2


def test_a_map_that_is_valid_for_ever_is_drawn_over_what_was_recorded() -> None:
    plot = clock_plot(entry(TimeMap.affine("eye", "mic", drift=1e-4)), Interval(0, 3 * S), 0, x_label="s")
    assert plot.count('class="curve"') == 1
    assert "nan" not in plot


def test_a_map_outside_of_what_was_recorded_is_not_drawn() -> None:
    far = TimeMap.affine("eye", "mic", device=Interval(50 * S, 60 * S))
    assert clock_plot(entry(far), Interval(0, 3 * S), 0, x_label="s") == ""


def test_residuals_are_thinned_and_outliers_hollow() -> None:
    residuals = tuple(Residual(i * S, 1e6, 1e6, "audio", used=i % 10 > 0) for i in range(5000))
    told = replace(entry(TimeMap.affine("eye", "mic")), residuals=residuals)
    plot = residual_plot(told, Interval(0, 5000 * S), 0, x_label="s")
    assert plot.count("h0") == 4 * MOST_POINTS
    assert 'class="dot out"' in plot
    assert "500 were left out" in plot


def test_without_residuals_there_is_no_plot() -> None:
    assert residual_plot(entry(TimeMap.affine("eye", "mic")), Interval(0, S), 0, x_label="s") == ""


def test_plots_are_shared_out_so_that_every_recording_gets_one() -> None:
    built = [kitchen_session()]
    many = data_of_recordings(built, example_version())
    recordings = tuple(replace(many.recordings[0], name=f"r{i:03d}") for i in range(MOST_PLOTS))
    rows = recordings_of(replace(many, recordings=recordings))
    assert {len(row["plots"]) for row in rows} == {1}


# --- tables ----------------------------------------------------------------------------------------


def test_the_clock_table_puts_what_needs_attention_first(data: ReportData) -> None:
    rows = worst_clocks(recordings_of(data))
    assert [row["name"] for row in rows] == ["door-cam", "wrist", "eye", "cam", "car/lidar"]
    assert [segment["offset"] for segment in rows[2]["segments"]] == ["−1,203.0 ms", "−1,120.0 ms"]


def test_a_modality_covers_what_is_on_a_known_clock(data: ReportData) -> None:
    kitchen = replace(data, recordings=data.recordings[1:])
    rows = {row["name"]: row for row in modalities_of(kitchen)}
    assert rows["video"]["percent"] == pytest.approx(81, abs=2)
    assert rows["event"]["is_pointlike"]


def test_two_streams_of_one_modality_are_not_counted_twice() -> None:
    same = StreamData("a/x", "audio", "mic", 10, Status.ALIGNED, span=Interval(0, S), stretches=(Interval(0, S),))
    recording = replace(with_clocks().recordings[0], streams=(same, replace(same, name="b/x")))
    assert modalities_of(replace(with_clocks(), recordings=(recording,)))[0]["percent"] == 100


def test_findings_are_grouped_and_their_cures_said_once(data: ReportData) -> None:
    groups = findings_of(data)
    assert [(group["severity"], group["count"]) for group in groups] == [("error", 1), ("warning", 3), ("info", 13)]
    duplicates = next(check for check in groups[2]["checks"] if check["name"] == "duplicate stamps")
    assert duplicates["count"] == 12
    assert duplicates["cures"] == ["keep the first of each pair"]


def test_a_thousand_equal_findings_are_counted_not_listed() -> None:
    findings = tuple(Finding("x", Severity.INFO, f"s{i}", "m", coverage=0.5) for i in range(1000))
    check = findings_of(with_clocks(findings=findings))[0]["checks"][0]
    assert (len(check["remarks"]), check["more"]) == (MOST_FINDINGS, 1000 - MOST_FINDINGS)
    assert check["remarks"][0]["coverage"] == "looked at 50%"


# --- capsules --------------------------------------------------------------------------------------


def test_a_card_tells_who_says_what_and_how_surely(data: ReportData) -> None:
    card = cards_of(data)[0]
    facts = {fact["label"]: fact for fact in card["facts"]}
    assert "pitch median 241 Hz" in facts["voice"]["words"]
    assert (facts["voice"]["source"], facts["voice"]["confidence"]) == ("measured: YIN pitch", "87%")
    assert facts["face"]["words"].startswith("AU12 lip corners pulled 2.1")
    assert [part["name"] for part in card["parts"]] == ["before", "now", "after"]
    assert sum(part["percent"] for part in card["parts"]) == pytest.approx(100, abs=0.01)
    assert sum(line["is_now"] for line in card["lines"]) == 1


def test_a_card_shows_three_frames_and_the_sound(data: ReportData) -> None:
    card = cards_of(data)[1]
    assert [picture["part"] for picture in card["pictures"]] == ["before", "during", "after"]
    assert "<path" in card["wave"]


def test_a_card_without_video_says_so() -> None:
    recording, alignment, capsules = kitchen_session()
    heard = replace(recording, streams=tuple(s for s in recording.streams if s.modality is not Modality.VIDEO))
    card = data_of_recordings([(heard, alignment, capsules)], example_version()).cards[0]
    assert (card.pictures, card.note) == ((), "no picture on a known clock")


def test_capsules_are_chosen_from_all_over_the_recording() -> None:
    _, _, capsules = kitchen_session()
    chosen = choose_capsules(capsules, 4)
    assert [capsules.index(capsule) // 2 for capsule in chosen] == [0, 1, 2, 3]
    assert choose_capsules((), 4) == []
    assert choose_capsules(capsules[:1], 4) == list(capsules[:1])


@pytest.mark.parametrize("shape", [(90, 160), (90, 160, 1), (90, 160, 3), (90, 160, 4), (400, 10, 3)], ids=str)
def test_a_thumbnail_is_small_whatever_the_frame(shape: tuple[int, ...]) -> None:
    image = Image.open(BytesIO(jpeg_of(np.zeros(shape, dtype=np.uint8))))
    assert image.width == THUMBNAIL_PX[0] or image.height == THUMBNAIL_PX[1]
    assert image.width <= THUMBNAIL_PX[0]
    assert image.height <= THUMBNAIL_PX[1]


def test_a_moment_has_no_length_and_its_picture_is_its_own() -> None:
    recording, alignment, capsules = kitchen_session()
    at_ns = 20 * S
    anchor = replace(capsules[2].anchor, kind="event", interval=Interval(at_ns, at_ns), value="bell")
    moment = replace(
        capsules[2],
        interval=anchor.interval,
        context=Interval(at_ns - 5 * S, at_ns + 5 * S),
        anchor=anchor,
        annotations=(),
    )
    card = cards_of(data_of_recordings([(recording, alignment, (moment,))], example_version()))[0]
    assert card["when"] == "at 0:20.0"
    assert [picture["part"] for picture in card["pictures"]] == ["before", "during", "after"]
    assert [part["length"] for part in card["parts"]] == ["5.0 s", "", "5.0 s"]


def test_a_clock_with_many_segments_tells_the_first_few() -> None:
    pieces = tuple(Piece(Interval(i * S, (i + 1) * S), 0, i * S // 100) for i in range(30))
    whole = with_clocks(Status.ALIGNED)
    alignment = whole.recordings[0].alignment
    many = replace(alignment.clocks[1], time_map=TimeMap("c0", "mic", pieces))
    recording = replace(whole.recordings[0], alignment=replace(alignment, clocks=(alignment.clocks[0], many)))
    row = worst_clocks(recordings_of(replace(whole, recordings=(recording,))))[0]
    assert (len(row["segments"]), row["more_segments"]) == (4, 26)
