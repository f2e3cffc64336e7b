"""Sound of any type and any number of channels as one channel of floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_mono(values: NDArray[Any]) -> NDArray[np.float32]:
    """Sound of any type and any number of channels as mono float32, full scale 1.

    Examples
    --------
    >>> as_mono(np.array([[16384, 0]], dtype=np.int16)).tolist()
    [0.25]
    """
    scale = float(-np.iinfo(values.dtype).min) if values.dtype.kind == "i" else 1.0
    offset = 0.0
    if values.dtype.kind == "u":
        scale = offset = float((np.iinfo(values.dtype).max + 1) // 2)
    flat = values.reshape(len(values), -1).astype(np.float32)
    mono = flat.mean(axis=1) if flat.shape[1] > 1 else flat[:, 0]
    return np.ascontiguousarray((mono - np.float32(offset)) / np.float32(scale), dtype=np.float32)
