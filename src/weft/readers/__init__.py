"""Files of every kind, each read by one file behind one protocol."""

from weft.readers.finding_files import find_recordings, hash_file
from weft.readers.folder import open_recording
from weft.readers.protocol import Contents, Probe, Reader, Request

__all__ = ["Contents", "Probe", "Reader", "Request", "find_recordings", "hash_file", "open_recording"]
