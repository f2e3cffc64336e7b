"""A recording seen on its reference clock, rule by rule."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft.core import (
    Alignment,
    ArraySamples,
    Clock,
    ClockAlignment,
    Interpolation,
    Interval,
    ListedTimeline,
    Modality,
    Piece,
    PiecewiseTimeline,
    Recording,
    RegularTimeline,
    Status,
    Stream,
    TimeMap,
    Uncertainty,
    UsageError,
)
from weft.core.timeline import Timeline
from weft.sync.view.recording import AlignedRecording

S = 1_000_000_000
MS = 1_000_000


def stream(name: str, modality: Modality, timeline: Timeline, values: Any, **more: Any) -> Stream:
    """A stream whose clock is the first part of its name."""
    return Stream(name, modality, name.split("/")[0], timeline, ArraySamples(np.asarray(values)), **more)


def every(period_ms: float, count: int, *, without: range = range(0)) -> ListedTimeline:
    """Stamps at a period, those of some indices left out."""
    kept = [i for i in range(count) if i not in without]
    return ListedTimeline(np.array([round(i * period_ms * MS) for i in kept], dtype=np.int64))


def view_of(*streams: Stream, maps: Mapping[str, TimeMap | None] | None = None, **more: Any) -> AlignedRecording:
    """A view in which every clock is the reference's unless ``maps`` says otherwise; ``weak`` clocks end in ``~``."""
    clocks = sorted({stream.clock for stream in streams})
    entries = []
    for clock in clocks:
        time_map = (maps or {}).get(clock, TimeMap.affine(clock, "ref"))
        status = Status.WEAK if clock.endswith("~") else Status.ALIGNED
        status = Status.NOT_ALIGNED if time_map is None else status
        entries.append(ClockAlignment(Clock(clock), (), status, time_map))
    recording = Recording("talk", Path(), streams, tuple(Clock(clock) for clock in clocks))
    return AlignedRecording(recording, Alignment("talk", "ref", tuple(entries)), **more)


GAZE = stream("eye/gaze", Modality.GAZE, every(10, 100, without=range(40, 60)), np.arange(80.0))


# --- grids ---------------------------------------------------------------------------------------


