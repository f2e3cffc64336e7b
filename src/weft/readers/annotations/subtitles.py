"""WebVTT and SubRip subtitles: each cue is an utterance, and its timed words are words.

Tags are removed from the text; a WebVTT voice (``<v Mary>``) becomes the tier. Timestamps
inside a cue (``bin <00:00:01.180>blue``) part it into words, or into phrases where several
words stand between two of them. Formats:
https://www.w3.org/TR/webvtt1/ and, for SubRip, what players accept.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from weft.core import NS_PER_MS, Annotation, Clock, Finding, Interval, Severity, UnreadableError, UnsupportedError
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.text_layout import decode_head

MAX_BYTES = 64 << 20
_TIME = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})"
_ARROW = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?:\s+(.*))?$")
_VOICE = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]*)>")
_INNER_TIME = re.compile(rf"<{_TIME}>")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>|<\d[\d:.]*>|\{\\[^}]*\}")


class SubtitleReader:
    """Reads WebVTT and SubRip; the cues follow the media file of the same stem."""

    name = "subtitles"

    def recognises(self, probe: Probe) -> bool:
        """Whether it starts like WebVTT, or has the suffix of either."""
        if probe.is_folder:
            return False
        return probe.head.lstrip(b"\xef\xbb\xbf").startswith(b"WEBVTT") or probe.suffix in (".vtt", ".srt")

    def read(self, request: Request) -> Contents:
        """One annotation of kind ``utterance`` for each cue with text.

        Raises
        ------
        UnreadableError
            If there is no cue in it, or a cue stops before it starts.
        UnsupportedError
            If it is too large to be subtitles.
        """
        cues = _Cues(request)
        cues.parse(_text(request))
        return Contents(
            clocks=(Clock(request.clock),),
            annotations=tuple(cues.annotations),
            findings=tuple(cues.findings()),
            follows_stem=True,
        )


def _text(request: Request) -> str:
    """The file's text."""
    size = request.path.stat().st_size
    if size > MAX_BYTES:
        raise UnsupportedError(
            f"{request.name}: expected at most {MAX_BYTES >> 20} MiB of subtitles, found {size >> 20} MiB"
        )
    try:
        return decode_head(request.path.read_bytes())[0]
    except UnreadableError as error:
        raise UnreadableError(f"{request.name}: {error}; save it as UTF-8 text") from None


@dataclass
class _Cues:
    """Cues on their way to annotations."""

    request: Request
    annotations: list[Annotation] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    unfinished: bool = False

    def parse(self, text: str) -> None:
        """Take every cue of a file."""
        if not text.strip():
            raise UnreadableError(f"{self.request.name}: expected subtitles, found an empty file")
        is_vtt = text.startswith("WEBVTT")
        self.unfinished = not text.endswith(("\n", "\r"))
        for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
            lines = block.strip("\n").splitlines()
            where = next((i for i, line in enumerate(lines[:2]) if "-->" in line), None)
            if where is None or (is_vtt and lines[0].startswith(("NOTE", "STYLE", "REGION"))):
                if not is_vtt and block.strip():
                    self.broken.append(block.strip())
                continue
            self._cue(lines[where], lines[where + 1 :], lines[0].strip() if where else "")
        if not self.annotations and (self.broken or not is_vtt):
            found = self.broken[0][:60] if self.broken else "no cue"
            raise UnreadableError(
                f"{self.request.name}: expected cues (00:00:01.000 --> 00:00:02.000), found {found!r}"
            )

    def _cue(self, timing: str, lines: list[str], key: str) -> None:
        """One cue."""
        match = _ARROW.match(timing)
        if match is None:
            self.broken.append(timing)
            return
        start_ns, stop_ns = _instant_ns(match.groups()[0:4]), _instant_ns(match.groups()[4:8])
        if stop_ns < start_ns:
            raise UnreadableError(
                f"{self.request.name}: expected cues that stop after they start, found {timing.strip()!r}"
            )
        raw = "\n".join(lines).strip()
        voice = _VOICE.search(raw)
        value = html.unescape(_TAG.sub("", raw)).strip()
        if not value:
            return
        tier = html.unescape(voice.group(1)).strip() if voice else ""
        cue = Interval(start_ns, stop_ns)
        self._say("utterance", cue, value, tier=tier, details={"id": key} if key else {})
        for span, part in _timed_parts(raw, cue):
            self._say("word" if len(part.split()) == 1 else "phrase", span, part, tier=tier)

    def _say(self, kind: str, span: Interval, value: str, *, tier: str, details: dict[str, str] | None = None) -> None:
        """Keep one annotation."""
        clock, method = self.request.clock, self.request.name
        self.annotations.append(Annotation(kind, span, clock, value, method=method, tier=tier, details=details or {}))

    def findings(self) -> Iterator[Finding]:
        """Remarks."""
        if self.broken:
            yield Finding(
                "broken_cues",
                Severity.WARNING,
                self.request.name,
                f"{len(self.broken)} blocks are no cues and were left out (first: {self.broken[0][:60]!r})",
                "correct their time line",
                {"blocks": float(len(self.broken))},
            )
        if self.unfinished:
            message = "the file ends within a line; its last cue may be cut off"
            yield Finding("unfinished_last_line", Severity.INFO, self.request.name, message, "check the last cue")


def _timed_parts(raw: str, cue: Interval) -> list[tuple[Interval, str]]:
    """The parts between a cue's inner timestamps; none where they do not grow within the cue."""
    pieces = _INNER_TIME.split(raw)
    instants = [_instant_ns(tuple(pieces[i : i + 4])) for i in range(1, len(pieces), 5)]
    edges = [cue.start_ns, *instants, cue.stop_ns]
    if not instants or any(later < earlier for earlier, later in pairwise(edges)):
        return []
    texts = [html.unescape(_TAG.sub("", text)).strip() for text in pieces[0::5]]
    return [(Interval(a, b), text) for (a, b), text in zip(pairwise(edges), texts, strict=True) if text]


def _instant_ns(parts: tuple[str | None, ...]) -> int:
    """Nanoseconds of hours (may be absent), minutes, seconds and a fraction."""
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    whole_ms = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction.ljust(3, "0"))
    return whole_ms * NS_PER_MS
