"""From a table's file to its columns: which are time, numbers, texts or spans, and all checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np

from weft.core import Epoch, Finding, Reset, Severity, UnreadableError, UnsupportedError, UsageError
from weft.readers.protocol import Request
from weft.readers.tables.arrow_rows import ArrowRows, ParquetSamples
from weft.readers.tables.checks import broken_findings, in_order, layout_findings, value_findings
from weft.readers.tables.choice import Choice
from weft.readers.tables.column_units import unit_of
from weft.readers.tables.columns import Columns, Rows, load_columns, numeric_names, sample_rows, too_large_names
from weft.readers.tables.event_tables import SpanColumns, find_spans
from weft.readers.tables.signatures import ARROW_MARK, ARROW_SUFFIXES, FEATHER_1_MARK, JSON_SUFFIXES, PARQUET_MARK
from weft.readers.tables.text_layout import find_layout
from weft.readers.tables.text_rows import DelimitedRows, JsonRows, parse_object
from weft.readers.tables.time_columns import TimeRule, declared_rule, epoch_of, find_time_column, infer_rule, unit_word
from weft.readers.tables.wrapped_counter import without_wraps


@dataclass(frozen=True, eq=False)
class Table:
    """A table that was read and checked.

    Parameters
    ----------
    columns
        What it holds; the numbers are empty where ``lazy`` gives them.
    epoch
        What its clock counts from.
    units
        Each column's unit, empty where none is named.
    spans
        The columns that bound its spans, if it is a table of spans.
    rate_hz
        The declared rate of a table without a time column.
    lazy
        The numbers of a Parquet file, read when asked for.
    side_rows
        The rows that the choice's pattern matched, as written.
    resets
        Where its time's counter wrapped around.
    """

    columns: Columns
    epoch: Epoch
    units: Mapping[str, str]
    findings: tuple[Finding, ...]
    spans: SpanColumns | None = None
    rate_hz: Decimal | None = None
    lazy: ParquetSamples | None = None
    side_rows: tuple[str, ...] = ()
    resets: tuple[Reset, ...] = ()


@dataclass(frozen=True)
class _Plan:
    """Which column is what."""

    time_column: str
    rule: TimeRule
    spans: SpanColumns | None
    numeric: tuple[str, ...]
    texts: tuple[str, ...]
    exact: dict[str, TimeRule]
    left_out: tuple[str, ...]
    findings: tuple[Finding, ...] = field(default=())


def open_rows(request: Request, side_rows: str = "") -> Rows:
    """The rows of the file, whichever format it is in.

    Raises
    ------
    UnreadableError
        If it is empty or its bytes contradict its suffix.
    """
    with request.path.open("rb") as file:
        head = file.read(4096)
    if not head.strip():
        raise UnreadableError(f"{request.name}: expected a table, found an empty file; record or export it again")
    if head.startswith(FEATHER_1_MARK):
        raise UnsupportedError(f"{request.name}: Feather version 1 is not read; save it again as Feather 2 or Parquet")
    if head.startswith((PARQUET_MARK, ARROW_MARK)):
        return ArrowRows(request.path, request.name)
    if request.path.suffix.lower() in ARROW_SUFFIXES:
        raise UnreadableError(f"{request.name}: expected Parquet or Arrow, found other bytes; export it again")
    first = head.lstrip(b"\xef\xbb\xbf \r\n\t").split(b"\n", 1)[0]
    is_json = first.startswith(b"{") and parse_object(first.decode("utf-8", "replace")) is not None
    if is_json or request.path.suffix.lower() in JSON_SUFFIXES:
        return JsonRows(request.path, request.name)
    return DelimitedRows(request.path, request.name, find_layout(request.path, request.name), side_rows)


def load_table(request: Request, choice: Choice | None = None) -> Table:
    """The table of the request, read and checked.

    Raises
    ------
    UnreadableError
        If it is empty or damaged, or its time runs backwards.
    UnsupportedError
        If no column looks like its time and no rate is declared, or it is too wide.
    UsageError
        If an option does not fit the file.
    """
    choice = choice or Choice()
    rows = open_rows(request, choice.side_rows)
    plan = _plan(request, rows, choice)
    columns, lazy = _load(rows, plan)
    findings = [*plan.findings, *columns.findings, *_file_findings(request.name, rows, plan, len(columns))]
    resets: tuple[Reset, ...] = ()
    if not plan.spans:
        columns, wrap_notes, resets = without_wraps(columns, request.name)
        columns, sorted_notes = in_order(columns, request.name, request.options)
        findings += [*wrap_notes, *sorted_notes, *value_findings(columns, request.name)]
    first_ns = int(columns.times_ns[0]) if len(columns) else 0
    return Table(
        columns,
        epoch_of(plan.rule, first_ns) if plan.time_column else Epoch.START,
        _units(rows),
        tuple(findings),
        plan.spans,
        None if plan.time_column else Decimal(str(request.options["rate_hz"])),
        lazy,
        tuple(rows.sides) if isinstance(rows, DelimitedRows) else (),
        resets,
    )


def _load(rows: Rows, plan: _Plan) -> tuple[Columns, ParquetSamples | None]:
    """The columns; Parquet's numbers stay in the file if every row has a time and none falls."""

    def load(rows: Rows, numeric: tuple[str, ...]) -> Columns:
        return load_columns(
            rows, time_column=plan.time_column, rule=plan.rule, numeric=numeric, texts=plan.texts, exact=plan.exact
        )

    if isinstance(rows, ArrowRows) and rows.is_parquet and plan.time_column and not (plan.spans or rows.lists):
        columns = load(rows.only(tuple(n for n in rows.names if n in (plan.time_column, *plan.texts))), ())
        lazy = ParquetSamples.of(rows.path, plan.numeric)
        if len(columns) == lazy.shape[0] and not np.any(np.diff(columns.times_ns) < 0):
            return columns, lazy
    return load(rows, plan.numeric), None


