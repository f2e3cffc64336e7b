"""Sound against sound: weft beside audio-offset-finder and syncstart on the same pairs in the same run.

python benchmarks/bench_audio.py [--quick] [--minutes 10 60] [--no-peers]

The grid: 20, 10, 0 and -5 dB, 0, 20 and 100 ppm, one minute, two seeds of real speech and one of speech-like
sound; its cells of 100 ppm at ten minutes, one cell at an hour. The peers and baselines run on the first
seed of real speech and on some of the other suites, the rest is weft alone. Results are written after each pair.

Each tool runs in a process of its own, one after the other on each pair, with one thread.
The error is the largest anywhere in the overlap, because drift makes a single offset wrong
at the ends. Two baselines run beside them in weft's own environment: plain cross-correlation and
GCC-PHAT of the whole length at 16 kHz, as one would write them with scipy. The peers cannot share
an environment, so each gets its own, made by uv on the first run. Their settings: audio-offset-finder
as it comes; syncstart with ``take`` set to the whole length (its default of 20 s fails when the
recordings start far apart).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from audio_scenes import Pair, make_jump, make_pair, make_strangers

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PEERS = {"audio-offset-finder": "0.5.5", "syncstart": "1.1.1"}
BASELINES = ("cross-correlation", "GCC-PHAT")
UNSURE_SCORE = 10.0
"""What audio-offset-finder's own documentation calls likely correct begins here."""

MEASURE = """
import json, resource, sys, time
def done(**answer):
    use = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    answer["cpu_s"] = sum(u.ru_utime + u.ru_stime for u in use)
    # Not ru_maxrss of this process: it remembers the parent's size from before exec.
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    answer["peak_mb"] = max(int(status["VmHWM"].split()[0]), use[1].ru_maxrss if use[1].ru_utime else 0) / 1024
    print("ANSWER" + json.dumps(answer))
near, far, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
sys.argv = sys.argv[:1]
"""
ONE_LAG = """
import wave
import numpy as np, scipy.fft
from scipy.signal import resample_poly
def sound(path):
    with wave.open(path) as file:
        rate, data = file.getframerate(), file.readframes(file.getnframes())
    values = np.frombuffer(data, "<i2").astype(np.float32)
    return resample_poly(values, 160, rate // 100) if rate != 16000 else values
a, b = sound(near), sound(far)
size = scipy.fft.next_fast_len(len(a) + len(b), real=True)
cross = scipy.fft.rfft(a, size) * np.conj(scipy.fft.rfft(b, size))
if PHAT:
    cross /= np.maximum(np.abs(cross), 1e-9)
likeness = np.abs(scipy.fft.irfft(cross, size))
at = int(np.argmax(likeness))
left, middle, right = likeness[at - 1], likeness[at], likeness[(at + 1) % size]
at = at - size if at >= len(a) else at
at += 0.5 * (left - right) / (left - 2 * middle + right)
done(offset_s=float(at / 16000))
"""
RUNNERS = {
    "cross-correlation": "PHAT = False" + ONE_LAG,
    "GCC-PHAT": "PHAT = True" + ONE_LAG,
    "weft": """
from weft.readers import open_recording
from weft.sync import align
solved = align(open_recording([near, far]), reference="near")
row = solved["far"].to_json()
done(status=row["status"], segments=row["segments"], note=row["note"])
""",
    "audio-offset-finder": """
from audio_offset_finder.audio_offset_finder import find_offset_between_files
found = find_offset_between_files(near, far)
done(offset_s=float(found["time_offset"]), score=float(found["standard_score"]))
""",
    "syncstart": """
from syncstart import file_offset
cut, offset = file_offset(in1=near, in2=far, take=str(seconds + 1), show=False, quiet=True)
done(offset_s=float(offset) if cut == near else -float(offset))
""",
}


