"""The ``metadata.yaml`` of a rosbag2 folder: which files it has and what it promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from weft.core import UnreadableError, UnsupportedError

FILE_NAME = "metadata.yaml"
KEY = "rosbag2_bagfile_information"
NEWEST_VERSION = 9
_MAX_BYTES = 16 * 2**20


@dataclass(frozen=True)
class BagFolder:
    """What the metadata say."""

    files: tuple[Path, ...]
    missing: tuple[str, ...]
    promised: int | None
    promised_by_topic: Mapping[str, int] = field(default_factory=dict)
    formats: frozenset[str] = frozenset()
    distro: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def looks_like_bag_folder(folder: Path, entries: frozenset[str]) -> bool:
    """Whether a folder has a rosbag2 ``metadata.yaml``."""
    if FILE_NAME not in entries:
        return False
    try:
        with (folder / FILE_NAME).open("rb") as stream:
            return KEY.encode() in stream.read(4096)
    except OSError:
        return False


def read_bag_folder(folder: Path, name: str) -> BagFolder:
    """The files and promises of a rosbag2 folder.

    Files are taken by their last name from the folder itself, as rosbag2 does since
    version 4, so that no path leads out of it.

    Raises
    ------
    UnreadableError
        If the metadata are damaged, or none of the files is there.
    UnsupportedError
        If they are of a newer version than is known, or name an unknown compression.
    """
    where = f"{name}/{FILE_NAME}"
    information = _load(folder / FILE_NAME, where)
    version = information.get("version")
    if not isinstance(version, int) or version > NEWEST_VERSION:
        raise UnsupportedError(
            f"{where}: expected rosbag2 metadata of version 1 to {NEWEST_VERSION}, found {version!r}"
        )
    compression = str(information.get("compression_format") or "")
    if compression not in ("", "zstd"):
        raise UnsupportedError(
            f"{where}: the bag is compressed with {compression!r}; only zstd is known to rosbag2 itself"
        )
    listed = [PurePosixPath(str(one)).name for one in _list(information, "relative_file_paths")]
    paths = [folder / one for one in listed if one not in ("", ".", "..")]
    there = tuple(path for path in paths if path.is_file())
    if not there:
        raise UnreadableError(
            f"{where}: names the files {', '.join(listed) or 'none'}, and none of them is in the folder"
        )
    topics = [one for one in _list(information, "topics_with_message_count") if isinstance(one, Mapping)]
    return BagFolder(
        files=there,
        missing=tuple(path.name for path in paths if path not in there),
        promised=_count(information),
        promised_by_topic={_topic(one).get("name", ""): _count(one) or 0 for one in topics},
        formats=frozenset(str(_topic(one).get("serialization_format", "")) for one in topics),
        distro=str(information.get("ros_distro") or ""),
        details={
            "version": version,
            "storage": information.get("storage_identifier"),
            "files": [p.name for p in there],
        },
    )


def _load(path: Path, where: str) -> Mapping[str, Any]:
    """The metadata as dictionaries."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UnreadableError(f"{where}: has {path.stat().st_size} bytes; rosbag2 writes a few thousand")
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError, OSError, ValueError, RecursionError) as error:
        raise UnreadableError(f"{where}: is no readable YAML ({error}); `ros2 bag reindex` writes it anew") from error
    information = document.get(KEY) if isinstance(document, Mapping) else None
    if not isinstance(information, Mapping):
        raise UnreadableError(f"{where}: expected the key {KEY!r}; `ros2 bag reindex` writes the file anew")
    return information


def _list(record: Mapping[str, Any], key: str) -> list[Any]:
    """A list of the metadata; empty where there is none."""
    value = record.get(key)
    return value if isinstance(value, list) else []


def _topic(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The description of one topic."""
    value = record.get("topic_metadata")
    return value if isinstance(value, Mapping) else {}


def _count(record: Mapping[str, Any]) -> int | None:
    """A promised number of messages."""
    value = record.get("message_count")
    return value if isinstance(value, int) else None
