"""The builder of three rates keeps its own truth, and the example that uses it runs."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from weft.readers import open_recording
from weft.testing.three_rates import PICTURES, make_three_rates, write_three_rates_xdf

ROOT = Path(__file__).resolve().parents[3]


def test_offsets_follow_the_devices_clocks() -> None:
    truth = make_three_rates(30.0, seed=2)
    for reading_s in (0.0, 12.5):
        device = truth.devices["gaze"]
        scene_s = device.start_s + reading_s * (1.0 + device.drift)
        shown = float(truth.reading_s("mic", scene_s))
        assert truth.offset_s("gaze", "mic", reading_s) == pytest.approx(shown - reading_s, abs=1e-12)


def test_an_eye_rests_on_the_picture_that_it_is_said_to() -> None:
    truth = make_three_rates(30.0, seed=3)
    starts, pictures = truth.fixations
    middle = (starts[:-1] + starts[1:]) / 2
    assert np.array_equal(truth.picture_at(middle), pictures[:-1])
    nearest = ((truth.gaze_at(middle)[:, None] - np.array(list(PICTURES.values()))) ** 2).sum(axis=2).argmin(axis=1)
    assert np.mean(nearest == pictures[:-1]) > 0.9


def test_seeds_and_pulses_change_what_happens() -> None:
    assert make_three_rates(30.0, seed=1).words != make_three_rates(30.0, seed=2).words
    assert make_three_rates(30.0, seed=1).pulses_s.size == 0
    assert make_three_rates(30.0, seed=1, pulses=True).pulses_s.size > 3


def test_the_xdf_has_three_clocks_with_offsets(tmp_path: Path) -> None:
    recording = open_recording(write_three_rates_xdf(tmp_path, make_three_rates(20.0, seed=1)))
    assert {stream.name for stream in recording.streams} == {"lab/mic", "lab/cam", "lab/gaze"}
    assert {e.method for e in recording.evidence} == {"lsl"}


def test_the_example_finds_the_offsets_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["three_rates.py", str(tmp_path), "--seconds", "45"])
    runpy.run_path(str(ROOT / "examples" / "three_rates.py"), run_name="__main__")
    told = re.findall(r"offset (-?[\d.]+) ms, truth (-?[\d.]+) ms", capsys.readouterr().out)
    assert len(told) == 3
    assert all(abs(float(found) - float(true)) < 40 for found, true in told)
