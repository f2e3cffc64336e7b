"""One measured relation between two clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core.errors import UsageError
from weft.core.times import Int64Array, as_ns_array


@dataclass(frozen=True, eq=False)
class Evidence:
    """How far two clocks were apart, at ``n`` moments, and how sure that is.

    Sign, as everywhere: ``t_reference = t_clock + offset``. A positive offset means
    that ``clock`` is behind ``reference``.

    Parameters
    ----------
    clock, reference
        The two clocks.
    times_ns
        Readings of ``clock`` at which the relation was measured, int64 (n), increasing.
    offsets_ns
        Reading of ``reference`` minus reading of ``clock``, int64 (n).
    sds_ns
        Standard deviation of each offset's random error, float64 (n), positive.
    method
        How it was measured: ``"audio"``, ``"audio_face"``, ``"lsl"``, ``"arrival"``,
        ``"container_start"``, ``"declared"``.
    systematic_sd_ns
        Standard deviation of the error that all offsets share (a lip's lead over its
        sound, an unknown codec delay); more moments do not shrink it.
    score
        How far the match stands out of chance, as the method states; 0 where it has none.
    sources
        The streams or files that it was measured from.
    details
        Anything a reader of the report may want, JSON-ready.
    """

    clock: str
    reference: str
    times_ns: Int64Array
    offsets_ns: Int64Array
    sds_ns: NDArray[np.float64]
    method: str
    systematic_sd_ns: float = 0.0
    score: float = 0.0
    sources: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "times_ns", as_ns_array(self.times_ns, what="evidence times"))
        object.__setattr__(self, "offsets_ns", as_ns_array(self.offsets_ns, what="evidence offsets"))
        object.__setattr__(self, "sds_ns", np.asarray(self.sds_ns, dtype=np.float64))
        sizes = {self.times_ns.size, self.offsets_ns.size, self.sds_ns.size}
        if len(sizes) > 1:
            raise UsageError(f"evidence needs one offset and one sd for each time, found sizes {sorted(sizes)}")
        if not np.all(np.isfinite(self.sds_ns)) or np.any(self.sds_ns <= 0):
            raise UsageError(f"evidence of {self.method!r} for clock {self.clock!r} needs finite, positive sds")
        if self.clock == self.reference:
            raise UsageError(f"evidence relates two clocks, found {self.clock!r} twice")

    def __len__(self) -> int:
        return int(self.times_ns.size)

    def reversed(self) -> Evidence:
        """The same relation seen from the other clock."""
        return Evidence(
            clock=self.reference,
            reference=self.clock,
            times_ns=self.times_ns + self.offsets_ns,
            offsets_ns=-self.offsets_ns,
            sds_ns=self.sds_ns,
            method=self.method,
            systematic_sd_ns=self.systematic_sd_ns,
            score=self.score,
            sources=self.sources,
            details=self.details,
        )

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; times in nanoseconds."""
        return {
            "clock": self.clock,
            "reference": self.reference,
            "method": self.method,
            "times_ns": self.times_ns.tolist(),
            "offsets_ns": self.offsets_ns.tolist(),
            "sds_ns": self.sds_ns.tolist(),
            "systematic_sd_ns": self.systematic_sd_ns,
            "score": self.score,
            "sources": list(self.sources),
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Evidence:
        """The evidence that :meth:`to_dict` wrote."""
        return cls(**{**record, "sources": tuple(record["sources"])})
