"""Lines of a file from outside, each of a bounded length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeVar

from weft.core import UnreadableError

MAX_LINE = 16 << 20


Line = TypeVar("Line", str, bytes, covariant=True)


class LineFile(Protocol[Line]):
    """An open file that gives lines of text or of bytes."""

    def readline(self, size: int, /) -> Line:
        """The next line, or as much of it as ``size``; nothing at the end."""
        ...


def bounded_lines(file: LineFile[Line], name: str) -> Iterator[Line]:
    """The lines of an open file, one at a time; errors call it ``name``.

    Raises
    ------
    UnreadableError
        If a line has more than 16 Mi characters: then it is no text in lines, and reading
        it whole would take as much memory as the file has bytes.
    """
    while line := file.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise UnreadableError(
                f"{name}: expected text in lines, found one of more than {MAX_LINE >> 20} Mi characters"
            )
        yield line
