"""Biopac AcqKnowledge recordings: recognised, and refused with what to do instead."""

from __future__ import annotations

from weft.core import UnsupportedError
from weft.readers.protocol import Contents, Probe, Request


class BiopacReader:
    """Tells people with ``.acq`` files how to get them in."""

    name = "biopac"

    def recognises(self, probe: Probe) -> bool:
        """Whether it is called ``.acq``."""
        return probe.suffix == ".acq" and not probe.is_folder

    def read(self, request: Request) -> Contents:
        """Nothing; this kind of file is not read yet.

        Raises
        ------
        UnsupportedError
            Always.
        """
        raise UnsupportedError(
            f"{request.name}: AcqKnowledge files (.acq) are not read; export the channels in AcqKnowledge as text with "
            "their time (File > Save as > Text), or convert the file with bioread, and give the table"
        )
