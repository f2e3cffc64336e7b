"""Levels against the standard's table and against known powers."""

import numpy as np
import pytest

from weft.dsp.loudness import a_weighting, power_db, signal_to_noise_db


@pytest.mark.parametrize(
    ("band", "expected_db"),
    [(15, -39.4), (18, -26.2), (21, -16.1), (24, -8.6), (27, -3.2), (30, 0.0), (33, 1.2), (36, 1.0), (39, -1.1)],
    ids=str,
)
def test_a_weighting_is_that_of_the_standard(band, expected_db):
    """The standard's table is for the exact frequencies 10**(band / 10) Hz."""
    assert 10 * np.log10(a_weighting([10 ** (band / 10)])[0]) == pytest.approx(expected_db, abs=0.06)


def test_full_scale_sine_is_minus_3_db():
    assert power_db([0.5])[0] == pytest.approx(-3.0103, abs=1e-4)


def test_silence_has_a_level():
    assert power_db([0.0])[0] == -120.0


def test_signal_is_mixture_less_noise():
    assert signal_to_noise_db(2.0, 1.0) == pytest.approx(0.0)


@pytest.mark.parametrize(
    "powers", [(1.0, 1.0), (0.5, 1.0), (1.0, 0.0)], ids=["equal", "quieter than noise", "no noise"]
)
def test_what_cannot_be_told_is_none(powers):
    assert signal_to_noise_db(*powers) is None
