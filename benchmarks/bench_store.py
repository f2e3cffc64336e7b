"""weft's store against Lance: the same capsules, written, read, filtered and appended in turn.

    uv venv .venv-bench-lance && uv pip install -p .venv-bench-lance/bin/python pylance==14.0.2 numpy
    python benchmarks/bench_store.py              # writes results/store.{json,md}
    python benchmarks/bench_store.py --quick

Both sides hold the same columns and the same JSON and give the same ``weft.core.Capsule``; Lance
holds them as one table with plain columns. Each round runs weft, then Lance, each in a process of
its own; what is quoted is the median of the rounds. Files are in the page cache ("warm").
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parent
LANCE_PYTHON = ROOT / ".venv-bench-lance" / "bin" / "python"
RECORDINGS, CAPSULES_EACH, SEED, READS = 40, 500, 20, 300
MEASURES = {
    "write_s": "write all, one version (s)",
    "size_mb": "size (MB)",
    "open_ms": "open (ms)",
    "first_ms": "first capsule after opening (ms)",
    "random_ms": "random capsule (ms)",
    "random_cpu_ms": "random capsule (CPU ms)",
    "batch_ms": "capsule in batches of 32 at random (ms each)",
    "sequential_per_s": "all capsules in order (per s)",
    "filter_ms": "filter on two columns (ms)",
    "append_ms": "append one recording, new version (ms)",
    "scan_after_appends_ms": "filter after 20 appends (ms)",
    "rebuild_same_bytes": "written twice: the same files, the same bytes",
    "peak_mb": "peak memory of the process (MB)",
}


def rows_of(recording: int, count: int) -> list[dict[str, Any]]:
    """One recording's capsules as rows of weft's tables ``capsules`` and ``contexts``; about 3 KB of JSON each."""
    from dataclasses import replace

    from weft.core import Annotation, Interval, Origin
    from weft.dataset.rows import _capsule_row, _context_row
    from weft.testing.toy_dataset import open_toy, toy_capsules, write_toy_folder

    random = np.random.default_rng([SEED, recording])
    with tempfile.TemporaryDirectory() as folder:
        opened = replace(open_toy(write_toy_folder(Path(folder) / "r", seed=recording)), name=f"r{recording:04d}")
    rows = []
    for capsule in toy_capsules(opened, count=count):
        start_ns, stop_ns = capsule.interval.start_ns, capsule.interval.stop_ns
        edges = np.sort(random.integers(start_ns, stop_ns, 9))
        words = tuple(
            Annotation("word", Interval(a, b), "cam", f"w{random.integers(5000)}", Origin.MODEL, "asr", 0.8)
            for a, b in pairwise(edges.tolist())
        )
        whole = replace(capsule, annotations=(*capsule.annotations, *words))
        rows.append({"recording": opened.name, **_capsule_row(whole), **_context_row(whole)})
    return rows


class WeftSide:
    """weft's own store."""

    def __init__(self, folder: Path) -> None:
        from weft.dataset import Store, open_dataset

        self.opener = open_dataset
        self.store = Store.create(folder)
        self.entries: list[Any] = []

    def add(self, recordings: list[Any]) -> None:
        """Store recordings and make a version of all so far."""
        from weft.dataset import RecordingEntry, write_version
        from weft.dataset.tables import COLUMNS

        for table in recordings:
            name = table["recording"][0].as_py()
            parts = {"capsules": table.drop(["capsule_json"]), "contexts": table.select(list(COLUMNS["contexts"]))}
            self.entries.append(
                RecordingEntry(name, {part: self.store.put(part, rows) for part, rows in parts.items()})
            )
        write_version(self.store, self.entries, recipe={})

    def open(self) -> None:
        """Open the newest version."""
        self.dataset = self.opener(self.store.root)
        self.capsules = self.dataset.capsules()

    def take(self, numbers: list[int]) -> list[Any]:
        """Capsules by number."""
        return [self.capsules[number] for number in numbers]

    def every(self) -> Iterator[Any]:
        """All capsules in order."""
        return iter(self.capsules)

    def filter(self) -> int:
        """How many capsules of mothers last at least half a second."""
        return len(self.dataset.capsules({"tier": "mother", "duration_s": (0.5, None)}))


