"""From a topic's three kinds of stamps to the one clock that its samples are read by.

A bag knows up to three times of a message::

    sensor ----- header.stamp ----- publisher -- publish time -- recorder -- log time
    (the device's or driver's clock)            (sender's clock)             (recorder's clock)

Samples are put on the earliest of them that is usable; the later ones stay beside them
as stamps by other clocks, and are evidence about the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_S, Clock, Epoch, Finding, Reset, Severity
from weft.core.times import Int64Array
from weft.dsp.counter_wrap import counter_of

UNIX_FROM_NS = 946_684_800 * NS_PER_S
"""2000-01-01: an earlier reading is not a wall clock's."""

FAR_NS = 2 * NS_PER_S
"""A header further from its log time than this was not stamped by the same wall clock moments before."""

SAME_DAYS = 1e-4
"""Two wall clocks read at the same time differ by no more of their whole reading: two days of half a century."""

SET_BACK_NS = NS_PER_S
WRAP_TOLERANCE_NS = 50_000_000
"""How well log times show by how much a clock fell; a counter's size nearer than that is exact."""

SET_FORWARD_NS = 3600 * NS_PER_S

_SUSPICIONS = (
    (37, "TAI instead of UTC (37 s ahead; a PTP clock whose utc offset was not applied)"),
    (18, "GPS time instead of UTC (18 s ahead)"),
    (19, "TAI instead of GPS time (19 s)"),
)


@dataclass(frozen=True, eq=False)
class Settled:
    """The order of a topic's messages, their times by its clock, and the other stamps in that order."""

    clock: Clock
    order: NDArray[np.intp]
    times_ns: Int64Array
    stamps: dict[str, Int64Array]
    findings: tuple[Finding, ...]


def epoch_of(times_ns: Int64Array) -> Epoch:
    """Whether readings are those of a wall clock or of one that counts from a start."""
    return Epoch.UNIX if times_ns.size and int(np.median(times_ns)) > UNIX_FROM_NS else Epoch.BOOT


def settle(
    subject: str, log_clock: str, log_ns: Int64Array, publish_ns: Int64Array, header_ns: Int64Array | None
) -> Settled:
    """The clock of one topic.

    Parameters
    ----------
    subject
        The topic's name, which is also that of its own clock when its headers are usable.
    log_clock
        The recorder's clock.
    log_ns, publish_ns
        Times of every message, int64 (n); publish times that equal the log times are none.
    header_ns
        Header stamps, int64 (n); ``None`` for a type without header.

    Notes
    -----
    Stamps that are all zero, or partly, are not usable: the topic is put on the log clock,
    with a finding. Stamps out of order are ordered with their samples, equal ones in the
    order of the log. A clock that was set back for good is unfolded by what the log times
    say that it jumped.
    """
    stamps = {f"{log_clock}/publish": publish_ns} if np.any(publish_ns != log_ns) else {}
    findings: list[Finding] = []
    usable = header_ns is not None and header_ns.size > 0
    if header_ns is not None and usable and np.any(header_ns == 0):
        findings.append(_zero_stamps(subject, header_ns))
        usable = False
    if header_ns is None or not usable:
        order = np.argsort(log_ns, kind="stable")
        ordered = {name: times[order] for name, times in stamps.items()}
        return Settled(Clock(log_clock, epoch_of(log_ns)), order, log_ns[order], ordered, tuple(findings))
    header_ns, more = _in_nanoseconds(subject, header_ns, log_ns)
    findings += more
    unfolded_ns, resets = _unfold(header_ns, log_ns)
    findings += [_reset_finding(subject, reset, i, resets) for i, reset in enumerate(resets)]
    order = np.argsort(unfolded_ns, kind="stable")
    if np.any(np.diff(unfolded_ns) < 0):
        findings.append(_out_of_order(subject, unfolded_ns))
    findings += _epoch_findings(subject, header_ns, log_ns)
    stamps = {log_clock: log_ns, **stamps}
    return Settled(
        Clock(subject, epoch_of(header_ns), resets),
        order,
        unfolded_ns[order],
        {name: times[order] for name, times in stamps.items()},
        tuple(findings),
    )


def _in_nanoseconds(subject: str, header_ns: Int64Array, log_ns: Int64Array) -> tuple[Int64Array, list[Finding]]:
    """Header stamps that were written in a coarser unit, put right where log times show which."""
    header, log = float(np.median(header_ns)), float(np.median(log_ns))
    for unit, factor in (("seconds", 10**9), ("milliseconds", 10**6), ("microseconds", 10**3)):
        if log_ns.min() > UNIX_FROM_NS and abs(header * factor / log - 1.0) < SAME_DAYS:
            return header_ns * factor, [
                Finding(
                    "header_stamps_in_other_unit",
                    Severity.WARNING,
                    subject,
                    f"header stamps were written in {unit} instead of nanoseconds: they agree with the log times so",
                    "they are read in that unit; let the driver fill in seconds and nanoseconds",
                    {"factor": factor},
                )
            ]
    return header_ns, []


