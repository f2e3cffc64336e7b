"""The rules that every reader keeps, each a function with a name; run them on a reader of your own.

    from weft.testing.reader_contract import RULES

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
    def test_my_reader(rule, tmp_path):
        rule(MyReader(), tmp_path / "a-file-of-mine")

A rule raises ``BrokenRule`` with what it expected and found.
"""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from weft.core import Stream, UnreadableError, UnsupportedError
from weft.readers.finding_files import hash_file
from weft.readers.protocol import HEAD_BYTES, Contents, Probe, Reader, Request

Rule = Callable[[Reader, Path], None]

CUTS = 10
MOST_SAMPLES = 64
"""How many samples of a stream a rule reads, so that the rules stay quick."""


class BrokenRule(AssertionError):
    """A reader does not keep the contract."""


def read(reader: Reader, path: Path) -> Contents:
    """What a reader gives for a path, with the clock named as a folder would name it."""
    return reader.read(Request(path, path.name, path.stem))


def probe_of(path: Path) -> Probe:
    """What a reader is shown of a path."""
    if path.is_dir():
        return Probe(path, entries=frozenset(entry.name for entry in path.iterdir()))
    with path.open("rb") as stream:
        return Probe(path, head=stream.read(HEAD_BYTES))


def recognises_its_own(reader: Reader, path: Path) -> None:
    """A reader recognises its own kind of file."""
    if not reader.recognises(probe_of(path)):
        raise BrokenRule(f"{reader.name} does not recognise {path.name}")


def leaves_the_file_as_it_was(reader: Reader, path: Path) -> None:
    """Reading changes not one byte of the original and leaves nothing beside it."""
    before, beside = hash_file(path), sorted(entry.name for entry in path.parent.iterdir())
    for stream in read(reader, path).streams:
        _some(stream)
    if hash_file(path) != before or sorted(entry.name for entry in path.parent.iterdir()) != beside:
        raise BrokenRule(f"{reader.name} changed {path.name} or its folder")


def names_its_clocks(reader: Reader, path: Path) -> None:
    """Every clock that a stream, annotation or piece of evidence reads is listed."""
    contents = read(reader, path)
    if contents.follows_stem or contents.names_others:
        return
    listed = {clock.name for clock in contents.clocks}
    used = {stream.clock for stream in contents.streams} | {a.clock for a in contents.annotations}
    used |= {clock for one in contents.evidence for clock in (one.clock, one.reference)}
    if not used <= listed:
        raise BrokenRule(f"{reader.name} uses clocks {sorted(used - listed)} that it does not list")


