"""The clocks of a recording as a graph: a node for each, an edge for each piece of evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import cos, pi, sin

from markupsafe import Markup, escape

from weft.core import Alignment, Status
from weft.report.evidence_rows import EvidenceRow
from weft.report.wording import STATUS_MARKS, STATUS_WORDS, in_ms

WIDTH = 640
MOST_NODES = 14
"""With more clocks the graph is a knot; the table tells of all."""

MOST_LABELS = 8
"""Edges with words; beside more of them the words lie on each other."""

_NAME_LETTERS = 20
_LINE_PX = 15
_BENT_PX = 46


def clock_graph(alignment: Alignment, rows: Sequence[EvidenceRow]) -> Markup:
    """Clocks on an ellipse, the reference on the left; edges solid where used, dashed where only compared.

    Empty with one clock or more than :data:`MOST_NODES`.
    """
    names = [entry.clock.name for entry in alignment.clocks]
    if not 2 <= len(names) <= MOST_NODES:
        return Markup("")
    names.sort(key=lambda name: name != alignment.reference)
    height = _height(len(names))
    places = {name: _place(number, len(names), height) for number, name in enumerate(names)}
    status = {entry.clock.name: entry.status for entry in alignment.clocks}
    shown = [row for row in rows if row.clock in places and row.reference in places]
    parts = [
        f'<svg class="plot graph" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(_sentence(alignment, shown))}">'
    ]
    parts += _edges(shown, places)
    for name in names:
        parts.append(_node(name, places[name], status[name], is_reference=name == alignment.reference))
    return Markup("".join([*parts, "</svg>"]))


def _height(count: int) -> int:
    """Room for so many clocks, and no more: two lie on one line."""
    return 130 if count == 2 else min(420, 200 + 30 * count)


def _place(number: int, count: int, height: int) -> tuple[float, float]:
    """The centre of one node, inside the picture."""
    angle = pi + 2.0 * pi * number / count
    return WIDTH / 2 + (WIDTH / 2 - 110) * cos(angle), height / 2 + (height / 2 - 36) * sin(angle)


def _edges(rows: Sequence[EvidenceRow], places: dict[str, tuple[float, float]]) -> list[str]:
    """Lines and their words; several between the same clocks bend apart."""
    groups: dict[frozenset[str], list[EvidenceRow]] = defaultdict(list)
    for row in rows:
        groups[frozenset((row.clock, row.reference))].append(row)
    parts, words = [], []
    for group in groups.values():
        for index, row in enumerate(group):
            bend = (index - (len(group) - 1) / 2.0) * _BENT_PX
            (x0, y0), (x1, y1) = places[min(row.clock, row.reference)], places[max(row.clock, row.reference)]
            length = max(1.0, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
            mx, my = (x0 + x1) / 2 - (y1 - y0) / length * bend, (y0 + y1) / 2 + (x1 - x0) / length * bend
            cx, cy = 2 * mx - (x0 + x1) / 2, 2 * my - (y0 + y1) / 2
            kind = {"used": "used", "left out": "out"}.get(row.state, "compared")
            parts.append(f'<path class="edge {kind}" d="M{x0:.1f},{y0:.1f}Q{cx:.1f},{cy:.1f} {x1:.1f},{y1:.1f}"/>')
            words.append((mx, my, row))
    if len(words) <= MOST_LABELS:
        parts += [_label(x, y, row) for x, y, row in words]
    return parts


def _label(x: float, y: float, row: EvidenceRow) -> str:
    """What an edge says: the method, one standard deviation, and whether it was used."""
    words = f"{row.method.replace('_', ' ')} ±{in_ms(row.total_sd_ms)}"
    more = "" if row.state == "used" else row.state
    lines = [words, more] if more else [words]
    width = 6.6 * max(map(len, lines)) + 10
    top = y - _LINE_PX * len(lines) / 2 - 2
    box = f'<rect class="paper" x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
    parts = [f'{box}height="{_LINE_PX * len(lines) + 4}" rx="4"/>']
    for index, line in enumerate(lines):
        at = top + _LINE_PX * (index + 1) - 1
        parts.append(f'<text x="{x:.1f}" y="{at:.1f}" text-anchor="middle">{escape(line)}</text>')
    return "".join(parts)


def _node(name: str, place: tuple[float, float], status: Status, *, is_reference: bool) -> str:
    """A clock with its verdict: never by colour alone."""
    x, y = place
    shown = name if len(name) <= _NAME_LETTERS else f"…{name[1 - _NAME_LETTERS :]}"
    verdict = "reference" if is_reference else f"{STATUS_MARKS[status]} {STATUS_WORDS[status]}"
    width = max(8.2 * len(shown), 6.6 * len(verdict)) + 24
    kind = "reference" if is_reference else str(status)
    return (
        f'<rect class="node {kind}" x="{x - width / 2:.1f}" y="{y - 22:.1f}" width="{width:.1f}" height="44" rx="10"/>'
        f'<text class="name" x="{x:.1f}" y="{y - 3:.1f}" text-anchor="middle">{escape(shown)}</text>'
        f'<text x="{x:.1f}" y="{y + 14:.1f}" text-anchor="middle">{escape(verdict)}</text>'
    )


def _sentence(alignment: Alignment, rows: Sequence[EvidenceRow]) -> str:
    """The graph in words, for who does not see it."""
    edges = "; ".join(f"{row.clock} to {row.reference} by {row.method}, {row.state}" for row in rows) or "no evidence"
    return f"Graph of {len(alignment.clocks)} clocks, reference {alignment.reference}: {edges}"
