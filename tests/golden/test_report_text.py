"""The words of the report, line by line, as a person would read them.

After a wanted change: ``WEFT_UPDATE_GOLDEN=1 pytest tests/golden/test_report_text.py``, then
review the difference.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from weft.report import data_of_recordings
from weft.report.page import render
from weft.testing.sessions import drive_session, example_version, kitchen_session

GOLDEN = Path(__file__).parent / "report_text.txt"
BLOCKS = {
    "p",
    "li",
    "tr",
    "h1",
    "h2",
    "h3",
    "h4",
    "dt",
    "dd",
    "summary",
    "figcaption",
    "caption",
    "div",
    "pre",
    "small",
}


class Words(HTMLParser):
    """The visible text, a line for each block, cells set apart."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("style", "svg", "title")
        if tag in BLOCKS:
            self.text += "\n"
        if tag in ("td", "th"):
            self.text += " | "

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("style", "svg", "title")
        if tag in BLOCKS:
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text += re.sub(r"\s+", " ", data)


def words_of(page: str) -> str:
    """The page's lines, empty ones left out."""
    parser = Words()
    parser.feed(page)
    lines = (re.sub(r" +", " ", line).strip(" |") for line in parser.text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def test_the_words_of_the_report_are_those_that_were_reviewed() -> None:
    data = data_of_recordings([kitchen_session(), drive_session()], example_version(), name="pilot")
    found = words_of(render(replace(data, weft_version="X")))
    if os.environ.get("WEFT_UPDATE_GOLDEN"):
        GOLDEN.write_text(found, encoding="utf-8")
    expected = GOLDEN.read_text(encoding="utf-8")
    difference = "\n".join(
        difflib.unified_diff(expected.splitlines(), found.splitlines(), "reviewed", "found", lineterm="")
    )
    assert not difference, difference
