"""Silero's network: its file is checked, its state goes on from block to block."""

import sys

import numpy as np
import pytest

from weft.context import silero
from weft.core import MissingExtraError, UnreadableError
from weft.testing.talks import voice


def test_blocks_give_what_the_whole_gives():
    sound = voice([(0.5, 2.0)], 3.0)
    whole = silero.SileroVoice().probabilities(sound)
    network = silero.SileroVoice()
    parts = [network.probabilities(sound[at : at + 5120]) for at in range(0, sound.size, 5120)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert whole.shape == (-(-sound.size // 512),) and whole.max() > 0.3 > whole[:10].max()


def test_no_samples_no_probabilities():
    assert silero.SileroVoice().probabilities(np.zeros(0, np.float32)).size == 0


def test_an_exchanged_file_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "model.onnx").write_bytes(b"not a network")
    monkeypatch.setattr(silero, "MODEL_PATH", tmp_path / "model.onnx")
    with pytest.raises(UnreadableError, match="expected the voice activity model 9ccdacc4719d8aa7"):
        silero.SileroVoice()


def test_an_absent_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(silero, "MODEL_PATH", tmp_path / "gone.onnx")
    with pytest.raises(UnreadableError, match=r"gone\.onnx.*reinstall weft"):
        silero.SileroVoice()


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    silero._session.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'weft\[speech\]'"):
        silero.SileroVoice()
