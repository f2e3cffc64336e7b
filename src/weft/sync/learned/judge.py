"""What a trained network is worth on material that it has not seen, and what its heights say there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from weft.sync.assumptions import USUAL
from weft.sync.face.signals import GRID_HZ
from weft.sync.learned.material import LENGTH, REACH, Pair, batch_of
from weft.sync.learned.network import Network, levelled

Float64Array = NDArray[np.float64]

_WINDOW = 5 * GRID_HZ
"""As long as the blocks of ``face.match``."""
_NEAR_S = 0.04
_ROWS = 40
_WRONG_EACH = 3


def share_found(network: Network, pairs: Sequence[Pair], *, seed: int = 0) -> float:
    """The share of rows of 10 s in which the network names the lag within 40 ms, noise of all strengths among them."""
    truth = REACH + USUAL["lip_lead"].value_ns * GRID_HZ / 1e9
    found = [int(scores.sum(axis=0).argmax()) for scores in _rows_of_scores(network, pairs, seed)]
    return float(np.mean(np.abs(np.array(found) - truth) <= _NEAR_S * GRID_HZ))


def with_head(network: Network, pairs: Sequence[Pair], *, seed: int = 0) -> Network:
    """The network with its last unit fitted to what windows of 5 s score at their own lag and at wrong ones.

    Parameters
    ----------
    network
        Trained.
    pairs
        Best of people whom the network was not trained on; of others its heights are too good.
    seed
        Of the random rows.
    """
    rng = np.random.default_rng(seed)
    truth = REACH + round(USUAL["lip_lead"].value_ns * GRID_HZ / 1e9)
    right, wrong = [], []
    for scores in _rows_of_scores(network, pairs, seed):
        spread = np.maximum(scores.std(axis=1, keepdims=True), 1e-9)
        heights = (scores - scores.mean(axis=1, keepdims=True)) / spread
        right += heights[:, truth].tolist()
        wrong += [one for row in heights for one in rng.choice(row, _WRONG_EACH)]
    return replace(network, head=_logistic(np.array(right), np.array(wrong)))


def _rows_of_scores(network: Network, pairs: Sequence[Pair], seed: int) -> Iterator[Float64Array]:
    """For random rows of material: the scores of every window of 5 s at every shift, (windows, shifts)."""
    rng = np.random.default_rng(seed)
    for _ in range(_ROWS):
        mouth, seen, voice = (one[0] for one in batch_of(pairs, rng, 1))
        queries = levelled(network.queries(mouth.T), seen > 0)
        keys = levelled(network.keys(voice.T), np.ones(voice.shape[1], dtype=bool))
        starts = range(0, LENGTH, _WINDOW)
        yield np.array([_shifted(queries[start : start + _WINDOW], keys[start:]) for start in starts])


def _shifted(queries: Float64Array, keys: Float64Array) -> Float64Array:
    """The sum of products of a window at every shift."""
    return np.array([float((queries * keys[shift : shift + len(queries)]).sum()) for shift in range(2 * REACH + 1)])


def _logistic(right: Float64Array, wrong: Float64Array) -> tuple[float, float]:
    """Slope and bias that tell the two kinds of heights apart, both kinds counted alike (Newton's method)."""
    x = np.stack([np.concatenate([right, wrong]), np.ones(len(right) + len(wrong))], axis=1)
    y = np.concatenate([np.ones(len(right)), np.zeros(len(wrong))])
    weight = np.where(y > 0, 1 / len(right), 1 / len(wrong))
    w = np.zeros(2)
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        curve = (x * (weight * p * (1 - p))[:, np.newaxis]).T @ x + 1e-3 * np.eye(2)
        w += np.linalg.solve(curve, x.T @ (weight * (y - p)) - 1e-3 * w)
    return float(w[0]), float(w[1])
