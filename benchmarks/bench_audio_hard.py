"""Sound against sound where it is hard: what must be refused, jumps, several talkers, poor recordings, coverage.

python benchmarks/bench_audio_hard.py [--quick]

Only weft: the peers of ``bench_audio.py`` return one offset and know neither jumps nor an interval.
Everything is made with seeds that were not looked at while the method was made.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist

import numpy as np
from bench_audio import RESULTS, _in_words, _machine, _versions
from hard_audio_scenes import FIRST_SEED, HardCase, clip_cases, jump_cases, talker_cases, treated_cases

from weft.core import Alignment, Clock, Recording, Stream
from weft.sync import align
from weft.testing.repeating_sound import UNDECIDABLE, undecidable_pair
from weft.testing.scenes import audio_stream

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
NEAR_S = 0.5
"""A jump counts as found where a piece ends or begins this near, with the right size to 2 % or 2 ms."""


def main() -> int:
    """Run all suites, write JSON and a table after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few cases of each suite")
    share = 0.1 if parser.parse_args().quick else 1.0
    refused, rows = [], []
    for kind in UNDECIDABLE:
        refused += [_refuse(kind, index) for index in range(round(17 * share))]
    suites = (talker_cases(round(10 * share)), treated_cases(max(1, round(4 * share))), clip_cases(round(10 * share)))
    for suite in (*suites, jump_cases(round(30 * share))):
        for case in suite:
            rows.append(_judge(case))
        _write(refused, rows)
    print((RESULTS / "audio_hard.md").read_text())
    return 0


def _write(refused: list[dict], rows: list[dict]) -> None:
    """What is known so far."""
    report = {"machine": _machine(), "versions": _versions(), "command": sys.argv, "refused": refused, "rows": rows}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "audio_hard.json").write_text(json.dumps(report, indent=1) + "\n")
    (RESULTS / "audio_hard.md").write_text(_page(report))


def _align(one: Stream, two: Stream) -> Alignment:
    """Both on the near clock."""
    return align(Recording("pair", Path(), (one, two), (Clock("near"), Clock("far"))), reference="near")


def _refuse(kind: str, index: int) -> dict[str, object]:
    """What weft says of a pair that may not be called aligned."""
    seed = FIRST_SEED + index
    sounds = undecidable_pair(kind, seed=seed, seconds=(20.0, 40.0, 60.0)[index % 3])
    found = _align(audio_stream("near", sounds[0], 16_000), audio_stream("far", sounds[1], 16_000))
    entry = found["far"]
    ambiguous = any(e.alternatives for e in found.evidence)
    row = {"kind": kind, "seed": seed, "status": entry.status.value, "note": entry.note}
    return row | {"said_ambiguous": ambiguous}


def _judge(case: HardCase) -> dict[str, object]:
    """What weft says of one case, beside the truth."""
    near, far = case.near, case.far
    began = time.process_time()
    found = _align(audio_stream("near", case.sounds[0], near.rate_hz), audio_stream("far", case.sounds[1], far.rate_hz))
    entry = found["far"]
    row: dict[str, object] = {"suite": case.suite, "case": case.name, "status": entry.status.value, "note": entry.note}
    row["cpu_s"] = time.process_time() - began
    if entry.time_map is not None:
        row |= _errors(case, found) | _jumps(case, found)
    print(json.dumps({k: v for k, v in row.items() if k != "ratios"}), flush=True)
    return row


def _errors(case: HardCase, found: Alignment) -> dict[str, object]:
    """Errors where the map claims to hold, and as shares of the error that it states, at nine moments."""
    time_map = found.map_of("far")
    t_s = np.linspace(0.0, case.sounds[1].size / case.far.rate_hz, 2003)[1:-1]
    t_ns = np.round(1e9 * t_s).astype(np.int64)
    truth_s = case.far.offset_to_s(case.near, t_ns / 1e9) - case.middle_s
    duration_s = case.sounds[0].size / case.near.rate_hz
    shared = (t_s + truth_s > 0.0) & (t_s + truth_s < duration_s)
    ok = shared & time_map.known(t_ns)
    error_ms = (time_map.apply(t_ns, extrapolate=True) - t_ns) / 1e6 - 1e3 * truth_s
    stated_ms = time_map.error95_ns(t_ns) / 1e6
    drift = (1.0 + case.far.drift) / (1.0 + case.near.drift) - 1.0
    at = np.flatnonzero(ok)[np.linspace(0, ok.sum() - 1, 11).astype(int)[1:-1]]
    return {
        "largest_error_ms": float(np.abs(error_ms[ok]).max()),
        "error95_ms": float(stated_ms[ok].max()),
        "known_share": float(ok.sum() / max(1, shared.sum())),
        "drift_error_ppm": max(abs(1e6 * (piece.drift - drift)) for piece in time_map.pieces),
        "ratios": [float(r) for r in np.abs(error_ms[at]) / stated_ms[at]],
    }


