"""Checks of single streams that need no alignment."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import (
    NS_PER_MS,
    NS_PER_S,
    Finding,
    Modality,
    PiecewiseTimeline,
    Recording,
    RegularTimeline,
    Severity,
    Stream,
)
from weft.dsp.timing import GAP_FACTOR, Timing, measure_timing

RATE_TOLERANCE = 0.005
"""Half a percent: an oscillator errs by 0.01 %, so more is a wrong declaration or lost samples."""

SILENCE_DBFS = -90
SILENCE = 10 ** (SILENCE_DBFS / 20)
"""The last bit of 16-bit sound; a microphone's own noise lies well above it."""

LOOKS, LOOK_S = 10, 0.5
"""How often and how long a check listens into a recording."""

_SAMPLED = set(Modality) - {Modality.EVENT, Modality.TEXT}

_READERS_GAP_CHECKS = {"gap", "gaps", "dropped_frames", "lost_samples"}


def timing_of(stream: Stream) -> Timing | None:
    """The regularity of a sampled stream's stamps; ``None`` for events, text and single samples."""
    if stream.modality not in _SAMPLED or isinstance(stream.timeline, RegularTimeline):
        return None
    if isinstance(stream.timeline, PiecewiseTimeline):
        return _timing_of_pieces(stream.timeline)
    return measure_timing(stream.timestamps_ns)


def _timing_of_pieces(timeline: PiecewiseTimeline) -> Timing | None:
    """What listed stamps would show, told from the pieces' ends: an hour of sound has 10^8 stamps."""
    if len(timeline) < 3:
        return None
    period_ns = NS_PER_S / float(timeline.longest.rate_hz)
    ends = [(before.last_ns, after.first_ns) for before, after in itertools.pairwise(timeline.pieces)]
    last_ns, first_ns = np.array(ends, dtype=np.int64).reshape(-1, 2).T
    between_ns = first_ns - last_ns
    gaps = between_ns > GAP_FACTOR * period_ns
    return Timing(period_ns, 0.0, last_ns[gaps], between_ns[gaps], int((between_ns == 0).sum()))


def check_recording(recording: Recording) -> tuple[Finding, ...]:
    """What the checks of this module say of every stream, where a reader did not say it already."""
    said = {(finding.check, finding.subject) for finding in recording.findings}
    said |= {("gaps", subject) for check, subject in said if check in _READERS_GAP_CHECKS}
    findings = (check(stream) for stream in recording.streams for check in _CHECKS)
    return tuple(f for f in findings if f is not None and (f.check, f.subject) not in said)


def check_empty(stream: Stream) -> Finding | None:
    """A stream that is declared and holds nothing."""
    if len(stream):
        return None
    return Finding(
        "empty_stream",
        Severity.WARNING,
        stream.name,
        "the file declares this stream, and it holds no sample",
        "check that the device was sending; nothing can be aligned or trained from it",
    )


def check_gaps(stream: Stream) -> Finding | None:
    """Intervals in which a sampled stream lost samples."""
    timing = timing_of(stream)
    if timing is None or not timing.gap_starts_ns.size or _is_irregular(timing):
        return None
    count = timing.gap_starts_ns.size
    longest_s = float(timing.gap_durations_ns.max()) / NS_PER_S
    share = timing.lost / (timing.lost + len(stream))
    return Finding(
        "gaps",
        Severity.WARNING if share > 0.01 or longest_s > 1.0 else Severity.INFO,
        stream.name,
        f"{count} {'gap' if count == 1 else 'gaps'}, about {timing.lost} samples lost ({share:.2%}), "
        f"the longest {longest_s:.3f} s",
        "values are masked there, never invented; check the device's buffer, disk or network",
        {"gaps": count, "lost": timing.lost, "longest_s": longest_s},
    )


