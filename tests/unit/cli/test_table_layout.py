"""Tables fit the terminal: columns that matter least go before a word is broken."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from weft.cli.table_layout import Column, fitted_table

COLUMNS = (
    Column("stream"),
    Column("modality", expendable=1),
    Column("samples", right=True),
    Column("jitter ms", right=True, expendable=2),
    Column("note", text=True, expendable=3),
)
ROWS = [("recorder/audio", "audio", "921,924", "0.01", "a sentence that may go over several lines")] * 2


def shown(width: int) -> str:
    """The table as a terminal of that width shows it."""
    out = io.StringIO()
    Console(file=out, width=width).print(fitted_table("title", COLUMNS, ROWS, width=width))
    return out.getvalue()


def test_everything_is_there_where_there_is_room() -> None:
    assert all(column.heading in shown(120) for column in COLUMNS)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_nothing_is_wider_than_the_terminal_and_no_name_is_broken(width: int) -> None:
    text = shown(width)
    assert max(map(len, text.splitlines())) <= width
    assert text.count("recorder/audio") == 2 and text.count("921,924") == 2


def test_the_most_expendable_goes_first() -> None:
    text = shown(60)
    assert "note" not in text and "jitter ms" in text
