"""Two clocks of a recording by themselves, measured again, and the map that one piece of evidence gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from weft.core import Evidence, Recording, TimeMap, UsageError
from weft.core.time_map import Z95
from weft.core.times import Int64Array
from weft.sync.relations import Question, Relations
from weft.sync.solver.ranking import GUESSES, tier_of
from weft.sync.solver.solve import solve
from weft.sync.sources import SOURCES

Tell = Callable[[str, float], None]

POINTS = 25
"""Moments at which two maps are compared; their median stands beside a jump unharmed."""

BY_WORD = frozenset({"declared", "human"})
"""Methods that are somebody's word: they cannot be measured again."""


def pair_of(recording: Recording, clocks: Iterable[str], evidence: Iterable[Evidence]) -> Recording:
    """The recording with only those clocks, the streams that the evidence was measured from, and its stored part.

    Where evidence does not name streams of the recording, all streams of the clocks stay.
    """
    names = set(clocks)
    measured = [e for e in evidence if {e.clock, e.reference} & names]
    streams = [stream for stream in recording.streams if stream.clock in names]
    wanted = {source for e in measured for source in e.sources}
    named = [stream for stream in streams if stream.name in wanted]
    stored = [e for e in recording.evidence if {e.clock, e.reference} <= names and any(e is one for one in measured)]
    return replace(
        recording,
        streams=tuple(named or streams),
        clocks=tuple(clock for clock in recording.clocks if clock.name in names),
        annotations=(),
        evidence=tuple(stored),
        findings=(),
        reference="",
    )


def ask(pair: Recording, reference: str, methods: Iterable[str], tell: Tell) -> Evidence | None:
    """What the sources find between two clocks by one of the methods, the best first; ``None`` when nothing."""
    wanted = list(methods)
    found = Relations(evidence=list(pair.evidence))
    for doing, (relate, _) in SOURCES.items():
        tell(doing, 0.0)
        found.add(relate(Question(pair, reference, tuple(found.credible), tell)))
    fitting = [e for e in found.credible if e.method in wanted and len(e)]
    return min(fitting, key=lambda e: (tier_of(e), wanted.index(e.method), -e.score), default=None)


def checkable(evidence: Iterable[Evidence]) -> list[Evidence]:
    """The evidence that measures something, one piece for each pair of clocks and method; guesses are left out."""
    kept: dict[tuple[frozenset[str], str], Evidence] = {}
    for e in evidence:
        key = (frozenset((e.clock, e.reference)), e.method)
        if len(e) and tier_of(e) < GUESSES and (key not in kept or len(e) > len(kept[key])):
            kept[key] = e
    return list(kept.values())


def map_from(pair: Recording, e: Evidence, reference: str, *, shared: bool = True) -> TimeMap:
    """The map to ``reference`` that this evidence alone gives; without the error that all its moments share if asked.

    What is sufficient and what is ambiguous does not matter here, only what the evidence says.

    Raises
    ------
    UsageError
        If it gives none.
    """
    said = e if shared else replace(e, systematic_sd_ns=0.0)
    other = e.clock if e.reference == reference else e.reference
    found = solve(pair, [replace(said, alternatives=())], reference=reference).map_of(other)
    if found is None:
        raise UsageError(f"{e.method} evidence between {e.clock!r} and {e.reference!r} gives no map by itself")
    return found


def moments_of(e: Evidence, clock: str) -> Int64Array:
    """Evenly spread readings of ``clock`` from the evidence's first moment to its last."""
    times_ns = e.times_ns if e.clock == clock else e.times_ns + e.offsets_ns
    spread: Int64Array = np.linspace(0, int(times_ns.max() - times_ns.min()), POINTS).astype(np.int64) + times_ns.min()
    return spread


def sds_ns(time_map: TimeMap, t_device_ns: Int64Array) -> NDArray[np.float64]:
    """Standard deviations of a map at device readings, ns."""
    found: NDArray[np.float64] = time_map.error95_ns(t_device_ns) / Z95
    return found
