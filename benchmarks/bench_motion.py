"""Motion against motion: offset, drift, verdict and stated error, simulated with known truth and on real files.

    python benchmarks/bench_motion.py            # minutes; reads ../shared/data, writes results/motion.{json,md}
    python benchmarks/bench_motion.py --quick    # a few cases, written nowhere

Simulated as in the research note: a hand's turning of 0.3 to 8 Hz, 30 frames a second, 200 Hz, a tenth of the
frames wrong, offsets within two seconds (of which weft is not told), drift within 100 ppm, flow noise as a
multiple of the signal. Errors are the largest anywhere in the clip, after the solver.
The baseline is what everybody does, the
maximum of ``scipy.signal.correlate`` of both lengths resampled to 200 Hz; for keypoints Pose2Sim's whole-frame
method, written from its description. Its offset is compared at the middle of the clip, so drift does not
count against it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from motion_cases import Case, camera_and_gyroscope, two_units, two_views
from scipy.stats import norm

from weft.core import NS_PER_MS, NS_PER_S, ListedTimeline
from weft.sync import align, solve
from weft.sync.motion.compare import compare_motion
from weft.sync.motion.flow import video_signals
from weft.sync.motion.pairs import _device, _sensed
from weft.testing.moving_scenes import Turning, gyroscope, motion_stream, moved_pictures, picture_stream, recording_of

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "shared" / "data"
FIRST_SEED = 500_000
"""Held out: no seed from here on was used while the method was made."""
LEVELS = (50, 80, 90, 95, 99)

Row = dict[str, Any]
SUITES: list[tuple[str, Callable[[int], Case], int]] = [
    *(
        (f"gyroscope-flow {d} s, noise {n}", lambda s, d=d, n=n: camera_and_gyroscope(s, d, n), c)
        for d, c in ((10, 60), (30, 60), (120, 60), (600, 20))
        for n in (0.1, 0.5)
    ),
    ("gyroscope-flow 10 s, noise 1.5", lambda s: camera_and_gyroscope(s, 10, 1.5), 60),
    ("gyroscope-flow 30 s, ragged frames, noise 0.1", lambda s: camera_and_gyroscope(s, 30, 0.1, kind="ragged"), 40),
    ("gyroscope-flow 60 s, half of it still, noise 0.1", lambda s: camera_and_gyroscope(s, 60, 0.1, kind="half"), 40),
    ("gyroscope-flow 60 s, 0.3 s lost half-way", lambda s: camera_and_gyroscope(s, 60, 0.1, kind="jump"), 40),
    ("gyroscope-flow 30 s, even steps", lambda s: camera_and_gyroscope(s, 30, 0.1, kind="steps"), 40),
    ("gyroscope-flow 10 s, unrelated", lambda s: camera_and_gyroscope(s, 10, 0.1, kind="unrelated"), 100),
    ("gyroscope-flow 60 s, unrelated", lambda s: camera_and_gyroscope(s, 60, 0.1, kind="unrelated"), 100),
    ("two units 20 s", lambda s: two_units(s, 20), 60),
    ("two units 120 s", lambda s: two_units(s, 120), 60),
    ("two units 120 s, hardly moved", lambda s: two_units(s, 120, rms=0.003), 40),
    ("two units 60 s, unrelated", lambda s: two_units(s, 60, unrelated=True), 100),
    ("keypoints 20 s, noise 1 px", lambda s: two_views(s, 20, noise_px=1.0), 60),
    ("keypoints 60 s, noise 1 px", lambda s: two_views(s, 60, noise_px=1.0), 60),
    ("keypoints 60 s, noise 3 px", lambda s: two_views(s, 60, noise_px=3.0), 60),
    ("keypoints 60 s, unrelated", lambda s: two_views(s, 60, noise_px=1.0, unrelated=True), 100),
]


def run_case(case: Case) -> Row:
    """One case through comparison and solver: largest error, verdict, standardised errors at three moments."""
    began = time.process_time()
    match = compare_motion(case.first, case.second)
    cpu_s = time.process_time() - began
    middle_s = sum(case.span_s) / 2
    row: Row = {"status": "not_aligned", "cpu_s": cpu_s}
    row["baseline_ms"] = 1e3 * abs(case.baseline_s - (float(case.truth_s(np.array(middle_s))) - middle_s))
    if match.evidence is None:
        return row
    entry = solve(case.recording, [match.evidence], reference="imu")["cam"]
    if entry.time_map is None:
        return row
    at_s = np.linspace(case.span_s[0] + 0.05, case.span_s[1] - 0.1, 201)
    at_ns = np.rint(at_s * NS_PER_S).astype(np.int64)
    wrong_ms = (entry.time_map.apply(at_ns) - case.truth_s(at_s) * NS_PER_S) / NS_PER_MS
    error_ms = entry.time_map.error95_ns(at_ns) / NS_PER_MS
    worst = int(np.abs(wrong_ms).argmax())
    return row | {
        "status": str(entry.status),
        "worst_ms": float(abs(wrong_ms[worst])),
        "median_ms": float(np.median(np.abs(wrong_ms))),
        "error95_ms": float(error_ms.max()),
        "drift_error_ppm": abs(entry.to_json()["drift_ppm"] - case.drift * 1e6),
        "z": [float(1.96 * wrong_ms[i] / error_ms[i]) for i in (20, 100, 180)],
        "random_z": _random_z(entry, match.evidence.systematic_sd_ns, at_ns[[20, 100, 180]], wrong_ms[[20, 100, 180]]),
        "chance": match.evidence.details["chance"],
    }


def _random_z(entry: Any, systematic_ns: float, at_ns: Any, wrong_ms: Any) -> list[float]:
    """Errors over what is stated without the part that the simulation does not have: filters, exposure, limbs."""
    sd_ms = np.sqrt(np.maximum((entry.time_map.error95_ns(at_ns) / 1.96) ** 2 - systematic_ns**2, 1.0)) / NS_PER_MS
    return [float(value) for value in wrong_ms / sd_ms]


def summary(name: str, rows: list[Row]) -> Row:
    """One line of the table."""
    solved = [row for row in rows if "worst_ms" in row]
    aligned = [row for row in solved if row["status"] == "aligned"]
    worst = np.array([row["worst_ms"] for row in aligned] or [np.nan])
    return {
        "suite": name,
        "cases": len(rows),
        "aligned": len(aligned),
        "weak": sum(row["status"] == "weak" for row in rows),
        "median of worst ms": float(np.median(worst)),
        "p95 of worst ms": float(np.percentile(worst, 95)),
        "largest ms": float(worst.max()),
        "drift p95 ppm": float(np.percentile([row["drift_error_ppm"] for row in aligned] or [np.nan], 95)),
        "aligned and > 16.7 ms wrong": int((worst > 16.7).sum()),
        "baseline median ms": float(np.median([row["baseline_ms"] for row in rows])),
        "baseline p95 ms": float(np.percentile([row["baseline_ms"] for row in rows], 95)),
        "baseline > 40 ms": sum(row["baseline_ms"] > 40 for row in rows),
        "cpu s": float(np.mean([row["cpu_s"] for row in rows])),
    }


def reliability(rows: list[Row], key: str) -> Row:
    """The share of truths within each stated interval, over all aligned cases."""
    z = np.abs([value for row in rows if row["status"] == "aligned" for value in row[key]])
    return {"n": len(z)} | {str(p): float((z < norm.ppf(0.5 + p / 200)).mean()) for p in LEVELS}


def rendered(count: int) -> list[Row]:
    """Frames of a turning camera, 20 s, read through the whole of ``align``."""
    rows = []
    for index in range(count):
        turning = Turning.by_hand(FIRST_SEED + index, rms=0.4)
        stamps_s = np.arange(600) / 30.0
        video = picture_stream("cam/video", stamps_s, moved_pictures(turning, stamps_s, seed=index))
        true_s = np.arange(-1.0, 21.0, 0.005)
        offset_s = 1.5 * index - 3.0
        imu = motion_stream("imu/gyro", true_s + offset_s, gyroscope(turning, true_s, seed=index))
        began = time.process_time()
        entry = align(recording_of(video, imu), reference="cam")["imu"]
        cpu_s = time.process_time() - began
        at_s = np.linspace(offset_s + 0.5, offset_s + 19.5, 100)
        found = entry.time_map.apply(np.rint(at_s * NS_PER_S).astype(np.int64)) if entry.time_map else None
        worst = float(np.abs(found / NS_PER_S - (at_s - offset_s)).max() * 1e3) if found is not None else None
        rows.append(
            {
                "status": str(entry.status),
                "worst_ms": worst,
                "error95_ms": entry.to_json()["error95_ms"],
                "cpu_s": cpu_s,
            }
        )
    return rows


def gopro() -> list[Row]:
    """A GoPro's pictures against its own gyroscope, whose stamps were shifted by a known time."""
    from weft import open_recording

    rows = []
    for path in sorted((DATA / "imu_video" / "gopro__gpmf-parser" / "samples").glob("*.mp4")):
        whole = open_recording(path)
        clock = whole.clocks[0].name
        sensor = whole.stream(f"{clock}/gyro")
        for shift_ms in (-4300.0, 0.0, 3210.0):
            shifted = ListedTimeline(sensor.timestamps_ns + round(shift_ms * NS_PER_MS))
            for alone in (True, False):
                kept = [whole.stream(f"{clock}/video")] + ([] if alone else [whole.stream(f"{clock}/audio")])
                parted = recording_of(*kept, replace(sensor, name="imu/gyro", clock="imu", timeline=shifted))
                found = align(parted, reference=clock)["imu"].to_json()
                frame_ms = 1e3 / (kept[0].effective_rate_hz or 30.0)
                rows.append(
                    {
                        "file": path.name,
                        "with sound": not alone,
                        "shift_ms": shift_ms,
                        "status": found["status"],
                        "error_ms": found["offset_ms"] + shift_ms,
                        "error95_ms": found["error95_ms"],
                        "frames": abs(found["offset_ms"] + shift_ms) / frame_ms,
                    }
                )
    return rows


