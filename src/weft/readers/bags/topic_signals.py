"""What a topic's messages are turned into: columns that are kept, or samples that are read again when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from weft.core import Interpolation, Modality


@dataclass(frozen=True)
class Columns:
    """Small numbers: taken from every message during the one pass over the file and kept.

    ``suffix`` is added to the topic's name, empty for the main signal.
    """

    suffix: str
    modality: Modality
    channels: tuple[str, ...]
    take: Callable[[Any], Sequence[float]]
    units: tuple[str, ...] = ()
    interpolation: Interpolation = Interpolation.BY_MODALITY
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lazy:
    """Large or textual samples: made from the message again whenever they are read.

    ``take`` must survive pickling. ``measure``, where there is one, is called for every
    message during the pass and gives the shape of its sample without making it; where
    the shapes differ, samples are objects. ``shape`` is that of one sample, with -1 where
    it varies; ``None`` for text.
    """

    suffix: str
    modality: Modality
    take: Callable[[Any], Any]
    shape: tuple[int, ...] = ()
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(object))
    channels: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    interpolation: Interpolation = Interpolation.NEAREST
    measure: Callable[[Any], tuple[int, ...]] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


Signal = Columns | Lazy
