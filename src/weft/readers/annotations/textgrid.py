"""Praat TextGrids, long and short, in UTF-8, UTF-16 or latin-1.

Both forms are the same sequence of numbers, quoted texts and flags; the long form puts
names before them, which Praat itself skips when reading. So does this reader.

Format: https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from weft.core import NS_PER_S, Annotation, Clock, Finding, Interval, Severity, UnreadableError, UnsupportedError
from weft.core.times import LATEST_NS
from weft.readers.annotations.kinds import is_silence, kind_of_tier
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.text_layout import decode_head

MAX_BYTES = 256 << 20
_BINARY = b"ooBinaryFile"
_MARKS = (
    b"ooTextFile",
    b"o\x00o\x00T\x00e\x00x\x00t\x00F\x00i\x00l\x00e\x00",
    b"\x00o\x00o\x00T\x00e\x00x\x00t\x00F\x00i\x00l\x00e",
)

# A free-standing text, number or flag; what stands in brackets, or touches letters, is decoration.
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|<(\w+)>|\[[^\]]*\]|![^\n]*|([^\s"\[<!]+)')
_NUMBER = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$")


class TextGridReader:
    """Reads TextGrids; their annotations follow the sound file of the same stem."""

    name = "textgrid"

    def recognises(self, probe: Probe) -> bool:
        """Whether the head says Praat text and TextGrid, or the suffix does."""
        if probe.is_folder:
            return False
        head = probe.head[:400]
        said = any(mark in head for mark in _MARKS) and b"TextGrid" in head.replace(b"\x00", b"")
        return said or _BINARY in head[:40] or probe.suffix == ".textgrid"

    def read(self, request: Request) -> Contents:
        """Every tier's labels; intervals labelled as silence, or not at all, are left out.

        Raises
        ------
        UnreadableError
            If it is cut off or breaks the format.
        UnsupportedError
            If it is binary, or no TextGrid.
        """
        tokens = _Tokens(_text(request), request.name)
        if tokens.text() != "ooTextFile" or tokens.text() != "TextGrid":
            raise UnsupportedError(
                f"{request.name}: expected a Praat TextGrid, found another Praat object or other text"
            )
        tokens.number()
        tokens.number()
        tiers = tokens.count() if tokens.flag() == "exists" else 0
        grid = _Grid(request)
        for _ in range(tiers):
            grid.add_tier(tokens)
        return Contents(
            clocks=(Clock(request.clock),),
            annotations=tuple(grid.annotations),
            findings=tuple(grid.findings()),
            follows_stem=True,
        )


def _text(request: Request) -> str:
    """The file's text."""
    size = request.path.stat().st_size
    if size > MAX_BYTES:
        raise UnsupportedError(f"{request.name}: expected at most {MAX_BYTES >> 20} MiB, found {size >> 20} MiB")
    body = request.path.read_bytes()
    if body.startswith(_BINARY):
        raise UnsupportedError(f"{request.name}: binary TextGrids are not read; save it in Praat as a text file")
    if not body.strip():
        raise UnreadableError(f"{request.name}: expected a TextGrid, found an empty file")
    try:
        return decode_head(body)[0]
    except UnreadableError as error:
        raise UnreadableError(f"{request.name}: {error}; save it in Praat as a text file") from None


class _Tokens:
    """The free-standing values of a Praat text file, in order."""

    def __init__(self, text: str, name: str) -> None:
        self._found = self._scan(text)
        self._name = name

    @staticmethod
    def _scan(text: str) -> Iterator[tuple[str, str]]:
        """Kind and content of each."""
        for match in _TOKEN.finditer(text):
            if match.group(1) is not None:
                yield "text", match.group(1).replace('""', '"')
            elif match.group(2) is not None:
                yield "flag", match.group(2)
            elif match.group(3) and _NUMBER.match(match.group(3)):
                yield "number", match.group(3)

    def _next(self, kind: str) -> str:
        """The next value, which must be of that kind."""
        found, value = next(self._found, ("", ""))
        if found != kind:
            end = "the end of the file" if not found else f"a {found} {value[:40]!r}"
            raise UnreadableError(f"{self._name}: expected a {kind}, found {end}; the TextGrid is broken or cut off")
        return value

    def text(self) -> str:
        """A quoted text."""
        return self._next("text")

    def flag(self) -> str:
        """A flag in angle brackets."""
        return self._next("flag")

    def number(self) -> Decimal:
        """A number."""
        try:
            return Decimal(self._next("number"))
        except InvalidOperation:
            raise UnreadableError(f"{self._name}: expected a number; the TextGrid is broken") from None

    def count(self) -> int:
        """How many of something follow."""
        value = self.number()
        if value != int(value) or not 0 <= value < 10**8:
            raise UnreadableError(f"{self._name}: expected a count, found {value}; the TextGrid is broken")
        return int(value)

    def time_ns(self) -> int:
        """A time in seconds, as nanoseconds."""
        value = self.number() * NS_PER_S
        if abs(value) >= LATEST_NS:
            raise UnreadableError(f"{self._name}: expected a time in seconds, found {value / NS_PER_S}")
        return int(value.to_integral_value())


@dataclass
class _Grid:
    """Tiers on their way to annotations."""

    request: Request
    annotations: list[Annotation] = field(default_factory=list)
    silent: int = 0

    def add_tier(self, tokens: _Tokens) -> None:
        """One tier more."""
        form, tier = tokens.text(), tokens.text()
        if form not in ("IntervalTier", "TextTier"):
            raise UnsupportedError(f"{self.request.name}: expected an IntervalTier or TextTier, found {form!r}")
        tokens.number()
        tokens.number()
        labels: list[tuple[Interval, str]] = []
        for _ in range(tokens.count()):
            start_ns = tokens.time_ns()
            stop_ns = tokens.time_ns() if form == "IntervalTier" else start_ns
            if stop_ns < start_ns:
                raise UnreadableError(
                    f"{self.request.name}: tier {tier!r}: expected intervals that stop after they start, "
                    f"found {start_ns / NS_PER_S} .. {stop_ns / NS_PER_S} s"
                )
            labels.append((Interval(start_ns, stop_ns), tokens.text()))
        kind = kind_of_tier(tier, (text for _, text in labels))
        said = [(interval, text) for interval, text in labels if not is_silence(text)]
        self.silent += len(labels) - len(said)
        clock, name = self.request.clock, self.request.name
        self.annotations += [Annotation(kind, interval, clock, text, method=name, tier=tier) for interval, text in said]

    def findings(self) -> Iterator[Finding]:
        """Remarks."""
        if self.silent:
            total = self.silent + len(self.annotations)
            message = f"{self.silent} of {total} labels are empty or silence and were left out"
            yield Finding(
                "silences_left_out", Severity.INFO, self.request.name, message, numbers={"labels": float(self.silent)}
            )
