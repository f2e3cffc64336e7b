"""The main job, from recordings to a version, through the command and through a kill."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import weft

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "recordings"


def tree(folder: Path) -> dict[str, str]:
    """Every file of a dataset by name with its hash; the lock says only who wrote last."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def command(paths: list[Path], out: Path, *more: str) -> list[str]:
    """The build command."""
    return [sys.executable, "-m", "weft", "build", *map(str, paths), "--out", str(out), "--json", *more]


def build(paths: list[Path], out: Path, *more: str) -> dict:  # type: ignore[type-arg]
    """Run the build command to its end and give its JSON."""
    done = subprocess.run(command(paths, out, *more), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    document: dict = json.loads(done.stdout)  # type: ignore[type-arg]
    return document


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small recordings: an interview in two files, and captions over a recorder."""
    folder = tmp_path_factory.mktemp("recordings")
    shutil.copytree(EXAMPLES / "interview", folder / "interview")
    (folder / "bag").mkdir()
    shutil.copytree(EXAMPLES / "lidar-bag", folder / "bag" / "lidar")
    return folder


@pytest.fixture(scope="module")
def built(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:  # type: ignore[type-arg]
    """A dataset of both, and what the command said."""
    out = tmp_path_factory.mktemp("out") / "dataset"
    started = time.monotonic()
    said = build([recordings], out)
    return out, {**said, "seconds": time.monotonic() - started}


def test_a_build_says_what_it_made(built: tuple[Path, dict]) -> None:  # type: ignore[type-arg]
    out, said = built
    assert said["version"] == 1 and said["new"] is True and said["recordings"] == 2
    assert said["clocks"]["aligned"] >= 2 and said["capsules"] > 0
    assert Path(said["report"]).is_file() and (out / "weft.json").is_file()


def test_the_same_build_again_writes_nothing(built: tuple[Path, dict], recordings: Path) -> None:  # type: ignore[type-arg]
    out, _ = built
    before = tree(out), {path: path.stat().st_mtime_ns for path in (out / "versions").iterdir()}
    again = build([recordings], out)
    after = tree(out), {path: path.stat().st_mtime_ns for path in (out / "versions").iterdir()}
    assert again["new"] is False and again["version"] == 1
    assert after == before


def test_another_recipe_writes_a_version_beside_the_old(
    built: tuple[Path, dict],  # type: ignore[type-arg]
    recordings: Path,
    tmp_path: Path,
) -> None:
    copy = tmp_path / "dataset"
    shutil.copytree(built[0], copy)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("[context]\nhistory_s = 2.0\n", encoding="utf-8")
    first = (copy / "versions" / "000001.json").read_bytes()
    second = build([recordings], copy, "--recipe", str(recipe))
    assert second["version"] == 2 and second["new"] is True
    assert (copy / "versions" / "000001.json").read_bytes() == first
    shown = subprocess.run([sys.executable, "-m", "weft", "log", str(copy), "--json"], capture_output=True, text=True)
    assert [row["version"] for row in json.loads(shown.stdout)["versions"]] == [2, 1]


def test_capsules_and_windows_can_be_read_back(built: tuple[Path, dict]) -> None:  # type: ignore[type-arg]
    dataset = weft.open_dataset(built[0])
    capsule = dataset.capsules(recording="interview")[0]
    assert capsule.context.covers(capsule.interval) and capsule.spans
    window = dataset.windows(
        1.0, streams=["timbl_1/audio"], rates_hz={"timbl_1/audio": 16_000}, recordings=["interview"]
    )[5]
    assert window["timbl_1/audio"].values.shape[0] == 16_000 and window["timbl_1/audio"].valid.all()


def test_a_single_clock_is_aligned_with_itself(built: tuple[Path, dict]) -> None:  # type: ignore[type-arg]
    alignment = weft.open_dataset(built[0]).alignment("interview")
    assert alignment[alignment.reference].status == "aligned"


@pytest.mark.parametrize("share", [0.15, 0.35, 0.55, 0.75, 0.92])
def test_kill_9_and_again_gives_the_same_bytes(
    built: tuple[Path, dict],  # type: ignore[type-arg]
    recordings: Path,
    tmp_path: Path,
    share: float,
) -> None:
    out = tmp_path / "dataset"
    process = subprocess.Popen(command([recordings], out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(share * built[1]["seconds"])
    process.send_signal(signal.SIGKILL)
    process.wait()
    said = build([recordings], out)
    assert said["content_sha256"] == built[1]["content_sha256"]
    reference = {name: digest for name, digest in tree(built[0]).items() if name != "links.json"}
    assert {name: digest for name, digest in tree(out).items() if name != "links.json"} == reference


def test_a_broken_file_stops_the_build_before_anything_is_written(recordings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    shutil.copytree(recordings / "interview", folder)
    (folder / "cam.mp4").write_bytes(b"")
    done = subprocess.run(command([folder], tmp_path / "dataset"), capture_output=True, text=True)
    assert done.returncode == 2 and "cam.mp4" in done.stderr and "--skip-unreadable" in done.stderr
    assert not (tmp_path / "dataset").exists()


def test_a_broken_file_may_be_left_out_knowingly(recordings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    shutil.copytree(recordings / "interview", folder)
    (folder / "cam.mp4").write_bytes(b"")
    said = build([folder], tmp_path / "dataset", "--skip-unreadable")
    assert any(finding["check"] == "unreadable_file" for finding in said["findings"])


def test_exports_are_opened_by_other_tools(built: tuple[Path, dict], tmp_path: Path) -> None:  # type: ignore[type-arg]
    import tarfile

    import pyarrow.parquet as pq

    for target in ("webdataset", "parquet"):
        done = subprocess.run(
            [sys.executable, "-m", "weft", "export", str(built[0]), "--to", target, "--out", str(tmp_path / target)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    shards = sorted((tmp_path / "webdataset").rglob("*.tar"))
    with tarfile.open(shards[0]) as shard:
        assert any(name.endswith(".json") for name in shard.getnames())
    assert pq.read_table(sorted((tmp_path / "parquet").rglob("*capsules*.parquet"))[0]).num_rows > 0


def test_a_dataset_inside_its_recording_does_not_become_part_of_it(recordings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    shutil.copytree(recordings / "bag" / "lidar", folder / "lidar")
    (folder / "notes.csv").write_text("time_s,x\n0,1\n1,2\n2,3\n", encoding="utf-8")
    out = folder / "dataset"
    first = build([folder], out)
    done = subprocess.run(
        [sys.executable, "-m", "weft", "export", str(out), "--to", "parquet", "--out", str(folder / "shards")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    again = build([folder], out)
    assert (again["new"], again["version"], again["content_sha256"]) == (False, 1, first["content_sha256"])


def test_a_recording_given_twice_is_built_once(tmp_path: Path) -> None:
    (tmp_path / "imu.csv").write_text("time_s,x\n0,1\n1,2\n2,3\n", encoding="utf-8")
    assert build([tmp_path, tmp_path / "." / ".." / tmp_path.name], tmp_path / "o")["recordings"] == 1


def test_equal_names_are_told_apart_by_as_many_folders_as_it_takes(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place / "day" / "session").mkdir(parents=True)
        (tmp_path / place / "day" / "session" / "imu.csv").write_text("time_s,x\n0,1\n1,2\n2,3\n", encoding="utf-8")
    build([tmp_path / "a", tmp_path / "b"], tmp_path / "o")
    dataset = weft.open_dataset(tmp_path / "o")
    assert dataset.recordings == ("a/day/session", "b/day/session")
    assert dataset.recording("b/day/session").name == "b/day/session"


def test_a_recording_that_fails_while_it_is_built_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imu.csv").write_text("time_s,x\n0,1\n1,2\n2,3\n", encoding="utf-8")

    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr("weft.context.contextualise", fail)
    with pytest.raises(weft.WeftError, match="no such luck; this is a fault of weft"):
        weft.build(tmp_path / "imu.csv", tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_a_whole_recording_may_be_left_out_knowingly(tmp_path: Path) -> None:
    for name, content in (("good", b"time_s,x\n0,1\n1,2\n2,3\n"), ("bad", b"")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "imu.csv").write_bytes(content)
    said = build([tmp_path / "good", tmp_path / "bad"], tmp_path / "o", "--skip-unreadable")
    assert said["recordings"] == 1
    assert [f["subject"].rpartition("/")[2] for f in said["findings"] if f["check"] == "unreadable_recording"] == [
        "bad"
    ]


def test_check_misses_originals_that_are_gone(tmp_path: Path) -> None:
    table = tmp_path / "session" / "imu.csv"
    table.parent.mkdir()
    table.write_text("time_s,x\n0,1\n1,2\n2,3\n", encoding="utf-8")
    build([table.parent], tmp_path / "o")
    gate = [sys.executable, "-m", "weft", "check", str(tmp_path / "o"), "--json"]
    assert subprocess.run(gate, capture_output=True).returncode == 0
    table.unlink()
    gone = subprocess.run(gate, capture_output=True, text=True)
    assert gone.returncode == 1
    assert [f["check"] for f in json.loads(gone.stdout)["findings"] if f["severity"] == "error"] == [
        "originals_missing"
    ]


def test_an_original_that_changes_during_a_build_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from weft.workflow import building

    folder = tmp_path / "session"
    folder.mkdir()
    (folder / "gaze.csv").write_text("time_s,x\n0.0,1\n0.1,2\n0.2,3\n", encoding="utf-8")
    first = building.run

    def written_meanwhile(*arguments: Any, **options: Any) -> Any:
        with (folder / "gaze.csv").open("a", encoding="utf-8") as table:
            table.write("0.3,4\n")
        return first(*arguments, **options)

    monkeypatch.setattr(building, "run", written_meanwhile)
    with pytest.raises(weft.core.UnreadableError, match=r"gaze\.csv changed while the dataset was built"):
        weft.build(folder, tmp_path / "dataset")
    assert not (tmp_path / "dataset").exists()