def _plan(request: Request, rows: Rows, choice: Choice) -> _Plan:
    """Which column is what, by the options, the dialect, the names and the first rows."""
    sample = sample_rows(rows)
    has_header = not isinstance(rows, DelimitedRows) or rows.layout.has_header
    named = str(request.options.get("time_column", "") or choice.time_column)
    spans = None if named else find_spans(rows.names, sample, has_header=has_header)
    time_column = spans.start if spans else _time_column(request, rows.names, sample, named)
    rule, assumed = _time_rule(request, time_column, sample, choice, spans)
    if isinstance(rows, DelimitedRows) and rows.layout.decimal_comma:
        rule = replace(rule, decimal_comma=True)
    exact = _bound_rules(spans, rule) if spans else {}
    other = {time_column, *choice.without, *exact}
    kept = {name: cells for name, cells in sample.items() if name not in other}
    numeric = dict.fromkeys(numeric_names(kept))
    large = dict.fromkeys(too_large_names(kept, tuple(numeric)))
    nested = rows.nested if isinstance(rows, ArrowRows) else ()
    texts = tuple(name for name in kept if name not in numeric)
    return _Plan(
        time_column, rule, spans, tuple(n for n in numeric if n not in large), texts, exact, (*large, *nested), assumed
    )


def _bound_rules(spans: SpanColumns, rule: TimeRule) -> dict[str, TimeRule]:
    """How the stop or the duration of spans is read: as the start, unless its name states a unit."""
    if spans.stop:
        return {spans.stop: rule}
    stated = unit_word(spans.duration) or ("s" if rule.unit == "date" else rule.unit)
    return {spans.duration: replace(rule, unit=stated)}


def _time_column(request: Request, names: Sequence[str], sample: Mapping[str, Sequence[str]], named: str) -> str:
    """The time column that is named or found; empty with a declared rate."""
    if named and named not in names and not request.options.get("time_column"):
        raise UnreadableError(
            f"{request.name}: expected the column {named!r}, found {', '.join(names[:20])}; the header may be cut off"
        )
    if named and named not in names:
        raise UsageError(f"{request.name}: has no column {named!r}; it has {', '.join(names[:20])}")
    found = named or find_time_column(names, sample)
    if not found and not request.options.get("rate_hz"):
        raise UnsupportedError(
            f"{request.name}: expected a column that holds the time, found {', '.join(names[:12])}"
            f'{" ..." if len(names) > 12 else ""}; name it in recording.toml (time_column = "..."), '
            "or give the sampling rate of a table without one (rate_hz = 100)"
        )
    return found


def _time_rule(
    request: Request, column: str, sample: Mapping[str, Sequence[str]], choice: Choice, spans: SpanColumns | None
) -> tuple[TimeRule, tuple[Finding, ...]]:
    """How the time column is read: declared, known to the dialect, or inferred."""
    rule = declared_rule(request.options)
    if rule is not None or not column:
        return rule or TimeRule("samples", Decimal(1)), ()
    if choice.time_unit:
        return TimeRule(choice.time_unit), ()
    if not sample[column]:
        return TimeRule("s"), ()
    rule, assumed = infer_rule(request.name, column, sample[column])
    fractions = any("." in cell for cell in sample[column])
    if spans and assumed and rule.unit in ("ms", "us", "ns") and fractions:
        # Spans have no sampling rate to tell a unit by; written fractions are seconds.
        note = f"column {column!r} does not name its unit; its fractions were taken as seconds"
        return TimeRule("s"), (replace(assumed[0], message=note, severity=Severity.INFO),)
    return rule, assumed


def _units(rows: Rows) -> dict[str, str]:
    """Each column's unit, from its name or the units row."""
    row = rows.layout.units if isinstance(rows, DelimitedRows) else ("",) * len(rows.names)
    return {name: unit_of(name) or cell.strip("[]() ") for name, cell in zip(rows.names, row, strict=True)}


def _file_findings(name: str, rows: Rows, plan: _Plan, read: int) -> Iterator[Finding]:
    """Remarks on the file itself."""
    if isinstance(rows, DelimitedRows | JsonRows):
        yield from broken_findings(rows.broken, read, name)
    if isinstance(rows, JsonRows) and rows.late:
        yield Finding(
            "columns_left_out",
            Severity.WARNING,
            name,
            f"{len(rows.late)} names appear only after the first thousand lines and were left out: "
            f"{', '.join(sorted(rows.late)[:5])}",
            "write every name in every line, with null where there is no value",
            {"columns": float(len(rows.late))},
        )
    if isinstance(rows, DelimitedRows):
        yield from layout_findings(rows.layout, rows.path, name)
    if plan.left_out:
        yield Finding(
            "columns_left_out",
            Severity.INFO,
            name,
            f"{len(plan.left_out)} columns hold integers beyond 2**53 or nested values, which no float64 holds, "
            f"and were left out: {', '.join(plan.left_out[:5])}",
            "if one of them is the time, name it with time_column",
            {"columns": float(len(plan.left_out))},
        )
    if not read:
        yield Finding("no_rows", Severity.WARNING, name, "the table has columns but no rows", "export it again")
