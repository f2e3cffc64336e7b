"""Assumptions in ``recording.toml``: what is kept, and that all that is wrong is named at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from weft.core import UsageError
from weft.core.assumptions import ASSUMPTIONS, assumed
from weft.readers import open_recording
from weft.readers.assumption_tables import read_assumptions

TABLE = "time_s,x\n0.0,1\n0.1,2\n0.2,3\n0.3,4\n"


def session(folder: Path, notes: str) -> Path:
    (folder / "mic.csv").write_text(TABLE, encoding="utf-8")
    (folder / "recording.toml").write_text(notes, encoding="utf-8")
    return folder


def test_what_is_said_reaches_the_recording(tmp_path: Path) -> None:
    notes = """
    [assumptions.lip_lead]
    value_ms = 20
    [clocks.mic]
    distance_m = 2.0
    [clocks.mic.assumptions.display_lag]
    value_ms = 33.0
    sd_ms = 4.0
    """
    recording = open_recording(session(tmp_path, notes))
    assert recording.details[ASSUMPTIONS][""] == {"lip_lead": {"value_ms": 20.0}}
    path = assumed(recording, "acoustic_path", clock="mic")
    assert (path.value_ns, path.sd_ns) == (pytest.approx(5.83e6), pytest.approx(0.583e6))
    assert assumed(recording, "display_lag", clock="mic").sd_ns == 4e6
    assert assumed(recording, "lip_lead", clock="mic").value_ns == 20e6


def test_without_notes_a_recording_has_no_details_of_them(tmp_path: Path) -> None:
    assert ASSUMPTIONS not in open_recording(session(tmp_path, "")).details


def test_the_spread_of_a_distance_may_be_said() -> None:
    said, problems = read_assumptions(tomllib.loads("[clocks.mic]\ndistance_m = 1\ndistance_sd_m = 0.5"))
    assert not problems and said["mic"]["acoustic_path"]["sd_ms"] == pytest.approx(1.4575)


@pytest.mark.parametrize(
    ("notes", "problem"),
    [
        ("assumptions = 3", "needs one table for each assumption"),
        ("[assumptions.lip_laed]\nvalue_ms = 1", "unknown assumption 'lip_laed' (known: acoustic_path"),
        ("[assumptions.lip_lead]", "needs value_ms, sd_ms or both"),
        ("[assumptions.lip_lead]\nvalue = 1", "unknown key 'value' (known: value_ms, sd_ms)"),
        ("[assumptions.lip_lead]\nvalue_ms = nan", "value_ms must be a finite number, found nan"),
        ("[assumptions.lip_lead]\nvalue_ms = true", "value_ms must be a finite number, found True"),
        ("[assumptions.lip_lead]\nsd_ms = -1", "sd_ms must not be negative, found -1"),
        ("clocks = 3", "`clocks` must hold one table for each clock"),
        ("[clocks.mic]\ndistance = 2", "clock 'mic': unknown key 'distance'"),
        ("[clocks.mic]\ndistance_m = -2", "distance_m must be a number of metres, 0 or more, found -2"),
        ("[clocks.mic]\ndistance_sd_m = 1", "distance_sd_m says how sure distance_m is, which is missing"),
        ("[clocks.mic]\ndistance_m = 1\n[clocks.mic.assumptions.acoustic_path]\nvalue_ms = 1", "say the same"),
        ("[clocks.mic]\nassumptions = 3", "clock 'mic': needs one table for each assumption"),
    ],
)
def test_a_problem_is_named(notes: str, problem: str) -> None:
    _, problems = read_assumptions(tomllib.loads(notes))
    assert any(problem in one for one in problems), problems


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    notes = "[assumptions.x]\nvalue_ms = 1\n[clocks.mic]\ndistance_m = -2\n[[relations]]\nclock = 'mic'"
    with pytest.raises(UsageError, match=r"(?s)3 problems:.*relation 1.*unknown assumption 'x'.*distance_m must be"):
        open_recording(session(tmp_path, notes))


def test_a_clock_that_nobody_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"describes clock camera, but the recording has mic"):
        open_recording(session(tmp_path, "[clocks.camera]\ndistance_m = 1"))
