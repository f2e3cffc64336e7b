"""Power of a band against sines of known power."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.band_power import band_power

RATE_HZ, HOP = 16_000, 160


def _sine(frequency_hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)


@pytest.mark.parametrize(
    ("frequency_hz", "power"), [(1000, 0.5), (3000, 0.5), (60, 0.0), (6000, 0.0)], ids=["in", "in", "below", "above"]
)
def test_a_sine_counts_inside_the_band_only(frequency_hz: float, power: float) -> None:
    frames = band_power(_sine(frequency_hz), RATE_HZ, band_hz=(200, 4000), hop=HOP)
    assert len(frames) == RATE_HZ // HOP - 1
    np.testing.assert_allclose(frames, power, atol=0.005)


def test_a_frame_is_centred_where_it_says() -> None:
    sound = np.zeros(RATE_HZ, np.float32)
    sound[20 * HOP - 8 : 20 * HOP + 8] = _sine(1000)[:16]
    assert int(band_power(sound, RATE_HZ, band_hz=(200, 4000), hop=HOP).argmax()) + 1 == 20


def test_sound_shorter_than_a_frame_has_none() -> None:
    assert band_power(np.zeros(2 * HOP - 1, np.float32), RATE_HZ, band_hz=(200, 4000), hop=HOP).size == 0
