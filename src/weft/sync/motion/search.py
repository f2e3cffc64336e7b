"""Where two devices' motions lie on each other: every lag tried, and what wrong lags reach by chance."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.dsp.masked_correlation import refine_peak
from weft.dsp.shared_variance import shared_information
from weft.sync.motion.device import GRID_HZ, HIGHEST_HZ, LOWEST_HZ, Device
from weft.sync.motion.signals import ONE_SIGNED

Float64Array = NDArray[np.float64]

LEAST_OVERLAP_S = 6.0
_LEAST_IN_SEGMENT_S = 3.0
_SEGMENT_S = 120.0
"""Within two minutes 100 ppm make 6 ms to each side: less than the fastest movement's quarter period."""
_LARGEST_DRIFT = 300e-6
_DRIFT_STEP_S = 0.03
_APART_S = 0.15
_OWN_PEAK_S = 1.0
_LEAST_NULL = 20.0
"""Independent wrong lags below which chance cannot be judged."""
_MOST_RIVALS = 6
_LEAST_TAIL = 1.0
"""In nats: a likelihood thins out e-fold in one by its nature; wrong lags of few samples may look thinner."""


@dataclass(frozen=True, slots=True)
class Peak:
    """One reading of the match: ``t_x = t_y + lag + drift * (t_y - middle)``, seconds from both devices' origins.

    ``height`` is in nats above chance, ``likeness`` the share of variance that both have in common.
    """

    lag_s: float
    drift: float
    height: float
    likeness: float


@dataclass(frozen=True)
class SearchResult:
    """The best lag, its rivals, and how it stands against chance.

    ``chance`` is the probability that the best of so many wrong lags reaches the peak; ``tail`` the height,
    in nats, by which wrong lags thin out e-fold; ``by_kind`` each kind's own height at the peak.
    """

    best: Peak
    rivals: tuple[Peak, ...]
    middle_s: float
    chance: float
    tail: float
    overlap_s: float
    by_kind: dict[str, float]

    def weight(self, rival: Peak) -> float:
        """The rival's likelihood as a share of the best one's."""
        return float(np.exp(-(self.best.height - rival.height) / self.tail))

    @property
    def runner_up(self) -> float:
        """The highest rival's height as a share of the best one's, 0..1."""
        return max((rival.height / self.best.height for rival in self.rivals), default=0.0)

    @property
    def repetition(self) -> float:
        """The most alike rival's likeness as a share of the best one's: near 1 for a swing, whatever the noise."""
        return max((rival.likeness / max(self.best.likeness, 1e-9) for rival in self.rivals), default=0.0)


@dataclass(frozen=True, eq=False)
class _Heights:
    """Nats above what chance gives, per segment of ``y`` and lag; samples in common, and how many independent numbers
    they hold; independent samples a second."""

    segments: Float64Array
    counts: Float64Array
    numbers: Float64Array
    centres_s: Float64Array
    kinds: dict[str, Float64Array]
    independent_hz: float


def search(x: Device, y: Device) -> SearchResult | None:
    """Every lag of ``y`` against ``x``, by all kinds that both have, each weighed by what it reaches at wrong lags.

    Returns
    -------
    SearchResult or None
        ``None`` where they have no kind in common, too little overlap, or no lag above chance.
    """
    made = _heights(x, y)
    if made is None:
        return None
    enough = made.counts >= LEAST_OVERLAP_S * GRID_HZ
    if not enough.any():
        return None
    middle_s = float(made.centres_s.mean())
    drifts = _drifts(made.centres_s)
    by_drift = np.stack([_along(made, drift, middle_s) for drift in drifts])
    best = np.where(enough, by_drift.max(axis=0), 0.0)
    at = int(best.argmax())
    if best[at] <= 0:
        return None
    zero = _zero_lag(y)
    drift = float(drifts[by_drift[:, at].argmax()])
    likeness = -np.expm1(-2.0 * best / np.maximum(made.numbers, 1.0))
    peaks = [
        Peak((refine_peak(best, i) - zero) / GRID_HZ, drift, float(best[i]), float(likeness[i]))
        for i in [at, *_rivals(best, at)]
    ]
    chance, tail = _chance(best, enough, at, made.independent_hz)
    return SearchResult(
        best=peaks[0],
        rivals=tuple(peaks[1:]),
        middle_s=middle_s,
        chance=chance,
        tail=tail,
        overlap_s=float(made.counts[at]) / GRID_HZ,
        by_kind={kind: float(heights[at]) for kind, heights in made.kinds.items()},
    )


def _zero_lag(y: Device) -> int:
    """Where on the axis of lags both origins meet."""
    return int(y.duration_s * GRID_HZ) - 1


