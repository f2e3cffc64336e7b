"""Messages of any type taken apart into numbers, texts and sequences.

A message whose type weft has no function for is still worth its numbers: every numeric
leaf becomes a column (``twist.linear.x``, arrays of fixed length element by element),
every sequence of varying length a stream of its own, and text is kept where there is
nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.readers.bags.ros_types import RosDecoder

MAX_FIXED = 512
"""Longer arrays are read lazily instead of becoming columns."""

MAX_COLUMNS = 4096
_MAX_DEPTH = 12
_LONGEST_LIST = 64
_TEXT = {"string", "wstring"}


@dataclass
class Fields:
    """The leaves of a type: paths of attributes, and for fixed arrays their length (0 for a single number)."""

    numbers: list[tuple[tuple[str, ...], int]] = field(default_factory=list)
    texts: list[tuple[str, ...]] = field(default_factory=list)
    sequences: list[tuple[str, ...]] = field(default_factory=list)
    records: list[tuple[tuple[str, ...], str]] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """The column of each number."""
        return tuple(
            name
            for path, length in self.numbers
            for name in ([".".join(path)] if not length else [f"{'.'.join(path)}[{i}]" for i in range(length)])
        )


def fields_of(decoder: RosDecoder, message_type: str = "") -> Fields:
    """The leaves of the message's type, its own stamp left out; with ``message_type`` those of an inner one, whole."""
    found = Fields()
    _descend(decoder, message_type, (), found, 1 if message_type else 0)
    return found


def _descend(decoder: RosDecoder, message_type: str, path: tuple[str, ...], found: Fields, depth: int) -> None:
    """Add the leaves below one field."""
    from rosbags.interfaces import Nodetype
    from rosbags.typesys.base import normalize_fieldname

    if depth > _MAX_DEPTH:
        return
    for name, (kind, description) in decoder.fields(message_type):
        here = (*path, normalize_fieldname(name))
        if name == "structure_needs_at_least_one_member" or (depth == 0 and _is_stamp(name, kind, description)):
            continue
        if kind == Nodetype.BASE and description[0] in _TEXT:
            found.texts.append(here)
        elif kind == Nodetype.BASE:
            found.numbers.append((here, 0))
        elif kind == Nodetype.NAME:
            _descend(decoder, description, here, found, depth + 1)
        else:
            (inner, inner_description), length = description
            if inner == Nodetype.NAME:
                found.records.append((here, inner_description))
            elif inner_description[0] not in _TEXT and kind == Nodetype.ARRAY and 0 < length <= MAX_FIXED:
                found.numbers.append((here, length))
            elif inner_description[0] not in _TEXT:
                found.sequences.append(here)


def _is_stamp(name: str, kind: Any, description: Any) -> bool:
    """Whether a field of the outermost message only says when it is."""
    from rosbags.interfaces import Nodetype

    return kind == Nodetype.NAME and (name, description) in (
        ("header", "std_msgs/msg/Header"),
        ("stamp", "builtin_interfaces/msg/Time"),
    )


def attribute(message: Any, path: Sequence[str]) -> Any:
    """What lies at a path of attributes."""
    return reduce(getattr, path, message)


@dataclass(frozen=True)
class TakeNumbers:
    """Gives the numeric leaves of a message in the order of :attr:`Fields.names`."""

    numbers: tuple[tuple[tuple[str, ...], int], ...]

    def __call__(self, message: Any) -> list[float]:
        """One value for each column."""
        row: list[float] = []
        for path, length in self.numbers:
            value = attribute(message, path)
            if length:
                row.extend(np.asarray(value, dtype=np.float64).ravel().tolist())
            else:
                row.append(float(value))
        return row


@dataclass(frozen=True)
class TakeSequence:
    """Gives one sequence of a message as an array of its own length."""

    path: tuple[str, ...]

    def __call__(self, message: Any) -> NDArray[Any]:
        """The sequence, shape (k,)."""
        return np.asarray(attribute(message, self.path))


@dataclass(frozen=True)
class TakeRecords:
    """Gives a sequence of inner messages as one row of numbers for each."""

    path: tuple[str, ...]
    numbers: tuple[tuple[tuple[str, ...], int], ...]

    def __call__(self, message: Any) -> NDArray[Any]:
        """The rows, float64 (k, columns)."""
        take = TakeNumbers(self.numbers)
        rows = [take(one) for one in attribute(message, self.path)]
        columns = sum(length or 1 for _, length in self.numbers)
        return np.array(rows, dtype=np.float64).reshape(len(rows), columns)


@dataclass(frozen=True)
class TakePackets:
    """Gives one sequence of every inner message, below each other."""

    path: tuple[str, ...]
    inner: tuple[str, ...]

    def __call__(self, message: Any) -> NDArray[Any]:
        """The sequences: an array (k, length) where they are equally long, else k arrays as objects."""
        rows = [np.asarray(attribute(one, self.inner)) for one in attribute(message, self.path)]
        if len({row.shape for row in rows}) == 1:
            return np.stack(rows)
        ragged = np.empty(len(rows), dtype=object)
        for number, row in enumerate(rows):
            ragged[number] = row
        return ragged


@dataclass(frozen=True)
class TakeText:
    """Gives the texts of a message: one as it is, several as ``name=value`` joined by semicolons."""

    paths: tuple[tuple[str, ...], ...]

    def __call__(self, message: Any) -> str:
        """The text."""
        if len(self.paths) == 1:
            return str(attribute(message, self.paths[0]))
        return "; ".join(f"{'.'.join(path)}={attribute(message, path)}" for path in self.paths)


def json_leaves(document: Any) -> tuple[dict[str, float], dict[str, str]]:
    """The numbers and the texts of a JSON document by dotted path; lists longer than 64 are left out.

    Examples
    --------
    >>> json_leaves({"a": {"x": 1, "ok": True}, "t": "hi", "v": [1, 2]})
    ({'a.x': 1.0, 'a.ok': 1.0, 'v[0]': 1.0, 'v[1]': 2.0}, {'t': 'hi'})
    """
    numbers: dict[str, float] = {}
    texts: dict[str, str] = {}
    waiting: list[tuple[str, Any, int]] = [("", document, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if isinstance(value, (bool, int, float)):
            numbers[path or "value"] = float(value) if abs(value) < 1e300 or isinstance(value, float) else float("inf")
        elif isinstance(value, str):
            texts[path or "value"] = value
        elif isinstance(value, Mapping) and depth < _MAX_DEPTH:
            waiting += [
                (f"{path}.{key}" if path else str(key), one, depth + 1) for key, one in reversed(list(value.items()))
            ]
        elif isinstance(value, list) and len(value) <= _LONGEST_LIST and depth < _MAX_DEPTH:
            waiting += [(f"{path}[{i}]", value[i], depth + 1) for i in reversed(range(len(value)))]
    return numbers, texts
