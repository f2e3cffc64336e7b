"""What measurements take for granted, in one table: usual values, their spread, and what a person said instead.

``recording.toml`` may set any of them for one clock or for all::

    [assumptions.lip_lead]             # for every clock
    value_ms = 20.0
    sd_ms = 5.0

    [clocks.cam.assumptions.display_lag]   # for one clock
    value_ms = 33.0
    sd_ms = 4.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from weft.core import NS_PER_MS, Assumption, Recording

USUAL: dict[str, Assumption] = {
    one.name: one
    for one in (
        Assumption(
            "lip_lead",
            15.0 * NS_PER_MS,
            15.0 * NS_PER_MS,
            "a mouth opens about 15 ms before its sound is heard; speakers, exposure and the sound's way differ",
        ),
        Assumption(
            "frame_stamp",
            0.0,
            5.0 * NS_PER_MS,
            "a frame's stamp is taken for the beginning of its exposure; cameras also stamp its middle or its arrival",
        ),
        Assumption(
            "frame_middle",
            -7.0 * NS_PER_MS,
            5.0 * NS_PER_MS,
            "what a frame shows is taken for the middle of an exposure of 14 ms that its stamp begins",
        ),
        Assumption(
            "sound_travel",
            3.0 * NS_PER_MS,
            3.0 * NS_PER_MS,
            "a clap is heard 2.9 ms later for every metre; about one metre is assumed",
        ),
        Assumption(
            "marker_latency",
            0.0,
            3.0 * NS_PER_MS,
            "a marker is taken for simultaneous with what it marks; keyboards, screens and programs add milliseconds",
        ),
        Assumption(
            "blink_middle",
            0.0,
            10.0 * NS_PER_MS,
            "the middles of a blink as different devices see it are taken for one moment",
        ),
        Assumption(
            "gaze_delay",
            0.0,
            6.0 * NS_PER_MS,
            "a tracker and a camera are taken to show an eye's turn at once; exposure and filters differ",
        ),
    )
}
"""By name. Signs: what makes the offset of the clock that is measured against the reference too large is positive."""

KEY = "assumptions"
"""Where ``Recording.details`` keeps what a person said: clock name, or ``""`` for all, to name to value and sd."""


def assumed(recording: Recording, name: str, *, clock: str = "") -> Assumption:
    """The assumption of that name: what a person said of the clock, or of all clocks, or else the usual value.

    Raises
    ------
    KeyError
        If there is no assumption of that name: a fault of the caller, not of the data.
    """
    usual = USUAL[name]
    said: Mapping[str, Mapping[str, Mapping[str, Any]]] = recording.details.get(KEY, {})
    for whom in (clock, ""):
        if name in said.get(whom, {}):
            row = said[whom][name]
            value_ns = float(row.get("value_ms", usual.value_ns / NS_PER_MS)) * NS_PER_MS
            sd_ns = float(row.get("sd_ms", usual.sd_ns / NS_PER_MS)) * NS_PER_MS
            return replace(usual, value_ns=value_ns, sd_ns=sd_ns, origin="declared")
    return usual
