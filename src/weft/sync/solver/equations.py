"""Evidence as linear equations: which unknowns each moment mixes, and how much.

Every measured moment says ``offset_u(t) - offset_v(t + measured) + shared = measured``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from weft.core import Evidence
from weft.sync.solver.knots import ClockKnots


@dataclass(frozen=True)
class Rows:
    """One piece of evidence as equations in its own few unknowns.

    Parameters
    ----------
    columns
        The unknowns' places in the solution, int64 (k); the last is what all moments share.
    shares
        How much of each unknown a moment mixes, sparse (n, k).
    measured
        Offsets less the clocks' base offsets, ns, float64 (n).
    sds
        Stated standard deviations, ns, float64 (n).
    group
        Which pieces of its two clocks each moment belongs to, as one number, int64 (n).
    """

    columns: NDArray[np.int64]
    shares: csr_matrix
    measured: NDArray[np.float64]
    sds: NDArray[np.float64]
    group: NDArray[np.int64]

    def normal(self, strength: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Information (k, k) and target (k) when every moment counts with ``strength`` (1/ns²)."""
        weighted = self.shares.multiply(strength[:, None]).tocsr()
        information: NDArray[np.float64] = (self.shares.T @ weighted).toarray()
        return information, np.asarray(weighted.T @ self.measured)

    def residual(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Measured minus solved, what all moments share taken off, ns, float64 (n)."""
        residual: NDArray[np.float64] = self.measured - np.asarray(self.shares @ values[self.columns])
        return residual


def rows_of(e: Evidence, clocks: Mapping[str, ClockKnots], shared: int) -> Rows:
    """The equations of one piece of evidence; clocks that are absent have offset 0.

    ``shared`` is the place of what all its moments share.
    """
    count = len(e)
    columns, shares = [np.full((count, 1), shared)], [np.ones((count, 1))]
    measured, group = e.offsets_ns.copy(), np.zeros(count, dtype=np.int64)
    for name, times_ns, sign in ((e.clock, e.times_ns, 1), (e.reference, e.times_ns + e.offsets_ns, -1)):
        if name in clocks:
            knots = clocks[name]
            where, share = knots.rows(times_ns)
            columns.append(where)
            shares.append(sign * share)
            measured -= sign * knots.base_ns
            group = group * len(knots.pieces) + knots.piece_of(times_ns)
    wide = np.concatenate(columns, axis=1)
    places, local = np.unique(wide, return_inverse=True)
    ends = np.arange(count + 1) * wide.shape[1]
    matrix = csr_matrix((np.concatenate(shares, axis=1).ravel(), local.reshape(-1), ends), shape=(count, places.size))
    return Rows(places, matrix, measured.astype(np.float64), e.sds_ns, group)
