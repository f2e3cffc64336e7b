"""Sound: the right samples at the right instants, however they are reached."""

from __future__ import annotations

import pickle
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from weft.core import Modality, Stream
from weft.readers.media.audio_samples import to_float
from weft.readers.media.reader import MediaReader
from weft.readers.protocol import Contents, Request
from weft.testing.media_files import sweep, write_sound

SECONDS = 13
"""More than two of the blocks in which sound is decoded."""
EXACT, FLOAT, NOISE = 0.0, 1e-6, 0.1
"""Lossless; rounding in the decoder; decoders that fill bands with noise of their own (AAC, AC-3)."""


def read(path: Path) -> Contents:
    return MediaReader().read(Request(path, path.name, path.stem))


def sound_of(path: Path) -> Stream:
    (stream,) = [stream for stream in read(path).streams if stream.modality is Modality.AUDIO]
    return stream


def decoded(path: Path) -> NDArray[np.float32]:
    """The whole sound as a decoder gives it from the start, with nothing of ours in it."""
    with av.open(str(path)) as container:
        return np.concatenate([to_float(frame) for frame in container.decode(audio=0)])


def lag(short: NDArray[Any], long: NDArray[Any]) -> int:
    """Where ``short`` lies in ``long``, by the least squared difference."""
    energy = np.convolve(long.astype(float) ** 2, np.ones(len(short)), "valid")
    return int(np.argmin(energy - 2 * np.correlate(long.astype(float), short.astype(float), "valid")))


CASES = [
    pytest.param(("a.wav", "pcm_s16le", None, 48_000, EXACT), id="wav"),
    pytest.param(("a.wav", "pcm_s24le", None, 44_100, EXACT), id="wav_24_bit"),
    pytest.param(("a.wav", "pcm_f32le", None, 16_000, EXACT), id="wav_float"),
    pytest.param(("a.wav", "pcm_u8", None, 8_000, EXACT), id="wav_8_bit"),
    pytest.param(("a.flac", "flac", None, 44_100, EXACT), id="flac"),
    pytest.param(("a.ogg", "flac", None, 44_100, EXACT), id="flac_in_ogg"),
    pytest.param(("a.mkv", "flac", None, 44_100, EXACT), id="flac_in_mkv"),
    pytest.param(("a.mp3", "libmp3lame", None, 44_100, FLOAT), id="mp3"),
    pytest.param(("a.mkv", "libmp3lame", None, 44_100, FLOAT), id="mp3_in_mkv"),
    pytest.param(("a.avi", "libmp3lame", None, 44_100, FLOAT), id="mp3_in_avi"),
    pytest.param(("a.m4a", "aac", "mp4", 44_100, NOISE), id="aac_in_m4a"),
    pytest.param(("a.mkv", "aac", None, 44_100, NOISE), id="aac_in_mkv"),
    pytest.param(("a.ts", "aac", None, 44_100, NOISE), id="aac_in_ts"),
    pytest.param(("a.aac", "aac", "adts", 44_100, NOISE), id="bare_aac"),
    pytest.param(("a.ogg", "libopus", None, 48_000, FLOAT), id="opus_in_ogg"),
    pytest.param(("a.webm", "libopus", None, 48_000, FLOAT), id="opus_in_webm"),
    pytest.param(("a.mpg", "mp2", None, 48_000, 1e-4), id="mp2_in_mpg"),
]


