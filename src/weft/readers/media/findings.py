"""What is remarkable about a media file's time: one small function per remark."""

from __future__ import annotations

import numpy as np

from weft.core import Finding, Severity
from weft.core.times import Int64Array
from weft.readers.media.audio_index import AudioTimes, Hole

_GAP_PERIODS = 1.5
_ROUNDING_NS = 1_100_000
"""Containers that count milliseconds shift a stamp by up to one."""
_VARIABLE_SHARE = 0.05
"""Above this share of odd periods a rate is variable by design, not for want of frames."""


def frame_findings(times_ns: Int64Array, subject: str) -> list[Finding]:
    """Remarks on the instants of frames, int64 (n)."""
    if times_ns.size < 3:
        return []
    periods = np.diff(times_ns)
    median = float(np.median(periods))
    found = [] if median <= 0 else [_dropped(periods, median, subject), _variable(periods, median, subject)]
    return [finding for finding in (*found, _duplicates(times_ns, subject)) if finding]


def _dropped(periods: Int64Array, median: float, subject: str) -> Finding | None:
    """Gaps of more than one and a half periods."""
    long = periods[periods > np.maximum(_GAP_PERIODS * median, median + _ROUNDING_NS)]
    if not long.size:
        return None
    missing = int(np.sum(np.round(long / median) - 1))
    share = long.size / periods.size
    numbers = {
        "gaps": float(long.size),
        "missing_frames": float(missing),
        "longest_gap_ms": float(long.max()) / 1e6,
        "median_period_ms": median / 1e6,
    }
    return Finding(
        "dropped_frames",
        Severity.INFO if share > _VARIABLE_SHARE else Severity.WARNING,
        subject,
        f"frames should come every {median / 1e6:.2f} ms; {long.size} gaps are longer than 1.5 periods "
        f"(about {missing} frames missing, the longest gap {long.max() / 1e6:.1f} ms)",
        "nothing is filled in; ask windows for a mask, or record to a faster disk",
        numbers,
    )


def _variable(periods: Int64Array, median: float, subject: str) -> Finding | None:
    """Periods that differ by more than rounding and a tenth of the median."""
    odd = np.abs(periods - median) > max(_ROUNDING_NS, 0.1 * median)
    share = float(np.mean(odd))
    if share <= _VARIABLE_SHARE:
        return None
    return Finding(
        "variable_frame_rate",
        Severity.INFO,
        subject,
        f"the frame rate varies: {share:.0%} of the periods differ from the median of {median / 1e6:.2f} ms "
        f"({periods.min() / 1e6:.2f} to {periods.max() / 1e6:.2f} ms); each frame keeps its own instant",
        "",
        {"share": share, "median_ms": median / 1e6, "min_ms": periods.min() / 1e6, "max_ms": periods.max() / 1e6},
    )


def _duplicates(times_ns: Int64Array, subject: str) -> Finding | None:
    """Frames that share an instant with the one before."""
    count = int(np.sum(np.diff(times_ns) == 0))
    if not count:
        return None
    return Finding(
        "duplicate_stamps",
        Severity.WARNING,
        subject,
        f"{count} of {times_ns.size} frames have the same stamp as the frame before",
        "the instants are kept as recorded; check the recorder's clock",
        {"duplicates": float(count), "samples": float(times_ns.size)},
    )


def sound_findings(times: AudioTimes, rate_hz: int, subject: str) -> list[Finding]:
    """Remarks on a sound track's holes and its real rate."""
    found = [_holes(times.holes, rate_hz, subject)] if times.holes else []
    if times.overlaps:
        found.append(_overlaps(times.overlaps, rate_hz, subject))
    real = getattr(times.timeline, "rate_hz", rate_hz)
    if real != rate_hz:
        found.append(_rate(float(real), rate_hz, subject))
    if times.disbelieved_ppm:
        found.append(_wrong_rate(times.disbelieved_ppm, rate_hz, subject))
    return found


