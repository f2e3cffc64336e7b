"""Parquet tables, media clips and a card: what the Hugging Face Hub, DuckDB and pandas open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weft.dataset.canonical import canonical_json, pretty_json
from weft.dataset.dataset import Dataset
from weft.dataset.exports.about import About
from weft.dataset.exports.card import card_of
from weft.dataset.exports.clips import Clip, ClipOptions, clips_of
from weft.dataset.exports.croissant import croissant_of
from weft.dataset.exports.publish import new_folder
from weft.dataset.tables import COLUMNS


def export_parquet(
    dataset: Dataset,
    path: str | Path,
    *,
    options: ClipOptions | None = None,
    about: About | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """Write every table as one Parquet file, the chosen capsules' streams as clips, a card and Croissant metadata.

    ``capsules.parquet`` gains the columns ``capsule_json``, all of the capsule, and
    ``clips_json``: for each stream its files below ``media/``, times, valid ranges, 95 %
    error and synthetic mark. Clips lie in
    ``media/<number of the capsule>/``; nothing from inside the data becomes a path.

    Parameters
    ----------
    dataset
        The version.
    path
        A new or empty folder.
    options
        Which capsules, streams and rates; ``ClipOptions(streams=())`` writes tables alone.
    about
        What a person says of the dataset, for ``croissant.json`` and the card.
    progress
        Called with what is being done and the share done.

    Raises
    ------
    UsageError
        If there is something in ``path``.
    DatasetError
        If originals are missing or changed, or the disk is full.
    """
    chosen = options or ClipOptions()
    total = max(1, len(dataset.capsules(chosen.where)))
    wholes: list[str] = []
    clips: list[str] = []
    with new_folder(Path(path)) as folder:
        for number, clip in enumerate(clips_of(dataset, chosen)):
            wholes.append(canonical_json(clip.capsule.to_dict()))
            clips.append(canonical_json(_write_clip(folder / "media" / f"{number:08d}", clip)))
            if progress:
                progress(f"capsule {clip.capsule.capsule_id}", (number + 1) / total)
        capsules = dataset.table("capsules", where=chosen.where)
        tables = {name: dataset.table(name) for name in COLUMNS if name not in ("capsules", "contexts")}
        whole, clip_column = pa.array(wholes, pa.string()), pa.array(clips, pa.string())
        tables["capsules"] = capsules.append_column("capsule_json", whole).append_column("clips_json", clip_column)
        for name, table in tables.items():
            pq.write_table(table, folder / f"{name}.parquet", compression="zstd", store_schema=False)
        card = card_of(dataset, tables=tuple(name for name in tables if tables[name].num_rows), about=about)
        (folder / "README.md").write_text(card, encoding="utf-8")
        croissant = pretty_json(croissant_of(dataset, folder, about=about))
        (folder / "croissant.json").write_text(croissant, encoding="utf-8")
    return Path(path)


def _write_clip(folder: Path, clip: Clip) -> dict[str, object]:
    """Write one capsule's files, and give back what they are with paths relative to the export."""
    if clip.files:
        folder.mkdir(parents=True)
    for name, content in clip.files.items():
        (folder / name).write_bytes(content)
    return {
        stream: {**facts, "files": [f"media/{folder.name}/{name}" for name in facts["files"]]}
        for stream, facts in clip.streams.items()
    }
