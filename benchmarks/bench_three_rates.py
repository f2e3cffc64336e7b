"""Three rates: 30 fps film, 16 kHz sound, 60 Hz gaze; which picture was looked at when the word was heard?

python benchmarks/bench_three_rates.py [--quick]

Folders are written by ``weft.testing.three_rates`` in the formats of the devices and solved by ``weft.align``
(what ``weft align FOLDER`` calls): starts within 2 s, drift to 100 ppm, jitter of 3 ms, 2 % lost. Suites:

* ``content``: sound in the film, a face tool's table beside it; no pulses;
* ``clocks, pulses``: a sync box sends pulses (click, lamp, trigger line); the film is silent, no table;
* ``clocks, LSL``: the streams in one XDF with clock offsets; no sound in common, no face;
* ``both``: content and pulses;
* ``nothing``: a silent film without a table, no pulses: there is nothing to align by, and weft must say so.

The semantic task: at the start of every word the eye rests on one of four pictures. Without alignment the
devices' readings are compared as they are. A misjudgement is another picture than the true one; a word for
which there is no gaze (a blink, a lost sample within 50 ms, no map) is left out of all counts and counted.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import weft
from weft.core import NS_PER_S, Alignment, Modality, Recording, TimeMap
from weft.core.time_map import Z95
from weft.testing.three_rates import PICTURES, ThreeRates, make_three_rates, write_three_rates, write_three_rates_xdf

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SUITES = ("content", "clocks, pulses", "clocks, LSL", "both", "nothing")
QUANTILES = {50: 0.67449, 80: 1.28155, 90: 1.64485, 95: Z95, 99: 2.57583}
CURVE_MS = [0, 10, 20, 40, 60, 80, 100, 150, 200, 250, 300, 350, 400, 500, 600, 700, 800, 900, 1000]
NEAREST_S = 0.05
MIDDLES = np.array(list(PICTURES.values()))


def main() -> int:
    """Run the suites, write JSON, a table and the curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two occasions of one minute")
    parser.add_argument("--occasions", type=int, default=6)
    options = parser.parse_args()
    seeds = range(200, 202) if options.quick else range(200, 200 + options.occasions)
    seconds = 60.0 if options.quick else 120.0
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for suite, truth, recording, seed in _occasions(Path(folder), seeds, seconds):
            rows.append(_row(suite, seed, truth, recording))
            print(json.dumps({k: v for k, v in rows[-1].items() if k != "places"}), flush=True)
    curve = _curve(range(300, 302 if options.quick else 320), seconds)
    report = {
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg()},
        "versions": {name: importlib.metadata.version(name) for name in ("weft", "numpy", "scipy", "av")},
        "command": sys.argv,
        "seeds": list(seeds),
        "seconds": seconds,
        "semantic": _semantic(rows),
        "curve": curve,
        "rows": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "three_rates.json").write_text(json.dumps(report, indent=1) + "\n")
    (RESULTS / "three_rates.svg").write_text(_drawing(curve))
    (RESULTS / "three_rates.md").write_text(_table(report))
    print(_table(report))
    return 0


def _occasions(folder: Path, seeds: range, seconds: float) -> Iterator[tuple[str, ThreeRates, Recording, int]]:
    """Every suite of every occasion as its folder is read."""
    for seed in seeds:
        plain, sent = (make_three_rates(seconds, seed=seed, pulses=pulses) for pulses in (False, True))
        for suite in SUITES if seed < seeds.start + 2 else SUITES[:-1]:
            truth = sent if suite in ("clocks, pulses", "both") else plain
            place = folder / f"{seed}-{SUITES.index(suite)}"
            if suite == "clocks, LSL":
                path = write_three_rates_xdf(place, truth, seed=seed)
            else:
                rich = suite in ("content", "both")
                path = write_three_rates(place, truth, seed=seed, camera_sound=rich, face_table=rich)
            yield suite, truth, weft.open_recording(path), seed


def _row(suite: str, seed: int, truth: ThreeRates, recording: Recording) -> dict:
    """One folder's errors, intervals and misjudgements."""
    names = {"mic": "mic", "cam": "cam", "gaze": "gaze"}
    if suite == "clocks, LSL":
        names = {name: f"lab/{name}" for name in names}
    began = time.process_time()
    solved = weft.align(recording, reference=names["mic"])
    row: dict = {"suite": suite, "seed": seed, "cpu_s": time.process_time() - began, "places": {}}
    for clock in ("cam", "gaze"):
        entry = solved[names[clock]]
        row[clock] = {"status": str(entry.status), "methods": list(entry.methods), "note": entry.note}
        if entry.time_map is not None:
            errors, halves = _errors_ms(truth, clock, entry.time_map)
            row["places"][clock] = {"errors_ms": errors, "error95_ms": halves}
            row[clock]["largest_ms"] = max(map(abs, errors))
    row |= _judged(truth, recording, solved, names)
    return row