def _holes(holes: tuple[Hole, ...], rate_hz: int, subject: str) -> Finding:
    """Sound that the stamps say is missing."""
    total, longest = sum(hole.length_ns for hole in holes), max(hole.length_ns for hole in holes)
    return Finding(
        "gap",
        Severity.WARNING,
        subject,
        f"the stamps leave {len(holes)} holes in the sound, together {total / 1e6:.1f} ms, the longest "
        f"{longest / 1e6:.1f} ms, the first before sample {holes[0].at} ({holes[0].at / rate_hz:.3f} s of sound)",
        "the holes are kept open; nothing is read across them",
        {"holes": float(len(holes)), "total_ms": total / 1e6, "longest_ms": longest / 1e6},
    )


def _overlaps(overlaps: tuple[Hole, ...], rate_hz: int, subject: str) -> Finding:
    """Stamps that run back while the sound goes on."""
    total = -sum(overlap.length_ns for overlap in overlaps)
    return Finding(
        "time_backwards",
        Severity.WARNING,
        subject,
        f"the stamps run back {len(overlaps)} times, together {total / 1e6:.1f} ms, first at sample "
        f"{overlaps[0].at} ({overlaps[0].at / rate_hz:.3f} s of sound); the sound is taken to go on without a break",
        "split the file there if it was joined from several",
        {"overlaps": float(len(overlaps)), "total_ms": total / 1e6},
    )


def _rate(real_hz: float, rate_hz: int, subject: str) -> Finding:
    """Stamps that follow another rate than the declared one."""
    ppm = (real_hz / rate_hz - 1) * 1e6
    return Finding(
        "stamped_rate",
        Severity.INFO,
        subject,
        f"declared {rate_hz} Hz, while the stamps advance as at {real_hz:.2f} Hz ({ppm:+.1f} ppm); "
        f"the stamps are believed",
        "",
        {"declared_hz": float(rate_hz), "stamped_hz": real_hz, "ppm": ppm},
    )


def _wrong_rate(ppm: float, rate_hz: int, subject: str) -> Finding:
    """Stamps too far from the declared rate to be a clock."""
    return Finding(
        "stamped_rate",
        Severity.WARNING,
        subject,
        f"declared {rate_hz} Hz, while the stamps run {ppm:+.0f} ppm away from it, which no clock does; "
        f"the declared rate is believed",
        "compare sound and picture near the end of the file",
        {"declared_hz": float(rate_hz), "ppm": ppm},
    )


def truncated(subject: str, promised: int, found: int, unit: str) -> Finding:
    """A file that holds less than its headers say."""
    return Finding(
        "truncated",
        Severity.WARNING,
        subject,
        f"expected {promised:,} {unit} by the file's own headers, found {found:,}; it was cut off, and is read "
        f"up to the cut",
        "copy the file from the device again if the original is whole",
        {f"promised_{unit}": float(promised), f"found_{unit}": float(found)},
    )


def broken_off(subject: str, reason: str, packets: int) -> Finding:
    """A file whose reading stopped before its end."""
    return Finding(
        "truncated",
        Severity.WARNING,
        subject,
        f"reading stopped after {packets} packets ({reason}); what comes before is read",
        "copy the file from the device again if the original is whole",
        {"packets": float(packets)},
    )


def damaged_packets(subject: str, damaged: int, total: int) -> Finding:
    """Packets that the container knows to be damaged, or that gave nothing."""
    return Finding(
        "damaged_packets",
        Severity.WARNING,
        subject,
        f"{damaged} of {total} packets are damaged or cut",
        "pictures there repeat the one before and sound there is silent; listen and look before you trust it",
        {"damaged": float(damaged), "packets": float(total)},
    )


def left_out_frames(subject: str, count: int) -> Finding:
    """Frames that stand before the first key frame, or that an edit list hides."""
    return Finding(
        "frames_left_out",
        Severity.INFO,
        subject,
        f"{count} packets show no frame: they are hidden by an edit list or come before the first key frame",
        "",
        {"packets": float(count)},
    )


def skipped_track(subject: str, reason: str) -> Finding:
    """A track that is not read."""
    return Finding(
        "skipped_track", Severity.WARNING, subject, f"{reason}; the other tracks are read", "convert that track"
    )
