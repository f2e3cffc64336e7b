"""The instants of sound that came in blocks, of which only each block has a stamp.

    stamps      t0            t1            t2 (late)       lost          t3
    samples     | | | | | | | | | | | | | | | | | | | | |                 | | |
                block 0       block 1       block 2                       block 3

Within a block samples are spread evenly up to the next block's stamp, so that the sender's
real rate is kept; where the next stamp is more than half a block late, samples run at the
declared rate and a gap remains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, UsageError
from weft.core.times import Int64Array, as_ns_array

_LATE = 1.5
"""In lengths of a block."""


@dataclass(frozen=True, eq=False)
class ChunkedTimeline:
    """Instants of samples in stamped blocks.

    Parameters
    ----------
    stamps_ns
        When each block's first sample was taken, int64 (m), never decreasing.
    counts
        Samples of each block, int64 (m), positive.
    rate_hz
        The declared rate.
    """

    stamps_ns: Int64Array
    counts: Int64Array
    rate_hz: float

    def __post_init__(self) -> None:
        stamps_ns, counts = as_ns_array(self.stamps_ns), as_ns_array(self.counts)
        if stamps_ns.size != counts.size or np.any(counts <= 0) or np.any(np.diff(stamps_ns) < 0) or self.rate_hz <= 0:
            raise UsageError("blocks need increasing stamps, positive counts of the same number, and a rate")
        lengths_ns = np.rint(counts * (NS_PER_S / self.rate_hz)).astype(np.int64)
        ends_ns = stamps_ns + lengths_ns
        steps_ns = np.diff(stamps_ns)
        near = steps_ns <= _LATE * lengths_ns[:-1]
        ends_ns[:-1][near] = stamps_ns[1:][near]
        object.__setattr__(self, "stamps_ns", stamps_ns)
        object.__setattr__(self, "counts", counts)
        object.__setattr__(self, "_ends_ns", ends_ns)
        object.__setattr__(self, "_starts", np.concatenate([[0], np.cumsum(counts)]))

    def __len__(self) -> int:
        return int(self._field("_starts")[-1])

    def _field(self, name: str) -> NDArray[np.int64]:
        """A table that was made at birth."""
        table: NDArray[np.int64] = self.__dict__[name]
        return table

    def slice_ns(self, start: int, stop: int) -> Int64Array:
        """The instants of samples ``start <= i < stop``."""
        start, stop, _ = slice(start, stop).indices(len(self))
        index = np.arange(start, max(start, stop), dtype=np.int64)
        starts = self._field("_starts")
        block = np.searchsorted(starts, index, side="right") - 1
        width_ns = self._field("_ends_ns")[block] - self.stamps_ns[block]
        inside_ns: Int64Array = ((index - starts[block]) * width_ns // self.counts[block]).astype(np.int64)
        return self.stamps_ns[block] + inside_ns

    def index_ns(self, t_ns: int) -> int:
        """The first sample at or after ``t_ns``."""
        block = int(np.searchsorted(self.stamps_ns, t_ns, side="left")) - 1
        if block < 0:
            return 0
        start, stop = (int(edge) for edge in self._field("_starts")[block : block + 2])
        return start + int(np.searchsorted(self.slice_ns(start, stop), t_ns, side="left"))

    @property
    def first_ns(self) -> int:
        """The first instant."""
        return int(self.stamps_ns[0])

    @property
    def last_ns(self) -> int:
        """The last instant."""
        return int(self.slice_ns(len(self) - 1, len(self))[0])
