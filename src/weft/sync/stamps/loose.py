"""Evidence from stamps: what files say about other clocks without meaning to.

All of it is loose. A message's arrival is late by an unknown latency, a container's
creation time is whatever the camera's owner once set, and two wall clocks agree as well
as somebody's NTP. Such evidence fills in where nothing better exists; content overrules it.
"""

from __future__ import annotations

from weft.sync.relations import Question, Relations
from weft.sync.stamps.arrival import arrival_evidence, arrival_findings
from weft.sync.stamps.container_start import container_start_evidence
from weft.sync.stamps.wall_clock import wall_clock_evidence

__all__ = ["arrival_evidence", "container_start_evidence", "relate_by_stamps", "wall_clock_evidence"]


def relate_by_stamps(question: Question) -> Relations:
    """Everything that stamps say about the recording's clocks: ``arrival``, ``wall_clock``, ``container_start``."""
    recording = question.recording
    makers = (arrival_evidence, wall_clock_evidence, container_start_evidence)
    evidence = [e for make in makers for e in make(recording)]
    return Relations(evidence, findings=arrival_findings(recording))
