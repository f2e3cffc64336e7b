"""MCAP files with corrected times: each recording as Foxglove, Rerun and ``ros2 bag`` open it.

``log_time`` is the time on the reference clock, as aligned. MCAP's times may not be negative, so
a constant is taken off; the metadata record ``weft`` holds it, with the version, the clocks'
maps and errors, and the attachment ``alignment.json`` holds the whole alignment, which gives the
devices' own stamps back. Streams whose clock is not aligned have no time and are left out; they
are named in the metadata. Sound is rounded to 16 bits, pictures are JPEG: the originals keep what they were.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from mcap.writer import CompressionType, Writer

from weft.core import Alignment, Annotation, Interval, Modality, UsageError
from weft.dataset.canonical import canonical_json
from weft.dataset.dataset import Dataset
from weft.dataset.exports.card import card_of
from weft.dataset.exports.clips import ClipOptions
from weft.dataset.exports.mcap_messages import LABEL, Message, MessageTypes
from weft.dataset.exports.publish import new_folder

WINDOW_S = 2.0
PICTURES_HZ = 10.0
LABELS_TOPIC = "/labels"


def export_mcap(
    dataset: Dataset,
    path: str | Path,
    *,
    options: ClipOptions | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """Write one ``<number>.mcap`` for each recording, and a page that names them.

    Parameters
    ----------
    dataset
        The version.
    path
        A new or empty folder.
    options
        Which streams, and their rates; by default every stream at its own samples, pictures at
        10 Hz. ``where`` and ``part`` do not apply: a recording is written whole.
    progress
        Called with what is being done and the share done.

    Raises
    ------
    UsageError
        If there is something in ``path``, or ``options`` chooses capsules.
    DatasetError
        If originals are missing or changed, or the disk is full.
    """
    chosen = options or ClipOptions()
    if chosen.where is not None:
        raise UsageError("an MCAP file holds a whole recording: choose streams and rates, not capsules")
    names = dataset.recordings
    with new_folder(Path(path)) as folder:
        lines = [card_of(dataset), "\n## Recordings\n\n| file | recording |\n|---|---|\n"]
        for number, name in enumerate(names):
            file = f"{number:06d}.mcap"
            with (folder / file).open("wb") as stream:
                _Export(dataset, name, chosen, _share(progress, number, len(names))).write(stream)
            lines.append(f"| `{file}` | {name.replace('|', '/')} |\n")
        (folder / "README.md").write_text("".join(lines), encoding="utf-8")
    return Path(path)


def _share(progress: Callable[[str, float], None] | None, number: int, count: int) -> Callable[[str, float], None]:
    """Progress within one of several recordings."""
    if progress is None:
        return lambda what, share: None
    return lambda what, share: progress(what, (number + share) / count)


@dataclass
class _Export:
    """One recording on its way into one file."""

    dataset: Dataset
    name: str
    options: ClipOptions
    tell: Callable[[str, float], None]

    def write(self, stream: BinaryIO) -> None:
        """The whole file."""
        alignment = self.dataset.alignment(self.name)
        rows = {row["stream"]: row for row in self.dataset.table("streams", recording=self.name).to_pylist()}
        labels = self._placed_labels(alignment)
        starts_ns = [row["reference_start_ns"] for row in rows.values() if row["reference_start_ns"] is not None]
        types = MessageTypes(min([0, *starts_ns, *(interval.start_ns for interval, _ in labels)]))
        writer: Any = Writer(stream, compression=CompressionType.ZSTD)
        writer.start(profile="ros2", library="weft")
        channels: dict[tuple[str, str], int] = {}
        told = ((LABELS_TOPIC, LABEL, types.of_label(label, interval)) for interval, label in labels)
        for sequence, (topic, kind, message) in enumerate(heapq.merge(self._samples(types, rows), told, key=_time_of)):
            key = (topic, kind)
            if key not in channels:
                schema = writer.register_schema(kind, "ros2msg", types.definition(kind))
                channels[key] = writer.register_channel(topic, "cdr", schema)
            at_ns = message.t_reference_ns - types.origin_ns
            writer.add_message(channels[key], at_ns, types.encode(kind, message), at_ns, sequence)
        self._remark(writer, alignment, types, rows)
        writer.finish()

    def _placed_labels(self, alignment: Alignment) -> list[tuple[Interval, Annotation]]:
        """The labels of clocks that are known, with their intervals on the reference, in order of time."""
        placed = []
        for label in self.dataset.annotations(self.name):
            time_map = alignment.map_of(label.clock)
            if time_map is not None:
                edges_ns = [label.interval.start_ns, label.interval.stop_ns]
                placed.append((Interval(*time_map.apply(edges_ns, extrapolate=True).tolist()), label))
        return sorted(placed, key=lambda pair: (pair[0].start_ns, pair[0].stop_ns))

    def _samples(self, types: MessageTypes, rows: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, Message]]:
        """Every valid sample, window by window, in order of time."""
        video = any(row["modality"] == Modality.VIDEO for row in rows.values())
        rates_hz = ({str(Modality.VIDEO): PICTURES_HZ} if video else {}) | dict(self.options.rates_hz or {})
        windows = self.dataset.windows(
            WINDOW_S, streams=self.options.streams, rates_hz=rates_hz, recordings=[self.name]
        )
        for number, window in enumerate(windows):
            made = [
                (f"/{name}", kind, message)
                for name, piece in window.slices.items()
                for kind, message in types.of_slice(
                    piece, rows[name]["modality"], json.loads(rows[name]["channels_json"])
                )
            ]
            yield from sorted(made, key=_time_of)
            self.tell(f"writing {self.name}", (number + 1) / len(windows))

    def _remark(self, writer: Any, alignment: Alignment, types: MessageTypes, rows: dict[str, dict[str, Any]]) -> None:
        """What the file's times mean and how sure they are."""
        version = self.dataset.version
        lost = sorted(name for name, row in rows.items() if row["reference_start_ns"] is None)
        facts = {
            "recording": self.name,
            "version": version.number,
            "content_sha256": version.content_sha256,
            "reference_clock": alignment.reference,
            "origin_ns": types.origin_ns,
            "left_out": lost,
            "synthetic": sorted(name for name, row in rows.items() if row["synthetic"]),
            "clocks": [entry.to_json() for entry in alignment.clocks],
        }
        words = {key: value if isinstance(value, str) else canonical_json(value) for key, value in facts.items()}
        writer.add_metadata("weft", words)
        whole = canonical_json(alignment.to_dict()).encode("utf-8", "backslashreplace")
        writer.add_attachment(0, 0, "alignment.json", "application/json", whole)


def _time_of(item: tuple[str, str, Message]) -> int:
    """When a message is."""
    return item[2].t_reference_ns
