"""rosbag2's SQLite3 files, opened read-only and never written beside.

The file is opened as immutable, so that SQLite takes no lock and makes no ``-shm`` file
in a folder that is not ours.

Source: https://github.com/ros2/rosbag2/blob/rolling/rosbag2_storage_sqlite3.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from weft.core import Finding, Severity, UnreadableError
from weft.core.times import LATEST_NS
from weft.readers.bags.storage import Channel, Place, StoredMessage, truncated

MAGIC = b"SQLite format 3\0"


@dataclass(eq=False)
class SqliteStorage:
    """One ``.db3`` file."""

    path: Path
    name: str
    problems: list[Finding] = field(default_factory=list)
    promised: int | None = None
    declared: list[Channel] = field(default_factory=list)
    details: dict[str, object] = field(default_factory=dict)
    _connection: sqlite3.Connection | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_connection": None}

    def scan(self) -> Iterator[StoredMessage]:
        """Every readable message, in the order in which it was written.

        Raises
        ------
        UnreadableError
            If it is no rosbag2 database, or too damaged to list its topics.
        """
        read = 0
        with closing(_open(self.path)) as database:
            channels = self._channels(database)
            self._look_for_log_left_behind()
            try:
                self.promised = int(database.execute("SELECT count(*) FROM messages").fetchone()[0])
            except sqlite3.Error:
                self.promised = None
            try:
                for row_id, topic_id, log_ns, data in database.execute(
                    "SELECT id, topic_id, timestamp, data FROM messages ORDER BY id"
                ):
                    if topic_id in channels and isinstance(data, bytes) and _are_times(row_id, log_ns):
                        read += 1
                        yield StoredMessage(channels[topic_id], log_ns, log_ns, (row_id, 0), data)
            except (sqlite3.Error, OverflowError) as error:
                self.problems.append(self._cut(read, str(error)))
                return
        if self._missing_bytes():
            self.problems.append(self._cut(read, f"{self._missing_bytes()} bytes are missing"))

    def fetch(self, places: Iterable[Place]) -> Iterator[bytes]:
        """The messages of some rows."""
        if self._connection is None:
            self._connection = _open(self.path)
            weakref.finalize(self, self._connection.close)
        for row_id, _ in places:
            try:
                row = self._connection.execute("SELECT data FROM messages WHERE id = ?", (row_id,)).fetchone()
            except sqlite3.Error as error:
                raise UnreadableError(f"{self.name}: row {row_id} cannot be read ({error})") from error
            if row is None:
                raise UnreadableError(f"{self.name}: row {row_id} is gone; the file changed since it was scanned")
            yield row[0]

    def _channels(self, database: sqlite3.Connection) -> dict[int, Channel]:
        """The topics, with descriptions of their messages where the file has them."""
        try:
            topics = database.execute("SELECT id, name, type, serialization_format FROM topics ORDER BY id").fetchall()
            definitions = self._definitions(database)
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise UnreadableError(
                f"{self.name}: expected a rosbag2 database with its topics, found {error}; "
                "try `sqlite3 broken.db3 .recover | sqlite3 repaired.db3`"
            ) from error
        channels = {}
        for topic_id, *texts in topics:
            topic, message_type, encoding = (str(text) for text in texts)
            described = (
                definitions.get(message_type) or definitions.get(message_type.removesuffix("_Event")) or ("", "")
            )
            channels[topic_id] = Channel(topic, message_type, encoding, described[1].encode(), described[0])
        self.declared = list(channels.values())
        return channels

    def _definitions(self, database: sqlite3.Connection) -> dict[str, tuple[str, str]]:
        """Format and text of each type's description, by type; newer files have them."""
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "schema" in tables:
            columns = {row[1] for row in database.execute("PRAGMA table_info(schema)")}
            if "ros_distro" in columns:
                row = database.execute("SELECT ros_distro FROM schema").fetchone()
                self.details["ros_distro"] = str(row[0]) if row else ""
        if "message_definitions" not in tables:
            return {}
        rows = database.execute("SELECT topic_type, encoding, encoded_message_definition FROM message_definitions")
        return {str(row[0]): (str(row[1]), str(row[2])) for row in rows}

    def _look_for_log_left_behind(self) -> None:
        """A finding where a crash left messages in the write-ahead log beside the file."""
        log = self.path.with_name(self.path.name + "-wal")
        if log.is_file() and log.stat().st_size:
            self.problems.append(
                Finding(
                    "unmerged_log",
                    Severity.WARNING,
                    self.name,
                    f"{log.name} holds {log.stat().st_size} bytes that the recorder had not merged into the database",
                    "copy both files and run `sqlite3 copy.db3 'PRAGMA wal_checkpoint'`; then read the copy",
                    {"bytes": log.stat().st_size},
                )
            )

    def _missing_bytes(self) -> int:
        """How much shorter the file is than its own header says."""
        with self.path.open("rb") as file:
            head = file.read(32)
        page = int.from_bytes(head[16:18], "big")
        declared = (65536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
        return max(0, declared - self.path.stat().st_size)

    def _cut(self, read: int, reason: str) -> Finding:
        """The finding that the database breaks off."""
        cure = "try `sqlite3 broken.db3 .recover | sqlite3 repaired.db3`, or copy the file again"
        return truncated(self.name, f"the database is damaged ({reason})", read, cure)


def _are_times(row_id: object, log_ns: object) -> bool:
    """Whether a row's number and stamp are what they should be; damaged pages give anything."""
    return isinstance(row_id, int) and isinstance(log_ns, int) and abs(log_ns) < LATEST_NS


def _text(data: bytes) -> str:
    """A text of the database, whatever its bytes."""
    return data.decode("utf-8", "replace")


def _open(path: Path) -> sqlite3.Connection:
    """The database, read-only and untouched."""
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        database = sqlite3.connect(address, uri=True, check_same_thread=False)
    except sqlite3.Error as error:
        raise UnreadableError(f"{path.name}: cannot be opened as an SQLite3 database ({error})") from error
    database.text_factory = _text
    return database


def is_rosbag2_database(path: Path) -> bool:
    """Whether a database has the tables of a rosbag2 file."""
    try:
        with closing(_open(path)) as database:
            rows = database.execute("SELECT name FROM sqlite_master WHERE name IN ('topics', 'messages')").fetchall()
    except (sqlite3.Error, UnreadableError):
        return False
    return len(rows) == 2
