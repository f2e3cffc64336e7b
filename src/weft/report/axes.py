"""A small plotting frame in SVG: scales, round ticks, labels with units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

WIDTH, HEIGHT = 440, 220
LEFT, RIGHT, TOP, BOTTOM = 66, 20, 10, 40

_TIME_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)

Floats = NDArray[np.float64]


def round_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers 1, 2 or 5 times a power of ten apart that lie in a range.

    Examples
    --------
    >>> round_ticks(-0.7, 1.4)
    [-0.5, 0.0, 0.5, 1.0]
    """
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return [round(i * step, 12) + 0.0 for i in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def time_ticks(low_s: float, high_s: float, most: int = 6) -> list[float]:
    """Times a usual number of seconds, minutes or hours apart that lie in a range.

    Examples
    --------
    >>> time_ticks(0.0, 100.0)
    [0.0, 30.0, 60.0, 90.0]
    """
    step = next((s for s in _TIME_STEPS_S if (high_s - low_s) / s <= most), max(86400.0, (high_s - low_s) / most))
    return [i * float(step) for i in range(ceil(low_s / step - 1e-9), floor(high_s / step + 1e-9) + 1)]


def time_label(seconds: float) -> str:
    """Minutes and seconds, hours in front where there are any.

    Examples
    --------
    >>> time_label(95.0), time_label(0.5), time_label(7260.0), time_label(-5)
    ('1:35', '0:00.5', '2:01:00', '−0:05')
    """
    sign, rest = ("−", -seconds) if seconds < 0 else ("", seconds)
    minutes, rest = divmod(round(rest, 3), 60)
    text = f"{rest:04.1f}" if rest % 1 else f"{int(rest):02d}"
    hours, minutes = divmod(int(minutes), 60)
    return f"{sign}{hours}:{minutes:02d}:{text}" if hours else f"{sign}{minutes}:{text}"


def _signed(value: float) -> str:
    """A number with a true minus sign."""
    return f"{value:g}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Axes:
    """A frame over ``x`` in seconds and ``y`` in ``unit``."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    x_label: str
    y_label: str

    @classmethod
    def around(cls, x: tuple[float, float], values: Sequence[float], *, x_label: str, y_label: str) -> Axes:
        """A frame that holds the values and zero, with a little air."""
        low, high = min([0.0, *values]), max([0.0, *values])
        air = 0.08 * (high - low) or 0.5
        stop = x[1] if x[1] > x[0] else x[0] + 1.0
        return cls(x[0], stop, low - air, high + air, x_label, y_label)

    @property
    def head_px(self) -> int:
        """Where the frame begins."""
        return TOP

    @property
    def foot_px(self) -> int:
        """Where the frame ends."""
        return HEIGHT - BOTTOM

    def x_px(self, x: Floats) -> Floats:
        """Where seconds lie."""
        px: Floats = LEFT + (np.asarray(x) - self.x_low) / (self.x_high - self.x_low) * (WIDTH - LEFT - RIGHT)
        return px

    def y_px(self, y: Floats) -> Floats:
        """Where values lie; beyond the frame they stay at its edge."""
        share = (np.clip(y, self.y_low, self.y_high) - self.y_low) / (self.y_high - self.y_low)
        px: Floats = HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
        return px

    def line(self, x: Floats, y: Floats) -> str:
        """A path's data along points."""
        return "M" + "L".join(f"{a:.1f},{b:.1f}" for a, b in zip(self.x_px(x), self.y_px(y), strict=True))

    def band(self, x: Floats, low: Floats, high: Floats) -> str:
        """A path's data around the area between two curves."""
        return self.line(np.concatenate([x, x[::-1]]), np.concatenate([high, low[::-1]])) + "Z"

    def dots(self, x: Floats, y: Floats) -> str:
        """A path's data of points: lines of no length, drawn by their round ends."""
        return "".join(f"M{a:.1f},{b:.1f}h0" for a, b in zip(self.x_px(x), self.y_px(y), strict=True))

    def drawn(self, marks: Sequence[str], *, title: str) -> Markup:
        """The whole picture: grid, ticks, labels, and marks on top."""
        parts = [f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">']
        for y in round_ticks(self.y_low, self.y_high):
            at = float(self.y_px(np.array([y]))[0])
            kind = "zero" if y == 0 else "grid"
            parts.append(f'<path class="{kind}" d="M{LEFT},{at:.1f}H{WIDTH - RIGHT}"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{_signed(y)}</text>')
        for x in time_ticks(self.x_low, self.x_high):
            at = float(self.x_px(np.array([x]))[0])
            parts.append(f'<path class="grid" d="M{at:.1f},{TOP}V{HEIGHT - BOTTOM}"/>')
            parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{time_label(x)}</text>')
        middle, centre = (TOP + HEIGHT - BOTTOM) / 2, (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{centre}" y="{HEIGHT - 6}" text-anchor="middle">{escape(self.x_label)}</text>')
        parts.append(
            f'<text transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">{escape(self.y_label)}</text>'
        )
        return Markup("".join([*parts, *marks, "</svg>"]))
