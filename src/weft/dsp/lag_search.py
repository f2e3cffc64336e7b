"""Where pieces of one feature series may lie in another: correlation in blocks and its highest peaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

_ABOVE_CHANCE = 1.4826
"""Median absolute deviation to standard deviation of a normal distribution."""

_HALF_FULL = 0.5
"""A segment needs half of its frames inside the other series before its score counts."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place where a segment may lie.

    ``lag`` is in frames (index in the long series minus index in the short one),
    interpolated between frames; ``score`` is in standard deviations of the segment's
    scores at all lags.
    """

    segment: int
    lag: float
    score: float


@dataclass(frozen=True, slots=True)
class Segments:
    """How a series is cut: ``length`` frames, every ``hop`` frames, ``count`` times."""

    length: int
    hop: int
    count: int

    @classmethod
    def of(cls, frames: int, *, length: int, hop: int) -> Segments:
        """As many segments as fit, at least one."""
        length = min(length, frames)
        return cls(length, hop, max(1, (frames - length) // hop + 1))

    def centre(self, segment: float) -> float:
        """The middle of a segment, in frames."""
        return segment * self.hop + self.length / 2.0


def lag_scores(long: NDArray[Any], short: NDArray[Any], segments: Segments) -> Iterator[NDArray[np.float32]]:
    """For each segment of ``short``, how well it fits into ``long`` at every lag.

    Parameters
    ----------
    long, short
        Features, shape (frames, bands), zero mean.
    segments
        How ``short`` is cut.

    Yields
    ------
    ndarray
        float32 (len(long) + len(short)): standard deviations above chance at the lags
        ``-len(short) .. len(long) - 1``; 0 where too little overlaps.

    Notes
    -----
    Overlap-save convolution: memory is that of a few blocks, whatever the lengths.
    Scores are normalised by the energy of the part of ``long`` under the segment, then
    by the median and the median absolute deviation over all lags of the segment: most
    lags are wrong, so that is what chance looks like in this very material.
    """
    n_long, n_short, length = len(long), len(short), segments.length
    size = scipy.fft.next_fast_len(max(4 * length, 4096), real=True)
    step = size - length + 1
    weights, counted = _fairness(long, length)
    for first in range(0, segments.count, _GROUP):
        group = range(first, min(first + _GROUP, segments.count))
        cuts = np.stack([_cut(short, i * segments.hop, length) for i in group])
        spectra = np.conj(scipy.fft.rfft(cuts, size, axis=1))
        places = np.zeros((len(group), n_long + length), dtype=np.float32)
        for at in range(0, n_long + length, step):
            block = scipy.fft.rfft(_cut(long, at - length, size), size, axis=0)
            fits = scipy.fft.irfft(np.einsum("sfb,fb->sf", spectra, block), size, axis=1)[:, :step]
            stop = min(at + step, n_long + length)
            places[:, at:stop] = fits[:, : stop - at]
        for row, segment in zip(places, group, strict=True):
            yield _on_lag_axis(_above_chance(row * weights, counted), segment * segments.hop, n_long, n_short, length)


def _fairness(long: NDArray[Any], length: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """For each place from ``-length`` on: one over the energy under a segment, and whether enough lies inside."""
    frames = np.int32(len(long))
    power = np.einsum("fb,fb->f", long, long, dtype=np.float32)
    energy = np.concatenate([[0.0], np.cumsum(power, dtype=np.float64)])
    low = np.clip(np.arange(-length, frames, dtype=np.int32), 0, frames)
    high = np.clip(np.arange(frames + length, dtype=np.int32), 0, frames)
    counted: NDArray[np.bool_] = np.greater_equal(high - low, min(_HALF_FULL * length, float(frames)))
    under = (energy[high] - energy[low]).astype(np.float32)
    under += np.float32(0.1 * energy[-1] / max(1, int(frames)) * length + 1e-9)
    weights: NDArray[np.float32] = np.where(counted, 1.0 / np.sqrt(under), np.float32(0.0))
    return weights, counted


_GROUP = 3
"""Segments that share the transforms of the long series; more costs memory."""


def _cut(series: NDArray[Any], start: int, length: int) -> NDArray[np.float32]:
    """``length`` frames from ``start`` on, zeros beyond the ends."""
    cut = np.zeros((length, series.shape[1]), dtype=np.float32)
    low, high = max(0, start), min(len(series), start + length)
    if high > low:
        cut[low - start : high - start] = series[low:high]
    return cut


def _above_chance(scores: NDArray[np.float32], counted: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Scores in standard deviations of their own bulk."""
    bulk = scores[counted]
    middle = np.median(bulk, overwrite_input=True)
    np.abs(np.subtract(bulk, middle, out=bulk), out=bulk)
    spread = np.float32(_ABOVE_CHANCE) * np.median(bulk, overwrite_input=True)
    if not spread > 0:
        return np.zeros_like(scores)
    scores -= middle
    scores /= spread
    scores[~counted] = 0.0
    return scores


