"""Samples that stay in the bag: each message is read and decoded again when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weft.core import UnreadableError
from weft.core.times import Int64Array
from weft.readers.bags.message_codecs import Codec
from weft.readers.bags.ros_types import DecodingError
from weft.readers.bags.storage import Storage


@dataclass(frozen=True, eq=False)
class MessageSamples:
    """One topic's samples, made from its messages.

    Parameters
    ----------
    storages
        The bag's files.
    places
        File number and place of every message, int64 (n, 3), in the order of the stamps.
    codec, take
        Bytes to message, message to sample.
    sample_shape
        The shape of one sample, with -1 where it varies; then samples are objects.
    sample_dtype
        The type of one value.
    """

    storages: tuple[Storage, ...]
    places: Int64Array
    codec: Codec
    take: Callable[[Any], Any]
    sample_shape: tuple[int, ...]
    sample_dtype: np.dtype[Any]
    subject: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, ...)``, with -1 where samples differ."""
        return (len(self.places), *self.sample_shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of one value; ``object`` for text and for samples of varying shape."""
        return self.sample_dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """The samples ``start <= i < stop``.

        Raises
        ------
        UnreadableError
            If a message cannot be decoded, or the file changed since it was scanned.
        """
        start, stop, _ = slice(start, stop).indices(len(self.places))
        count = max(0, stop - start)
        fixed = self.sample_dtype.kind != "O"
        values = np.empty((count, *self.sample_shape) if fixed else (count,), dtype=self.sample_dtype)
        at = 0
        for file, rows in groupby(self.places[start:stop].tolist(), key=lambda row: row[0]):
            for data in self.storages[file].fetch((row[1], row[2]) for row in rows):
                values[at] = self._sample(data, start + at)
                at += 1
        return values

    def _sample(self, data: bytes, index: int) -> Any:
        """One sample."""
        try:
            sample = self.take(self.codec.decode(data))
        except (DecodingError, ValueError, TypeError, AttributeError) as error:
            raise UnreadableError(
                f"{self.subject}: message {index} cannot be decoded ({error}); leave its moment out, or repair the bag"
            ) from error
        if self.sample_dtype.kind != "O" and np.shape(sample) != self.sample_shape:
            raise UnreadableError(
                f"{self.subject}: message {index} has the shape {np.shape(sample)}, not {self.sample_shape}"
            )
        return sample
