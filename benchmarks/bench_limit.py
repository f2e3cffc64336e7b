"""The error of one window beside the Cramér-Rao bound, by length, band, and signal over noise.

python benchmarks/bench_limit.py

Both records have the same noise level and no drift; the second is delayed by a fraction of a sample. Steady
sound is Gaussian noise that fills the band; speech-like sound has the bound of its own spectrogram, since its
information lies in its loud moments. Ratio 1 would be the bound itself. The formula is in ``weft.dsp.delay_bound``.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import scipy.fft
from bench_audio import RESULTS, _in_words, _machine, _versions

from weft.dsp.delay_bound import coherence_from_snr, delay_bound_s
from weft.dsp.phat import hann_frames, phat_delay
from weft.testing.scenes import speech_like

RATE_HZ = 16_000
TRIALS = 30
SIZE = 8192
BANDS_HZ = ((150.0, 6500.0), (300.0, 3400.0))
LARGEST_RATIO = 3.0


def main() -> int:
    """Measure all cells, write JSON and a table."""
    rows = []
    for kind in ("steady", "speech-like"):
        for band_hz in BANDS_HZ:
            for length_s in (2.0, 8.0):
                for snr_db in (20.0, 10.0, 0.0, -5.0):
                    rows.append(_cell(kind, band_hz, length_s, snr_db))
    report = {"machine": _machine(), "versions": _versions(), "command": sys.argv, "rows": rows}
    (RESULTS / "limit.json").write_text(json.dumps(report, indent=1) + "\n")
    (RESULTS / "limit.md").write_text(_page(report))
    print(_page(report))
    return 0


def _cell(kind: str, band_hz: tuple[float, float], length_s: float, snr_db: float) -> dict[str, object]:
    """Many windows of one kind: root mean square error, the bound's root mean square, and their ratio."""
    errors_s, bounds_s = [], []
    for trial in range(TRIALS):
        random = np.random.default_rng([trial, round(10 * snr_db) + 1000, round(length_s)])
        sound = _sound(kind, band_hz, length_s, random, trial)
        delay_s = float(random.uniform(-20.0, 20.0)) / RATE_HZ
        level = float(np.sqrt(np.mean(sound**2))) * 10.0 ** (-snr_db / 20.0)
        noises = [_in_band(random.standard_normal(sound.size), band_hz) for _ in (0, 1)]
        noises = [level * noise / float(noise.std()) for noise in noises]
        late, on_time = _delayed(sound, delay_s) + noises[0], sound + noises[1]
        starts = np.arange(0, sound.size - SIZE + 1, SIZE // 2)
        frames = [hann_frames(record.astype(np.float32), starts, SIZE) for record in (late, on_time)]
        answer = phat_delay(frames[0], frames[1], np.zeros(starts.size), rate_hz=RATE_HZ, reach_s=0.02)
        errors_s.append(answer.delay_s - delay_s)
        bounds_s.append(_bound_s(sound, noises[0], band_hz, length_s))
    error, bound = (float(np.sqrt(np.mean(np.square(values)))) for values in (errors_s, bounds_s))
    cell = {"sound": kind, "band_hz": band_hz, "window_s": length_s, "snr_db": snr_db}
    return cell | {"error_us": 1e6 * error, "bound_us": 1e6 * bound, "ratio": error / bound}


def _sound(
    kind: str, band_hz: tuple[float, float], length_s: float, random: np.random.Generator, trial: int
) -> np.ndarray:
    """A window's sound."""
    count = round(length_s * RATE_HZ)
    if kind == "steady":
        return _in_band(random.standard_normal(count), band_hz)
    return _in_band(speech_like(length_s, seed=77_000 + trial).astype(np.float64), band_hz)


def _in_band(sound: np.ndarray, band_hz: tuple[float, float]) -> np.ndarray:
    """What of a sound lies in the band."""
    spectrum = scipy.fft.rfft(sound)
    frequency_hz = np.fft.rfftfreq(sound.size, 1.0 / RATE_HZ)
    return scipy.fft.irfft(spectrum * ((frequency_hz >= band_hz[0]) & (frequency_hz <= band_hz[1])), sound.size)


def _delayed(sound: np.ndarray, delay_s: float) -> np.ndarray:
    """A sound later by any time, exactly, by phase."""
    frequency_hz = np.fft.rfftfreq(sound.size, 1.0 / RATE_HZ)
    return scipy.fft.irfft(scipy.fft.rfft(sound) * np.exp(-2j * np.pi * frequency_hz * delay_s), sound.size)


def _bound_s(sound: np.ndarray, noise: np.ndarray, band_hz: tuple[float, float], length_s: float) -> float:
    """The bound for this very sound: its spectrogram, smoothed over 200 Hz, over the noise's flat level."""
    size = 512
    frames = np.lib.stride_tricks.sliding_window_view(sound, size)[:: size // 2] * np.hanning(size)
    power = np.abs(scipy.fft.rfft(frames, axis=1)) ** 2
    smooth = scipy.fft.irfft(scipy.fft.rfft(power, axis=1) * scipy.fft.rfft(_kernel(power.shape[1])), power.shape[1])
    frequency_hz = np.fft.rfftfreq(size, 1.0 / RATE_HZ)
    used = (frequency_hz >= band_hz[0]) & (frequency_hz <= band_hz[1])
    quiet = np.abs(
        scipy.fft.rfft(np.lib.stride_tricks.sliding_window_view(noise, size)[:: size // 2] * np.hanning(size))
    )
    level = float((quiet[:, used] ** 2).mean())
    snr = np.maximum(smooth[:, used], 0.0) / level
    return delay_bound_s(frequency_hz[used], coherence_from_snr(snr, snr), duration_s=length_s)


def _kernel(count: int) -> np.ndarray:
    """A running mean of seven values around zero."""
    kernel = np.zeros(count)
    kernel[[0, 1, 2, 3, -1, -2, -3]] = 1.0 / 7.0
    return kernel


def _page(report: dict) -> str:
    """The figures as Markdown."""
    lines = [
        "# The limit",
        "",
        f"`make bench-limit`. Machine: {_in_words(report['machine'])}. Versions: {_in_words(report['versions'])}.",
        "",
        f"One window's root mean square error over {TRIALS} trials beside the Cramér-Rao bound, no drift.",
        "",
        "| sound | band Hz | window s | SNR dB | error µs | bound µs | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in report["rows"]:
        band = f"{row['band_hz'][0]:.0f}-{row['band_hz'][1]:.0f}"
        cells = [row["sound"], band, f"{row['window_s']:g}", f"{row['snr_db']:g}", f"{row['error_us']:.3g}"]
        lines.append("| " + " | ".join([*cells, f"{row['bound_us']:.3g}", f"{row['ratio']:.2f}"]) + " |")
    high = [row["ratio"] for row in report["rows"] if row["snr_db"] >= 10.0]
    within = sum(ratio <= LARGEST_RATIO for ratio in high)
    lines += [
        "",
        f"At 10 dB and above: {within} of {len(high)} within a factor of {LARGEST_RATIO:g}, worst {max(high):.2f}.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
