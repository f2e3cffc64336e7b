"""Tobii, EyeLink, BeGaze, Pupil exports and native Neon recordings."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from weft.core import Epoch, Interval, UnreadableError, UnsupportedError
from weft.readers.devices.begaze import BeGazeReader
from weft.readers.devices.biopac import BiopacReader
from weft.readers.devices.eyelink import EyeLinkReader
from weft.readers.devices.pupil_export import PupilExportReader
from weft.readers.devices.pupil_neon import NeonReader
from weft.readers.devices.tobii_export import TobiiExportReader
from weft.readers.devices.tobii_glasses import TobiiGlassesReader
from weft.readers.protocol import Contents, Probe, Reader, Request

FIRST_NS = 1_685_088_813_175_076_015


def read(reader: Reader, path: Path, body: str, clock: str = "a") -> Contents:
    path.write_text(body, encoding="utf-8")
    assert reader.recognises(Probe(path, body.encode()[:4096]))
    return reader.read(Request(path, path.name, clock))


LIVE = [
    {"ts": 484_838_561, "s": 0, "pts": 622_438, "pv": 4},
    {"ts": 484_678_568, "s": 0, "gidx": 1, "gp": [0.5, 0.41]},
    {"ts": 484_698_568, "s": 1, "gidx": 2, "gp": [0.0, 0.0]},
    {"ts": 484_710_855, "s": 0, "ac": [-0.039, -10.146, 0.84]},
    {"ts": 485_478_112, "s": 0, "vts": 0},
    {"ts": 486_117_728, "s": 0, "vts": 639_616},
    {"ts": 484_678_568, "s": 0, "gidx": 1, "pd": 5.4, "eye": "left"},
]


def test_glasses_packets_become_streams_and_the_videos_relation(tmp_path: Path) -> None:
    body = "\n".join(json.dumps(packet) for packet in LIVE) + "\n"
    contents = read(TobiiGlassesReader(), tmp_path / "livedata.json", body, "glasses")
    streams = {stream.name: stream for stream in contents.streams}
    assert set(streams) == {"glasses/gaze", "glasses/accelerometer", "glasses/pupil_diameter_left"}
    assert streams["glasses/gaze"].timestamps_ns.tolist() == [484_678_568_000, 484_698_568_000]
    np.testing.assert_array_equal(streams["glasses/gaze"].samples.read(0, 2), [[0.5, 0.41], [np.nan, np.nan]])
    (relation,) = contents.evidence
    assert (relation.clock, relation.reference, relation.method) == ("glasses/fullstream", "glasses", "declared")
    assert relation.offsets_ns.tolist() == [485_478_112_000] * 2
    assert {clock.name for clock in contents.clocks} == {"glasses", "glasses/fullstream"}
    assert "invalid_samples" in {f.check for f in contents.findings}


def test_a_video_beside_the_packets_is_related_by_its_own_clocks_name(tmp_path: Path) -> None:
    (tmp_path / "fullstream.mp4").touch()
    body = "\n".join(json.dumps(packet) for packet in LIVE) + "\n"
    contents = read(TobiiGlassesReader(), tmp_path / "livedata.json", body, "glasses")
    assert [(e.clock, e.reference) for e in contents.evidence] == [("fullstream", "glasses")]
    assert {clock.name for clock in contents.clocks} == {"glasses", "fullstream"}


def test_glasses_packets_out_of_order_are_refused(tmp_path: Path) -> None:
    body = "".join(json.dumps({"ts": t, "s": 0, "gp": [0, 0]}) + "\n" for t in (5, 3))
    with pytest.raises(UnreadableError, match="in the order of their time, found 1 falls"):
        read(TobiiGlassesReader(), tmp_path / "livedata.json", body)


@pytest.mark.parametrize(
    ("reader", "own"),
    [
        (TobiiGlassesReader(), {"livedata.json.gz", "fullstream.mp4", "segment.json", "et.tslv.gz"}),
        (PupilExportReader(), {"gaze.csv", "world_timestamps.csv", "info.json", "0b1c_0.0-9.mp4"}),
        (NeonReader(), {"info.json", "gaze ps1.time", "gaze ps1.raw", "event.txt", "Neon Scene Camera v1 ps1.mp4"}),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else "",
)
def test_a_folder_is_taken_whole_only_if_it_is_one_devices(reader: Reader, own: set[str], tmp_path: Path) -> None:
    assert reader.recognises(Probe(tmp_path, entries=frozenset({*own, "LICENSE", "README.md", ".hidden"})))
    assert not reader.recognises(Probe(tmp_path, entries=frozenset({*own, "room.wav"})))


@pytest.mark.shared_data
def test_a_real_segment_relates_its_eye_video_to_the_tracker(shared_data: Path) -> None:
    segment = (
        shared_data / "eyetracking/dcnieho__GlassesViewer/demo_data/projects/raoscyb/recordings/gzz7stc/segments/1"
    )
    assert TobiiGlassesReader().recognises(Probe(segment, entries=frozenset(p.name for p in segment.iterdir())))
    contents = TobiiGlassesReader().read(Request(segment, "1", "g"))
    counts = {s.name.removeprefix("g/"): len(s) for s in contents.streams}
    assert counts["accelerometer"] == 2966
    assert counts["gyroscope"] == 2685
    assert counts["gaze"] == counts["pupil_diameter_left"] == 1424
    assert counts["eyesstream/video"] == 1388
    offsets = {e.clock: set(e.offsets_ns.tolist()) for e in contents.evidence}
    assert offsets == {"g/fullstream": {485_478_112_000}, "g/eyesstream": {485_578_030_000}}


TX300 = "Time\tLEyePos3dx\tLGazePos2dx\tLValidity\tRGazePos2dx\tRValidity\n"


def test_an_eye_that_was_not_found_has_no_values(tmp_path: Path) -> None:
    body = TX300 + "2619771723\t0\t-1\t4\t0.5\t0\n2619775056\t7\t0.4\t0\t0.5\t0\n"
    contents = read(TobiiExportReader(), tmp_path / "a.tsv", body)
    (stream,) = contents.streams
    assert stream.timestamps_ns.tolist() == [2_619_771_723_000, 2_619_775_056_000]
    np.testing.assert_array_equal(stream.samples.read(0, 1), [[np.nan, np.nan, 4, 0.5, 0]])
    (finding,) = (f for f in contents.findings if f.check == "invalid_samples")
    assert finding.numbers == {"left": 1.0, "right": 0.0}


def test_pro_lab_events_become_annotations(tmp_path: Path) -> None:
    body = "Recording timestamp [μs]\tGaze point X [px]\tEvent\n100\t5\t\n200\t6\tImageStart\n300\t7\t\n"
    contents = read(TobiiExportReader(), tmp_path / "a.tsv", body)
    assert [s.name for s in contents.streams] == ["a/gaze"]
    (event,) = contents.annotations
    assert (event.kind, event.value, event.interval) == ("event", "ImageStart", Interval(200_000, 200_000))


@pytest.mark.shared_data
@pytest.mark.parametrize(("number", "count"), [(1, 651), (2, 1206), (3, 1207), (4, 434), (5, 1210)])
def test_real_screen_recordings_run_at_300_hz(number: int, count: int, shared_data: Path) -> None:
    path = shared_data / f"eyetracking/dcnieho__I2MC_Python/example/example_data/participant1/{number}.tsv"
    (stream,) = TobiiExportReader().read(Request(path, path.name, "a")).streams
    assert len(stream) == count
    assert stream.effective_rate_hz == pytest.approx(300, rel=1e-3)


ASC = """** CONVERTED FROM a.edf
** TYPE: EDF_FILE BINARY EVENT SAMPLE TAGGED

