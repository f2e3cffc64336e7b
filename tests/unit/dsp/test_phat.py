"""Delays between two sounds."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.phat import NO_DELAY, delay_by_band, hann_frames, phat_delay
from weft.testing.scenes import sample_at, speech_like

RATE_HZ = 16_000
STARTS = np.arange(0, 40_000, 4096)


def delay_of(first: np.ndarray, second: np.ndarray, moved_s: float = 0.0):
    frames = hann_frames(first, STARTS, 8192), hann_frames(second, STARTS, 8192)
    return phat_delay(*frames, np.full(len(STARTS), moved_s), rate_hz=RATE_HZ, reach_s=0.06)


@pytest.mark.parametrize("delay_s", [0.0, 1.3e-3, -7.77e-3, 31.25e-6 / 3])
def test_delay_is_found_to_a_microsecond(delay_s: float) -> None:
    sound = speech_like(4.0, seed=1)
    later = sample_at(sound, RATE_HZ, np.arange(sound.size) / RATE_HZ - delay_s)
    found = delay_of(later, sound)
    assert found.delay_s == pytest.approx(delay_s, abs=1e-6)
    assert found.polarity == 1
    assert found.quality > 20


def test_inverted_sound_has_negative_polarity_and_the_same_delay() -> None:
    sound = speech_like(4.0, seed=2)
    later = -sample_at(sound, RATE_HZ, np.arange(sound.size) / RATE_HZ - 2e-3)
    found = delay_of(later, sound)
    assert (found.polarity, found.delay_s) == (-1, pytest.approx(2e-3, abs=1e-6))


def test_moved_frames_take_their_part_of_the_delay() -> None:
    sound = speech_like(4.0, seed=3)
    later = sample_at(sound, RATE_HZ, np.arange(sound.size) / RATE_HZ - 20e-6)
    assert delay_of(later, sound, moved_s=20e-6).delay_s == pytest.approx(0.0, abs=1e-6)


def test_a_tone_has_a_rival() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(64_000) / RATE_HZ).astype(np.float32)
    assert delay_of(tone, tone).rival > 0.9


def test_unrelated_sound_does_not_stand_out() -> None:
    assert delay_of(speech_like(4.0, seed=4), speech_like(4.0, seed=5)).quality < 8


def test_silence_says_nothing() -> None:
    assert delay_of(np.zeros(64_000, np.float32), speech_like(4.0, seed=6)) == NO_DELAY


def test_each_band_tells_of_its_own_delay() -> None:
    rate_hz, size = 16_000, 4096
    frequency_hz = np.fft.rfftfreq(size, 1.0 / rate_hz)
    delay_s = np.where(frequency_hz < 3000.0, 4e-6, 1e-6)
    spectrum = np.exp(-2j * np.pi * frequency_hz * delay_s)
    delays, shares = delay_by_band(spectrum, rate_hz=rate_hz, bands=8)
    assert shares.sum() == pytest.approx(1.0)
    assert delays[[0, -1]] == pytest.approx([4e-6, 1e-6], rel=0.01)
