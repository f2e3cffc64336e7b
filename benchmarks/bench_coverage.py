"""How often the truth lies within the stated error: simulated evidence of every kind, and what other benchmarks saw.

    python benchmarks/bench_coverage.py [SEEDS]      # default: 200 draws of each case

Writes ``benchmarks/results/coverage.md``, ``coverage.json`` and ``coverage.svg``. First part: the solver alone on the
cases of ``coverage_cases`` (evidence with known truth), scored at twelve random moments of every clock by
``TimeMap.error95_ns`` at these moments. Second part: end to end, from the results of other benchmarks. Any
result file ``results/*.json`` may take part by a list under the top-level key ``"coverage"``, one row a scored case::

    {"suite": "sound 60 s", "error_ms": 0.031, "error95_ms": 0.052}

``error_ms`` is the error's size at a moment and ``error95_ms`` what was stated for that moment; a stated error of a
whole clock beside its largest error anywhere is fine too, and covers more than it says by construction. Levels other
than 95 % follow by the ratio of normal quantiles.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from coverage_cases import CASES, Case
from scipy.stats import norm

from weft.core import Alignment
from weft.core.time_map import Z95
from weft.sync import solve

HERE = Path(__file__).parent
RESULTS = HERE / "results"
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
MOMENTS = 12
FIRST_SEED = 600_000
"""Seeds below were used while the solver was made."""

BARS = {0.9: (0.87, 0.93), 0.95: (0.93, 0.97), 0.99: (0.98, 1.0)}


def simulate(name: str, seeds: int) -> dict[str, object]:
    """One case's row: scores of all draws in standard deviations, and what the solver remarked."""
    started = time.process_time()
    scores: list[float] = []
    unknown = named = 0
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        random = np.random.default_rng([seed, *name.encode()])
        case = CASES[name](random)
        solved = solve(case.recording(), case.evidence, reference="a")
        named += any(f.check in {"loop_does_not_close", "contradictory_evidence"} for f in solved.findings)
        here = score(case, solved, random)
        scores += here
        unknown += MOMENTS * len(case.truth) - len(here)
    cpu_ms = 1e3 * (time.process_time() - started) / seeds
    row = {"suite": name, "draws": seeds, "moments": len(scores), "unknown": unknown, "contradictions": named}
    return {**row, "cpu_ms": round(cpu_ms, 1), **shares(scores), "scores": [round(z, 3) for z in scores]}


def score(case: Case, solved: Alignment, random: np.random.Generator) -> list[float]:
    """Errors at random moments over the stated standard deviation there."""
    scores: list[float] = []
    for clock, offset in case.truth.items():
        t_s = np.sort(random.uniform(0, case.length_s, MOMENTS))
        time_map = solved.map_of(clock)
        if time_map is None:
            continue
        t_ns = np.round(t_s * 1e9).astype(np.int64)
        known = time_map.known(t_ns)
        error_ns = (time_map.apply(t_ns[known]) - t_ns[known]) - offset(t_s[known]) * 1e9
        scores += (np.abs(error_ns) * Z95 / time_map.error95_ns(t_ns[known])).tolist()
    return scores


def shares(scores: Iterable[float]) -> dict[str, float]:
    """For each level the share of scores within its interval."""
    z = np.asarray(list(scores))
    return {f"{level:.0%}": float(np.mean(z <= norm.isf((1 - level) / 2))) for level in LEVELS}


def measured_elsewhere() -> list[dict[str, object]]:
    """A row for each suite of the other benchmarks' results."""
    suites: dict[str, list[float]] = {}
    for path in sorted(RESULTS.glob("*.json")):
        if path.stem == "coverage":
            continue
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = document.get("coverage", ()) if isinstance(document, dict) else ()
        for row in rows if isinstance(rows, list) else ():
            if row.get("error95_ms") and row.get("error_ms") is not None:
                ratio = Z95 * abs(row["error_ms"]) / row["error95_ms"]
                suites.setdefault(f"{path.stem}: {row.get('suite', '')}", []).append(ratio)
    return [{"suite": name, "moments": len(z), **shares(z)} for name, z in suites.items()]


def table(rows: list[dict[str, object]]) -> list[str]:
    """Rows as a table of percentages."""
    heads = [f"{level:.0%}" for level in LEVELS]
    lines = ["| case | moments | " + " | ".join(heads) + " |", "|---" * (2 + len(heads)) + "|"]
    for row in rows:
        cells = [f"{100 * float(str(row[head])):.1f}" for head in heads]
        lines.append(f"| {row['suite']} | {row['moments']} | " + " | ".join(cells) + " |")
    return lines


