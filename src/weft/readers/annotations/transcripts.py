"""Plain text beside a sound file: what was said, without when.

Forced aligners take ``.lab`` and ``.txt`` files that hold one utterance's words. They
carry no times, so no annotation is made of them; a Finding keeps the text and says so.
Timed label files (start, stop, label on each line) are read as tables.
"""

from __future__ import annotations

from weft.core import Finding, Severity, UnreadableError, UnsupportedError
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.text_layout import decode_head, is_number

MAX_BYTES = 16 << 20
_SUFFIXES = frozenset({".lab", ".txt"})


class TranscriptReader:
    """Recognises untimed transcripts, so that they are neither refused nor misread as tables."""

    name = "transcript"

    def recognises(self, probe: Probe) -> bool:
        """Whether it is called ``.lab`` or ``.txt`` and few of its first lines hold a number in front."""
        if probe.is_folder or probe.suffix not in _SUFFIXES:
            return False
        try:
            lines = decode_head(probe.head)[0].splitlines()
        except UnreadableError:
            return False
        cells = [line.split()[0] for line in lines if line.strip()]
        starts = sum(is_number(cell) for cell in cells)
        separated = sum("\t" in line or "," in line or ";" in line for line in lines)
        prose = bool(cells) and starts <= len(cells) / 2
        return prose and (probe.suffix == ".lab" or separated < 2 or len(cells) < 2)

    def read(self, request: Request) -> Contents:
        """No annotation, and a Finding with the text.

        Raises
        ------
        UnreadableError
            If it is empty.
        """
        if request.path.stat().st_size > MAX_BYTES:
            raise UnsupportedError(f"{request.name}: expected at most {MAX_BYTES >> 20} MiB of text")
        try:
            text = decode_head(request.path.read_bytes())[0].strip()
        except UnreadableError as error:
            raise UnreadableError(f"{request.name}: {error}; save it as UTF-8 text") from None
        if not text:
            raise UnreadableError(f"{request.name}: expected a transcript, found an empty file")
        note = Finding(
            "transcript_without_times",
            Severity.INFO,
            request.name,
            f"the text ({len(text.split())} words: {text[:60]!r}) carries no times and was not made into annotations",
            "align it to the sound (with a forced aligner, say) and add the TextGrid",
            {"words": float(len(text.split()))},
        )
        return Contents(findings=(note,), follows_stem=True)