def phone_and_watch() -> Row:
    """A phone in a pocket and a watch on a wrist: against their stamps, among each other, and with strangers."""
    from weft import open_recording

    folder = DATA / "imu" / "GeoTecINIT__sp-sw-har-dataset" / "DATA"
    phones = [p for p in sorted(folder.glob("s*/*_sp.csv")) if p.with_name(p.name.replace("_sp", "_sw")).exists()]
    made = {}
    for phone in phones:
        for path in (phone, phone.with_name(phone.name.replace("_sp", "_sw"))):
            recording = open_recording(path)
            made[path.stem] = _device(path.stem, _sensed(recording, recording.clocks[0].name))
    pairs: list[Row] = []
    for phone in phones:
        one, two = made[phone.stem], made[phone.stem.replace("_sp", "_sw")]
        e = compare_motion(one, two).evidence
        if e is None:
            pairs.append({"pair": phone.stem[:-3], "verdict": "none"})
            continue
        e = e if "_sw" in e.sources[1] else e.reversed()
        offset_ms = float(np.average(e.offsets_ns, weights=1 / e.sds_ns**2)) / NS_PER_MS
        sd_ms = float(np.hypot(np.sqrt(1 / np.sum(1 / e.sds_ns**2)), e.systematic_sd_ns)) / NS_PER_MS
        verdict = "sufficient" if e.details["sufficient"] else "weak"
        pairs.append({"pair": phone.stem[:-3], "verdict": verdict, "offset_ms": offset_ms, "sd_ms": sd_ms, **e.details})
    strangers = []
    for index, phone in enumerate(phones):
        for step in (3, 7, 11, 17, 23, 31):
            other = phones[(index + step) % len(phones)]
            e = compare_motion(made[phone.stem], made[other.stem.replace("_sp", "_sw")]).evidence
            strangers.append("none" if e is None else "sufficient" if e.details["sufficient"] else "weak")
    return {"pairs": pairs, "strangers": {kind: strangers.count(kind) for kind in ("none", "weak", "sufficient")}}


