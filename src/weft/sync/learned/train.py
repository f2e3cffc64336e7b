"""Training from recordings whose sound and pictures share a clock: they are in step, and every shift is a wrong answer.

For every window of 2.5 s the network names the lag, and the loss
is how surprised it is by the true one (van den Oord et al. 2018, arXiv:1807.03748, with shifts of the
same sound as negatives). Needs torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import MissingExtraError, UsageError
from weft.sync.assumptions import USUAL
from weft.sync.face.signals import GRID_HZ
from weft.sync.learned.features import MOUTH_MEASURES, VOICE_BANDS
from weft.sync.learned.material import REACH, Pair, batch_of
from weft.sync.learned.network import LAYERS, Network

Float32Array = NDArray[np.float32]
Progress = Callable[[str, float], None]

STEPS = 150
_BATCH = 8
_WIDTH, _ROWS = 24, 12
_MOUTH_SPAN, _VOICE_SPAN, _SECOND_SPAN = 17, 9, 9
"""Widths of the kernels in grid steps: a mouth's row sees 250 ms, a voice's 170 ms."""
_PASSING = 0.1
"""The weight of the hand-made rhythms at first."""
_DROPOUT = 0.5
_LEARNING_RATE = 3e-3
_DECAY = 0.3

_WINDOW = 250
_STRIDE = 4
"""Queries at 25 Hz: a usual camera has no more."""
_SPREAD = 2.0
"""The target's standard deviation in grid steps: 20 ms, half a frame of a usual camera."""
LEAST_S = 10.0
"""Less material than this is refused: it would be learned by heart."""


def train_network(
    pairs: Sequence[Pair], *, steps: int = STEPS, seed: int = 0, about: str = "", progress: Progress | None = None
) -> Network:
    """A network that names the lag of the pairs' mouths and voices.

    Parameters
    ----------
    pairs
        At least 10 s of faces that are in step with their sound. More people help more than more minutes.
    steps
        Training steps; 300 take about a minute on one core.
    seed
        Of everything random: the same material and seed give the same weights on one machine.
    about
        Kept in the network: what it was trained on.
    progress
        Called with what is being done and the share done.

    Raises
    ------
    UsageError
        If there is too little material.
    MissingExtraError
        If torch is not installed.

    Notes
    -----
    Lags are counted so that the material lies at the usual lead of lips over sound
    (``assumptions.USUAL["lip_lead"]``): what the network learns to call zero is the lead of the people
    and cameras that it saw, as the assumption says. Material that is itself out of step teaches its
    error; people who never stop smiling teach little.
    """
    material_s = sum(pair.duration_s for pair in pairs)
    if material_s < LEAST_S:
        raise UsageError(
            f"training needs at least {LEAST_S:g} s of talking faces, found {material_s:.1f} s in {len(pairs)} tracks"
        )
    torch = _torch()
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    towers = _towers(torch)
    optimiser = torch.optim.AdamW(towers.parameters(), lr=_LEARNING_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=steps)
    target = _target(torch)
    towers.train()
    for step in range(steps):
        scores = _window_scores(torch, towers, batch_of(pairs, rng, _BATCH))
        loss = -(torch.log_softmax(scores, -1) * target).sum(-1).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(towers.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if progress is not None:
            progress(f"training, loss {loss.item():.2f}", (step + 1) / steps)
    return Network(_layers(towers), float(towers["passing"].weight.detach()[0, 0]), about=about)


def _torch() -> Any:
    """Torch, or the word that it is missing."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError.of("torch", "torch", "training a network that aligns faces with sound") from error
    return torch


def _towers(torch: Any) -> Any:
    """Both towers, by the names of ``LAYERS``; dropout between their layers."""
    convolution = torch.nn.Conv1d
    mouth = (len(MOUTH_MEASURES), _MOUTH_SPAN)
    voice = (VOICE_BANDS, _VOICE_SPAN)
    layers = {}
    for name, (inputs, span) in (("mouth", mouth), ("voice", voice)):
        layers[f"{name}_1"] = convolution(inputs, _WIDTH, span, padding=span // 2)
        layers[f"{name}_2"] = convolution(_WIDTH, _ROWS, _SECOND_SPAN, padding=_SECOND_SPAN // 2)
    with torch.no_grad():
        layers["mouth_2"].weight.mul_(0.1)  # scores near 0 at first: every lag as likely
        layers["passing"] = torch.nn.Linear(1, 1, bias=False)
        layers["passing"].weight.fill_(_PASSING)
    return torch.nn.ModuleDict(layers)


def _window_scores(torch: Any, towers: Any, batch: tuple[Float32Array, Float32Array, Float32Array]) -> Any:
    """Scores of every window at every shift, shape (batch, windows, shifts)."""
    mouth, seen, voice = (torch.from_numpy(one) for one in batch)
    drop = torch.nn.functional.dropout
    rows = []
    for name, values in (("mouth", mouth), ("voice", voice)):
        values, passing = values[:, :-1], values[:, -1:]
        if name == "mouth":
            passing = passing * towers["passing"].weight[0, 0]
        hidden = drop(torch.relu(towers[f"{name}_1"](values)), _DROPOUT, training=towers.training)
        rows.append(torch.cat([towers[f"{name}_2"](hidden), passing], 1))
    queries = (rows[0] * seen[:, None])[:, :, ::_STRIDE]
    keys = rows[1].unfold(2, 2 * REACH + 1, 1)[:, :, ::_STRIDE]
    size = _WINDOW // _STRIDE
    count = queries.shape[2] // size
    queries = queries[:, :, : count * size].unflatten(2, (count, size))
    keys = keys[:, :, : count * size].unflatten(2, (count, size))
    return torch.einsum("bdwn,bdwnl->bwl", queries, keys)


def _target(torch: Any) -> Any:
    """The distribution over shifts that the network shall give."""
    lags_s = (np.arange(2 * REACH + 1) - REACH) / GRID_HZ
    near = np.exp(-0.5 * ((lags_s - USUAL["lip_lead"].value_ns / 1e9) * GRID_HZ / _SPREAD) ** 2)
    return torch.from_numpy((near / near.sum()).astype(np.float32))


def _layers(towers: Any) -> dict[str, tuple[Float32Array, Float32Array]]:
    """The weights as arrays."""
    return {
        name: tuple(one.detach().numpy().copy() for one in (towers[name].weight, towers[name].bias)) for name in LAYERS
    }
