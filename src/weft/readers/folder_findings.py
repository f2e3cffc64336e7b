"""What is remarked about files of a folder that do not become part of its recording."""

from __future__ import annotations

from weft.core import Finding, Severity


def skipped_file(problem: str) -> Finding:
    """A broken file that was left out on request."""
    return Finding(
        "unreadable_file",
        Severity.ERROR,
        problem.partition(":")[0],
        problem,
        "repair or replace the file; until then the recording lacks it",
    )


def unsupported_file(problem: str) -> Finding:
    """A whole file of a variety that weft does not know, beside others that it does."""
    return Finding(
        "unsupported_file",
        Severity.WARNING,
        problem.partition(":")[0],
        problem,
        "describe it in recording.toml as the message says, or set ignore = true for it",
    )


def unrecognised_file(name: str) -> Finding:
    """A file that no reader claims."""
    return Finding(
        "unrecognised_file",
        Severity.INFO,
        name,
        "no reader knows this kind of file; it was left out",
        "convert it to a kind that `weft inspect --help` lists, or ignore this",
    )
