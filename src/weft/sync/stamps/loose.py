"""Evidence from stamps: what files say about other clocks without meaning to.

All of it is loose. A message's arrival is late by an unknown latency, a container's
creation time is whatever the camera's owner once set, and two wall clocks agree as well
as somebody's NTP. Such evidence fills in where nothing better exists; content overrules it.
"""

from __future__ import annotations

from datetime import datetime
from itertools import combinations

import numpy as np

from weft.core import NS_PER_MS, NS_PER_S, Epoch, Evidence, Recording, Stream
from weft.core.times import Int64Array
from weft.dsp.lower_envelope import lower_envelope
from weft.sync.relations import Question, Relations
from weft.sync.spans import clock_span

LEAST_LATENCY_SD_NS = 10.0 * NS_PER_MS
"""A message takes some milliseconds at least from sensor to log; how many, the stamps do not say."""

LARGEST_LATENCY_NS = 1 * NS_PER_S
"""Above it the two stamps are of unlike clocks, and the smallest delay says nothing about latency."""

WALL_CLOCK_SD_NS = 0.5 * NS_PER_S
"""Phones and watches that set themselves by a network agree to some tenths of a second."""

CONTAINER_START_SD_NS = 2.0 * NS_PER_S
"""Creation times have whole seconds and are written when recording was asked for, or when it ended."""

_LEAST_SD_NS = 0.05 * NS_PER_MS
_EARLIEST_YEAR = 1990
_BLOCK_NS = 5 * NS_PER_S


def relate_by_stamps(question: Question) -> Relations:
    """Everything that stamps say about the recording's clocks: ``arrival``, ``wall_clock``, ``container_start``."""
    recording = question.recording
    makers = (arrival_evidence, wall_clock_evidence, container_start_evidence)
    return Relations([e for make in makers for e in make(recording)])


def arrival_evidence(recording: Recording) -> list[Evidence]:
    """From streams whose samples carry stamps of a second clock (a bag's header and log times).

    Notes
    -----
    The least delayed message of every few seconds gives the clocks' relation plus the smallest
    latency. That latency is unknown; where the two clocks look alike (less than a second apart)
    it is at most what is seen, so this is the systematic standard deviation, 10 ms at least.
    Fails, within that bound, for a camera that always delivers late.
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


def _arrival(stream: Stream, reference: str, stamps_ns: Int64Array) -> Evidence:
    """One stream's lower envelope."""
    times_ns = stream.timestamps_ns
    span_ns = int(times_ns[-1] - times_ns[0])
    blocks = int(np.clip(span_ns // _BLOCK_NS, 1, 400))
    at_ns, delays_ns, jitter_ns = lower_envelope(times_ns, stamps_ns - times_ns, blocks=blocks)
    typical_ns = float(np.median(np.abs(delays_ns)))
    latency_ns = typical_ns if typical_ns < LARGEST_LATENCY_NS else LEAST_LATENCY_SD_NS
    scatter_ns = 1.4826 * float(np.median(np.abs(np.diff(delays_ns)))) if delays_ns.size > 2 else 0.0
    return Evidence(
        clock=stream.clock,
        reference=reference,
        times_ns=at_ns,
        offsets_ns=delays_ns,
        sds_ns=np.maximum(np.maximum(jitter_ns, scatter_ns), _LEAST_SD_NS),
        method="arrival",
        systematic_sd_ns=max(latency_ns, LEAST_LATENCY_SD_NS),
        sources=(stream.name,),
        details={"assumption": "the smallest delivery latency seen is unknown and taken as the systematic error"},
    )


def wall_clock_evidence(recording: Recording) -> list[Evidence]:
    """Offset 0 between clocks that read Unix time and ran at the same time."""
    spans = {clock.name: span for clock in recording.clocks if (span := clock_span(recording, clock.name)) is not None}
    wall = [clock.name for clock in recording.clocks if clock.epoch is Epoch.UNIX and clock.name in spans]
    found = []
    for reference, clock in combinations(wall, 2):
        slack_ns = round(4 * WALL_CLOCK_SD_NS)
        shared = spans[clock].overlap(spans[reference].grown(slack_ns, slack_ns))
        if shared is not None:
            found.append(
                _single(clock, reference, (shared.start_ns + shared.stop_ns) // 2, 0, "wall_clock", WALL_CLOCK_SD_NS)
            )
    return found


def container_start_evidence(recording: Recording) -> list[Evidence]:
    """From creation times in containers, where they put two files at the same time."""
    starts = {clock.name: _creation_ns(recording, clock.name) for clock in recording.clocks}
    known = [(name, start_ns) for name, start_ns in starts.items() if start_ns is not None]
    found = []
    for (reference, first_ns), (clock, second_ns) in combinations(known, 2):
        ours, theirs = clock_span(recording, clock), clock_span(recording, reference)
        offset_ns = second_ns - first_ns
        if ours is None or theirs is None or not ours.shifted(offset_ns).overlaps(theirs):
            continue
        found.append(_single(clock, reference, ours.start_ns, offset_ns, "container_start", CONTAINER_START_SD_NS))
    return found


def _creation_ns(recording: Recording, clock: str) -> int | None:
    """Unix time at which a clock that starts with its file read 0, by its container."""
    if recording.clock(clock).epoch is Epoch.UNIX:
        return 0
    if recording.clock(clock).epoch is not Epoch.START:
        return None
    for stream in recording.streams_of(clock):
        text = str(stream.details.get("creation_time", ""))
        if "T" not in text and " " not in text:
            continue
        try:
            made = datetime.fromisoformat(text)
        except ValueError:
            continue
        if made.tzinfo is not None and made.year >= _EARLIEST_YEAR:
            return round(made.timestamp()) * NS_PER_S
    return None


def _single(clock: str, reference: str, at_ns: int, offset_ns: int, method: str, sd_ns: float) -> Evidence:
    """Evidence of one moment."""
    return Evidence(
        clock=clock,
        reference=reference,
        times_ns=np.array([at_ns], dtype=np.int64),
        offsets_ns=np.array([offset_ns], dtype=np.int64),
        sds_ns=np.array([_LEAST_SD_NS]),
        method=method,
        systematic_sd_ns=sd_ns,
    )
