"""The pictures of :mod:`weft.report.sheet` as PNG: only what they use of SVG, no other."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from PIL import ImageDraw

SCALE = 2
"""Pixels per unit of the drawing: sharp on dense screens."""

_SMOOTH = 2
"""Drawn so many times larger and scaled down, because lines have hard edges."""

_INK, _SOFT, _LINE, _PAPER, _PANEL = "#17202a", "#51606e", "#d5dbe1", "#ffffff", "#f5f7f9"
_BLUE, _ORANGE, _PALE = "#0072b2", "#d55e00", "#cce3f0"

_LOOKS: dict[str, tuple[str | None, str | None, float]] = {
    "grid": (None, _LINE, 1.0),
    "zero": (None, _SOFT, 1.2),
    "band": (_PALE, None, 0.0),
    "curve": (None, _BLUE, 2.0),
    "whisker": (None, "#a6cfe4", 1.0),
    "dot used": (None, _BLUE, 4.5),
    "core used": (None, _BLUE, 2.0),
    "dot out": (None, _ORANGE, 7.0),
    "core out": (None, _PAPER, 4.0),
    "jump": (None, _ORANGE, 1.5),
    "moment": (None, _BLUE, 1.2),
    "edge used": (None, _BLUE, 2.5),
    "edge compared": (None, _SOFT, 1.2),
    "edge out": (None, _ORANGE, 1.2),
    "paper": (_PAPER, None, 0.0),
    "sheet": (_PAPER, None, 0.0),
    "node reference": (_PANEL, "#0b62a3", 2.5),
    "node aligned": (_PANEL, "#00775a", 1.5),
    "node weak": (_PANEL, "#9a5b00", 1.5),
    "node not_aligned": (_PANEL, "#b3361b", 1.5),
}
"""Class to fill, stroke and width: the light colours of the page's style."""

_STEP = re.compile(r"([MLHVQZhv])([^MLHVQZhv]*)")

_PLAIN = str.maketrans({"−": "-", "✓": "", "✕": "", "…": "..."})
"""Letters that the font which pillow carries does not have."""

Frame = tuple[float, float, float]


def as_png(sheet: bytes) -> bytes:
    """The drawing of :func:`weft.report.sheet.as_svg` as a PNG file, on white."""
    from PIL import Image, ImageDraw

    root = ElementTree.fromstring(sheet)
    size = (round(float(root.attrib["width"])), round(float(root.attrib["height"])))
    factor = SCALE * _SMOOTH
    large = Image.new("RGB", (size[0] * factor, size[1] * factor), _PAPER)
    _draw(ImageDraw.Draw(large), root, (0.0, 0.0, float(factor)))
    small = large.resize((size[0] * SCALE, size[1] * SCALE), Image.Resampling.BOX)
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _draw(onto: ImageDraw.ImageDraw, parent: ElementTree.Element, frame: Frame) -> None:
    """Everything inside one element, in order."""
    for element in parent:
        kind = element.tag.rpartition("}")[2]
        if kind == "svg":
            _draw(onto, element, _inner(element, frame))
        elif kind == "rect":
            _rectangle(onto, element, frame)
        elif kind == "path":
            _path(onto, element, frame)
        elif kind == "text":
            _text(onto, element, frame)


def _inner(element: ElementTree.Element, frame: Frame) -> Frame:
    """Where a drawing within the drawing lies."""
    left, top, factor = frame
    own = float(element.attrib["width"]) / float(element.attrib["viewBox"].split()[2])
    return left + factor * float(element.attrib["x"]), top + factor * float(element.attrib["y"]), factor * own


def _rectangle(onto: ImageDraw.ImageDraw, element: ElementTree.Element, frame: Frame) -> None:
    """A box with round corners."""
    left, top, factor = frame
    x, y, width, height, radius = (float(element.get(key, "0")) for key in ("x", "y", "width", "height", "rx"))
    corners = (left + factor * x, top + factor * y, left + factor * (x + width), top + factor * (y + height))
    fill, stroke, thick = _LOOKS.get(element.get("class", ""), (None, None, 0.0))
    onto.rounded_rectangle(corners, factor * radius, fill=fill, outline=stroke, width=round(thick * factor))


def _path(onto: ImageDraw.ImageDraw, element: ElementTree.Element, frame: Frame) -> None:
    """Lines, dots (lines of no length) and areas."""
    left, top, factor = frame
    fill, stroke, thick = _LOOKS.get(element.get("class", ""), (None, None, 0.0))
    width = max(1, round(thick * factor))
    for line in _lines(element.get("d", "")):
        points = [(left + factor * x, top + factor * y) for x, y in line]
        if fill is not None and len(points) > 2:
            onto.polygon(points, fill=fill)
        elif stroke is not None and len(set(points)) == 1:
            onto.circle(points[0], width / 2.0, fill=stroke)
        elif stroke is not None:
            onto.line(points, fill=stroke, width=width, joint="curve")


def _lines(d: str) -> Iterator[list[tuple[float, float]]]:
    """A path's data as lists of points."""
    line: list[tuple[float, float]] = []
    for step, rest in _STEP.findall(d):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", rest)]
        if step == "M":
            if line:
                yield line
            line = [(numbers[0], numbers[1])]
        elif step == "L":
            line.append((numbers[0], numbers[1]))
        elif step in "Hh":
            line.append((numbers[0] + (line[-1][0] if step == "h" else 0.0), line[-1][1]))
        elif step in "Vv":
            line.append((line[-1][0], numbers[0] + (line[-1][1] if step == "v" else 0.0)))
        elif step == "Q":
            line += _bow(line[-1], (numbers[0], numbers[1]), (numbers[2], numbers[3]))
    if line:
        yield line


def _bow(
    start: tuple[float, float], control: tuple[float, float], end: tuple[float, float]
) -> list[tuple[float, float]]:
    """Points along a quadratic curve."""
    found = []
    for i in range(1, 25):
        t = i / 24
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
        found.append(tuple(a * p + b * q + c * r for p, q, r in zip(start, control, end, strict=True)))
    return [(x, y) for x, y in found]


def _text(onto: ImageDraw.ImageDraw, element: ElementTree.Element, frame: Frame) -> None:
    """One line of words; turned where it stands beside an axis."""
    from PIL import Image, ImageDraw, ImageFont

    left, top, factor = frame
    kind, words = element.get("class", ""), (element.text or "").translate(_PLAIN)
    font = ImageFont.load_default(factor * {"title": 17, "name": 13}.get(kind, 12))
    colour = _INK if kind in ("title", "name") else _SOFT
    anchor = {"middle": "ms", "end": "rs"}.get(element.get("text-anchor", ""), "ls")
    moved = re.match(r"translate\(([-\d.]+) ([-\d.]+)\) rotate\(-90\)", element.get("transform", ""))
    if moved is None:
        x, y = float(element.get("x", "0")), float(element.get("y", "0"))
        onto.text((left + factor * x, top + factor * y), words, font=font, fill=colour, anchor=anchor)
        return
    box = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), words, font=font)
    label = Image.new("L", (round(box[2]) + 2, round(box[3]) + 2), 0)
    ImageDraw.Draw(label).text((0, 0), words, font=font, fill=255)
    turned = label.rotate(90, expand=True)
    x, y = left + factor * float(moved[1]), top + factor * float(moved[2])
    onto.bitmap((round(x - turned.width * 0.8), round(y - turned.height / 2)), turned, fill=colour)
