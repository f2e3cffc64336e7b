"""Video, sound and captions of media files, with the times that their containers state.

The clock of a media file reads 0 where players show 0: at the container's own zero for
MP4, MOV, Matroska, AVI and ASF (edit lists respected, a late first frame stays late), and
at the first sample or frame where the container counts from an arbitrary number (MPEG
streams, Ogg, bare MP3, AAC, FLAC, WAV, and sound alone in Matroska, whose muxers move it by its encoder's delay). All
tracks of a file share that clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from weft.core import NS_PER_MS, Finding, Stream, UnreadableError
from weft.readers.media import findings as remarks
from weft.readers.media.promised_size import box_kinds, promised_bytes
from weft.readers.media.signatures import claims, container_at
from weft.readers.protocol import HEAD_BYTES, Contents, Probe, Request

if TYPE_CHECKING:
    from av.container import InputContainer


_STATE_DURATION = frozenset({"matroska", "mov", "asf", "avi"})
"""Containers whose duration stands in the header; elsewhere it is an estimate."""
_KEPT_TAGS = (
    "encoder",
    "software",
    "make",
    "model",
    "firmware",
    "com.apple.quicktime.model",
    "timecode",
    "time_reference",
)
"""``time_reference`` is a field recorder's count of samples since midnight (EBU Tech 3285)."""
_LEAST_MISSING_NS = 500 * NS_PER_MS


class MediaReader:
    """Reads video, sound and captions through the decoder library that PyAV brings along."""

    name = "media"

    def recognises(self, probe: Probe) -> bool:
        """Whether the content is a media container, or the name promises one."""
        return claims(probe)

    def read(self, request: Request) -> Contents:
        """The file's tracks; frames and samples are decoded when they are asked for.

        Raises
        ------
        UnreadableError
            If the file is empty, is no media, or its index is missing.
        """
        container = _container(request)
        return _read(request, container)


def _read(request: Request, container: str) -> Contents:
    """The tracks of a file whose container is known."""
    from weft.readers.media.packet_notes import PacketNotes
    from weft.readers.media.packets import list_packets, open_container
    from weft.readers.media.streams import TrackStreams
    from weft.readers.media.tracks import find_tracks

    tracks = find_tracks(request.path, container, request.name)
    with open_container(request.path, container, request.name) as opened:
        notes = PacketNotes(request, opened, tracks)
        listed = list_packets(opened, notes.observe)
        notes.finish(listed.tails)
        about = _about(opened)
        promised_ns = (opened.duration or 0) * 1000 if container in _STATE_DURATION else 0
        claimed = {s.index: s.duration for s in opened.streams.audio if container == "flac" and s.duration}
    parts = TrackStreams(request, container, listed.tables, about)
    for track in tracks:
        parts.add(track, notes)
    parts.settle_delays()
    if not parts.has_any:
        raise UnreadableError(
            f"{request.name}: expected at least one video, sound or caption track that can be decoded, "
            f"found {len(tracks)} tracks and none; convert the file, or leave it out"
        )
    packets = sum(len(table) for table in listed.tables.values())
    whole = [*_cut_findings(request, container, (listed.stopped, packets)), *_short_findings(parts.streams, claimed)]
    if not whole:
        whole = _ended_early(request.name, promised_ns, max((t.stop_ns for t in listed.tables.values()), default=0))
    return parts.contents([*whole, *parts.findings])


def _ended_early(name: str, promised_ns: int, stop_ns: int) -> list[Finding]:
    """A remark on packets that end long before the duration that the header states."""
    if promised_ns - stop_ns <= max(_LEAST_MISSING_NS, promised_ns // 20):
        return []
    return [remarks.truncated(name, promised_ns // NS_PER_MS, stop_ns // NS_PER_MS, "ms")]


def _cut_findings(request: Request, container: str, stopped: tuple[str, int]) -> list[Finding]:
    """Remarks on a file that ends before its own headers say, or before it can be read."""
    size, promised = request.path.stat().st_size, promised_bytes(request.path, container)
    if promised > size:
        return [remarks.truncated(request.name, promised, size, "bytes")]
    reason, packets = stopped
    return [remarks.broken_off(request.name, reason, packets)] if reason else []


def _short_findings(streams: list[Stream], claimed: dict[int, int]) -> list[Finding]:
    """Remarks on sound tracks that hold fewer samples than their header says."""
    found = {stream.details["track"]: stream for stream in streams if "track" in stream.details}
    return [
        remarks.truncated(found[track].name, samples, len(found[track]), "samples")
        for track, samples in claimed.items()
        if track in found and len(found[track]) < samples
    ]


def _container(request: Request) -> str:
    """Which demuxer reads the file."""
    try:
        size = request.path.stat().st_size
        with request.path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise UnreadableError(
            f"{request.name}: expected a readable file, found: {error.strerror}; check its permissions"
        ) from error
    if not size:
        raise UnreadableError(
            f"{request.name}: expected media, found an empty file (0 bytes); copy it from the device again, "
            f"or leave it out"
        )
    container = container_at(request.path, head, request.path.suffix.lower())
    if not container:
        raise UnreadableError(f"{request.name}: expected media, as its name says, found {_looks_like(head)}")
    if container == "mov" and not {"moov", "moof"} & set(box_kinds(request.path)):
        raise UnreadableError(
            f"{request.name}: expected an index (a 'moov' box), found none in {size:,} bytes; the recorder was stopped "
            f"before it wrote it, or the copy was cut. Copy it again, repair it with a whole file of the same device "
            f"as a model (untrunc), or leave it out"
        )
    return container


def _looks_like(head: bytes) -> str:
    """What content that is no media is, with what to do about it."""
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer; fetch the real file with: git lfs pull"
    if head.startswith(b"\x00") and not any(head):
        return f"{len(head)} zero bytes; the recorder or a copy failed, so copy it from the device again"
    try:
        text = head[:512].decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if not text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return f"bytes that start with {head[:8].hex(' ')}; name the file after what it is, or leave it out"
    start = head[:40].decode("utf-8", "replace")
    return f"text that starts with {start!r}; name the file after what it is, or leave it out"


def _about(opened: InputContainer) -> dict[str, Any]:
    """What the container says about the whole file, for every stream's details."""
    about: dict[str, Any] = {"container": opened.format.name}
    made = creation_time({key.lower(): value for key, value in opened.metadata.items()})
    if made:
        about["creation_time"] = made
    for key in _KEPT_TAGS:
        if key in opened.metadata:
            about[key.rsplit(".", 1)[-1]] = opened.metadata[key]
    return about


def creation_time(tags: Mapping[str, str]) -> str:
    """When the device says that it made the file, in ISO 8601; empty when it gives no time of day.

    Parameters
    ----------
    tags
        The container's tags, in lower case. Apple's own tag is preferred, as it has the
        time zone; a field recorder gives date and time apart.

    Examples
    --------
    >>> creation_time({"date": "2024-05-01", "creation_time": "10:20:30"})
    '2024-05-01T10:20:30'
    """
    date, time = tags.get("date", ""), tags.get("creation_time", "")
    joined = f"{date}T{time}" if date and time and "T" not in time else time or date
    made = tags.get("com.apple.quicktime.creationdate") or joined
    try:
        return datetime.fromisoformat(made).isoformat() if ":" in made else ""
    except ValueError:
        return ""