def main() -> int:
    """Run the suites, write JSON and a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="six pairs of one minute and two unrelated ones")
    parser.add_argument("--minutes", type=float, nargs="*", default=None, help="add pairs of this length")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    ours = ["weft", *BASELINES]
    peers = [] if options.no_peers else _peers()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for suite, pair, who in _pairs(Path(folder), quick=options.quick, minutes=options.minutes):
            for tool in {"all": [*ours, *peers], "baselines": ours, "weft": ours[:1]}[who]:
                rows.append(_run(tool, suite, pair))
                print(json.dumps({k: v for k, v in rows[-1].items() if k != "segments"}), flush=True)
            _write(rows)
    print((RESULTS / "audio.md").read_text())
    return 0


def _write(rows: list[dict[str, object]]) -> None:
    """All figures so far as JSON and as a table."""
    report = {
        "machine": _machine(),
        "versions": _versions(),
        "command": sys.argv,
        "ratios": _ratios(rows),
        "rows": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "audio.json").write_text(json.dumps(report, indent=1) + "\n")
    (RESULTS / "audio.md").write_text(_table(report))


GRID = [(snr_db, ppm) for snr_db in (20.0, 10.0, 0.0, -5.0) for ppm in (0.0, 20.0, 100.0)]
QUICK = [(20.0, 0.0), (0.0, 100.0), (-5.0, 20.0)]
HOUR = [(0.0, 100.0)]


def _pairs(folder: Path, *, quick: bool, minutes: list[float] | None) -> Iterator[tuple[str, Pair, str]]:
    """The cases, made one at a time in the same files, and who runs on them."""
    for real, seed in ((True, 1), (True, 2), (False, 3))[: 2 if quick else 3]:
        for snr_db, ppm in QUICK if quick else GRID:
            suite = "1 min" if real else "1 min, speech-like"
            who = "all" if seed == 1 else "weft"
            yield suite, make_pair(folder, minutes=1, snr_db=snr_db, ppm=ppm, seed=seed, real=real), who
    for seed in range(2 if quick else 8):
        yield "unrelated", make_strangers(folder, minutes=1, seed=seed), "all" if seed < 4 else "weft"
    for seed, lost_s in enumerate((0.34,) if quick else (0.05, 0.2, 0.34, 0.5)):
        who = "all" if seed < 2 else "weft"
        yield "jump", make_jump(folder, minutes=2 if quick else 5, lost_s=lost_s, seed=seed), who
    for length in minutes if minutes is not None else ([] if quick else [10.0, 60.0]):
        for index, (snr_db, ppm) in enumerate(GRID[2::3] if length <= 10 else HOUR):
            pair = make_pair(folder, minutes=length, snr_db=snr_db, ppm=ppm, seed=1)
            yield f"{length:g} min", pair, "all" if length <= 10 and index == 2 else "weft"


def _peers() -> list[str]:
    """The peers whose environments stand or could be made."""
    ready = []
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    for peer, version in PEERS.items():
        folder = ROOT / f".venv-bench-{peer}"
        if not (folder / "bin" / "python").exists():
            try:
                subprocess.run([uv, "venv", "-q", str(folder)], check=True)
                environment = {**os.environ, "VIRTUAL_ENV": str(folder)}
                subprocess.run([uv, "pip", "install", "-q", f"{peer}=={version}"], check=True, env=environment)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"{peer} is left out, its environment could not be made: {error}", flush=True)
                shutil.rmtree(folder, ignore_errors=True)
                continue
        ready.append(peer)
    return ready


def _run(tool: str, suite: str, pair: Pair) -> dict[str, object]:
    """One tool on one pair."""
    python = (
        sys.executable if tool == "weft" or tool in BASELINES else str(ROOT / f".venv-bench-{tool}" / "bin" / "python")
    )
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}
    command = [python, "-c", MEASURE + RUNNERS[tool], *map(str, pair.files), str(pair.device.seconds)]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **threads, "MPLBACKEND": "Agg"}
    )
    row: dict[str, object] = {"suite": suite, "pair": pair.name, "tool": tool}
    said = [line for line in ran.stdout.splitlines() if line.startswith("ANSWER")]
    if not said:
        last = (ran.stderr.strip().splitlines() or ["no message"])[-1]
        return row | {"answered": False, "failure": last[:200]}
    answer = json.loads(said[-1].removeprefix("ANSWER"))
    whole = {"start_s": -1e9, "stop_s": 1e9, "drift_ppm": 0.0}
    segments = answer.pop("segments", None)
    if segments is None:
        segments = [whole | {"offset_ms": 1e3 * answer["offset_s"]}]
    sure = answer.get("status", "aligned") == "aligned" and answer.get("score", np.inf) >= UNSURE_SCORE
    row |= answer | {"answered": bool(segments), "called_fine": bool(sure), "segments": segments}
    if pair.related and segments:
        errors = np.abs(pair.errors_ms(segments))
        row["largest_error_ms"] = float(np.nanmax(errors))
        row["share_over_1_ms"] = float(np.mean(~(errors <= 1.0)))
        if tool == "weft":
            row["error95_ms"] = max(segment["error95_ms"] for segment in segments)
            row["covered"] = bool(row["largest_error_ms"] <= row["error95_ms"])
            row["drift_error_ppm"] = max(abs(segment["drift_ppm"] - 1e6 * pair.device.drift) for segment in segments)
    return row


def _machine() -> dict[str, object]:
    """Where it ran."""
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.platform(), "load": os.getloadavg()}


def _lines(path: str) -> list[str]:
    """A text file's lines; none where there is no such file."""
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _versions() -> dict[str, str]:
    """What ran."""
    names = ("weft", "numpy", "scipy", "soxr", "av")
    return {name: importlib.metadata.version(name) for name in names} | PEERS | {"python": platform.python_version()}


