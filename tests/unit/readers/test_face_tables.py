"""OpenFace and py-feat: action units and their companions on the video's clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from weft.core import Epoch, Modality, UnsupportedError
from weft.readers.devices.face_tables import FaceTableReader
from weft.readers.protocol import Contents, Probe, Request

OPENFACE = (
    "frame, face_id, timestamp, confidence, success, gaze_0_x, pose_Tx, pose_Rx, x_0, y_0, X_0, AU01_r, AU12_r, AU01_c"
)
PYFEAT = "FaceRectX,FaceScore,x_0,y_0,AU01,AU12,anger,Pitch,input,frame"


def read(folder: Path, body: str, **options: Any) -> Contents:
    (folder / "a.csv").write_text(body, encoding="utf-8")
    return FaceTableReader().read(Request(folder / "a.csv", "a.csv", "cam", options))


def row(frame: int, face: int = 0, success: int = 1) -> str:
    return f"{frame}, {face}, {frame / 25:.3f}, 0.98, {success}, 0.1, 11.1, 0.2, 300.5, 200.5, 5.5, {face}.5, 2.25, 1\n"


def test_each_group_of_columns_is_a_stream_on_the_videos_clock(tmp_path: Path) -> None:
    contents = read(tmp_path, OPENFACE + "\n" + row(1) + row(2))
    streams = {stream.name: stream for stream in contents.streams}
    units = streams["cam/action_units"]
    assert units.channels == ("AU01_r", "AU12_r", "AU01_c")
    assert units.samples.read(0, 1).tolist() == [[0.5, 2.25, 1.0]]
    assert units.timestamps_ns.tolist() == [40_000_000, 80_000_000]
    assert units.details["intensity_range"] == [0, 5]
    assert streams["cam/head_pose"].units == ("mm", "rad")
    assert streams["cam/face_landmarks"].units == ("px", "px")
    assert streams["cam/face_gaze"].modality is Modality.GAZE
    assert streams["cam/face_confidence"].channels == ("confidence", "success")
    assert contents.follows_stem
    assert contents.clocks[0].epoch is Epoch.START


def test_several_faces_become_streams_of_their_own_the_most_seen_first(tmp_path: Path) -> None:
    body = OPENFACE + "\n" + row(1, 0) + row(1, 7) + row(2, 7)
    streams = {stream.name: stream for stream in read(tmp_path, body).streams}
    assert streams["cam/action_units"].samples.read(0, 2)[:, 0].tolist() == [7.5, 7.5]
    assert streams["cam/action_units_2"].samples.read(0, 1)[:, 0].tolist() == [0.5]


def test_frames_without_a_face_are_remarked(tmp_path: Path) -> None:
    contents = read(tmp_path, OPENFACE + "\n" + row(1) + row(2, success=0) + row(3))
    (finding,) = (f for f in contents.findings if f.check == "face_not_found")
    assert finding.numbers == {"frames": 1.0}


def test_pyfeat_needs_the_frame_rate(tmp_path: Path) -> None:
    body = PYFEAT + "\n200,0.99,1,2,0.5,0.25,0.1,4,a.jpg,0\n201,0.99,1,2,0.75,0.5,0.1,4,a.jpg,15\n"
    with pytest.raises(UnsupportedError, match="rate_hz = 30"):
        read(tmp_path, body)
    streams = {stream.name: stream for stream in read(tmp_path, body, rate_hz=30).streams}
    assert streams["cam/action_units"].timestamps_ns.tolist() == [0, 500_000_000]
    assert streams["cam/action_units"].channels == ("AU01", "AU12")
    assert streams["cam/emotions"].samples.read(0, 2).ravel().tolist() == [0.1, 0.1]


def test_the_header_tells_the_format() -> None:
    assert FaceTableReader().recognises(Probe(Path("a.csv"), OPENFACE.encode() + b"\n"))
    assert FaceTableReader().recognises(Probe(Path("a.csv"), PYFEAT.encode() + b"\n"))
    assert not FaceTableReader().recognises(Probe(Path("a.csv"), b"frame,timestamp\n"))


@pytest.mark.shared_data
def test_a_real_openface_table_is_read_whole(shared_data: Path) -> None:
    path = shared_data / "annotation/cosanlab__py-feat/feat/tests/data/OpenFace_Test.csv"
    streams = {s.name: s for s in FaceTableReader().read(Request(path, path.name, "a")).streams}
    assert streams["a/action_units"].samples.shape == (100, 35)
    assert streams["a/face_landmarks"].samples.shape == (100, 136)
    assert streams["a/head_pose"].samples.read(99, 100)[0, :2].tolist() == [11.2066, 43.2414]
