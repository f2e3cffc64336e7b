"""The small nouns: intervals, clocks, timelines, streams, evidence, alignments."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.core import (
    Alignment,
    Alternative,
    Annotation,
    ArraySamples,
    Assumption,
    Clock,
    ClockAlignment,
    Evidence,
    Finding,
    Interpolation,
    Interval,
    ListedTimeline,
    Modality,
    Origin,
    Piece,
    Recording,
    RegularTimeline,
    Reset,
    Severity,
    Status,
    Stream,
    TimeMap,
    Uncertainty,
    UnreadableError,
    UsageError,
    seconds_to_ns,
)

S = 1_000_000_000


def stream(name: str = "cam/video", clock: str = "cam", count: int = 5) -> Stream:
    timeline = ListedTimeline(np.arange(count, dtype=np.int64) * S // 25)
    return Stream(name, Modality.VIDEO, clock, timeline, ArraySamples(np.zeros((count, 2, 2, 3), np.uint8)))


def test_touching_intervals_share_no_time() -> None:
    assert not Interval(0, 10).overlaps(Interval(10, 20))
    assert Interval(0, 10).overlap(Interval(10, 20)) is None


def test_an_empty_interval_has_a_place_and_no_time() -> None:
    point = Interval(5, 5)
    assert point.is_empty and not point.contains(5) and Interval(0, 10).covers(point)
    assert not Interval(0, 10).overlaps(point)


def test_an_interval_that_stops_before_it_starts_is_refused() -> None:
    with pytest.raises(UsageError, match="must not stop before it starts"):
        Interval(10, 5)


def test_an_interval_in_float_seconds_is_refused() -> None:
    with pytest.raises(UsageError, match="seconds_to_ns"):
        Interval(0.0, 1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e12])
def test_seconds_that_cannot_be_a_time_are_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match="finite and within 73 years"):
        seconds_to_ns(seconds)


def test_a_reset_clock_remembers_what_the_device_showed() -> None:
    clock = Clock("eeg", resets=(Reset(100, 90), Reset(200, 150)))
    assert clock.raw_ns([99, 100, 199, 200]).tolist() == [99, 10, 109, 50]
    assert Clock.from_dict(clock.to_dict()) == clock


def test_time_running_backwards_is_refused_with_its_place() -> None:
    with pytest.raises(UsageError, match="first at sample 2: 20 ns, then 10 ns"):
        ListedTimeline(np.array([0, 20, 10], dtype=np.int64))


rates = st.sampled_from([Fraction(48_000), Fraction(44_100), Fraction(16_000), Fraction(30_000, 1001), Fraction(1, 3)])


@given(rates, st.integers(0, 10**9), st.integers(0, 1000), st.integers(-(10**15), 10**15))
def test_a_regular_timeline_agrees_with_exact_arithmetic(rate: Fraction, start: int, n: int, first_ns: int) -> None:
    timeline = RegularTimeline(first_ns, rate, start + n + 1)
    exact = [first_ns + int(Fraction(i * S) / rate // 1) for i in range(start, start + n)]
    assert timeline.slice_ns(start, start + n).tolist() == exact


@given(rates, st.integers(0, 10**6), st.integers(-5, 5))
def test_the_index_of_an_instant_is_the_first_sample_at_or_after_it(rate: Fraction, index: int, off: int) -> None:
    timeline = RegularTimeline(7, rate, 10**6 + 10)
    t_ns = int(timeline.slice_ns(index, index + 1)[0]) + off
    found = timeline.index_ns(t_ns)
    around = timeline.slice_ns(max(0, found - 1), found + 1)
    assert around[-1] >= t_ns
    assert found == 0 or around[0] < t_ns


def test_an_hour_of_sound_costs_no_memory_for_its_stamps() -> None:
    timeline = RegularTimeline(0, Fraction(48_000), 3600 * 48_000)
    assert timeline.last_ns == 3600 * S - 20_834
    assert timeline.index_ns(1800 * S) == 1800 * 48_000


def test_a_stream_with_fewer_samples_than_stamps_is_refused() -> None:
    with pytest.raises(UsageError, match="every sample needs one stamp"):
        Stream("a", Modality.GAZE, "a", RegularTimeline(0, Fraction(60), 10), ArraySamples(np.zeros((9, 2))))


def test_declared_and_measured_rates_are_kept_apart() -> None:
    slow = Stream("a", Modality.GAZE, "a", RegularTimeline(0, Fraction(59), 60), ArraySamples(np.zeros((60, 2))), 60.0)
    assert slow.nominal_rate_hz == 60.0
    assert slow.effective_rate_hz == pytest.approx(59.0)


def test_a_stream_reads_half_open_intervals() -> None:
    times_ns, values = stream().read(Interval(0, 2 * S // 25))
    assert times_ns.tolist() == [0, S // 25] and values.shape == (2, 2, 2, 3)


def test_interpolation_follows_the_modality_unless_told() -> None:
    assert stream().interpolation is Interpolation.NEAREST


def test_evidence_reversed_says_the_same_from_the_other_side() -> None:
    evidence = Evidence("cam", "mic", np.array([10]), np.array([5]), np.array([1.0]), "audio")
    back = evidence.reversed()
    assert (back.clock, back.reference, back.times_ns[0], back.offsets_ns[0]) == ("mic", "cam", 15, -5)
    assert Evidence.from_dict(evidence.to_dict()).to_dict() == evidence.to_dict()


@pytest.mark.parametrize("sd", [0.0, -1.0, float("nan"), float("inf")])
def test_evidence_without_a_usable_sd_is_refused(sd: float) -> None:
    with pytest.raises(UsageError, match="finite, positive sds"):
        Evidence("cam", "mic", np.array([10]), np.array([5]), np.array([sd]), "audio")


def test_a_clock_that_is_not_aligned_has_no_map() -> None:
    with pytest.raises(UsageError, match="no map exactly when it is not aligned"):
        ClockAlignment(Clock("cam"), (), Status.NOT_ALIGNED, TimeMap.identity("cam"))


def test_the_command_prints_raw_readings_after_a_reset() -> None:
    clock = Clock("eeg", resets=(Reset(at_ns=101 * S, shift_ns=98 * S),))
    pieces = (
        Piece(Interval(0, 100 * S), 0, -40 * S),
        Piece(Interval(101 * S, 200 * S), 101 * S, -38 * S),
    )
    entry = ClockAlignment(clock, ("eeg/eeg",), Status.ALIGNED, TimeMap("eeg", "lsl", pieces))
    second = entry.segments()[1]
    assert second["start_s"] == 3.0 and second["stop_s"] == 102.0
    assert second["start_s"] + second["offset_ms"] / 1e3 == 63.0


def test_an_alignment_survives_storage() -> None:
    time_map = TimeMap.affine("cam", "mic", offset_ns=3)
    entry = ClockAlignment(Clock("cam"), ("cam/video",), Status.WEAK, time_map, note="x")
    alignment = Alignment("r", "mic", (entry,), findings=(Finding("a", Severity.INFO, "b", "c"),))
    assert Alignment.from_dict(alignment.to_dict()) == alignment
    assert alignment.to_json()["clocks"][0]["status"] == "weak"


def test_an_annotation_survives_storage() -> None:
    said = Annotation("word", Interval(1, 2), "cam", "bin", Origin.HUMAN, "rater 1", 0.9, "speaker")
    assert Annotation.from_dict(said.to_dict()) == said


def test_a_confidence_above_one_is_refused() -> None:
    with pytest.raises(UsageError, match="confidence lies in"):
        Annotation("word", Interval(1, 2), "cam", "bin", confidence=1.5)


def test_a_recording_names_streams_on_unknown_clocks() -> None:
    with pytest.raises(UsageError, match=r"cam/video \(cam\)"):
        Recording("r", Path(), (stream(),), ())


def test_a_recording_refuses_two_streams_of_one_name() -> None:
    with pytest.raises(UsageError, match="more than one stream named cam/video"):
        Recording("r", Path(), (stream(), stream()), (Clock("cam"),))


def test_all_problems_of_an_input_are_named_at_once() -> None:
    with pytest.raises(UnreadableError, match=r"2 problems:\n  - one\n  - two"):
        raise UnreadableError.gather(["one", "two"])


def test_an_assumption_is_subtracted_and_widens_what_all_moments_share() -> None:
    plain = Evidence("cam", "mic", np.array([0]), np.array([100]), np.array([1.0]), "audio", systematic_sd_ns=3.0)
    assuming = plain.assuming(Assumption("path", 40.0, 4.0, "half a metre"))
    assert assuming.offsets_ns.tolist() == [60]
    assert assuming.systematic_sd_ns == 5.0
    assert assuming.reversed().assumptions[0].value_ns == -40.0
    assert Evidence.from_dict(assuming.to_dict()).assumptions == assuming.assumptions


def test_another_reading_of_ambiguous_evidence_can_be_taken_and_taken_back() -> None:
    readings = (Alternative(4_000, 0.9), Alternative(-4_000, 0.8))
    loop = Evidence("cam", "mic", np.array([0]), np.array([100]), np.array([1.0]), "audio", alternatives=readings)
    later = loop.shifted(readings[0])
    assert later.offsets_ns.tolist() == [4_100]
    assert later.alternatives == (Alternative(-4_000, 1.0), Alternative(-8_000, 0.8))
    assert later.shifted(later.alternatives[0]).offsets_ns.tolist() == [100]
    assert loop.reversed().reversed().alternatives == readings


def test_an_assumption_must_be_finite() -> None:
    with pytest.raises(UsageError, match="needs a finite value"):
        Assumption("path", float("nan"), 1.0, "")


def bent_map(*drifts_ppm: float, error95_ns: float) -> TimeMap:
    """Pieces of ten seconds that meet, each with its drift, all equally sure."""
    pieces, offset_ns = [], 0
    for number, ppm in enumerate(drifts_ppm):
        device = Interval(number * 10 * S, (number + 1) * 10 * S)
        unsure = Uncertainty((error95_ns / 1.96) ** 2)
        pieces.append(Piece(device, device.start_ns, offset_ns, ppm * 1e-6, unsure))
        offset_ns += round(ppm * 1e-6 * 10 * S)
    return TimeMap("cam", "mic", tuple(pieces))


def test_bends_far_below_the_error_are_one_segment_that_is_as_good() -> None:
    time_map = bent_map(5.0, 5.2, 5.1, 4.9, error95_ns=400_000)
    [run] = time_map.straight_runs()
    entry = ClockAlignment(Clock("cam"), (), Status.ALIGNED, time_map)
    [row] = entry.segments()
    assert len(run) == 4
    t_ns = np.linspace(0, 40 * S - 1, 101).astype(np.int64)
    told_ns = row["offset_ms"] * 1e6 + row["drift_ppm"] * 1e-6 * t_ns
    assert np.abs(time_map.apply(t_ns) - t_ns - told_ns).max() < 0.05 * 400_000


def test_bends_that_matter_stay_segments() -> None:
    assert len(bent_map(5.0, 15.0, 5.0, error95_ns=400_000).straight_runs()) > 1
    assert len(bent_map(5.0, 5.2, error95_ns=2_000).straight_runs()) == 1
    assert len(bent_map(5.0, 6.0, error95_ns=2_000).straight_runs()) == 2
