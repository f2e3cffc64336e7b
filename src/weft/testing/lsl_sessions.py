"""Recordings of Lab Streaming Layer with known truth: jitter, chunks, drift, warm-up, lost samples, outliers.

A device samples evenly by its own clock, sends its samples in chunks that are stamped late by a latency, and the
recorder asks every few seconds how far the two clocks are apart::

    true sample times   . . . . | . . . . | . . . .        even by the device's clock
    stamps                . . . . |  . . . .|. . . .       late by the chunk's latency
    clock offsets     o         o          o         o     recorder minus device, with errors of the network
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.testing.xdf_writer import XdfStream, xdf_bytes

Floats = NDArray[np.float64]

_DEVICE_AHEAD_S = 700_000.0


@dataclass(frozen=True)
class LslCase:
    """One kind of recording.

    Parameters
    ----------
    duration_s, rate_hz, chunk
        How long, how many samples a second by name, and how many are sent together.
    latency_s
        Mean of the exponential latency of a chunk.
    offset_noise_s, outlier_share, outlier_s
        Standard deviation of a clock offset's error, the share of offsets that are wrong, and by how much at most.
    offset_every_s
        From one clock offset to the next.
    drift_ppm, warm_up_s, warm_up_tau_s
        The device's clock is slow by this, and additionally by ``warm_up_s`` in all, falling off with this time.
    lost_s
        How long the sender lost samples in the middle.
    """

    duration_s: float = 1800.0
    rate_hz: float = 500.0
    chunk: int = 32
    latency_s: float = 2e-3
    offset_noise_s: float = 0.2e-3
    outlier_share: float = 0.05
    outlier_s: float = 50e-3
    offset_every_s: float = 5.0
    drift_ppm: float = 37.0
    warm_up_s: float = 0.0
    warm_up_tau_s: float = 400.0
    lost_s: float = 0.0


CASES: dict[str, LslCase] = {
    "wired": LslCase(),
    "wifi": LslCase(offset_noise_s=2e-3),
    "warm-up": LslCase(warm_up_s=12e-3),
    "lost samples": LslCase(lost_s=0.8),
}
"""The four that the LSL world meets: half an hour at 500 Hz each."""


@dataclass(frozen=True, eq=False)
class LslSession:
    """One recording and its truth.

    ``xdf`` is the file; ``true_s`` says when each sample was taken by the recorder's clock, float64 (n).
    """

    xdf: bytes
    true_s: Floats


def make_lsl_session(case: LslCase, seed: int) -> LslSession:
    """A recording of one stream ``eeg`` with one channel, and when its samples were truly taken.

    Examples
    --------
    >>> session = make_lsl_session(LslCase(duration_s=10.0, lost_s=0.8), 1)
    >>> session.true_s.size
    4600
    """
    rng = np.random.default_rng(seed)
    taken_s = np.arange(round(case.duration_s * case.rate_hz)) / (case.rate_hz * (1.0 + rng.normal(0.0, 2e-5)))
    if case.lost_s:
        at_s = case.duration_s * rng.uniform(0.4, 0.6)
        taken_s = taken_s[(taken_s < at_s) | (taken_s >= at_s + case.lost_s)]
    chunks = -(-taken_s.size // case.chunk)
    latency_s = np.repeat(rng.exponential(case.latency_s, chunks), case.chunk)[: taken_s.size]
    asked_s = np.arange(rng.uniform(0.1, case.offset_every_s), case.duration_s, case.offset_every_s)
    errors_s = rng.normal(0.0, case.offset_noise_s, asked_s.size)
    wrong = rng.random(asked_s.size) < case.outlier_share
    errors_s[wrong] += rng.uniform(-case.outlier_s, case.outlier_s, int(wrong.sum()))
    offsets = list(zip(asked_s + _DEVICE_AHEAD_S, recorder_minus_device_s(case, asked_s) + errors_s, strict=True))
    stream = XdfStream(
        name="eeg",
        type="EEG",
        values=np.zeros((taken_s.size, 1), dtype=np.float32),
        stamps_s=taken_s + latency_s + _DEVICE_AHEAD_S,
        rate_hz=case.rate_hz,
        offsets=offsets,
    )
    true_s = taken_s + _DEVICE_AHEAD_S + recorder_minus_device_s(case, taken_s)
    return LslSession(xdf_bytes([stream], samples_per_chunk=case.chunk), true_s)


def recorder_minus_device_s(case: LslCase, since_start_s: Floats) -> Floats:
    """How far the device's clock lies behind the recorder's, seconds, at seconds since its start."""
    warm = case.warm_up_s * (1.0 - np.exp(-since_start_s / case.warm_up_tau_s))
    difference: Floats = case.drift_ppm * 1e-6 * since_start_s + warm - _DEVICE_AHEAD_S
    return difference
