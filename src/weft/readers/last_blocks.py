"""The last few blocks that were unpacked or decoded, so that reading on, or a little back, does not start over."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Block = TypeVar("Block")


class LastBlocks(Generic[Block]):
    """Blocks by their place in a file; the one that was asked for least lately goes first.

    A pickle holds none of them.

    Parameters
    ----------
    most
        How many are kept.

    Examples
    --------
    >>> blocks = LastBlocks[str](most=2)
    >>> [blocks.at(place, lambda: "made") for place in (0, 7, 0, 9)]
    ['made', 'made', 'made', 'made']
    >>> blocks.at(0, lambda: "made anew"), blocks.at(7, lambda: "made anew")
    ('made', 'made anew')
    """

    def __init__(self, *, most: int = 4) -> None:
        self.most = most
        self._blocks: OrderedDict[int, Block] = OrderedDict()

    def at(self, place: int, make: Callable[[], Block]) -> Block:
        """The block at a place, made unless it is still there; what fails to be made is not kept."""
        if place not in self._blocks:
            self._blocks[place] = make()
            while len(self._blocks) > self.most:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(place)
        return self._blocks[place]

    def kept(self) -> tuple[Block, ...]:
        """The blocks that are there, the one asked for last at the end."""
        return tuple(self._blocks.values())

    def __getstate__(self) -> dict[str, Any]:
        """How many are kept, and no block."""
        return {"most": self.most}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As it was, with no block."""
        self.__init__(**state)  # type: ignore[misc]
