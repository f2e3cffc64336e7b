"""The report as one HTML file that needs nothing else: no network, no font, no script."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from weft.report.cards import cards_of
from weft.report.data import ReportData
from weft.report.glossary import GLOSSARY
from weft.report.remarks import findings_of, toml_of
from weft.report.sections import modalities_of, overview_of, recordings_of, worst_clocks
from weft.report.verdict import verdict_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from weft.dataset import Dataset

TEMPLATES = Path(__file__).parent / "templates"
"""Pages and their style."""

MOST_CLOCKS = 40
"""Rows of the clock table; with more clocks the best known are left to each recording's details."""


def write_report(source: Dataset | ReportData, path: Path) -> Path:
    """Write the report and return its path; an interrupted write leaves nothing behind.

    Parameters
    ----------
    source
        A version of a dataset, or data gathered before.
    path
        The file to write.

    Notes
    -----
    Equal data give equal bytes: the page holds no time of its making. Everything that came
    from outside is escaped, and the page forbids itself scripts and connections.
    """
    if not isinstance(source, ReportData):
        from weft.report.gather import data_of_dataset

        source = data_of_dataset(source)
    return write_whole(Path(path), render(source).encode())


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file wholly or not at all, and return its path."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def render(data: ReportData) -> str:
    """The page's text."""
    recordings = recordings_of(data)
    clocks = worst_clocks(recordings)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            data=data,
            verdict=verdict_of(data),
            overview=overview_of(data),
            recordings=recordings,
            clocks=clocks[:MOST_CLOCKS],
            more_clocks=max(0, len(clocks) - MOST_CLOCKS),
            modalities=modalities_of(data),
            cards=cards_of(data),
            findings=findings_of(data),
            recipe=toml_of(data.version.recipe),
            glossary=GLOSSARY,
            style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        )
    )


@cache
def environment() -> Environment:
    """The templates, which escape whatever is put into them."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