def _jumps(case: HardCase, found: Alignment) -> dict[str, object]:
    """Which jumps were found, how far they were placed wrong, and how many were made up."""
    pieces = found.map_of("far").pieces
    seams = []
    for one, two in pairwise(pieces):
        at_ns = two.device.start_ns
        size_s = abs(two.offset_at_ns(at_ns) - one.offset_at_ns(at_ns)) / 1e9
        # Pieces that go on in one line differ in their uncertainty only.
        if size_s > 1e-3:
            seams.append((one.device.stop_ns / 1e9, at_ns / 1e9, size_s))
    placed = []
    for at_s, length_s in case.jumps:
        sizes = [s for s in seams if abs(s[2] - length_s) < max(2e-3, 0.02 * length_s)]
        placed.append(min((max(0.0, low - at_s, at_s - high) for low, high, _ in sizes), default=float("inf")))
    hits = [away for away in placed if away <= NEAR_S]
    return {"jumps": len(placed), "found": len(hits), "placed_s": hits, "made_up": max(0, len(seams) - len(hits))}


def _page(report: dict) -> str:
    """The figures as Markdown."""
    refused, rows = report["refused"], report["rows"]
    wrong = sum(row["status"] == "aligned" for row in refused)
    lines = [
        "# Sound against sound, the hard cases",
        "",
        f"`make bench-audio_hard`. Machine: {_in_words(report['machine'])}. Versions: {_in_words(report['versions'])}.",
        "",
        f"## What nobody can align: {wrong} of {len(refused)} called aligned ({wrong / len(refused):.1%})",
        "",
        "| pairs | count | aligned | said to be ambiguous, with the other offsets | refused |",
        "|---|---|---|---|---|",
    ]
    for kind in dict.fromkeys(row["kind"] for row in refused):
        these = [row for row in refused if row["kind"] == kind]
        counts = [sum(row["status"] == "aligned" for row in these), sum(row["said_ambiguous"] for row in these)]
        refusals = sum(row["status"] == "not_aligned" for row in these)
        lines.append(f"| {kind} | {len(these)} | {counts[0]} | {counts[1]} | {refusals} |")
    return "\n".join([*lines, *_suites(rows), *_jump_lines(rows), *_coverage(rows)]) + "\n"


def _suites(rows: list[dict]) -> list[str]:
    """One line per suite."""
    lines = [
        "",
        "## Errors",
        "",
        "Largest error anywhere the map claims to hold; talkers: against the middle of their ways.",
        "",
        "| suite | cases | aligned | median ms | 95th pct ms | largest ms | drift 95th pct ppm | error95 ms | CPU s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for suite in dict.fromkeys(row["suite"] for row in rows):
        these = [row for row in rows if row["suite"] == suite]
        known = [row for row in these if "largest_error_ms" in row]
        aligned = sum(row["status"] == "aligned" for row in these)
        errors = np.percentile([row["largest_error_ms"] for row in known], [50, 95, 100])
        drift = np.percentile([row["drift_error_ppm"] for row in known], 95)
        stated, cpu = (np.median([row[key] for row in known]) for key in ("error95_ms", "cpu_s"))
        cells = [*(f"{x:.3g}" for x in errors), f"{drift:.3g}", f"{stated:.3g}", f"{cpu:.2f}"]
        lines.append(f"| {suite} | {len(these)} | {aligned} | " + " | ".join(cells) + " |")
    return lines


def _jump_lines(rows: list[dict]) -> list[str]:
    """Whether jumps were found and where."""
    these = [row for row in rows if row["suite"] == "jumps"]
    if not these:
        return []
    total, hits = (sum(row.get(key, 0) for row in these) for key in ("jumps", "found"))
    placed = [away for row in these for away in row.get("placed_s", ())]
    made_up, known = sum(row.get("made_up", 0) for row in these), np.median([r.get("known_share", 0) for r in these])
    return [
        "",
        f"Jumps: {hits} of {total} found within {NEAR_S} s of the stretch for which the map claims nothing "
        f"({hits / max(1, total):.1%}); farthest {max(placed, default=0.0):.2f} s; {made_up} made up; the map holds "
        f"for {known:.1%} of the shared time (median).",
    ]


def _coverage(rows: list[dict]) -> list[str]:
    """How often the truth lies within the stated interval, at nine moments of each case."""
    lines = [
        "",
        "## Coverage",
        "",
        "Share of moments (nine per recording) at which the truth lies within the interval of that level.",
        "",
        "| suite | moments | " + " | ".join(f"{level:.0%}" for level in LEVELS) + " |",
        "|---|---|" + "---|" * len(LEVELS),
    ]
    z95 = NormalDist().inv_cdf(0.975)
    suites = dict.fromkeys(row["suite"] for row in rows if row["suite"] != "talkers")
    groups = {suite: [r for r in rows if r["suite"] == suite] for suite in suites}
    groups["all but talkers"] = [row for row in rows if row["suite"] != "talkers"]
    for suite, these in groups.items():
        ratios = np.array([ratio for row in these for ratio in row.get("ratios", ())]) * z95
        shares = [np.mean(ratios <= NormalDist().inv_cdf(0.5 + level / 2.0)) for level in LEVELS]
        lines.append(f"| {suite} | {ratios.size} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
