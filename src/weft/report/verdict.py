"""What can be trusted, in one sentence, and what not, in a short list."""

from __future__ import annotations

from dataclasses import dataclass

from weft.core import ClockAlignment, Severity, Status
from weft.report.data import RecordingData, ReportData
from weft.report.wording import in_ms

MOST_NAMED = 6
"""Names in one list before "and n more"."""


@dataclass(frozen=True)
class Verdict:
    """``tone`` is ``"good"``, ``"mixed"`` or ``"bad"``; the lists name streams and clocks."""

    tone: str
    sentence: str
    trusted: tuple[str, ...]
    doubtful: tuple[str, ...]


def verdict_of(data: ReportData) -> Verdict:
    """The verdict on everything that a report shows."""
    others = [(r, entry) for r in data.recordings for entry in r.alignment.clocks if _needs_a_map(r, entry)]
    by_status = {status: [(r, e) for r, e in others if e.status is status] for status in Status}
    errors = sum(f.severity is Severity.ERROR for r in data.recordings for f in r.findings)
    doubtful = _doubtful(by_status) + ((_errors(errors),) if errors else ())
    unusable = bool(others) and not by_status[Status.ALIGNED]
    tone = "bad" if unusable or not data.recordings else "mixed" if doubtful else "good"
    return Verdict(tone, _sentence(data, by_status), _trusted(data, by_status), doubtful)


Entries = dict[Status, list[tuple[RecordingData, ClockAlignment]]]


def _needs_a_map(recording: RecordingData, entry: ClockAlignment) -> bool:
    """Whether the clock is another than the reference, and something reads it."""
    return entry.clock.name != recording.alignment.reference and bool(entry.streams)


def _sentence(data: ReportData, by_status: Entries) -> str:
    """The verdict itself."""
    total = sum(len(entries) for entries in by_status.values())
    where = _count(len(data.recordings), "recording")
    if not data.recordings:
        return "There is no recording in this dataset, so there is nothing to trust."
    if not total:
        return f"Every stream of {where} reads its reference clock directly: there was nothing to align."
    aligned, weak, lost = (len(by_status[status]) for status in Status)
    if aligned == total:
        subject = "The one clock" if total == 1 else f"All {total} clocks"
        return (
            f"{subject} of {where} that had to be aligned {'is' if total == 1 else 'are'} known to within "
            f"{_worst(by_status)} (95\u00a0%): all streams can be used together."
        )
    parts = [f"{weak} {'is' if weak == 1 else 'are'} weak"] * bool(weak)
    parts += [f"{lost} could not be aligned"] * bool(lost)
    if not aligned:
        return (
            f"No clock of {where} could be aligned well ({' and '.join(parts)}): "
            "use each device's streams by themselves only."
        )
    return (
        f"{aligned} of {_count(total, 'clock')} in {where} {'is' if aligned == 1 else 'are'} aligned to within "
        f"{_worst(by_status)} (95\u00a0%); {' and '.join(parts)}: "
        f"keep {_those(weak + lost)} apart."
    )


def _those(count: int) -> str:
    """Which streams are meant."""
    return "that clock's streams" if count == 1 else "those clocks' streams"


def _worst(by_status: Entries) -> str:
    """The largest 95 % error of the aligned clocks."""
    errors = [row["error95_ms"] for _, entry in by_status[Status.ALIGNED] for row in entry.segments()]
    return in_ms(max(errors, default=None))


def _trusted(data: ReportData, by_status: Entries) -> tuple[str, ...]:
    """What can be used without a second thought."""
    known = [f"{_label(data, r)}{', '.join(e.streams)}" for r, e in by_status[Status.ALIGNED]]
    own = [f"{_label(data, r)}clock {r.alignment.reference}, the reference" for r in data.recordings]
    return _shortened([*known, *own])


def _doubtful(by_status: Entries) -> tuple[str, ...]:
    """What cannot, with the reason."""
    weak = [f"{', '.join(e.streams)} in {r.name}: weak clock{_because(e)}" for r, e in by_status[Status.WEAK]]
    lost = [
        f"{', '.join(e.streams)} in {r.name}: clock not aligned{_because(e)}" for r, e in by_status[Status.NOT_ALIGNED]
    ]
    return _shortened([*lost, *weak])


def _because(entry: ClockAlignment) -> str:
    """The solver's note."""
    return f" ({entry.note})" if entry.note else ""


def _errors(count: int) -> str:
    """That there are errors among the findings."""
    return f"{_count(count, 'error')} among the findings below"


def _label(data: ReportData, recording: RecordingData) -> str:
    """The recording's name where there are several."""
    return f"{recording.name}: " if len(data.recordings) > 1 else ""


def _shortened(items: list[str]) -> tuple[str, ...]:
    """The first few, and how many more there are."""
    if len(items) <= MOST_NAMED:
        return tuple(items)
    return (*items[: MOST_NAMED - 1], f"and {len(items) - MOST_NAMED + 1} more")


def _count(number: int, noun: str) -> str:
    """``1 clock``, ``2 clocks``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
