"""What a bag's log times say about header clocks, and what goes wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from weft.core import ArraySamples, Clock, Epoch, ListedTimeline, Modality, Recording, Stream
from weft.sync import align
from weft.sync.stamps.arrival import arrival_evidence, arrival_findings

S = 1_000_000_000
START_NS = 1_760_000_000 * S


def bag(times_ns: np.ndarray, log_ns: np.ndarray) -> Recording:
    """One camera whose headers read a clock of their own."""
    values = ArraySamples(np.zeros((times_ns.size, 3)))
    cam = Stream("bag/cam", Modality.MOTION, "bag/cam", ListedTimeline(times_ns), values, stamps={"bag": log_ns})
    return Recording("bag", Path(), (cam,), (Clock("bag", Epoch.UNIX), Clock("bag/cam", Epoch.UNIX)))


def delivered(count: int = 3000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Header stamps at 20 Hz and log times some milliseconds later."""
    times_ns = START_NS + np.arange(count, dtype=np.int64) * 50_000_000
    latency_ns = 3_000_000 + np.random.default_rng(seed).exponential(2e6, count).astype(np.int64)
    return times_ns, times_ns + latency_ns


@pytest.mark.parametrize(
    ("step_s", "named"),
    [(-37.0, "TAI against UTC"), (-0.5, "was set"), (12.0, "was set")],
    ids=["tai", "half", "later"],
)
def test_a_clock_that_is_set_meanwhile_is_a_new_piece_and_named(step_s: float, named: str) -> None:
    times_ns, log_ns = delivered()
    times_ns = times_ns + np.where(np.arange(3000) >= 1400, round(max(0.0, -step_s) * S), 0)
    log_ns = log_ns + np.where(np.arange(3000) >= 1400, round(max(0.0, step_s) * S), 0)
    made = bag(times_ns, log_ns)
    (evidence,) = arrival_evidence(made)
    (gap,) = evidence.details["breaks"]
    assert gap["clock_ns"] == times_ns[[1399, 1400]].tolist()
    (finding,) = arrival_findings(made)
    assert finding.check == "clock_step" and named in finding.message
    assert finding.numbers["step_ms"] == pytest.approx(step_s * 1e3, abs=5.0)
    solved = align(made, reference="bag")["bag/cam"].time_map
    assert solved is not None
    inner = np.r_[200:1300, 1500:2800]
    assert np.abs(solved.apply(times_ns[inner]) - log_ns[inner]).max() < 0.03 * S


def test_a_queue_or_a_late_start_does_not_move_the_clock() -> None:
    times_ns, log_ns = delivered()
    log_ns[0] += 800_000_000
    log_ns[500:560] += 300_000_000
    made = bag(times_ns, np.maximum.accumulate(log_ns))
    (evidence,) = arrival_evidence(made)
    assert "breaks" not in evidence.details
    assert np.median(evidence.offsets_ns) == pytest.approx(3e6, abs=0.5e6)
    assert [finding.check for finding in arrival_findings(made)] == ["late_first_message"]


def test_a_steady_delivery_has_no_remark() -> None:
    assert arrival_findings(bag(*delivered())) == []


@pytest.mark.parametrize("count", [2, 3, 11])
def test_few_messages_are_enough_for_a_loose_relation(count: int) -> None:
    made = bag(*delivered(count))
    assert len(arrival_evidence(made)) == 1
    assert arrival_findings(made) == []
