"""What the runner's tests run; a module of its own, so that worker processes can import it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from weft.core import DatasetError, UnreadableError


def work(payload: dict) -> dict:
    """What the tests run: leaves a trace of each call, then does as it is told."""
    trace = Path(payload["traces"]) / f"{payload['number']}"
    with trace.open("a") as stream:
        stream.write("x")
    if payload.get("fail") == "unreadable":
        raise UnreadableError("b.wav: expected RIFF, found nothing; replace the file")
    if payload.get("fail") == "fault":
        raise ZeroDivisionError("a fault of ours")
    if payload.get("fail") == "disk":
        raise DatasetError("no space is left on the disk")
    if payload.get("fail") == "killed" or (payload.get("fail") == "killed once" and len(trace.read_text()) == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return {"number": payload["number"], "square": payload["number"] ** 2}
