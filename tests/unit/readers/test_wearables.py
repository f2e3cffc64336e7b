"""Empatica sessions and labelled sensor logs."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from weft.core import Epoch, Interval, RegularTimeline, UnreadableError
from weft.readers.devices.empatica import EmpaticaReader
from weft.readers.devices.sensor_log import SensorLogReader
from weft.readers.protocol import Contents, Probe, Request

START_NS = 1_560_279_825_000_000_000
FILES = {
    "ACC.csv": "1560279825.00, 1560279825.00, 1560279825.00\n32.0, 32.0, 32.0\n-61,25,6\n-62,24,11\n",
    "EDA.csv": "1560279825.000000\n4.000000\n0.000000\n0.020499\n0.048685\n",
    "IBI.csv": "1560279825.000000, IBI\n83.503822,0.609403\n99.973326,0.843789\n",
    "tags.csv": "1560279830.25\n",
    "info.txt": "session\n",
}


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "e4"
    folder.mkdir()
    for name, body in FILES.items():
        (folder / name).write_text(body, encoding="utf-8")
    return folder


def test_a_session_folder_is_one_device_on_one_clock(session: Path) -> None:
    probe = Probe(session, entries=frozenset(FILES))
    assert EmpaticaReader().recognises(probe)
    contents = EmpaticaReader().read(Request(session, "e4", "e4"))
    streams = {stream.name: stream for stream in contents.streams}
    assert set(streams) == {"e4/accelerometer", "e4/eda", "e4/ibi"}
    assert streams["e4/accelerometer"].timeline == RegularTimeline(START_NS, Fraction(32), 2)
    assert streams["e4/accelerometer"].samples.read(1, 2).tolist() == [[-62, 24, 11]]
    assert streams["e4/ibi"].timestamps_ns.tolist() == [START_NS + 83_503_822_000, START_NS + 99_973_326_000]
    assert [clock.epoch for clock in contents.clocks] == [Epoch.UNIX]
    assert contents.annotations[0].interval.start_ns == START_NS + 5_250_000_000


def test_one_file_alone_is_read_on_its_own_clock(session: Path) -> None:
    contents = EmpaticaReader().read(Request(session / "EDA.csv", "EDA.csv", "EDA"))
    assert contents.streams[0].name == "EDA/eda"
    assert contents.streams[0].nominal_rate_hz == 4.0


def test_a_folder_with_other_things_in_it_is_not_taken_whole(session: Path) -> None:
    assert not EmpaticaReader().recognises(Probe(session, entries=frozenset({*FILES, "cam.mp4"})))


@pytest.mark.parametrize(
    ("body", "match"),
    [("time,eda\n0,1\n", "Unix time in its first line"), ("1560279825.0\nx\n1\n", "sampling rate in its second line")],
)
def test_a_broken_header_is_refused(body: str, match: str, tmp_path: Path) -> None:
    (tmp_path / "EDA.csv").write_text(body, encoding="utf-8")
    with pytest.raises(UnreadableError, match=match):
        EmpaticaReader().read(Request(tmp_path / "EDA.csv", "EDA.csv", "EDA"))


def test_another_table_of_the_same_name_is_left_to_others() -> None:
    assert not EmpaticaReader().recognises(Probe(Path("EDA.csv"), b"time,eda\n0,1\n"))


@pytest.mark.shared_data
def test_a_real_session_is_read(shared_data: Path) -> None:
    folder = shared_data / "physio/im-ethz__flirt/test/wearable-data/empatica"
    assert EmpaticaReader().recognises(Probe(folder, entries=frozenset(p.name for p in folder.iterdir())))
    streams = {s.name: s for s in EmpaticaReader().read(Request(folder, "e4", "e4")).streams}
    counts = {name.removeprefix("e4/"): len(stream) for name, stream in streams.items()}
    assert counts == {
        "accelerometer": 9998,
        "bvp": 9998,
        "eda": 9998,
        "heart_rate": 4998,
        "ibi": 4999,
        "temperature": 4998,
    }
    assert streams["e4/heart_rate"].timeline.first_ns == START_NS + 10_000_000_000


LOG = "x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label\n"


def read_log(folder: Path, *labels: str) -> Contents:
    rows = [f"{i},1,2,3,4,5,{1657533977813 + 10 * i},{label}\n" for i, label in enumerate(labels)]
    (folder / "a.csv").write_text(LOG + "".join(rows), encoding="utf-8")
    return SensorLogReader().read(Request(folder / "a.csv", "a.csv", "phone"))


def test_each_sensor_is_a_stream_and_each_run_of_labels_an_annotation(tmp_path: Path) -> None:
    contents = read_log(tmp_path, "SIT", "SIT", "WALK", "SIT")
    assert [s.name for s in contents.streams] == ["phone/accelerometer", "phone/gyroscope"]
    first = 1_657_533_977_813_000_000
    assert [(a.value, a.interval) for a in contents.annotations] == [
        ("SIT", Interval(first, first + 20_000_000)),
        ("WALK", Interval(first + 20_000_000, first + 30_000_000)),
        ("SIT", Interval(first + 30_000_000, first + 40_000_000)),
    ]
    assert contents.clocks[0].epoch is Epoch.UNIX


def test_the_header_tells_a_sensor_log() -> None:
    assert SensorLogReader().recognises(Probe(Path("a.csv"), LOG.encode()))
    assert not SensorLogReader().recognises(Probe(Path("a.csv"), b"x,y,timestamp,label\n"))


@pytest.mark.shared_data
def test_every_real_log_of_two_people_is_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "imu/GeoTecINIT__sp-sw-har-dataset/DATA").glob("s0[12]/*.csv"))
    assert len(paths) > 20
    for path in paths:
        contents = SensorLogReader().read(Request(path, path.name, path.stem))
        assert {a.value for a in contents.annotations} <= {
            "SEATED",
            "STANDING_UP",
            "WALKING",
            "TURNING",
            "SITTING_DOWN",
        }
        rate_hz = contents.streams[0].effective_rate_hz
        assert rate_hz is not None
        assert 102 < rate_hz < 105