def pose2sim() -> list[Row]:
    """Four cameras for 1.7 s: too short to tell, which is what should be said."""
    from weft import open_recording

    folder = DATA / "multidevice" / "perfanalytics__pose2sim" / "Pose2Sim" / "Demo_Batch" / "Trial_1" / "videos"
    alignment = align(open_recording(folder))
    return [{"clock": e.clock.name, "status": str(e.status), "note": e.note} for e in alignment.clocks]


def flow_speed() -> Row:
    """CPU time of following one frame's picture, without decoding."""
    frames = moved_pictures(Turning.by_hand(1), np.arange(240) / 30.0, seed=1)
    began = time.process_time()
    video_signals(picture_stream("cam/video", np.arange(240) / 30.0, frames))
    return {"ms per frame": (time.process_time() - began) / 240 * 1e3}


def table(record: Row) -> str:
    """The figures as Markdown."""
    lines = ["# Motion against motion", "", f"`{record['command']}`, {record['machine']}", ""]
    lines += _grid(record["summary"])
    lines += ["", "Share of truths within the stated interval (aligned cases, three moments each):", ""]
    lines += _grid([{"of": key} | value for key, value in record["reliability"].items()])
    lines += ["", "Rendered pictures, 20 s, whole pipeline:", "", *_grid(record["rendered"])]
    if record.get("gopro"):
        lines += ["", "GoPro pictures against their own gyroscope:", "", *_grid(record["gopro"])]
    if record.get("phones"):
        lines += ["", "Phone in a pocket against watch on a wrist:", "", *_grid([_phones(record["phones"])])]
    if record.get("pose2sim"):
        lines += ["", "Four silent cameras, 1.7 s:", "", *_grid(record["pose2sim"])]
    return "\n".join([*lines, "", f"Following a picture: {record['flow']['ms per frame']:.1f} ms of CPU a frame.", ""])