class LanceSide:
    """One Lance table with plain columns, its versions and tags."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder)
        self.tags = 0

    def add(self, recordings: list[Any]) -> None:
        """Append recordings in one commit and tag the version."""
        import lance
        import pyarrow as pa

        written = lance.write_dataset(pa.concat_tables(recordings), self.path, mode="append" if self.tags else "create")
        self.tags += 1
        written.tags.create(f"v{self.tags}", written.version)

    def open(self) -> None:
        """Open the newest version."""
        import lance

        self.dataset = lance.dataset(self.path)

    def take(self, numbers: list[int]) -> list[Any]:
        """Capsules by number."""
        return [capsule(t) for t in self.dataset.take(numbers, columns=["capsule_json"])["capsule_json"].to_pylist()]

    def every(self) -> Iterator[Any]:
        """All capsules in order."""
        for batch in self.dataset.to_batches(columns=["capsule_json"], batch_size=64):
            yield from (capsule(text) for text in batch["capsule_json"].to_pylist())

    def filter(self) -> int:
        """How many capsules of mothers last at least half a second."""
        where = "tier = 'mother' AND duration_s >= 0.5"
        return self.dataset.to_table(columns=["capsule_id"], filter=where).num_rows


def capsule(text: str) -> Any:
    """A capsule of its JSON."""
    from weft.core.capsule import Capsule

    return Capsule.from_dict(json.loads(text))


SIDES: dict[str, Callable[[Path], Any]] = {"weft": WeftSide, "lance": LanceSide}


@contextmanager
def timed(figures: dict[str, Any], name: str, *, scale: float = 1.0, clock: Any = time.perf_counter) -> Iterator[None]:
    """Note how long a block took."""
    start = clock()
    yield
    figures[name] = (clock() - start) * scale


def measure(name: str, data: Path) -> dict[str, Any]:
    """One side's figures."""
    import pyarrow.parquet as pq

    figures: dict[str, Any] = {}
    tables = [pq.read_table(path) for path in sorted(data.glob("*.parquet"))]
    first, more = tables[:-20], tables[-20:]
    with tempfile.TemporaryDirectory(dir=data.parent) as place:
        folders = [Path(place) / "a", Path(place) / "b"]
        sides = [SIDES[name](folder) for folder in folders]
        with timed(figures, "write_s"):
            sides[0].add(first)
        sides[1].add(first)
        figures["rebuild_same_bytes"] = tree_sha256(folders[0]) == tree_sha256(folders[1])
        figures["size_mb"] = sum(p.stat().st_size for p in folders[0].rglob("*") if p.is_file()) / 1e6
        read(figures, sides[0], sum(table.num_rows for table in first))
        with timed(figures, "append_ms", scale=1e3 / len(more)):
            for table in more:
                sides[0].add([table])
        sides[0].open()
        figures["scan_after_appends_ms"] = median_ms(sides[0].filter, 5)
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return figures


