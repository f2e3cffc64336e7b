"""What is assumed beside the reported error: unlike methods may differ by it, like ones may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from weft.core import (
    NS_PER_MS,
    NS_PER_S,
    Alignment,
    ArraySamples,
    Clock,
    Evidence,
    Modality,
    Recording,
    RegularTimeline,
    Stream,
)
from weft.core.assumptions import USUAL
from weft.sync import solve

CLOCKS = ("cam", "mic", "lamp")


def measured(clock: str, reference: str, offset_ms: float, *, method: str, sd_ms: float = 0.01) -> Evidence:
    """Evidence over a minute; sound's with the way of sound named beside its error."""
    times_ns = np.linspace(0, 60 * NS_PER_S, 31).astype(np.int64)
    noise_ms = np.random.default_rng(len(clock + reference)).normal(0.0, sd_ms, times_ns.size)
    offsets_ns = np.rint((offset_ms + noise_ms) * NS_PER_MS).astype(np.int64)
    made = Evidence(clock, reference, times_ns, offsets_ns, np.full(times_ns.size, sd_ms * NS_PER_MS), method)
    return made.assuming(USUAL["acoustic_path"]) if method == "audio" else replace(made, systematic_sd_ns=1e5)


def solved(*evidence: Evidence) -> Alignment:
    """The solution of three clocks that ran for a minute."""
    timeline = RegularTimeline(0, 10, 600)
    streams = tuple(Stream(f"{c}/t", Modality.TABLE, c, timeline, ArraySamples(np.zeros(600))) for c in CLOCKS)
    recording = Recording("r", Path(), streams, tuple(Clock(c) for c in CLOCKS))
    return solve(recording, evidence, reference="mic")


def test_a_lamp_may_differ_from_sound_by_the_way_of_sound() -> None:
    sound, light = measured("cam", "mic", 100.0, method="audio"), measured("cam", "mic", 104.0, method="events")
    assert [finding.check for finding in solved(sound, light).findings] == []


def test_a_lamp_that_differs_by_more_contradicts_sound() -> None:
    sound, light = measured("cam", "mic", 100.0, method="audio"), measured("cam", "mic", 150.0, method="events")
    assert "contradictory" in " ".join(finding.check for finding in solved(sound, light).findings) or any(
        entry.note.startswith("contradictory") for entry in solved(sound, light).clocks
    )


@pytest.mark.parametrize(("closing_ms", "closes"), [(30.0, True), (32.0, False)])
def test_three_sounds_must_close_to_what_sound_alone_can_tell(closing_ms: float, closes: bool) -> None:
    loop = (
        measured("cam", "mic", 10.0, method="audio"),
        measured("lamp", "cam", 20.0, method="audio"),
        measured("lamp", "mic", closing_ms, method="audio"),
    )
    checks = {finding.check for finding in solved(*loop).findings}
    assert ("loop_does_not_close" not in checks) is closes
