"""The contract that scripts rely on: exit codes, one JSON document, one clear message."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from weft.cli import main

ROOT = Path(__file__).resolve().parents[3]
INTERVIEW = ROOT / "examples" / "recordings" / "interview"


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path) -> Done:
    """The command in this process, which has loaded what it needs; an exception that escapes is a failure."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        pytest.raises(SystemExit, match=r"^\d+$") as left,
    ):
        main([str(argument) for argument in arguments])
    return Done(int(left.value.code or 0), stdout.getvalue(), stderr.getvalue())


def run_apart(*arguments: str | Path) -> Done:
    """The command in a process of its own, as a script calls it."""
    command = [sys.executable, "-m", "weft", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return Done(done.returncode, done.stdout, done.stderr)


def test_help_comes_without_the_heavy_packages() -> None:
    code = (
        "import sys; from weft.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'av', 'scipy', 'pyarrow', 'rosbags', 'pyxdf') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"


def test_importing_weft_pulls_in_neither_torch_nor_a_video_library() -> None:
    code = "import sys, weft; print([m for m in ('torch', 'av', 'numpy') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("inspect", "no/such/folder"), "no such file or folder"),
        (("inspect",), "Missing argument"),
        (("align", INTERVIEW, "--reference", "nobody"), "there is no clock 'nobody'"),
        (("align", INTERVIEW, "--budget", "soon"), "is not a duration"),
        (("log", INTERVIEW), "is not a weft dataset"),
        (("nonsense",), "No such command"),
    ],
    ids=["missing_path", "missing_argument", "unknown_clock", "bad_duration", "not_a_dataset", "unknown_command"],
)
def test_wrong_use_is_one_message_and_exit_2(arguments: tuple[str | Path, ...], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def bad_files() -> dict[str, bytes]:
    """Files that no reader can make sense of, by what is wrong with them."""
    return {
        "empty.wav": b"",
        "text.mp4": b"this is not a film\n" * 20,
        "noise.xdf": b"XDF:" + bytes(range(7, 207)),
        "header_only.csv": b"time_s,x\n",
        "backwards.csv": b"time_s,x\n" + b"".join(b"%d,1\n" % t for t in (0, 1, 2, 1, 3)),
        "zeros.bag": b"#ROSBAG V2.0\n" + bytes(100),
        "zeros.mcap": b"\x89MCAP0\r\n" + bytes(50),
        "no_tables.db3": b"SQLite format 3\x00" + bytes(200),
        "broken.eaf": b"<?xml version='1.0'?><ANNOTATION_DOCUMENT><TIME_ORDER>",
        "bomb.eaf": b"<!DOCTYPE a [<!ENTITY b 'c'>]><ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>",
        "broken.TextGrid": b'File type = "ooTextFile"\nObject class = "TextGrid"\nxmin = 0\n',
    }


@pytest.mark.parametrize("name", bad_files())
def test_bad_input_is_one_message_and_exit_2(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(bad_files()[name])
    done = run("build", path, "--out", tmp_path / "dataset")
    assert done.returncode == 2, done.stdout + done.stderr
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "dataset").exists()


def test_inspect_prints_one_json_document() -> None:
    document = json.loads(run("inspect", INTERVIEW, "--json").stdout)
    assert [stream["stream"] for stream in document["streams"]] == ["timbl_1/audio", "timbl_2/audio"]
    assert all(stream["count"] > 500_000 and stream["modality"] == "audio" for stream in document["streams"])


def test_align_prints_the_contract() -> None:
    done = run("align", INTERVIEW, "--reference", "timbl_1", "--json")
    document = json.loads(done.stdout)
    assert document["reference_clock"] == "timbl_1"
    clock = next(row for row in document["clocks"] if row["clock"] == "timbl_2")
    assert set(clock) == {
        "clock", "streams", "status", "offset_ms", "drift_ppm", "error95_ms", "methods", "segments", "note",
        "assumptions",
    }  # fmt: skip
    assert clock["status"] == "aligned"
    assert set(clock["segments"][0]) == {"start_s", "stop_s", "offset_ms", "drift_ppm", "error95_ms"}


def test_a_process_of_its_own_says_and_leaves_the_same(tmp_path: Path) -> None:
    arguments = ("inspect", tmp_path / "no-such-folder")
    assert run_apart(*arguments) == run(*arguments)
    assert run_apart(*arguments).returncode == 2


def test_completion_scripts_name_the_command() -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_WEFT_COMPLETE" in run("completion", shell).stdout


def test_a_reader_of_our_output_may_go_away() -> None:
    piped = subprocess.run(
        f"{sys.executable} -m weft inspect {INTERVIEW} --json | head -c 1", shell=True, capture_output=True, text=True
    )
    assert "Traceback" not in piped.stderr


def test_modification_times_of_originals_stay() -> None:
    before = {path: path.stat().st_mtime_ns for path in INTERVIEW.iterdir()}
    time.sleep(0.01)
    run("inspect", INTERVIEW)
    assert {path: path.stat().st_mtime_ns for path in INTERVIEW.iterdir()} == before


def test_a_reader_that_never_reads_is_no_finding(tmp_path: Path) -> None:
    script = f"set -o pipefail; {sys.executable} -m weft inspect {INTERVIEW} | true"
    for _ in range(2):
        piped = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
        assert (piped.returncode, piped.stderr) == (0, "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"], ids=["no_stdout", "no_stderr", "neither"])
