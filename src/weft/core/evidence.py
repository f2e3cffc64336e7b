"""One measured relation between two clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core.errors import UsageError
from weft.core.times import NS_PER_MS, Int64Array, as_ns_array


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that a measurement takes for granted, with an uncertainty of its own.

    Parameters
    ----------
    name
        A key that ``recording.toml`` may set: ``"acoustic_path"``, ``"lip_lead"``, ``"codec_delay"``.
    value_ns
        By how much offsets would be too large without it; it was subtracted from them.
    sd_ns
        Standard deviation of ``value_ns``; all moments share this error.
    says
        One sentence for the person who reads the report.
    origin
        ``"assumed"`` (a usual value of the field), ``"measured"``, ``"file"`` or ``"declared"``.
    counted
        Whether ``sd_ns`` is part of the error that is reported. Not so for what the material cannot show and
        nobody said, such as how far two microphones stood from the talker: it is named beside the error instead.
    """

    name: str
    value_ns: float
    sd_ns: float
    says: str
    origin: str = "assumed"
    counted: bool = True

    def __post_init__(self) -> None:
        if not (np.isfinite(self.value_ns) and np.isfinite(self.sd_ns) and self.sd_ns >= 0):
            raise UsageError(
                f"assumption {self.name!r} needs a finite value and a finite sd that is not negative, "
                f"found {self.value_ns!r} and {self.sd_ns!r} ns"
            )

    def to_json(self) -> dict[str, Any]:
        """The assumption as ``weft align --json`` prints it, in milliseconds."""
        return {
            "name": self.name,
            "value_ms": self.value_ns / NS_PER_MS,
            "sd_ms": self.sd_ns / NS_PER_MS,
            "origin": self.origin,
            "counted": self.counted,
            "says": self.says,
        }


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another reading of the same evidence: every offset ``shift_ns`` larger.

    ``weight`` is its likelihood as a share of the main reading's, 0..1: music that repeats every 4 s
    has alternatives at ±4 s with weights near 1.
    """

    shift_ns: int
    weight: float


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
        ``"container_start"``, ``"declared"``, ``"human"``.
    systematic_sd_ns
        Standard deviation of the error that all offsets share (a lip's lead over its
        sound, an unknown codec delay); more moments do not shrink it.
    score
        How far the match stands out of chance, as the method states; 0 where it has none.
    sources
        The streams or files that it was measured from.
    details
        Anything a reader of the report may want, JSON-ready.
    assumptions
        What was taken for granted; the uncertainty of those that count is part of ``systematic_sd_ns``. Add
        them by :meth:`assuming`.
    alternatives
        Where a match is ambiguous, its other readings. Evidence that has any never aligns a clock by
        itself; other evidence may tell which reading is right.
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
    assumptions: tuple[Assumption, ...] = ()
    alternatives: tuple[Alternative, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "times_ns", as_ns_array(self.times_ns, what="evidence times"))
        object.__setattr__(self, "offsets_ns", as_ns_array(self.offsets_ns, what="evidence offsets"))
        object.__setattr__(self, "sds_ns", np.asarray(self.sds_ns, dtype=np.float64))
        sizes = {self.times_ns.size, self.offsets_ns.size, self.sds_ns.size}
        if len(sizes) > 1:
            raise UsageError(f"evidence needs one offset and one sd for each time, found sizes {sorted(sizes)}")
        if not np.all(np.isfinite(self.sds_ns)) or np.any(self.sds_ns <= 0):
            raise UsageError(f"evidence of {self.method!r} for clock {self.clock!r} needs finite, positive sds")
        if not (np.isfinite(self.systematic_sd_ns) and self.systematic_sd_ns >= 0):
            raise UsageError(
                f"evidence of {self.method!r} for clock {self.clock!r} needs a finite systematic sd that is not "
                f"negative, found {self.systematic_sd_ns!r} ns"
            )
        if self.clock == self.reference:
            raise UsageError(f"evidence relates two clocks, found {self.clock!r} twice")

    def __len__(self) -> int:
        return int(self.times_ns.size)

    def reversed(self) -> Evidence:
        """The same relation seen from the other clock."""
        return replace(
            self,
            clock=self.reference,
            reference=self.clock,
            times_ns=self.times_ns + self.offsets_ns,
            offsets_ns=-self.offsets_ns,
            assumptions=tuple(replace(one, value_ns=-one.value_ns) for one in self.assumptions),
            alternatives=tuple(replace(one, shift_ns=-one.shift_ns) for one in self.alternatives),
        )

    @property
    def unreported_sd_ns(self) -> float:
        """Standard deviation of what is assumed beside the reported error: another method may differ by it."""
        return float(np.sqrt(sum(one.sd_ns**2 for one in self.assumptions if not one.counted)))

    def assuming(self, assumption: Assumption) -> Evidence:
        """The same evidence with an assumption's value subtracted and its uncertainty, if counted, shared by all."""
        return replace(
            self,
            offsets_ns=self.offsets_ns - round(assumption.value_ns),
            systematic_sd_ns=float(np.hypot(self.systematic_sd_ns, assumption.sd_ns if assumption.counted else 0.0)),
            assumptions=(*self.assumptions, assumption),
        )

    def shifted(self, alternative: Alternative) -> Evidence:
        """The evidence by another of its readings; the main one becomes an alternative to it."""
        others = [one for one in self.alternatives if one != alternative]
        shifted = [Alternative(one.shift_ns - alternative.shift_ns, one.weight) for one in others]
        return replace(
            self,
            offsets_ns=self.offsets_ns + alternative.shift_ns,
            alternatives=(Alternative(-alternative.shift_ns, 1.0), *shifted),
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
            "assumptions": [asdict(one) for one in self.assumptions],
            "alternatives": [asdict(one) for one in self.alternatives],
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Evidence:
        """The evidence that :meth:`to_dict` wrote."""
        made = {
            "sources": tuple(record["sources"]),
            "assumptions": tuple(Assumption(**one) for one in record.get("assumptions", ())),
            "alternatives": tuple(Alternative(**one) for one in record.get("alternatives", ())),
        }
        return cls(**{**record, **made})
