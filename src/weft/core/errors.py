"""Everything weft raises on purpose, sorted by what the person at the keyboard can do about it.

WeftError
├── UsageError             the call is wrong: change the call
├── UnreadableError        the input is broken: repair, replace or leave out the file
├── UnsupportedError       weft does not know this kind of input: convert it, or add a reader
├── MissingExtraError      an optional package is absent: install the extra that is named
├── OutsideValidityError   a time lies where the clock is not known: shorten the request, or extrapolate
└── DatasetError           a dataset is damaged, locked or not one: check the folder
"""

from __future__ import annotations

from collections.abc import Iterable


class WeftError(Exception):
    """The root of every error that weft raises on purpose."""


class UsageError(WeftError):
    """The call itself is wrong; nothing was read or written."""


class UnreadableError(WeftError):
    """An input is broken, empty or contradicts itself."""

    @classmethod
    def gather(cls, problems: Iterable[str]) -> UnreadableError:
        """One error that names every problem of one input, a line each."""
        lines = list(problems)
        if len(lines) == 1:
            return cls(lines[0])
        return cls("\n".join([f"{len(lines)} problems:", *(f"  - {line}" for line in lines)]))


class UnsupportedError(WeftError):
    """No reader, exporter or method of weft fits this input."""


class MissingExtraError(WeftError):
    """An optional package that this call needs is not installed."""

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> MissingExtraError:
        """The error for ``package``, with the command that installs it."""
        return cls(f"{purpose} needs the package {package!r}; install it with: pip install 'weft[{extra}]'")


class OutsideValidityError(WeftError):
    """A time lies outside the interval for which a clock's map is known."""


class DatasetError(WeftError):
    """A dataset folder is damaged, locked by another writer, or not a dataset."""
