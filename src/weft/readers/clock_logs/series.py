"""A series of measured offsets as evidence: thinned, with honest errors, cut where a clock was set.

What is common to all logs of clock daemons. The clock that the log is about is that of the file that it lies beside
(``cam.ptp.csv`` beside ``cam.mcap``), or the one that ``recording.toml`` names; what it was compared with is
called after the protocol and the other side, so that two devices that followed one grandmaster meet in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_MS, NS_PER_S, Assumption, Clock, Epoch, Evidence, Finding, Severity
from weft.core.times import Int64Array
from weft.dsp.steps import find_steps
from weft.dsp.two_way import promptest
from weft.readers.protocol import Contents, Request

MOST_MOMENTS = 400
"""Moments that evidence keeps; the promptest of each stretch say all that the others would."""

LEAST_SD_NS = 50.0
"""Time stamps of a kernel or a network card are no better."""

ASYMMETRY_SHARE = 0.25
"""One way may be half longer than the other: half of that is error, a quarter of the mean delay."""

LEAST_STEP_NS = NS_PER_MS
"""A daemon slews what is less and sets the clock for what is more."""

TIMESCALES = (
    (37.0, "TAI against UTC: a PTP clock counts 37 s more when its UTC offset is not applied"),
    (18.0, "GPS time against UTC"),
    (19.0, "TAI against GPS time"),
)
"""Seconds between time scales since 2017 (IERS Bulletin C), and what mixes them up."""

_NEAR_S = 0.5


@dataclass(frozen=True, eq=False)
class Series:
    """Offsets of one clock to one other.

    Parameters
    ----------
    reference
        The other clock.
    times_ns, offsets_ns
        Readings of the clock, and the other minus it, int64 (n), in the order of the log.
    delays_ns
        What the messages took, int64 (n); zeros where the log does not say.
    sds_ns
        What the log itself says of each offset's error, float64 (n); zeros where it does not.
    systematic_sd_ns
        What all may share besides the path (root delay and dispersion).
    """

    reference: str
    times_ns: Int64Array
    offsets_ns: Int64Array
    delays_ns: Int64Array
    sds_ns: NDArray[np.float64]
    systematic_sd_ns: float = 0.0


def contents_of(request: Request, method: str, series: Sequence[Series], findings: Sequence[Finding] = ()) -> Contents:
    """The clocks, evidence and findings of a log; ``follows_stem``, as a log describes another file's clock."""
    evidence, remarks = [], list(findings)
    for one in series:
        made, more = _evidence(request, method, one)
        evidence += made
        remarks += more
    if not any(one.times_ns.size for one in series):
        remarks.append(nothing_measured(request.name))
    clocks = {name: Clock(name, Epoch.UNIX) for name in (request.clock, *(e.reference for e in evidence))}
    return Contents(clocks=tuple(clocks.values()), evidence=tuple(evidence), findings=tuple(remarks), follows_stem=True)


def nothing_measured(name: str) -> Finding:
    """A log without a usable line."""
    return Finding(
        "no_clock_measurements",
        Severity.WARNING,
        name,
        "the log holds no measurement of a clock that was followed",
        "check that the daemon had a server or grandmaster while it was recorded",
    )


def _evidence(request: Request, method: str, series: Series) -> tuple[list[Evidence], list[Finding]]:
    """One series as evidence, and what is remarkable about it."""
    findings: list[Finding] = []
    forward = series.times_ns > np.concatenate([[np.iinfo(np.int64).min], np.maximum.accumulate(series.times_ns)[:-1]])
    if series.times_ns.size and not forward.all():
        findings.append(_went_back(request, int((~forward).sum()), series.times_ns.size))
    times_ns, offsets_ns, delays_ns = (x[forward] for x in (series.times_ns, series.offsets_ns, series.delays_ns))
    if not times_ns.size:
        return [], findings
    cuts = _steps(times_ns, offsets_ns)
    findings += [_step_finding(request, times_ns, offsets_ns, cut) for cut in cuts]
    chosen, sds_ns = _thinned(times_ns, offsets_ns, delays_ns, series.sds_ns[forward], [0, *cuts, times_ns.size])
    floor_ns = float(np.quantile(delays_ns, 0.1))
    breaks = [_break(times_ns, offsets_ns, cut) for cut in cuts]
    details: dict[str, Any] = {"measured": int(times_ns.size), "least_delay_us": floor_ns / 1e3}
    evidence = Evidence(
        clock=request.clock,
        reference=series.reference,
        times_ns=times_ns[chosen],
        offsets_ns=offsets_ns[chosen],
        sds_ns=sds_ns,
        method=method,
        systematic_sd_ns=series.systematic_sd_ns,
        sources=(request.name,),
        details={**details, "breaks": breaks} if breaks else details,
    )
    findings += _timescale_findings(request, series.reference, offsets_ns)
    return [evidence.assuming(_asymmetry(request, floor_ns))], findings