def _in_words(facts: object) -> str:
    """Facts as a list that people read."""
    pairs = facts.items() if isinstance(facts, dict) else ()
    return ", ".join(f"{name} {value}" for name, value in pairs)


def _table(report: dict[str, object]) -> str:
    """The figures by suite and tool, as Markdown."""
    rows: list[dict] = report["rows"]  # type: ignore[assignment]
    lines = [
        "# Sound against sound",
        "",
        f"`make bench-audio`. Machine: {_in_words(report['machine'])}. Versions: {_in_words(report['versions'])}.",
        "",
        "Largest error anywhere in the overlap. Single figures are in `audio.json`. CPU seconds include imports.",
        "",
        "| suite | tool | pairs | answered | called fine | median ms | 95th pct ms | over 1 ms | CPU s | peak MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for suite in dict.fromkeys(row["suite"] for row in rows):
        for tool in dict.fromkeys(row["tool"] for row in rows):
            these = [row for row in rows if (row["suite"], row["tool"]) == (suite, tool)]
            if these:
                lines.append(_line(suite, tool, these))
    lines += _ratio_table(report["ratios"])  # type: ignore[arg-type]
    ours = [row for row in rows if row["tool"] == "weft" and "covered" in row]
    if ours:
        share = np.mean([row["covered"] for row in ours])
        drift = np.percentile([row["drift_error_ppm"] for row in ours], [50, 95, 100])
        lines += ["", f"Truth within error95 everywhere: {share:.0%} of {len(ours)} related pairs."]
        lines += [
            "",
            "Error of weft's drift, median, 95th percentile, largest: " + ", ".join(f"{x:.3g}" for x in drift),
        ]
        lines[-1] += " ppm."
    return "\n".join(lines) + "\n"


def _ratios(rows: list[dict]) -> list[dict[str, object]]:
    """For each suite and peer the median over pairs of the peer's figure divided by weft's on the same pair."""
    ours = {(row["suite"], row["pair"]): row for row in rows if row["tool"] == "weft"}
    ratios = []
    for suite, tool in dict.fromkeys((row["suite"], row["tool"]) for row in rows if row["tool"] != "weft"):
        these = [row for row in rows if (row["suite"], row["tool"]) == (suite, tool)]
        found: dict[str, object] = {"suite": suite, "peer": tool, "pairs": len(these)}
        for key in ("cpu_s", "peak_mb", "largest_error_ms"):
            both = [(row.get(key), ours[suite, row["pair"]].get(key)) for row in these]
            pairs = [theirs / mine for theirs, mine in both if theirs is not None and mine]
            found[key] = float(np.median(pairs)) if pairs else None
        ratios.append(found)
    return ratios


def _ratio_table(ratios: list[dict]) -> list[str]:
    """The ratios as Markdown."""
    lines = [
        "",
        "Ratios, the peer's figure divided by weft's on the same pair in the same run, median over pairs:",
        "",
        "| suite | peer | CPU | peak memory | largest error |",
        "|---|---|---|---|---|",
    ]
    for row in ratios:
        cells = [f"{row[key]:.3g}" if row[key] else "–" for key in ("cpu_s", "peak_mb", "largest_error_ms")]
        lines.append(f"| {row['suite']} | {row['peer']} | " + " | ".join(cells) + " |")
    return lines


def _line(suite: str, tool: str, rows: list[dict]) -> str:
    """One line of the table."""
    errors = [row["largest_error_ms"] for row in rows if "largest_error_ms" in row]
    median, high = (f"{np.percentile(errors, q):.3g}" if errors else "–" for q in (50, 95))
    over = f"{np.mean([row['share_over_1_ms'] for row in rows if 'share_over_1_ms' in row]):.1%}" if errors else "–"
    cpu, peak = (f"{np.median([row.get(key, np.nan) for row in rows]):.3g}" for key in ("cpu_s", "peak_mb"))
    answered, fine = sum(row["answered"] for row in rows), sum(row.get("called_fine", False) for row in rows)
    return f"| {suite} | {tool} | {len(rows)} | {answered} | {fine} | {median} | {high} | {over} | {cpu} | {peak} |"


if __name__ == "__main__":
    raise SystemExit(main())
