"""Dynamic time warping with its path: weft beside dtaidistance, tslearn and librosa on the same series in the same run.

    python benchmarks/bench_warp.py [--quick]        # measure, write results/warp.{json,md}

Random walks of 13 features, the second one a locally stretched copy of the first with noise, or another walk. Every
run is a process of its own with one thread; tools take turns, and each is called once on short series before it is
timed (weft's kernel and tslearn's and librosa's are compiled by numba, dtaidistance's is C). The figure is the
least CPU time of up to five calls (as many as fit into two seconds) and all rounds, and the most memory that the
first added. Best settings of each, same band: dtaidistance `dtw_ndim.warping_path(use_c=True, window=radius + 1)`
(its `use_pruning` changed nothing here), tslearn `dtw_path(global_constraint="sakoe_chiba")`, librosa
`sequence.dtw(global_constraints=True, band_rad=radius / n)`. dtaidistance and tslearn add up squared distances and
take the root at the end, weft and librosa add up distances; weft is timed with both. librosa, the slowest, is run
on two cases, and only where there is enough memory. Costs of a tool that adds up the same differ only by rounding;
dtaidistance gives the path alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PEERS = {"dtaidistance": "2.5.1", "tslearn": "0.10.0", "librosa": "0.11.0"}
CASES = ((5_000, 500, 1), (20_000, 2_000, 1), (20_000, 2_000, 0), (20_000, 0, 1))
"""Samples of either series, the band's radius (0 for no band), and whether the second is a copy of the first."""
FEATURES = 13
ROUNDS = 2
SEED = 11
LIBROSA_BYTES_PER_PAIR = 22
"""Of all pairs of samples, banded or not: its cost, step and work matrices."""

MEASURE = """
import json, sys, time
import numpy as np
n, radius, is_copy, seed, features = (int(value) for value in sys.argv[1:6])
rng = np.random.default_rng(seed)
x = np.cumsum(rng.standard_normal((n, features)), axis=0)
at = np.clip(np.arange(n) + 0.015 * n * np.sin(np.arange(n) / (0.1 * n)), 0, n - 1)
y = np.stack([np.interp(at, np.arange(n), x[:, k]) for k in range(features)], axis=1)
y = y + 0.3 * rng.standard_normal((n, features))
if not is_copy:
    y = np.cumsum(rng.standard_normal((n, features)), axis=0)
def memory(key):
    return int(dict(line.split(":", 1) for line in open("/proc/self/status"))[key].split()[0]) / 1024
def timed(call, x, y):
    call(x[:64], y[:64], min(radius, 8))
    open("/proc/self/clear_refs", "w").write("5")
    before, spent = memory("VmRSS"), []
    while not spent or (len(spent) < 5 and sum(spent) < 2):
        began = time.process_time()
        cost, path = call(x, y, radius)
        spent.append(time.process_time() - began)
        if len(spent) == 1:
            added_mb = memory("VmHWM") - before
    answer = {"cpu_s": min(spent), "added_mb": added_mb, "cost": float(cost), "steps": len(path), "all_cpu_s": spent}
    print("ANSWER" + json.dumps(answer))
"""
WEFT = """
from weft.dsp.warp import warp
x, y = x.astype(np.float32), y.astype(np.float32)
def call(x, y, radius):
    found = warp(x, y, radius=radius or None, cost=COST)
    return found.cost, found.path
timed(call, x, y)
"""
RUNNERS = {
    "weft (euclidean)": "COST = 'euclidean'" + WEFT,
    "weft (squared)": "COST = 'squared'" + WEFT,
    "weft without numba (euclidean)": "COST = 'euclidean'\nimport weft.dsp.warp_fill as fill\n"
    "fill.compiled_kernel = lambda: None" + WEFT,
    "dtaidistance": """
from dtaidistance import dtw_ndim
def call(x, y, radius):
    path = dtw_ndim.warping_path(x, y, window=radius + 1 if radius else None, use_c=True)
    return float("nan"), path
timed(call, x, y)
""",
    "tslearn": """
from tslearn.metrics import dtw_path
def call(x, y, radius):
    band = {"global_constraint": "sakoe_chiba", "sakoe_chiba_radius": radius} if radius else {}
    path, cost = dtw_path(x, y, **band)
    return cost ** 2, path
timed(call, x, y)
""",
    "librosa": """
import librosa
x, y = np.ascontiguousarray(x.T.astype(np.float32)), np.ascontiguousarray(y.T.astype(np.float32))
def call(x, y, radius):
    band = {"global_constraints": True, "band_rad": radius / n} if radius else {}
    total, path = librosa.sequence.dtw(x, y, **band)
    return total[-1, -1], path
def short(x, y, radius):
    return call(x[:, :64], y[:, :64], 0) if len(x) == 64 else call(x, y, radius)
short(x[:, :64], y[:, :64], 0)
timed(lambda a, b, r: call(x, y, r) if len(a) > 64 else call(x[:, :64], y[:, :64], 0), x.T, y.T)
""",
}


