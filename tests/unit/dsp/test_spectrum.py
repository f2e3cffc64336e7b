"""Spectra keep power, and their shape names tones and noises."""

import numpy as np
import pytest

from weft.dsp.spectrum import band_levels_db, centroid_hz, flatness, flux_db, framed, frequencies_hz, power_spectra

RATE_HZ = 16_000
FREQUENCY_HZ = frequencies_hz(1024, RATE_HZ)


def _noise(frames: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(frames, 1024)).astype(np.float32)


def _tone(frequency_hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(1024) / RATE_HZ).astype(np.float32)[None]


def test_power_of_noise_is_kept():
    assert power_spectra(_noise(400)).sum(axis=1).mean() == pytest.approx(1.0, rel=0.02)


def test_centroid_of_a_tone_is_its_frequency():
    assert centroid_hz(power_spectra(_tone(1000.0)), FREQUENCY_HZ)[0] == pytest.approx(1000.0, rel=0.01)


def test_centroid_of_silence_is_zero():
    assert centroid_hz(power_spectra(np.zeros((1, 1024), np.float32)), FREQUENCY_HZ)[0] == 0.0


def test_a_tone_is_less_flat_than_noise():
    assert flatness(power_spectra(_tone(1000.0)))[0] < 0.001
    assert flatness(power_spectra(_noise(200))).mean() == pytest.approx(np.exp(-np.euler_gamma), abs=0.03)


def test_a_tone_falls_into_its_band():
    levels = band_levels_db(power_spectra(_tone(1000.0)), FREQUENCY_HZ, (100.0, 800.0, 1200.0, 4000.0))[0]
    assert levels.argmax() == 1 and levels[1] == pytest.approx(-3.01, abs=0.05)


def test_only_rises_count_as_flux():
    levels = np.array([[0.0, 0.0], [10.0, 20.0], [0.0, 0.0]], np.float32)
    assert flux_db(levels).tolist() == [0.0, 15.0, 0.0]


def test_nothing_in_nothing_out():
    assert flux_db(np.zeros((0, 6), np.float32)).shape == (0,)
    assert framed(np.zeros(10, np.float32), length=1024, hop=256).shape == (0, 1024)
