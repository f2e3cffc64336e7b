"""weft puts what many devices recorded on one clock, and says how sure it is.

>>> import weft
>>> recording = weft.open_recording("session-7")          # doctest: +SKIP
>>> alignment = weft.align(recording)                     # doctest: +SKIP
>>> window = recording.aligned(alignment).window(0, 2 * weft.NS_PER_S, {"mic/audio": 16_000})  # doctest: +SKIP
>>> result = weft.build(["session-7"], "dataset")         # doctest: +SKIP
>>> dataset = weft.open_dataset("dataset")                # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weft.core import (
        NS_PER_S,
        Alignment,
        Annotation,
        Capsule,
        Evidence,
        Finding,
        Interval,
        Recording,
        Stream,
        TimeMap,
        WeftError,
        Window,
        ns_to_seconds,
        seconds_to_ns,
    )
    from weft.dataset import Dataset
    from weft.recipe import Recipe
    from weft.workflow import align, build, open_dataset, open_recording

__all__ = [
    "NS_PER_S",
    "Alignment",
    "Annotation",
    "Capsule",
    "Dataset",
    "Evidence",
    "Finding",
    "Interval",
    "Recipe",
    "Recording",
    "Stream",
    "TimeMap",
    "WeftError",
    "Window",
    "align",
    "build",
    "ns_to_seconds",
    "open_dataset",
    "open_recording",
    "seconds_to_ns",
]

_HOMES = {
    "align": "weft.workflow",
    "build": "weft.workflow",
    "open_dataset": "weft.workflow",
    "open_recording": "weft.workflow",
    "Dataset": "weft.dataset",
    "Recipe": "weft.recipe",
}


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first asked for, so that ``import weft`` is light."""
    if name not in __all__:
        raise AttributeError(f"module 'weft' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "weft.core")), name)


def __dir__() -> list[str]:
    """What ``dir(weft)`` lists."""
    return sorted(__all__)