def test_a_grid_starts_with_the_window_and_leaves_out_its_stop() -> None:
    found = view_of(GAZE).window(100 * MS, 200 * MS, {"gaze": 50})["eye/gaze"]
    assert (found.times_ns // MS).tolist() == [100, 120, 140, 160, 180]
    assert found.values.tolist() == [10, 12, 14, 16, 18]


def test_a_streams_own_rate_wins_over_its_modality() -> None:
    assert len(view_of(GAZE).window(0, S, {"gaze": 50, "eye/gaze": 10})["eye/gaze"]) == 10


def test_a_stream_without_a_rate_keeps_its_own_instants() -> None:
    late = {"eye": TimeMap.affine("eye", "ref", offset_ns=7 * MS)}
    found = view_of(GAZE, maps=late).window(0, 30 * MS)["eye/gaze"]
    assert (found.times_ns // MS).tolist() == [7, 17, 27]
    assert found.values.tolist() == [0, 1, 2]


def test_only_the_streams_asked_for_are_read() -> None:
    assert list(view_of(GAZE).window(0, S, streams=[]).slices) == []


# --- gaps, ends, missing samples -------------------------------------------------------------------


def test_a_gap_gives_no_value_and_says_so() -> None:
    found = view_of(GAZE).window(350 * MS, 650 * MS, {"gaze": 100})["eye/gaze"]
    inside = (found.times_ns > 390 * MS) & (found.times_ns < 600 * MS)
    assert np.array_equal(found.valid, ~inside)
    assert not found.values[inside].any()
    assert found.reason == "gap"


def test_max_gap_s_lets_a_longer_pause_be_bridged() -> None:
    found = view_of(GAZE, max_gap_s={"gaze": 0.25}).window(350 * MS, 650 * MS, {"gaze": 100})["eye/gaze"]
    assert found.valid.all()


@pytest.mark.parametrize(
    ("start_ms", "stop_ms", "valid"),
    [(-50, 50, 5), (950, 1050, 5), (-500, -100, 0), (5000, 5100, 0)],
    ids=["over the start", "over the end", "before everything", "after everything"],
)
def test_an_end_is_not_clamped(start_ms: int, stop_ms: int, valid: int) -> None:
    found = view_of(GAZE).window(start_ms * MS, stop_ms * MS, {"gaze": 100})["eye/gaze"]
    assert (int(found.valid.sum()), found.reason) == (valid, "ended")


def test_native_instants_say_why_a_window_is_not_full() -> None:
    view = view_of(GAZE)
    spans = {"": (0, 300), "gap": (420, 500), "ended": (900, 1400)}
    assert {view.window(a * MS, b * MS)["eye/gaze"].reason for a, b in spans.values()} == set(spans)


@pytest.mark.parametrize("interpolation", list(Interpolation)[1:], ids=str)
def test_a_stream_without_samples_has_no_values(interpolation: Interpolation) -> None:
    empty = stream("a/x", Modality.TABLE, every(10, 0), np.zeros((0, 4)), interpolation=interpolation)
    view = view_of(empty)
    assert not view.window(0, S, {"table": 10})["a/x"].valid.any()
    assert view.window(0, S)["a/x"].reason == ("" if interpolation is Interpolation.NONE else "ended")


@pytest.mark.parametrize("interpolation", list(Interpolation)[1:-1], ids=str)
def test_a_single_sample_is_worth_only_its_own_instant(interpolation: Interpolation) -> None:
    once = stream("a/x", Modality.TABLE, every(10, 1), np.array([[0.0, 0.0, 0.0, 1.0]]), interpolation=interpolation)
    found = view_of(once).window(-100 * MS, 100 * MS, {"table": 100})["a/x"]
    assert found.times_ns[found.valid].tolist() in ([0], [])
    assert found.values.shape == (20, 4)


def test_nan_samples_of_sound_are_a_gap() -> None:
    values = np.ones(1000, dtype=np.float32)
    values[400:500] = np.nan
    sound = stream("a/x", Modality.AUDIO, RegularTimeline(0, Fraction(1000), 1000), values)
    found = view_of(sound).window(0, S, {"audio": 2000})["a/x"]
    inside = (found.times_ns > 399 * MS) & (found.times_ns < 500 * MS)
    assert np.array_equal(found.valid[:-1], ~inside[:-1])
    assert np.allclose(found.values[found.valid], 1.0)


def test_one_lost_sample_is_a_gap_for_a_filter() -> None:
    eeg = stream("a/x", Modality.PHYSIOLOGY, every(4, 500, without=range(250, 251)), np.ones(499))
    found = view_of(eeg).window(0, 2 * S, {"a/x": 500})["a/x"]
    assert found.times_ns[~found.valid].tolist() == [998 * MS, 1000 * MS, 1002 * MS, 1998 * MS]


def test_a_hole_between_the_pieces_of_a_sound_is_masked_and_both_sides_are_filtered() -> None:
    pieces = (RegularTimeline(0, Fraction(8000), 4000), RegularTimeline(S, Fraction(8000), 4000))
    tone = np.concatenate([np.sin(2 * np.pi * 1000 * (start + np.arange(4000) / 8000)) for start in (0, 1)])
    sound = stream("a/x", Modality.AUDIO, PiecewiseTimeline(pieces), tone)
    found = view_of(sound).window(0, 3 * S // 2, {"audio": 16_000})["a/x"]
    lost = (found.times_ns > 499_875_000) & (found.times_ns < S)
    assert not found.valid[lost].any()
    assert found.valid[~lost][:-1].all()
    inner = (np.abs(found.times_ns % S - S // 4) < S // 5) & found.valid
    assert np.abs(found.values - np.sin(2 * np.pi * 1000 * found.times_ns / S))[inner].max() < 1e-4


def test_an_electrode_that_fell_off_spares_the_others() -> None:
    values = np.ones((500, 3))
    values[:, 1] = np.nan
    eeg = stream("a/x", Modality.PHYSIOLOGY, every(4, 500), values)
    found = view_of(eeg).window(0, S, {"a/x": 250})["a/x"]
    assert found.valid.all()
    assert np.isnan(found.values[:, 1]).all()
    assert np.allclose(found.values[:, [0, 2]], 1.0)


def test_stamps_that_jitter_are_straightened_before_filtering() -> None:
    rng = np.random.default_rng(5)
    true_s = np.arange(2000) / 250
    stamps = ListedTimeline(np.sort((true_s * S + rng.uniform(0, 1 * MS, 2000)).astype(np.int64)))
    eeg = stream("a/x", Modality.PHYSIOLOGY, stamps, np.sin(2 * np.pi * 10 * true_s))
    found = view_of(eeg).window(2 * S, 6 * S, {"a/x": 250})["a/x"]
    truth = np.sin(2 * np.pi * 10 * (found.times_ns / S - 0.0005))
    assert np.abs(found.values - truth).max() < 0.01


# --- policies --------------------------------------------------------------------------------------


def test_images_are_picked_as_they_are_and_only_those_needed_are_read() -> None:
    class Counting:
        """Frames that remember which were read."""

        shape, dtype = (300, 2, 2, 3), np.dtype(np.uint8)
        read_frames: tuple[int, ...] = ()

        def read(self, start: int, stop: int) -> np.ndarray:
            self.read_frames += tuple(range(start, stop))
            return np.broadcast_to(np.arange(start, stop, dtype=np.uint8)[:, None, None, None], (stop - start, 2, 2, 3))

    frames = Counting()
    video = Stream("cam/video", Modality.VIDEO, "cam", every(40, 300), frames)
    found = view_of(video).window(2 * S, 4 * S, {"video": 5})["cam/video"]
    assert found.values.dtype == np.uint8
    assert found.values[:, 0, 0, 0].tolist() == list(range(50, 100, 5))
    assert frames.read_frames == tuple(range(50, 100, 5))


def test_a_state_is_held() -> None:
    mode = stream("a/x", Modality.TABLE, every(100, 10), np.arange(10), interpolation=Interpolation.HOLD)
    found = view_of(mode).window(0, 400 * MS, {"table": 20})["a/x"]
    assert found.values.dtype == np.arange(10).dtype
    assert found.values.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_words_in_a_table_are_held_not_interpolated() -> None:
    words = stream("a/x", Modality.TABLE, every(100, 3), np.array(["yes", "no", "yes"], dtype=object))
    found = view_of(words).window(0, 300 * MS, {"table": 20})["a/x"]
    assert found.values.tolist() == ["yes", "yes", "no", "no", "yes", "yes"]


def test_angles_and_rotations_take_the_short_way() -> None:
    angle = stream("a/x", Modality.POSE, every(10, 2), np.array([3.0, -3.0]), interpolation=Interpolation.ANGLE)
    turn = stream(
        "b/x", Modality.POSE, every(10, 2), [[0, 0, 0, 1], [0, 0, 1, 0]], interpolation=Interpolation.ROTATION
    )
    found = view_of(angle, turn).window(0, 10 * MS, {"pose": 200})
    assert abs(found["a/x"].values[1]) == pytest.approx(math.pi)
    assert np.allclose(found["b/x"].values[1], [0, 0, math.sqrt(0.5), math.sqrt(0.5)])


def test_events_come_at_their_mapped_times_whatever_the_rate() -> None:
    marks = stream("a/marks", Modality.EVENT, every(100, 10), np.arange(10))
    late = {"a": TimeMap.affine("a", "ref", offset_ns=-50 * MS)}
    found = view_of(marks, maps=late).window(0, 200 * MS, {"event": 1000})["a/marks"]
    assert (found.times_ns // MS).tolist() == [50, 150]
    assert found.valid.all()


# --- clocks ----------------------------------------------------------------------------------------


def test_a_clock_that_is_not_aligned_gives_no_value() -> None:
    view = view_of(GAZE, maps={"eye": None})
    on_grid, native = view.window(0, S, {"gaze": 50})["eye/gaze"], view.window(0, S)["eye/gaze"]
    assert (len(on_grid), bool(on_grid.valid.any()), on_grid.reason, on_grid.error95_ns) == (
        50,
        False,
        "not_aligned",
        math.inf,
    )
    assert (len(native), native.reason) == (0, "not_aligned")


def test_a_weak_clock_gives_values_and_says_so_unless_it_may_not() -> None:
    weak = stream("eye~/gaze", Modality.GAZE, every(10, 100), np.arange(100.0))
    found = view_of(weak).window(0, S // 2, {"gaze": 50})["eye~/gaze"]
    assert (bool(found.valid.all()), found.reason) == (True, "weak")
    assert view_of(weak, weak=False).window(0, S // 2, {"gaze": 50})["eye~/gaze"].reason == "not_aligned"


def test_the_error_is_the_largest_within_the_window() -> None:
    growing = TimeMap("eye", "ref", (Piece(Interval(0, 10 * S), 0, 0, 0.0, Uncertainty(drift_variance=1e-12)),))
    found = view_of(GAZE, maps={"eye": growing}).window(0, 300 * MS, {"gaze": 100})["eye/gaze"]
    assert found.error95_ns == pytest.approx(1.96 * 1e-6 * 290 * MS, rel=1e-3)


def jumped(lost_ms: int) -> TimeMap:
    """A clock that lost some time half a second after its start."""
    first = Piece(Interval(0, S // 2), 0, 0)
    return TimeMap("eye", "ref", (first, Piece(Interval(S // 2, S), 0, lost_ms * MS)))


@pytest.mark.parametrize(
    "interpolation", [Interpolation.LINEAR, Interpolation.BAND_LIMITED, Interpolation.NEAREST], ids=str
)
def test_no_value_is_made_across_a_jump_of_the_clock(interpolation: Interpolation) -> None:
    whole = stream("eye/gaze", Modality.GAZE, every(10, 100), np.arange(100.0), interpolation=interpolation)
    found = view_of(whole, maps={"eye": jumped(200)}).window(0, 1200 * MS, {"gaze": 100})["eye/gaze"]
    lost = (found.times_ns >= 500 * MS) & (found.times_ns < 700 * MS)
    assert not found.valid[lost].any()
    assert np.allclose(found.values[50 + 20 :], np.arange(50.0, 100.0), atol=1e-2)


def test_pieces_that_only_change_their_drift_are_read_through() -> None:
    first = Piece(Interval(0, S // 2), 0, 0, 0.0)
    bent = TimeMap("eye", "ref", (first, Piece(Interval(S // 2, S), S // 2, 0, 1e-4)))
    whole = stream("eye/gaze", Modality.GAZE, every(10, 100), np.arange(100.0))
    assert view_of(whole, maps={"eye": bent}).window(0, 900 * MS, {"gaze": 1000})["eye/gaze"].valid.all()


def test_beyond_the_validity_of_its_map_a_stream_that_goes_on_is_not_aligned() -> None:
    short = {"eye": TimeMap.affine("eye", "ref", device=Interval(0, 200 * MS))}
    found = view_of(GAZE, maps=short).window(100 * MS, 390 * MS, {"gaze": 100})["eye/gaze"]
    assert found.valid.tolist() == [True] * 11 + [False] * 18
    assert found.reason == "not_aligned"
    assert len(view_of(GAZE, maps=short).window(100 * MS, 390 * MS)["eye/gaze"]) == 11


# --- many windows ----------------------------------------------------------------------------------


def test_windows_cover_everything_once() -> None:
    view = view_of(GAZE)
    seen = [t for window in view.windows(300 * MS) for t in window["eye/gaze"].times_ns.tolist()]
    assert seen == GAZE.timestamps_ns.tolist()


def test_windows_may_overlap_and_be_limited() -> None:
    spans = [w.interval for w in view_of(GAZE).windows(200 * MS, step_ns=100 * MS, within=Interval(0, 300 * MS))]
    assert [(s.start_ns // MS, s.stop_ns // MS) for s in spans] == [(0, 200), (100, 300), (200, 300)]


def test_a_recording_without_any_known_clock_has_no_windows() -> None:
    assert list(view_of(GAZE, maps={"eye": None}).windows(S)) == []


def test_a_short_window_of_a_long_recording_reads_only_its_neighbourhood() -> None:
    class Endless:
        """An hour of sound at 48 kHz that allows no long read."""

        shape, dtype = (48_000 * 3600,), np.dtype(np.int16)
        longest = 0

        def read(self, start: int, stop: int) -> np.ndarray:
            self.longest = max(self.longest, stop - start)
            return np.ones(stop - start, dtype=np.int16)

    sound = Endless()
    mic = Stream("mic/audio", Modality.AUDIO, "mic", RegularTimeline(0, Fraction(48_000), 48_000 * 3600), sound)
    drifting = {"mic": TimeMap.affine("mic", "ref", offset_ns=-8 * S, drift=1e-4)}
    found = view_of(mic, maps=drifting).window(3000 * S, 3001 * S, {"audio": 16_000})["mic/audio"]
    assert found.valid.all()
    assert sound.longest < 49_000


# --- wrong calls -----------------------------------------------------------------------------------


def test_a_name_that_is_neither_stream_nor_modality_is_refused() -> None:
    with pytest.raises(UsageError, match=r"rates_hz names 'sound'; recording 'talk' has the streams eye/gaze"):
        view_of(GAZE).window(0, S, {"sound": 10})


@pytest.mark.parametrize("rate_hz", [0, -1, math.nan, math.inf])
def test_a_rate_that_is_none_is_refused(rate_hz: float) -> None:
    with pytest.raises(UsageError, match="a rate lies above 0"):
        view_of(GAZE).window(0, S, {"gaze": rate_hz})


def test_events_named_one_by_one_cannot_have_a_rate() -> None:
    marks = stream("a/marks", Modality.EVENT, every(100, 10), np.arange(10))
    with pytest.raises(UsageError, match="'a/marks' holds events"):
        view_of(marks).window(0, S, {"a/marks": 10})


def test_rotations_that_are_not_rows_of_four_are_refused() -> None:
    turn = stream("b/x", Modality.POSE, every(10, 2), np.zeros((2, 3)), interpolation=Interpolation.ROTATION)
    with pytest.raises(UsageError, match=r"'b/x': rotations are rows of x, y, z, w, found samples of shape \(3,\)"):
        view_of(turn).window(0, S, {"pose": 10})


def test_a_window_that_runs_backwards_is_refused() -> None:
    with pytest.raises(UsageError, match="must not stop before it starts"):
        view_of(GAZE).window(S, 0)


def test_windows_without_a_duration_are_refused() -> None:
    with pytest.raises(UsageError, match="positive duration and step"):
        next(view_of(GAZE).windows(0))


def test_an_empty_window_is_empty() -> None:
    assert len(view_of(GAZE).window(S, S, {"gaze": 100})["eye/gaze"]) == 0


# --- even instants ---------------------------------------------------------------------------------


def late_in_chunks(count: int, lost: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """True instants and stamps that are late by chunks of 20, ns, with samples lost in the middle."""
    kept = np.delete(np.arange(count), np.arange(count // 2, count // 2 + lost))
    latency = np.repeat(np.random.default_rng(9).exponential(3 * MS, kept.size), 20)[: kept.size]
    true_ns = kept * 4 * MS
    return true_ns, np.maximum.accumulate((true_ns + latency).astype(np.int64))


def test_instants_are_even_and_skip_what_was_lost() -> None:
    true_ns, stamps_ns = late_in_chunks(20_000, lost=300)
    eeg = stream("a/x", Modality.PHYSIOLOGY, ListedTimeline(stamps_ns), np.zeros(true_ns.size))
    instants_ns = view_of(eeg).instants_ns("a/x")
    assert instants_ns.size == true_ns.size
    assert np.abs(instants_ns - true_ns).max() < 0.5 * MS
    steps_ns = np.diff(instants_ns)
    assert np.flatnonzero(steps_ns > 6 * MS).tolist() == [9_999]


def test_native_windows_give_every_sample_at_its_even_instant() -> None:
    _, stamps_ns = late_in_chunks(5_000)
    eeg = stream("a/x", Modality.PHYSIOLOGY, ListedTimeline(stamps_ns), np.arange(5_000))
    view = view_of(eeg)
    found = [window["a/x"] for window in view.windows(S, within=Interval(-S, 21 * S))]
    assert np.array_equal(np.concatenate([one.values for one in found]), np.arange(5_000))
    assert np.array_equal(np.concatenate([one.times_ns for one in found]), view.instants_ns("a/x"))


def test_dejitter_can_be_refused() -> None:
    _, stamps_ns = late_in_chunks(5_000)
    eeg = stream("a/x", Modality.PHYSIOLOGY, ListedTimeline(stamps_ns), np.zeros(5_000))
    recording, alignment = view_of(eeg).recording, view_of(eeg).alignment
    assert np.array_equal(AlignedRecording(recording, alignment, dejitter=False).instants_ns("a/x"), stamps_ns)


def test_gaze_with_a_declared_rate_is_straightened_and_events_are_not() -> None:
    true_ns, stamps_ns = late_in_chunks(5_000)
    table = Stream("a/x", Modality.GAZE, "a", ListedTimeline(stamps_ns), ArraySamples(np.zeros((5_000, 2))), 250.0)
    events = stream("b/x", Modality.EVENT, ListedTimeline(stamps_ns), np.zeros(5_000))
    assert np.abs(view_of(table).instants_ns("a/x") - true_ns).max() < 1 * MS
    assert np.array_equal(view_of(events).instants_ns("b/x"), stamps_ns)


def test_headings_in_degrees_pass_north_the_shorter_way() -> None:
    heading = stream(
        "a/x", Modality.TABLE, every(100, 3), [358.0, 2.0, 6.0], interpolation=Interpolation.ANGLE, units=("deg",)
    )
    found = view_of(heading).window(0, 200 * MS, {"a/x": 20})["a/x"]
    assert np.allclose(found.values, [-2.0, 0.0, 2.0, 4.0], atol=1e-6)
