"""Every check that needs no truth: material that passes it, material that fails it, and why it may be skipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from weft.core import (
    Alignment,
    ArraySamples,
    Clock,
    Evidence,
    ListedTimeline,
    Modality,
    PiecewiseTimeline,
    Recording,
    RegularTimeline,
    Reset,
    Severity,
    Stream,
    UsageError,
)
from weft.sync import align
from weft.sync.relations import Question, Relations
from weft.sync.verify import asking
from weft.sync.verify.halves import check_halves
from weft.sync.verify.late_start import starting_later
from weft.sync.verify.loops import check_loops
from weft.sync.verify.run import verify
from weft.sync.verify.shift import check_shift
from weft.sync.verify.skew import Skew, skewed
from weft.sync.verify.swap import check_swap
from weft.sync.verify.trial import Outcome
from weft.testing.scenes import Device, record_streams, speech_like

SECOND = 1_000_000_000


def measured(
    clock: str, reference: str, offset_ms: float, *, drift: float = 0.0, count: int = 40, method: str = "lsl"
) -> Evidence:
    times_ns = np.arange(count, dtype=np.int64) * 5 * SECOND
    noise_ns = np.random.default_rng(sum(map(ord, clock + reference))).normal(0.0, 2e5, count)
    offsets_ns = np.rint(offset_ms * 1e6 + drift * times_ns + noise_ns).astype(np.int64)
    return Evidence(clock, reference, times_ns, offsets_ns, np.full(count, 2e5), method, sources=(f"{clock}/eeg",))


def recorded(evidence: Sequence[Evidence], clocks: str = "abc") -> Recording:
    timeline = RegularTimeline(0, Fraction(100), 20_000)
    streams = tuple(
        Stream(f"{name}/eeg", Modality.PHYSIOLOGY, name, timeline, ArraySamples(np.zeros(20_000))) for name in clocks
    )
    return Recording("lab", Path(), streams, tuple(Clock(name) for name in clocks), evidence=tuple(evidence))


def silent(what: str, share: float) -> None:
    """Nobody listens to the progress."""


def test_a_loop_that_closes_passes() -> None:
    sides = [measured("a", "b", 10.0), measured("b", "c", 5.0), measured("a", "c", 15.0)]
    (trial,) = check_loops(recorded(sides), sides, silent)
    assert (trial.outcome, trial.clocks, trial.cure) == (Outcome.PASSED, ("a", "b", "c"), "")
    assert abs(trial.gap_ms) < trial.allowed_ms < 5.0


def test_a_loop_that_does_not_close_fails_and_names_the_least_sure_side() -> None:
    sides = [measured("a", "b", 10.0), measured("b", "c", 5.0), replace(measured("a", "c", 40.0), systematic_sd_ns=1e6)]
    (trial,) = check_loops(recorded(sides), sides, silent)
    assert trial.outcome is Outcome.FAILED
    assert trial.gap_ms == pytest.approx(-25.0, abs=0.5)
    assert "between 'a' and 'c'" in trial.cure
    assert trial.to_finding().severity is Severity.ERROR


def test_two_clocks_make_no_loop() -> None:
    sides = [measured("a", "b", 10.0)]
    (trial,) = check_loops(recorded(sides, "ab"), sides, silent)
    assert trial.outcome is Outcome.SKIPPED
    assert "needs three clocks" in trial.says


def test_a_missing_side_that_nothing_measures_is_said() -> None:
    sides = [measured("a", "b", 10.0), measured("b", "c", 5.0)]
    (trial,) = check_loops(recorded(sides), sides, silent)
    assert trial.outcome is Outcome.SKIPPED
    assert "the third has nothing to measure it by" in trial.says


def test_swapped_order_gives_the_inverse() -> None:
    e = measured("a", "b", 10.0, drift=30e-6)
    trial = check_swap(recorded([e], "ab"), e, silent)
    assert trial.outcome is Outcome.PASSED
    assert abs(trial.gap_ms) < 0.02


def leaning(question: Question) -> Relations:
    """A source that says 20 ms to whoever is asked first."""
    other = next(clock.name for clock in question.recording.clocks if clock.name != question.reference)
    return Relations([measured(other, question.reference, 20.0, method="leaning")])


def silent_after_swap(question: Question) -> Relations:
    """A source that finds something in one order only."""
    return leaning(question) if question.reference == "b" else Relations()


def test_a_source_that_prefers_a_side_fails_the_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SOURCES", {"leaning": (leaning, 1.0)})
    trial = check_swap(recorded([], "ab"), measured("a", "b", 20.0, method="leaning"), silent)
    assert trial.outcome is Outcome.FAILED
    assert trial.gap_ms == pytest.approx(40.0, abs=0.5)


def test_finding_nothing_in_the_other_order_fails_the_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SOURCES", {"once": (silent_after_swap, 1.0)})
    trial = check_swap(recorded([], "ab"), measured("a", "b", 20.0, method="leaning"), silent)
    assert trial.outcome is Outcome.FAILED
    assert "nothing was found" in trial.says


def test_a_steady_drift_is_predicted_by_its_first_half() -> None:
    e = measured("a", "b", 10.0, drift=80e-6)
    trial = check_halves(recorded([e], "ab"), e)
    assert trial.outcome is Outcome.PASSED


def test_a_drift_that_changes_half_way_fails() -> None:
    e = measured("a", "b", 10.0, drift=20e-6)
    bent_ns = np.maximum(0, e.times_ns - e.times_ns[20]) * 200e-6
    bent = replace(e, offsets_ns=e.offsets_ns + np.rint(bent_ns).astype(np.int64))
    trial = check_halves(recorded([bent], "ab"), bent)
    assert trial.outcome is Outcome.FAILED
    assert "the drift changes" in trial.cure


def test_few_moments_predict_nothing() -> None:
    e = measured("a", "b", 10.0, count=5)
    trial = check_halves(recorded([e], "ab"), e)
    assert trial.outcome is Outcome.SKIPPED
    assert "5 moments" in trial.says


def test_a_known_shift_comes_back() -> None:
    e = measured("a", "b", 10.0)
    trial = check_shift(recorded([e], "ab"), e, silent)
    assert trial.outcome is Outcome.PASSED
    assert "37 ms and 25 ppm came back" in trial.says


def test_a_source_that_is_deaf_to_stamps_fails_the_shift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SOURCES", {"leaning": (leaning, 1.0)})
    trial = check_shift(recorded([], "ab"), measured("a", "b", 20.0, method="leaning"), silent)
    assert trial.outcome is Outcome.FAILED
    assert trial.gap_ms == pytest.approx(37.0, abs=4.0)


@pytest.mark.parametrize("method", ["declared", "human"])
def test_a_word_is_not_measured_again(method: str) -> None:
    e = measured("a", "b", 10.0, method=method)
    for check in (check_swap, check_shift):
        trial = check(recorded([e], "ab"), e, silent)
        assert trial.outcome is Outcome.SKIPPED
        assert "word" in trial.says


@pytest.mark.parametrize(
    ("evidence", "clocks", "says"),
    [
        ([], "a", "one clock"),
        ([], "ab", "nothing relates"),
        ([measured("a", "b", 0.0, count=1, method="wall_clock")], "ab", "dates alone"),
    ],
    ids=["one clock", "strangers", "dates alone"],
)
def test_a_recording_with_nothing_to_check_says_so(evidence: list[Evidence], clocks: str, says: str) -> None:
    recording = recorded(evidence, clocks)
    (trial,) = verify(recording, Alignment("lab", clocks[0], align(recording).clocks, tuple(evidence)))
    assert trial.outcome is Outcome.SKIPPED
    assert says in trial.says


def test_an_unknown_check_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no check luck; there are loop"):
        verify(recorded([]), align(recorded([])), only=["luck"])


def test_three_microphones_pass_everything_and_the_missing_side_is_measured() -> None:
    devices = [Device("x", 16_000, 0.0, seconds=26.0), Device("y", 16_000, 1.3, 40e-6, 26.0), Device("z", 16_000, 2.1)]
    devices[2] = replace(devices[2], seconds=26.0)
    streams, clocks = record_streams(speech_like(30.0, seed=5), devices, seed=3)
    recording = Recording("room", Path(), streams, clocks)
    trials = verify(recording, align(recording, reference="x"))
    assert {trial.check for trial in trials} == {"loop", "swap", "halves", "shift"}
    assert all(trial.outcome is Outcome.PASSED for trial in trials), [trial.says for trial in trials]
    shifts = [trial for trial in trials if trial.check == "shift"]
    assert all(abs(trial.gap_ms) < 0.05 for trial in shifts)


def test_a_skew_reaches_stamps_resets_and_timelines_and_leaves_the_original() -> None:
    skew = Skew(37_000_000, 25e-6, 0)
    listed = ListedTimeline(np.array([0, SECOND, 4 * SECOND]))
    pieces = PiecewiseTimeline((RegularTimeline(0, Fraction(10), 5), RegularTimeline(SECOND, Fraction(10), 5)))
    stamps = {"a": np.array([SECOND, 2 * SECOND, 3 * SECOND])}
    streams = (
        Stream("a/listed", Modality.GAZE, "a", listed, ArraySamples(np.zeros(3))),
        Stream("a/pieces", Modality.MOTION, "a", pieces, ArraySamples(np.zeros(10))),
        Stream("b/gaze", Modality.GAZE, "b", listed, ArraySamples(np.zeros(3)), stamps=stamps),
    )
    clocks = (Clock("a", resets=(Reset(2 * SECOND, SECOND),)), Clock("b"))
    recording = Recording("lab", Path(), streams, clocks, evidence=(measured("b", "a", 10.0),))
    moved = skewed(recording, "a", skew)
    assert moved.stream("a/listed").timestamps_ns.tolist() == skew.apply(listed.times_ns).tolist()
    assert moved.stream("a/pieces").timestamps_ns[5] == skew.at_ns(SECOND)
    assert moved.stream("b/gaze").timestamps_ns.tolist() == listed.times_ns.tolist()
    assert moved.stream("b/gaze").stamps["a"][0] == skew.at_ns(SECOND)
    assert moved.clock("a").resets[0].at_ns == skew.at_ns(2 * SECOND)
    before, after = recording.evidence[0], moved.evidence[0]
    seen_ns = skew.apply(before.times_ns + before.offsets_ns)
    assert (after.times_ns + after.offsets_ns).tolist() == seen_ns.tolist()
    assert recording.stream("a/listed").timestamps_ns.tolist() == listed.times_ns.tolist()


def test_a_late_start_leaves_every_other_sample_where_it_was() -> None:
    sound = np.arange(16_000.0)
    stream = Stream("m/audio", Modality.AUDIO, "m", RegularTimeline(0, Fraction(8000), 16_000), ArraySamples(sound))
    late = starting_later(Recording("r", Path(), (stream,), (Clock("m"),)), "m").stream("m/audio")
    assert len(late) == 15_680
    assert late.timestamps_ns[0] == stream.timestamps_ns[320]
    assert late.samples.read(0, 3).tolist() == [320.0, 321.0, 322.0]