@pytest.fixture(scope="module", params=CASES)
def coded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A coded file, and by how much its decoder may differ when it starts elsewhere."""
    name, codec, container, rate_hz, tolerance = request.param
    sound = sweep(SECONDS * rate_hz, rate_hz)
    path = tmp_path_factory.mktemp("sound") / name
    return write_sound(path, sound, rate_hz=rate_hz, codec=codec, container=container), tolerance


def test_any_range_is_the_slice_of_the_whole_decoded_from_the_start(coded: tuple[Path, float]) -> None:
    path, tolerance = coded
    stream, whole = sound_of(path), decoded(path)
    assert 0 <= len(whole) - len(stream) < 2048  # The container may end the last packet early.
    inner = pickle.loads(pickle.dumps(stream.samples))  # noqa: S301
    for start in np.random.default_rng(3).integers(0, len(stream) - 3000, 12).tolist():
        part = inner.read(start, start + 3000)
        assert np.abs(part - whole[start : start + 3000]).max() <= tolerance
        assert lag(part[500:2500, 0], whole[start : start + 3000, 0]) == 500
        assert np.array_equal(part, stream.samples.read(start, start + 3000))


def test_all_at_once_and_piece_by_piece_are_the_same_numbers(coded: tuple[Path, float]) -> None:
    stream = sound_of(coded[0])
    pieces = [stream.samples.read(i, min(i + 50_000, len(stream))) for i in range(0, len(stream), 50_000)]
    assert np.array_equal(np.concatenate(pieces), sound_of(coded[0]).samples.read(0, len(stream)))


@pytest.mark.parametrize(
    ("name", "codec", "container", "late_samples"),
    [
        pytest.param("a.m4a", "aac", "mp4", 0, id="edit_list_drops_the_priming"),
        pytest.param("a.mp3", "libmp3lame", None, 0, id="lame_tag_drops_the_priming"),
        pytest.param("a.ogg", "libopus", None, 0, id="pre_skip_drops_the_priming"),
        pytest.param("a.mkv", "aac", None, 0, id="codec_delay_drops_the_priming"),
        pytest.param("a.aac", "aac", "adts", 1024, id="bare_aac_keeps_it"),
    ],
)
def test_sound_starts_where_it_started(
    tmp_path: Path, name: str, codec: str, container: str | None, late_samples: int
) -> None:
    original = sweep(48_000)
    stream = sound_of(write_sound(tmp_path / name, original, codec=codec, container=container))
    assert abs(stream.timeline.first_ns) < 1_000_000
    heard = stream.samples.read(0, 20_000)[:, 0]
    assert lag(original[4000:12_000, 0], heard) == 4000 + late_samples
    assert (stream.details["encoder_delay"] == "unknown") is bool(late_samples)


def test_an_unknown_encoder_delay_is_said_with_its_usual_size(tmp_path: Path) -> None:
    contents = read(
        write_sound(tmp_path / "a.aac", sweep(44_100, 44_100), rate_hz=44_100, codec="aac", container="adts")
    )
    (finding,) = contents.findings
    assert finding.check == "encoder_delay_unknown"
    assert finding.numbers["assumed_delay_ms"] == pytest.approx(23.22, abs=0.01)


def test_the_edit_list_ends_the_sound(tmp_path: Path) -> None:
    assert len(sound_of(write_sound(tmp_path / "a.m4a", sweep(50_000), codec="aac", container="mp4"))) == 50_000


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts"])
def test_a_hole_stays_open_and_is_said(tmp_path: Path, name: str) -> None:
    original = sweep(96_000)
    path = write_sound(tmp_path / name, original, codec="aac", holes={40: 24_000})
    contents = read(path)
    (stream,) = contents.streams
    (finding,) = [finding for finding in contents.findings if finding.check == "gap"]
    assert finding.numbers["holes"] == 1
    assert finding.numbers["total_ms"] == pytest.approx(500, abs=1.5)
    times_ns = stream.timestamps_ns
    steps = np.diff(times_ns)
    assert np.sum(steps > 25_000) == 1
    at = int(np.argmax(steps)) + 1
    assert steps.max() == pytest.approx(500_000_000 + 20_833, abs=1_500_000)
    sound = stream.samples.read(0, len(stream))[:, 0]
    late = int(lag(original[60_000:68_000, 0], sound))
    assert late > at
    assert times_ns[late] - times_ns[0] == pytest.approx((60_000 + 24_000) / 48_000 * 1e9, abs=25e6)


def test_a_drifting_clock_is_followed(tmp_path: Path) -> None:
    slow = {number: 1 for number in range(1, 1200, 4)}  # One sample late every four packets: 244 ppm.
    path = write_sound(tmp_path / "a.mp4", sweep(25 * 48_000), codec="aac", holes=slow)
    contents = read(path)
    (stream,) = contents.streams
    (finding,) = [finding for finding in contents.findings if finding.check == "stamped_rate"]
    assert finding.numbers["ppm"] == pytest.approx(-244, abs=3)
    assert stream.effective_rate_hz == pytest.approx(48_000 * (1 - 244e-6), rel=3e-6)
    assert stream.nominal_rate_hz == 48_000


def test_two_channels_stay_two(tmp_path: Path) -> None:
    original = sweep(5000, channels=2)
    stream = sound_of(write_sound(tmp_path / "a.wav", original))
    assert stream.channels == ("left", "right")
    assert np.abs(stream.samples.read(0, 5000) - original).max() < 1e-4


def test_exact_rates_and_instants(tmp_path: Path) -> None:
    stream = sound_of(write_sound(tmp_path / "a.wav", sweep(44_100, 44_100), rate_hz=44_100))
    assert stream.timeline.rate_hz == Fraction(44_100)
    assert stream.timeline.slice_ns(44_099, 44_100)[0] == 44_099 * 10**9 // 44_100


def test_silence_is_read(tmp_path: Path) -> None:
    stream = sound_of(write_sound(tmp_path / "a.flac", np.zeros((9000, 1), dtype=np.float32), codec="flac"))
    assert not stream.samples.read(0, len(stream)).any()


def test_a_file_without_samples_has_an_empty_stream(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", sweep(1000))
    head = path.read_bytes()[:-2000]
    at = head.index(b"data") + 4
    path.write_bytes(head[:at] + struct.pack("<I", 0))
    (stream,) = read(path).streams
    assert len(stream) == 0
    assert stream.samples.read(0, 10).shape == (0, 1)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 1_000_000], ids=["zero", "unknown", "beyond_the_end"])
def test_a_wav_whose_recorder_never_wrote_its_length(tmp_path: Path, size: int) -> None:
    path = write_sound(tmp_path / "a.wav", sweep(48_000))
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(data)
    contents = read(path)
    assert len(contents.streams[0]) == 48_000
    assert ("truncated" in {finding.check for finding in contents.findings}) is (size == 1_000_000)


def test_memory_does_not_grow_with_what_was_read(tmp_path: Path) -> None:
    stream = sound_of(write_sound(tmp_path / "a.flac", sweep(60 * 16_000, 16_000), rate_hz=16_000, codec="flac"))
    for start in range(0, len(stream), 16_000):
        stream.samples.read(start, start + 16_000)
    assert sum(block.nbytes for block in stream.samples._blocks.kept()) <= 4 * (1 << 18) * 4 + 100_000
