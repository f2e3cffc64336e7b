"""Edges of lights and pulses, impulses of sound, dips of eyelids, lines of lag: truth from made signals."""

from __future__ import annotations

import numpy as np
import pytest

from weft.dsp.band_power import band_power
from weft.dsp.dips import find_dips, short_spans
from weft.dsp.impulses import find_impulses
from weft.dsp.lag_line import find_lag_line
from weft.dsp.light_edges import find_light_edges
from weft.dsp.pulse_edges import find_pulse_edges, high_samples

PERIOD_S = 1 / 30


def lamp(exposure: float, *, seed: int = 1, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Luminance and stamps of frames, and when the lamp went on."""
    rng = np.random.default_rng(seed)
    on = np.cumsum(rng.uniform(0.8, 2.3, 40))
    times = np.arange(2500) * PERIOD_S
    opened = exposure * PERIOD_S
    light = np.zeros(times.size)
    for start in on:
        light += np.clip(np.minimum(times + opened, start + 0.35) - np.maximum(times, start), 0, opened) / opened
    return 20 + 80 * light + rng.normal(0, noise, times.size), times, on[on < times[-1] - 1]


@pytest.mark.parametrize(("exposure", "largest_sd_ms"), [(1.0, 2.0), (0.5, 5.0), (0.1, 11.0)])
def test_edges_of_a_lamp_are_finer_than_frames_where_the_shutter_is_open(exposure: float, largest_sd_ms: float) -> None:
    light, times, on = lamp(exposure)
    edges = find_light_edges(light, times)
    found, sds = edges.times_s[edges.rising], edges.sds_s[edges.rising]
    nearest = np.abs(found[:, None] - on[None, :]).argmin(axis=0)
    errors_ms = (found[nearest] - on) * 1e3
    assert np.sqrt(np.mean(errors_ms**2)) < largest_sd_ms
    assert np.mean(np.abs(errors_ms) < 2.2e3 * sds[nearest]) > 0.9
    assert edges.exposure_share == pytest.approx(exposure, abs=0.15)


def test_a_flash_of_one_frame_is_known_to_a_frame() -> None:
    light = np.full(60, 30.0)
    light[20] = 200.0
    edges = find_light_edges(light, np.arange(60) * PERIOD_S)
    assert edges.times_s == pytest.approx([20 * PERIOD_S], abs=PERIOD_S)
    assert edges.sds_s[0] == pytest.approx(PERIOD_S / np.sqrt(12))


@pytest.mark.parametrize(
    "light",
    [np.full(50, 7.0), np.full(50, np.nan), np.linspace(0, 100, 50), np.zeros(2)],
    ids=["constant", "no number", "slow", "two frames"],
)
def test_no_switch_no_edge(light: np.ndarray) -> None:
    assert find_light_edges(light, np.arange(light.size) * PERIOD_S).times_s.size == 0


@pytest.mark.parametrize("clip", [1.0, 0.1], ids=["whole", "clipped"])
def test_claps_are_found_to_half_a_millisecond(clip: float) -> None:
    rng = np.random.default_rng(3)
    rate_hz = 16_000
    sound = rng.normal(0, 0.003, rate_hz * 12)
    claps = np.array([1.2345, 4.0, 4.9, 9.00071])
    for at in claps:
        wave = np.exp(-np.arange(1600) / 160) * rng.normal(0, 0.4, 1600)
        sound[int(np.ceil(at * rate_hz)) :][:1600] += wave
    power = band_power(np.clip(sound, -clip, clip).astype(np.float32), rate_hz, band_hz=(2000, 7500), hop=16)
    found = find_impulses(power, 1000.0).times_s + 1.5e-3
    assert found == pytest.approx(claps, abs=1e-3)


def test_a_sound_that_stays_is_no_clap_and_silence_has_none() -> None:
    power = np.full(3000, 1e-8, dtype=np.float32)
    assert find_impulses(power, 1000.0).times_s.size == 0
    power[1000:] = 1e-2
    assert find_impulses(power, 1000.0).times_s.size == 0
    assert find_impulses(np.zeros(100, dtype=np.float32), 1000.0).times_s.size == 0


def test_pulses_need_two_levels() -> None:
    line = np.zeros(1000)
    line[100:140] = line[500:540] = 5.0
    rng = np.random.default_rng(0)
    assert find_pulse_edges(line + rng.normal(0, 0.05, 1000)).tolist() == [99.5, 499.5]  # type: ignore[union-attr]
    assert find_pulse_edges(5.0 - line).tolist() == [99.5, 499.5]  # type: ignore[union-attr]
    assert find_pulse_edges(rng.normal(0, 1, 1000)) is None
    assert find_pulse_edges(np.arange(1000) % 2.0) is None
    assert find_pulse_edges(np.full(1000, np.nan)) is None
    assert high_samples(np.full(10, 3.0)) is None


def test_a_pulse_beside_lost_samples_lies_between_what_was_seen() -> None:
    line = np.zeros(100)
    line[50:60] = 1.0
    line[48:50] = np.nan
    assert find_pulse_edges(line).tolist() == [48.5]  # type: ignore[union-attr]


def test_spans_that_touch_the_ends_are_no_blinks() -> None:
    times = np.arange(100) / 50.0
    shut = (times < 0.2) | ((times >= 0.8) & (times < 1.0)) | (times > 1.9)
    assert short_spans(shut, times).round(2).tolist() == [[0.79, 0.99]]


def test_dips_survive_noise_and_missing_frames() -> None:
    rng = np.random.default_rng(2)
    times = np.sort(rng.choice(np.arange(1800), 1750, replace=False)) / 30.0
    blinks = np.array([5.0, 11.3, 30.2, 44.7])
    opening = 0.3 + rng.normal(0, 0.01, times.size)
    for at in blinks:
        opening -= 0.25 * (np.abs(times - at) < 0.1)
    assert find_dips(opening, times) == pytest.approx(blinks, abs=0.04)
    assert find_dips(np.full(times.size, np.nan), times).size == 0


def test_a_lag_is_found_in_noise_with_drift_and_sign() -> None:
    rng = np.random.default_rng(4)
    rate_hz, lag_s, drift = 100.0, 1.37, 80e-6
    times = np.arange(0, 150, 1 / rate_hz)
    moments = np.arange(-10, 170, 0.2)
    walk = rng.normal(0, 1, (moments.size, 2))
    both = [np.interp(times, moments, walk[:, c]) for c in range(2)]
    seen = (times - lag_s) / (1 + drift)
    other = [sign * np.interp(seen, moments, walk[:, c]) for c, sign in ((0, -1.0), (1, 1.0))]
    first = np.stack(both, axis=1)
    second = np.stack(other, axis=1) + rng.normal(0, 1.0, (times.size, 2))
    line = find_lag_line(first, second, rate_hz)
    assert line is not None and line.height > 9 and line.runner_up < 0.6 and line.agreeing > 0.8
    assert np.abs(line.lags_s - lag_s - drift * line.centres_s).max() < 0.03
    strange = find_lag_line(first, rng.normal(0, 1, second.shape), rate_hz)
    assert strange is None or strange.height < 9 or strange.runner_up > 0.6
    assert find_lag_line(first[:50], second, rate_hz) is None
    assert find_lag_line(first, np.zeros_like(second), rate_hz) is None
