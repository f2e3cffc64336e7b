"""The values of a stream, read only when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Samples(Protocol):
    """``len(samples)`` values, the sample axis first.

    Implementations open their file when first read, may be pickled, and hold no open
    file across a pickle. Reading forwards, range after range, must not start over.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, ...)``; the dimensions after the first are those of one sample, -1 where they vary."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of one value; ``object`` for text and for samples of varying shape."""
        ...

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The samples ``start <= i < stop``, shape ``(stop - start, ...)``."""
        ...


@dataclass(frozen=True, eq=False)
class ArraySamples:
    """Samples that are already in memory, shape ``(n, ...)``."""

    values: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the array."""
        return self.values.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The samples ``start <= i < stop``."""
        return self.values[start:stop]
