"""Compressed blocks of a bag, unpacked to no more than they declare."""

from __future__ import annotations

import bz2

MAX_BLOCK_BYTES = 2 * 2**30
"""No recorder writes larger chunks (the formats' defaults are about a megabyte)."""

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class UnpackingError(Exception):
    """A block is damaged, larger than it declares, or compressed in an unknown way."""


def unpack(data: bytes, compression: str, size: int) -> bytes:
    """The ``size`` bytes that a block holds.

    Raises
    ------
    UnpackingError
        If it holds another number of bytes, is damaged, or ``compression`` is unknown.
    """
    if not 0 <= size <= MAX_BLOCK_BYTES:
        raise UnpackingError(f"it declares {size} bytes, more than any recorder writes")
    unpacked = _METHODS.get(compression, _unknown)(data, size)
    if len(unpacked) != size:
        raise UnpackingError(f"it declares {size} bytes and holds {len(unpacked)}")
    return unpacked


def unpack_message(data: bytes) -> bytes:
    """A message that rosbag2 compressed by itself (``compression_mode: message``)."""
    import zstandard

    try:
        size = zstandard.frame_content_size(data)
    except zstandard.ZstdError as error:
        raise UnpackingError(str(error)) from error
    if size < 0:
        raise UnpackingError("the zstd frame does not declare its size")
    return unpack(data, "zstd", size)


def _plain(data: bytes, size: int) -> bytes:
    """A block that is not compressed."""
    return data


def _zstd(data: bytes, size: int) -> bytes:
    """A zstd block."""
    import zstandard

    try:
        if zstandard.frame_content_size(data) > size:
            raise UnpackingError(f"it declares {size} bytes and its frame more")
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=max(1, size))
    except zstandard.ZstdError as error:
        raise UnpackingError(str(error)) from error


def _lz4(data: bytes, size: int) -> bytes:
    """An LZ4 frame."""
    import lz4.frame

    try:
        unpacked = lz4.frame.LZ4FrameDecompressor().decompress(data, max_length=size + 1)
    except (RuntimeError, EOFError, ValueError) as error:
        raise UnpackingError(str(error)) from error
    return bytes(unpacked)


def _bz2(data: bytes, size: int) -> bytes:
    """A bzip2 stream."""
    try:
        return bz2.BZ2Decompressor().decompress(data, max_length=size + 1)
    except (OSError, EOFError, ValueError) as error:
        raise UnpackingError(str(error)) from error


def _unknown(data: bytes, size: int) -> bytes:
    """A compression that no specification names."""
    raise UnpackingError("its compression is unknown")


_METHODS = {"": _plain, "none": _plain, "zstd": _zstd, "lz4": _lz4, "bz2": _bz2}
