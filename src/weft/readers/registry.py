"""The readers, in the order in which they are asked."""

from __future__ import annotations

from weft.readers.protocol import Probe, Reader

READERS: dict[str, Reader] = {}


def reader_for(probe: Probe) -> Reader | None:
    """The first reader that recognises a file or folder, or ``None``."""
    for reader in READERS.values():
        if reader.recognises(probe):
            return reader
    return None