def reads_in_parts_as_at_once(reader: Reader, path: Path) -> None:
    """Two halves of a range are what the range is."""
    for stream in read(reader, path).streams:
        count = min(len(stream), MOST_SAMPLES)
        whole = stream.samples.read(0, count)
        parts = [stream.samples.read(0, count // 2), stream.samples.read(count // 2, count)]
        if not _same(whole, np.concatenate(parts) if count else whole):
            raise BrokenRule(f"{stream.name}: reading in parts differs from reading at once")


def reads_backwards_as_forwards(reader: Reader, path: Path) -> None:
    """A range read after a later one is what it was before."""
    for stream in read(reader, path).streams:
        count = min(len(stream), MOST_SAMPLES)
        first = stream.samples.read(0, count // 2)
        stream.samples.read(count // 2, count)
        if not _same(first, stream.samples.read(0, count // 2)):
            raise BrokenRule(f"{stream.name}: the beginning differs when it is read again")


def survives_a_pickle(reader: Reader, path: Path) -> None:
    """Samples that were read from can be sent to another process."""
    for stream in read(reader, path).streams:
        here = _some(stream)
        there = pickle.loads(pickle.dumps(stream.samples))  # noqa: S301  (our own object, made on this line)
        if not _same(here, there.read(0, min(len(stream), MOST_SAMPLES))):
            raise BrokenRule(f"{stream.name}: samples differ after a pickle")


def gives_what_it_declares(reader: Reader, path: Path) -> None:
    """Arrays have the declared shape and type, and stamps never decrease."""
    for stream in read(reader, path).streams:
        values = _some(stream)
        declared = stream.samples.shape[1:]
        fits = len(values.shape) == len(declared) + 1 and all(
            want in (-1, have) for want, have in zip(declared, values.shape[1:], strict=False)
        )
        if values.dtype != stream.samples.dtype or (values.dtype != object and not fits):
            raise BrokenRule(
                f"{stream.name}: declared {declared} {stream.samples.dtype}, gave {values.shape} {values.dtype}"
            )
        if np.any(np.diff(stream.timeline.slice_ns(0, min(len(stream), 10_000))) < 0):
            raise BrokenRule(f"{stream.name}: stamps decrease")
        # Samples that differ in length (clouds of points) have their columns last, by declaration.
        shape = stream.samples.shape if values.dtype == object else values.shape
        columns = (shape[-1] if values.dtype == object else shape[1]) if len(shape) > 1 else 1
        if stream.channels and columns != -1 and len(stream.channels) != columns:
            raise BrokenRule(f"{stream.name}: {len(stream.channels)} channel names for samples of {values.shape[1:]}")


def gives_the_same_twice(reader: Reader, path: Path) -> None:
    """Two readings of one file agree in everything."""
    one, two = read(reader, path), read(reader, path)
    names = [[stream.name for stream in contents.streams] for contents in (one, two)]
    if names[0] != names[1] or one.annotations != two.annotations or one.findings != two.findings:
        raise BrokenRule(f"{reader.name} read {path.name} differently the second time")
    for a, b in zip(one.streams, two.streams, strict=True):
        if not np.array_equal(a.timestamps_ns, b.timestamps_ns) or not _same(_some(a), _some(b)):
            raise BrokenRule(f"{a.name}: differs the second time")


def survives_a_cut(reader: Reader, path: Path) -> None:
    """A file cut at ten places is read up to the cut or refused clearly; nothing else is raised."""
    if path.is_dir():
        return
    for cut in _cuts(path):
        try:
            for stream in read(reader, cut).streams:
                _some(stream)
        except (UnreadableError, UnsupportedError) as error:
            if cut.name not in str(error):
                raise BrokenRule(f"the error does not name the file: {error}") from error


RULES: tuple[Rule, ...] = (
    recognises_its_own,
    leaves_the_file_as_it_was,
    names_its_clocks,
    reads_in_parts_as_at_once,
    reads_backwards_as_forwards,
    survives_a_pickle,
    gives_what_it_declares,
    gives_the_same_twice,
    survives_a_cut,
)
"""In the order in which a new reader will break them."""


def _some(stream: Stream) -> np.ndarray[Any, Any]:
    """The first samples of a stream."""
    return stream.samples.read(0, min(len(stream), MOST_SAMPLES))


def _same(one: np.ndarray[Any, Any], two: np.ndarray[Any, Any]) -> bool:
    """Whether two arrays hold the same, not-a-number and nested arrays included."""
    if one.shape != two.shape or one.dtype != two.dtype:
        return False
    if one.dtype == object:
        return all(
            np.array_equal(a, b, equal_nan=a.dtype.kind in "fc") if isinstance(a, np.ndarray) else a == b
            for a, b in zip(one.ravel(), two.ravel(), strict=True)
        )
    return np.array_equal(one, two, equal_nan=one.dtype.kind in "fc")


def _cuts(path: Path) -> Iterator[Path]:
    """Copies of a file, cut at ten places from its first byte to its last but one."""
    size = path.stat().st_size
    with TemporaryDirectory() as folder:
        for number in range(CUTS):
            cut = Path(folder) / path.name
            shutil.copyfile(path, cut)
            with cut.open("r+b") as stream:
                stream.truncate(max(1, size * number // CUTS) if number < CUTS - 1 else size - 1)
            yield cut
