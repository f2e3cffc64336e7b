"""What every reader is given and gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from weft.core import Annotation, Clock, Evidence, Finding, Stream

HEAD_BYTES = 4096
"""How much of a file a reader may look at to recognise it."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A file or folder as the readers see it before one of them takes it.

    ``head`` holds the first bytes of a file and is empty for a folder, whose entries'
    names are in ``entries``.
    """

    path: Path
    head: bytes = b""
    entries: frozenset[str] = frozenset()

    @property
    def suffix(self) -> str:
        """The suffix in lower case, with its dot."""
        return self.path.suffix.lower()

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.path.is_dir()


@dataclass(frozen=True, slots=True)
class Request:
    """One file or folder to read.

    Parameters
    ----------
    path
        Where it lies.
    name
        Its path relative to the recording's folder, with forward slashes; what
        ``Stream.source`` and findings call it.
    clock
        The name that the file's own clock gets: its stem, unless ``recording.toml`` says
        otherwise. Streams are called ``"<clock>/<signal>"``; a file with more than one
        clock calls the others ``"<clock>/<device>"``.
    options
        The file's table in ``recording.toml``: ``time_column``, ``time_unit``, ``order``,
        ``modality`` and whatever else a reader documents.
    """

    path: Path
    name: str
    clock: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contents:
    """What one file holds.

    Parameters
    ----------
    streams, clocks, annotations, evidence, findings
        As in ``weft.core.Recording``; every clock that a stream, annotation or piece of evidence names is listed.
    follows_stem
        Whether the file describes another of the same stem and reads that one's clock
        (a TextGrid beside its WAV, an OpenFace table beside its video).
    names_others
        Whether its evidence relates the clocks of other files, which it does not list
        (what a person marked by hand).
    """

    streams: tuple[Stream, ...] = ()
    clocks: tuple[Clock, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = ()
    follows_stem: bool = False
    names_others: bool = False


class Reader(Protocol):
    """One kind of file.

    A reader opens nothing but its own file, keeps every stamp as it was recorded, reads
    samples lazily, and raises ``UnreadableError`` (broken) or ``UnsupportedError`` (whole,
    but a variety it does not know) with the file's name, what was expected and found, and
    what to do next.
    """

    name: str
    """What findings and tables call it: ``"media"``, ``"xdf"``."""

    def recognises(self, probe: Probe) -> bool:
        """Whether the file is this reader's, judged by content before suffix."""
        ...

    def read(self, request: Request) -> Contents:
        """What the file holds; samples stay in the file until they are read."""
        ...