def _steps(times_ns: Int64Array, offsets_ns: Int64Array) -> list[int]:
    """The first measurement after each step of the offset that stays."""
    blocks = int(min(times_ns.size, MOST_MOMENTS))
    edges = np.linspace(0, times_ns.size, blocks + 1).astype(np.int64)
    small = (offsets_ns - offsets_ns[0]).astype(np.float64)
    levels = np.array([float(np.median(small[a:b])) for a, b in pairwise(edges.tolist())])
    at = (times_ns[edges[:-1]] - times_ns[0]).astype(np.float64)
    cuts = []
    for block in find_steps(at, levels, least=float(LEAST_STEP_NS)):
        low, high = int(edges[max(0, block - 1)]), int(edges[min(blocks, block + 1)])
        cuts.append(low + 1 + int(np.argmax(np.abs(np.diff(small[low:high])))) if high - low > 1 else low)
    return cuts


def _thinned(
    times_ns: Int64Array,
    offsets_ns: Int64Array,
    delays_ns: Int64Array,
    stated_ns: NDArray[np.float64],
    edges: Sequence[int],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The promptest measurements of each stretch between steps, and their standard deviations."""
    chosen, sds = [], []
    for start, stop in pairwise(edges):
        blocks = max(1, MOST_MOMENTS * (stop - start) // times_ns.size)
        here = start + promptest(times_ns[start:stop], delays_ns[start:stop], blocks=blocks)
        excess_ns = (delays_ns[here] - delays_ns[start:stop].min()) / 2.0
        scatter_ns = _scatter(offsets_ns[here])
        chosen.append(here)
        sds.append(np.maximum.reduce([np.full(here.size, max(LEAST_SD_NS, scatter_ns)), excess_ns, stated_ns[here]]))
    return np.concatenate(chosen), np.concatenate(sds)


def _scatter(offsets_ns: Int64Array) -> float:
    """Robust standard deviation of an offset, from how far each lies from the middle of its neighbours."""
    if offsets_ns.size < 3:
        return 0.0
    small = (offsets_ns - offsets_ns[0]).astype(np.float64)
    left = small[1:-1] - (small[:-2] + small[2:]) / 2.0
    return 1.4826 * float(np.median(np.abs(left))) / float(np.sqrt(1.5))


def _asymmetry(request: Request, delay_ns: float) -> Assumption:
    """That both ways take equally long, or what ``recording.toml`` says."""
    longer_ns = float(request.options.get("asymmetry_us", 0.0)) * 1e3
    sd_ns = ASYMMETRY_SHARE * delay_ns
    if "asymmetry_us" in request.options:
        sd_ns = float(request.options.get("asymmetry_sd_us", 0.1 * abs(longer_ns) / 1e3)) * 1e3 / 2.0
    says = "messages are taken to travel equally long both ways; half of any difference is error"
    origin = "declared" if "asymmetry_us" in request.options else "assumed"
    return Assumption("path_asymmetry", -longer_ns / 2.0, max(sd_ns, LEAST_SD_NS), says, origin)


def _break(times_ns: Int64Array, offsets_ns: Int64Array, cut: int) -> dict[str, list[int]]:
    """A step as the solver wants it: the readings of both clocks around it."""
    around = [cut - 1, cut]
    reference_ns = np.sort(times_ns[around] + offsets_ns[around])
    return {"clock_ns": times_ns[around].tolist(), "reference_ns": reference_ns.tolist()}


def _went_back(request: Request, count: int, total: int) -> Finding:
    """Readings that came a second time."""
    return Finding(
        "clock_set_back",
        Severity.WARNING,
        request.clock,
        f"{request.name}: the clock went back, so that {count} of {total} measurements read times that it had shown "
        "before; they were left out",
        "the streams of that stretch are ambiguous too; let the daemon slew the clock instead of setting it",
        {"measurements": count, "of": total},
    )


def _step_finding(request: Request, times_ns: Int64Array, offsets_ns: Int64Array, cut: int) -> Finding:
    """A clock that was set, or a server that changed its mind."""
    step_s = float(offsets_ns[cut] - offsets_ns[cut - 1]) / NS_PER_S
    scale = timescale_of(step_s)
    return Finding(
        "clock_step",
        Severity.WARNING,
        request.clock,
        f"{request.name}: the offset steps by {step_s * 1e3:+.3f} ms at {times_ns[cut] / NS_PER_S:.3f} s"
        + (f"; this is {scale}" if scale else ""),
        "the map gets a new piece there",
        {"step_ms": step_s * 1e3, "at_s": float(times_ns[cut]) / NS_PER_S},
    )


def _timescale_findings(request: Request, reference: str, offsets_ns: Int64Array) -> list[Finding]:
    """A constant offset that is a time scale's, not a clock's."""
    offset_s = float(np.median(offsets_ns)) / NS_PER_S
    scale = timescale_of(offset_s)
    if not scale:
        return []
    return [
        Finding(
            "mixed_timescales",
            Severity.WARNING,
            request.clock,
            f"{request.name}: {reference!r} is {offset_s:+.3f} s from {request.clock!r}; this is {scale}",
            "the offset is measured and kept as it is; apply the UTC offset in the daemon's settings for the next time",
            {"offset_s": offset_s},
        )
    ]


def timescale_of(seconds: float) -> str:
    """Which two time scales lie that far apart, with what mixes them up; empty when none do.

    Examples
    --------
    >>> timescale_of(-36.994).partition(":")[0], timescale_of(3.0)
    ('TAI against UTC', '')
    """
    return next((what for apart_s, what in TIMESCALES if abs(abs(seconds) - apart_s) < _NEAR_S), "")
