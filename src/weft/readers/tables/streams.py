"""From a table that was read to its streams, or to the annotations of a table of spans."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from weft.core import (
    ArraySamples,
    Clock,
    Epoch,
    Finding,
    ListedTimeline,
    Modality,
    RegularTimeline,
    Severity,
    Stream,
    Timeline,
    UsageError,
)
from weft.readers.protocol import Contents, Request
from weft.readers.tables.choice import Choice
from weft.readers.tables.column_units import modality_of
from weft.readers.tables.columns import CodedSamples
from weft.readers.tables.event_tables import span_annotations
from weft.readers.tables.loading import Table

_MAX_LABELS = 1000
"""A text column with more distinct texts than this, and than a tenth of its rows, is left out."""


def table_contents(request: Request, table: Table, choice: Choice | None = None) -> Contents:
    """The streams, or the annotations of a table of spans."""
    choice = choice or Choice()
    clock = Clock(request.clock, table.epoch, table.resets)
    describes = table.spans is not None and table.epoch is not Epoch.UNIX
    follows = bool(request.options.get("follows_stem", describes))
    if table.spans is not None:
        annotations, notes = span_annotations(
            table.columns, table.spans, name=request.name, clock=request.clock, kind=choice.kind
        )
        return Contents((), (clock,), annotations, (), (*table.findings, *notes), follows)
    numbers = _number_streams(request, table, choice)
    texts, notes = _text_streams(request, table, {stream.name for stream in numbers})
    return Contents((*numbers, *texts), (clock,), (), (), (*table.findings, *notes), follows)


def timeline_of(table: Table) -> Timeline:
    """When the rows of a table were taken."""
    if table.rate_hz is not None:
        return RegularTimeline(0, Fraction(table.rate_hz), len(table.columns))
    return ListedTimeline(table.columns.times_ns)


def signal_name(column: str) -> str:
    """A column's name as the last part of a stream's name.

    Examples
    --------
    >>> signal_name("Event message [1]")
    'event_message_1'
    """
    return re.sub(r"\W+", "_", column).strip("_").lower() or "text"


def part_stream(
    request: Request, table: Table, names: Sequence[str], *, modality: Modality, signal: str, **more: Any
) -> Stream:
    """A stream of some numeric columns of a table that was read into memory."""
    where = [table.columns.names.index(name) for name in names]
    return Stream(
        f"{request.clock}/{signal}",
        modality,
        request.clock,
        timeline_of(table),
        ArraySamples(table.columns.values[:, where]),
        channels=tuple(names),
        units=tuple(table.units.get(name, "") for name in names),
        source=request.name,
        **more,
    )


def _number_streams(request: Request, table: Table, choice: Choice) -> tuple[Stream, ...]:
    """The one stream of all numeric columns; a table of nothing but stamps gives samples of no columns."""
    names = table.lazy.columns if table.lazy is not None else table.columns.names
    if not names and table.columns.texts:
        return ()
    modality = _modality(request, names, choice)
    constants = {name: text.labels[0] for name, text in table.columns.texts.items() if len(text.labels) == 1}
    stream = Stream(
        f"{request.clock}/{choice.signal or modality}",
        modality,
        request.clock,
        timeline_of(table),
        table.lazy or ArraySamples(table.columns.values),
        nominal_rate_hz=float(rate) if (rate := request.options.get("rate_hz")) else None,
        channels=names,
        units=tuple(table.units.get(name, "") for name in names),
        source=request.name,
        details={"constants": constants} if constants else {},
    )
    return (stream,)


def _modality(request: Request, names: tuple[str, ...], choice: Choice) -> Modality:
    """What the numbers are: as the options say, as the dialect knows, as the names sound."""
    wanted = request.options.get("modality")
    if wanted is not None and wanted not in list(Modality):
        raise UsageError(f"{request.name}: modality is one of {', '.join(Modality)}, found {wanted!r}")
    if wanted is not None:
        return Modality(wanted)
    return choice.modality or (modality_of(names) if names else Modality.EVENT)


def _text_streams(request: Request, table: Table, taken: set[str]) -> tuple[tuple[Stream, ...], tuple[Finding, ...]]:
    """A stream for each text column that varies but does not vary in every row."""
    streams, crowded = [], []
    for name, text in table.columns.texts.items():
        if len(text.labels) > max(_MAX_LABELS, len(table.columns) / 10):
            crowded.append(name)
        elif len(text.labels) > 1 or not table.columns.names:
            stream_name = f"{request.clock}/{signal_name(name)}"
            while stream_name in taken:
                stream_name += "_text"
            taken.add(stream_name)
            samples = CodedSamples(text)
            streams.append(
                Stream(
                    stream_name,
                    Modality.TEXT,
                    request.clock,
                    timeline_of(table),
                    samples,
                    channels=(name,),
                    source=request.name,
                )
            )
    if not crowded:
        return tuple(streams), ()
    note = Finding(
        "text_left_out",
        Severity.INFO,
        request.name,
        f"{len(crowded)} text columns differ in too many rows to be markers, left out: {', '.join(crowded[:5])}",
        "texts with times are read from ELAN, TextGrid, WebVTT or a table with start, stop and label",
        {"columns": float(len(crowded))},
    )
    return tuple(streams), (note,)
