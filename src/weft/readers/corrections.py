"""What a person marked by hand: pairs of moments that belong together, a line of JSON each, never rewritten.

The page of ``weft correct`` appends to ``weft-corrections.jsonl`` in the recording's folder, or to
``NAME.weft-corrections.jsonl`` beside a recording that is one file or one bag. A line marks a pair or takes an
earlier one back; what is in force is what was marked and not taken back::

    {"weft": "correction", "id": "4f1c", "clock": "cam", "reference": "mic",
     "t_clock_ns": 12400000000, "t_reference_ns": 9587600000, "sd_ms": 9.6,
     "streams": ["cam/video", "mic/audio"], "written": "2026-03-01T10:22:31Z"}
    {"weft": "correction", "id": "77ab", "undoes": "4f1c", "written": "2026-03-01T10:23:02Z"}

Times are readings of each clock, as weft shows them. The pairs between two clocks become evidence of the
method ``human``. A line that was cut off (the power failed) is left out with a remark.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from weft.core import NS_PER_MS, Evidence, Finding, Severity, UnreadableError
from weft.core.times import EARLIEST_NS, LATEST_NS
from weft.readers.protocol import Contents, Probe, Request

CORRECTIONS_NAME = "weft-corrections.jsonl"
MARK = {"weft": "correction"}
"""By which a line is known."""

MAX_BYTES = 16 << 20
_START = b'{"weft": "correction"'


@dataclass(frozen=True)
class Pair:
    """One moment of a clock and the moment of another at which it happened, marked by a person."""

    id: str
    clock: str
    reference: str
    t_clock_ns: int
    t_reference_ns: int
    sd_ms: float
    streams: tuple[str, ...] = ()
    written: str = ""


def corrections_of(path: Path, *, is_whole: bool) -> Path:
    """Where a recording's corrections lie: in its folder, or beside a file or a folder that is one whole (a bag)."""
    beside = path.with_name(f"{path.name}.{CORRECTIONS_NAME}")
    return path / CORRECTIONS_NAME if path.is_dir() and not is_whole else beside


class CorrectionsReader:
    """Reads what a person marked as evidence between clocks of other files; it has no streams."""

    name = "corrections"

    def recognises(self, probe: Probe) -> bool:
        """Whether its first line is a correction."""
        return not probe.is_folder and probe.head.startswith(_START)

    def read(self, request: Request) -> Contents:
        """The pairs in force as evidence of the method ``human``.

        Raises
        ------
        UnreadableError
            If a whole line is no correction.
        """
        pairs, findings = read_pairs(request.path, name=request.name)
        return Contents(evidence=tuple(human_evidence(pairs)), findings=tuple(findings), names_others=True)


def read_pairs(path: Path, *, name: str = "") -> tuple[list[Pair], list[Finding]]:
    """The pairs in force of a file, none where there is no file, and a remark where a line was cut off.

    Raises
    ------
    UnreadableError
        If whole lines are no corrections; all are named at once.
    """
    name = name or path.name
    if not path.exists():
        return [], []
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableError(f"{name}: expected at most {MAX_BYTES >> 20} MiB of corrections")
    lines = path.read_bytes().split(b"\n")
    pairs: dict[str, Pair] = {}
    problems, findings = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            findings.append(_cut_off(name, number))
            continue
        try:
            _take(record, pairs)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            problems.append(f"{name}, line {number}: not a correction ({error}); remove the line")
    if problems:
        raise UnreadableError.gather(problems)
    return list(pairs.values()), findings


def _take(record: Any, pairs: dict[str, Pair]) -> None:
    """Put one line's pair in force, or take one back."""
    if not isinstance(record, dict) or record.get("weft") != MARK["weft"]:
        raise ValueError('expected "weft": "correction"')
    if "undoes" in record:
        pairs.pop(str(record["undoes"]), None)
        return
    pair = pair_of(record)
    pairs[pair.id] = pair


def pair_of(record: dict[str, Any]) -> Pair:
    """A pair from a JSON object.

    Raises
    ------
    ValueError, TypeError, KeyError
        If something is missing or cannot be.
    """
    t_clock_ns, t_reference_ns = record["t_clock_ns"], record["t_reference_ns"]
    for key, value in (("t_clock_ns", t_clock_ns), ("t_reference_ns", t_reference_ns)):
        if isinstance(value, bool) or not isinstance(value, int) or not EARLIEST_NS <= value <= LATEST_NS:
            raise ValueError(f"{key} must be a whole number of nanoseconds, found {value!r}")
    sd_ms = float(record["sd_ms"])
    if not 0.0 < sd_ms < 1e7:
        raise ValueError(f"sd_ms must be positive, found {record['sd_ms']!r}")
    names = [record["id"], record["clock"], record["reference"], *record.get("streams", ())]
    if not all(isinstance(one, str) and one and one.isprintable() for one in names):
        raise ValueError("id, clock, reference and streams must be printable text")
    if record["clock"] == record["reference"]:
        raise ValueError(f"a pair relates two clocks, found {record['clock']!r} twice")
    streams = tuple(record.get("streams", ()))
    written = str(record.get("written", ""))
    return Pair(record["id"], record["clock"], record["reference"], t_clock_ns, t_reference_ns, sd_ms, streams, written)


def human_evidence(pairs: Iterable[Pair]) -> list[Evidence]:
    """One piece of evidence for the pairs between any two clocks, in order of time."""
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        groups[pair.clock, pair.reference].append(pair)
    return [_evidence(group) for group in groups.values()]


def _evidence(group: Sequence[Pair]) -> Evidence:
    """The pairs of two clocks."""
    ordered = sorted(group, key=lambda pair: pair.t_clock_ns)
    return Evidence(
        clock=ordered[0].clock,
        reference=ordered[0].reference,
        times_ns=np.array([pair.t_clock_ns for pair in ordered], dtype=np.int64),
        offsets_ns=np.array([pair.t_reference_ns - pair.t_clock_ns for pair in ordered], dtype=np.int64),
        sds_ns=np.array([pair.sd_ms * NS_PER_MS for pair in ordered]),
        method="human",
        sources=tuple(dict.fromkeys(stream for pair in ordered for stream in pair.streams)),
        details={"marked": len(ordered)},
    )


def _cut_off(name: str, number: int) -> Finding:
    """The remark on a line that ends too early."""
    return Finding(
        "correction_cut_off",
        Severity.INFO,
        name,
        f"line {number} ends too early and was left out: it was being written when something stopped",
        "nothing to do; later corrections stand on lines of their own",
    )


def unknown_clocks(name: str, evidence: Evidence, known: Iterable[str]) -> Finding:
    """The remark on corrections of clocks that the recording does not have."""
    there = set(known)
    missing = sorted({evidence.clock, evidence.reference} - there)
    return Finding(
        "correction_of_unknown_clock",
        Severity.WARNING,
        name,
        f"{len(evidence)} marked pairs name {', '.join(missing)}, but the recording has {', '.join(sorted(there))}",
        "files were renamed or removed: name the clocks in recording.toml as they were, or mark anew",
        {"pairs": float(len(evidence))},
    )
