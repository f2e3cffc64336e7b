"""One pass over the files of a bag, and the recording that comes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from weft.core import Clock, Finding, Severity, Stream, UnsupportedError
from weft.readers.bags.audio import with_sound
from weft.readers.bags.header_clock import epoch_of
from weft.readers.bags.storage import Channel, Storage, StoredMessage
from weft.readers.bags.topic import Topic
from weft.readers.bags.transforms import TYPES, TransformTopic
from weft.readers.protocol import Contents, Request

_Key = tuple[str, str, str]

_MOST_DETAILS = 4096
"""Characters; rosbag2 writes its whole metadata into the file once more."""


def read_messages(
    request: Request,
    storages: Sequence[Storage],
    *,
    distro: str = "",
    promised: int | None = None,
    promised_by_topic: Mapping[str, int] | None = None,
) -> Contents:
    """The streams of every topic, from one pass over the files.

    What is kept in memory are stamps (a few tens of bytes for each message) and small
    numbers; pictures, clouds, texts and bytes are read again when they are asked for.

    Parameters
    ----------
    storages
        The bag's files in the order of recording.
    distro
        The ROS distribution that recorded it, where known; ``ros_distro`` in the file's
        table of ``recording.toml`` overrides it.
    promised, promised_by_topic
        How many messages the bag's metadata promise; compared with what was found.

    Raises
    ------
    UnreadableError
        If a file is broken beyond what can be read around.
    UnsupportedError
        If every topic with messages has an encoding that nobody knows.
    """
    topics: dict[_Key, Topic | TransformTopic] = {}
    found: Counter[str] = Counter()
    logged: list[int] = []
    for file, message in _all_messages(storages):
        channel = message.channel
        found[channel.topic] += 1
        key = (channel.topic, channel.message_type, channel.encoding)
        if key not in topics:
            known = str(request.options.get("ros_distro", "")) or distro or _distro(storages)
            topics[key] = (TransformTopic if channel.message_type in TYPES else Topic)(channel, known)
            logged.append(message.log_ns)
        topics[key].add(message, file)
    _require_known(request, topics, found)
    streams, clocks, findings = _assemble(request, topics, tuple(storages), logged)
    infos = {topic: one.first for (topic, _, _), one in topics.items() if isinstance(one, Topic) and one.first}
    streams, remarks = with_sound(streams, infos)
    findings += remarks
    findings = [finding for storage in storages for finding in storage.problems] + findings
    findings += _count_findings(request, storages, found, promised, promised_by_topic or {})
    findings += _empty_topics(request, storages, found)
    findings += _attachments(request, storages)
    said = _said_of_itself(storages)
    streams = [replace(stream, details={**stream.details, "file": said}) if said else stream for stream in streams]
    return Contents(streams=tuple(streams), clocks=tuple(clocks.values()), findings=tuple(findings))


def _all_messages(storages: Iterable[Storage]) -> Iterator[tuple[int, StoredMessage]]:
    """Every message with the number of its file."""
    for file, storage in enumerate(storages):
        for message in storage.scan():
            yield file, message


def _distro(storages: Sequence[Storage]) -> str:
    """The distribution that a file names itself."""
    for storage in storages:
        metadata = storage.details.get("metadata")
        known = metadata.get("rosbag2", {}) if isinstance(metadata, dict) else {}
        distro = storage.details.get("ros_distro") or known.get("ROS_DISTRO")
        if distro:
            return str(distro)
    return ""


def _require_known(request: Request, topics: Mapping[_Key, object], found: Counter[str]) -> None:
    """Refuse a bag of which not one message can be understood."""
    formats = {encoding for _, _, encoding in topics}
    if topics and not formats & {"cdr", "ros1", "json", "protobuf"}:
        raise UnsupportedError(
            f"{request.name}: its {found.total()} messages are serialised as {', '.join(map(repr, sorted(formats)))}; "
            "known are cdr, ros1, json and protobuf; convert it with `ros2 bag convert`"
        )


def _assemble(
    request: Request, topics: Mapping[_Key, Topic | TransformTopic], storages: tuple[Storage, ...], logged: list[int]
) -> tuple[list[Stream], dict[str, Clock], list[Finding]]:
    """The streams of all topics with their clocks; the recorder's clock first."""
    clocks = {request.clock: Clock(request.clock, epoch_of(np.array(logged, dtype=np.int64)))}
    streams: list[Stream] = []
    findings: list[Finding] = []
    taken: set[str] = set()
    for (topic, _, _), gathered in topics.items():
        name = _free_name(f"{request.clock}/{topic.strip('/').replace('/', '.') or 'topic'}", taken)
        parts = gathered.streams(name, request, storages)
        for made, clock, remarks in parts if isinstance(parts, list) else [parts]:
            streams += [_apart(stream, streams) for stream in made]
            clocks.setdefault(clock.name, clock)
            findings += remarks
    for stream in streams:
        for other in stream.stamps:
            clocks.setdefault(other, Clock(other, epoch_of(stream.stamps[other])))
    return streams, clocks, findings


