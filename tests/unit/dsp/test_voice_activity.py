"""Runs of speech from probabilities, and probabilities from levels and periods."""

import numpy as np
import pytest

from weft.dsp.voice_activity import band_floor_db, speech_probability, speech_runs

RATE = 62.5


def _p(text: str) -> np.ndarray:
    """One probability for each digit, in tenths."""
    return np.array([int(digit) / 10 for digit in text], dtype=np.float32)


PLAIN = {"fewest_frames": 1, "shortest_pause_frames": 1, "hangover_frames": 0}


@pytest.mark.parametrize(
    ("text", "changed", "expected"),
    [
        ("0099900", {}, [[2, 5]]),
        ("0944400", {}, [[1, 5]]),
        ("0444900", {}, [[4, 5]]),
        ("0444000", {}, []),
        ("0990990", {}, [[1, 3], [4, 6]]),
        ("0990990", {"shortest_pause_frames": 2}, [[1, 6]]),
        ("0900999", {"fewest_frames": 2}, [[4, 7]]),
        ("0009000", {"hangover_frames": 2}, [[1, 6]]),
        ("9000009", {"hangover_frames": 9}, [[0, 3], [4, 7]]),
        ("0005000", {"enter": 0.6}, []),
        ("0953000", {"leave": 0.2}, [[1, 4]]),
        ("", {}, []),
    ],
    ids=[
        "a run is half-open",
        "a sure run goes on while it is likely",
        "a run starts where it is sure",
        "never sure, no run",
        "two runs stay apart",
        "a short pause is bridged",
        "a short run is dropped",
        "a run grows on both sides",
        "runs do not grow into each other",
        "a higher bar to enter",
        "a lower bar to leave",
        "nothing gives nothing",
    ],
)
def test_runs(text, changed, expected):
    assert speech_runs(_p(text), **{**PLAIN, **changed}).tolist() == expected


def test_floor_follows_the_background_under_bursts():
    levels = np.full((1000, 6), -60.0, np.float32)
    levels[200:260] = -20.0
    assert band_floor_db(levels, frame_rate_hz=RATE).max() == pytest.approx(-60.0)


def test_a_periodic_burst_is_speech_and_a_flat_background_is_not():
    levels = np.full((1000, 6), -60.0, np.float32)
    levels[200:260] = -30.0
    periodicity = np.full(1000, 0.15, np.float32)
    periodicity[200:260] = 0.9
    probability = speech_probability(levels, periodicity, frame_rate_hz=RATE)
    assert probability[210:250].min() > 0.5 and probability[:150].max() < 0.1


def test_a_burst_without_a_period_is_no_speech():
    levels = np.full((1000, 6), -60.0, np.float32)
    levels[200:260] = -30.0
    assert speech_probability(levels, np.full(1000, 0.15, np.float32), frame_rate_hz=RATE).max() < 0.1


def test_a_steady_hum_is_no_speech():
    levels = np.full((1000, 6), -20.0, np.float32)
    assert speech_probability(levels, np.full(1000, 0.99, np.float32), frame_rate_hz=RATE).max() < 0.1


def test_no_frames():
    assert speech_probability(np.zeros((0, 6), np.float32), np.zeros(0, np.float32), frame_rate_hz=RATE).size == 0
