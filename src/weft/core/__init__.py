"""The nouns: small, frozen, numpy and the standard library only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weft.core.alignment import Alignment, ClockAlignment, Residual, Status
    from weft.core.annotation import Annotation, Origin
    from weft.core.capsule import Capsule, Relation, StreamSpan
    from weft.core.clock import Clock, Epoch, Reset
    from weft.core.errors import (
        DatasetError,
        MissingExtraError,
        OutsideValidityError,
        UnreadableError,
        UnsupportedError,
        UsageError,
        WeftError,
    )
    from weft.core.evidence import Alternative, Assumption, Evidence
    from weft.core.finding import Finding, Severity
    from weft.core.interval import Interval
    from weft.core.loop import Loop
    from weft.core.modality import Interpolation, Modality
    from weft.core.recording import AlignedView, Recording, SourceFile
    from weft.core.samples import ArraySamples, Samples
    from weft.core.stream import Stream
    from weft.core.time_map import Piece, TimeMap, Uncertainty
    from weft.core.timeline import ListedTimeline, PiecewiseTimeline, RegularTimeline, Timeline
    from weft.core.times import NS_PER_MS, NS_PER_S, ns_to_seconds, seconds_to_ns
    from weft.core.version import Version
    from weft.core.window import Slice, Window

__all__ = [
    "NS_PER_MS",
    "NS_PER_S",
    "AlignedView",
    "Alignment",
    "Alternative",
    "Annotation",
    "ArraySamples",
    "Assumption",
    "Capsule",
    "Clock",
    "ClockAlignment",
    "DatasetError",
    "Epoch",
    "Evidence",
    "Finding",
    "Interpolation",
    "Interval",
    "ListedTimeline",
    "Loop",
    "MissingExtraError",
    "Modality",
    "Origin",
    "OutsideValidityError",
    "Piece",
    "PiecewiseTimeline",
    "Recording",
    "RegularTimeline",
    "Relation",
    "Reset",
    "Residual",
    "Samples",
    "Severity",
    "Slice",
    "SourceFile",
    "Status",
    "Stream",
    "StreamSpan",
    "TimeMap",
    "Timeline",
    "Uncertainty",
    "UnreadableError",
    "UnsupportedError",
    "UsageError",
    "Version",
    "WeftError",
    "Window",
    "ns_to_seconds",
    "seconds_to_ns",
]

_HOMES = {
    "AlignedView": "recording",
    "Alignment": "alignment",
    "Annotation": "annotation",
    "ArraySamples": "samples",
    "Capsule": "capsule",
    "Clock": "clock",
    "ClockAlignment": "alignment",
    "DatasetError": "errors",
    "Epoch": "clock",
    "Alternative": "evidence",
    "Assumption": "evidence",
    "Evidence": "evidence",
    "Finding": "finding",
    "Interpolation": "modality",
    "Interval": "interval",
    "ListedTimeline": "timeline",
    "Loop": "loop",
    "MissingExtraError": "errors",
    "Modality": "modality",
    "NS_PER_MS": "times",
    "NS_PER_S": "times",
    "Origin": "annotation",
    "OutsideValidityError": "errors",
    "Piece": "time_map",
    "PiecewiseTimeline": "timeline",
    "Recording": "recording",
    "RegularTimeline": "timeline",
    "Relation": "capsule",
    "Reset": "clock",
    "Residual": "alignment",
    "Samples": "samples",
    "Severity": "finding",
    "Slice": "window",
    "SourceFile": "recording",
    "Status": "alignment",
    "Stream": "stream",
    "StreamSpan": "capsule",
    "TimeMap": "time_map",
    "Timeline": "timeline",
    "Uncertainty": "time_map",
    "UnreadableError": "errors",
    "UnsupportedError": "errors",
    "UsageError": "errors",
    "Version": "version",
    "WeftError": "errors",
    "Window": "window",
    "ns_to_seconds": "times",
    "seconds_to_ns": "times",
}


def __getattr__(name: str) -> Any:
    """The nouns, imported when they are first asked for: `weft --help` needs no numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
