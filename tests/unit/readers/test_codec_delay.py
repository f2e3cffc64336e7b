"""How late sound is stamped beside its pictures: by rule, and on files of known content."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft.core import Modality, Stream
from weft.readers import open_recording
from weft.readers.media.codec_delay import Delay, PictureStart, SoundStart, delay_of
from weft.testing.media_files import write_sound

MS = 1_000_000
RATE_HZ = 48_000
AAC_NS = 1024 / RATE_HZ * 1e9


def aac(start_ns: int = 0, signed: bytes = b"\xdeLavc60", tick_ns: int = 20_833, dropped: int = 0) -> SoundStart:
    return SoundStart("aac", RATE_HZ, 1024, dropped, start_ns, tick_ns, signed)


def told(sound: SoundStart, pictures: PictureStart | None = None, container: str = "mov") -> Delay:
    delay = delay_of(sound, pictures, container)
    assert delay is not None
    return delay


def test_what_the_container_dropped_is_not_assumed() -> None:
    assert delay_of(aac(dropped=1024), PictureStart(0), "mov") is None
    assert delay_of(SoundStart("pcm_s16le", RATE_HZ), PictureStart(0), "avi") is None


@pytest.mark.parametrize(
    ("sound", "pictures", "value_ns", "most_sd_ns", "origin"),
    [
        pytest.param(aac(), None, AAC_NS, 0.03 * MS, "assumed", id="sound_alone_of_a_signed_encoder"),
        pytest.param(aac(signed=b""), None, AAC_NS, 13 * MS, "assumed", id="sound_alone_of_an_unknown_encoder"),
        pytest.param(aac(), PictureStart(round(AAC_NS)), 0.0, 0.1 * MS, "file", id="stamps_allow_for_it"),
        pytest.param(aac(signed=b""), PictureStart(round(AAC_NS)), 0.0, 0.1 * MS, "file", id="and_the_encoder_unknown"),
        pytest.param(aac(tick_ns=MS), PictureStart(21 * MS, 0, MS), 0.0, 0.6 * MS, "file", id="to_a_millisecond"),
        pytest.param(aac(), PictureStart(0), AAC_NS, 0.03 * MS, "file", id="both_start_at_once"),
        pytest.param(aac(signed=b""), PictureStart(0), AAC_NS / 2, 13 * MS, "assumed", id="nothing_tells"),
        pytest.param(aac(), PictureStart(300 * MS), AAC_NS / 2, 11 * MS, "assumed", id="pictures_start_later"),
        pytest.param(aac(), PictureStart(80 * MS, 80 * MS), AAC_NS - 80 * MS, 0.03 * MS, "file", id="no_edit_list"),
    ],
)
def test_the_starts_tell_whether_the_stamps_allow_for_the_silence(
    sound: SoundStart, pictures: PictureStart | None, value_ns: float, most_sd_ns: float, origin: str
) -> None:
    delay = told(sound, pictures)
    assert delay.value_ns == pytest.approx(value_ns, abs=1.0)
    assert 0 < delay.sd_ns <= most_sd_ns and delay.origin == origin


def test_high_efficiency_aac_is_a_wider_guess() -> None:
    delay = told(SoundStart("aac", RATE_HZ, 2048, signed=b"Lavc"))
    assert delay.value_ns > 2 * AAC_NS and delay.sd_ns > 15 * MS


def test_pictures_that_a_muxer_moved_by_the_pre_skip_are_told() -> None:
    sound = SoundStart("opus", RATE_HZ, 960, 312, 0, MS)
    assert told(sound, PictureStart(7 * MS, 0, MS), "matroska").value_ns == -7 * MS
    assert delay_of(sound, PictureStart(0, 0, MS), "matroska") is None
    assert delay_of(sound, None, "matroska") is None


def test_a_long_tick_counts_frames_and_hides_nothing() -> None:
    sound = SoundStart("mp3", RATE_HZ, 1152, 0, 0, 24 * MS, b"LAME3.100")
    assert told(sound, PictureStart(0, 0, 40 * MS), "avi").value_ns == pytest.approx(1105 / RATE_HZ * 1e9)


def chirp() -> np.ndarray[Any, np.dtype[np.float32]]:
    seconds = np.arange(2 * RATE_HZ) / RATE_HZ
    return (0.4 * np.sin(2 * np.pi * (200 + 900 * seconds) * seconds)).astype(np.float32)[:, None]


def write_film(path: Path, codec: str, options: dict[str, str]) -> Path:
    """Two seconds of pictures and the chirp, both from 0 on."""
    import av

    with av.open(str(path), "w", options=options) as out:
        pictures: Any = out.add_stream("mpeg4", rate=25)
        pictures.width = pictures.height = 32
        sound: Any = out.add_stream(codec, rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chirp().T), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
        size = sound.codec_context.frame_size or 1024
        resampler = av.AudioResampler(sound.codec_context.format, "mono", RATE_HZ, frame_size=size)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            out.mux(sound.encode(part))
        for number in range(50):
            picture = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 4 * number, np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            out.mux(pictures.encode(picture))
        out.mux(pictures.encode(None))
    return path


def stream_of(path: Path, modality: Modality) -> Stream:
    return next(stream for stream in open_recording(path).streams if stream.modality is modality)


def late_ms(path: Path) -> float:
    """How late the sound is stamped beside the pictures, by correlation with what was encoded."""
    sound, pictures = stream_of(path, Modality.AUDIO), stream_of(path, Modality.VIDEO)
    heard, original = sound.samples.read(0, RATE_HZ)[:, 0], chirp()[4800 : 4800 + 12_000, 0]
    at = int(np.argmax(np.correlate(heard, original, "valid"))) - 4800
    return at / RATE_HZ * 1e3 + (sound.timeline.first_ns - pictures.timeline.first_ns) / MS


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        pytest.param("a.mp4", "aac", {}, id="mp4"),
        pytest.param("b.mp4", "aac", {"use_editlist": "0"}, id="mp4_without_its_edit_list"),
        pytest.param("a.mkv", "aac", {}, id="mkv"),
        pytest.param("b.mkv", "libopus", {}, id="mkv_opus"),
        pytest.param("a.ts", "aac", {}, id="transport_stream"),
        pytest.param("a.avi", "libmp3lame", {}, id="avi"),
    ],
)
def test_sound_is_where_it_was_or_said_to_be_late(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    path = write_film(tmp_path / name, codec, options)
    told = stream_of(path, Modality.AUDIO).details.get("codec_delay", {"value_ms": 0.0, "sd_ms": 0.05})
    assert abs(late_ms(path) - told["value_ms"]) <= 2 * told["sd_ms"] + 0.1


def test_sound_alone_in_matroska_starts_at_its_first_sample(tmp_path: Path) -> None:
    sound = stream_of(write_sound(tmp_path / "a.mka", chirp(), rate_hz=RATE_HZ, codec="aac"), Modality.AUDIO)
    assert sound.timeline.first_ns == 0
