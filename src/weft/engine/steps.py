"""Receipts of finished steps, so that a killed run goes on where it was.

A step is named by what determines its result: its name, the version of its code, the
hashes of its inputs and its options. Its receipt is a small JSON object; large results
are stored as fragments of the dataset and named in the receipt. Receipts hold neither
times nor places, so that an interrupted and repeated run leaves the same files as one
that was never interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weft.dataset.atomic import write_text
from weft.dataset.canonical import content_sha256, pretty_json

Receipt = Mapping[str, Any]


def step_key(name: str, *, code: str, inputs: Sequence[str], options: Mapping[str, Any]) -> str:
    """The name under which a step's receipt is kept: equal work, equal key.

    Parameters
    ----------
    name
        What is done: ``"align"``.
    code
        The version of the code that does it; a new one makes every old receipt void.
    inputs
        The hashes of everything it reads, in order.
    options
        Everything that shapes its result, JSON-ready.

    Examples
    --------
    >>> a = step_key("align", code="1", inputs=["ab"], options={"budget_ms": 80})
    >>> a == step_key("align", code="1", inputs=["ab"], options={"budget_ms": 40})
    False
    """
    return content_sha256({"step": name, "code": code, "inputs": list(inputs), "options": options})


@dataclass(frozen=True)
class StepCache:
    """Receipts in a folder, one file each.

    Parameters
    ----------
    folder
        Usually ``store.work / "receipts"``; it may be deleted at any time.
    """

    folder: Path

    def get(self, key: str) -> Receipt | None:
        """The receipt of a finished step; ``None`` if it was not finished or its file is damaged."""
        try:
            content = json.loads(self._path(key).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None  # A receipt saves work and proves nothing: without it the step is done again.
        return content if isinstance(content, dict) else None

    def put(self, key: str, receipt: Receipt) -> Receipt:
        """Keep a receipt, on the disk before this returns; gives back what a later run will read.

        Raises
        ------
        DatasetError
            If the disk is full or may not be written.
        """
        content = pretty_json(receipt)
        write_text(self._path(key), content, work=self.folder.parent / "tmp")
        plain: Receipt = json.loads(content)
        return plain

    def remember(self, key: str, compute: Callable[[], Receipt]) -> Receipt:
        """The receipt of a step, which is done now if it was not done before."""
        known = self.get(key)
        return known if known is not None else self.put(key, compute())

    def _path(self, key: str) -> Path:
        """Where a receipt lies; keys are hexadecimal, so no name leads out of the folder."""
        return self.folder / key[:2] / f"{key}.json"
