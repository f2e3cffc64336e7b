"""Raw data exported by SMI BeGaze as text: samples (``SMP``) with messages (``MSG``) between them.

Times count microseconds of the tracker's computer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from weft.core import Annotation, Interval, Modality
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.choice import Choice
from weft.readers.tables.dialects import load_table, table_contents
from weft.readers.tables.headers import header_of

_NS_PER_US = 1000
_COLUMNS = frozenset({"Time", "Type", "Trial"})
_MESSAGE = r"^\s*\d+\tMSG\t"


class BeGazeReader:
    """Reads BeGaze raw exports."""

    name = "begaze"

    def recognises(self, probe: Probe) -> bool:
        """Whether the header has BeGaze's columns, or the comments in front name the program."""
        if probe.is_folder or probe.suffix != ".txt":
            return False
        return header_of(probe) >= _COLUMNS or b"BeGaze" in probe.head or b"Time\tType\tTrial" in probe.head

    def read(self, request: Request) -> Contents:
        """The samples as one stream; messages as annotations.

        Raises
        ------
        UnreadableError
            If the table is broken or its time runs backwards.
        """
        choice = Choice(
            time_column="Time",
            time_unit="us",
            modality=Modality.GAZE,
            signal="gaze",
            without=("Type",),
            side_rows=_MESSAGE,
        )
        table = load_table(request, choice)
        contents = table_contents(request, table, choice)
        return replace(contents, annotations=tuple(_messages(request, table.side_rows)))


def _messages(request: Request, rows: tuple[str, ...]) -> Iterator[Annotation]:
    """The messages between the samples."""
    for row in rows:
        time, _, trial, *rest = [*row.split("\t"), "", ""][:5]
        if time.strip().isdigit():
            text = rest[0].removeprefix("# Message:").strip()
            at_ns = int(time) * _NS_PER_US
            yield Annotation(
                "message",
                Interval(at_ns, at_ns),
                request.clock,
                text,
                method=request.name,
                tier="messages",
                details={"trial": trial},
            )