def check_rate(stream: Stream) -> Finding | None:
    """A declared rate that the stamps contradict."""
    nominal, effective = stream.nominal_rate_hz, stream.effective_rate_hz
    if not nominal or not effective or len(stream) < 20 or stream.modality not in _SAMPLED:
        return None
    error = effective / nominal - 1.0
    if abs(error) <= RATE_TOLERANCE:
        return None
    return Finding(
        "rate_differs",
        Severity.WARNING,
        stream.name,
        f"declared {nominal:g} Hz, measured {effective:.3f} Hz ({error:+.2%})",
        "stamps are trusted, not the declared rate; look for lost samples or a wrong setting",
        {"nominal_rate_hz": nominal, "effective_rate_hz": effective},
    )


def check_jitter(stream: Stream) -> Finding | None:
    """Stamps that wander by more than a quarter of the period."""
    timing = timing_of(stream)
    if timing is None or timing.jitter_ns <= 0.25 * timing.median_period_ns:
        return None
    if _is_irregular(timing) and not stream.nominal_rate_hz:
        return None
    return Finding(
        "jitter",
        Severity.INFO,
        stream.name,
        f"stamps jitter by {timing.jitter_ns / NS_PER_MS:.2f} ms around a period of "
        f"{timing.median_period_ns / NS_PER_MS:.2f} ms",
        "these look like arrival times; prefer the device's own stamps where it has any",
        {"jitter_ms": timing.jitter_ns / NS_PER_MS},
    )


def check_duplicates(stream: Stream) -> Finding | None:
    """Samples that share a stamp."""
    timing = timing_of(stream)
    if timing is None or not timing.duplicates:
        return None
    return Finding(
        "duplicate_stamps",
        Severity.WARNING,
        stream.name,
        f"{timing.duplicates} of {len(stream)} samples have the stamp of the one before",
        "the device stamps in blocks or too coarsely; between equal stamps the order of the file is kept",
        {"duplicates": timing.duplicates},
    )


def check_single_frame(stream: Stream) -> Finding | None:
    """A video that is one picture."""
    if stream.modality is not Modality.VIDEO or len(stream) != 1:
        return None
    return Finding(
        "single_frame",
        Severity.WARNING,
        stream.name,
        "this video holds one frame; nothing moves in it, and it cannot be aligned by what it shows",
        "check that the camera was recording and that the file was copied whole",
    )


def check_silence(stream: Stream) -> Finding | None:
    """Sound in which nothing was heard, wherever it was looked into."""
    if stream.modality is not Modality.AUDIO or not len(stream):
        return None
    rate_hz = stream.effective_rate_hz or stream.nominal_rate_hz or 1.0
    length = min(len(stream), max(1, round(LOOK_S * rate_hz)))
    starts = np.unique(np.linspace(0, len(stream) - length, LOOKS).astype(np.int64))
    loudest = max(_level(stream.samples.read(int(start), int(start) + length)) for start in starts)
    if loudest > SILENCE:
        return None
    looked = min(1.0, len(starts) * length / len(stream))
    return Finding(
        "silent",
        Severity.WARNING,
        stream.name,
        f"no sound above {SILENCE_DBFS} dB of full scale in the {len(starts)} places looked into ({looked:.0%} of it)",
        "check the microphone, its plug and its level; silence relates to no other sound",
        {"looks": len(starts)},
        coverage=looked,
    )


def _level(values: NDArray[Any]) -> float:
    """Root mean square without the constant part, as a share of full scale; raw bytes have none."""
    if values.dtype == object or not values.size:
        return float("inf")
    scale = float(np.iinfo(values.dtype).max) if values.dtype.kind in "iu" else 1.0
    wave = np.nan_to_num(values.astype(np.float64)) / scale
    return float(np.sqrt(np.mean((wave - wave.mean(axis=0)) ** 2)))


def _is_irregular(timing: Timing) -> bool:
    """Whether the stamps have no period worth speaking of."""
    return timing.jitter_ns > 0.5 * timing.median_period_ns


_CHECKS: tuple[Callable[[Stream], Finding | None], ...] = (
    check_empty,
    check_gaps,
    check_rate,
    check_jitter,
    check_duplicates,
    check_single_frame,
    check_silence,
)
