"""Logs of linuxptp: what ``ptp4l``, ``phc2sys`` and ``ts2phc`` print, plain or through syslog or the journal.

Lines such as::

    ptp4l[5374018.735]: master offset        -12 s2 freq   -5374 path delay      1234
    ptp4l[5374019.735]: rms  603 max 2100 freq  -5374 +/-  12 delay  1234 +/-   3
    phc2sys[5374018.9]: CLOCK_REALTIME phc offset  -5 s2 freq  +123 delay   456
    ptp4l[5374017.1]: port 1: UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED

The number in brackets counts from the computer's start and not by the clock that the line is about. So that
the readings are known, the lines need a date in front (``journalctl -o short-iso``), or ``recording.toml`` says
when the computer was started. Options:

``clock``, ``reference``, ``asymmetry_us``, ``asymmetry_sd_us``
    As for tables of PTP exchanges; the default reference is ``ptp:<identity>`` of the selected grandmaster.
``boot_unix_s``
    Unix time at which the bracketed number was 0.

Only lines with the servo in state ``s2`` or ``s3`` count; ``s0`` and ``s1`` say that the clock is still being set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from weft.core import NS_PER_S, Finding, Severity
from weft.readers.clock_logs.log_lines import date_in_front_ns, lines_of
from weft.readers.clock_logs.series import Series, contents_of
from weft.readers.protocol import Contents, Probe, Request

_DAEMON = re.compile(r"\b(ptp4l|phc2sys|ts2phc)(?:\[\d+\])?:?\s*\[(\d+\.\d+)\]:?\s+(?:\[[^\]]*\]\s+)?(.*)$")
_OFFSET = re.compile(r"\b(?:master|phc|sys)\s+offset\s+(-?\d+)\s+s(\d)\b(?:.*?delay\s+(-?\d+))?")
_SUMMARY = re.compile(r"rms\s+(\d+)\s+max\s+(\d+)\s+freq\s+[+-]?\d+\s+\+/-\s+\d+(?:\s+delay\s+(-?\d+))?")
_MASTER = re.compile(
    r"selected (?:best master clock|\S+ as PTP master|best)\s*([0-9a-f]{6}\.[0-9a-f]{4}\.[0-9a-f]{6})", re.I
)
_STATE = re.compile(r"port \d+.*?: (\w+) to (\w+) on (\w+)")
_LOCKED = 2


class LinuxptpReader:
    """Recognises logs of linuxptp by their lines; gives evidence of method ``ptp``."""

    name = "linuxptp"

    def recognises(self, probe: Probe) -> bool:
        """Whether one of the first lines is linuxptp's."""
        if probe.is_folder:
            return False
        lines = probe.head.decode("utf-8", "replace").splitlines()
        return sum(_DAEMON.search(line) is not None for line in lines) * 2 > max(1, len(lines) - 1)

    def read(self, request: Request) -> Contents:
        """The evidence; one series for each grandmaster that was followed.

        Raises
        ------
        UnreadableError
            If the file is empty or no text.
        """
        log = _parse(request)
        boot_ns = _boot_ns(request, log)
        findings = list(log.findings(request))
        if boot_ns is None:
            findings.append(_undated(request, log))
            return contents_of(request, "ptp", [], findings)
        series = []
        for master in dict.fromkeys(one.master for one in log.measured):
            these = [one for one in log.measured if one.master == master]
            series.append(_series(request, master, these, boot_ns))
        return contents_of(request, "ptp", series, findings)


@dataclass(frozen=True, slots=True)
class _Measured:
    """One line: seconds since the start, the clock minus its master, path delay and the line's own spread, ns."""

    at_s: float
    offset_ns: int
    delay_ns: int
    spread_ns: float
    master: str


@dataclass
class _Log:
    """What the lines said."""

    measured: list[_Measured] = field(default_factory=list)
    dates: list[tuple[float, int]] = field(default_factory=list)
    unlocked: int = 0
    summaries: int = 0
    left: list[str] = field(default_factory=list)

    def findings(self, request: Request) -> Sequence[Finding]:
        """Remarks on the servo and the port."""
        remarks = []
        if self.unlocked:
            remarks.append(
                Finding(
                    "not_following",
                    Severity.INFO,
                    request.clock,
                    f"{request.name}: {self.unlocked} of {self.unlocked + len(self.measured)} lines came before the "
                    "servo was locked (s0, s1) and were left out",
                    "start recording when the servo is in s2",
                    {"lines": self.unlocked},
                )
            )
        if self.left:
            remarks.append(
                Finding(
                    "port_state_left",
                    Severity.WARNING,
                    request.clock,
                    f"{request.name}: the port stopped following {len(self.left)} times, first by {self.left[0]}",
                    "the clock ran by itself meanwhile; look at the network",
                    {"times": len(self.left)},
                )
            )
        return remarks


def _parse(request: Request) -> _Log:
    """Every line that says something."""
    log, master = _Log(), ""
    for line in lines_of(request.path, request.name):
        found = _DAEMON.search(line)
        if found is None:
            continue
        at_s, said = float(found[2]), found[3]
        date_ns = date_in_front_ns(line)
        if date_ns is not None:
            log.dates.append((at_s, date_ns))
        if selected := _MASTER.search(said):
            master = selected[1].lower()
        elif (moved := _STATE.search(said)) and moved[1] == "SLAVE":
            log.left.append(moved[3])
        elif summary := _SUMMARY.search(said):
            # The root mean square of a second's offsets: around zero by nature, and no wider than it says.
            log.summaries += 1
            log.measured.append(_Measured(at_s, 0, int(summary[3] or 0), float(summary[1]), master))
        elif offset := _OFFSET.search(said):
            if int(offset[2]) < _LOCKED:
                log.unlocked += 1
            else:
                log.measured.append(_Measured(at_s, int(offset[1]), int(offset[3] or 0), 0.0, master))
    return log


def _boot_ns(request: Request, log: _Log) -> int | None:
    """Unix time at which the bracketed count was zero; dates are cut off, so the latest start that they allow."""
    if "boot_unix_s" in request.options:
        return round(float(request.options["boot_unix_s"]) * NS_PER_S)
    starts = [date_ns - round(at_s * NS_PER_S) for at_s, date_ns in log.dates]
    return int(np.quantile(starts, 0.98)) if starts else None


def _series(request: Request, master: str, lines: Sequence[_Measured], boot_ns: int) -> Series:
    """The lines about one grandmaster."""
    reference = str(request.options.get("reference", "")) or (f"ptp:{master}" if master else f"{request.clock}/master")
    return Series(
        reference,
        np.array([boot_ns + round(one.at_s * NS_PER_S) for one in lines], dtype=np.int64),
        np.array([-one.offset_ns for one in lines], dtype=np.int64),
        np.maximum(0, np.array([one.delay_ns for one in lines], dtype=np.int64)),
        np.array([one.spread_ns for one in lines], dtype=np.float64),
    )


def _undated(request: Request, log: _Log) -> Finding:
    """Lines that only count from the computer's start."""
    offsets_us = [abs(one.offset_ns) / 1e3 for one in log.measured]
    worst = f"; the clock was within {max(offsets_us):.1f} us of its master" if offsets_us else ""
    return Finding(
        "undated_clock_log",
        Severity.WARNING,
        request.clock,
        f"{request.name}: {len(log.measured)} measurements count seconds since the computer's start, and nothing says "
        f"when that was{worst}",
        "write boot_unix_s for the file in recording.toml, or record with journalctl -o short-iso-precise",
        {"measurements": len(log.measured)},
    )