def _free_name(name: str, taken: set[str]) -> str:
    """The name, or the name with the first free number."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


def _apart(stream: Stream, others: Sequence[Stream]) -> Stream:
    """The stream under a name that no other has (a topic may be called like another's signal)."""
    name = _free_name(stream.name, {other.name for other in others})
    return stream if name == stream.name else replace(stream, name=name)


def _count_findings(
    request: Request,
    storages: Sequence[Storage],
    found: Counter[str],
    promised: int | None,
    by_topic: Mapping[str, int],
) -> list[Finding]:
    """Files and metadata that promise more or fewer messages than were found."""
    of_files = sum(storage.promised or 0 for storage in storages)
    cut = any(problem.check == "truncated" for storage in storages for problem in storage.problems)
    declared = None if cut or any(storage.promised is None for storage in storages) else of_files
    findings = []
    for who, count in (("its metadata promise", promised), ("the file itself counts", declared)):
        if count is not None and count != found.total():
            findings.append(_mismatch(request.name, who, count, found.total()))
    if promised is not None and promised == found.total():
        wrong = {topic: count for topic, count in by_topic.items() if count != found[topic]}
        findings += [_mismatch(f"{request.name} {t}", "its metadata promise", n, found[t]) for t, n in wrong.items()]
    return findings


def _mismatch(subject: str, who: str, count: int, found: int) -> Finding:
    """The finding that messages are missing or too many."""
    return Finding(
        "message_count_mismatch",
        Severity.ERROR if found < count else Severity.WARNING,
        subject,
        f"{who} {count} messages, {found} were found",
        "restore the missing part from the original, or run `ros2 bag reindex` on a copy if the files are whole",
        {"promised": count, "found": found},
    )


def _said_of_itself(storages: Sequence[Storage]) -> dict[str, object]:
    """What the files say about themselves (profile, library, metadata), where it is short."""
    said: dict[str, object] = {}
    for storage in storages:
        for key in ("profile", "library", "ros_distro", "metadata"):
            value = storage.details.get(key)
            if value and key not in said and len(str(value)) <= _MOST_DETAILS:
                said[key] = value
    return said


def _attachments(request: Request, storages: Sequence[Storage]) -> list[Finding]:
    """Files inside an MCAP file, which are left there."""
    names = [str(one[0]) for storage in storages for one in _listed(storage.details.get("attachments"))]
    if not names:
        return []
    return [
        Finding(
            "attachments",
            Severity.INFO,
            request.name,
            f"the file carries {len(names)} attachments, which were not read: {', '.join(names[:12])}",
            "take them out with `mcap get attachment` if they are recordings too",
            {"attachments": len(names)},
        )
    ]


def _listed(value: object) -> list[list[object]]:
    """A detail that is a list of rows."""
    return value if isinstance(value, list) else []


def _empty_topics(request: Request, storages: Sequence[Storage], found: Counter[str]) -> list[Finding]:
    """Topics that are declared and hold nothing."""
    declared: dict[str, Channel] = {}
    for storage in storages:
        declared |= {channel.topic: channel for channel in storage.declared}
    empty = sorted(topic for topic in declared if not found[topic])
    if not empty:
        return []
    return [
        Finding(
            "empty_topics",
            Severity.INFO,
            request.name,
            f"{len(empty)} of {len(declared)} topics hold no message: {', '.join(empty[:12])}",
            "nothing to do, unless one of them should",
            {"topics": len(empty)},
        )
    ]