def _phones(found: Row) -> Row:
    """What the pairs say in one line."""
    sure = [row for row in found["pairs"] if row["verdict"] == "sufficient"]
    both = [row for row in found["pairs"] if "offset_ms" in row and row["chance"] < 1e-4 and row["explained"] > 0.4]
    subjects: dict[str, list[float]] = {}
    for row in both:
        subjects.setdefault(row["pair"][:3], []).append(row["offset_ms"])
    spread = [abs(x - float(np.median(own))) for own in subjects.values() if len(own) > 2 for x in own]
    offsets = [abs(row["offset_ms"]) for row in sure]
    return {
        "pairs": len(found["pairs"]),
        "sufficient": len(sure),
        "weak": sum(row["verdict"] == "weak" for row in found["pairs"]),
        "sufficient: median |offset by stamps| ms": float(np.median(offsets)) if offsets else None,
        "largest": max(offsets, default=None),
        "rigid pairs: median |offset - its person's median| ms": float(np.median(spread)) if spread else None,
        "p95": float(np.percentile(spread, 95)) if spread else None,
        "strangers none/weak/sufficient": "/".join(str(count) for count in found["strangers"].values()),
    }


def _grid(rows: list[Row]) -> list[str]:
    """A Markdown table."""
    if not rows:
        return []
    heads = list(rows[0])
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return lines + ["| " + " | ".join(_cell(row.get(head)) for head in heads) + " |" for row in rows]


def _cell(value: Any) -> str:
    """A figure to three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def main(quick: bool) -> None:
    """Run all suites."""
    cases: dict[str, list[Row]] = {}
    for name, make, count in SUITES:
        seeds = range(FIRST_SEED, FIRST_SEED + (3 if quick else count))
        cases[name] = [run_case(make(seed)) for seed in seeds]
        print({key: _cell(value) for key, value in summary(name, cases[name]).items()}, flush=True)
    groups = {
        kind: [row for name, rows in cases.items() if name.startswith(kind) and "jump" not in name for row in rows]
        for kind in ("gyroscope-flow", "two units", "keypoints")
    }
    real = DATA.is_dir()
    record: Row = {
        "command": "python benchmarks/bench_motion.py",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"numpy {version('numpy')}, scipy {version('scipy')}",
        "first_seed": FIRST_SEED,
        "summary": [summary(name, rows) for name, rows in cases.items()],
        "reliability": {f"{kind}, stated": reliability(rows, "z") for kind, rows in groups.items()}
        | {f"{kind}, random part": reliability(rows, "random_z") for kind, rows in groups.items()},
        "rendered": rendered(1 if quick else 8),
        "gopro": gopro() if real else [],
        "phones": phone_and_watch() if real else {},
        "pose2sim": pose2sim() if real else [],
        "flow": flow_speed(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "cases": cases,
    }
    print(table(record))
    if not quick:
        (HERE / "results" / "motion.json").write_text(json.dumps(record, indent=1, default=float) + "\n")
        (HERE / "results" / "motion.md").write_text(table(record))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    main(parser.parse_args().quick)
