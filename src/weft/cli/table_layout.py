"""Tables that fit the terminal: what matters least is left out before a word is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

WIDE = 160
"""The width of a pipe, which has none of its own."""

_PADDING = 3
_LEAST_TEXT = 18


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    heading
        Its heading, with the unit.
    right
        Whether it is set to the right, as numbers are.
    text
        Whether its cells are sentences that may go over several lines.
    expendable
        0 for a column that always stays; of the others the highest goes first where there is no room.
    """

    heading: str
    right: bool = False
    text: bool = False
    expendable: int = 0


def fitted_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int = WIDE) -> Table:
    """A table of at most ``width`` characters where that is possible.

    Parameters
    ----------
    title
        Markup, as are all cells.
    columns, rows
        Each row has a cell for each column.
    width
        Characters in a line.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    kept = _columns_that_fit(columns, rows, width)
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for index in kept:
        column = columns[index]
        table.add_column(
            column.heading,
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=not column.text,
        )
    for row in rows:
        table.add_row(*(row[index] for index in kept))
    return table


def _columns_that_fit(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The columns that have room beside each other, the expendable ones gone first."""
    needs = [_needed(column, [row[index] for row in rows]) for index, column in enumerate(columns)]
    kept = list(range(len(columns)))
    while sum(needs[index] + _PADDING for index in kept) + 1 > width:
        expendable = [index for index in kept if columns[index].expendable]
        if not expendable:
            break
        kept.remove(max(expendable, key=lambda index: columns[index].expendable))
    return kept


def _needed(column: Column, cells: Sequence[str]) -> int:
    """How wide a column must be so that nothing in it is broken; sentences go over several lines."""
    widest = _widest([column.heading, *cells])
    return min(_LEAST_TEXT, widest) if column.text else widest


def _widest(cells: Sequence[str]) -> int:
    """Characters of the widest cell, markup not counted."""
    from rich.text import Text

    return max((Text.from_markup(cell).cell_len for cell in cells), default=0)
