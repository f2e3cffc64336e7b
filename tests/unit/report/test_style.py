"""The page's colours can be read in light, in dark and in print (WCAG 2.1, level AA)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import weft.report.page

STYLE = (Path(weft.report.page.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
LIGHT, DARK, PRINT = (
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.S)
)

ON = [
    ("ink", "paper"), ("ink", "panel"), ("soft", "paper"), ("soft", "panel"), ("accent", "paper"),
    ("ok", "ok-paper"), ("weak", "weak-paper"), ("bad", "bad-paper"), ("weak", "paper"), ("ink", "weak-paper"),
    ("soft", "weak-paper"), ("soft", "bad-paper"), ("soft", "info-paper"),
]  # fmt: skip


def luminance(colour: str) -> float:
    """Relative luminance of ``#rgb`` or ``#rrggbb``."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1..21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, LIGHT | DARK, LIGHT | PRINT], ids=["light", "dark", "print"])
@pytest.mark.parametrize(("text", "ground"), ON, ids=lambda value: value)
def test_text_stands_out_from_its_ground(colours: dict[str, str], text: str, ground: str) -> None:
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, LIGHT | DARK, LIGHT | PRINT], ids=["light", "dark", "print"])
def test_marks_of_plots_stand_out_from_the_paper(colours: dict[str, str]) -> None:
    assert contrast(colours["ok-fill"], colours["paper"]) >= 3


def test_black_on_white_is_21() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
