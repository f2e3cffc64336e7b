"""Events against events: slates at 30 fps, trigger lines, markers, beats, unrelated lists; beside nearest_advocate.

python benchmarks/bench_events.py [--quick] [--no-peers]

Each related case is solved from its streams by ``weft.sync.align``; the error is the largest at the
beginning, the middle and the end of what both devices saw. The peer gets the event times that weft's own
readers found (it reads no sound, film or table), the whole range of offsets, a step of 1 ms and both of
two settings of ``dist_max`` (its default and 50 ms), of which the better is kept; it knows no drift, so its
one offset is judged in the middle, where it is best, and at the ends. It runs in an environment and a
process of its own after one call that warms its compiler; CPU seconds are those of matching alone.
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
import time
from pathlib import Path

import numpy as np
from event_scenes import RHYTHMS, Case, lines, marked, rhythm, slates

from weft.core import NS_PER_S, Status
from weft.core.time_map import Z95
from weft.sync import align
from weft.sync.events.compare import compare_events
from weft.sync.events.gathering import ClockEvents
from weft.sync.events.lists import EventList, may_share_cause

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PEER, PEER_VERSION = "nearest_advocate", "0.2.0.5"
DRAWS = 6
"""Cases of each seed whose camera stamps and whose distance are drawn from what weft assumes of them."""
QUANTILES = {50: 0.67449, 80: 1.28155, 90: 1.64485, 95: Z95, 99: 2.57583}
PEER_RUN = """
import json, sys, time
import numpy as np
from nearest_advocate import nearest_advocate
cases = json.load(sys.stdin)
nearest_advocate(arr_ref=np.arange(9.0), arr_sig=np.arange(9.0), td_min=-1, td_max=1, sps=100)
answers = []
for case in cases:
    a, b = np.array(case["a"]), np.array(case["b"])
    began = time.process_time()
    best = []
    for dist in (None, 0.05):
        found = nearest_advocate(arr_ref=a, arr_sig=b, td_min=case["low"], td_max=case["high"], sps=1000, dist_max=dist)
        row = found[np.argmin(found[:, 1])]
        best.append(float(row[0]))
    answers.append({"offsets_s": best, "cpu_s": (time.process_time() - began) / 2})
print("ANSWER" + json.dumps(answers))
"""


def main() -> int:
    """Run the suites, write JSON and a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two seeds instead of ten, 60 unrelated pairs")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    seeds = range(100, 102) if options.quick else range(100, 110)
    rows, asked = [], []
    for suite, case in _cases(seeds):
        row, question = _solved(suite, case)
        rows.append(row)
        asked.append(question)
        print(json.dumps(row), flush=True)
    if not options.no_peers and (python := _peer()):
        _ask_peer(python, rows, asked)
    strangers = _strangers(60 if options.quick else 500)
    beats = _beats(10 if options.quick else 100)
    report = {
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg()},
        "versions": {n: importlib.metadata.version(n) for n in ("weft", "numpy", "scipy")} | {PEER: PEER_VERSION},
        "command": sys.argv,
        "seeds": list(seeds),
        "unrelated": strangers,
        "beats": beats,
        "rows": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "events.json").write_text(json.dumps(report, indent=1) + "\n")
    (RESULTS / "events.md").write_text(_table(report))
    print(_table(report))
    return 0


def _cases(seeds: range):  # type: ignore[no-untyped-def]
    """Every related case, one at a time."""
    for seed in seeds:
        for kind in ("plain", "gaps", "late", "clipped", "pair"):
            yield f"slates, {kind}", slates(seed, kind=kind)
        for draw in range(DRAWS):
            travel_s = max(0.0, float(np.random.default_rng([seed, draw]).normal(0.003, 0.003)))
            yield "slates, stamps and distance drawn", slates(DRAWS * seed + draw, stamp_sd_ms=5.0, travel_s=travel_s)
        yield "line 1 kHz and line 250 Hz", lines(seed)
        yield "line 1 kHz and markers", lines(seed, other="marker")


def _solved(suite: str, case: Case) -> tuple[dict, dict]:
    """What weft says of one case, and what the peer is asked."""
    began = time.process_time()
    entry = align(case.recording, reference="a")["b"]
    row = {"suite": suite, "case": case.name, "status": str(entry.status), "cpu_s": time.process_time() - began}
    begin, end = max(case.seen[0], case.offset_s), case.seen[1]
    at = [begin, (begin + end) / 2, end - 0.05]
    if entry.time_map is not None:
        ns = np.rint(np.array(at) * NS_PER_S).astype(np.int64)
        mapped = entry.time_map.apply(ns, extrapolate=True) / NS_PER_S
        row["errors_ms"] = [case.error_ms(t, float(m)) for t, m in zip(at, mapped, strict=True)]
        row["error95_ms"] = (entry.time_map.error95_ns(ns) / 1e6).tolist()
    return row, {"case": case, "at": at}


