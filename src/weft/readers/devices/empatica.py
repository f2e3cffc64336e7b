"""Empatica E4 sessions: a file for each sensor, its first line the start, its second the rate.

``ACC.csv`` (1/64 g), ``BVP.csv``, ``EDA.csv`` (microsiemens), ``TEMP.csv`` (degrees
Celsius) and ``HR.csv`` hold samples at a declared rate from a Unix time on; ``IBI.csv``
holds pairs of seconds since its start and interval; ``tags.csv`` holds Unix times at
which the button was pressed. All files of a session folder read one clock, the device's.

Format: ``info.txt`` of every session.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from weft.core import (
    NS_PER_S,
    Annotation,
    ArraySamples,
    Clock,
    Epoch,
    Finding,
    Interval,
    ListedTimeline,
    Modality,
    RegularTimeline,
    Stream,
    Timeline,
    UnreadableError,
)
from weft.readers.devices.device_folders import holds_only
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.text_layout import Layout, is_number

_SIGNALS: dict[str, tuple[str, Modality, tuple[str, ...], str]] = {
    "ACC": ("accelerometer", Modality.MOTION, ("x", "y", "z"), "1/64 g"),
    "BVP": ("bvp", Modality.PHYSIOLOGY, ("bvp",), ""),
    "EDA": ("eda", Modality.PHYSIOLOGY, ("eda",), "uS"),
    "TEMP": ("temperature", Modality.PHYSIOLOGY, ("temperature",), "degC"),
    "HR": ("heart_rate", Modality.PHYSIOLOGY, ("heart_rate",), "bpm"),
    "IBI": ("ibi", Modality.EVENT, ("ibi",), "s"),
}
_OWN = r"(ACC|BVP|EDA|TEMP|HR|IBI|tags)\.csv|info\.txt"
_EPOCH_S = (946_684_800, 2_305_843_009)
"""2000-01-01 to the last instant that is stored; no E4 recorded before."""


class EmpaticaReader:
    """Reads a session's folder, or one of its files."""

    name = "empatica"

    def recognises(self, probe: Probe) -> bool:
        """Whether a file starts with a Unix time and a rate, or a folder holds nothing but such files."""
        if probe.is_folder:
            sensors = {Path(entry).stem for entry in probe.entries} & _SIGNALS.keys()
            return len(sensors) >= 2 and holds_only(probe.entries, _OWN)
        stem = probe.path.stem.upper()
        if probe.suffix != ".csv" or stem not in _SIGNALS:
            return False
        lines = probe.head.decode("latin-1").splitlines()[:2]
        return not lines or _start_ns(lines[0]) is not None

    def read(self, request: Request) -> Contents:
        """A stream for each sensor; button presses are annotations of kind ``event``.

        Raises
        ------
        UnreadableError
            If a file lacks its two lines of header or more than a tenth of its rows are broken.
        """
        if not request.path.is_dir():
            return _read_file(request)
        parts = []
        for path in sorted(request.path.iterdir()):
            inner = Request(path, f"{request.name}/{path.name}", request.clock, request.options)
            if path.stem in _SIGNALS and path.suffix == ".csv":
                parts.append(_read_file(inner))
            elif path.name == "tags.csv":
                parts.append(_read_tags(inner))
        return Contents(
            tuple(stream for part in parts for stream in part.streams),
            (Clock(request.clock, Epoch.UNIX),),
            tuple(annotation for part in parts for annotation in part.annotations),
            (),
            tuple(finding for part in parts for finding in part.findings),
        )


def _start_ns(line: str) -> int | None:
    """The Unix time in a header line's first cell."""
    cell = line.split(",")[0].strip()
    if not is_number(cell) or not _EPOCH_S[0] <= Decimal(cell) < _EPOCH_S[1]:
        return None
    return int((Decimal(cell) * NS_PER_S).to_integral_value())


def _read_file(request: Request) -> Contents:
    """One sensor's stream."""
    from weft.readers.tables.checks import broken_findings
    from weft.readers.tables.columns import load_columns
    from weft.readers.tables.text_rows import DelimitedRows
    from weft.readers.tables.time_columns import TimeRule

    with request.path.open("rb") as file:
        first, second = file.readline(200), file.readline(200)
    start_ns = _start_ns(first.decode("latin-1"))
    if start_ns is None:
        raise UnreadableError(f"{request.name}: expected a Unix time in its first line, found {first[:40]!r}")
    stem = request.path.stem.upper()
    signal, modality, channels, unit = _SIGNALS[stem]
    offset = len(first) if stem == "IBI" else len(first) + len(second)
    names = ("time", "ibi") if stem == "IBI" else channels
    layout = Layout("utf-8", ",", offset, names, True, ("",) * len(names))
    rows = DelimitedRows(request.path, request.name, layout)
    if stem == "IBI":
        columns = load_columns(rows, time_column="time", rule=TimeRule("s"), numeric=("ibi",))
        timeline: Timeline = ListedTimeline(columns.times_ns + start_ns)
        rate = None
    else:
        rate = _rate(request, second.decode("latin-1"))
        columns = load_columns(rows, time_column="", rule=TimeRule("samples"), numeric=channels)
        timeline = RegularTimeline(start_ns, rate, len(columns))
    stream = Stream(
        f"{request.clock}/{signal}",
        modality,
        request.clock,
        timeline,
        ArraySamples(columns.values),
        nominal_rate_hz=float(rate) if rate else None,
        channels=channels,
        units=(unit,) * len(channels),
        source=request.name,
    )
    findings: tuple[Finding, ...] = (*columns.findings, *broken_findings(rows.broken, len(columns), request.name))
    return Contents((stream,), (Clock(request.clock, Epoch.UNIX),), (), (), findings)


def _rate(request: Request, line: str) -> Fraction:
    """The rate in a file's second line."""
    cell = line.split(",")[0].strip()
    if not is_number(cell) or not Fraction(cell) > 0:
        raise UnreadableError(f"{request.name}: expected a sampling rate in its second line, found {cell[:40]!r}")
    return Fraction(cell)


def _read_tags(request: Request) -> Contents:
    """The button presses."""
    times_ns = [_start_ns(cell) for cell in request.path.read_text("latin-1").split()]
    presses = tuple(
        Annotation("event", Interval(t, t), request.clock, "button", method=request.name, tier="tags")
        for t in times_ns
        if t is not None
    )
    return Contents(annotations=presses)
