"""What is there of each stream, or why it is not."""

from pathlib import Path

import numpy as np
import pytest

from weft.context.presence import presences
from weft.core import ArraySamples, Clock, Interval, ListedTimeline, Modality, Recording, Stream
from weft.testing.talks import as_recorded

S = 1_000_000_000


def _span(context, *, gap_s=None, modality=Modality.GAZE, **alignment):
    times = np.arange(0, 10 * S, S // 50)
    if gap_s:
        times = times[(times < gap_s[0] * S) | (times >= gap_s[1] * S)]
    stream = Stream("eye/gaze", modality, "eye", ListedTimeline(times), ArraySamples(np.zeros(len(times))), 50.0)
    recording = Recording("r", Path(), (stream,), (Clock("mic"), Clock("eye")))
    (found,) = presences(recording, as_recorded(recording, **alignment), use_weak=True)
    return found.span(Interval.from_seconds(*context))


@pytest.mark.parametrize(
    ("context", "gap_s", "present", "reason"),
    [
        ((2, 4), None, 1.0, ""),
        ((8, 12), None, 0.5, "ended"),
        ((-2, 2), None, 0.5, "ended"),
        ((20, 30), None, 0.0, "ended"),
        ((2, 6), (3, 5), 0.505, "gap"),
        ((3.2, 4), (3, 5), 0.0, "gap"),
        ((2, 2), None, 1.0, ""),
    ],
    ids=["all there", "ends", "begins", "long over", "a gap", "all in the gap", "a moment"],
)
def test_span(context, gap_s, present, reason):
    span = _span(context, gap_s=gap_s, offsets_ns={"eye": 0})
    assert (span.present, span.reason) == (pytest.approx(present, abs=0.01), reason)
    assert (span.device is None) == (present == 0.0)


def test_times_are_the_devices():
    assert _span((4, 6), offsets_ns={"eye": 3 * S}).device == Interval.from_seconds(1, 3)


def test_a_clock_that_is_not_aligned():
    span = _span((2, 4))
    assert (span.reason, span.device, span.error95_ms) == ("not_aligned", None, None)


def test_between_events_nothing_is_missing():
    assert _span((2, 6), gap_s=(3, 5), modality=Modality.EVENT, offsets_ns={"eye": 0}).present == 1.0
