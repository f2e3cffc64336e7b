"""Utterances out of a media file's subtitle tracks."""

from __future__ import annotations

import re
from collections.abc import Callable

from weft.core import Annotation, Interval

_MARKUP = re.compile(r"<[^>]*>|\{\\[^}]*\}")


def caption_of(codec: str) -> Callable[[bytes], str] | None:
    """What turns a packet of a subtitle codec into plain text; ``None`` for pictures of text."""
    return {"mov_text": _mov_text, "subrip": _plain, "text": _plain, "webvtt": _plain, "ass": _ass, "ssa": _ass}.get(
        codec
    )


def _plain(data: bytes) -> str:
    """A packet that is the text."""
    return _MARKUP.sub("", data.decode("utf-8", "replace")).strip()


def _mov_text(data: bytes) -> str:
    """Text behind its length in two bytes; styles may follow (3GPP TS 26.245, 5.17)."""
    return _plain(data[2 : 2 + int.from_bytes(data[:2], "big")])


def _ass(data: bytes) -> str:
    """The ninth field of a dialogue line, with its line breaks."""
    return _plain(data.split(b",", 8)[-1]).replace("\\N", "\n").replace("\\n", "\n")


def annotation(text: str, start_ns: int, stop_ns: int, *, clock: str, tier: str, name: str) -> Annotation:
    """One caption as an utterance on the file's clock."""
    interval = Interval(start_ns, max(start_ns, stop_ns))
    return Annotation("utterance", interval, clock, text, method=f"subtitles of {name}", tier=tier)