def test_closed_outputs_are_no_fault(closed: str) -> None:
    done = subprocess.run(
        f"{sys.executable} -m weft inspect {INTERVIEW} {closed}", shell=True, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_is_one_line_and_exit_130(tmp_path: Path) -> None:
    recordings = [tmp_path / name for name in ("one", "two")]
    for recording in recordings:
        shutil.copytree(INTERVIEW, recording)
    command = [sys.executable, "-m", "weft", "build", *map(str, recordings), "--out", str(tmp_path / "o"), "--jobs=2"]
    started = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(2.5)
    os.killpg(started.pid, signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert (started.returncode, said.strip()) == (130, "weft: stopped")


def test_names_of_files_command_neither_rich_nor_the_terminal(tmp_path: Path) -> None:
    name = "[red]a[%bold] \x1b[31m<script>"
    (tmp_path / f"{name}.csv").write_text("time_s,x\n0,1\n1,2\n", encoding="utf-8")
    for arguments in (("inspect", tmp_path), ("align", tmp_path)):
        shown = run(*arguments).stdout
        assert "[red]a[%bold] \\x1b[31m<script>" in shown and "\x1b" not in shown
    broken = tmp_path / f"{name}.mp4"
    broken.write_bytes(b"")
    assert "\x1b" not in run("inspect", broken).stderr


def test_a_locale_without_our_letters_is_no_fault() -> None:
    command = [sys.executable, "-m", "weft", "inspect", str(INTERVIEW)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "") and "timbl_1/audio" in done.stdout


def test_verify_answers_in_one_document_and_fails_on_nothing() -> None:
    done = run("verify", INTERVIEW, "--json", "--fail-on", "error")
    document = json.loads(done.stdout)
    assert (done.returncode, document["passed"], document["reference_clock"]) == (0, True, "timbl_1")
    assert {row["check"] for row in document["checks"]} == {"loop", "swap", "halves", "shift"}
    assert all(row["outcome"] in ("passed", "skipped") for row in document["checks"])


def test_verify_says_when_there_is_nothing_to_check() -> None:
    done = run("verify", INTERVIEW / "timbl_1.mp3", "--only", "swap")
    assert done.returncode == 0
    assert "nothing could be checked" in done.stdout


def test_a_failed_check_of_verify_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    from weft import workflow
    from weft.core import Alignment
    from weft.sync.verify.trial import Outcome, Trial

    failed = Trial("swap", ("a", "b"), "audio", Outcome.FAILED, "ends 40 ms away", "look again", 40.0, 1.0)
    answer = Alignment("interview", "a", ()), (failed,)
    monkeypatch.setattr(workflow, "verify_alignment", lambda recording, **options: answer)
    done = run("verify", INTERVIEW, "--fail-on", "error")
    assert done.returncode == 1
    assert "ends 40 ms away" in done.stdout
    assert "look again" in done.stdout
    assert run("verify", INTERVIEW).returncode == 0


def test_align_draws_what_it_found(tmp_path: Path) -> None:
    done = run("align", INTERVIEW, "--plot", tmp_path / "clocks.svg", "--json")
    assert (done.returncode, json.loads(done.stdout)["reference_clock"]) == (0, "timbl_1")
    assert (tmp_path / "clocks.svg").read_bytes().startswith(b"<svg")


@pytest.mark.parametrize(
    ("name", "message"), [("clocks.pdf", "a plot is written as"), ("no/where.html", "no such folder")]
)
def test_align_says_what_it_cannot_draw(tmp_path: Path, name: str, message: str) -> None:
    done = run("align", INTERVIEW, "--plot", tmp_path / name)
    assert (done.returncode, message in done.stderr) == (2, True)