def read(figures: dict[str, Any], side: Any, count: int) -> None:
    """What reading costs."""
    numbers = np.random.default_rng(SEED).integers(0, count, READS * 2).tolist()
    with timed(figures, "open_ms", scale=1e3):
        side.open()
    with timed(figures, "first_ms", scale=1e3):
        side.take([count // 2])
    with (
        timed(figures, "random_ms", scale=1e3 / READS),
        timed(figures, "random_cpu_ms", scale=1e3 / READS, clock=time.process_time),
    ):
        for number in numbers[:READS]:
            side.take([number])
    with timed(figures, "batch_ms", scale=1e3 / READS):
        for start in range(READS, 2 * READS, 32):
            side.take(numbers[start : start + 32])
    start_s = time.perf_counter()
    seen = sum(1 for _ in side.every())
    figures["sequential_per_s"] = seen / (time.perf_counter() - start_s)
    figures["filter_ms"] = median_ms(side.filter, 7)
    figures["filtered"] = side.filter()


def median_ms(work: Callable[[], object], times: int) -> float:
    """The median of several runs."""
    figures: list[float] = []
    for _ in range(times):
        start_s = time.perf_counter()
        work()
        figures.append((time.perf_counter() - start_s) * 1e3)
    return statistics.median(figures)


def tree_sha256(folder: Path) -> str:
    """The hash of every file's name and bytes."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def main() -> int:
    """Make the data, run both sides in turn, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the capsules, one round")
    parser.add_argument("--side", choices=SIDES, help="measure one side and print its figures as JSON")
    parser.add_argument("--data", type=Path, help="with --side: where the rows lie")
    options = parser.parse_args()
    if options.side:
        json.dump(measure(options.side, options.data), sys.stdout)
        return 0
    if not LANCE_PYTHON.exists():
        sys.stderr.write("bench_store needs .venv-bench-lance; see its first lines\n")
        return 0
    rounds = 1 if options.quick else 3
    results: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows"
        write_rows(data, CAPSULES_EACH // (10 if options.quick else 1))
        for _ in range(rounds):
            for side, figures in results.items():
                figures.append(run_side(side, data))
    if not options.quick:
        save(results)
    print(table_of_results(results))
    return 0


def write_rows(folder: Path, count: int) -> None:
    """The rows that both sides are given."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from weft.dataset.tables import schema_of

    schema = pa.unify_schemas([schema_of("capsules"), schema_of("contexts")])
    folder.mkdir()
    for number in range(RECORDINGS + 20):
        pq.write_table(pa.Table.from_pylist(rows_of(number, count), schema=schema), folder / f"{number:04d}.parquet")


def run_side(side: str, data: Path) -> dict[str, Any]:
    """One side's figures, from a process of its own."""
    python = LANCE_PYTHON if side == "lance" else Path(sys.executable)
    command = [str(python), __file__, "--side", side, "--data", str(data)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "LANCE_LOG": "error"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def middle(figures: list[dict[str, Any]], name: str) -> Any:
    """The median of one figure over the rounds."""
    values = [one[name] for one in figures]
    return all(values) if isinstance(values[0], bool) else statistics.median(values)


def table_of_results(results: dict[str, list[dict[str, Any]]]) -> str:
    """The table for people."""
    lines = ["| | weft | Lance 14 | weft / Lance |", "|---|---|---|---|"]
    for name, words in MEASURES.items():
        ours, theirs = middle(results["weft"], name), middle(results["lance"], name)
        if isinstance(ours, bool):
            lines.append(f"| {words} | {'yes' if ours else 'no'} | {'yes' if theirs else 'no'} | |")
        else:
            lines.append(f"| {words} | {ours:.3g} | {theirs:.3g} | {ours / theirs:.2f} |")
    return "\n".join(lines)


def save(results: dict[str, list[dict[str, Any]]]) -> None:
    """Keep every figure beside the machine that gave it."""
    ask = "import pyarrow; print(pyarrow.__version__)"
    versions = {
        side: subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
        for side, python in (("weft", sys.executable), ("lance", LANCE_PYTHON))
    }
    about = {
        "command": "python benchmarks/bench_store.py",
        "seed": SEED,
        "capsules": RECORDINGS * CAPSULES_EACH,
        "recordings": RECORDINGS,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "pyarrow": versions,
        "pylance": "14.0.2",
    }
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "store.json").write_text(json.dumps({**about, "rounds": results}, indent=1) + "\n")
    facts = "\n".join(f"* {name}: {value}" for name, value in about.items())
    (folder / "store.md").write_text(f"# Store: weft against Lance\n\n{table_of_results(results)}\n\n{facts}\n")


if __name__ == "__main__":
    raise SystemExit(main())
