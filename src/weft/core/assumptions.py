"""What measurements take for granted, in one table: usual values, their spread, and what a person said instead.

``recording.toml`` may set any of them for one clock or for all::

    [assumptions.lip_lead]                 # for every clock
    value_ms = 20.0
    sd_ms = 5.0

    [clocks.cam.assumptions.display_lag]   # for one clock
    value_ms = 33.0
    sd_ms = 4.0

    [clocks.mic]
    distance_m = 2.0                       # the same as an acoustic_path of 5.8 ms

Each value is positive in the sense that its own sentence states. What uses one calls
``Evidence.assuming``, which *subtracts* a value from offsets: where the sentence says that a stamp is
*late*, the offset of that clock is too small, so the source passes the assumption ``negated``.
The table lies in ``core`` because the readers check names against it and the sources use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from weft.core.evidence import Assumption
from weft.core.recording import Recording
from weft.core.times import NS_PER_MS

ASSUMPTIONS = "assumptions"
"""Where ``Recording.details`` keeps what a person said: clock name, or ``""`` for all, to name to value and sd."""

SOUND_MS_PER_M = 2.915
"""Sound's way in air at 20 °C: 343 m/s."""


def _usual(name: str, value_ms: float, sd_ms: float, says: str, *, counted: bool = True) -> Assumption:
    """One row of the table."""
    return Assumption(name, value_ms * NS_PER_MS, sd_ms * NS_PER_MS, says, counted=counted)


USUAL: dict[str, Assumption] = {
    one.name: one
    for one in (
        _usual(
            "acoustic_path",
            0.0,
            2.9,
            "sound reaches a microphone 2.9 ms later for every metre; all are taken to be equally far from its source, "
            "give or take a metre",
            counted=False,
        ),
        _usual(
            "codec_delay",
            0.0,
            14.0,
            "an encoder puts silence in front; where the container does not say how much, sound is stamped up to 48 ms "
            "late against the other streams of its file",
        ),
        _usual(
            "display_lag",
            20.0,
            15.0,
            "a screen shows a picture later than the program that stamps it: half a frame to two frames, and the panel",
        ),
        _usual(
            "exposure_centre",
            5.0,
            5.0,
            "a frame is stamped when its presentation starts and shows what was there half an exposure later; "
            "exposures last 1 to 20 ms",
        ),
        _usual(
            "filter_delay",
            4.0,
            3.0,
            "a sensor's low-pass filter gives its values late: about 4 ms for motion sensors at their usual bandwidth",
        ),
        _usual(
            "half_sample",
            0.0,
            1.5,
            "a sample that averages its period may be stamped at the period's start, middle or end: half a sample, "
            "2.5 ms at 200 Hz",
        ),
        _usual(
            "lip_lead",
            15.0,
            15.0,
            "a mouth opens about 15 ms before its sound is heard; speakers, exposure and the sound's way differ",
        ),
        _usual(
            "readout",
            8.0,
            4.0,
            "a rolling shutter reads the middle row half a readout after the first: 5 to 15 ms; 0 for a global shutter",
        ),
        _usual(
            "blink_middle",
            0.0,
            10.0,
            "the middles of a blink as different devices see it are taken for one moment",
        ),
        _usual(
            "frame_middle",
            -7.0,
            5.0,
            "what a frame shows is taken for the middle of an exposure of 14 ms that its stamp begins",
        ),
        _usual(
            "frame_stamp",
            0.0,
            5.0,
            "a frame's stamp is taken for the beginning of its exposure; cameras also stamp its middle or its arrival",
        ),
        _usual(
            "gaze_delay",
            0.0,
            6.0,
            "a tracker and a camera are taken to show an eye's turn at once; exposure and filters differ",
        ),
        _usual(
            "exposure_and_readout",
            0.0,
            9.0,
            "a frame's stamp is taken for the middle of its exposure; phones stamp its beginning, some 13 ms earlier, "
            "others the finished picture, as much later",
        ),
        _usual(
            "marker_latency",
            0.0,
            3.0,
            "a marker is taken for simultaneous with what it marks; keyboards, screens and programs add milliseconds",
        ),
        _usual(
            "sound_travel",
            3.0,
            3.0,
            "a clap is heard 2.9 ms later for every metre; about one metre is assumed",
        ),
    )
}
"""By name; ``value`` and ``sd`` in nanoseconds. Sources may add rows of their own."""


def assumed(recording: Recording, name: str, *, clock: str = "") -> Assumption:
    """The assumption of that name: what a person said of the clock, or of all clocks, or else the usual value.

    Parameters
    ----------
    recording
        Its ``details[ASSUMPTIONS]`` hold what a person said.
    name
        A row of ``USUAL``.
    clock
        The clock that it is about; empty for all.

    Raises
    ------
    KeyError
        If there is no assumption of that name: a fault of the caller, not of the data.

    Examples
    --------
    >>> from pathlib import Path
    >>> said = {"cam": {"readout": {"value_ms": 3.0}}}
    >>> recording = Recording("r", Path("r"), (), (), details={ASSUMPTIONS: said})
    >>> one = assumed(recording, "readout", clock="cam")
    >>> one.value_ns, one.sd_ns, one.origin
    (3000000.0, 4000000.0, 'declared')
    """
    return declared(recording, USUAL[name], clock=clock) or USUAL[name]


def declared(recording: Recording, usual: Assumption, *, clock: str = "") -> Assumption | None:
    """What a person said instead of ``usual``, of the clock or else of all clocks; ``None`` where nobody did."""
    said: Mapping[str, Mapping[str, Mapping[str, Any]]] = recording.details.get(ASSUMPTIONS, {})
    for whom in (clock, ""):
        row = said.get(whom, {}).get(usual.name)
        if row is not None:
            value_ns = float(row.get("value_ms", usual.value_ns / NS_PER_MS)) * NS_PER_MS
            sd_ns = float(row.get("sd_ms", usual.sd_ns / NS_PER_MS)) * NS_PER_MS
            return replace(usual, value_ns=value_ns, sd_ns=sd_ns, origin="declared", counted=True)
    return None


def negated(assumption: Assumption) -> Assumption:
    """The same assumption in the other sense, as ``Evidence.assuming`` subtracts it."""
    return replace(assumption, value_ns=-assumption.value_ns)
