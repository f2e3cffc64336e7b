"""The face networks that ship with weft, and the one place where LiteRT is imported.

The files are small TFLite networks, unchanged, under Apache-2.0; their origin and hashes
are in ``models/NOTICE``. A file is hashed before it is given to the interpreter, so a
damaged or exchanged one is refused instead of run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import MissingExtraError, UnreadableError

MODEL_FOLDER = Path(__file__).parent / "models"

Network = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], ...]]
"""An image batch (1, h, w, 3) in; the network's outputs, in the file's order, out."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One network file and the hash it must have.

    ``sha256`` may be empty for a file of the user's own, which is then taken as it is.
    """

    path: Path
    sha256: str = ""

    def read(self) -> bytes:
        """The file's bytes, after comparing their hash.

        Raises
        ------
        UnreadableError
            If the file is absent or is not the one that was named.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise UnreadableError(f"{self.path}: the face model cannot be read ({error.strerror})") from error
        found = hashlib.sha256(content).hexdigest()
        if self.sha256 and found != self.sha256:
            raise UnreadableError(
                f"{self.path}: expected the face model with sha256 {self.sha256[:16]}..., found {found[:16]}...; "
                "reinstall weft, or name your own file without a hash"
            )
        return content


SHORT_RANGE = ModelFile(
    MODEL_FOLDER / "face_detection_short_range.tflite",
    "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
)
"""Faces nearer than about 2 m (wider than about 1/8 of the image's longer side)."""
FULL_RANGE = ModelFile(
    MODEL_FOLDER / "face_detection_full_range_sparse.tflite",
    "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
)
"""Faces up to about 5 m."""
LANDMARKS = ModelFile(
    MODEL_FOLDER / "face_landmark.tflite",
    "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
)
"""468 points of one face in a square crop."""


def load_network(file: ModelFile) -> Network:
    """A callable that runs ``file`` on the CPU.

    Raises
    ------
    MissingExtraError
        If LiteRT is not installed.
    UnreadableError
        If the file is absent, has another hash, or is not a network.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise MissingExtraError.of("ai-edge-litert", "face", "finding faces in video") from error
    content = file.read()
    try:
        with _without_greeting():
            # One thread adds in one order: equal bits on every run.
            interpreter = Interpreter(model_content=content, num_threads=1)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise UnreadableError(f"{file.path}: expected a TFLite network, found something else ({error})") from error
    return _runner(interpreter)


@contextmanager
def _without_greeting() -> Iterator[None]:
    """LiteRT announces its CPU kernels on the process's stderr and has no switch for it."""
    try:
        kept = os.dup(2)
    except OSError:
        yield  # a process without stderr hears nothing anyway
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _runner(interpreter: Any) -> Network:
    """The interpreter as a function."""
    entry = interpreter.get_input_details()[0]["index"]
    exits = [detail["index"] for detail in interpreter.get_output_details()]

    def run(batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        interpreter.set_tensor(entry, batch)
        interpreter.invoke()
        return tuple(interpreter.get_tensor(exit_) for exit_ in exits)

    return run