def _ask_peer(python: str, rows: list[dict], asked: list[dict]) -> None:
    """The peer's offsets for the same lists, judged like ours."""
    questions, where = [], []
    for index, one in enumerate(asked):
        case: Case = one["case"]
        events = ClockEvents(case.recording, ["a", "b"])
        events.search_sound_and_pictures([("a", "b")])
        pairs = [(x, y) for x in events.of("a") for y in events.of("b") if may_share_cause(x, y)]
        if not pairs:
            continue
        ours = [(compare_events(case.recording, x, y), x, y) for x, y in pairs]
        _, x, y = min(ours, key=lambda c: c[0].rank)
        began = time.process_time()
        compare_events(case.recording, x, y)
        rows[index]["match_cpu_s"] = time.process_time() - began
        a, b = x.times_ns / NS_PER_S, y.times_ns / NS_PER_S
        questions.append({"a": a.tolist(), "b": b.tolist(), "low": float(b[0] - a[-1]), "high": float(b[-1] - a[0])})
        where.append(index)
    ran = subprocess.run(
        [python, "-c", PEER_RUN], input=json.dumps(questions), capture_output=True, text=True, check=False
    )
    said = [line for line in ran.stdout.splitlines() if line.startswith("ANSWER")]
    if not said:
        print("the peer failed:", ran.stderr[-300:])
        return
    for index, answer in zip(where, json.loads(said[-1].removeprefix("ANSWER")), strict=True):
        case, at = asked[index]["case"], asked[index]["at"]
        tried = [[case.error_ms(t, t - offset) for t in at] for offset in answer["offsets_s"]]
        rows[index]["peer_errors_ms"] = min(tried, key=lambda errors: abs(errors[1]))
        rows[index]["peer_cpu_s"] = answer["cpu_s"]


def _peer() -> str:
    """The peer's interpreter, or nothing where its environment cannot be made."""
    folder = ROOT / f".venv-bench-{PEER}"
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    if not (folder / "bin" / "python").exists():
        try:
            subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
            environment = {**os.environ, "VIRTUAL_ENV": str(folder)}
            subprocess.run(
                [uv, "pip", "install", "-q", f"{PEER}=={PEER_VERSION}", "numba", "scipy"], check=True, env=environment
            )
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{PEER} is left out, its environment could not be made: {error}", flush=True)
            return ""
    return str(folder / "bin" / "python")