def _unfold(header_ns: Int64Array, log_ns: Int64Array) -> tuple[Int64Array, tuple[Reset, ...]]:
    """Header stamps with every jump of their clock undone that stays and that the log did not make."""
    jumps = _jumps(header_ns, log_ns)
    unfolded, resets, shift_ns = header_ns.copy(), [], 0
    edges = [0, *jumps, header_ns.size]
    for start, stop in pairwise(edges):
        if start:
            shift_ns += jumps[start]
            last_ns, first_ns = int(unfolded[:start].max()), int(header_ns[start:stop].min()) + shift_ns
            shift_ns += max(0, last_ns + 1 - first_ns)
            unfolded[start:stop] = header_ns[start:stop] + shift_ns
            resets.append(Reset(at_ns=int(unfolded[start:stop].min()), shift_ns=shift_ns))
    return unfolded, tuple(resets)


def _jumps(header_ns: Int64Array, log_ns: Int64Array) -> dict[int, int]:
    """The first message after each jump, and how much must be added from it on, by the lags of five on either side."""
    header_steps, lag = np.diff(header_ns), log_ns - header_ns
    against_log = header_steps - np.diff(log_ns)
    back = (header_steps < -SET_BACK_NS) & (against_log < -SET_BACK_NS)
    found: dict[int, int] = {}
    for k in (int(k) for k in np.flatnonzero(back | (against_log > SET_FORWARD_NS))):
        before, after = lag[max(0, k - 4) : k + 1], lag[k + 1 : k + 6]
        change = int(np.median(after)) - int(np.median(before))
        wrap = counter_of(change, WRAP_TOLERANCE_NS)
        change = wrap[0] if wrap else change
        half = abs(int(lag[k + 1]) - int(lag[k])) / 2
        # Two publishers with clocks apart jump to and fro; a clock that was set stays.
        stays = np.all(np.abs(before - lag[k]) < half) and np.all(np.abs(after - lag[k + 1]) < half)
        if stays and after.size >= min(3, header_ns.size // 2):
            found[k + 1] = change
    return found


def _zero_stamps(subject: str, header_ns: Int64Array) -> Finding:
    """Headers that nobody filled in."""
    zeros = int((header_ns == 0).sum())
    return Finding(
        "zero_header_stamps",
        Severity.WARNING,
        subject,
        f"{zeros} of {header_ns.size} header stamps are zero, so the topic is timed by when the recorder logged it",
        "let the driver fill in header.stamp; log times come late by the delay of the way to the recorder",
        {"zeros": zeros, "messages": int(header_ns.size)},
    )


def _out_of_order(subject: str, times_ns: Int64Array) -> Finding:
    """Messages that came after later ones."""
    steps = np.diff(times_ns)
    count, largest_s = int((steps < 0).sum()), -float(steps.min()) / NS_PER_S
    return Finding(
        "out_of_order_stamps",
        Severity.WARNING,
        subject,
        f"header stamps run backwards at {count} of {times_ns.size} messages, by up to {largest_s:.6f} s; "
        "stamps and samples were put in order together",
        "several publishers on one topic do this; give each its own",
        {"messages": count, "largest_s": largest_s},
    )


def _reset_finding(subject: str, reset: Reset, number: int, resets: tuple[Reset, ...]) -> Finding:
    """A header clock that was set."""
    step_ns = reset.shift_ns - (resets[number - 1].shift_ns if number else 0)
    step_s, wrap = step_ns / NS_PER_S, counter_of(step_ns, 0.0)
    return Finding(
        "clock_reset",
        Severity.WARNING,
        subject,
        f"the clock of the header stamps was set by {-step_s:+.3f} s against the log times"
        + (f"; this is {wrap[1]}" if wrap else ""),
        "stamps are unfolded and stay in order; the device's own readings are kept",
        {"shift_s": step_s, "at_s": (reset.at_ns - reset.shift_ns) / NS_PER_S},
    )


def _epoch_findings(subject: str, header_ns: Int64Array, log_ns: Int64Array) -> list[Finding]:
    """Headers that lie far from the time of logging, with the usual suspect."""
    lag_s = float(np.median(log_ns - header_ns)) / NS_PER_S
    if abs(lag_s) * NS_PER_S <= FAR_NS:
        return []
    return [
        Finding(
            "clock_epoch_differs",
            Severity.WARNING,
            subject,
            f"header stamps lie {abs(lag_s):.3f} s {'before' if lag_s > 0 else 'after'} the log times (median); "
            f"this looks like {_suspicion(lag_s, int(np.median(header_ns)), int(np.median(log_ns)))}",
            "stamps are kept as recorded; the offset between the clocks is found by alignment, not assumed",
            {"log_minus_header_s": lag_s},
        )
    ]


def _suspicion(lag_s: float, header_ns: int, log_ns: int) -> str:
    """What may have been stamped instead of the recorder's wall clock."""
    for seconds, what in _SUSPICIONS:
        if abs(abs(lag_s) - seconds) < 0.5:
            return what
    for unit, power in (("seconds", 9), ("milliseconds", 6), ("microseconds", 3)):
        if log_ns > 0 and abs(header_ns / (log_ns * 10**power) - 1) < 0.01:
            return f"log times written in {unit} where nanoseconds belong"
    if header_ns < UNIX_FROM_NS <= log_ns:
        return "a clock that counts from the device's start"
    if log_ns < UNIX_FROM_NS <= header_ns:
        return "a recorder that logged by simulated time or by the time since its start"
    return "a replayed recording or an unsynchronised device" if lag_s > 0 else "an unsynchronised device"
