"""What the files of one device's folder hold, put together on the device's clock."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from weft.core import Clock, Evidence, Finding, Modality, Severity, Stream
from weft.core.times import Int64Array
from weft.readers.media.reader import MediaReader
from weft.readers.protocol import Contents, Request

_COMPANION = r"\..*|(readme|licen[cs]e|notice|source|changelog|copying|citation|authors)(\..*)?|.*\.md|recording\.toml"
_STAMP_SD_NS = 1_000_000.0
"""A frame's stamp and its presentation time agree within a millisecond on the devices seen."""


def holds_only(entries: Iterable[str], own: str) -> bool:
    """Whether a folder's entries all match the pattern of a device's own files, or accompany them.

    A folder that also holds another device's recording is not one device's: its files are
    then read one by one.
    """
    return all(re.fullmatch(rf"{own}|{_COMPANION}", entry, re.IGNORECASE) for entry in entries)


def join_contents(parts: Iterable[Contents]) -> Contents:
    """The contents of several files as those of one; each clock is listed once."""
    parts = tuple(parts)
    clocks: dict[str, Clock] = {}
    for part in parts:
        for clock in part.clocks:
            clocks.setdefault(clock.name, clock)
    return Contents(
        tuple(stream for part in parts for stream in part.streams),
        tuple(clocks.values()),
        tuple(annotation for part in parts for annotation in part.annotations),
        tuple(evidence for part in parts for evidence in part.evidence),
        tuple(finding for part in parts for finding in part.findings),
    )


def inner_request(request: Request, path: Path, clock: str = "") -> Request:
    """The request for one file of a folder, on the folder's clock or another."""
    return Request(path, f"{request.name}/{path.name}", clock or request.clock, request.options)


def read_video(request: Request) -> Contents:
    """A device's video, by the media reader, on the clock that the request names."""
    return MediaReader().read(request)


def stamped_video(request: Request, frames_ns: Int64Array, device_clock: str) -> Contents:
    """A video whose frames the device stamped, and how its clock lies on the device's.

    Parameters
    ----------
    frames_ns
        The device's stamp of each frame, int64 (n).

    Notes
    -----
    Where the video has another number of frames than there are stamps, nothing says which
    frame a stamp belongs to; then there is no evidence and a Finding instead.
    """
    contents = read_video(request)
    video = next((stream for stream in contents.streams if stream.modality is Modality.VIDEO), None)
    if video is None or len(video) != len(frames_ns) or not len(frames_ns):
        found = "no video track" if video is None else f"{len(video)} frames"
        note = Finding(
            "frames_without_stamps",
            Severity.WARNING,
            request.name,
            f"expected {len(frames_ns)} frames, one for each stamp, found {found}; the stamps were not used",
            "copy the video again; until then its clock is related by what it shows and sounds",
        )
        return join_contents([contents, Contents(findings=(note,))])
    return join_contents([contents, Contents(evidence=(_relation(video, frames_ns, device_clock),))])


def _relation(video: Stream, frames_ns: Int64Array, device_clock: str) -> Evidence:
    """How the video's clock lies on the device's, at some hundred frames."""
    times_ns = video.timestamps_ns
    some = np.unique(np.linspace(0, len(times_ns) - 1, num=min(len(times_ns), 500)).astype(np.int64))
    return declared_relation(
        video.clock, device_clock, times_ns[some], frames_ns[some], sd_ns=_STAMP_SD_NS, sources=(video.name,)
    )


def declared_relation(
    clock: str, reference: str, times_ns: Int64Array, reference_ns: Int64Array, *, sd_ns: float, **more: Any
) -> Evidence:
    """What a device's own file says about two of its clocks: both readings at the same moments."""
    sds_ns = np.full(len(times_ns), sd_ns)
    return Evidence(clock, reference, times_ns, reference_ns - times_ns, sds_ns, "declared", **more)
