"""One function for each check; each gives findings with their numbers and their cure."""

from weft.quality.alignment_checks import alignment_findings, over_budget
from weft.quality.recording_checks import is_empty, why_empty
from weft.quality.stream_checks import check_recording, timing_of

__all__ = ["alignment_findings", "check_recording", "is_empty", "over_budget", "timing_of", "why_empty"]
