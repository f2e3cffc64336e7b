"""``weft train-sync``: real clips in, weights out that ``weft align`` takes; too little is said plainly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from weft.cli import main

ROOT = Path(__file__).resolve().parents[3]
INTERVIEW = ROOT / "examples" / "recordings" / "interview"


def run(*arguments: str | Path) -> int:
    """The exit code of one command."""
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0)


@pytest.mark.shared_data
def test_clips_with_faces_become_weights_that_align_takes(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="needs the extra 'torch'")
    pytest.importorskip("ai_edge_litert", reason="needs the extra 'face'")
    for clip in sorted((shared_data / "faces" / "rizkiarm__LipNet").rglob("*.mpg"))[:5]:
        shutil.copy(clip, tmp_path / clip.name)
    out = tmp_path / "own.npz"
    assert run("train-sync", tmp_path, "--out", out, "--steps", "3", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["out"], told["faces"]) == (str(out), 5)
    assert told["material_s"] > 12
    assert 0 <= told["found_within_40_ms"] <= 1
    assert run("align", min(tmp_path.glob("*.mpg")), "--sync-model", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["clocks"]


def test_weights_are_npz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train-sync", INTERVIEW, "--out", tmp_path / "own.pt") == 2
    assert "weights are written as .npz, found 'own.pt'" in capsys.readouterr().err


def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.npz").write_text("none", encoding="utf-8")
    assert run("align", INTERVIEW, "--sync-model", tmp_path / "own.npz") == 2
    assert "own.npz: not a file of weights that weft train-sync wrote" in capsys.readouterr().err