def _errors_ms(truth: ThreeRates, clock: str, time_map: TimeMap) -> tuple[list[float], list[float]]:
    """Errors and 95 % half-widths at the beginning, the middle and the end of what the device recorded."""
    last_s = float(truth.reading_s(clock, truth.seconds)) - 0.1
    at_s = [0.1, last_s / 2, last_s]
    ns = np.rint(np.array(at_s) * NS_PER_S).astype(np.int64)
    mapped = time_map.apply(ns, extrapolate=True) / NS_PER_S
    errors = [1e3 * (float(m) - s - truth.offset_s(clock, "mic", s)) for m, s in zip(mapped, at_s, strict=True)]
    return errors, (time_map.error95_ns(ns) / 1e6).tolist()


def _judged(truth: ThreeRates, recording: Recording, solved: Alignment, names: dict[str, str]) -> dict:
    """Words asked, and how many were given another picture than the true one: raw readings, and aligned ones."""
    gaze = next(s for s in recording.streams_of(names["gaze"]) if s.modality is Modality.GAZE)
    times_s = gaze.timestamps_ns / NS_PER_S
    points = np.asarray(gaze.samples.read(0, len(gaze)), dtype=np.float64)[:, :2]
    starts = np.array([start for start, _, _ in truth.words])
    true = truth.picture_at(starts)
    heard_s = truth.reading_s("mic", starts)
    time_map = solved[names["gaze"]].time_map
    asked_s = heard_s.copy()
    if time_map is not None:
        asked_s = time_map.inverse(np.rint(heard_s * NS_PER_S).astype(np.int64), extrapolate=True) / NS_PER_S
    perfect = _looked_at(times_s, points, truth.reading_s("gaze", starts))
    raw, aligned = _looked_at(times_s, points, heard_s), _looked_at(times_s, points, asked_s)
    known = (perfect >= 0) & (raw >= 0) & (aligned >= 0)
    return {
        "words": int(known.sum()),
        "left_out": int((~known).sum()),
        "wrong_raw": int((raw != true)[known].sum()),
        "wrong_aligned": int((aligned != true)[known].sum()) if time_map is not None else None,
        "wrong_perfect": int((perfect != true)[known].sum()),
    }


def _looked_at(times_s: np.ndarray, points: np.ndarray, asked_s: np.ndarray) -> np.ndarray:
    """The picture under the nearest gaze sample; -1 where there is none within 50 ms."""
    index = np.clip(np.searchsorted(times_s, asked_s), 1, times_s.size - 1)
    index -= np.abs(times_s[index - 1] - asked_s) < np.abs(times_s[index] - asked_s)
    near = np.abs(times_s[index] - asked_s) <= NEAREST_S
    there = points[index]
    known = near & np.isfinite(there).all(axis=1)
    distance = ((np.nan_to_num(there)[:, None, :] - MIDDLES) ** 2).sum(axis=2)
    return np.where(known, distance.argmin(axis=1), -1)


def _curve(seeds: range, seconds: float) -> list[dict]:
    """The share of misjudged words for an offset between gaze and sound, both signs, from true gaze."""
    made = [make_three_rates(seconds, seed=seed) for seed in seeds]
    rows = []
    for offset_ms in CURVE_MS:
        wrong = words = 0
        for truth in made:
            starts = np.array([start for start, _, _ in truth.words if 1.0 < start < truth.seconds - 1.0])
            true = truth.picture_at(starts)
            for sign in (-1, 1):
                shown = truth.gaze_at(starts + sign * offset_ms / 1e3)
                judged = ((shown[:, None, :] - MIDDLES) ** 2).sum(axis=2).argmin(axis=1)
                wrong, words = wrong + int((judged != true).sum()), words + starts.size
        rows.append({"offset_ms": offset_ms, "words": words, "wrong": wrong, "share": wrong / words})
    return rows


def _semantic(rows: list[dict]) -> dict:
    """Misjudgements by suite."""
    told = {}
    for suite in SUITES:
        these = [r for r in rows if r["suite"] == suite and r["wrong_aligned"] is not None]
        raw, left = (sum(r[key] for r in these) for key in ("wrong_raw", "wrong_aligned"))
        told[suite] = {
            "words": sum(r["words"] for r in these),
            "left_out": sum(r["left_out"] for r in these),
            "without_alignment": raw,
            "aligned": left,
            "perfect_clocks": sum(r["wrong_perfect"] for r in these),
            "gone": 1.0 - left / raw if raw else None,
        }
    return told


