"""ROS bags: rosbag2 folders and files (SQLite3, MCAP), ROS 1 bags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from weft.core import Finding, Severity, UnreadableError, UnsupportedError
from weft.readers.bags import mcap_storage, ros1_storage, sqlite_storage
from weft.readers.bags.bag_folder import BagFolder, looks_like_bag_folder, read_bag_folder
from weft.readers.bags.chunk_unpacking import ZSTD_MAGIC
from weft.readers.bags.contents import read_messages
from weft.readers.bags.storage import Storage
from weft.readers.bags.zst_files import unpacked_path
from weft.readers.protocol import Contents, Probe, Request

KNOWN_FORMATS = {"cdr", ""}
_PACKED_SUFFIXES = {".db3", ".mcap", ".bag"}


class RosbagReader:
    """Reads rosbag2 folders, single ``.db3`` and ROS ``.mcap`` files, and ROS 1 ``.bag`` files.

    A topic whose messages have header stamps reads the clock ``<clock>/<topic>`` (slashes
    become dots) and keeps the recorder's log times, and the publish times where the file
    has them, as stamps by the clocks ``<clock>`` and ``<clock>/publish``. A topic without
    usable header stamps reads ``<clock>``.

    The files are read by their own content and not through the list of topics in
    ``metadata.yaml``, whose promises are compared with what was found. A bag that holds
    less than its metadata promise is read, with a finding of severity error.

    Notes
    -----
    Files that rosbag2 compressed whole are unpacked into the system's temporary folder
    once for each process.

    When it fails: SQLite3 bags of before ROS 2 Iron hold no description of their types;
    types that no known distribution has stay bytes, with a finding.
    """

    name = "rosbag"

    def recognises(self, probe: Probe) -> bool:
        """A folder with rosbag2 metadata, or a file that begins as one of the stores does."""
        if probe.is_folder:
            return looks_like_bag_folder(probe.path, probe.entries)
        if probe.head.startswith(ros1_storage.MAGIC):
            return True
        if probe.head.startswith(sqlite_storage.MAGIC):
            return probe.suffix == ".db3" or sqlite_storage.is_rosbag2_database(probe.path)
        if probe.head.startswith(mcap_storage.MAGIC):
            return is_ros_mcap(probe.head)
        return probe.head.startswith(ZSTD_MAGIC) and Path(probe.path.stem).suffix.lower() in _PACKED_SUFFIXES

    def read(self, request: Request) -> Contents:
        """The streams of every topic.

        Raises
        ------
        UnreadableError
            If the metadata or a file is damaged beyond what can be read around.
        UnsupportedError
            If the metadata are newer than is known, or the messages are serialised in an
            unknown way.
        """
        if request.path.is_dir():
            return _read_folder(request, read_bag_folder(request.path, request.name))
        return read_messages(request, [storage_of(request.path, request.name)])


def is_ros_mcap(head: bytes) -> bool:
    """Whether an MCAP file's header names a ROS profile."""
    at = len(mcap_storage.MAGIC) + 9
    size = int.from_bytes(head[at : at + 4], "little")
    return head[at + 4 : at + 4 + size] in (b"ros1", b"ros2")


def storage_of(path: Path, name: str) -> Storage:
    """The store that a file is, by content.

    Raises
    ------
    UnreadableError
        If it is none that ROS writes.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
    except OSError as error:
        raise UnreadableError(f"{name}: cannot be opened ({error.strerror})") from error
    if head.startswith(ZSTD_MAGIC):
        return storage_of(unpacked_path(path, name), name)
    if head.startswith(sqlite_storage.MAGIC):
        return sqlite_storage.SqliteStorage(path, name)
    if head.startswith(mcap_storage.MAGIC):
        return mcap_storage.McapStorage(path, name)
    if head.startswith(ros1_storage.MAGIC):
        return ros1_storage.Ros1Storage(path, name)
    raise UnreadableError(
        f"{name}: expected an SQLite3, MCAP or ROS 1 bag file, found one of {path.stat().st_size} bytes that begins "
        f"with {head[:8]!r}; restore it from a copy"
    )


def _read_folder(request: Request, folder: BagFolder) -> Contents:
    """The streams of a rosbag2 folder, all its files together."""
    unknown = folder.formats - KNOWN_FORMATS
    if folder.formats and not folder.formats & KNOWN_FORMATS:
        raise UnsupportedError(
            f"{request.name}: its messages are serialised as {', '.join(map(repr, sorted(unknown)))}; "
            "known is cdr; convert it with `ros2 bag convert`"
        )
    storages: Sequence[Storage] = [storage_of(path, f"{request.name}/{path.name}") for path in folder.files]
    contents = read_messages(
        request, storages, distro=folder.distro, promised=folder.promised, promised_by_topic=folder.promised_by_topic
    )
    return replace(contents, findings=(*_missing(request, folder), *contents.findings))


def _missing(request: Request, folder: BagFolder) -> list[Finding]:
    """Files of a split bag that are not there."""
    if not folder.missing:
        return []
    return [
        Finding(
            "missing_files",
            Severity.ERROR,
            request.name,
            f"the metadata name {len(folder.files) + len(folder.missing)} files, {len(folder.missing)} are not there: "
            + ", ".join(folder.missing[:8]),
            "copy them into the folder; until then their time is missing",
            {"missing": len(folder.missing)},
        )
    ]
