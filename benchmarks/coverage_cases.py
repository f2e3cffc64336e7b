"""Simulated evidence with known truth, one function per kind, for ``bench_coverage``.

Every draw takes all that varies from its random generator: drift (sd 40 ppm), length, number of moments, their
standard deviations. A clock's true offset is ``offset + drift * t`` plus what the case adds (wander, jumps); evidence
is that offset plus errors of the stated kind. Times are seconds of the device's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weft.core import ArraySamples, Clock, Evidence, Modality, Recording, RegularTimeline, Stream

Offset = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A clock's true offset, s, at readings of it, s."""

WANDER = 4e-8
"""Per √s, what ``weft.sync.solver.drift_prior`` assumes where no evidence is."""


@dataclass
class Case:
    """One draw: clocks, what was measured, and the truth."""

    length_s: float
    truth: dict[str, Offset]
    evidence: list[Evidence] = field(default_factory=list)
    score_from_s: float = 0.0
    score_to_s: float = np.inf

    def recording(self) -> Recording:
        """A recording in which every clock was read from 0 to the end."""
        names = ["a", *self.truth]
        count = int(10 * self.length_s)
        streams = tuple(
            Stream(f"{n}/x", Modality.TABLE, n, RegularTimeline(0, 10, 10 * count // 10), ArraySamples(np.zeros(count)))
            for n in names
        )
        return Recording("case", Path(), streams, tuple(Clock(name) for name in names))


def straight(random: np.random.Generator) -> Offset:
    """A clock with an offset and a drift."""
    offset_s, drift = random.uniform(-5, 5), random.normal(0, 40e-6)
    return lambda t: offset_s + drift * t


def wandering(random: np.random.Generator, length_s: float, strength: float) -> Offset:
    """A clock whose rate does a random walk of so much per √s."""
    line, step_s = straight(random), 0.5
    grid_s = np.arange(0, length_s + 2 * step_s, step_s)
    rate = np.cumsum(random.normal(0, strength * np.sqrt(step_s), grid_s.size))
    walk_s = np.cumsum(rate) * step_s
    return lambda t: line(t) + np.interp(t, grid_s, walk_s)


def measure(
    random: np.random.Generator,
    pair: tuple[str, str],
    truth: dict[str, Offset],
    t_s: NDArray[np.float64],
    *,
    errors_s: NDArray[np.float64],
    sds_s: NDArray[np.float64] | float,
    shared_s: float = 0.0,
    method: str = "audio",
    breaks: list[dict[str, list[int]]] | None = None,
) -> Evidence:
    """Evidence between two clocks at readings of the first; the reference ``a`` has offset 0."""
    clock, reference = pair
    to_a_s = t_s + truth[clock](t_s)
    there_s = to_a_s if reference == "a" else _inverse(truth[reference], to_a_s)
    offsets_s = there_s - t_s + errors_s + (random.normal(0, shared_s) if shared_s else 0.0)
    return Evidence(
        clock,
        reference,
        np.round(t_s * 1e9).astype(np.int64),
        np.round(offsets_s * 1e9).astype(np.int64),
        np.broadcast_to(np.asarray(sds_s) * 1e9, t_s.shape).copy(),
        method,
        systematic_sd_ns=shared_s * 1e9,
        details={"breaks": breaks} if breaks else {},
    )


def _inverse(offset: Offset, to_a_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Readings of a clock at times of the reference, by fixed point."""
    t_s = to_a_s.copy()
    for _ in range(6):
        t_s = to_a_s - offset(t_s)
    return t_s


def _moments(random: np.random.Generator, length_s: float, count: int) -> NDArray[np.float64]:
    """Sorted random moments."""
    return np.sort(random.uniform(0, length_s, count))


def _one(random: np.random.Generator, count: tuple[int, int] = (10, 80)) -> tuple[Case, NDArray[np.float64], float]:
    """A straight clock, moments at which it is measured, and their standard deviation."""
    length_s = float(random.uniform(120, 1800))
    case = Case(length_s, {"b": straight(random)})
    return case, _moments(random, length_s, int(random.integers(*count))), float(10 ** random.uniform(-4.5, -2))


def white(random: np.random.Generator) -> Case:
    """Independent normal errors of the stated size."""
    case, t_s, sd_s = _one(random)
    errors_s = random.normal(0, sd_s, t_s.size)
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=errors_s, sds_s=sd_s)]
    return case


def few_moments(random: np.random.Generator) -> Case:
    """Two to eight moments."""
    case, t_s, sd_s = _one(random, (2, 9))
    errors_s = random.normal(0, sd_s, t_s.size)
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=errors_s, sds_s=sd_s)]
    return case


def uneven_errors(random: np.random.Generator) -> Case:
    """Every moment its own standard deviation, over a factor of ten."""
    case, t_s, sd_s = _one(random)
    sds_s = sd_s * 10 ** random.uniform(-0.5, 0.5, t_s.size)
    errors_s = random.normal(0, sds_s)
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=errors_s, sds_s=sds_s)]
    return case


def outliers(random: np.random.Generator) -> Case:
    """A tenth to a quarter of the moments wrong by up to 1 s."""
    case, t_s, sd_s = _one(random, (20, 80))
    errors_s = random.normal(0, sd_s, t_s.size)
    wrong = random.random(t_s.size) < random.uniform(0.1, 0.25)
    errors_s[wrong] += random.uniform(-1, 1, int(wrong.sum()))
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=errors_s, sds_s=sd_s)]
    return case


def understated(random: np.random.Generator) -> Case:
    """Errors twice as large as stated."""
    case, t_s, sd_s = _one(random, (20, 80))
    errors_s = random.normal(0, 2 * sd_s, t_s.size)
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=errors_s, sds_s=sd_s)]
    return case


def coloured(random: np.random.Generator) -> Case:
    """Neighbouring errors correlated by 0.3 to 0.7."""
    case, t_s, sd_s = _one(random, (40, 160))
    r, errors_s = random.uniform(0.3, 0.7), random.normal(0, 1, t_s.size)
    for k in range(1, t_s.size):
        errors_s[k] = r * errors_s[k - 1] + np.sqrt(1 - r * r) * errors_s[k]
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=sd_s * errors_s, sds_s=sd_s)]
    return case


def shared_error(random: np.random.Generator) -> Case:
    """An error that all moments share, larger than what they do not."""
    case, t_s, sd_s = _one(random)
    errors_s = random.normal(0, sd_s, t_s.size)
    shared_s = sd_s * 10 ** random.uniform(-0.5, 1)
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=errors_s, sds_s=sd_s, shared_s=shared_s)]
    return case


def random_walk(random: np.random.Generator) -> Case:
    """A rate that wanders, from a quiet room to a warming device."""
    length_s = float(random.uniform(600, 3600))
    case = Case(length_s, {"b": wandering(random, length_s, 10 ** random.uniform(-8, -6.3))})
    t_s, sd_s = _moments(random, length_s, int(random.integers(60, 300))), float(10 ** random.uniform(-4.5, -3))
    errors_s = random.normal(0, sd_s, t_s.size)
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=errors_s, sds_s=sd_s)]
    return case


def beyond_evidence(random: np.random.Generator) -> Case:
    """Evidence in a part of the recording only; scored everywhere."""
    length_s = float(random.uniform(600, 3600))
    case = Case(length_s, {"b": wandering(random, length_s, WANDER)})
    start_s = random.uniform(0, 0.7) * length_s
    t_s = start_s + _moments(random, random.uniform(0.1, 0.3) * length_s, int(random.integers(20, 80)))
    sd_s = float(10 ** random.uniform(-4.5, -2.5))
    errors_s = random.normal(0, sd_s, t_s.size)
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=errors_s, sds_s=sd_s)]
    return case


def hole(random: np.random.Generator) -> Case:
    """Silence for half the length in the middle."""
    length_s = float(random.uniform(600, 3600))
    case = Case(length_s, {"b": wandering(random, length_s, WANDER)})
    t_s = _moments(random, length_s, int(random.integers(60, 160)))
    t_s = t_s[np.abs(t_s - length_s / 2) > length_s / 4]
    sd_s = float(10 ** random.uniform(-4.5, -2.5))
    errors_s = random.normal(0, sd_s, t_s.size)
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=errors_s, sds_s=sd_s)]
    return case


KINDS = {"audio": (-4.5, 1e-4), "lsl": (-3.5, 3e-4), "audio_face": (-2, 10e-3), "declared": (-2.5, 3e-3)}
"""Typical size of the random error (power of ten, s) and of the shared one, s."""


def _kind(random: np.random.Generator, pair: tuple[str, str], case: Case, method: str) -> Evidence:
    """Evidence of one method."""
    power, shared_s = KINDS[method]
    t_s, sd_s = _moments(random, case.length_s, int(random.integers(8, 80))), 10 ** (power + random.uniform(-0.3, 0.3))
    errors_s = random.normal(0, sd_s, t_s.size)
    return measure(random, pair, case.truth, t_s, errors_s=errors_s, sds_s=sd_s, shared_s=shared_s, method=method)


def mixture(random: np.random.Generator) -> Case:
    """Two or three methods between the same two clocks."""
    case, _, _ = _one(random)
    methods = random.permutation(list(KINDS))[: int(random.integers(2, 4))]
    case.evidence = [_kind(random, ("b", "a"), case, method) for method in methods]
    return case


def chain(random: np.random.Generator) -> Case:
    """Three clocks one after the other; scored on all."""
    length_s = float(random.uniform(120, 1800))
    case = Case(length_s, {name: straight(random) for name in "bcd"})
    for pair in (("b", "a"), ("c", "b"), ("d", "c")):
        case.evidence.append(_kind(random, pair, case, str(random.choice(list(KINDS)))))
    return case


def loop(random: np.random.Generator) -> Case:
    """Three clocks, each measured against each."""
    length_s = float(random.uniform(120, 1800))
    case = Case(length_s, {name: straight(random) for name in "bc"})
    for pair in (("b", "a"), ("c", "b"), ("c", "a")):
        case.evidence.append(_kind(random, pair, case, str(random.choice(list(KINDS)))))
    return case


def wrong_edge(random: np.random.Generator) -> Case:
    """Four clocks, each measured against each, one of the six measurements wrong by 0.1 to 10 s."""
    length_s = float(random.uniform(120, 1800))
    case = Case(length_s, {name: straight(random) for name in "bcd"})
    pairs = [("b", "a"), ("c", "a"), ("d", "a"), ("c", "b"), ("d", "b"), ("d", "c")]
    case.evidence = [_kind(random, pair, case, "audio") for pair in pairs]
    at = int(random.integers(len(pairs)))
    e = case.evidence[at]
    by_ns = round(float(random.choice([-1, 1])) * 10 ** random.uniform(-1, 1) * 1e9)
    case.evidence[at] = Evidence(
        e.clock, e.reference, e.times_ns, e.offsets_ns + by_ns, e.sds_ns, e.method, e.systematic_sd_ns
    )
    return case


def jumps(random: np.random.Generator) -> Case:
    """One to three pieces lost, found within half a second; the half second is not scored."""
    length_s = float(random.uniform(300, 1800))
    line = straight(random)
    at_s = np.sort(random.uniform(0.1, 0.9, int(random.integers(1, 4)))) * length_s
    lost_s = 10 ** random.uniform(-1.4, 0.7, at_s.size)
    case = Case(length_s, {"b": lambda t: line(t) + (lost_s * (np.asarray(t)[..., None] >= at_s)).sum(axis=-1)})
    t_s = _moments(random, length_s, int(random.integers(40, 120)))
    sd_s = float(10 ** random.uniform(-4.5, -3))
    breaks = [{"clock_ns": [round((t - 0.3) * 1e9), round((t + 0.3) * 1e9)], "reference_ns": [0, 0]} for t in at_s]
    errors_s = random.normal(0, sd_s, t_s.size)
    case.evidence = [measure(random, ("b", "a"), case.truth, t_s, errors_s=errors_s, sds_s=sd_s, breaks=breaks)]
    return case


CASES: dict[str, Callable[[np.random.Generator], Case]] = {
    make.__name__.replace("_", " "): make
    for make in (
        white,
        few_moments,
        uneven_errors,
        outliers,
        understated,
        coloured,
        shared_error,
        random_walk,
        beyond_evidence,
        hole,
        mixture,
        chain,
        loop,
        wrong_edge,
        jumps,
    )
}
