"""Evidence from arrival: when messages were logged by another clock than the one that stamped them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import NS_PER_MS, NS_PER_S, Evidence, Finding, Recording, Severity, Stream
from weft.core.times import Int64Array
from weft.dsp.lower_envelope import lower_envelope
from weft.dsp.steps import find_steps
from weft.sync.stamps.single_moment import LEAST_SD_NS

LEAST_LATENCY_SD_NS = 10.0 * NS_PER_MS
"""A message takes some milliseconds at least from sensor to log; how many, the stamps do not say."""

LARGEST_LATENCY_NS = 1 * NS_PER_S
"""Above it the two stamps are of unlike clocks, and the smallest delay says nothing about latency."""

LEAST_STEP_NS = 20 * NS_PER_MS
"""A floor that rises by more and stays is a clock that was set, or a queue that never emptied again."""

LATE_START = 10.0
"""Times the usual delay beyond the floor from which on the first message counts as held up."""

_EARLY = 200
_BLOCK_NS = 5 * NS_PER_S
_TAI_MINUS_UTC_S = 37.0


def arrival_evidence(recording: Recording) -> list[Evidence]:
    """From streams whose samples carry stamps of a second clock (a bag's header and log times).

    Notes
    -----
    The least delayed message of every few seconds gives the clocks' relation plus the smallest
    latency. That latency is unknown; where the two clocks look alike (less than a second apart)
    it is at most what is seen, so this is the systematic standard deviation, 10 ms at least.
    Fails, within that bound, for a camera that always delivers late. Where the floor steps for good, one
    of the clocks was set: the map gets a new piece there.
    """
    known = {clock.name for clock in recording.clocks}
    found: dict[tuple[str, str], Evidence] = {}
    for stream in recording.streams:
        for clock, stamps_ns in stream.stamps.items():
            if clock not in known or clock == stream.clock or len(stream) < 2:
                continue
            new = _arrival(stream, clock, stamps_ns)
            # Latencies of one device's streams are alike, so they do not average: the promptest speaks for all.
            old = found.get((stream.clock, clock))
            if old is None or np.median(new.offsets_ns) < np.median(old.offsets_ns):
                found[stream.clock, clock] = new
    return list(found.values())


def arrival_findings(recording: Recording) -> list[Finding]:
    """Remarks on deliveries: clocks that were set meanwhile, first messages that were held up."""
    known = {clock.name for clock in recording.clocks}
    remarks = []
    for stream in recording.streams:
        for clock, stamps_ns in stream.stamps.items():
            if clock in known and clock != stream.clock and len(stream) >= 2:
                remarks += _remarks(stream, clock, stamps_ns)
    return remarks


def _arrival(stream: Stream, reference: str, stamps_ns: Int64Array) -> Evidence:
    """One stream's lower envelope."""
    times_ns = stream.timestamps_ns
    at_ns, delays_ns, jitter_ns = _envelope(times_ns, stamps_ns)
    typical_ns = float(np.median(np.abs(delays_ns)))
    latency_ns = typical_ns if typical_ns < LARGEST_LATENCY_NS else LEAST_LATENCY_SD_NS
    steps = _steps(at_ns, delays_ns)
    scatter_ns = _scatter(delays_ns, steps)
    details: dict[str, Any] = {
        "assumption": "the smallest delivery latency seen is unknown and taken as the systematic error"
    }
    if steps:
        details["breaks"] = [_break(times_ns, stamps_ns, at_ns, delays_ns, step) for step in steps]
    return Evidence(
        clock=stream.clock,
        reference=reference,
        times_ns=at_ns,
        offsets_ns=delays_ns,
        sds_ns=np.maximum(np.maximum(jitter_ns, scatter_ns), LEAST_SD_NS),
        method="arrival",
        systematic_sd_ns=max(latency_ns, LEAST_LATENCY_SD_NS),
        sources=(stream.name,),
        details=details,
    )


def _envelope(times_ns: Int64Array, stamps_ns: Int64Array) -> tuple[Int64Array, Int64Array, NDArray[np.float64]]:
    """The least delayed messages of every few seconds."""
    span_ns = int(times_ns[-1] - times_ns[0])
    blocks = int(np.clip(span_ns // _BLOCK_NS, 1, 400))
    return lower_envelope(times_ns, stamps_ns - times_ns, blocks=blocks)


def _steps(at_ns: Int64Array, delays_ns: Int64Array) -> list[int]:
    """The first moments of the floor after it stepped."""
    small = (delays_ns - delays_ns[0]).astype(np.float64)
    return find_steps((at_ns - at_ns[0]).astype(np.float64), small, least=float(LEAST_STEP_NS))


def _scatter(delays_ns: Int64Array, steps: list[int]) -> float:
    """How far the floor hops from block to block, steps left out."""
    parts = [np.diff(delays_ns[start:stop]) for start, stop in pairwise([0, *steps, delays_ns.size])]
    hops = np.concatenate(parts)
    return 1.4826 * float(np.median(np.abs(hops))) if hops.size > 1 else 0.0


def _break(
    times_ns: Int64Array, stamps_ns: Int64Array, at_ns: Int64Array, delays_ns: Int64Array, step: int
) -> dict[str, list[int]]:
    """Between which two messages the floor stepped: where the delays fit both levels best."""
    low, high = np.searchsorted(times_ns, [at_ns[step - 1], at_ns[step]])
    delays = (stamps_ns[low : high + 1] - times_ns[low : high + 1]).astype(np.float64)
    gain = np.cumsum(np.abs(delays - delays_ns[step]) - np.abs(delays - delays_ns[step - 1]))
    cut = int(low) + min(int(np.argmax(gain)), delays.size - 2)
    around = [cut, cut + 1]
    return {"clock_ns": times_ns[around].tolist(), "reference_ns": np.sort(stamps_ns[around]).tolist()}


def _remarks(stream: Stream, clock: str, stamps_ns: Int64Array) -> list[Finding]:
    """What is remarkable about one stream's deliveries to one clock."""
    times_ns = stream.timestamps_ns
    at_ns, delays_ns, _ = _envelope(times_ns, stamps_ns)
    steps = _steps(at_ns, delays_ns)
    remarks = [_step_finding(stream, clock, at_ns, delays_ns, step) for step in steps]
    lag_ns = (stamps_ns - times_ns)[:_EARLY]
    if lag_ns.size >= 10:
        floor_ns, usual_ns = int(lag_ns[1:].min()), float(np.median(lag_ns[1:]))
        first_ns = int(lag_ns[0]) - floor_ns
        if first_ns > LATE_START * max(usual_ns - floor_ns, LEAST_LATENCY_SD_NS):
            remarks.append(_late_start(stream, clock, first_ns))
    return remarks


def _step_finding(stream: Stream, clock: str, at_ns: Int64Array, delays_ns: Int64Array, step: int) -> Finding:
    """A floor that stepped, with the usual suspect."""
    step_s = float(delays_ns[step] - delays_ns[step - 1]) / NS_PER_S
    leap = abs(abs(step_s) - _TAI_MINUS_UTC_S) < 0.5
    return Finding(
        "clock_step",
        Severity.WARNING,
        stream.name,
        f"from {at_ns[step] / NS_PER_S:.3f} s on, all messages reach {clock!r} {step_s * 1e3:+.1f} ms later; "
        + ("this is TAI against UTC: a UTC offset was applied meanwhile" if leap else "one of the two clocks was set"),
        "the map gets a new piece there; let the computer's clock be slewed and not set while it records",
        {"step_ms": step_s * 1e3, "at_s": float(at_ns[step]) / NS_PER_S},
    )


def _late_start(stream: Stream, clock: str, held_up_ns: int) -> Finding:
    """A first message that waited for a driver to start."""
    return Finding(
        "late_first_message",
        Severity.INFO,
        stream.name,
        f"the first message reached {clock!r} {held_up_ns / NS_PER_MS:.0f} ms later than the promptest: drivers need "
        "that long to start, and what is timed from its arrival is late by it",
        "nothing here is; the least delayed messages tell the clocks' relation",
        {"held_up_ms": held_up_ns / NS_PER_MS},
    )
