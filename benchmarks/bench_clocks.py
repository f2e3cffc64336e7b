"""Clock measurements, dejittering and resampling against truth, with pyxdf and the usual interpolators in the same run.

python benchmarks/bench_clocks.py [--quick]

LSL: half an hour at 500 Hz as XDF files, read, aligned and dejittered end to end by weft, and by pyxdf with
its defaults (``synchronize_clocks``, ``dejitter_timestamps``). The error is that of every sample's time on
the recorder's clock without what all share (its median, which is told apart); each file is read by both in turn.
PTP and NTP: made exchanges and logs, read as files and aligned. Coverage: how often the truth lies within
shares of ``error95_ms``; the clocks' hidden asymmetry is drawn as the evidence states it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pyxdf
import soxr
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from weft.core import Recording
from weft.dsp.dejitter import dejitter
from weft.dsp.resample import filter_reach, resample_at
from weft.readers import open_recording
from weft.sync import align
from weft.sync.view.recording import AlignedRecording
from weft.testing.clock_exchanges import make_exchanges
from weft.testing.lsl_sessions import CASES, LslCase, make_lsl_session, recorder_minus_device_s

RESULTS = Path(__file__).resolve().parent / "results"
Floats = NDArray[np.float64]
SEEDS = tuple(range(2101, 2106))
LEVELS = (0.50, 0.80, 0.90, 0.95, 0.99)


def main() -> int:
    """Measure everything and write ``results/clocks.{json,md}``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed of everything, and nothing is written")
    quick = parser.parse_args().quick
    logging.getLogger("pyxdf.pyxdf").setLevel(logging.ERROR)
    seeds = SEEDS[:1] if quick else SEEDS
    report: dict[str, object] = {
        "command": "make bench-clocks",
        "seeds": seeds,
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "load": os.getloadavg()},
        "versions": {name: importlib.metadata.version(name) for name in ("weft", "pyxdf", "numpy", "scipy", "soxr")},
        "lsl": [lsl_row(name, case, seed) for name, case in CASES.items() for seed in seeds],
        "two_way": [ptp_row(seed) for seed in seeds] + [ntp_row(seed) for seed in seeds],
        "dejitter": [dejitter_row(name, make, seed) for name, make in STAMPS.items() for seed in seeds],
        "resampling": resampling_rows(),
        "coverage": coverage(10 if quick else 120),
    }
    text = table(report)
    print(text)
    if not quick:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "clocks.json").write_text(json.dumps(report, indent=1) + "\n")
        (RESULTS / "clocks.md").write_text(text + "\n")
    return 0


# --- LSL -------------------------------------------------------------------------------------------


