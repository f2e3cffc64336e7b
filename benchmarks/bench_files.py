"""Every file of a folder of recordings: which reader takes it, what it holds, and what another tool says.

    python benchmarks/bench_files.py [FOLDER]      # default: ../shared/data

Writes ``benchmarks/results/files.md`` and ``files.json``. The other tool is ffprobe for media,
pyxdf for XDF, sqlite3 and mcap for bags; where there is none the column is empty.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from weft.core import WeftError
from weft.readers.protocol import Request
from weft.readers.registry import reader_for
from weft.testing.reader_contract import probe_of

HERE = Path(__file__).parent
NOT_RECORDINGS = {"license", "licence", "readme", "source", "notice", "copying"}


@dataclass
class Row:
    """One file's line of the table."""

    file: str
    reader: str = ""
    streams: list[str] = field(default_factory=list)
    annotations: int = 0
    findings: list[str] = field(default_factory=list)
    refusal: str = ""
    other_tool: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    other_counts: dict[str, int] = field(default_factory=dict)


def survey(root: Path) -> list[Row]:
    """A row for every file below ``root``, in order of name."""
    return [row_of(path, root) for path in sorted(root.rglob("*")) if path.is_file() and not is_companion(path)]


def is_companion(path: Path) -> bool:
    """Whether a file only accompanies recordings."""
    return path.stem.lower() in NOT_RECORDINGS


def row_of(path: Path, root: Path) -> Row:
    """What weft and another tool say of one file."""
    row = Row(path.relative_to(root).as_posix())
    reader = reader_for(probe_of(path))
    if reader is None:
        row.refusal = "no reader knows this kind"
        return row
    row.reader = reader.name
    try:
        contents = reader.read(Request(path, path.name, path.stem))
    except WeftError as error:
        row.refusal = str(error).replace(str(path), path.name)
        return row
    for stream in contents.streams:
        rate = f"{stream.effective_rate_hz:.3f} Hz" if stream.effective_rate_hz else "irregular"
        row.streams.append(f"{stream.name}: {len(stream)} {stream.modality}, {rate}")
        row.counts[stream.name] = len(stream)
    row.annotations = len(contents.annotations)
    row.findings = sorted({finding.check for finding in contents.findings})
    row.other_tool, row.other_counts = ask_another_tool(path, row.reader)
    return row


def ask_another_tool(path: Path, reader: str) -> tuple[str, dict[str, int]]:
    """The independent tool for this kind of file and the counts that it gives."""
    kinds: dict[str, tuple[str, Callable[[Path], dict[str, int]]]] = {
        "media": ("ffprobe", ffprobe_counts),
        "xdf": ("pyxdf", pyxdf_counts),
    }
    if path.suffix == ".db3":
        kinds[reader] = ("sqlite3", sqlite_counts)
    elif path.suffix == ".mcap":
        kinds[reader] = ("mcap", mcap_counts)
    if reader not in kinds or (reader == "media" and shutil.which("ffprobe") is None):
        return "", {}
    tool, ask = kinds[reader]
    return tool, ask(path)


def ffprobe_counts(path: Path) -> dict[str, int]:
    """Video frames by decoding, and audio samples per track, as ffprobe counts them."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_entries"]
    command += ["stream=codec_type,nb_read_frames,duration,sample_rate:stream_disposition=attached_pic", "-of", "json"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    counts: dict[str, int] = {}
    for track in json.loads(done.stdout or "{}").get("streams", []):
        if track.get("codec_type") == "video" and not track.get("disposition", {}).get("attached_pic"):
            name = "video" if "video" not in counts else f"video_{sum(k.startswith('video') for k in counts) + 1}"
            counts[name] = int(track.get("nb_read_frames", 0))
        if track.get("codec_type") == "audio" and "duration" in track:
            name = "audio" if "audio" not in counts else f"audio_{sum(k.startswith('audio') for k in counts) + 1}"
            counts[name] = round(float(track["duration"]) * int(track["sample_rate"]))
    return counts


def pyxdf_counts(path: Path) -> dict[str, int]:
    """Samples of each stream as pyxdf loads them."""
    import pyxdf

    streams, _ = pyxdf.load_xdf(str(path), synchronize_clocks=False, dejitter_timestamps=False, verbose=False)
    return {stream["info"]["name"][0]: len(stream["time_stamps"]) for stream in streams}


def sqlite_counts(path: Path) -> dict[str, int]:
    """Messages by topic in a rosbag2 database."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        rows = database.execute(
            "select t.name, count(m.id) from topics t left join messages m on m.topic_id = t.id group by t.id"
        )
        return dict(rows.fetchall())


def mcap_counts(path: Path) -> dict[str, int]:
    """Messages by topic as mcap's own reader yields them."""
    from mcap.exceptions import McapError
    from mcap.reader import make_reader

    counts: dict[str, int] = {}
    try:
        with path.open("rb") as stream:
            for _, channel, _ in make_reader(stream).iter_messages():
                counts[channel.topic] = counts.get(channel.topic, 0) + 1
    except McapError as error:
        return {f"refused: {error}": 0}
    return counts


def table(rows: list[Row]) -> str:
    """The rows as a Markdown page."""
    read = sum(not row.refusal for row in rows)
    lines = [
        "# Every file of the shared recordings",
        "",
        "Made by `make bench-files`.",
        "",
        f"{len(rows)} files: {read} read, {len(rows) - read} refused or not recordings.",
        "",
        "| file | reader | streams | annotations | findings | other tool |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        what = "<br>".join(row.streams) or (f"*{row.refusal}*" if row.refusal else "")
        other = f"{row.other_tool} {row.other_counts}" if row.other_tool else ""
        cells = [row.file, row.reader, what, str(row.annotations or ""), ", ".join(row.findings), other]
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Survey a folder and write the table."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[1] / "shared" / "data"
    if not root.is_dir():
        print(f"{root.name}: not here, nothing to survey")
        return 0
    rows = survey(root.resolve())
    results = HERE / "results"
    (results / "files.md").write_text(table(rows), encoding="utf-8")
    (results / "files.json").write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    print(f"{len(rows)} files, {sum(not row.refusal for row in rows)} read")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
