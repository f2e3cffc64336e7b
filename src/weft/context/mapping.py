"""Annotations brought to the reference clock, and those that could not be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from weft.core import Alignment, Annotation, Interval, Status, TimeMap

_NO_CLOCK = "unknown_clock"
_NOT_ALIGNED = "not_aligned"
_WEAK = "weak"
_OUTSIDE = "outside_validity"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Annotations of one kind that have no place on the reference, and why.

    ``reason`` is ``"not_aligned"``, ``"weak"`` (and weak clocks were not wanted),
    ``"outside_validity"`` (their time is not covered by the clock's map) or
    ``"unknown_clock"``.
    """

    kind: str
    clock: str
    reason: str
    count: int

    def to_dict(self) -> dict[str, str | int]:
        """A JSON-ready dictionary."""
        return {"kind": self.kind, "clock": self.clock, "reason": self.reason, "count": self.count}


def usable_map(alignment: Alignment, clock: str, *, use_weak: bool) -> tuple[TimeMap | None, str]:
    """The map of a clock to the reference, or ``None`` with the reason."""
    for entry in alignment.clocks:
        if entry.clock.name == clock:
            if entry.status is Status.WEAK and not use_weak:
                return None, _WEAK
            return entry.time_map, "" if entry.time_map else _NOT_ALIGNED
    return None, _NO_CLOCK


def on_reference(
    annotations: Iterable[Annotation], alignment: Alignment, *, use_weak: bool = True
) -> tuple[tuple[Annotation, ...], tuple[LeftOut, ...]]:
    """Annotations on the reference clock, in :func:`order`, and a count of those left out.

    An annotation that touches its clock's validity is mapped as a whole, by extrapolation
    where it juts out; its own clock stays in ``details["clock"]`` when it is another one.
    """
    maps = {entry.clock.name: usable_map(alignment, entry.clock.name, use_weak=use_weak) for entry in alignment.clocks}
    placed: list[Annotation] = []
    left_out: Counter[tuple[str, str, str]] = Counter()
    for annotation in annotations:
        time_map, reason = maps.get(annotation.clock, (None, _NO_CLOCK))
        if time_map is not None and not _touches(annotation.interval, time_map.validity):
            time_map, reason = None, _OUTSIDE
        if time_map is None:
            left_out[annotation.kind, annotation.clock, reason] += 1
        else:
            placed.append(_placed(annotation, time_map, alignment.reference))
    return tuple(sorted(placed, key=order)), tuple(LeftOut(*key, count) for key, count in sorted(left_out.items()))


def order(annotation: Annotation) -> tuple[object, ...]:
    """A total order: by start, the longer first, then by everything else, so input order never shows."""
    return (
        annotation.interval.start_ns,
        -annotation.interval.stop_ns,
        annotation.kind,
        annotation.tier,
        annotation.stream,
        str(annotation.origin),
        annotation.method,
        repr(annotation.value),
        annotation.clock,
        -1.0 if annotation.confidence is None else annotation.confidence,
        repr(sorted(annotation.details.items())),
    )


def _touches(interval: Interval, validity: Interval) -> bool:
    """Whether an interval, or a point, has its place in or at the edge of another."""
    return interval.start_ns <= validity.stop_ns and interval.stop_ns >= validity.start_ns


def _placed(annotation: Annotation, time_map: TimeMap, reference: str) -> Annotation:
    """One annotation on the reference clock."""
    if annotation.clock == reference:
        return annotation
    edges = time_map.apply([annotation.interval.start_ns, annotation.interval.stop_ns], extrapolate=True)
    interval = Interval(int(edges[0]), int(max(edges)))
    details = {**annotation.details, "clock": annotation.clock}
    return replace(annotation, interval=interval, clock=reference, details=details)
