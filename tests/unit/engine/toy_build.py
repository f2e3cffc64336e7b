"""A build of toy recordings as a workflow makes it; run as a script it may be told to die.

    python toy_build.py FOLDER_OF_RECORDINGS DATASET JOBS [NAME_OF_CALL NUMBER]

With the last two it is killed by SIGKILL just before that call to ``os.replace`` or ``os.fsync``.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from weft.dataset import (
    RecordingEntry,
    Store,
    hash_sources,
    input_hashes,
    link_originals,
    store_recording,
    write_version,
)
from weft.engine import Item, StepCache, run, step_key
from weft.testing.toy_dataset import open_toy, toy_alignment, toy_capsules

RECIPE = {"history_s": 5.0}


def process(store: Store, folder: Path) -> dict[str, Any]:
    """One recording's receipt."""
    recording = hash_sources(open_toy(folder))
    capsules = toy_capsules(recording, count=5)
    return store_recording(store, recording, alignment=toy_alignment(recording), capsules=capsules).to_dict()


def build(source: Path, target: Path, jobs: int = 1) -> None:
    """Folders to a version."""
    store = Store.create(target)
    with store.lock():
        recordings = [hash_sources(open_toy(folder)) for folder in sorted(source.iterdir())]
        items = [
            Item(one.name, step_key("build", code="1", inputs=input_hashes(one), options=RECIPE), one.root)
            for one in recordings
        ]
        outcomes = run(
            partial(process, store),
            items,
            journal=StepCache(store.work / "receipts"),
            jobs=jobs,
            usable=lambda receipt: store.has(RecordingEntry.from_dict(receipt)),
        )
        link_originals(store, recordings)
        entries = [RecordingEntry.from_dict(outcome.receipt) for outcome in outcomes if outcome.receipt]
        write_version(store, entries, recipe=RECIPE)


def die_before(name: str, number: int) -> None:
    """Be killed just before the given call."""
    call, calls = getattr(os, name), []

    def counted(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments)

    setattr(os, name, counted)


if __name__ == "__main__":
    if len(sys.argv) > 4:
        die_before(sys.argv[4], int(sys.argv[5]))
    sys.stdout.write("started\n")
    sys.stdout.flush()
    build(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