def _heights(x: Device, y: Device) -> _Heights | None:
    """All kinds' heights, added."""
    kinds = [kind for kind in x.signals if kind in y.signals]
    n, m = int(x.duration_s * GRID_HZ), int(y.duration_s * GRID_HZ)
    if not kinds or min(n, m) < LEAST_OVERLAP_S * GRID_HZ:
        return None
    edges = np.linspace(0, m, max(1, round(m / (_SEGMENT_S * GRID_HZ))) + 1).astype(int)
    total = np.zeros((len(edges) - 1, n + m - 1))
    counts, numbers, alone, fastest = np.zeros(n + m - 1), np.zeros(n + m - 1), {}, 0.0
    for kind in kinds:
        highest_hz = min(x.highest_hz(kind), y.highest_hz(kind), HIGHEST_HZ)
        if highest_hz < 4 * LOWEST_HZ:
            continue
        raw, expected, common = _one_kind(x.on_grid(kind, highest_hz), y.on_grid(kind, highest_hz), edges, kind)
        share = _independent_share(raw.sum(axis=0), expected.sum(axis=0), highest_hz)
        total += share * raw - expected
        alone[kind] = (share * raw - expected).sum(axis=0)
        counts, fastest = np.maximum(counts, common), max(fastest, highest_hz)
        numbers += share * common * y.signals[kind].moved.width
    centres_s = 0.5 * (edges[:-1] + edges[1:]) / GRID_HZ
    return _Heights(total, counts, numbers, centres_s, alone, 2.0 * fastest) if alone else None


def _one_kind(
    x: tuple[Float64Array, NDArray[np.bool_]],
    y: tuple[Float64Array, NDArray[np.bool_]],
    edges: NDArray[np.int64],
    kind: str,
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Nats if samples were independent, what chance gives, both (segments, lags), and samples in common (lags)."""
    n, m = len(x[0]), len(y[0])
    raw, expected = np.zeros((len(edges) - 1, n + m - 1)), np.zeros((len(edges) - 1, n + m - 1))
    counts = np.zeros(n + m - 1)
    for row, (start, stop) in enumerate(pairwise(edges.tolist())):
        part = y[0][start:stop], y[1][start:stop]
        nats, common = shared_information(x[0], part[0], (x[1], part[1]), positive=kind in ONE_SIGNED)
        enough = common >= _LEAST_IN_SEGMENT_S * GRID_HZ
        where = slice(m - stop, m - stop + len(nats))
        raw[row, where] = np.where(enough, nats * common, 0.0)
        expected[row, where] = np.where(enough, 0.5 * x[0].shape[1] * part[0].shape[1], 0.0)
        counts[where] += np.where(enough, common, 0.0)
    return raw, expected, counts


def _independent_share(raw: Float64Array, expected: Float64Array, highest_hz: float) -> float:
    """Independent samples per sample: so many that wrong lags reach on average what chance gives, and no more
    than the bandwidth allows."""
    most = 2.0 * (highest_hz - LOWEST_HZ) / GRID_HZ
    at = int(raw.argmax())
    wrong = (expected > 0) & (np.abs(np.arange(len(raw)) - at) > _OWN_PEAK_S * GRID_HZ)
    if not wrong.any() or raw[wrong].mean() <= 0:
        return most
    return min(most, float(expected[wrong].mean() / raw[wrong].mean()))


def _drifts(centres_s: Float64Array) -> Float64Array:
    """The drifts to try; none where one segment says it all."""
    half_s = float(np.ptp(centres_s)) / 2.0
    count = int(_LARGEST_DRIFT * half_s / _DRIFT_STEP_S)
    return np.arange(-count, count + 1).astype(np.float64) * (_DRIFT_STEP_S / max(half_s, 1e-9) if count else 0.0)


def _along(made: _Heights, drift: float, middle_s: float) -> Float64Array:
    """The segments' heights added along one drift."""
    total = np.zeros(made.segments.shape[1])
    for row, centre_s in zip(made.segments, made.centres_s, strict=True):
        total += np.roll(row, -round(drift * (centre_s - middle_s) * GRID_HZ))
    return total


def _chance(best: Float64Array, enough: NDArray[np.bool_], at: int, independent_hz: float) -> tuple[float, float]:
    """The chance that a wrong lag reaches the peak, and the wrong lags' tail.

    The highest fifth of wrong lags thins out exponentially; carried on, it tells of the peak.
    """
    wrong = best[enough & (np.abs(np.arange(len(best)) - at) > _OWN_PEAK_S * GRID_HZ)]
    independent = len(wrong) / GRID_HZ * independent_hz
    if independent < _LEAST_NULL:
        return 1.0, float("inf")
    from_here = float(np.percentile(wrong, 80))
    tail = max(_LEAST_TAIL, float(wrong[wrong > from_here].mean() - from_here)) if np.ptp(wrong) > 0 else _LEAST_TAIL
    expected = 0.2 * independent * np.exp(-(best[at] - from_here) / tail)
    return float(-np.expm1(-expected)), tail


def _rivals(best: Float64Array, at: int) -> list[int]:
    """The highest other maxima, apart from each other."""
    inner = np.zeros(len(best), dtype=bool)
    inner[1:-1] = (best[1:-1] >= best[:-2]) & (best[1:-1] > best[2:]) & (best[1:-1] > 0)
    found: list[int] = [at]
    for i in np.flatnonzero(inner)[np.argsort(-best[inner])][:200]:
        if min(abs(int(i) - other) for other in found) > _APART_S * GRID_HZ:
            found.append(int(i))
        if len(found) > _MOST_RIVALS:
            break
    return found[1:]
