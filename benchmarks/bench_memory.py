"""Peak memory of aligning and of building two WAV files of 6 and of 60 minutes; the ratios should stay below 1.3.

python benchmarks/bench_memory.py [--short 6] [--long 60]
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np

from weft.testing.scenes import Device, record, speech_like

RESULTS = Path(__file__).resolve().parent / "results"
LARGEST_RATIO = 1.3
OFFSET_S, DRIFT = 3.7, 40e-6

MEASURE = """
import json, resource, sys, tempfile
import weft
job, *files = sys.argv[1:]
if job == "align":
    alignment = weft.align(weft.open_recording(files), reference="near")
else:
    folder = __import__("pathlib").Path(files[0]).parent
    with tempfile.TemporaryDirectory() as out:
        result = weft.build(folder, out, recipe=weft.Recipe(reference="near"))
        alignment = result.alignments()[0]
solved = alignment["far"].to_json()
use = resource.getrusage(resource.RUSAGE_SELF)
# Not ru_maxrss: it remembers the parent's size from before exec.
peak = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
print("ANSWER" + json.dumps({"status": solved["status"], "offset_ms": solved["offset_ms"],
    "drift_ppm": solved["drift_ppm"], "error95_ms": solved["error95_ms"], "segments": len(solved["segments"]),
    "peak_mb": peak / 1024, "cpu_s": use.ru_utime + use.ru_stime}))
"""


def main() -> int:
    """Measure both lengths; 1 when memory grows with the recording."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", type=float, default=6.0)
    parser.add_argument("--long", type=float, default=60.0)
    options = parser.parse_args()
    rows = []
    for minutes in (options.short, options.long):
        with tempfile.TemporaryDirectory() as folder:
            files = _made(Path(folder), minutes)
            for job in ("align", "build"):
                command = [sys.executable, "-c", MEASURE, job, *files]
                ran = subprocess.run(command, capture_output=True, text=True, check=True)
                rows.append({"job": job, "minutes": minutes} | json.loads(ran.stdout.split("ANSWER")[1]))
                print(rows[-1], flush=True)
    peaks = {(row["job"], row["minutes"]): row["peak_mb"] for row in rows}
    ratios = {job: peaks[job, options.long] / peaks[job, options.short] for job in ("align", "build")}
    report = {"ratios": ratios, "limit": LARGEST_RATIO, "rows": rows, "machine": platform.platform()}
    (RESULTS / "memory.json").write_text(json.dumps(report, indent=1) + "\n")
    lines = [
        "# Memory of align and of build",
        "",
        "Two devices' WAV files of speech-like sound, 44.1 and 16 kHz; `make bench-memory`.",
        "",
        "| job | minutes | peak MB | CPU s | status | offset ms | drift ppm |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['job']} | {r['minutes']:g} | {r['peak_mb']:.0f} | {r['cpu_s']:.1f} | {r['status']} "
        f"| {r['offset_ms']:.4f} | {r['drift_ppm']:.3f} |"
        for r in rows
    ]
    said = ", ".join(f"{job} {ratio:.2f}" for job, ratio in ratios.items())
    truth = f"Truth: {1e3 * OFFSET_S:g} ms, {1e6 * DRIFT:g} ppm."
    lines += ["", f"Ratio of the longer to the shorter: {said} (limit {LARGEST_RATIO}). {truth}"]
    (RESULTS / "memory.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))
    return int(max(ratios.values()) > LARGEST_RATIO)


def _made(folder: Path, minutes: float) -> list[str]:
    """A pair of speech-like WAV files, written minute by minute."""
    near = Device("near", 44_100, seconds=60.0)
    paths = [folder / "near.wav", folder / "far.wav"]
    with wave.open(str(paths[0]), "wb") as one, wave.open(str(paths[1]), "wb") as two:
        for file, rate_hz in ((one, 44_100), (two, 16_000)):
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate_hz)
        written = 0
        for minute in range(round(minutes)):
            # Each minute overlaps the next by what the far device still needs of it.
            scene = np.concatenate([speech_like(60.0, seed=minute), speech_like(60.0, seed=minute + 1)[: 16_000 * 5]])
            one.writeframes(_pcm(record(scene, near, seed=minute)))
            first = int(np.ceil((60.0 * minute - OFFSET_S) / (1 + DRIFT) * 16_000)) if minute else 0
            stop = int(np.ceil((60.0 * (minute + 1) - OFFSET_S) / (1 + DRIFT) * 16_000))
            start_s = OFFSET_S + (1 + DRIFT) * first / 16_000 - 60.0 * minute
            far = Device("far", 16_000, start_s, DRIFT, (stop - first + 0.5) / 16_000, 5.0)
            sound = record(scene, far, seed=10_000 + minute)
            two.writeframes(_pcm(sound[: stop - first]))
            written += stop - first
    return [str(path) for path in paths]


def _pcm(sound: np.ndarray) -> bytes:
    """16-bit samples."""
    return np.rint(32767.0 * np.clip(sound, -1.0, 1.0)).astype("<i2").tobytes()


if __name__ == "__main__":
    raise SystemExit(main())