def reliability_plot(rows: list[dict[str, object]]) -> str:
    """Stated against seen coverage, one grey line for each case and a dark one for all, as SVG."""
    size, margin = 420, 50

    def point(level: float, share: float) -> str:
        return f"{margin + level * (size - 2 * margin):.1f},{size - margin - share * (size - 2 * margin):.1f}"

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" font-family="sans-serif">']
    parts.append(f'<rect width="{size}" height="{size}" fill="#fff"/>')
    parts.append(f'<polyline points="{point(0, 0)} {point(1, 1)}" fill="none" stroke="#999" stroke-dasharray="4 4"/>')
    for row in rows:
        dark = row["suite"] == "all"
        points = " ".join(point(level, float(str(row[f"{level:.0%}"]))) for level in LEVELS)
        style = 'stroke="#b03a2e" stroke-width="2.5"' if dark else 'stroke="#5d6d7e" stroke-opacity="0.45"'
        parts.append(f'<polyline points="{points}" fill="none" {style}><title>{row["suite"]}</title></polyline>')
    for level in (0.0, *LEVELS[:3], 0.99):
        x, y = point(level, 0).split(",")
        parts.append(f'<text x="{x}" y="{float(y) + 16}" font-size="10" text-anchor="middle">{level:.0%}</text>')
        x, y = point(0, level).split(",")
        parts.append(f'<text x="{float(x) - 6}" y="{float(y) + 3}" font-size="10" text-anchor="end">{level:.0%}</text>')
    parts.append(f'<text x="{size / 2}" y="{size - 12}" font-size="11" text-anchor="middle">stated</text>')
    middle = size / 2
    parts.append(
        f'<text transform="translate(14 {middle}) rotate(-90)" font-size="11" text-anchor="middle">seen</text>'
    )
    return "\n".join([*parts, "</svg>", ""])


def main(arguments: list[str]) -> int:
    """Run all cases, write the three files; 1 where all cases together miss a bar."""
    seeds = int(arguments[0]) if arguments else 200
    rows: list[dict[str, object]] = []
    for name in CASES:
        rows.append(simulate(name, seeds))
        print("\n".join(table(rows[-1:])[2:]), flush=True)
    pooled = [z for row in rows for z in row["scores"]]  # type: ignore[attr-defined]
    everything = {"suite": "all", "draws": seeds * len(rows), "moments": len(pooled), **shares(pooled)}
    elsewhere = measured_elsewhere()
    missed = [level for level, (low, high) in BARS.items() if not low <= everything[f"{level:.0%}"] <= high]
    machine = {"python": platform.python_version(), "numpy": np.__version__, "machine": platform.machine()}
    document = {
        "command": "python benchmarks/bench_coverage.py",
        "seeds": [FIRST_SEED, FIRST_SEED + seeds],
        **machine,
        "all": everything,
        "cases": rows,
        "end_to_end": elsewhere,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "coverage.json").write_text(json.dumps(document) + "\n", encoding="utf-8")
    (RESULTS / "coverage.svg").write_text(reliability_plot([*rows, everything]), encoding="utf-8")
    (RESULTS / "coverage.md").write_text(page(document, [*rows, everything], elsewhere), encoding="utf-8")
    print("\n".join(table([everything])))
    return int(bool(missed))


def page(document: dict[str, object], rows: list[dict[str, object]], elsewhere: list[dict[str, object]]) -> str:
    """The result page."""
    lines = [
        "# Coverage: how often the truth lies within the stated error",
        "",
        f"`{document['command']}`, seeds {document['seeds']}, Python {document['python']}, numpy {document['numpy']}, "
        f"{document['machine']}.",
        "",
        "Bars: 90 % covers 87-93, 95 % covers 93-97, 99 % at least 98. Each draw is scored at twelve random moments of "
        "every clock; the cases are described in `benchmarks/coverage_cases.py`.",
        "",
        "## The solver, on simulated evidence",
        "",
        *table(rows),
        "",
        "![stated against seen coverage](coverage.svg)",
        "",
        "## End to end, from the other benchmarks' results",
        "",
        *(table(elsewhere) if elsewhere else ["No result file holds coverage rows yet."]),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
