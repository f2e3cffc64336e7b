"""A table whose time is a counter that wrapped around."""

from __future__ import annotations

from dataclasses import replace

from weft.core import NS_PER_S, Finding, Reset, Severity
from weft.dsp.counter_wrap import unwrap_counter
from weft.readers.tables.columns import Columns


def without_wraps(columns: Columns, name: str) -> tuple[Columns, tuple[Finding, ...], tuple[Reset, ...]]:
    """The table with its counter's wraps undone, a Finding about them, and the clock's resets.

    A table whose time does not fall, or falls in another way, is given back as it is.
    """
    found = unwrap_counter(columns.times_ns)
    if found is None:
        return columns, (), ()
    resets = tuple(
        Reset(at_ns=int(found.times_ns[first]), shift_ns=found.size_ns * turn)
        for turn, first in enumerate(found.firsts, start=1)
    )
    note = Finding(
        "counter_wrapped",
        Severity.INFO,
        name,
        f"time falls {len(resets)} times by {found.size_ns / NS_PER_S:.6f} s; this is {found.name}",
        "stamps are unfolded and stay in order; the device's own readings are kept",
        {"wraps": len(resets), "counter_s": found.size_ns / NS_PER_S},
    )
    return replace(columns, times_ns=found.times_ns), (note,), resets
