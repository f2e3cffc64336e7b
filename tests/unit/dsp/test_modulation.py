"""What the syllable rhythm keeps, what it drops, and that it shifts nothing."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.modulation import bridge, syllable_rhythm

HZ = 100
TIMES_S = np.arange(2000) / HZ
ALL = np.ones(2000, dtype=bool)
INNER = slice(200, -200)


@pytest.mark.parametrize(("frequency_hz", "kept"), [(4.0, True), (0.2, False), (30.0, False)])
def test_only_changes_at_syllable_rate_stay(frequency_hz: float, kept: bool) -> None:
    mixed = np.sin(2 * np.pi * frequency_hz * TIMES_S) + np.sin(2 * np.pi * 3.0 * TIMES_S)
    rhythm = syllable_rhythm(mixed, ALL, HZ)[INNER]
    share = np.abs(np.vdot(rhythm, np.exp(2j * np.pi * frequency_hz * TIMES_S[INNER])) / len(rhythm))
    assert (share > 0.3) == kept


def test_a_syllable_stays_where_it_was() -> None:
    bump = np.exp(-(((TIMES_S - 10) / 0.08) ** 2))
    rhythm = syllable_rhythm(bump, ALL, HZ)
    assert np.flatnonzero(rhythm == rhythm.max()).mean() == pytest.approx(1000, abs=1)


def test_loud_and_soft_stretches_come_to_one_level() -> None:
    loudness = np.where(TIMES_S < 10, 1.0, 2.5)
    rhythm = syllable_rhythm(loudness * np.sin(2 * np.pi * 4 * TIMES_S), ALL, HZ)
    assert np.std(rhythm[300:700]) == pytest.approx(np.std(rhythm[1300:1700]), rel=0.05)


def test_near_silence_is_not_blown_up() -> None:
    loudness = np.where(TIMES_S < 10, 0.001, 1.0)
    rhythm = syllable_rhythm(loudness * np.sin(2 * np.pi * 4 * TIMES_S), ALL, HZ)
    assert np.std(rhythm[300:700]) < 0.05


def test_a_band_a_level_and_a_mask_change_the_result() -> None:
    values = np.random.default_rng(0).standard_normal(2000)
    plain = syllable_rhythm(values, ALL, HZ)
    assert not np.allclose(plain, syllable_rhythm(values, ALL, HZ, band_hz=(1.5, 5.0)))
    assert not np.allclose(plain, syllable_rhythm(values, ALL, HZ, level_s=1.0))
    holed = ALL.copy()
    holed[500:600] = False
    assert not syllable_rhythm(values, holed, HZ)[500:600].any()


def test_no_value_exceeds_three() -> None:
    values = np.zeros(2000)
    values[1000:1010] = 1e6
    assert np.abs(syllable_rhythm(values, ALL, HZ)).max() <= 3


@pytest.mark.parametrize("count", [0, 10], ids=["empty", "a tenth of a second"])
def test_too_little_gives_zeros(count: int) -> None:
    assert not syllable_rhythm(np.ones(count), np.ones(count, bool), HZ).any()


def test_bridging_nothing_gives_zeros() -> None:
    assert bridge(np.ones(3), np.zeros(3, bool)).tolist() == [0, 0, 0]
