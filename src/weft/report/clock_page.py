"""The clocks of one recording as a page of their own: graph, evidence, residuals, errors, clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from weft.core import Alignment, Finding, Recording, UsageError, Version
from weft.report.clips import clips_of
from weft.report.coverage import stream_data
from weft.report.data import RecordingData, ReportData
from weft.report.gather import installed_version
from weft.report.page import TEMPLATES, environment, write_whole
from weft.report.raster import as_png
from weft.report.remarks import findings_of
from weft.report.sections import recordings_of
from weft.report.sheet import as_svg

SUFFIXES = (".html", ".svg", ".png")
"""What a plot can be written as."""


def require_plot_name(path: Path) -> None:
    """Refuse a file's name that says no kind of picture, before any work is done.

    Raises
    ------
    UsageError
        If the suffix is none of :data:`SUFFIXES`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: a plot is written as {', '.join(SUFFIXES)}; give the file one of these suffixes")


def write_clock_page(
    recording: Recording,
    alignment: Alignment,
    path: Path,
    *,
    findings: tuple[Finding, ...] = (),
    weft_version: str = "",
) -> Path:
    """Write what can be seen of an alignment: HTML with clips to hear, or its pictures alone as SVG or PNG.

    Parameters
    ----------
    recording, alignment
        What was recorded, and how it was aligned.
    path
        ``.html``, ``.svg`` or ``.png``.
    findings
        Shown in the page with their cures.

    Raises
    ------
    UsageError
        If the suffix is none of these.

    Notes
    -----
    The page is one file, loads nothing, runs no script and works without any. A clip takes about 260 kB;
    there are at most six.
    """
    require_plot_name(path)
    is_page = path.suffix.lower() == ".html"
    shown = RecordingData(
        name=recording.name,
        alignment=alignment,
        streams=tuple(stream_data(stream, alignment[stream.clock]) for stream in recording.streams),
        findings=findings,
        clips=tuple(clips_of(recording, alignment, mouths=True)) if is_page else (),
    )
    data = ReportData(recording.name, Version(0, "", None), (shown,), weft_version=installed_version())
    (row,) = recordings_of(data)
    if is_page:
        return write_whole(path, _page(data, row))
    pictures = [("", row["evidence"]["graph"])]
    for plot in row["plots"]:
        pictures += [(f"{plot['clock']}: offset over time", plot["map"]), (f"{plot['clock']}: error", plot["error"])]
        pictures += [(f"{plot['clock']}: {one['name']} residuals", one["picture"]) for one in plot["methods"]]
    sheet = as_svg(f"{recording.name}: clocks on {alignment.reference}", pictures)
    return write_whole(path, sheet if path.suffix.lower() == ".svg" else as_png(sheet))


def _page(data: ReportData, row: dict[str, Any]) -> bytes:
    """The page's bytes."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    clocks = [clock for clock in row["clocks"] if not clock["is_reference"]]
    made = environment().get_template("clocks.html.j2")
    return made.render(data=data, r=row, clocks=clocks, findings=findings_of(data), style=style).encode()
