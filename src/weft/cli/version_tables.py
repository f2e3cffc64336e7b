"""What changed between two versions, as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from weft.cli.table_layout import WIDE, Column, fitted_table
from weft.cli.tables import plain

if TYPE_CHECKING:
    from rich.table import Table

    from weft.dataset import Changes
    from weft.dataset.version_changes import ClockChange

_MARKS = {"added": "[green]added[/]", "removed": "[red]removed[/]", "changed": "[yellow]changed[/]"}


def changes_tables(changes: Changes, *, width: int = WIDE) -> Iterator[Table | str]:
    """Recordings, clocks, things and options that changed, a table each; one line where nothing did."""
    before = f"version {changes.before}" if changes.before else "nothing"
    title = f"{before} to version {changes.after}"
    if not (changes.recordings or changes.recipe):
        yield f"{title}: nothing changed"
        return
    yield _recordings_table(changes, title, width)
    if changes.clocks:
        yield _clocks_table(changes, width)
    if changes.rows:
        columns = [Column("recording"), Column("what"), *(Column(name, right=True) for name in _MARKS)]
        cells = [
            [plain(row.recording), plain(row.what), f"{row.added:,}", f"{row.removed:,}", f"{row.changed:,}"]
            for row in changes.rows
        ]
        yield fitted_table("Capsules and labels", columns, cells, width=width)
    if changes.recipe:
        columns = [Column("option"), Column("before"), Column("after")]
        options = [[plain(name), *(plain(json.dumps(v)) for v in pair)] for name, pair in changes.recipe.items()]
        yield fitted_table("Recipe", columns, options, width=width)


def _recordings_table(changes: Changes, title: str, width: int) -> Table:
    """Which recordings came, went and changed."""
    columns = [Column("recording"), Column("change"), Column("tables", text=True)]
    rows = [
        [plain(name), _MARKS[how], plain(", ".join(changes.tables.get(name, ())))]
        for name, how in changes.recordings.items()
    ]
    return fitted_table(title, columns, rows, width=width)


def _clocks_table(changes: Changes, width: int) -> Table:
    """How far clocks moved."""
    columns = [
        Column("recording"),
        Column("clock"),
        Column("status"),
        Column("moved ms", right=True),
        Column("95 % error ms", right=True),
    ]
    return fitted_table("Clocks", columns, [_clock_cells(change) for change in changes.clocks], width=width)


def _clock_cells(change: ClockChange) -> list[str]:
    """One clock's row."""
    return [
        plain(change.recording),
        plain(change.clock),
        _from_to(change.before or "absent", change.after or "absent"),
        f"{change.moved_ms:.3f}" if change.moved_ms is not None else "–",
        _from_to(*(f"{e:.3f}" if e is not None else "–" for e in (change.error95_before_ms, change.error95_after_ms))),
    ]


def _from_to(before: str, after: str) -> str:
    """Both values where they differ, else the one."""
    return after if before == after else f"{before} → {after}"
