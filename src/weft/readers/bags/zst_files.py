"""Bag files that rosbag2 compressed whole (``.db3.zst``, ``.mcap.zst``), unpacked beside nothing of the user's."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from weft.core import UnreadableError

_unpacked: dict[tuple[str, int, int], Path] = {}


def unpacked_path(path: Path, name: str) -> Path:
    """A plain copy of a zstd-compressed file, made once for each process and removed at its end.

    The copy lies in the system's temporary folder, because SQLite reads only whole files;
    ``TMPDIR`` moves it elsewhere.

    Raises
    ------
    UnreadableError
        If the file is damaged, or the temporary folder has no room for it.
    """
    import zstandard

    info = path.stat()
    key = (str(path.resolve()), info.st_size, info.st_mtime_ns)
    if key not in _unpacked:
        folder = tempfile.mkdtemp(prefix="weft-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        plain = Path(folder) / path.stem
        try:
            with path.open("rb") as packed, plain.open("wb") as target:
                reader = zstandard.ZstdDecompressor().stream_reader(packed)
                shutil.copyfileobj(reader, target, 1 << 20)
        except (zstandard.ZstdError, OSError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise UnreadableError(
                f"{name}: cannot be unpacked ({error}); copy it again, or unpack it yourself with `zstd -d`"
            ) from error
        _unpacked[key] = plain
    return _unpacked[key]
