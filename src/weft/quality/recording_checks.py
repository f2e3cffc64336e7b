"""Checks of whole recordings."""

from __future__ import annotations

from weft.core import Recording
from weft.quality.stream_checks import check_recording


def is_empty(recording: Recording) -> bool:
    """Whether there is nothing to build from."""
    return not recording.annotations and not any(len(stream) for stream in recording.streams)


def why_empty(recording: Recording) -> str:
    """What to say of a recording without content; readers may have said why."""
    files = ", ".join(source.path for source in recording.sources)
    gravest = max(
        (*recording.findings, *check_recording(recording)), key=lambda finding: finding.severity.rank, default=None
    )
    why = f" ({gravest.message})" if gravest else ""
    return f"{files}: holds no sample and no annotation{why}; `weft inspect` shows what was found"
