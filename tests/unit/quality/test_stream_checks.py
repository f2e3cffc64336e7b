"""Each check: a stream that it remarks on, and one that it does not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from weft.core import (
    ArraySamples,
    Finding,
    ListedTimeline,
    Modality,
    PiecewiseTimeline,
    RegularTimeline,
    Severity,
    Stream,
)
from weft.dsp.timing import measure_timing
from weft.quality.stream_checks import (
    check_duplicates,
    check_empty,
    check_gaps,
    check_jitter,
    check_rate,
    check_silence,
    check_single_frame,
    timing_of,
)

S = 1_000_000_000


def gaze(times_ns: np.ndarray, nominal_hz: float | None = 60.0) -> Stream:
    """A gaze stream with given stamps."""
    timeline = ListedTimeline(np.asarray(times_ns, dtype=np.int64))
    return Stream("eye/gaze", Modality.GAZE, "eye", timeline, ArraySamples(np.zeros((len(timeline), 2))), nominal_hz)


def regular(count: int = 600, rate_hz: float = 60.0) -> np.ndarray:
    """Stamps without fault."""
    return np.rint(np.arange(count) * S / rate_hz).astype(np.int64)


CASES: list[tuple[Callable[[Stream], Finding | None], Stream]] = [
    (check_empty, gaze(regular(0))),
    (check_gaps, gaze(np.delete(regular(), slice(100, 130)))),
    (check_rate, gaze(regular(rate_hz=58.0))),
    (check_duplicates, gaze(np.sort(np.append(regular(), regular()[50:60])))),
]


@pytest.mark.parametrize(("check", "stream"), CASES, ids=[check.__name__ for check, _ in CASES])
def test_check_remarks_on(check: Callable[[Stream], Finding | None], stream: Stream) -> None:
    finding = check(stream)
    assert finding is not None and finding.subject == "eye/gaze" and finding.cure


@pytest.mark.parametrize("check", [check_empty, check_gaps, check_rate, check_jitter, check_duplicates])
def test_check_is_silent_on_a_good_stream(check: Callable[[Stream], Finding | None]) -> None:
    assert check(gaze(regular())) is None


def test_gaps_count_what_was_lost() -> None:
    finding = check_gaps(gaze(np.delete(regular(), slice(100, 130))))
    assert finding is not None and finding.numbers["lost"] == 30 and finding.severity is Severity.WARNING


def test_jitter_is_a_remark() -> None:
    rng = np.random.default_rng(1)
    times = np.maximum.accumulate(regular() + rng.integers(-5_000_000, 5_000_000, 600))
    finding = check_jitter(gaze(times))
    assert finding is not None and 2 < finding.numbers["jitter_ms"] < 8


def test_irregular_events_have_no_gaps() -> None:
    times = np.cumsum(np.random.default_rng(0).exponential(2e9, 200)).astype(np.int64)
    assert check_gaps(gaze(times, None)) is None


def test_sound_is_regular_by_its_file() -> None:
    sound = Stream("m/a", Modality.AUDIO, "m", RegularTimeline(0, Fraction(8000), 10), ArraySamples(np.zeros((10, 1))))
    assert timing_of(sound) is None


def in_pieces(*pieces: tuple[int, int]) -> Stream:
    """Sound at 16 kHz in pieces, each by its start in ns and its count."""
    timeline = PiecewiseTimeline(
        tuple(RegularTimeline(start_ns, Fraction(16_000), count) for start_ns, count in pieces)
    )
    return Stream("mic/audio", Modality.AUDIO, "mic", timeline, ArraySamples(np.broadcast_to(0, (len(timeline),))))


def test_pieces_show_what_their_stamps_would() -> None:
    stream = in_pieces((0, 16_000), (2 * S, 8_000), (2 * S + 7_999 * 62_500, 4_000), (9 * S, 1))
    found, wanted = timing_of(stream), measure_timing(stream.timestamps_ns)
    assert found is not None and wanted is not None
    assert (found.median_period_ns, found.jitter_ns) == (wanted.median_period_ns, wanted.jitter_ns)
    assert found.gap_starts_ns.tolist() == wanted.gap_starts_ns.tolist()
    assert found.gap_durations_ns.tolist() == wanted.gap_durations_ns.tolist()
    assert found.duplicates == wanted.duplicates == 1 and found.lost == wanted.lost


def test_a_year_of_sound_is_checked_without_its_stamps(monkeypatch: pytest.MonkeyPatch) -> None:
    year = in_pieces((0, 10**11), (10**16, 10**11))
    monkeypatch.delattr(PiecewiseTimeline, "slice_ns")
    timing = timing_of(year)
    assert timing is not None and timing.gap_starts_ns.size == 1
    assert check_duplicates(year) is None and check_jitter(year) is None


def test_one_piece_or_two_samples_have_no_gap() -> None:
    assert timing_of(in_pieces((0, 2))) is None
    timing = timing_of(in_pieces((0, 3)))
    assert timing is not None and not timing.gap_starts_ns.size


def sound(wave: np.ndarray) -> Stream:
    """A microphone's stream of given samples at 8 kHz."""
    timeline = RegularTimeline(0, Fraction(8000), len(wave))
    return Stream("mic/audio", Modality.AUDIO, "mic", timeline, ArraySamples(wave.astype(np.float32)[:, None]), 8000.0)


def test_silence_is_a_warning_that_says_how_much_was_looked_at() -> None:
    finding = check_silence(sound(np.full(80_000, 0.01)))
    assert finding is not None and finding.severity is Severity.WARNING and finding.coverage == pytest.approx(0.5)


def test_a_quiet_voice_is_not_silence() -> None:
    assert check_silence(sound(1e-3 * np.sin(np.arange(80_000)))) is None


def test_one_frame_is_no_film() -> None:
    picture = Stream(
        "cam/video",
        Modality.VIDEO,
        "cam",
        ListedTimeline(np.array([0])),
        ArraySamples(np.zeros((1, 2, 2, 3), np.uint8)),
    )
    finding = check_single_frame(picture)
    assert finding is not None and finding.check == "single_frame"