def python_of(tool: str) -> str:
    """The interpreter of a tool's environment, made by uv on the first run."""
    if tool.startswith("weft"):
        return sys.executable
    folder = ROOT / f".venv-bench-{tool}"
    if not folder.is_dir():
        uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
        environment = {**os.environ, "VIRTUAL_ENV": str(folder)}
        subprocess.run([uv, "pip", "install", "-q", f"{tool}=={PEERS[tool]}"], check=True, env=environment)
    return str(folder / "bin" / "python")


def run(tool: str, case: tuple[int, int, int]) -> dict[str, Any] | None:
    """One run's figures, or ``None`` where the tool failed."""
    arguments = [str(value) for value in (*case, SEED, FEATURES)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    command = [python_of(tool), "-c", MEASURE + RUNNERS[tool], *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=900)
    answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")]
    if not answers:
        print(f"{tool} failed: {done.stderr[-300:]}")
        return None
    answer: dict[str, Any] = json.loads(answers[-1].removeprefix("ANSWER"))
    return answer


def enough_memory(tool: str, samples: int) -> bool:
    """Whether a tool that holds all pairs of samples may run."""
    if tool != "librosa":
        return True
    available = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
    return samples**2 * LIBROSA_BYTES_PER_PAIR < 0.7 * 1024 * int(available.split()[1])


def measure(cases: tuple[tuple[int, int, int], ...], rounds: int) -> list[dict[str, Any]]:
    """Every run of every tool on every case, the tools in turn."""
    rows = []
    for samples, radius, is_copy in cases:
        for turn in range(rounds):
            for tool in RUNNERS:
                slow = tool in ("librosa", "weft without numba (euclidean)")
                too_slow = tool == "librosa" and not (radius and is_copy)
                if (slow and turn) or too_slow or not enough_memory(tool, samples):
                    continue
                answer = run(tool, (samples, radius, is_copy))
                if answer is not None:
                    rows.append({"samples": samples, "radius": radius, "is_copy": is_copy, "tool": tool, **answer})
                    print(rows[-1], flush=True)
    return rows


def summarised(rows: list[dict[str, Any]]) -> list[str]:
    """A table per case, with ratios to weft."""
    lines = []
    keys = ("samples", "radius", "is_copy")
    for case in dict.fromkeys(tuple(row[key] for key in keys) for row in rows):
        samples, radius, is_copy = case
        here = [row for row in rows if tuple(row[key] for key in keys) == case]
        band = (
            f"{f'band of ±{radius}' if radius else 'no band'}, {'a stretched copy' if is_copy else 'nothing in common'}"
        )
        lines += [f"## {samples:,} × {samples:,}, {FEATURES} features, {band}", ""]
        lines += [
            "| tool | CPU s, least of rounds | all rounds | added MB | times weft's CPU | cost |",
            "|---|---|---|---|---|---|",
        ]
        ours = min(row["cpu_s"] for row in here if row["tool"] == "weft (squared)")
        for tool in dict.fromkeys(row["tool"] for row in here):
            mine = [row for row in here if row["tool"] == tool]
            least = min(row["cpu_s"] for row in mine)
            every = ", ".join(f"{row['cpu_s']:.3f}" for row in mine)
            cost = "–" if mine[0]["cost"] != mine[0]["cost"] else f"{mine[0]['cost']:.6g}"
            added = max(row["added_mb"] for row in mine)
            lines.append(f"| {tool} | {least:.3f} | {every} | {added:,.0f} | {least / ours:.2f} | {cost} |")
        absent = [tool for tool in RUNNERS if tool not in {row["tool"] for row in here}]
        lines += ["", *([f"Not run here: {', '.join(absent)}.", ""] if absent else [])]
    return lines


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="only the short series, two rounds")
    quick = parser.parse_args().quick
    rows = measure(CASES[:1] if quick else CASES, 2 if quick else ROUNDS)
    machine = f"{platform.machine()}, {os.cpu_count()} cores (shared), Python {platform.python_version()}"
    about = {"command": "python benchmarks/bench_warp.py", "peers": PEERS, "seed": SEED, "machine": machine}
    if quick:
        print("\n".join(summarised(rows)))
        return
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "warp.json").write_text(
        json.dumps({**about, "rows": rows}, indent=1).replace("NaN", "null") + "\n", encoding="utf-8"
    )
    intro = (__doc__ or "").strip().split("\n\n")[2:]
    text = ["# Warping", "", *intro, "", *summarised(rows)]
    text += [f"{json.dumps(PEERS)[1:-1]}; {machine}; seed {SEED}; `{about['command']}`.", ""]
    (RESULTS / "warp.md").write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
