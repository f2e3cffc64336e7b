"""The bound on delays: known values, what makes it smaller, and an estimator that reaches it."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.delay_bound import coherence_from_snr, delay_bound_s

BAND_HZ = np.linspace(150.0, 6500.0, 2000)


@pytest.mark.parametrize(
    ("snr_db", "bound_us"), [(20.0, 0.013), (0.0, 0.13), (-5.0, 0.23)], ids=["20 dB", "0 dB", "-5 dB"]
)
def test_eight_seconds_of_speech_band(snr_db: float, bound_us: float) -> None:
    snr = 10.0 ** (snr_db / 10.0)
    one_clean = np.full(BAND_HZ.size, coherence_from_snr(snr, 1e12))
    assert 1e6 * delay_bound_s(BAND_HZ, one_clean, duration_s=8.0) == pytest.approx(bound_us, rel=0.05)
    both_noisy = np.full(BAND_HZ.size, coherence_from_snr(snr, snr))
    assert 1e6 * delay_bound_s(BAND_HZ, both_noisy, duration_s=8.0) > 1.3 * bound_us


def test_four_times_the_time_halves_it_and_stretches_add_up() -> None:
    coherence = np.full(BAND_HZ.size, 0.5)
    short, long = (delay_bound_s(BAND_HZ, coherence, duration_s=t) for t in (2.0, 8.0))
    assert short == pytest.approx(2.0 * long)
    half_silent = np.stack([coherence, np.zeros_like(coherence)])
    assert delay_bound_s(BAND_HZ, half_silent, duration_s=4.0) == pytest.approx(short)


def test_nothing_in_common_has_no_bound() -> None:
    assert delay_bound_s(BAND_HZ, np.zeros(BAND_HZ.size), duration_s=60.0) == np.inf
