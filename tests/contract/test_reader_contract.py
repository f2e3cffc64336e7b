"""Every reader keeps every rule, on a small file of each kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from weft.readers.registry import reader_for
from weft.testing.bag_writer import START_NS, BagMessage, cloud, imu, text, write_mcap, write_ros1
from weft.testing.clock_exchanges import make_exchanges
from weft.testing.media_files import sweep, write_numbered_video, write_sound
from weft.testing.reader_contract import RULES, Rule, probe_of
from weft.web.saving import Corrections

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


PTP4L = "".join(
    f"2026-01-01T00:00:{i:02d}+0000 host ptp4l[7]: [{100 + i}.250] master offset {i % 3} s2 freq -5 path delay 900\n"
    for i in range(60)
)
TRACKING = "".join(
    f"2026-01-01 00:{i:02d}:16 10.0.0.1  3  -5.2  0.018 1.0e-05 N  1  2.0e-06 1.0e-07  1.0e-03  5.0e-04  1.2e-03\n"
    for i in range(60)
)


def written(path: Path, text: str) -> Path:
    """A file of that text."""
    path.write_text(text)
    return path


def write_exchanges(path: Path) -> Path:
    """A table of PTP exchanges."""
    rows = zip(*make_exchanges(seconds=20, offset_ns=1_000).stamps_ns, strict=True)
    return written(path, "t1_ns,t2_ns,t3_ns,t4_ns\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))


def corrections(path: Path) -> Path:
    """Two pairs marked by hand."""
    marked = {"clock": "cam", "reference": "mic", "t_reference_ns": 5, "sd_ms": 4.0, "streams": ["cam/video"]}
    Corrections(path, ["cam", "mic"]).save([{**marked, "t_clock_ns": 0}, {**marked, "t_clock_ns": 9_000_000_000}])
    return path


MADE: dict[str, Callable[[Path], Path]] = {
    "ros_mcap": lambda folder: write_mcap(folder / "a.mcap", messages()),
    "plain_mcap": lambda folder: write_mcap(folder / "a.mcap", messages(), profile=""),
    "ros1_bag": lambda folder: write_ros1(folder / "a.bag", messages()),
    "mkv": lambda folder: write_numbered_video(folder / "a.mkv", [0, 40, 80, 200, 233, 301]),
    "ptp_table": lambda folder: write_exchanges(folder / "a.csv"),
    "linuxptp": lambda folder: written(folder / "a.log", PTP4L),
    "chrony": lambda folder: written(folder / "tracking.log", TRACKING),
    "wav": lambda folder: write_sound(folder / "a.wav", sweep(20_000)),
    "corrections": lambda folder: corrections(folder / "weft-corrections.jsonl"),
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
