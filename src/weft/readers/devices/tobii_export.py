"""Tables that Tobii's screen trackers export: TX300 style, and Tobii Pro Lab's TSV.

TX300 style columns are called ``LGazePos2dx``, ``RPupilDm`` and so on, the time counts
microseconds, and a validity of 4 says that the eye was not found: that eye's values (which
then hold -1 or 0) are missing. Pro Lab exports have a ``Recording timestamp``; the texts of
their ``Event`` column become annotations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from weft.core import Annotation, Finding, Interval, Modality, Severity
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.choice import Choice
from weft.readers.tables.dialects import load_table, table_contents
from weft.readers.tables.headers import header_of

if TYPE_CHECKING:
    from weft.readers.tables.loading import Table

_EYE_NOT_FOUND = 4


class TobiiExportReader:
    """Reads the exports of Tobii's screen trackers."""

    name = "tobii_export"

    def recognises(self, probe: Probe) -> bool:
        """Whether the header has the columns of either export."""
        header = header_of(probe)
        return {"LGazePos2dx", "RGazePos2dx"} <= header or (_lab_time(header) != "" and _has_gaze(header))

    def read(self, request: Request) -> Contents:
        """The samples as one stream of gaze, events as annotations.

        Raises
        ------
        UnreadableError
            If the table is broken or its time runs backwards.
        """
        with request.path.open("rb") as file:
            header = header_of(Probe(request.path, file.read(65_536)))
        if "LGazePos2dx" in header:
            choice = Choice(time_column="Time", time_unit="us", modality=Modality.GAZE, signal="gaze")
        else:
            choice = Choice(time_column=_lab_time(header), modality=Modality.GAZE, signal="gaze")
        table, lost = _without_lost_eyes(request, load_table(request, choice))
        contents = table_contents(request, table, choice)
        streams = tuple(stream for stream in contents.streams if stream.channels != ("Event",))
        findings = (*contents.findings, *lost)
        return replace(contents, streams=streams, annotations=tuple(_events(request, table)), findings=findings)


def _lab_time(header: frozenset[str]) -> str:
    """The time column of a Pro Lab export."""
    return next((name for name in sorted(header) if name.lower().startswith("recording timestamp")), "")


def _has_gaze(header: frozenset[str]) -> bool:
    """Whether a Pro Lab export holds gaze."""
    return any(name.lower().startswith("gaze point") for name in header)


def _without_lost_eyes(request: Request, table: Table) -> tuple[Table, tuple[Finding, ...]]:
    """The table with the values of eyes that were not found missing, and how many rows that are."""
    columns, lost = table.columns, {}
    values = columns.values.copy()
    for side in ("L", "R"):
        if f"{side}Validity" not in columns.names:
            continue
        rows = columns.column(f"{side}Validity") == _EYE_NOT_FOUND
        eye = [i for i, name in enumerate(columns.names) if name.startswith(side) and name != f"{side}Validity"]
        values[np.ix_(rows, eye)] = np.nan
        lost[side] = int(rows.sum())
    if not any(lost.values()):
        return table, ()
    note = Finding(
        "invalid_samples",
        Severity.INFO,
        request.name,
        f"the left eye was not found in {lost.get('L', 0)}, the right in {lost.get('R', 0)} of {len(columns)} rows; "
        "its values there are missing",
        numbers={"left": float(lost.get("L", 0)), "right": float(lost.get("R", 0))},
    )
    return replace(table, columns=replace(columns, values=values)), (note,)


def _events(request: Request, table: Table) -> Iterator[Annotation]:
    """The texts of the event column, where there is one."""
    text = table.columns.texts.get("Event")
    if text is None:
        return
    for row, label in enumerate(text.values()):
        if label:
            at_ns = int(table.columns.times_ns[row])
            yield Annotation("event", Interval(at_ns, at_ns), request.clock, label, method=request.name, tier="Event")
