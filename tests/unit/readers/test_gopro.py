"""GoPro telemetry: values, units and instants, and nothing out of a malicious size."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from weft.core import Interpolation, Modality, UnreadableError
from weft.readers.media import gpmf
from weft.readers.media.gopro import GoproReader, Telemetry
from weft.readers.media.reader import MediaReader
from weft.readers.protocol import Contents, Probe, Request

SAMPLES = "imu_video/gopro__gpmf-parser/samples"


def klv(key: str, kind: str, size: int, data: bytes) -> bytes:
    """One record, padded."""
    head = key.encode() + kind.encode("latin-1") + bytes([size]) + struct.pack(">H", len(data) // size)
    return head + data + bytes(-len(data) % 4)


def nested(key: str, *records: bytes) -> bytes:
    """A record of records."""
    return klv(key, "\0", 4, b"".join(records))


def sensor(key: str, values: np.ndarray, *, scale: int = 100, stamp_us: int | None = None) -> bytes:
    """A stream of int16 samples (n, axes)."""
    stamp = [klv("STMP", "J", 8, struct.pack(">Q", stamp_us))] if stamp_us is not None else []
    data = values.astype(">i2").tobytes()
    return nested(
        "STRM",
        *stamp,
        klv("STNM", "c", 1, b"Accelerometer (up, right, forward)"),
        klv("SIUN", "c", 4, "m/s²".encode("latin-1")),
        klv("SCAL", "s", 2, struct.pack(">h", scale)),
        klv(key, "s", 2 * values.shape[1], data),
    )


def payload(*streams: bytes, device: int = 1) -> bytes:
    """One device's record."""
    return nested("DEVC", klv("DVID", "L", 4, struct.pack(">L", device)), klv("DVNM", "c", 6, b"Camera"), *streams)


def read(path: Path) -> Contents:
    return GoproReader().read(Request(path, path.name, path.stem))


@pytest.fixture
def counts() -> np.ndarray:
    return np.arange(30).reshape(10, 3) * 100


def test_values_are_scaled_and_named(tmp_path: Path, counts: np.ndarray) -> None:
    path = tmp_path / "ride.raw"
    path.write_bytes(payload(sensor("ACCL", counts)))
    (stream,) = read(path).streams
    assert (stream.name, stream.modality) == ("ride/accl", Modality.MOTION)
    assert stream.channels == ("up", "right", "forward")
    assert stream.units == ("m/s²",) * 3
    assert np.array_equal(stream.samples.read(2, 5), np.arange(30.0).reshape(10, 3)[2:5])


def test_samples_are_spread_over_their_payload(tmp_path: Path, counts: np.ndarray) -> None:
    path = tmp_path / "ride.raw"
    path.write_bytes(payload(sensor("ACCL", counts)) * 3)
    contents = read(path)
    (stream,) = contents.streams
    assert np.array_equal(stream.timestamps_ns, np.arange(30) * 100_000_000)
    assert contents.findings[0].check == "assumed_times"


def test_the_cameras_own_stamps_are_believed(tmp_path: Path, counts: np.ndarray) -> None:
    path = tmp_path / "ride.raw"
    path.write_bytes(b"".join(payload(sensor("ACCL", counts, stamp_us=5_000_000 + 800_000 * i)) for i in range(3)))
    (stream,) = read(path).streams
    assert stream.details["time_method"] == "stamps"
    assert np.array_equal(stream.timestamps_ns, np.arange(30) * 80_000_000)


def test_stamps_that_run_back_are_not_believed(tmp_path: Path, counts: np.ndarray) -> None:
    path = tmp_path / "ride.raw"
    path.write_bytes(b"".join(payload(sensor("ACCL", counts, stamp_us=9_000_000 - i)) for i in range(3)))
    assert read(path).streams[0].details["time_method"] == "payloads"


def test_a_short_last_payload_keeps_the_pace(tmp_path: Path, counts: np.ndarray) -> None:
    path = tmp_path / "ride.raw"
    path.write_bytes(payload(sensor("ACCL", counts)) * 2 + payload(sensor("ACCL", counts[:3])))
    (stream,) = read(path).streams
    assert stream.effective_rate_hz == pytest.approx(10)


def test_several_devices_of_one_payload_share_its_second(tmp_path: Path, counts: np.ndarray) -> None:
    path = tmp_path / "ride.raw"
    both = payload(sensor("ACCL", counts)) + payload(sensor("ACCL", counts), device=2)
    path.write_bytes(both * 2)
    streams = read(path).streams
    assert [len(stream) for stream in streams] == [40] or [len(stream) for stream in streams] == [20, 20]
    assert all(stream.timeline.last_ns < 2_000_000_000 for stream in streams)


def test_quaternions_turn_and_end_with_w(tmp_path: Path) -> None:
    values = np.tile([32767, 1, 2, 3], (5, 1))
    path = tmp_path / "ride.raw"
    path.write_bytes(payload(sensor("CORI", values, scale=32767)))
    (stream,) = read(path).streams
    assert (stream.modality, stream.interpolation) == (Modality.POSE, Interpolation.ROTATION)
    assert stream.channels == ("x", "y", "z", "w")
    assert stream.samples.read(0, 1)[0] == pytest.approx([1 / 32767, 2 / 32767, 3 / 32767, 1])


