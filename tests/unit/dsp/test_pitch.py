"""YIN finds periods and says so when there are none."""

import numpy as np
import pytest

from weft.dsp.pitch import VOICED, semitones, yin

RATE_HZ = 16_000


def _tone(f0_hz: float, *, harmonics: int = 5, samples: int = 1024) -> np.ndarray:
    seconds = np.arange(samples) / RATE_HZ
    return sum(np.sin(2 * np.pi * k * f0_hz * seconds + k) / k for k in range(1, harmonics + 1)).astype(np.float32)


@pytest.mark.parametrize("f0_hz", [70.0, 98.7, 120.0, 213.3, 330.0, 470.0], ids=lambda f: f"{f} Hz is found")
def test_harmonic_tone(f0_hz):
    found, periodicity = yin(_tone(f0_hz)[None], rate_hz=RATE_HZ)
    assert found[0] == pytest.approx(f0_hz, rel=0.005)
    assert periodicity[0] > VOICED


def test_missing_fundamental_is_still_the_pitch():
    seconds = np.arange(1024) / RATE_HZ
    sound = sum(np.sin(2 * np.pi * k * 110.0 * seconds) for k in (2, 3, 4, 5)).astype(np.float32)
    assert yin(sound[None], rate_hz=RATE_HZ)[0][0] == pytest.approx(110.0, rel=0.01)


def test_white_noise_is_not_voiced():
    noise = np.random.default_rng(0).normal(size=(200, 1024)).astype(np.float32)
    assert np.mean(yin(noise, rate_hz=RATE_HZ)[1] >= VOICED) == 0.0


def test_silence_has_no_pitch_and_no_warning():
    f0_hz, periodicity = yin(np.zeros((3, 1024), np.float32), rate_hz=RATE_HZ)
    assert not f0_hz.any() and not periodicity.any()


def test_a_pitch_outside_the_range_is_not_reported_there():
    low, _ = yin(_tone(120.0)[None], rate_hz=RATE_HZ, lowest_hz=65.0, highest_hz=500.0)
    high, _ = yin(_tone(120.0)[None], rate_hz=RATE_HZ, lowest_hz=150.0, highest_hz=500.0)
    assert low[0] == pytest.approx(120.0, rel=0.01)
    assert high[0] != pytest.approx(120.0, rel=0.1)


def test_highest_pitch_bounds_the_search():
    found, _ = yin(_tone(440.0)[None], rate_hz=RATE_HZ, highest_hz=300.0)
    assert found[0] <= 300.0 * 1.02


def test_no_frames_give_no_pitches():
    assert yin(np.zeros((0, 1024), np.float32), rate_hz=RATE_HZ)[0].shape == (0,)


def test_short_frames_are_refused():
    with pytest.raises(ValueError, match=r"too short for 65\.0 Hz"):
        yin(np.zeros((1, 400), np.float32), rate_hz=RATE_HZ)


def test_an_octave_is_twelve_semitones():
    assert semitones(np.array([110.0, 220.0, 440.0]), 220.0).tolist() == [-12.0, 0.0, 12.0]
