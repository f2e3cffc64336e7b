"""One immutable version of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Version:
    """What a dataset held at one moment; never changed after it was written.

    Parameters
    ----------
    number
        1, 2, 3, ... in order of writing.
    content_sha256
        The hash of everything the version holds; equal content, equal hash, on any machine.
    parent
        The number of the version it was made from; ``None`` for the first.
    recipe
        The options that made it.
    counts
        Rows by table: recordings, streams, clocks, annotations, capsules, findings.
    """

    number: int
    content_sha256: str
    parent: int | None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
