"""Speech probabilities from Silero's network, and the one place of this room where onnxruntime is imported."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import MissingExtraError, UnreadableError

MODEL_PATH = Path(__file__).parent / "models" / "silero_vad_16k_sequence.onnx"
MODEL_SHA256 = "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"
METHOD = "silero-vad 6.2.3"

FRAME = 512
"""Samples at 16 kHz for which the network gives one probability, 32 ms."""

_BEFORE = 64
"""Samples of the frame before that the network wants to see with each frame."""

_FRAMES_PER_CALL = 512
"""About 16 s; the network's largest intermediate is then under 100 MB."""


class SileroVoice:
    """Silero's network, fed block by block.

    Each instance listens to one signal at 16 kHz; what it heard before a block is kept.

    Raises
    ------
    MissingExtraError
        If onnxruntime is not installed.
    UnreadableError
        If the model file is absent or not the one that shipped.
    """

    def __init__(self) -> None:
        self._session = _session(MODEL_PATH)
        self._before = np.zeros(_BEFORE, dtype=np.float32)
        self._hidden = np.zeros((1, 1, 128), dtype=np.float32)
        self._cell = np.zeros((1, 1, 128), dtype=np.float32)

    def probabilities(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """One probability for each 512 samples of ``block``, float32 (ceil(n / 512)).

        All blocks but the last must hold whole frames; the last is filled up with silence.
        """
        frames = np.zeros((-(-block.size // FRAME), FRAME), dtype=np.float32)
        frames.reshape(-1)[: block.size] = block
        parts = [self._run(frames[at : at + _FRAMES_PER_CALL]) for at in range(0, len(frames), _FRAMES_PER_CALL)]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)

    def _run(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """The probabilities of at most ``_FRAMES_PER_CALL`` frames."""
        tails = np.vstack([self._before[None], frames[:-1, -_BEFORE:]])
        self._before = frames[-1, -_BEFORE:].copy()
        inputs = {"input": np.concatenate([tails, frames], axis=1), "h": self._hidden, "c": self._cell}
        values, self._hidden, self._cell = self._session.run(["speech_probs", "hn", "cn"], inputs)
        return np.asarray(values, dtype=np.float32).reshape(-1)


@lru_cache(maxsize=2)
def _session(path: Path) -> Any:
    """The network, its hash compared before it is run."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError.of("onnxruntime", "speech", "voice activity by Silero's network") from error
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableError(
            f"{path}: the voice activity model cannot be read ({error.strerror}); reinstall weft"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != MODEL_SHA256:
        raise UnreadableError(
            f"{path}: expected the voice activity model {MODEL_SHA256[:16]}..., found {found[:16]}...; reinstall weft"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # One thread adds in one order: equal bits on every run.
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
