"""Word alignments of the GRID corpus (``.align``): start, stop and word on each line.

Times count in thousandths of a frame of 25 per second, 40 microseconds each. Silences
(``sil``, ``sp``) are left out. Source: the corpus' own notes, https://spandh.dcs.shef.ac.uk/gridcorpus/
"""

from __future__ import annotations

import re

from weft.core import Annotation, Clock, Finding, Interval, Severity, UnreadableError, UnsupportedError
from weft.readers.annotations.kinds import is_silence
from weft.readers.protocol import Contents, Probe, Request

UNIT_NS = 40_000
MAX_BYTES = 16 << 20
_LINE = re.compile(r"^\s*(\d{1,12})\s+(\d{1,12})\s+(\S+)\s*$")


class GridAlignReader:
    """Reads GRID alignments; the words follow the video of the same stem."""

    name = "grid_align"

    def recognises(self, probe: Probe) -> bool:
        """Whether it is called ``.align`` and its first line is two counts and a word."""
        if probe.suffix != ".align" or probe.is_folder:
            return False
        first = probe.head.decode("utf-8", "replace").lstrip("\ufeff").splitlines()[:1]
        return not first or bool(_LINE.match(first[0]))

    def read(self, request: Request) -> Contents:
        """One annotation of kind ``word`` for each word.

        Raises
        ------
        UnreadableError
            If it is empty or a line breaks the format; the last line of a file that ends
            within it may do so, and leaves a Finding.
        """
        if request.path.stat().st_size > MAX_BYTES:
            raise UnsupportedError(f"{request.name}: expected at most {MAX_BYTES >> 20} MiB of word alignments")
        text = request.path.read_bytes().decode("utf-8-sig", "replace")
        lines = [line for line in text.splitlines() if line.strip()]
        if not lines:
            raise UnreadableError(f"{request.name}: expected word alignments, found an empty file")
        annotations, findings = [], []
        for number, line in enumerate(lines, start=1):
            match = _LINE.match(line)
            if match is None or int(match[2]) < int(match[1]):
                if number == len(lines) > 1 and not text.endswith("\n"):
                    break
                raise UnreadableError(
                    f"{request.name}, line {number}: expected start, stop and word, found {line[:60]!r}"
                )
            if not is_silence(match[3]) and match[3] != "sp":
                interval = Interval(int(match[1]) * UNIT_NS, int(match[2]) * UNIT_NS)
                annotations.append(
                    Annotation("word", interval, request.clock, match[3], method=request.name, tier="words")
                )
        if not text.endswith("\n"):
            message = "the file ends within a line; its last word may be cut off or missing"
            findings.append(
                Finding("unfinished_last_line", Severity.INFO, request.name, message, "copy the file again")
            )
        return Contents((), (Clock(request.clock),), tuple(annotations), (), tuple(findings), follows_stem=True)