def lsl_row(name: str, case: LslCase, seed: int) -> dict[str, object]:
    """One recording through both tools."""
    session = make_lsl_session(case, seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lab.xdf"
        path.write_bytes(session.xdf)
        ours, our_cpu_s = timed(lambda: weft_times_s(path))
        theirs, their_cpu_s = timed(lambda: np.asarray(pyxdf.load_xdf(str(path))[0][0]["time_stamps"]))
    return {
        "case": name,
        "seed": seed,
        "weft": error_of(ours, session.true_s) | {"cpu_s": our_cpu_s},
        "pyxdf": error_of(theirs, session.true_s) | {"cpu_s": their_cpu_s},
    }


def weft_times_s(path: Path) -> Floats:
    """Every sample's time on the recorder's clock."""
    recording = open_recording(path)
    view = AlignedRecording(recording, align(recording, reference="lab"))
    return view.instants_ns("lab/eeg") / 1e9


def timed(run: Callable[[], Floats]) -> tuple[Floats, float]:
    """What it gives, and the CPU seconds."""
    start = time.process_time()
    found = run()
    return found, time.process_time() - start


def error_of(found_s: Floats, true_s: Floats) -> dict[str, float]:
    """Figures in ms; the median is what all samples share."""
    if found_s.size != true_s.size:
        return {"bias_ms": np.nan, "rms_ms": np.nan, "p95_ms": np.nan, "max_ms": np.nan}
    error_ms = (found_s - true_s) * 1e3
    bias_ms = float(np.median(error_ms))
    error_ms = np.abs(error_ms - bias_ms)
    rms_ms = float(np.sqrt(np.mean(error_ms**2)))
    return {
        "bias_ms": bias_ms,
        "rms_ms": rms_ms,
        "p95_ms": float(np.quantile(error_ms, 0.95)),
        "max_ms": float(error_ms.max()),
    }


# --- PTP and NTP -----------------------------------------------------------------------------------


def ptp_row(seed: int) -> dict[str, object]:
    """Two devices that followed one grandmaster for ten minutes, put together by their exchanges."""
    rng = np.random.default_rng(seed)
    made = {
        name: make_exchanges(
            seconds=600,
            offset_ns=int(rng.integers(-(10**9), 10**9)),
            drift_ppm=float(rng.normal(0, 20)),
            asymmetry_ns=int(rng.uniform(-10_000, 10_000)),
            seed=seed * 2 + k,
        )
        for k, name in enumerate(("cam", "mic"))
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, one in made.items():
            rows = "".join(",".join(map(str, row)) + ",gm\n" for row in zip(*one.stamps_ns, strict=True))
            (Path(folder) / f"{name}.ptp.csv").write_text(f"t1_ns,t2_ns,t3_ns,t4_ns,gm_identity\n{rows}")
            write_samples(Path(folder) / f"{name}.csv", one.times_ns)
        recording = open_recording(folder)
    cam, mic = made["cam"], made["mic"]
    origin = int(mic.times_ns[0])
    grand_ns = (mic.times_ns - origin + mic.true_offsets_ns).astype(np.float64)
    true_ns = np.interp(cam.times_ns - origin + cam.true_offsets_ns, grand_ns, mic.times_ns - origin)
    return {"case": "PTP, two devices, one grandmaster", "seed": seed} | map_error(
        recording, "cam", "mic", cam.times_ns, true_ns, origin
    )


def ntp_row(seed: int) -> dict[str, object]:
    """A computer against UTC by chrony's measurements for an hour: 2 ms of noise, 37 ppm."""
    rng = np.random.default_rng(seed)
    at_s = 1_760_000_000 + np.arange(225) * 16
    true_s = 0.0123 + 37e-6 * (at_s - at_s[0])
    lines = []
    for at, true in zip(at_s, true_s, strict=True):
        queue = rng.exponential(2e-3, 2)
        date = datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%d %H:%M:%S")
        offset, delay = true + (queue[0] - queue[1]) / 2, 1e-3 + queue.sum()
        lines.append(
            f"{date} 10.0.0.1 N 2 111 111 1111 6 6 1.00 {offset:.6e} {delay:.6e} 1e-6 2e-3 4e-4 CB00717B 4B D K"
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cam.measurements.log").write_text("\n".join(lines) + "\n")
        write_samples(Path(folder) / "cam.csv", (at_s * 10**9).astype(np.int64))
        recording = open_recording(folder)
    origin = int(at_s[0]) * 10**9
    times_ns = (at_s * 10**9).astype(np.int64)
    true_ns = (times_ns - origin) + true_s * 1e9
    return {"case": "NTP, 2 ms queues", "seed": seed} | map_error(
        recording, "cam", "ntp:10.0.0.1", times_ns, true_ns, origin
    )


def write_samples(path: Path, times_ns: NDArray[np.int64]) -> None:
    """A table whose clock the log is about."""
    path.write_text("timestamp_ns,x\n" + "".join(f"{t},1.5\n" for t in times_ns))


def map_error(
    recording: Recording,
    clock: str,
    reference: str,
    times_ns: NDArray[np.int64],
    true_ns: Floats,
    origin_ns: int,
) -> dict[str, object]:
    """The largest error of a clock's map where it has samples, and the error that it states, ms."""
    entry = align(recording, reference=reference)[clock]
    if entry.time_map is None:
        return {"status": str(entry.status), "max_ms": np.nan, "error95_ms": np.nan}
    # Ten seconds at each end may lie beyond what the other side recorded.
    kept = (times_ns > times_ns[0] + 10**10) & (times_ns < times_ns[-1] - 10**10)
    inner = times_ns[kept]
    error_ns = np.abs(entry.time_map.apply(inner) - origin_ns - true_ns[kept])
    stated_ns = entry.time_map.error95_ns(inner)
    return {
        "status": str(entry.status),
        "max_ms": float(error_ns.max()) / 1e6,
        "error95_ms": float(stated_ns.max()) / 1e6,
    }


# --- dejittering -----------------------------------------------------------------------------------


def chunked(rng: np.random.Generator) -> tuple[Floats, Floats, float]:
    """500 Hz in chunks of 32, 2 ms of exponential latency: longer than a period."""
    true = np.arange(300_000) / 499.87
    return true, true + np.repeat(rng.exponential(2e-3, 9_375), 32), 500.0


def dropped(rng: np.random.Generator) -> tuple[Floats, Floats, float]:
    """The same with single samples and stretches lost."""
    true, stamps, rate = chunked(rng)
    lost = np.zeros(true.size, dtype=np.bool_)
    for at, count in zip((60_000, 130_000, 200_000, 250_000), (1, 7, 400, 30), strict=True):
        lost[at : at + count] = True
    return true[~lost], true[~lost] + (stamps - true)[: int((~lost).sum())], rate


def camera(rng: np.random.Generator) -> tuple[Floats, Floats, float]:
    """30 fps, 3 ms of jitter, one frame in fifty dropped."""
    kept = np.flatnonzero(rng.random(18_000) > 0.02)
    return kept / 29.97, kept / 29.97 + rng.normal(0, 3e-3, kept.size), 30.0


def rounded(rng: np.random.Generator) -> tuple[Floats, Floats, float]:
    """60 Hz gaze, stamps rounded to milliseconds."""
    true = np.arange(36_000) / (60.0 * (1 + rng.normal(0, 5e-5)))
    return true, np.round(true, 3), 60.0


def warming(rng: np.random.Generator) -> tuple[Floats, Floats, float]:
    """500 Hz in chunks by a clock that warms up: 12 ms in all, 100 s."""
    true, stamps, rate = chunked(rng)
    bent = true + 12e-3 * (1 - np.exp(-true / 100.0))
    return bent, bent + (stamps - true), rate


STAMPS = {
    "chunks, 2 ms latency": chunked,
    "the same, samples lost": dropped,
    "camera, 2 % dropped": camera,
    "gaze, rounded to 1 ms": rounded,
    "chunks, warm-up": warming,
}


def dejitter_row(name: str, make: Callable[[np.random.Generator], tuple[Floats, Floats, float]], seed: int) -> dict:
    """Stamps, one line through them as pyxdf lays it, and weft's instants."""
    true_s, stamps_s, rate_hz = make(np.random.default_rng(seed))
    found, cpu_s = timed_dejitter(stamps_s, rate_hz)
    index = np.arange(true_s.size)
    return {
        "case": name,
        "seed": seed,
        "stamps": error_of(stamps_s, true_s)["p95_ms"],
        "one line": error_of(np.polynomial.Polynomial.fit(index, stamps_s, 1)(index), true_s)["p95_ms"],
        "weft": error_of(found, true_s)["p95_ms"],
        "cpu_s": cpu_s,
    }


def timed_dejitter(stamps_s: Floats, rate_hz: float) -> tuple[Floats, float]:
    """weft's instants, seconds; the stamps where it finds no rhythm."""
    times_ns = np.rint(stamps_s * 1e9).astype(np.int64)
    start = time.process_time()
    found = dejitter(times_ns, nominal_rate_hz=rate_hz)
    cpu_s = time.process_time() - start
    return (stamps_s if found is None else (times_ns[0] + found.instants_ns) / 1e9), cpu_s


# --- resampling ------------------------------------------------------------------------------------


def resampling_rows() -> list[dict[str, object]]:
    """Signal over error, dB, at 73 ppm, away from the ends."""
    kinds = [("16 kHz, to 3.4 kHz", 16_000.0, 3_400.0), ("16 kHz, to 6.8 kHz", 16_000.0, 6_800.0)]
    kinds += [(f"IMU to 10 Hz at {rate} Hz", float(rate), 10.0) for rate in (30, 60, 100, 200)]
    rows = []
    for name, rate_hz, band_hz in kinds:
        count = int(rate_hz * (20 if rate_hz > 1000 else 600))
        signal = tones(band_hz, rate_hz)
        positions = np.arange(1_000.0, count - 1_000.0, 1.000073)
        truth, samples = signal(positions), signal(np.arange(count, dtype=np.float64))
        row: dict[str, object] = {"signal": name}
        for method, resample in METHODS.items():
            start = time.process_time()
            found = resample(samples, positions)
            cpu_s = time.process_time() - start
            reach = filter_reach() * 4
            left = (found - truth)[reach:-reach]
            row[method] = {
                "db": float(10 * np.log10(np.mean(truth**2) / np.mean(left**2))),
                "cpu_s": cpu_s,
            }
        rows.append(row)
    return rows


def tones(band_hz: float, rate_hz: float) -> Callable[[Floats], Floats]:
    """Forty tones up to the band's edge."""
    rng = np.random.default_rng(7)
    parts = np.append(rng.uniform(0.01, 1.0, 39), 1.0) * band_hz / rate_hz
    phases = rng.uniform(0, 2 * np.pi, 40)
    return lambda at: np.sum([np.sin(2 * np.pi * f * at + p) for f, p in zip(parts, phases, strict=True)], axis=0)


def by_soxr(samples: Floats, positions: Floats) -> Floats:
    """soxr at its best quality; one rate for the whole, so it starts at the first position."""
    start = int(positions[0])
    return soxr.resample(samples[start:], 1.000073, 1.0, quality="VHQ")[: positions.size]


METHODS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "nearest": lambda samples, at: samples[np.rint(at).astype(np.int64)],
    "linear": lambda samples, at: np.interp(at, np.arange(samples.size), samples),
    "cubic spline": lambda samples, at: CubicSpline(np.arange(samples.size), samples)(at),
    "soxr VHQ": by_soxr,
    "weft": lambda samples, at: resample_at(samples, at, step=1.000073),
}


# --- coverage --------------------------------------------------------------------------------------


def coverage(count: int) -> dict[str, object]:
    """How often a clock's truth lies within shares of its stated error: LSL sessions of five minutes."""
    short = LslCase(duration_s=300.0, rate_hz=50.0, chunk=8)
    kinds = (short, replace(short, offset_noise_s=2e-3), replace(short, warm_up_s=4e-3, warm_up_tau_s=100.0))
    ratios = []
    for number in range(count):
        case, seed = kinds[number % len(kinds)], 9_000 + number
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "lab.xdf"
            path.write_bytes(make_lsl_session(case, seed).xdf)
            recording = open_recording(path)
        shared_ns = recording.evidence[0].systematic_sd_ns * np.random.default_rng(seed).standard_normal()
        shifted = replace(recording.evidence[0], offsets_ns=recording.evidence[0].offsets_ns + round(shared_ns))
        entry = align(replace(recording, evidence=(shifted,)), reference="lab")["lab/eeg"]
        if entry.time_map is None:
            continue
        since_s = np.linspace(5.0, 295.0, 15)
        device_ns = ((since_s + 700_000.0) * 1e9).astype(np.int64)
        found_ns = entry.time_map.apply(device_ns) - device_ns
        error_ns = found_ns - recorder_minus_device_s(case, since_s) * 1e9
        ratios.append(np.abs(error_ns) / entry.time_map.error95_ns(device_ns))
    within = np.concatenate(ratios)
    z95 = NormalDist().inv_cdf(0.975)
    shares = {level: float(np.mean(within * z95 <= NormalDist().inv_cdf(0.5 + level / 2))) for level in LEVELS}
    return {"sessions": len(ratios), "moments": int(within.size), "shares": {f"{k:.0%}": v for k, v in shares.items()}}


# --- the page --------------------------------------------------------------------------------------


def table(report: dict) -> str:
    """The report as Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    lines = ["# Clock measurements, dejittering, resampling", "", f"`{report['command']}`. Versions: {versions}."]
    lines += [f"Seeds {report['seeds']}. Machine: {report['machine']}. Single figures are in `clocks.json`.", ""]
    lines += ["## LSL, 30 minutes at 500 Hz, end to end (ms; without what all samples share)", ""]
    lines += [
        "| case | tool | rms | 95th pct | worst 95th pct | max | shared | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in CASES:
        rows = [row for row in report["lsl"] if row["case"] == case]
        for tool in ("weft", "pyxdf"):
            of = {key: [row[tool][key] for row in rows] for key in rows[0][tool]}
            lines.append(
                f"| {case} | {tool} | {np.mean(of['rms_ms']):.3f} | {np.median(of['p95_ms']):.3f} | "
                f"{np.max(of['p95_ms']):.3f} | {np.max(of['max_ms']):.3f} | {np.median(of['bias_ms']):+.2f} | "
                f"{np.mean(of['cpu_s']):.1f} |"
            )
    lines += ["", "## PTP and NTP (ms)", "", "| case | status | largest error, median | worst | stated 95 % error |"]
    lines += ["|---|---|---|---|---|"]
    for case in dict.fromkeys(row["case"] for row in report["two_way"]):
        rows = [row for row in report["two_way"] if row["case"] == case]
        worst = [row["max_ms"] for row in rows]
        stated = np.median([row["error95_ms"] for row in rows])
        status = ", ".join(sorted({row["status"] for row in rows}))
        lines.append(f"| {case} | {status} | {np.median(worst):.5f} | {np.max(worst):.5f} | {stated:.5f} |")
    lines += [
        "",
        "## Dejittering (95th percentile, ms; the worst seed)",
        "",
        "| stamps | as stamped | one line | weft |",
    ]
    lines += ["|---|---|---|---|"]
    for case in STAMPS:
        rows = [row for row in report["dejitter"] if row["case"] == case]
        figures = " | ".join(f"{max(row[key] for row in rows):.3f}" for key in ("stamps", "one line", "weft"))
        lines.append(f"| {case} | {figures} |")
    lines += ["", "## Resampling at 73 ppm (signal over error, dB)", "", f"| signal | {' | '.join(METHODS)} |"]
    lines += ["|---|" + "---|" * len(METHODS)]
    for row in report["resampling"]:
        lines.append(f"| {row['signal']} | " + " | ".join(f"{row[method]['db']:.0f}" for method in METHODS) + " |")
    shares = report["coverage"]["shares"]
    lines += ["", f"## Coverage ({report['coverage']['sessions']} LSL sessions of 5 minutes)", ""]
    lines += ["| stated | " + " | ".join(shares) + " |", "|---|" + "---|" * len(shares)]
    lines += ["| holds the truth | " + " | ".join(f"{share:.1%}" for share in shares.values()) + " |"]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
