"""A codec's delay in evidence from sound: only where it bears on something, and in the right sense."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft.core import ArraySamples, Clock, Epoch, Evidence, ListedTimeline, Modality, Recording, RegularTimeline, Stream
from weft.sync.assumptions import KEY, allowing_for_codecs, codec_delay

TOLD = {"value_ms": 23.0, "sd_ms": 2.0, "origin": "file", "says": "the encoder put silence in front"}


def sound(clock: str, told: dict[str, Any] | None) -> Stream:
    samples = ArraySamples(np.zeros((10, 1), np.float32))
    details = {"codec_delay": told} if told else {}
    timeline = RegularTimeline(0, Fraction(16_000), 10)
    return Stream(f"{clock}/audio", Modality.AUDIO, clock, timeline, samples, details=details)


def recording(*, pictures: bool, told: dict[str, Any] | None = TOLD) -> Recording:
    frames = ArraySamples(np.zeros((2, 4, 4, 3), np.uint8))
    film = Stream("cam/video", Modality.VIDEO, "cam", ListedTimeline(np.array([0, 40_000_000])), frames)
    streams = [sound("cam", told), sound("mic", None), *([film] if pictures else [])]
    clocks = (Clock("cam", Epoch.START), Clock("mic", Epoch.START))
    return Recording("r", Path("r"), tuple(streams), clocks)


def measured(clock: str, reference: str) -> Evidence:
    return Evidence(clock, reference, np.array([0]), np.array([100_000_000]), np.ones(1), "audio")


def allowed(there: Recording, evidence: Evidence) -> Evidence:
    sounds = {stream.clock: stream for stream in there.streams if stream.modality is Modality.AUDIO}
    return allowing_for_codecs(there, evidence, sounds)


def test_sound_alone_needs_no_assumption() -> None:
    there = recording(pictures=False)
    assert codec_delay(there, there.streams[0]) is None
    assert allowed(there, measured("cam", "mic")).assumptions == ()


@pytest.mark.parametrize(("clock", "reference", "offset_ms"), [("cam", "mic", 123), ("mic", "cam", 77)])
def test_late_stamps_made_the_offset_wrong_and_are_taken_off(clock: str, reference: str, offset_ms: int) -> None:
    evidence = allowed(recording(pictures=True), measured(clock, reference))
    assert evidence.offsets_ns.tolist() == [offset_ms * 1_000_000]
    assert evidence.systematic_sd_ns == pytest.approx(2e6)
    assert [(one.name, one.origin) for one in evidence.assumptions] == [("codec_delay", "file")]


def test_what_a_person_said_of_the_clock_comes_first() -> None:
    there = replace(recording(pictures=True, told=None), details={KEY: {"cam": {"codec_delay": {"value_ms": 5.0}}}})
    delay = codec_delay(there, there.streams[0])
    assert delay is not None and (delay.value_ns, delay.origin) == (5e6, "declared")


def test_a_word_about_all_clocks_leaves_files_alone_that_know_better() -> None:
    there = replace(recording(pictures=True, told=None), details={KEY: {"": {"codec_delay": {"value_ms": 5.0}}}})
    assert codec_delay(there, there.streams[0]) is None
    there = replace(recording(pictures=True), details={KEY: {"": {"codec_delay": {"value_ms": 5.0}}}})
    delay = codec_delay(there, there.streams[0])
    assert delay is not None and (delay.value_ns, delay.sd_ns) == (5e6, 2e6)