def _strangers(count: int) -> dict[str, object]:
    """Unrelated lists of every two rhythms: how often they are called sufficient or weak, and aligned."""
    rng = np.random.default_rng(7)
    said: dict[str, int] = {"sufficient": 0, "weak": 0, "refused": 0}
    highest, wrong = -np.inf, []
    for number in range(count):
        names = rng.choice(RHYTHMS, 2)
        sizes = rng.integers(5, 120, 2)
        sd_ns = float(rng.choice([1e6, 8e6, 28e6]))
        lists = [rhythm(n, rng, int(k)) + rng.uniform(-50, 50) for n, k in zip(names, sizes, strict=True)]
        first, second = (
            EventList(c, c, "marker", np.rint(x * NS_PER_S).astype(np.int64), np.full(x.size, sd_ns))
            for c, x in zip("ab", lists, strict=True)
        )
        found = compare_events(marked("x", lists[0], lists[1]), first, second).evidence
        kind = "refused" if found is None else "sufficient" if found.details["sufficient"] else "weak"
        said[kind] += 1
        if found is not None:
            highest = max(highest, found.score)
        if kind == "sufficient":
            wrong.append([number, *map(str, names)])
    aligned = 0
    for _ in range(count // 6):
        names = rng.choice(RHYTHMS, 2)
        made = marked("x", rhythm(names[0], rng, 40), rhythm(names[1], rng, 50))
        aligned += align(made, reference="a")["b"].status is Status.ALIGNED
    return {
        "lists": count,
        **said,
        "highest_nats": highest,
        "wrong": wrong,
        "recordings": count // 6,
        "aligned": aligned,
    }


def _beats(count: int) -> dict[str, object]:
    """Pulses at an exact rhythm: never aligned, and their other readings named."""
    rng = np.random.default_rng(9)
    said = {"recordings": count, "aligned": 0, "with_alternatives": 0, "true_reading_named": 0}
    for _ in range(count):
        period, length = float(rng.choice([0.5, 1.0, 2.0])), int(rng.integers(20, 200))
        beat, offset_s = np.arange(length) * period, float(rng.uniform(-20, 20))
        seen = (beat + offset_s)[int(rng.integers(0, 5)) : length - int(rng.integers(0, 5))]
        made = marked("x", beat, np.sort(seen + rng.normal(0, 0.0005, seen.size)))
        solved = align(made, reference="a")
        said["aligned"] += solved["b"].status is Status.ALIGNED
        evidence = [e for e in solved.evidence if e.method == "events"]
        said["with_alternatives"] += any(e.alternatives for e in evidence)
        readings = [np.median(e.offsets_ns) + a.shift_ns for e in evidence for a in e.alternatives]
        readings += [np.median(e.offsets_ns) for e in evidence]
        sign = 1 if evidence and evidence[0].clock == "a" else -1
        said["true_reading_named"] += any(abs(r / NS_PER_S - sign * offset_s) < 0.02 for r in readings)
    return said


def _table(report: dict) -> str:
    """The figures by suite, as Markdown."""
    rows = report["rows"]
    lines_ = [
        "# Events against events",
        "",
        f"`make bench-events`. Seeds {report['seeds'][0]} to {report['seeds'][-1]}. "
        f"Versions: {', '.join(f'{k} {v}' for k, v in report['versions'].items())}.",
        "",
        "Largest error at the beginning, the middle and the end; for nearest_advocate, which knows no drift, also the "
        "middle alone. Single figures are in `events.json`.",
        "",
        "| suite | cases | aligned | median ms | 95th pct ms | largest ms | error95 covers "
        "| peer middle ms (median, 95th) | peer largest ms (median) | matching CPU s, weft / peer |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for suite in dict.fromkeys(row["suite"] for row in rows):
        lines_.append(_line(suite, [row for row in rows if row["suite"] == suite]))
    lines_ += ["", *_reliability(rows), "", _unrelated(report["unrelated"]), "", _beat_words(report["beats"])]
    return "\n".join(lines_) + "\n"


def _line(suite: str, rows: list[dict]) -> str:
    """One suite's line."""
    sure = [row for row in rows if row["status"] == "aligned"]
    largest = [max(map(abs, row["errors_ms"])) for row in sure]
    figures = [f"{np.percentile(largest, q):.2f}" for q in (50, 95, 100)] if largest else ["–"] * 3
    inside = [abs(e) <= b for row in sure for e, b in zip(row["errors_ms"], row["error95_ms"], strict=True)]
    covers = f"{np.mean(inside):.0%} of {len(inside)}" if inside else "–"
    peer = [row for row in rows if "peer_errors_ms" in row]
    middle = [abs(row["peer_errors_ms"][1]) for row in peer]
    ends = [max(map(abs, row["peer_errors_ms"])) for row in peer]
    told = f"{np.median(middle):.2f}, {np.percentile(middle, 95):.1f}" if peer else "–"
    cpu = (
        f"{np.median([r['match_cpu_s'] for r in peer]):.3f} / {np.median([r['peer_cpu_s'] for r in peer]):.3f}"
        if peer
        else "–"
    )
    ends_told = f"{np.median(ends):.2f}" if peer else "–"
    return f"| {suite} | {len(rows)} | {len(sure)} | {' | '.join(figures)} | {covers} | {told} | {ends_told} | {cpu} |"


def _reliability(rows: list[dict]) -> list[str]:
    """How often the truth lies within each interval, where assumptions were drawn or none are made."""
    fair = [r for r in rows if r["status"] == "aligned" and ("drawn" in r["suite"] or "250" in r["suite"])]
    ratio = np.array([abs(e) / (b / Z95) for r in fair for e, b in zip(r["errors_ms"], r["error95_ms"], strict=True)])
    if not ratio.size:
        return []
    shares = " | ".join(f"{np.mean(ratio <= z):.1%}" for z in QUANTILES.values())
    return [
        f"Reliability over {ratio.size} places of the suites whose assumptions were drawn (slates) "
        "or that make none (two lines):",
        "",
        "| interval | " + " | ".join(f"{q} %" for q in QUANTILES) + " |",
        "|---|" + "---|" * len(QUANTILES),
        f"| truth inside | {shares} |",
    ]


def _unrelated(said: dict) -> str:
    """The false alarms in words."""
    return (
        f"Unrelated lists of all rhythms ({', '.join(RHYTHMS)}): {said['lists']} compared, {said['sufficient']} called "
        f"sufficient, {said['weak']} weak; of {said['recordings']} recordings of unrelated markers "
        f"{said['aligned']} aligned."
    )


def _beat_words(said: dict) -> str:
    """The beats in words."""
    return (
        f"Exact beats: {said['recordings']} recordings, {said['aligned']} aligned, {said['with_alternatives']} with "
        f"other readings named, the true one among them in {said['true_reading_named']}."
    )


if __name__ == "__main__":
    raise SystemExit(main())
