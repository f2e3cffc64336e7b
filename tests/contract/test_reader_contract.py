"""Every reader keeps every rule, on a small file of each kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from weft.readers.registry import reader_for
from weft.testing.bag_writer import START_NS, BagMessage, cloud, imu, text, write_mcap, write_ros1
from weft.testing.media_files import sweep, write_numbered_video, write_sound
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


REAL = {
    "gopro": "imu_video/gopro__gpmf-parser/samples/hero5.raw",
    "pupil_neon": "eyetracking/pupil-labs__pl-neon-recording/tests/data/demo_recording",
}
"""Kinds that nobody can make but the device, in the shared recordings."""


def messages() -> list[BagMessage]:
    """Motion, words and clouds of points of growing size."""
    made = []
    for number in range(40):
        log_ns = START_NS + number * 10_000_000
        points = np.arange(4.0 * (number + 1), dtype=np.float32).reshape(-1, 4)
        made += [BagMessage("/imu", imu(log_ns - 1_000_000), log_ns), BagMessage("/note", text(f"n{number}"), log_ns)]
        made.append(BagMessage("/points", cloud(log_ns, points), log_ns))
    return made


MADE: dict[str, Callable[[Path], Path]] = {
    "ros_mcap": lambda folder: write_mcap(folder / "a.mcap", messages()),
    "plain_mcap": lambda folder: write_mcap(folder / "a.mcap", messages(), profile=""),
    "ros1_bag": lambda folder: write_ros1(folder / "a.bag", messages()),
    "mkv": lambda folder: write_numbered_video(folder / "a.mkv", [0, 40, 80, 200, 233, 301]),
    "wav": lambda folder: write_sound(folder / "a.wav", sweep(20_000)),
}
"""Kinds that the shipped builders make."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("kind", FILES)
def test_reader_keeps(kind: str, rule: Rule) -> None:
    keeps(FILES[kind], rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("kind", MADE)
def test_reader_keeps_on_what_was_made(kind: str, rule: Rule, tmp_path: Path) -> None:
    keeps(MADE[kind](tmp_path), rule)


@pytest.mark.shared_data
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("kind", REAL)
def test_reader_keeps_on_what_a_device_made(kind: str, rule: Rule, shared_data: Path) -> None:
    keeps(shared_data / REAL[kind], rule)


def keeps(path: Path, rule: Rule) -> None:
    """Run a rule on the reader that claims a file."""
    reader = reader_for(probe_of(path))
    assert reader is not None, f"no reader recognises {path.name}"
    rule(reader, path)
