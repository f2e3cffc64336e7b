"""Plain MCAP files: JSON, Protocol Buffers and ROS messages, whatever each channel says."""

from __future__ import annotations

from weft.readers.bags.contents import read_messages
from weft.readers.bags.mcap_storage import MAGIC, McapStorage
from weft.readers.protocol import Contents, Probe, Request


class McapReader:
    """Reads MCAP files that name no ROS profile.

    Clocks and stamps as in :class:`weft.readers.bags.rosbag.RosbagReader`; a JSON or Protocol
    Buffers message's ``timestamp`` is its header stamp. A channel of unknown encoding stays
    bytes, with a finding; an unfinished file gives what lies before the cut.

    Notes
    -----
    JSON numbers become columns named by their dotted path; which columns there are is told
    by the topic's first message. Protocol Buffers need the package ``protobuf``. Attachments
    are left in the file.
    """

    name = "mcap"

    def recognises(self, probe: Probe) -> bool:
        """Whether the file begins with MCAP's magic."""
        return probe.head.startswith(MAGIC)

    def read(self, request: Request) -> Contents:
        """The streams of every channel.

        Raises
        ------
        UnreadableError
            If it is no MCAP file.
        UnsupportedError
            If every channel with messages has an unknown encoding.
        """
        return read_messages(request, [McapStorage(request.path, request.name)])
