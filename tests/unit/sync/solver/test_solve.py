"""One solution for all clocks, from evidence of every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from weft.core import (
    NS_PER_S,
    ArraySamples,
    Clock,
    Epoch,
    Evidence,
    ListedTimeline,
    Modality,
    Recording,
    RegularTimeline,
    Reset,
    Status,
    Stream,
    UsageError,
)
from weft.sync import align, solve
from weft.sync.reference_choice import choose_reference
from weft.sync.stamps.loose import arrival_evidence, container_start_evidence, wall_clock_evidence

EPOCH_NS = 1_700_000_000 * NS_PER_S


def table(clock: str, *, seconds: int = 600, start_ns: int = 0, **more) -> Stream:
    timeline = RegularTimeline(start_ns, 10, 10 * seconds)
    return Stream(f"{clock}/table", Modality.TABLE, clock, timeline, ArraySamples(np.zeros(10 * seconds)), **more)


def recording(*clocks: str | Clock, evidence: tuple[Evidence, ...] = ()) -> Recording:
    made = tuple(clock if isinstance(clock, Clock) else Clock(clock) for clock in clocks)
    starts = [EPOCH_NS if clock.epoch is Epoch.UNIX else 0 for clock in made]
    streams = tuple(table(clock.name, start_ns=start) for clock, start in zip(made, starts, strict=True))
    return Recording("r", Path(), streams, made, evidence=evidence)


def measured(
    clock: str,
    reference: str,
    offset_s: float,
    *,
    ppm: float = 0.0,
    sd_s: float = 1e-3,
    count: int = 50,
    method: str = "audio",
    shared_s: float = 0.0,
    start_ns: int = 0,
    seed: int = 0,
    **details,
) -> Evidence:
    random = np.random.default_rng(seed)
    t_s = np.sort(random.uniform(0, 600, count))
    offsets_s = offset_s + 1e-6 * ppm * t_s + random.normal(0, sd_s, count)
    return Evidence(
        clock,
        reference,
        (t_s * 1e9).astype(np.int64) + start_ns,
        np.round(offsets_s * 1e9).astype(np.int64),
        np.full(count, sd_s * 1e9),
        method,
        systematic_sd_ns=shared_s * 1e9,
        details=details,
    )


def test_offset_drift_and_residuals() -> None:
    evidence = measured("b", "a", 5.0, ppm=50)
    solved = solve(recording("a", "b"), [evidence], reference="a")
    row = solved["b"].to_json()
    assert row["offset_ms"] == pytest.approx(5000.0, abs=1.0)
    assert row["drift_ppm"] == pytest.approx(50.0, abs=3.0)
    assert (row["status"], row["methods"]) == ("aligned", ["audio"])
    assert len(solved["b"].residuals) == 50
    assert np.std([r.residual_ns for r in solved["b"].residuals]) == pytest.approx(1e6, rel=0.3)


def test_evidence_may_run_either_way() -> None:
    forward = solve(recording("a", "b"), [measured("b", "a", 5.0)], reference="a")["b"].to_json()
    backward = solve(recording("a", "b"), [measured("b", "a", 5.0).reversed()], reference="a")["b"].to_json()
    assert backward["offset_ms"] == pytest.approx(forward["offset_ms"], abs=0.01)


def test_a_clock_without_evidence_has_no_map() -> None:
    solved = solve(recording("a", "b"), [], reference="a", reasons={"b": "nobody said anything"})
    assert solved["b"].status is Status.NOT_ALIGNED
    assert solved["b"].note == "nobody said anything"
    assert solved.map_of("b") is None


def test_the_reference_is_itself_for_ever() -> None:
    solved = solve(recording("a"), [], reference="a")
    assert solved.map_of("a").apply(np.array([EPOCH_NS])).tolist() == [EPOCH_NS]


def test_unknown_clocks_are_refused() -> None:
    with pytest.raises(UsageError, match="does not have: z"):
        solve(recording("a", "b"), [measured("z", "a", 0.0)], reference="a")


def test_outliers_are_marked_and_do_not_pull() -> None:
    evidence = measured("b", "a", 5.0, sd_s=1e-4)
    offsets_ns = evidence.offsets_ns.copy()
    offsets_ns[::5] += 2 * NS_PER_S
    dirty = Evidence("b", "a", evidence.times_ns, offsets_ns, evidence.sds_ns, "audio")
    solved = solve(recording("a", "b"), [dirty], reference="a")
    assert solved["b"].to_json()["offset_ms"] == pytest.approx(5000.0, abs=0.3)
    assert sum(not residual.used for residual in solved["b"].residuals) == 10


def test_a_loop_is_solved_jointly() -> None:
    loop = [
        measured("b", "a", 5.0, seed=1),
        measured("c", "b", -2.0, seed=2),
        measured("c", "a", 3.0, seed=3),
    ]
    joint = solve(recording("a", "b", "c"), loop, reference="a")["c"].to_json()
    alone = solve(recording("a", "b", "c"), loop[2:], reference="a")["c"].to_json()
    assert joint["offset_ms"] == pytest.approx(3000.0, abs=1.0)
    assert joint["error95_ms"] < alone["error95_ms"]


def test_uncertainty_adds_along_a_chain() -> None:
    chain = [measured("b", "a", 5.0, shared_s=0.01), measured("c", "b", -2.0, shared_s=0.01, seed=2)]
    solved = solve(recording("a", "b", "c"), chain, reference="a")
    near, far = (solved[name].to_json()["error95_ms"] for name in "bc")
    assert near == pytest.approx(19.6, rel=0.05)
    assert far == pytest.approx(19.6 * np.sqrt(2), rel=0.05)


def test_content_overrules_what_contradicts_it_and_says_so() -> None:
    evidence = [measured("b", "a", 5.0, shared_s=1e-4), measured("b", "a", 7.0, method="declared", shared_s=1e-3)]
    solved = solve(recording("a", "b"), evidence, reference="a")
    assert solved["b"].to_json()["offset_ms"] == pytest.approx(5000.0, abs=1.0)
    assert solved["b"].methods == ("audio",)
    assert [finding.check for finding in solved.findings] == ["contradictory_evidence"]
    assert solved["b"].note.startswith("contradictory:")
    assert solved["b"].status is Status.ALIGNED


def test_stamps_far_from_content_are_a_finding_and_near_ones_are_not() -> None:
    content = measured("b", "a", 5.0, shared_s=1e-4)
    for offset_s, count in ((65.0, 1), (6.0, 0)):
        stamp = measured("b", "a", offset_s, method="container_start", shared_s=2.0, count=1)
        solved = solve(recording("a", "b"), [content, stamp], reference="a")
        assert solved["b"].methods == ("audio",)
        assert len(solved.findings) == count


@pytest.mark.parametrize(
    ("evidence", "status"),
    [
        (measured("b", "a", 5.0), Status.ALIGNED),
        (measured("b", "a", 5.0, shared_s=0.05), Status.WEAK),
        (measured("b", "a", 5.0, sufficient=False), Status.WEAK),
        (measured("b", "a", 5.0, verdict="weak", method="audio_face"), Status.WEAK),
        (measured("b", "a", 5.0, method="wall_clock"), Status.WEAK),
        (measured("b", "a", 5.0, method="container_start"), Status.WEAK),
    ],
    ids=["sure", "beyond the budget", "insufficient", "a weak verdict", "wall clocks", "creation times"],
)
def test_status(evidence: Evidence, status: Status) -> None:
    solved = solve(recording("a", "b"), [evidence], reference="a")
    assert solved["b"].status is status
    assert bool(solved["b"].note) == (status is Status.WEAK)


def test_a_wider_budget_admits_more() -> None:
    evidence = [measured("b", "a", 5.0, shared_s=0.05)]
    assert solve(recording("a", "b"), evidence, reference="a", budget_ms=120)["b"].status is Status.ALIGNED


def test_epochs_apart_keep_their_nanoseconds() -> None:
    clocks = Clock("a"), Clock("b", Epoch.UNIX)
    evidence = measured("b", "a", -1_700_000_000.0, start_ns=EPOCH_NS, sd_s=1e-6, shared_s=1e-7)
    exact = Evidence("b", "a", evidence.times_ns, np.full(50, -EPOCH_NS + 7), evidence.sds_ns, "audio")
    solved = solve(recording(*clocks), [exact], reference="a")
    assert abs(int(solved.map_of("b").apply(np.array([EPOCH_NS + 300 * NS_PER_S]))[0]) - 300 * NS_PER_S - 7) <= 1


def test_a_reset_splits_the_map() -> None:
    clock = Clock("b", resets=(Reset(300 * NS_PER_S, 250 * NS_PER_S),))
    evidence = measured("b", "a", 5.0, sd_s=1e-4)
    offsets_ns = evidence.offsets_ns + np.where(evidence.times_ns >= 300 * NS_PER_S, NS_PER_S, 0)
    solved = solve(
        recording("a", clock),
        [Evidence("b", "a", evidence.times_ns, offsets_ns, evidence.sds_ns, "lsl")],
        reference="a",
    )
    first, second = solved.map_of("b").pieces
    assert (first.device.stop_ns, second.device.start_ns) == (300 * NS_PER_S, 300 * NS_PER_S)
    assert (second.offset_at_ns(300 * NS_PER_S) - first.offset_at_ns(300 * NS_PER_S)) / 1e9 == pytest.approx(
        1.0, abs=1e-3
    )


def test_a_drift_that_bends_is_followed() -> None:
    t_s = np.linspace(0, 599, 200)
    truth_s = 5 + 50e-6 * t_s + 3e-3 * np.sin(np.pi * t_s / 600)
    noise_s = np.random.default_rng(1).normal(0, 2e-5, 200)
    offsets_ns = np.round(1e9 * (truth_s + noise_s)).astype(np.int64)
    bent = Evidence("b", "a", (t_s * 1e9).astype(np.int64), offsets_ns, np.full(200, 2e4), "audio")
    found = solve(recording("a", "b"), [bent], reference="a").map_of("b")
    error_s = found.apply((t_s * 1e9).astype(np.int64)) / 1e9 - t_s - truth_s
    assert np.abs(error_s).max() < 3e-4


def test_error_covers_the_truth_as_often_as_it_says() -> None:
    inside = []
    for seed in range(120):
        random = np.random.default_rng(seed)
        evidence = measured("b", "a", 5.0, ppm=30, count=int(random.integers(6, 40)), seed=seed)
        found = solve(recording("a", "b"), [evidence], reference="a").map_of("b")
        t_ns = np.array([0, 200, 400, 599]) * NS_PER_S
        error_ns = found.apply(t_ns) - t_ns - (5e9 + 30e-6 * t_ns)
        inside.append(np.abs(error_ns) <= found.error95_ns(t_ns))
    assert 0.92 <= np.mean(inside) <= 0.995


def test_arrival_is_the_least_latency_with_its_unknown_part() -> None:
    times_ns = EPOCH_NS + np.arange(6000, dtype=np.int64) * 10_000_000
    latency_ns = (3e6 + np.random.default_rng(0).exponential(2e6, 6000)).astype(np.int64)
    imu = Stream(
        "bag/imu",
        Modality.MOTION,
        "bag/imu",
        ListedTimeline(times_ns),
        ArraySamples(np.zeros((6000, 3))),
        stamps={"bag": times_ns + latency_ns, "bag/publish": times_ns},
    )
    made = Recording("bag", Path(), (imu,), (Clock("bag", Epoch.UNIX), Clock("bag/imu", Epoch.UNIX)))
    (evidence,) = arrival_evidence(made)
    assert np.abs(evidence.offsets_ns - 3e6).max() < 0.2e6
    assert evidence.systematic_sd_ns == 10e6
    solved = align(made)
    assert solved.reference == "bag"
    assert solved["bag/imu"].methods == ("arrival",)
    assert solved["bag/imu"].to_json()["error95_ms"] >= 19.0


def test_wall_clocks_relate_only_what_ran_at_the_same_time() -> None:
    phone, watch = (Clock(name, Epoch.UNIX) for name in ("phone", "watch"))
    assert [e.method for e in wall_clock_evidence(recording(phone, watch))] == ["wall_clock"]
    later = table("watch", start_ns=EPOCH_NS + 10**13)
    apart = Recording("r", Path(), (table("phone", start_ns=EPOCH_NS), later), (phone, watch))
    assert wall_clock_evidence(apart) == []
    assert align(recording(phone, watch))["watch"].status is Status.WEAK


def test_creation_times_relate_only_what_overlaps() -> None:
    for second, count in (("2024-05-01T10:00:20+00:00", 1), ("2024-05-01T12:00:00+00:00", 0), ("2024", 0)):
        streams = (
            table("a", details={"creation_time": "2024-05-01T10:00:00+00:00"}),
            table("b", details={"creation_time": second}),
        )
        found = container_start_evidence(Recording("r", Path(), streams, (Clock("a"), Clock("b"))))
        assert len(found) == count
    assert container_start_evidence(recording("a", "b")) == []


def test_the_reference_is_chosen_by_rank() -> None:
    sound = Stream("mic/audio", Modality.AUDIO, "mic", RegularTimeline(0, 10, 50), ArraySamples(np.zeros(50)))
    made = Recording("r", Path(), (table("a"), sound), (Clock("a"), Clock("mic")))
    assert choose_reference(made) == "mic"
    assert choose_reference(made, "a") == "a"
    assert choose_reference(recording("a", "b", evidence=(measured("a", "b", 0.0, method="lsl"),))) == "b"
    with pytest.raises(UsageError, match="no clock 'z'"):
        choose_reference(made, "z")


def test_progress_ends_at_one() -> None:
    told: list[float] = []
    align(recording("a", "b"), progress=lambda _, share: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1.0
