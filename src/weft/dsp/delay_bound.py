"""How well a delay can be known at all: the Cramér-Rao bound for two noisy records of one sound.

For Gaussian signals of known spectra, observed for a time ``T``, no unbiased estimate has a variance below::

    1 / ( 2 T * integral of (2 pi f)^2 * C(f) / (1 - C(f)) df )

where ``C`` is the magnitude-squared coherence of the two records (Knapp & Carter, IEEE Trans. ASSP 24, 1976;
Carter, Proc. IEEE 75, 1987). Information adds over stretches with different spectra, as speech has them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_COHERENT = 1.0 - 1e-9
"""Two records of real devices always differ by something; keeps the bound above zero."""


def coherence_from_snr(one: NDArray[Any] | float, two: NDArray[Any] | float) -> NDArray[np.float64]:
    """Coherence of two records whose signal-to-noise power ratios are known.

    Parameters
    ----------
    one, two
        Signal over noise in each record, as power ratios, of one shape.

    Returns
    -------
    ndarray
        Magnitude-squared coherence, 0..1.

    Examples
    --------
    >>> float(coherence_from_snr(1.0, 1.0))
    0.25
    """
    first, second = np.asarray(one, dtype=np.float64), np.asarray(two, dtype=np.float64)
    coherence: NDArray[np.float64] = (first / (1.0 + first)) * (second / (1.0 + second))
    return coherence


def delay_bound_s(frequencies_hz: NDArray[Any], coherence: NDArray[Any], *, duration_s: float) -> float:
    """The least standard deviation that any unbiased estimate of a delay can have, seconds.

    Parameters
    ----------
    frequencies_hz
        Evenly spaced, float (k).
    coherence
        Magnitude-squared coherence at them, 0..1, float (k), or (stretches, k) where it changes over time.
    duration_s
        Time observed; stretches share it evenly.

    Returns
    -------
    float
        Infinite where nothing is coherent.

    Notes
    -----
    A bound for the cycle that is known already: below a threshold of signal over noise an estimate jumps
    to other cycles and is far worse (Weinstein & Weiss, IEEE Trans. ASSP 32, 1984).

    Examples
    --------
    Eight seconds of 150 to 6,500 Hz, half of the power in common:

    >>> f = np.linspace(150.0, 6500.0, 1000)
    >>> round(1e6 * delay_bound_s(f, np.full(1000, 0.5), duration_s=8.0), 2)
    0.13
    """
    frequencies = np.asarray(frequencies_hz, dtype=np.float64)
    share = np.clip(np.atleast_2d(np.asarray(coherence, dtype=np.float64)), 0.0, MOST_COHERENT)
    step_hz = float(frequencies[1] - frequencies[0])
    density = (2.0 * np.pi * frequencies) ** 2 * share / (1.0 - share)
    information = 2.0 * duration_s * float(density.sum(axis=1).mean()) * step_hz
    return float(1.0 / np.sqrt(information)) if information > 0 else float("inf")
