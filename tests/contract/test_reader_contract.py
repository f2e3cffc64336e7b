"""Every reader keeps every rule, on a small file of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.readers.registry import reader_for
from weft.testing.reader_contract import RULES, Rule, probe_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "recordings"

FILES = {
    "mp4": EXAMPLES / "grid-speaker" / "cam.mp4",
    "flac": EXAMPLES / "grid-speaker" / "recorder.flac",
    "mp3": EXAMPLES / "interview" / "timbl_2.mp3",
    "webvtt": EXAMPLES / "grid-speaker" / "cam.vtt",
    "xdf": EXAMPLES / "eeg-clock-resets" / "clock_resets.xdf",
    "tobii_glasses": EXAMPLES / "gaze-glasses" / "livedata.json.gz",
    "ros2_db3": EXAMPLES / "lidar-bag" / "1673400471837873222_0.db3",
    "ros2_folder": EXAMPLES / "lidar-bag",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("kind", FILES)
def test_reader_keeps(kind: str, rule: Rule) -> None:
    path = FILES[kind]
    reader = reader_for(probe_of(path))
    assert reader is not None, f"no reader recognises {path.name}"
    rule(reader, path)
