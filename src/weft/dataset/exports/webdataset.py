"""WebDataset shards: tar files of capsules, the same bytes for the same version."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from weft.dataset.canonical import canonical_json
from weft.dataset.dataset import Dataset
from weft.dataset.exports.card import card_of
from weft.dataset.exports.clips import Clip, ClipOptions, clips_of
from weft.dataset.exports.publish import new_folder

CAPSULES_PER_SHARD = 512


def export_webdataset(
    dataset: Dataset,
    path: str | Path,
    *,
    options: ClipOptions | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """Write capsules as WebDataset shards ``capsules-000000.tar`` and so on, with a README.

    A capsule is the files ``00000042.json`` (all of it, with origins, confidences, the
    synthetic mark, and each stream's files, times, masks and errors) and
    ``00000042.<number>-<stream>.wav``, ``.jpg`` or ``.npy``. Names are numbers; nothing
    from inside the data becomes a path. Members have no owner and no date.

    Parameters
    ----------
    dataset
        The version.
    path
        A new or empty folder.
    options
        Which capsules, streams and rates.
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
    with new_folder(Path(path)) as folder:
        numbered = enumerate(clips_of(dataset, chosen))
        for shard_number, clips in groupby(numbered, key=lambda pair: pair[0] // CAPSULES_PER_SHARD):
            with tarfile.open(folder / f"capsules-{shard_number:06d}.tar", "w", format=tarfile.USTAR_FORMAT) as shard:
                for number, clip in clips:
                    for name, content in _members(number, clip):
                        _add(shard, name, content)
                    if progress:
                        progress(f"capsule {clip.capsule.capsule_id}", (number + 1) / total)
        (folder / "README.md").write_text(card_of(dataset), encoding="utf-8")
    return Path(path)


def _members(number: int, clip: Clip) -> Iterator[tuple[str, bytes]]:
    """The files of one capsule; what stands before the first dot is its key."""
    yield f"{number:08d}.json", canonical_json(clip.record()).encode("utf-8")
    for name, content in sorted(clip.files.items()):
        yield f"{number:08d}.{name}", content


def _add(shard: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add one member that has neither owner nor date."""
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), 0o644, 0
    shard.addfile(member, io.BytesIO(content))