def _table(report: dict) -> str:
    """The figures as Markdown."""
    lines = [
        "# Three rates",
        "",
        f"`make bench-three_rates`. {len(report['seeds'])} occasions of {report['seconds']:g} s, seeds "
        f"{report['seeds'][0]} to {report['seeds'][-1]}; "
        f"{', '.join(f'{k} {v}' for k, v in report['versions'].items())}.",
        "",
        "Largest error of a clock against the microphone at the beginning, the middle and the end. "
        "Single figures are in `three_rates.json`.",
        "",
        "| suite | clock | aligned | median ms | 95th pct ms | largest ms | error95 ms (median) | methods |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for suite in SUITES:
        for clock in ("cam", "gaze"):
            lines.append(_line(suite, clock, [row for row in report["rows"] if row["suite"] == suite]))
    lines += [
        "",
        "The camera stamps the beginning of each exposure exactly and its sound is exact, so intervals that allow "
        "for cameras which do not (`frame_stamp`, `frame_middle`) are wider than needed here.",
    ]
    lines += ["", *_reliability(report["rows"]), "", *_words(report["semantic"]), "", *_curve_table(report["curve"])]
    return "\n".join(lines) + "\n"


def _line(suite: str, clock: str, rows: list[dict]) -> str:
    """One clock of one suite."""
    sure = [row for row in rows if row[clock]["status"] == "aligned"]
    errors = [row[clock]["largest_ms"] for row in sure]
    figures = " | ".join(f"{np.percentile(errors, q):.3g}" if errors else "–" for q in (50, 95, 100))
    halves = [max(row["places"][clock]["error95_ms"]) for row in sure]
    methods = ", ".join(sorted({m for row in sure for m in row[clock]["methods"]}))
    half = f"{np.median(halves):.3g}" if halves else "–"
    return f"| {suite} | {clock} | {len(sure)} of {len(rows)} | {figures} | {half} | {methods} |"


def _reliability(rows: list[dict]) -> list[str]:
    """How often the truth lies within each interval, by clock."""
    lines = [
        "Truth inside the interval, over beginning, middle and end of all aligned clocks:",
        "",
        "| clock | places | " + " | ".join(f"{q} %" for q in QUANTILES) + " |",
        "|---|---|" + "---|" * len(QUANTILES),
    ]
    for clock in ("cam", "gaze"):
        places = [r["places"][clock] for r in rows if r[clock]["status"] == "aligned"]
        ratio = np.array(
            [abs(e) * Z95 / h for p in places for e, h in zip(p["errors_ms"], p["error95_ms"], strict=True)]
        )
        if ratio.size:
            shares = " | ".join(f"{np.mean(ratio <= z):.1%}" for z in QUANTILES.values())
            lines.append(f"| {clock} | {ratio.size} | {shares} |")
    return lines


def _words(semantic: dict) -> list[str]:
    """The semantic task as Markdown."""
    lines = [
        "Which picture was looked at when the word was heard (misjudged words):",
        "",
        "| suite | words | without alignment | aligned by weft | with perfect clocks | misjudgements gone |",
        "|---|---|---|---|---|---|",
    ]
    for suite, one in semantic.items():
        gone = f"{one['gone']:.0%}" if one["gone"] is not None else "–"
        cells = (one["words"], one["without_alignment"], one["aligned"], one["perfect_clocks"], gone)
        lines.append(f"| {suite} | " + " | ".join(map(str, cells)) + " |")
    return lines


def _curve_table(curve: list[dict]) -> list[str]:
    """The curve's figures as Markdown; 100 and 300 ms are marked."""
    lines = [
        "![misjudged words against offset](three_rates.svg)",
        "",
        "| offset ms | misjudged |",
        "|---|---|",
    ]
    for row in curve:
        bold = "**" if row["offset_ms"] in (100, 300) else ""
        lines.append(f"| {bold}{row['offset_ms']}{bold} | {bold}{row['share']:.1%}{bold} |")
    return lines


def _drawing(curve: list[dict]) -> str:
    """The curve as SVG, 100 and 300 ms marked."""
    left, top, width, height = 60, 20, 560, 280
    most = 0.8

    def at(offset_ms: float, share: float) -> str:
        return f"{left + width * offset_ms / 1000:.1f},{top + height * (1 - share / most):.1f}"

    points = " ".join(at(row["offset_ms"], row["share"]) for row in curve)
    marks = []
    for row in curve:
        if row["offset_ms"] in (100, 300):
            x, y = at(row["offset_ms"], row["share"]).split(",")
            marks.append(
                f'<line x1="{x}" y1="{top}" x2="{x}" y2="{top + height}" stroke="#b33" stroke-dasharray="4 3"/>'
                f'<circle cx="{x}" cy="{y}" r="4" fill="#b33"/>'
                f'<text x="{float(x) + 6}" y="{float(y) + 16}">{row["offset_ms"]} ms: {row["share"]:.0%}</text>'
            )
    ticks = [
        f'<text x="{left + width * ms / 1000}" y="{top + height + 18}" text-anchor="middle">{ms}</text>'
        for ms in range(0, 1001, 200)
    ]
    ticks += [
        f'<text x="{left - 8}" y="{top + height * (1 - share / most) + 4}" text-anchor="end">{share:.0%}</text>'
        for share in (0.0, 0.2, 0.4, 0.6, 0.8)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 20} {top + height + 50}" '
        'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n'
        f'<polyline points="{points}" fill="none" stroke="#246" stroke-width="2"/>\n'
        + "\n".join(marks + ticks)
        + f'\n<path d="M{left},{top} V{top + height} H{left + width}" fill="none" stroke="#444"/>\n'
        f'<text x="{left + width / 2}" y="{top + height + 40}" text-anchor="middle">offset of gaze against sound, ms; '
        "share of words given the wrong picture</text>\n</svg>\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
