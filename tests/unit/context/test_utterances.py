"""Utterances from words, from transcripts and from voices."""

from itertools import pairwise

import numpy as np
import pytest

from weft.context.options import ContextOptions
from weft.context.sound import measure_sound
from weft.context.utterances import heard, transcribed
from weft.core import Interval, Origin, TimeMap
from weft.testing.talks import said, talk

OPTIONS = ContextOptions()


def _texts(*annotations, options=OPTIONS):
    return [(u.tier, u.value) for u in transcribed(annotations, options)]


def test_words_are_split_at_long_pauses():
    words = [said("word", 0.0, 0.4, "this"), said("word", 0.6, 0.9, "is"), said("word", 1.5, 2.0, "it")]
    assert _texts(*words) == [("", "this is"), ("", "it")]


def test_the_pause_is_an_option():
    words = [said("word", 0.0, 0.4, "this"), said("word", 0.6, 0.9, "is")]
    assert _texts(*words, options=ContextOptions(pause_s=0.1)) == [("", "this"), ("", "is")]


def test_a_long_utterance_is_cut_at_its_longest_pause():
    words = [said("word", 0.0, 0.9, "a"), said("word", 1.0, 1.9, "b"), said("word", 2.3, 3.0, "c")]
    assert _texts(*words) == [("", "a b c")]
    assert _texts(*words, options=ContextOptions(longest_utterance_s=2.5)) == [("", "a b"), ("", "c")]


def test_equal_pauses_are_cut_in_the_middle():
    words = [said("word", i, i + 0.6, str(i)) for i in range(6)]
    assert _texts(*words, options=ContextOptions(longest_utterance_s=4.0)) == [("", "0 1 2"), ("", "3 4 5")]


def test_speakers_are_kept_apart():
    words = [said("word", 0.0, 1.0, "yes", tier="a"), said("word", 0.5, 1.5, "no", tier="b")]
    assert _texts(*words) == [("a", "yes"), ("b", "no")]


def test_silence_is_not_said():
    words = [said("word", 0.0, 0.3, "so"), said("word", 0.3, 2.0, "sil"), said("word", 2.0, 2.2, "SP")]
    assert _texts(*words) == [("", "so")]


def test_given_utterances_stay_and_take_their_words():
    given = said("utterance", 0.0, 2.0, "so it is", tier="mary")
    words = [said("word", 0.1, 0.3, "so", tier="words"), said("word", 5.0, 5.5, "later", tier="words")]
    assert _texts(given, *words) == [("mary", "so it is"), ("words", "later")]


def test_kinds_are_options():
    turns = [said("turn", 0.0, 1.0, "hello")]
    assert _texts(*turns) == []
    assert _texts(*turns, options=ContextOptions(utterance_kinds=("turn",))) == [("", "hello")]


def _frames(spans, duration_s, **options):
    recording = talk(spans, duration_s, **options)
    return measure_sound(recording.streams[0], TimeMap.identity(recording.clocks[0].name), detector="statistical")


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000], ids=lambda rate: f"{rate} Hz")
def test_known_utterances_are_heard(rate_hz):
    found = heard([_frames([(2.0, 3.5), (5.0, 6.2), (9.0, 9.8)], 14.0, rate_hz=rate_hz)], "mic", OPTIONS)
    starts = [u.interval.start_ns / 1e9 for u in found]
    stops = [u.interval.stop_ns / 1e9 for u in found]
    np.testing.assert_allclose(starts, [2.0, 5.0, 9.0], atol=0.15)
    np.testing.assert_allclose(stops, [3.5, 6.2, 9.8], atol=0.15)
    assert {u.origin for u in found} == {Origin.MODEL} and min(u.confidence for u in found) > 0.7


def test_voices_with_a_short_pause_are_one_utterance():
    frames = _frames([(2.0, 3.0), (3.4, 4.5)], 8.0)
    assert len(heard([frames], "mic", OPTIONS)) == 1
    assert len(heard([frames], "mic", ContextOptions(pause_s=0.1))) == 2


def test_a_voice_without_pause_is_cut():
    options = ContextOptions(longest_utterance_s=3.0)
    found = heard([_frames([(2.0, 7.0)], 12.0)], "mic", options)
    assert len(found) > 1 and all(u.interval.duration_s <= 3.0 for u in found)
    assert all(a.interval.stop_ns == b.interval.start_ns for a, b in pairwise(found))


def test_two_microphones_that_hear_the_same_give_it_once():
    one, other = (_frames([(2.0, 3.5)], 8.0, clock=name) for name in ("left", "right"))
    alone = _frames([(5.0, 6.0)], 8.0, clock="lapel")
    found = heard([one, other, alone], "left", OPTIONS)
    assert [u.stream for u in found] in (["left/audio", "lapel/audio"], ["right/audio", "lapel/audio"])


def test_silence_has_no_utterance():
    assert heard([_frames([], 5.0)], "mic", OPTIONS) == ()


def test_frames_are_found_by_their_middle():
    frames = _frames([(2.0, 3.0)], 4.0)
    at = frames.within(Interval.from_seconds(1.0, 2.0))
    assert at.stop - at.start == pytest.approx(62.5, abs=1)