def _on_lag_axis(
    places: NDArray[np.float32], start: int, n_long: int, n_short: int, length: int
) -> NDArray[np.float32]:
    """Scores by place in the long series, moved to the lag axis that all segments share."""
    axis = np.zeros(n_long + n_short + length, dtype=np.float32)
    low = n_short - start - length
    source = max(0, -low)
    axis[low + source : low + len(places)] = places[source:]
    return axis[: n_long + n_short]


def highest_peaks(scores: NDArray[np.float32], count: int, *, apart: int) -> list[tuple[int, float]]:
    """The ``count`` highest values that lie at least ``apart`` frames from each other: (index, value)."""
    left = scores.copy()
    peaks = []
    for _ in range(count):
        at = int(np.argmax(left))
        if left[at] <= 0:
            break
        peaks.append((at, float(scores[at])))
        left[max(0, at - apart) : at + apart + 1] = -np.inf
    return peaks


def between_frames(scores: NDArray[np.float32], at: int) -> float:
    """Where the peak at ``at`` really is, by the parabola through it and its neighbours."""
    if not 0 < at < len(scores) - 1:
        return float(at)
    left, middle, right = (float(value) for value in scores[at - 1 : at + 2])
    bend = left - 2.0 * middle + right
    return at + (0.5 * (left - right) / bend if bend < 0 else 0.0)


def search_lags(
    long: NDArray[Any], short: NDArray[Any], segments: Segments, *, keep: int = 6, pool: int = 12
) -> list[Candidate]:
    """The most likely lags of every segment.

    Each segment brings its own ``keep`` best lags and, at its own score, the ``keep``
    best lags of the ``pool`` consecutive segments it belongs to: what one segment
    cannot tell, many together can.

    Returns
    -------
    list of Candidate
        By segment. Empty when either series never rises.
    """
    candidates: list[Candidate] = []
    waiting: list[NDArray[np.float32]] = []
    for index, scores in enumerate(lag_scores(long, short, segments)):
        waiting.append(scores)
        if len(waiting) == pool or index == segments.count - 1:
            candidates += _pooled(waiting, index + 1 - len(waiting), len(short), keep)
            waiting = []
    return candidates


def _pooled(group: list[NDArray[np.float32]], first: int, n_short: int, keep: int) -> list[Candidate]:
    """Candidates of consecutive segments, from each alone and from all together."""
    shared: list[int] = []
    if len(group) > 1:
        together = group[0].copy()
        for scores in group[1:]:
            together += scores
        shared = [at for at, _ in highest_peaks(together, keep, apart=5)]
    found = []
    for index, scores in enumerate(group):
        places = {at for at, _ in highest_peaks(scores, keep, apart=5)}
        for at in shared:
            low = max(0, at - 2)
            places.add(low + int(np.argmax(scores[low : at + 3])))
        found += [
            Candidate(first + index, between_frames(scores, at) - n_short, float(scores[at]))
            for at in sorted(places)
            if scores[at] > 0
        ]
    return found
