"""A clock daemon's log is used only where its clock was read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from weft.core import ArraySamples, Clock, Epoch, Evidence, ListedTimeline, Modality, Recording, Status, Stream
from weft.sync import align
from weft.sync.stamps.elsewhere import at_hand

S = 1_000_000_000
UNIX_NS = 1_760_000_000 * S


def recording(start_ns: int, method: str) -> Recording:
    """A film whose clock begins at ``start_ns``, and a log in Unix time."""
    film = Stream(
        "cam/video", Modality.MOTION, "cam", ListedTimeline(start_ns + np.arange(600) * S), ArraySamples(np.zeros(600))
    )
    times_ns = UNIX_NS + np.arange(0, 600, 10, dtype=np.int64) * S
    log = Evidence("cam", "utc", times_ns, np.full(60, 1000), np.full(60, 1e3), method, sources=("cam.log",))
    return Recording("r", Path(), (film,), (Clock("cam"), Clock("utc", Epoch.UNIX)), evidence=(log,))


def test_a_log_of_the_same_time_is_used() -> None:
    made = recording(UNIX_NS + 1200 * S, "ntp")
    assert len(at_hand(made).evidence) == 1
    assert align(made, reference="utc")["cam"].status is Status.ALIGNED


def test_a_log_of_another_time_is_named_and_left_out() -> None:
    made = recording(0, "ptp")
    assert [finding.check for finding in at_hand(made).findings] == ["clock_log_elsewhere"]
    solved = align(made, reference="utc")
    assert solved["cam"].status is Status.NOT_ALIGNED
    assert "other times" in solved["cam"].note
    assert "clock_log_elsewhere" in [finding.check for finding in solved.findings]


def test_what_a_person_declared_is_never_left_out() -> None:
    assert len(at_hand(recording(0, "declared")).evidence) == 1
