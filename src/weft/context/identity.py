"""Names of capsules that stay the same from build to build."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

from weft.core import NS_PER_MS, Annotation

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 60


def capsule_ids(recording: str, anchors: Sequence[Annotation]) -> list[str]:
    """A name for each anchor: recording, kind, start in ms, and tier where it has one.

    The names hold only letters, digits, ``_`` and ``-``, so that they may name files and
    shards; a part that had to be changed for that ends in four digits of its hash. Anchors
    that would share a name are numbered from the second on, in the order given.

    Examples
    --------
    >>> from weft.core import Interval
    >>> capsule_ids("monday", [Annotation("utterance", Interval(1_500_000_000, 2_000_000_000), "mic", "hi")])
    ['monday-utterance-000001500']
    """
    seen: Counter[str] = Counter()
    names = []
    for anchor in anchors:
        start_ms = anchor.interval.start_ns // NS_PER_MS
        sign = "m" if start_ms < 0 else ""
        parts = [_safe(recording), _safe(anchor.kind), f"{sign}{abs(start_ms):09d}"]
        name = "-".join([*parts, _safe(anchor.tier)] if anchor.tier else parts)
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}--{seen[name]}")
    return names


def _safe(text: str) -> str:
    """``text`` as part of a file name."""
    safe = _UNSAFE.sub("_", text)[:_LONGEST]
    return safe if safe == text else f"{safe}_{hashlib.sha256(text.encode()).hexdigest()[:4]}"
