"""JSON that is the same bytes for the same content, on any machine."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def canonical_json(value: Any) -> str:
    """``value`` as JSON with sorted keys and no spaces.

    numpy numbers and arrays become numbers and lists, tuples and sets become lists (sets
    sorted). JSON has no form for a number that is not finite, so NaN and the infinities
    are stored as ``null``: in weft both say that there is no value.

    Raises
    ------
    TypeError
        If something in it has no JSON form (an open file, a function).

    Examples
    --------
    >>> canonical_json({"b": (1, 2), "a": float("nan")})
    '{"a":null,"b":[1,2]}'
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def pretty_json(value: Any) -> str:
    """The same content, indented for people, with a final newline."""
    return json.dumps(_plain(value), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def content_sha256(value: Any) -> str:
    """The sha256 of :func:`canonical_json`, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    """``value`` in the types that JSON knows."""
    if value is None or isinstance(value, (bool, int, str)):
        return str(value) if type(value) not in (bool, int, str) and isinstance(value, str) else value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=canonical_json)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "__fspath__"):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form: {value!r}")
