"""The table of assumptions: what a person said of a clock, of all clocks, and nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from weft.core import Alignment, Assumption, Clock, ClockAlignment, Epoch, Evidence, Recording, Status, TimeMap
from weft.core.assumptions import ASSUMPTIONS, USUAL, assumed, negated


def recording_that_says(said: dict[str, dict[str, dict[str, float]]]) -> Recording:
    return Recording("r", Path("r"), (), (Clock("cam", Epoch.START),), details={ASSUMPTIONS: said})


@pytest.mark.parametrize(
    ("said", "value_ms", "origin"),
    [
        pytest.param({}, 15.0, "assumed", id="nobody_said_a_thing"),
        pytest.param({"": {"lip_lead": {"value_ms": 30.0}}}, 30.0, "declared", id="of_all_clocks"),
        pytest.param(
            {"": {"lip_lead": {"value_ms": 30.0}}, "cam": {"lip_lead": {"value_ms": 40.0}}},
            40.0,
            "declared",
            id="the_clock_comes_first",
        ),
        pytest.param({"mic": {"lip_lead": {"value_ms": 40.0}}}, 15.0, "assumed", id="of_another_clock"),
    ],
)
def test_what_a_person_said_comes_first(
    said: dict[str, dict[str, dict[str, float]]], value_ms: float, origin: str
) -> None:
    one = assumed(recording_that_says(said), "lip_lead", clock="cam")
    assert (one.value_ns, one.sd_ns, one.origin) == (value_ms * 1e6, 15e6, origin)


def test_every_usual_value_has_a_spread_and_a_sentence() -> None:
    assert all(one.sd_ns > 0 and len(one.says) > 30 and one.name == name for name, one in USUAL.items())


def test_a_clock_lists_what_its_evidence_takes_for_granted_once_and_in_its_own_sense() -> None:
    late = Assumption("codec_delay", 23e6, 1e6, "late")
    times_ns = np.array([0, 1_000_000_000])
    plain = Evidence("mic", "cam", times_ns, np.array([5, 5]), np.ones(2), "audio", systematic_sd_ns=10.0)
    evidence = plain.assuming(late)
    clocks = tuple(
        ClockAlignment(Clock(name, Epoch.START), (), Status.ALIGNED, TimeMap.identity(name)) for name in ("cam", "mic")
    )
    by_cam = Alignment("r", "cam", clocks, (evidence, evidence))
    assert by_cam.assumptions_of("mic") == (late,) and by_cam.assumptions_of("cam") == ()
    by_mic = Alignment("r", "mic", clocks, (evidence,))
    assert by_mic.assumptions_of("cam") == (negated(late),)
    (_, row) = by_cam.to_json()["clocks"]
    assert row["assumptions"] == [
        {"name": "codec_delay", "value_ms": 23.0, "sd_ms": 1.0, "origin": "assumed", "counted": True, "says": "late"}
    ]
    assert Alignment.from_dict(by_cam.to_dict()).assumptions_of("mic") == (late,)
