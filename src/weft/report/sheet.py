"""Several pictures of a report as one SVG file that opens anywhere, in light and dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from markupsafe import escape

COLUMN, GAP, HEAD, CAPTION, COLUMNS = 440, 24, 44, 20, 2
_BOX = re.compile(r'^<svg class="([^"]*)" viewBox="0 0 (\d+) (\d+)"')


def as_svg(title: str, pictures: Sequence[tuple[str, str]]) -> bytes:
    """The pictures in two columns, the first over both, with their style inside.

    Parameters
    ----------
    title
        Written above them.
    pictures
        Captions and SVG elements as this room's functions draw them; the first is the widest.
    """
    parts, top, column = [], HEAD, 0
    height = 0
    for number, (caption, picture) in enumerate(pictures):
        found = _BOX.match(drawn := str(picture))
        if found is None:
            continue
        name, width, own = found[1], int(found[2]), int(found[3])
        wide = number == 0 and width > COLUMN
        shown = 640 if wide else COLUMN
        left = GAP + (0 if wide else column * (COLUMN + GAP))
        tall = round(own * shown / width)
        parts.append(f'<text class="name" x="{left}" y="{top + 12}">{escape(caption)}</text>')
        place = f'<svg x="{left}" y="{top + CAPTION}" width="{shown}" height="{tall}" class="{name}" '
        place += f'viewBox="0 0 {width} {own}"'
        parts.append(place + drawn[found.end() :])
        height = max(height, tall + CAPTION)
        column = COLUMNS if wide else column + 1
        if column >= COLUMNS:
            top, column, height = top + height + GAP // 2, 0, 0
    bottom = top + height + GAP
    total = 2 * COLUMN + 3 * GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {bottom}" width="{total}" height="{bottom}">'
        f"<title>{escape(title)}</title><style>{_style()}</style>"
        f'<rect class="sheet" width="{total}" height="{bottom}"/>'
        f'<text class="title" x="{GAP}" y="28">{escape(title)}</text>'
    )
    return "".join([head, *parts, "</svg>\n"]).encode()


def _style() -> str:
    """The colours of the page and its rules for pictures, without those that only pages need."""
    text = (Path(__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    colours = text[: text.index("* { box-sizing")]
    rules = [line for line in text.splitlines() if line.startswith("svg") and "width: 100%" not in line]
    own = ["svg { max-width: none; }", ".sheet { fill: var(--paper); }"]
    own.append(".name { fill: var(--ink); font: 600 13px system-ui, sans-serif; }")
    own.append(".title { fill: var(--ink); font: 600 17px system-ui, sans-serif; }")
    return "\n".join([colours, *rules, *own])