>>>>>>> CALIBRATION (HV9,P-CR) FOR LEFT: <<<<<<<<<
   227.35 -1.5024  153.47 -0.1679 -0.22845
START\t2154556.0 \t{eyes}\tSAMPLES\tEVENTS
SAMPLES\tGAZE\t{eyes}\tRATE\t2000.00\tTRACKING\tCR\tFILTER\t2\tINPUT
INPUT\t2154556\t127
MSG\t2154556 SYNCTIME  two  blanks
{samples}EFIX L   2154556.0\t2154556.5\t1.0\t  638.5\t  531.8\t    618
EBLINK R 2154557.0\t2154558.0\t1.5
ESACC L  643199\t647813\t4616\t   .\t   .\t  852.1\t  616.2\t 2.3e+06\t    102
END\t2154559 \tSAMPLES\tEVENTS\tRES\t  37.17\t  37.75
"""


def test_eyelink_samples_events_and_messages(tmp_path: Path) -> None:
    samples = "2154556.0\t  138.1\t  132.8\t  778.0\t    0.0\t...\n2154556.5\t   .\t   .\t    0.0\t    0.0\t...\n"
    contents = read(EyeLinkReader(), tmp_path / "a.asc", ASC.format(eyes="LEFT", samples=samples))
    gaze, port = contents.streams
    assert gaze.channels == ("x", "y", "pupil")
    assert gaze.timestamps_ns.tolist() == [2_154_556_000_000, 2_154_556_500_000]
    np.testing.assert_array_equal(gaze.samples.read(0, 2), [[138.1, 132.8, 778.0], [np.nan, np.nan, 0.0]])
    assert gaze.nominal_rate_hz == 2000.0
    assert port.samples.read(0, 1).tolist() == [[127]]
    kinds = {a.kind: a for a in contents.annotations}
    assert kinds["fixation"].interval == Interval(2_154_556_000_000, 2_154_557_000_000)
    assert kinds["fixation"].value == {"x": 638.5, "y": 531.8, "pupil": 618.0}
    assert kinds["blink"].tier == "blink right"
    assert kinds["saccade"].value["peak_velocity"] == 102.0
    assert kinds["message"].value == "SYNCTIME  two  blanks"
    assert contents.clocks[0].epoch is Epoch.BOOT


def test_eyelink_with_both_eyes(tmp_path: Path) -> None:
    samples = "2154556\t1.0\t2.0\t3.0\t4.0\t5.0\t6.0\t.....\n"
    contents = read(EyeLinkReader(), tmp_path / "a.asc", ASC.format(eyes="LEFT\tRIGHT", samples=samples))
    assert contents.streams[0].channels == ("x_left", "y_left", "pupil_left", "x_right", "y_right", "pupil_right")
    assert contents.streams[0].samples.read(0, 1).tolist() == [[1, 2, 3, 4, 5, 6]]


def test_eyelink_time_running_backwards_is_refused(tmp_path: Path) -> None:
    samples = "2154557\t1\t2\t3\n2154556\t1\t2\t3\n"
    with pytest.raises(UnreadableError, match="found 1 falls"):
        read(EyeLinkReader(), tmp_path / "a.asc", ASC.format(eyes="LEFT", samples=samples))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "count", "rate_hz"),
    [
        ("eyelink_monocular_example.asc", 16, 1000.0),
        ("eyelink_monocular_2khz_example.asc", 16, 2000.0),
        ("eyelink_monocular_no_dummy_example.asc", 297, 500.0),
    ],
)
def test_real_eyelink_files_are_read(name: str, count: int, rate_hz: float, shared_data: Path) -> None:
    path = shared_data / "eyetracking/aeye-lab__pymovements/tests/files" / name
    gaze = EyeLinkReader().read(Request(path, name, "a")).streams[0]
    assert (len(gaze), gaze.nominal_rate_hz) == (count, rate_hz)


def test_begaze_messages_stand_between_samples(tmp_path: Path) -> None:
    head = "## [BeGaze]\n##\nTime\tType\tTrial\tL POR X [px]\tStimulus\n"
    body = (
        head
        + "70590724309\tMSG\t1\t# Message: test.bmp\n70590726108\tSMP\t1\t858.16\ta\n70590730097\tSMP\t1\t844.17\ta\n"
    )
    contents = read(BeGazeReader(), tmp_path / "a.txt", body)
    (stream,) = contents.streams
    assert stream.timestamps_ns.tolist() == [70_590_726_108_000, 70_590_730_097_000]
    assert stream.channels == ("Trial", "L POR X [px]")
    (message,) = contents.annotations
    assert (message.value, message.interval.start_ns) == ("test.bmp", 70_590_724_309_000)
    assert not {"broken_rows", "inferred_time_unit"} & {f.check for f in contents.findings}


def test_a_pupil_export_folder_is_one_clock_of_exact_stamps(tmp_path: Path) -> None:
    files = {
        "gaze.csv": f"recording id,timestamp [ns],gaze x [px],fixation id\nr,{FIRST_NS},9,1\nr,{FIRST_NS + 5},1,1\n",
        "world_timestamps.csv": f"section id,recording id,timestamp [ns]\ns,r,{FIRST_NS}\n",
        "blinks.csv": f"recording id,blink id,start timestamp [ns],end timestamp [ns]\nr,1,{FIRST_NS},{FIRST_NS + 7}\n",
        "events.csv": f"recording id,timestamp [ns],name,type\nr,{FIRST_NS},recording.begin,recording\n",
        "notes.csv": "free,text\na,b\n",
    }
    for name, body in files.items():
        (tmp_path / name).write_text(body, encoding="utf-8")
    assert PupilExportReader().recognises(Probe(tmp_path, entries=frozenset(files)))
    contents = PupilExportReader().read(Request(tmp_path, "invisible", "invisible"))
    streams = {stream.name: stream for stream in contents.streams}
    assert streams["invisible/gaze"].timestamps_ns.tolist() == [FIRST_NS, FIRST_NS + 5]
    assert streams["invisible/gaze"].channels == ("gaze x [px]",)
    assert len(streams["invisible/scene_frames"]) == 1
    assert {(a.kind, a.interval) for a in contents.annotations} == {
        ("blink", Interval(FIRST_NS, FIRST_NS + 7)),
        ("event", Interval(FIRST_NS, FIRST_NS)),
    }
    assert [(clock.name, clock.epoch) for clock in contents.clocks] == [("invisible", Epoch.UNIX)]
    (finding,) = (f for f in contents.findings if f.check == "files_left_out")
    assert finding.message.endswith("notes.csv")


@pytest.mark.shared_data
def test_a_real_pupil_invisible_export_is_read(shared_data: Path) -> None:
    folder = shared_data / "eyetracking/dcnieho__glassesValidator/example_data/Pupil Invisible"
    contents = PupilExportReader().read(Request(folder, folder.name, "i"))
    assert {s.name: len(s) for s in contents.streams} == {"i/gaze": 3385, "i/imu": 3201, "i/scene_frames": 516}
    assert contents.streams[0].timeline.first_ns == FIRST_NS
    kinds = [a.kind for a in contents.annotations]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"fixation": 17, "blink": 2, "event": 2}


def neon(folder: Path, *, records: int = 4) -> Path:
    root = folder / "neon"
    root.mkdir()
    (root / "info.json").write_text("{}", encoding="utf-8")
    (root / "gaze.dtype").write_text('[\n("x", "float32"),\n("y", "float32"),\n]', encoding="utf-8")
    for part in (1, 2):
        (FIRST_NS + 1000 * part + np.arange(4, dtype="<i8")).tofile(root / f"gaze ps{part}.time")
        np.arange(2 * records, dtype="<f4").tofile(root / f"gaze ps{part}.raw")
    fields = [("event_type", "<i4"), ("start_timestamp_ns", "<i8"), ("end_timestamp_ns", "<i8")]
    lines = "".join(f'("{name}", "{np.dtype(kind).name}"),\n' for name, kind in fields)
    (root / "blinks.dtype").write_text(f"[\n{lines}]", encoding="utf-8")
    np.array([(4, FIRST_NS, FIRST_NS + 9)], dtype=fields).tofile(root / "blinks ps1.raw")
    np.array([FIRST_NS], "<i8").tofile(root / "blinks ps1.time")
    np.array([FIRST_NS, FIRST_NS + 50], "<i8").tofile(root / "event.time")
    (root / "event.txt").write_text("recording.begin\nrecording.end\n", encoding="utf-8")
    return root


def test_a_neon_recording_joins_its_parts(tmp_path: Path) -> None:
    root = neon(tmp_path)
    assert NeonReader().recognises(Probe(root, entries=frozenset(p.name for p in root.iterdir())))
    contents = NeonReader().read(Request(root, "neon", "neon"))
    (gaze,) = contents.streams
    assert gaze.channels == ("x", "y")
    assert gaze.timestamps_ns.tolist() == [FIRST_NS + 1000 * part + i for part in (1, 2) for i in range(4)]
    assert gaze.samples.read(4, 6).tolist() == [[0, 1], [2, 3]]
    assert [(a.kind, a.interval) for a in contents.annotations if a.kind == "blink"] == [
        ("blink", Interval(FIRST_NS, FIRST_NS + 9))
    ]
    assert [a.value for a in contents.annotations if a.kind == "event"] == ["recording.begin", "recording.end"]
    assert contents.clocks[0].epoch is Epoch.UNIX


def test_a_neon_file_with_too_few_records_is_read_up_to_them_aloud(tmp_path: Path) -> None:
    contents = NeonReader().read(Request(neon(tmp_path, records=3), "neon", "neon"))
    assert len(contents.streams[0]) == 6
    assert [f.check for f in contents.findings] == ["truncated_file", "truncated_file"]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.77, 0.99])
@pytest.mark.parametrize("name", ["gaze ps1.raw", "gaze ps1.time", "gaze.dtype", "event.txt", "blinks ps1.raw"])
def test_a_cut_neon_file_is_read_or_refused(name: str, share: float, tmp_path: Path) -> None:
    root = neon(tmp_path)
    body = (root / name).read_bytes()
    (root / name).write_bytes(body[: int(len(body) * share)])
    try:
        contents = NeonReader().read(Request(root, "neon", "neon"))
    except (UnreadableError, UnsupportedError) as error:
        assert "neon" in str(error)
    else:
        assert contents.findings


def write_video(path: Path, frames: int) -> None:
    with av.open(path, "w") as container:
        track = container.add_stream("mpeg4", rate=25)
        track.width = track.height = 32
        for number in range(frames):
            image = np.full((32, 32, 3), 8 * number, dtype=np.uint8)
            container.mux(track.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(track.encode())


@pytest.mark.parametrize(("frames", "related"), [(4, True), (3, False)])
def test_a_scene_video_is_related_by_the_stamps_of_its_frames(frames: int, related: bool, tmp_path: Path) -> None:
    root = neon(tmp_path)
    stamps_ns = FIRST_NS + 40_000_000 * np.arange(4, dtype="<i8")
    stamps_ns.tofile(root / "Neon Scene Camera v1 ps1.time")
    write_video(root / "Neon Scene Camera v1 ps1.mp4", frames)
    contents = NeonReader().read(Request(root, "neon", "neon"))
    assert "neon/scene/video" in {s.name for s in contents.streams}
    assert ("frames_without_stamps" in {f.check for f in contents.findings}) is not related
    if related:
        (relation,) = contents.evidence
        assert (relation.clock, relation.reference) == ("neon/scene", "neon")
        assert (relation.times_ns + relation.offsets_ns).tolist() == stamps_ns.tolist()


@pytest.mark.shared_data
def test_a_real_neon_recording_is_read(shared_data: Path) -> None:
    root = shared_data / "eyetracking/pupil-labs__pl-neon-recording/tests/data/demo_recording"
    contents = NeonReader().read(Request(root, "demo", "n"))
    streams = {s.name: s for s in contents.streams}
    assert len(streams["n/gaze"]) == len(streams["n/eye_state"]) == 1788
    assert streams["n/gaze"].effective_rate_hz == pytest.approx(199.37, abs=0.01)
    assert streams["n/imu"].samples.shape == (969, 10)
    assert len(streams["n/scene_frames"]) == 292
    kinds = [a.kind for a in contents.annotations]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"fixation": 23, "saccade": 22, "blink": 2, "event": 2}
    gravity = np.linalg.norm(streams["n/imu"].samples.read(0, 969)[:, 3:6], axis=1)
    assert np.median(gravity) == pytest.approx(1.0, abs=0.05)


def test_biopac_is_refused_with_a_way_in(tmp_path: Path) -> None:
    assert BiopacReader().recognises(Probe(Path("a.acq")))
    with pytest.raises(UnsupportedError, match="export the channels"):
        BiopacReader().read(Request(tmp_path / "a.acq", "a.acq", "a"))
