"""The shipped networks and what happens when one is not what it should be."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from weft.core import MissingExtraError, UnreadableError
from weft.faces.model import FULL_RANGE, LANDMARKS, MODEL_FOLDER, SHORT_RANGE, ModelFile, load_network


@pytest.mark.parametrize("file", [SHORT_RANGE, FULL_RANGE, LANDMARKS], ids=lambda file: file.path.stem)
def test_the_shipped_file_has_its_hash_and_the_notice_names_it(file: ModelFile) -> None:
    assert file.read()[4:8] == b"TFL3"
    assert file.sha256 in (MODEL_FOLDER / "NOTICE").read_text()


def test_an_exchanged_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "face.tflite"
    other.write_bytes(b"something else")
    with pytest.raises(UnreadableError, match="expected the face model with sha256 bbff11ce"):
        ModelFile(other, SHORT_RANGE.sha256).read()


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"nothing\.tflite: the face model cannot be read"):
        ModelFile(tmp_path / "nothing.tflite").read()


def test_a_file_of_the_users_own_that_is_no_network_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="needs the extra 'face'")
    own = tmp_path / "own.tflite"
    own.write_bytes(b"not a network at all")
    with pytest.raises(UnreadableError, match="expected a TFLite network"):
        load_network(ModelFile(own))


def test_without_litert_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("ai_edge_litert"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match=r"weft\[face\]"):
        load_network(LANDMARKS)
