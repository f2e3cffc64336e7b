"""Broken, cut and mistaken files: read with a finding, or refused with a cure; nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from weft.core import UnreadableError
from weft.readers.media.reader import MediaReader
from weft.readers.media.signatures import container_of
from weft.readers.protocol import HEAD_BYTES, Contents, Probe, Request
from weft.testing.media_files import sweep, write_numbered_video, write_sound


def read(path: Path) -> Contents:
    return MediaReader().read(Request(path, path.name, path.stem))


def probe(path: Path) -> Probe:
    with path.open("rb") as file:
        return Probe(path, file.read(HEAD_BYTES))


def both(path: Path, container: dict[str, str] | None = None) -> Path:
    """A second of video; sound is tested on its own."""
    return write_numbered_video(path, [40 * i for i in range(75)], container=container)


WRITERS = {
    "whole.mp4": lambda path: both(path),
    "faststart.mp4": lambda path: both(path, {"movflags": "faststart"}),
    "fragments.mp4": lambda path: both(path, {"movflags": "frag_keyframe+empty_moov"}),
    "whole.mkv": lambda path: both(path),
    "whole.webm": lambda path: write_sound(path, sweep(96_000), codec="libopus"),
    "whole.avi": lambda path: write_sound(path, sweep(96_000), codec="libmp3lame"),
    "whole.ts": lambda path: both(path),
    "whole.wav": lambda path: write_sound(path, sweep(96_000)),
    "whole.flac": lambda path: write_sound(path, sweep(96_000), codec="flac"),
    "whole.mp3": lambda path: write_sound(path, sweep(96_000), codec="libmp3lame"),
    "whole.ogg": lambda path: write_sound(path, sweep(96_000), codec="libopus"),
    "whole.m4a": lambda path: write_sound(path, sweep(96_000), codec="aac", container="mp4"),
}
SAYS_ITS_LENGTH = {"faststart.mp4", "whole.mkv", "whole.webm", "whole.avi", "whole.wav", "whole.flac", "whole.ogg"}


@pytest.fixture(scope="module", params=WRITERS, ids=list(WRITERS))
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / request.param
    WRITERS[request.param](path)
    return path


def test_a_whole_file_is_not_called_truncated(whole: Path) -> None:
    assert "truncated" not in {finding.check for finding in read(whole).findings}


@pytest.mark.parametrize("tenths", range(10))
def test_a_cut_file_is_read_up_to_the_cut_or_refused(whole: Path, tmp_path: Path, tenths: int) -> None:
    data = whole.read_bytes()
    cut = tmp_path / whole.name
    cut.write_bytes(data[: len(data) * tenths // 10 + (5 if tenths else 0)])
    assert MediaReader().recognises(probe(cut))
    try:
        contents = read(cut)
    except UnreadableError as error:
        assert str(error).startswith(f"{whole.name}: expected")
        return
    for stream in contents.streams:
        assert len(stream.samples.read(max(0, len(stream) - 3), len(stream))) == min(3, len(stream))
        assert (np.diff(stream.timestamps_ns) >= 0).all()
    if whole.name in SAYS_ITS_LENGTH:
        assert "truncated" in {finding.check for finding in contents.findings}


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bytes_raise_nothing_else(whole: Path, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = np.frombuffer(whole.read_bytes(), dtype=np.uint8).copy()
    at = rng.integers(0, data.size, 40)
    data[at] = rng.integers(0, 256, 40)
    path = tmp_path / whole.name
    path.write_bytes(data.tobytes())
    try:
        for stream in read(path).streams:
            stream.samples.read(0, min(len(stream), 30))
            stream.samples.read(max(0, len(stream) - 30), len(stream))
    except UnreadableError:
        return


@pytest.mark.parametrize("suffix", [".mp4", ".wav", ".mp3", ".mkv", ".mpg", ".ts"])
def test_text_under_a_media_name_is_claimed_and_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"notes{suffix}"
    path.write_text("#EXTM3U\nfile:///etc/passwd\n")
    assert MediaReader().recognises(probe(path))
    with pytest.raises(UnreadableError, match=rf"notes\{suffix}: expected media, as its name says, found text"):
        read(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cam.mp4"
    path.touch()
    with pytest.raises(UnreadableError, match=r"cam\.mp4: expected media, found an empty file \(0 bytes\)"):
        read(path)


def test_zeros_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cam.mp4"
    path.write_bytes(bytes(5000))
    with pytest.raises(UnreadableError, match="zero bytes; the recorder or a copy failed"):
        read(path)


def test_a_pointer_to_a_file_that_was_not_fetched_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cam.mp4"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    with pytest.raises(UnreadableError, match="git lfs pull"):
        read(path)


def test_an_mp4_without_its_index_names_the_cure(tmp_path: Path) -> None:
    path = both(tmp_path / "cam.mp4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableError, match=r"expected an index \(a 'moov' box\).*Copy it again, repair it"):
        read(path)


def test_a_truncated_file_says_how_much_is_missing(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "mic.wav", sweep(48_000))
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-20_000])
    finding = read(path).findings[0]
    assert (finding.check, finding.subject) == ("truncated", "mic.wav")
    assert finding.numbers == {"promised_bytes": size, "found_bytes": size - 20_000}


@pytest.mark.parametrize("name", list(WRITERS))
def test_content_is_recognised_under_any_name(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    other = tmp_path / "no_suffix_at_all"
    shutil.copy(tmp_path / name, other)
    assert container_of(probe(other).head)
    assert MediaReader().recognises(probe(other))
    assert read(other).streams


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"a,b,c\n1,2,3\n",
        b"\x00\x00\x00\x18ftypheic",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"\x89PNG\r\n",
        b"PAR1",
        b"SQLite format 3",
    ],
    ids=["nothing", "csv", "heic", "webp", "png", "parquet", "sqlite"],
)
def test_other_content_is_left_to_others(tmp_path: Path, head: bytes) -> None:
    assert not MediaReader().recognises(Probe(tmp_path / "other.bin", head))


def test_a_name_that_looks_like_a_protocol_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_sound(tmp_path / "a.wav", sweep(1000)).rename(tmp_path / "concat:a|b.wav")
    monkeypatch.chdir(tmp_path)
    assert len(read(Path("concat:a|b.wav")).streams) == 1


def test_importing_the_reader_loads_no_decoder() -> None:
    import subprocess
    import sys

    code = "import sys, weft.readers.media.reader; print('av' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
