"""What the README and the pages about training and testing print runs as printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "recordings"


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of one language on a page."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recording called session-7, as the pages assume."""
    folder = tmp_path_factory.mktemp("newcomer")
    session = folder / "session-7"
    shutil.copytree(EXAMPLES / "grid-speaker", session)
    (session / "recorder.flac").rename(session / "mic.flac")
    return folder


def environment() -> dict[str, str]:
    """The environment with this installation's `weft` first."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_the_shell_commands_run_as_printed(folder: Path) -> None:
    lines = [line for block in blocks("README.md", "sh") for line in block.splitlines() if line.startswith("weft ")]
    assert len(lines) >= 6
    for line in lines:
        done = subprocess.run(
            line.partition("#")[0], shell=True, cwd=folder, env=environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", ["README.md", "docs/training.md", "docs/testing.md"])
def test_the_python_runs_as_printed(folder: Path, page: str) -> None:
    code = "\n".join(blocks(page, "python"))
    if "DataLoader" in code:
        pytest.importorskip("torch")
    if 'open_dataset("dataset")' in code and not (folder / "dataset").exists():
        subprocess.run("weft build session-7/ --out dataset/", shell=True, cwd=folder, env=environment(), check=True)
    if "load_dataset" in code:
        pytest.importorskip("datasets")
        export = "weft export dataset --to parquet --out tables"
        subprocess.run(export, shell=True, cwd=folder, env=environment(), check=True)
    script = folder / "page.py"
    script.write_text(f'if __name__ == "__main__":\n{indented(code)}', encoding="utf-8")
    offline = {**environment(), "HF_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, str(script)], cwd=folder, env=offline, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def indented(code: str) -> str:
    """Code inside a main guard, so that loader workers may start."""
    return "".join(f"    {line}\n" if line else "\n" for line in code.splitlines())


def test_the_make_targets_that_the_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {
        word
        for block in blocks("README.md", "sh")
        for word in re.findall(r"^make ([a-z-]+)", block, flags=re.MULTILINE)
    }
    assert named >= {"demo", "test"}
    assert not [name for name in named if not re.search(rf"^{name}:", makefile, flags=re.MULTILINE)]


def test_the_notes_that_the_readme_prints_are_valid(tmp_path: Path) -> None:
    from weft.readers.recording_toml import read_notes

    (tmp_path / "recording.toml").write_text(blocks("README.md", "toml")[0], encoding="utf-8")
    assert read_notes(tmp_path).reference == "mic"
