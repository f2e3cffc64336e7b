"""Band-limited values between samples against the analytic signal."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.resample import filter_reach, resample_at


def signal_to_error_db(tone_hz: float, rate_hz: float, step: float, *, seconds: float = 1.0) -> float:
    """How far a resampled tone stands above its error, away from the ends, in dB."""
    index = np.arange(int(rate_hz * seconds))
    tone = np.sin(2 * np.pi * tone_hz / rate_hz * index + 0.3).astype(np.float32)
    reach = filter_reach(step)
    positions = np.arange(reach, len(index) - reach - 1, step) + 0.2
    truth = np.sin(2 * np.pi * tone_hz / rate_hz * positions + 0.3)
    error = resample_at(tone, positions, step=step) - truth
    return float(10 * np.log10(np.mean(truth**2) / np.mean(error**2)))


@pytest.mark.parametrize("tone_hz", [100, 3400, 6800, 7400])
def test_a_drifting_tone_at_16_khz_keeps_its_band(tone_hz: float) -> None:
    assert signal_to_error_db(tone_hz, 16_000, 1.000073) >= 90


@pytest.mark.parametrize("tone_hz", [100, 3400, 6800])
def test_a_tone_taken_from_48_to_16_khz_keeps_its_band(tone_hz: float) -> None:
    assert signal_to_error_db(tone_hz, 48_000, 3.0001) >= 90


@pytest.mark.parametrize("tone_hz", [100, 3400, 6800])
def test_a_tone_taken_from_16_to_48_khz_keeps_its_band(tone_hz: float) -> None:
    assert signal_to_error_db(tone_hz, 16_000, 1 / 3) >= 90


@pytest.mark.parametrize("tone_hz", [8_001, 9_200, 12_000, 23_000])
def test_what_lies_above_the_lower_nyquist_does_not_alias(tone_hz: float) -> None:
    tone = np.sin(2 * np.pi * tone_hz / 48_000 * np.arange(48_000))
    positions = np.arange(1_000, 47_000, 3.0)
    rms = float(np.sqrt(np.mean(resample_at(tone, positions, step=3.0) ** 2) * 2))
    assert 20 * np.log10(rms) <= -90


def test_without_the_step_the_same_tone_aliases() -> None:
    tone = np.sin(2 * np.pi * 9_200 / 48_000 * np.arange(48_000))
    assert np.std(resample_at(tone, np.arange(1_000, 47_000, 3.0))) > 0.5


def test_whole_positions_give_the_samples_themselves() -> None:
    noise = np.random.default_rng(1).standard_normal(500)
    assert np.allclose(resample_at(noise, np.arange(500.0)), noise, atol=1e-9)


def test_a_constant_stays_constant_to_the_very_ends() -> None:
    found = resample_at(np.full(300, 1234, dtype=np.int16), np.linspace(0, 299, 1000), step=2.5)
    assert found.dtype == np.float32
    assert np.allclose(found, 1234, rtol=1e-6)


def test_a_straight_line_stays_straight_to_the_very_ends() -> None:
    positions = np.linspace(0, 99, 777)
    assert np.allclose(resample_at(np.arange(100.0), positions), positions, atol=1e-4)


def test_pieces_asked_for_apart_are_bitwise_those_asked_for_together() -> None:
    noise = np.random.default_rng(2).standard_normal((4000, 2)).astype(np.float32)
    positions = np.arange(0.37, 3990, 1.0001)
    apart = [resample_at(noise, positions[:1234]), resample_at(noise, positions[1234:])]
    assert np.array_equal(np.concatenate(apart), resample_at(noise, positions))


def test_channels_do_not_mix() -> None:
    both = np.stack([np.zeros(200), np.ones(200)], axis=1)
    assert np.allclose(resample_at(both, np.array([10.5, 20.25])), [[0, 1], [0, 1]])


@pytest.mark.parametrize(
    ("given", "found"),
    [(np.uint8, np.float32), (np.int16, np.float32), (np.float32, np.float32), (np.int32, np.float64)],
)
def test_types_grow_only_as_far_as_their_digits_need(given: type, found: type) -> None:
    assert resample_at(np.zeros(10, dtype=given), np.array([1.0])).dtype == found


def test_one_sample_is_worth_itself() -> None:
    assert resample_at(np.array([3.0]), np.array([0.0])).tolist() == [pytest.approx(3.0)]


def test_no_positions_give_no_values() -> None:
    assert resample_at(np.zeros((5, 3)), np.zeros(0)).shape == (0, 3)


@pytest.mark.parametrize("position", [-0.01, 9.01])
def test_a_position_beyond_the_samples_is_refused(position: float) -> None:
    with pytest.raises(ValueError, match=r"positions must lie in 0\.\.9"):
        resample_at(np.zeros(10), np.array([position]))


def test_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="without samples"):
        resample_at(np.zeros(0), np.zeros(0))
