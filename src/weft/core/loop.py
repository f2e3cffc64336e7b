"""What is left over when one goes round a loop of evidence: a check that needs no truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weft.core.times import NS_PER_MS


@dataclass(frozen=True)
class Loop:
    """The closure of one fundamental loop of evidence.

    Parameters
    ----------
    clocks
        The clocks round the loop; evidence relates each to the next, and the last to the first.
    methods
        The method of each of these pieces of evidence.
    closure_ns
        The offset that the last piece of evidence measured less what the others say, at its mean moment.
    sd_ns
        The standard deviation that all of them together state.
    closes
        Whether it is within four standard deviations.
    wrong
        Places in ``methods`` of the evidence that was found wrong; several where it cannot be told which one is.
    """

    clocks: tuple[str, ...]
    methods: tuple[str, ...]
    closure_ns: float
    sd_ns: float
    closes: bool
    wrong: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; ``closure_ms`` and ``sd_ms`` in milliseconds."""
        return {
            "clocks": list(self.clocks),
            "methods": list(self.methods),
            "closure_ms": self.closure_ns / NS_PER_MS,
            "sd_ms": self.sd_ns / NS_PER_MS,
            "closes": self.closes,
            "wrong": list(self.wrong),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Loop:
        """The loop that :meth:`to_dict` wrote."""
        return cls(
            tuple(record["clocks"]),
            tuple(record["methods"]),
            record["closure_ms"] * NS_PER_MS,
            record["sd_ms"] * NS_PER_MS,
            record["closes"],
            tuple(record["wrong"]),
        )
