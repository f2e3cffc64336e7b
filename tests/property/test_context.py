"""What holds of every capsule, whatever was recorded."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weft.context import ContextOptions, contextualise
from weft.core import Annotation, Capsule, Clock, Interval, Recording
from weft.testing.talks import as_recorded

MS = 1_000_000
OPTIONS = ContextOptions(voice_activity="none", estimate_faces=False)
CLOCKS = ("mic", "cam", "lost")

annotations = st.lists(
    st.builds(
        lambda kind, start_ms, length_ms, clock, tier, value: Annotation(
            kind, Interval(start_ms * MS, (start_ms + length_ms) * MS), clock, value, tier=tier
        ),
        st.sampled_from(["utterance", "word", "event", "gesture", "phone"]),
        st.integers(-20_000, 60_000),
        st.integers(0, 8_000),
        st.sampled_from(CLOCKS),
        st.sampled_from(["", "a", "b - words"]),
        st.sampled_from(["", "yes", "no", "sil"]),
    ),
    max_size=25,
)
options = st.builds(
    lambda history_s, future_s, pause_s: replace(OPTIONS, history_s=history_s, future_s=future_s, pause_s=pause_s),
    st.sampled_from([0.0, 0.5, 5.0, 20.0]),
    st.sampled_from([0.0, 2.0, 5.0]),
    st.sampled_from([0.0, 0.5, 3.0]),
)


def _recording(said):
    return Recording("r", Path(), (), tuple(Clock(name) for name in CLOCKS), tuple(said))


def _capsules(said, chosen):
    recording = _recording(said)
    return contextualise(recording, as_recorded(recording, offsets_ns={"cam": 1_500 * MS}), options=chosen)


quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(annotations, options)
def test_a_context_covers_its_interval_and_what_was_asked_for(said, chosen):
    for capsule in _capsules(said, chosen):
        assert capsule.context.covers(capsule.interval)
        assert capsule.history.stop_ns == capsule.interval.start_ns
        assert capsule.future.start_ns == capsule.interval.stop_ns
        assert capsule.history.duration_s >= chosen.history_s and capsule.future.duration_s >= chosen.future_s


@quick
@given(annotations, options)
def test_no_context_cuts_an_utterance(said, chosen):
    capsules = _capsules(said, chosen)
    spoken = [c.anchor.interval for c in capsules if c.anchor.kind == "utterance"]
    for capsule in capsules:
        for edge_ns in (capsule.context.start_ns, capsule.context.stop_ns):
            assert not any(u.start_ns < edge_ns < u.stop_ns for u in spoken)


@quick
@given(annotations, options)
def test_no_annotation_is_lost(said, chosen):
    capsules = _capsules(said, chosen)
    moved = {"mic": 0, "cam": 1_500 * MS}
    for capsule in capsules:
        placed = sorted(
            (a.kind, a.tier, str(a.value), a.interval.shifted(moved[a.clock])) for a in said if a.clock in moved
        )
        expected = [
            row for row in placed if row[3].overlaps(capsule.context) or capsule.context.contains(row[3].start_ns)
        ]
        found = [(a.kind, a.tier, str(a.value), a.interval) for a in capsule.annotations]
        assert all(found.count(row) >= expected.count(row) for row in expected)
        lost = sum(a.clock == "lost" for a in said)
        assert sum(row["count"] for row in capsule.details.get("left_out", ())) == lost


@quick
@given(annotations, options, st.randoms(use_true_random=False))
def test_the_order_of_annotations_does_not_show(said, chosen, random):
    shuffled = list(said)
    random.shuffle(shuffled)
    assert [c.to_dict() for c in _capsules(said, chosen)] == [c.to_dict() for c in _capsules(shuffled, chosen)]


@quick
@given(annotations, options)
def test_capsules_are_in_order_have_own_names_and_survive_json(said, chosen):
    capsules = _capsules(said, chosen)
    starts = [c.interval.start_ns for c in capsules]
    assert starts == sorted(starts)
    assert len({c.capsule_id for c in capsules}) == len(capsules)
    assert [Capsule.from_dict(json.loads(json.dumps(c.to_dict()))) for c in capsules] == list(capsules)


@quick
@given(annotations, options)
def test_every_annotation_is_joined_to_the_anchor(said, chosen):
    for capsule in _capsules(said, chosen):
        count = len(capsule.annotations)
        group = np.arange(count)
        for edge in capsule.relations:
            group[group == group[edge.subject]] = group[edge.object]
        assert len(set(group.tolist())) == 1
        assert len(capsule.relations) <= 6 * count
