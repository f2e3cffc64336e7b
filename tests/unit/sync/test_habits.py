"""What is remembered of devices."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from weft import workflow
from weft.core import ArraySamples, Clock, Evidence, Modality, Recording, RegularTimeline, Stream, UsageError
from weft.sync import align
from weft.sync.habits import DRIFT_SD, Habits, device_of, pair_of


def recording(name: str, ppm: float, *, count: int = 60, length_s: int = 600, **details: str) -> Recording:
    """A camera that drifts against a microphone, related by its file."""
    t_s = np.linspace(0, length_s - 1, count) if count > 1 else np.array([0.0])
    noise_s = np.random.default_rng(len(name)).normal(0, 1e-4, count)
    offsets_ns = np.round((1.0 + ppm * 1e-6 * t_s + noise_s) * 1e9).astype(np.int64)
    evidence = Evidence("cam", "mic", (t_s * 1e9).astype(np.int64), offsets_ns, np.full(count, 1e5), "lsl")
    streams = tuple(
        Stream(
            f"{clock}/x",
            Modality.TABLE,
            clock,
            RegularTimeline(0, 1, length_s),
            ArraySamples(np.zeros(length_s)),
            details=details if clock == "cam" else {},
        )
        for clock in ("mic", "cam")
    )
    return Recording(name, Path(), streams, (Clock("mic"), Clock("cam")), evidence=(evidence,))


def learn(path: Path, drifts_ppm: list[float]) -> None:
    for day, ppm in enumerate(drifts_ppm):
        workflow.align(recording(f"day{day}", ppm), reference="mic", habits=path)


def test_a_habit_sharpens_a_drift_that_one_moment_cannot_tell(tmp_path: Path) -> None:
    learn(tmp_path / "habits.json", [30.0, 31.0, 29.0])
    one = recording("today", 30.0, count=1)
    without = workflow.align(one, reference="mic")["cam"].to_json()
    told = workflow.align(one, reference="mic", habits=tmp_path / "habits.json")["cam"].to_json()
    assert told["drift_ppm"] == pytest.approx(30.0, abs=1.0)
    assert told["error95_ms"] < without["error95_ms"] / 5


def test_two_recordings_are_no_habit(tmp_path: Path) -> None:
    learn(tmp_path / "habits.json", [30.0, 31.0])
    text = (tmp_path / "habits.json").read_text(encoding="utf-8")
    assert Habits.from_text(text, where="x").of("cam -> mic") is None
    assert '"day1": 3' in text


def test_a_device_that_leaves_its_habit_is_a_finding(tmp_path: Path) -> None:
    learn(tmp_path / "habits.json", [30.0, 31.0, 29.0])
    solved = workflow.align(recording("hot", 80.0), reference="mic", habits=tmp_path / "habits.json")
    assert "left_its_habit" in [finding.check for finding in solved.findings]
    assert solved["cam"].to_json()["drift_ppm"] == pytest.approx(80.0, abs=1.0)


def test_a_device_that_keeps_its_habit_is_not(tmp_path: Path) -> None:
    learn(tmp_path / "habits.json", [30.0, 31.0, 29.0])
    solved = workflow.align(recording("mild", 31.5), reference="mic", habits=tmp_path / "habits.json")
    assert solved.findings == ()


def test_a_recording_teaches_once_and_is_not_its_own_habit(tmp_path: Path) -> None:
    path = tmp_path / "habits.json"
    learn(path, [30.0, 31.0, 29.0])
    before = path.read_text(encoding="utf-8")
    learn(path, [30.0, 31.0, 29.0])
    assert path.read_text(encoding="utf-8") == before
    habits = Habits.from_text(before, where="x")
    assert habits.of("cam -> mic") is not None
    assert habits.of("cam -> mic", but="day0") is None


def test_make_and_serial_number_tell_devices_apart() -> None:
    named = recording("r", 0.0, make="Acme", serial="42")
    assert device_of(named, "cam") == "cam (Acme, 42)"
    assert pair_of(named, "cam", "mic") == "cam (Acme, 42) -> mic"


def test_nothing_is_written_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    workflow.align(recording("r", 10.0), reference="mic")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", '{"make": "x", "drift_ppm": {}}', '{"make": "weft habits 1"}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "habits.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="delete it to begin anew"):
        workflow.align(recording("r", 10.0), reference="mic", habits=path)
    assert path.read_text(encoding="utf-8") == text


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "habits.json"
    runs = [
        Thread(
            target=workflow.align, args=(recording(f"day{k}", 20.0 + k),), kwargs={"reference": "mic", "habits": path}
        )
        for k in range(4)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    habits = Habits.from_text(path.read_text(encoding="utf-8"), where="x")
    assert sorted(habits.drifts_ppm["cam -> mic"]) == ["day0", "day1", "day2", "day3"]


def test_a_habit_is_never_looser_than_knowing_nothing() -> None:
    habit = Habits({"p": {"a": -400.0, "b": 0.0, "c": 400.0}}).of("p")
    assert habit is not None
    assert habit.sd == DRIFT_SD
    assert align(recording("r", 5.0), reference="mic", habits=Habits())["cam"].time_map is not None
