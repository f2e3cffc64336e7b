"""What the XDF reader remarks about a file and about each stream's clock."""

from __future__ import annotations

import numpy as np

from weft.core import NS_PER_S, Finding, Reset, Severity
from weft.core.times import Int64Array
from weft.readers.clock_unfolding import Unfolded
from weft.readers.xdf.chunks import Walk


def file_findings(name: str, found: Walk, unpacking: str, remarks: list[str]) -> list[Finding]:
    """What is wrong with the file as a whole."""
    findings = []
    if found.cut_at is not None or unpacking:
        cut = found.size if found.cut_at is None else found.cut_at
        lost = found.size - cut
        because = f"; {unpacking}" if unpacking else ""
        findings.append(
            Finding(
                "truncated",
                Severity.WARNING,
                name,
                f"the file ends in the middle of a chunk: {cut} of {found.size} bytes are whole and were read, "
                f"the last {lost} were not{because}",
                "copy the file again if the original is longer; otherwise the last moments are lost",
                {"bytes_read": cut, "bytes_lost": lost},
            )
        )
    if found.dropped:
        findings.append(
            Finding(
                "corrupt_chunks",
                Severity.ERROR,
                name,
                f"{len(found.dropped)} damaged chunks were left out: {'; '.join(found.dropped[:5])}",
                "restore the file from a copy; what was in these chunks is missing here",
                {"chunks": len(found.dropped)},
            )
        )
    findings += [
        Finding("pyxdf_remark", Severity.WARNING, name, f"pyxdf says: {text}", "compare with the original recording")
        for text in dict.fromkeys(remarks)
    ]
    return findings


def no_streams(name: str, size: int) -> Finding:
    """A file without a single stream header."""
    return Finding(
        "no_streams",
        Severity.ERROR,
        name,
        f"the file declares no stream in its {size} bytes",
        "check that the recorder had streams selected, or restore the file from a copy",
    )


def clock_findings(name: str, unfolded: Unfolded) -> list[Finding]:
    """Resets of the clock, and the absence of clock offsets."""
    findings = [
        Finding(
            "clock_reset",
            Severity.WARNING,
            name,
            f"the device's clock was set by {-_step_s(unfolded, i):+.3f} s and then read "
            f"{(reset.at_ns - reset.shift_ns) / NS_PER_S:.3f} s; no samples for {_pause_s(unfolded, reset):.3f} s; "
            + ("the recorder's clock offsets show by how much" if known else "no clock offsets show by how much"),
            "stamps are unfolded and stay in order; the device's own readings are kept"
            if known
            else "the order is kept, but how long the break lasted is not known: align the parts by their content",
            {"at_s": (reset.at_ns - reset.shift_ns) / NS_PER_S, "shift_s": reset.shift_ns / NS_PER_S},
        )
        for i, (reset, known) in enumerate(zip(unfolded.resets, unfolded.measured, strict=True))
    ]
    if not unfolded.times_ns.size:
        findings.append(
            Finding(
                "no_clock_offsets",
                Severity.WARNING,
                name,
                "the recorder measured no clock offset for this stream, so its clock is known only by itself",
                "if it was sent by the recorder's own computer, declare an offset of 0 in recording.toml",
            )
        )
    if not unfolded.stamps_ns.size:
        findings.append(
            Finding(
                "empty_stream",
                Severity.WARNING,
                name,
                "the stream is declared and holds no sample",
                "check that the device was sending",
            )
        )
    return findings


def _pause_s(unfolded: Unfolded, reset: Reset) -> float:
    """From the last sample before a reset to the first behind it, in seconds; 0 at the ends."""
    at = int(np.searchsorted(unfolded.stamps_ns, reset.at_ns))
    if not 0 < at < unfolded.stamps_ns.size:
        return 0.0
    return float(unfolded.stamps_ns[at] - unfolded.stamps_ns[at - 1]) / NS_PER_S


def _step_s(unfolded: Unfolded, number: int) -> float:
    """By how much one reset changed the shift, in seconds."""
    before = unfolded.resets[number - 1].shift_ns if number else 0
    return (unfolded.resets[number].shift_ns - before) / NS_PER_S


def out_of_order(name: str, stamps_ns: Int64Array, *, kept_order: bool) -> Finding:
    """Samples that were recorded after later ones, or chunks whose stamps overtake each other."""
    steps = np.diff(stamps_ns)
    count, largest_s = int((steps < 0).sum()), -float(steps.min()) / NS_PER_S
    if kept_order:
        return Finding(
            "stamps_overtake",
            Severity.INFO,
            name,
            f"stamps jitter so much that they run backwards at {count} of {stamps_ns.size} samples, by up to "
            f"{largest_s:.6f} s; the samples are kept in the order in which they were sent",
            "their even instants are worked out when windows are read; the stamps stay as they were recorded",
            {"samples": count, "largest_s": largest_s},
        )
    return Finding(
        "out_of_order_stamps",
        Severity.WARNING,
        name,
        f"time runs backwards at {count} of {stamps_ns.size} samples, by up to {largest_s:.6f} s; "
        "stamps and samples were put in order together",
        "a sender that stamps in several threads does this; a large step may be a clock set back after the last offset",
        {"samples": count, "largest_s": largest_s},
    )