def test_a_structure_of_unlike_numbers_is_read(tmp_path: Path) -> None:
    data = struct.pack(">lSf".replace("S", "H"), 7_000_000, 5, 1.5) * 3
    body = nested(
        "STRM",
        klv("TYPE", "c", 1, b"lSf"),
        klv("SCAL", "l", 4, struct.pack(">3l", 10**7, 1, 1)),
        klv("GPSX", "?", 10, data),
    )
    path = tmp_path / "ride.raw"
    path.write_bytes(payload(body))
    assert np.allclose(read(path).streams[0].samples.read(0, 3), [[0.7, 5, 1.5]] * 3)


def test_a_pickled_stream_reads_the_same(tmp_path: Path, counts: np.ndarray) -> None:
    path = tmp_path / "ride.raw"
    path.write_bytes(payload(sensor("ACCL", counts)) * 3)
    samples = read(path).streams[0].samples
    again = pickle.loads(pickle.dumps(samples))  # noqa: S301
    assert np.array_equal(again.read(7, 25), samples.read(0, 30)[7:25])


def test_a_changed_file_is_an_error(tmp_path: Path, counts: np.ndarray) -> None:
    path = tmp_path / "ride.raw"
    path.write_bytes(payload(sensor("ACCL", counts)))
    samples = read(path).streams[0].samples
    path.write_bytes(payload(sensor("ACCL", counts[:4])))
    with pytest.raises(UnreadableError, match="expected 10 samples of ACCL at byte 0, found 4; the file has changed"):
        samples.read(0, 10)


def test_no_sensor_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "ride.raw"
    path.write_bytes(payload())
    with pytest.raises(UnreadableError, match="found 1 payloads and no sensor in them"):
        read(path)


@pytest.mark.parametrize("cut", range(0, 180, 7))
def test_a_cut_payload_gives_what_is_there(tmp_path: Path, counts: np.ndarray, cut: int) -> None:
    path = tmp_path / "ride.raw"
    path.write_bytes(payload(sensor("ACCL", counts))[:cut])
    try:
        contents = read(path)
    except UnreadableError:
        return
    assert contents.findings[0].check == "truncated"
    assert contents.streams[0].samples.read(0, 1).shape == (1, 3)


@pytest.mark.parametrize("seed", range(30))
def test_any_bytes_are_survived(tmp_path: Path, counts: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = np.frombuffer(payload(sensor("ACCL", counts), sensor("GYRO", counts)) * 2, dtype=np.uint8).copy()
    data[rng.integers(4, data.size, 12)] = rng.integers(0, 256, 12)
    path = tmp_path / "ride.raw"
    path.write_bytes(data.tobytes())
    try:
        streams = read(path).streams
    except UnreadableError:
        return
    for stream in streams:
        stream.samples.read(0, len(stream))


def test_a_huge_type_repetition_is_refused() -> None:
    assert gpmf.expanded("f[99999999]") == ""


def test_a_payload_without_a_place_is_left_out(tmp_path: Path, counts: np.ndarray) -> None:
    telemetry = Telemetry(tmp_path / "cam.mp4")
    telemetry.add(payload(sensor("ACCL", counts)), None, 0, 10**9)
    streams, findings = telemetry.streams(Request(tmp_path / "cam.mp4", "cam.mp4", "cam"), set(), {})
    assert streams == []
    assert findings[0].check == "empty_telemetry"


def test_only_device_records_are_recognised(tmp_path: Path) -> None:
    reader = GoproReader()
    assert reader.recognises(Probe(tmp_path / "a.bin", payload()))
    assert not reader.recognises(Probe(tmp_path / "a.bin", b"DEVC, a comma separated table"))


@pytest.mark.shared_data
def test_a_cameras_telemetry_lies_on_its_videos_clock(shared_data: Path) -> None:
    path = shared_data / SAMPLES / "karma.mp4"
    contents = MediaReader().read(Request(path, path.name, "karma"))
    streams = {stream.name: stream for stream in contents.streams}
    assert len(streams["karma/accl"]) == 2397
    assert len(streams["karma/gyro"]) == 4795
    assert {stream.clock for stream in streams.values()} == {"karma"}
    assert streams["karma/accl"].effective_rate_hz == pytest.approx(198.4, abs=0.5)
    gravity = np.linalg.norm(streams["karma/accl"].samples.read(0, 2397), axis=1)
    assert np.median(gravity) == pytest.approx(9.81, abs=0.6)
    assert streams["karma/accl"].details["creation_time"].startswith("2017-04-17T19:27:57")


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "lengths"),
    [
        ("hero5.raw", {"accl": 199, "gyro": 399, "gps5": 18, "shut": 24}),
        ("Fusion.raw", {"accl": 197, "gyro": 3300, "magn": 25, "gps5": 19}),
    ],
)
def test_bare_payloads_of_real_cameras(shared_data: Path, name: str, lengths: dict[str, int]) -> None:
    path = shared_data / SAMPLES / name
    streams = {stream.name.rpartition("/")[2]: stream for stream in read(path).streams}
    assert {key: len(streams[key]) for key in lengths} == lengths
    latitude, longitude = streams["gps5"].samples.read(0, 1)[0, :2]
    assert 30 < latitude < 36
    assert -120 < longitude < -116
