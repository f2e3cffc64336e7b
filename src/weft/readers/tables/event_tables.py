"""Tables whose rows are labelled spans: a start, a stop or a duration, and words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from weft.core import Annotation, Finding, Interval, Severity, UnreadableError
from weft.readers.annotations.kinds import is_silence, kind_of_tier
from weft.readers.tables.column_units import words_of
from weft.readers.tables.columns import Columns
from weft.readers.tables.text_layout import is_missing, is_number

_START = frozenset({"start", "begin", "onset", "from", "tmin", "xmin"})
_STOP = frozenset({"stop", "end", "offset", "to", "tmax", "xmax"})
_DURATION = frozenset({"duration", "dur"})
_FILLING = frozenset({"time", "timestamp", "stamp", "s", "ms", "us", "ns", "sec", "secs", "seconds", "ts"})
_LABEL = ("label", "labels", "text", "transcript", "utterance", "word", "name", "value", "event", "type", "category")
_TIER = ("tier", "speaker", "channel", "participant")


@dataclass(frozen=True)
class SpanColumns:
    """Which columns of a table bound its spans; ``stop`` or ``duration`` is empty."""

    start: str
    stop: str = ""
    duration: str = ""


def find_spans(names: Sequence[str], sample: Mapping[str, Sequence[str]], *, has_header: bool) -> SpanColumns | None:
    """The columns that bound labelled spans, or ``None`` for a table of samples.

    With a header its words decide (``start_time``, ``end timestamp [ns]``, ``onset`` and
    ``duration``). Without one, three columns of start, stop and text do, as audio editors
    write label tracks.
    """
    if not has_header:
        return _label_track(names, sample)
    found = {
        kind: _named(names, words) for kind, words in (("start", _START), ("stop", _STOP), ("duration", _DURATION))
    }
    if found["start"] and (found["stop"] or found["duration"]):
        return SpanColumns(found["start"], found["stop"], "" if found["stop"] else found["duration"])
    return None


def _named(names: Sequence[str], wanted: frozenset[str]) -> str:
    """The first name that consists of a wanted word and nothing but words for time."""
    for name in names:
        words = words_of(name)
        if sum(word in wanted for word in words) == 1 and all(word in wanted | _FILLING for word in words):
            return name
    return ""


def _label_track(names: Sequence[str], sample: Mapping[str, Sequence[str]]) -> SpanColumns | None:
    """The spans of a headerless table of start, stop and text."""
    if len(names) != 3:
        return None
    starts, stops, labels = (sample[name] for name in names)
    if not starts or not all(map(is_number, [*starts, *stops])) or all(is_number(cell) for cell in labels):
        return None
    pairs = [(float(a), float(b)) for a, b in zip(starts, stops, strict=True)]
    rising = all(a[0] <= b[0] for a, b in pairwise(pairs))
    return SpanColumns(names[0], names[1]) if rising and all(a <= b for a, b in pairs) else None


def span_annotations(
    columns: Columns, spans: SpanColumns, *, name: str, clock: str, kind: str = ""
) -> tuple[tuple[Annotation, ...], tuple[Finding, ...]]:
    """One annotation for each row of a table of spans.

    Parameters
    ----------
    columns
        The table; its times are the starts, the stops or durations are among its exact columns.
    kind
        What all rows are; by default told by the tier, else ``"label"``.

    Returns
    -------
    tuple
        The annotations, and Findings on silences that were left out and on spans without
        a stop, which become points.

    Raises
    ------
    UnreadableError
        If a span stops before it starts.
    """
    bound_ns, bounded = columns.exact[spans.stop or spans.duration]
    stops_ns = np.where(bounded, bound_ns if spans.stop else columns.times_ns + bound_ns, columns.times_ns)
    wrong = np.flatnonzero(stops_ns < columns.times_ns)
    if wrong.size:
        row = int(wrong[0])
        raise UnreadableError(
            f"{name}: expected spans that stop after they start, found {wrong.size} that do not, first row {row + 1} "
            f"of the data ({columns.times_ns[row]} .. {stops_ns[row]} ns); correct them in the source"
        )
    texts = {column: text.values() for column, text in columns.texts.items()}
    label, tier = _pick(texts, _LABEL), _pick(texts, _TIER)
    label = label or next((column for column, cells in texts.items() if column != tier and len(set(cells)) > 1), "")
    annotations = []
    for row, (start_ns, stop_ns) in enumerate(zip(columns.times_ns.tolist(), stops_ns.tolist(), strict=True)):
        rest = {c: cells[row] for c, cells in texts.items() if c not in (label, tier) and not is_missing(cells[row])}
        numbers = {c: float(v) for c, v in zip(columns.names, columns.values[row], strict=True) if v == v}
        if label and is_silence(texts[label][row]):
            continue
        tier_name = texts[tier][row] if tier else "" if label.lower() in (*_LABEL, "column_3") else label
        annotations.append(
            Annotation(
                kind or kind_of_tier(tier_name or label),
                Interval(start_ns, stop_ns),
                clock,
                texts[label][row] if label else numbers,
                method=name,
                tier=tier_name,
                details={**rest, **numbers} if label else rest,
            )
        )
    return tuple(annotations), tuple(_span_findings(name, len(columns) - len(annotations), int((~bounded).sum())))


def _span_findings(name: str, silent: int, unbounded: int) -> Iterator[Finding]:
    """Remarks on spans that were left out or have no stop."""
    if silent:
        message = f"{silent} spans that are labelled as silence, or not at all, were left out"
        yield Finding("silences_left_out", Severity.INFO, name, message)
    if unbounded:
        message = f"{unbounded} spans have no stop and were read as points"
        yield Finding("spans_without_stop", Severity.WARNING, name, message, "complete them in the source")


def _pick(texts: Mapping[str, Sequence[str]], wanted: Sequence[str]) -> str:
    """The text column whose name has a wanted word in it, the first wanted word first."""
    for word in wanted:
        for column in texts:
            if word in words_of(column):
                return column
    return ""
