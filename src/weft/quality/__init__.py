"""One function for each check; each gives findings with their numbers and their cure."""

from weft.quality.stream_checks import check_recording, timing_of

__all__ = ["check_recording", "timing_of"]
