"""How a build works, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from weft.core import Alignment, Finding, Version
from weft.workflow.datasets import open_dataset

MOST_TABLES = 20
"""Clock tables that a person is shown after a build; the report has them all."""


@dataclass(frozen=True)
class BuildOptions:
    """How a build works; nothing here changes what a version holds.

    Parameters
    ----------
    media
        Leave originals where they are and link them, or copy them into the dataset.
    add
        Keep the recordings of the newest version and add these.
    jobs
        Recordings built at once.
    skip_unreadable
        Leave broken files out with a finding, instead of stopping.
    """

    media: Literal["link", "copy"] = "link"
    add: bool = False
    jobs: int = 1
    skip_unreadable: bool = False


@dataclass(frozen=True)
class BuildResult:
    """What a build left behind.

    Parameters
    ----------
    path
        The dataset's folder.
    version
        The version that holds what was asked for.
    is_new
        Whether it was written now, or was there already.
    report
        The page about it.
    clocks
        How many clocks have which status.
    findings
        Everything that readers, checks, solver and context remarked.
    """

    path: Path
    version: Version
    is_new: bool
    report: Path
    clocks: Mapping[str, int]
    findings: tuple[Finding, ...]

    def alignments(self, most: int = MOST_TABLES) -> list[Alignment]:
        """The first alignments, in order of the recordings' names."""
        built = open_dataset(self.path, self.version.number)
        return [built.alignment(name) for name in built.recordings[:most]]

    def to_json(self) -> dict[str, Any]:
        """What ``weft build --json`` prints."""
        return {
            "dataset": str(self.path),
            "version": self.version.number,
            "content_sha256": self.version.content_sha256,
            "new": self.is_new,
            "recordings": self.version.counts["recordings"],
            "streams": self.version.counts["streams"],
            "clocks": dict(self.clocks),
            "capsules": self.version.counts["capsules"],
            "report": str(self.report),
            "findings": [finding.to_dict() for finding in self.findings],
        }
