"""LSL recordings, against made files with known truth, pyxdf on its own, and real recordings."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyxdf

from weft.core import Epoch, Modality, Severity, UnreadableError
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.xdf.chunks import open_bytes, walk
from weft.readers.xdf.reader import XdfReader
from weft.testing.lsl_sessions import LslCase, make_lsl_session
from weft.testing.xdf_writer import XdfStream, xdf_bytes


def _read(path: Path) -> Contents:
    return XdfReader().read(Request(path, path.name, path.name.partition(".")[0]))


def _write(folder: Path, *streams: XdfStream, name: str = "lab.xdf") -> Path:
    path = folder / name
    path.write_bytes(xdf_bytes(streams))
    return path


def _eeg(*, count: int = 1000, start_s: float = 500.0, offset_s: float = -400.0, **changes: Any) -> XdfStream:
    stamps = start_s + np.arange(count) / 100
    measured = [(float(t), offset_s) for t in np.arange(start_s, start_s + count / 100, 5.0)]
    values = np.arange(count * 2, dtype=np.float32).reshape(count, 2)
    fields: dict[str, Any] = {
        "name": "amp",
        "type": "EEG",
        "values": values,
        "stamps_s": stamps,
        "rate_hz": 100.0,
        "offsets": measured,
    }
    return XdfStream(**fields | changes)


def _checks(contents: Contents) -> list[str]:
    return [finding.check for finding in contents.findings]


def test_keeps_raw_stamps_and_gives_offsets_as_evidence(tmp_path: Path) -> None:
    contents = _read(_write(tmp_path, _eeg(labels=["Fz", "Cz"], units=["microvolts", "microvolts"])))
    (stream,), (evidence,) = contents.streams, contents.evidence
    assert (stream.name, stream.clock, stream.modality) == ("lab/amp", "lab/amp", Modality.PHYSIOLOGY)
    assert [(clock.name, clock.epoch) for clock in contents.clocks] == [("lab", Epoch.BOOT), ("lab/amp", Epoch.BOOT)]
    assert stream.timeline.first_ns == 500_000_000_000
    assert (stream.channels, stream.units) == (("Fz", "Cz"), ("microvolts", "microvolts"))
    assert (evidence.clock, evidence.reference, evidence.method) == ("lab/amp", "lab", "lsl")
    assert evidence.times_ns.tolist() == [500_000_000_000, 505_000_000_000]
    assert evidence.offsets_ns.tolist() == [-400_000_000_000] * 2
    assert evidence.sds_ns.min() == 100_000.0
    assert evidence.systematic_sd_ns == 200_000.0
    assert contents.findings == ()


def test_sds_follow_the_scatter_of_the_offsets(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    measured = [(500.0 + 5 * k, -400.0 + rng.normal(0.0, 0.002)) for k in range(200)]
    evidence = _read(_write(tmp_path, _eeg(offsets=measured))).evidence[0]
    assert np.median(evidence.sds_ns) == pytest.approx(2e6, rel=0.3)
    assert evidence.systematic_sd_ns == pytest.approx(2e6, rel=0.3)


@pytest.mark.parametrize(
    ("jump_s", "pause_s"),
    [(-653000.0, 4.0), (-3.0, 0.5), (+7200.0, 2.0), (+1.5, 0.01)],
    ids=["restart-of-days", "set-back-3-s", "set-forward-2-h", "set-forward-1.5-s"],
)
def test_a_clock_that_was_set_is_unfolded_at_the_right_sample(tmp_path: Path, jump_s: float, pause_s: float) -> None:
    recorder = np.concatenate([np.arange(6000) / 100, 59.99 + pause_s + np.arange(6000) / 100])
    device = recorder + 700_000.0 + np.where(np.arange(12000) < 6000, 0.0, jump_s)
    moments = np.arange(2.5, 119.0, 5.0)
    measured = [
        (
            t + 700_000.0 + (jump_s if t >= 59.99 + pause_s else 0.0),
            -700_000.0 - (jump_s if t >= 59.99 + pause_s else 0.0),
        )
        for t in moments
        if not 59.99 < t < 59.99 + pause_s
    ]
    values = np.arange(12000, dtype=np.float64)[:, None]
    contents = _read(_write(tmp_path, _eeg(values=values, stamps_s=device, offsets=measured)))
    (stream,), (evidence,), clock = contents.streams, contents.evidence, contents.clocks[1]
    assert len(clock.resets) == 1
    assert np.abs(stream.timestamps_ns / 1e9 - 700_000.0 - recorder).max() < 1e-6
    assert np.abs(clock.raw_ns(stream.timestamps_ns) / 1e9 - device).max() < 1e-6
    assert np.abs(clock.raw_ns(evidence.times_ns) / 1e9 - [t for t, _ in measured]).max() < 1e-6
    assert np.abs(evidence.offsets_ns / 1e9 + 700_000.0).max() < 1e-6
    assert stream.samples.read(0, 12000)[:, 0].tolist() == values[:, 0].tolist()
    assert "clock_reset" in _checks(contents)
    assert "out_of_order_stamps" not in _checks(contents)


def test_one_late_answer_is_no_reset(tmp_path: Path) -> None:
    measured = [(500.0 + 5 * k, -400.0 + (2.0 if k == 7 else 0.0)) for k in range(20)]
    contents = _read(_write(tmp_path, _eeg(offsets=measured)))
    assert contents.clocks[1].resets == ()
    assert len(contents.evidence[0]) == 20


def test_a_clock_set_back_without_offsets_keeps_the_order_and_says_so(tmp_path: Path) -> None:
    stamps = np.concatenate([500 + np.arange(100) / 100, 3 + np.arange(100) / 100])
    contents = _read(_write(tmp_path, _eeg(count=200, stamps_s=stamps, offsets=())))
    assert np.diff(contents.streams[0].timestamps_ns).min() > 0
    assert np.allclose(contents.clocks[1].raw_ns(contents.streams[0].timestamps_ns) / 1e9, stamps)
    assert _checks(contents) == ["clock_reset", "no_clock_offsets"]
    assert "no clock offsets show by how much" in contents.findings[0].message


def test_stamps_slightly_out_of_order_are_ordered_with_their_samples(tmp_path: Path) -> None:
    stamps = 500 + np.arange(1000) / 100
    stamps[[400, 401]] = stamps[[401, 400]]
    contents = _read(_write(tmp_path, _eeg(stamps_s=stamps)))
    values = contents.streams[0].samples.read(399, 403)[:, 0].tolist()
    assert values == [798.0, 802.0, 800.0, 804.0]
    assert _checks(contents) == ["out_of_order_stamps"]


def test_lost_samples_are_listed_and_counted(tmp_path: Path) -> None:
    kept = np.r_[0:300, 380:1000]
    contents = _read(_write(tmp_path, _eeg(count=920, stamps_s=500 + kept / 100)))
    (finding,) = contents.findings
    assert (finding.check, finding.numbers["lost"], finding.numbers["gaps"]) == ("lost_samples", 80, 1)
    assert contents.streams[0].details["gaps_ns"] == [[502_990_000_000, 503_800_000_000]]


def test_a_late_chunk_is_no_gap(tmp_path: Path) -> None:
    stamps = 500 + np.arange(1000) / 100
    stamps[300:305] += 0.03
    contents = _read(_write(tmp_path, _eeg(stamps_s=np.sort(stamps))))
    assert "lost_samples" not in _checks(contents)


def test_markers_become_text_and_annotations(tmp_path: Path) -> None:
    markers = XdfStream("stim", "Markers", ["go", "stöp"], [501.0, 502.5], offsets=[(500.0, 1.0)])
    contents = _read(_write(tmp_path, markers))
    stream = contents.streams[0]
    assert stream.modality is Modality.EVENT
    assert stream.samples.read(0, 2).tolist() == ["go", "stöp"]
    assert [(a.kind, a.value, a.interval.start_ns, a.clock) for a in contents.annotations] == [
        ("event", "go", 501_000_000_000, "lab/stim"),
        ("event", "stöp", 502_500_000_000, "lab/stim"),
    ]


def test_streams_of_one_name_get_numbers(tmp_path: Path) -> None:
    contents = _read(_write(tmp_path, _eeg(), _eeg(), _eeg(name="a/b")))
    assert [stream.name for stream in contents.streams] == ["lab/amp", "lab/amp_2", "lab/a.b"]
    assert [e.clock for e in contents.evidence] == ["lab/amp", "lab/amp_2", "lab/a.b"]


@pytest.mark.parametrize(
    ("kind", "modality"),
    [("Gaze", Modality.GAZE), ("Accelerometer", Modality.MOTION), ("Audio", Modality.AUDIO), ("?", Modality.TABLE)],
    ids=lambda value: str(value),
)
def test_content_types_become_modalities(tmp_path: Path, kind: str, modality: Modality) -> None:
    assert _read(_write(tmp_path, _eeg(type=kind))).streams[0].modality is modality


def test_a_stream_without_samples_stays_with_a_finding(tmp_path: Path) -> None:
    silent = _eeg(values=[], stamps_s=[], type="Notes")
    contents = _read(_write(tmp_path, silent))
    assert len(contents.streams[0]) == 0
    assert contents.streams[0].modality is Modality.TEXT
    assert "empty_stream" in _checks(contents)


@pytest.mark.parametrize("name", ["lab.xdfz", "lab.xdf.gz"])
def test_a_compressed_file_reads_like_a_plain_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(xdf_bytes([_eeg()])))
    assert XdfReader().recognises(Probe(path, path.read_bytes()[:4096]))
    contents = _read(path)
    assert len(contents.streams[0]) == 1000
    assert contents.findings == ()


def test_a_cut_compressed_file_is_read_up_to_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "lab.xdfz"
    packed = gzip.compress(xdf_bytes([_eeg()]))
    path.write_bytes(packed[: len(packed) // 2])
    contents = _read(path)
    assert 0 < len(contents.streams[0]) < 1000
    assert "truncated" in _checks(contents)


@pytest.mark.parametrize("share", [k / 11 for k in range(1, 11)], ids=lambda s: f"cut-at-{s:.0%}")
def test_a_cut_file_is_read_up_to_the_cut_or_refused(tmp_path: Path, share: float) -> None:
    whole = xdf_bytes([_eeg(), XdfStream("stim", "Markers", ["a"] * 60, 500 + np.arange(60) / 8)])
    path = tmp_path / "cut.xdf"
    path.write_bytes(whole[: int(len(whole) * share)])
    contents = _read(path)
    assert "truncated" in _checks(contents)
    stamps = contents.streams[0].timestamps_ns
    assert stamps.tolist() == (500_000_000_000 + 10_000_000 * np.arange(stamps.size)).tolist()
    assert stamps.size >= int(1000 * share) - 120


@pytest.mark.parametrize("length", [0, 3, 4, 30, 200])
def test_a_stub_is_refused_or_has_a_finding(tmp_path: Path, length: int) -> None:
    path = tmp_path / "stub.xdf"
    path.write_bytes(xdf_bytes([_eeg()])[:length])
    try:
        contents = _read(path)
    except UnreadableError as error:
        assert "stub.xdf" in str(error)
    else:
        assert any(finding.severity is not Severity.INFO for finding in contents.findings)


def test_a_declared_count_is_never_trusted_for_allocation(tmp_path: Path) -> None:
    whole = bytearray(xdf_bytes([_eeg()]))
    at = whole.index(b"\x04" + struct.pack("<I", 50) + b"\x08")
    whole[at : at + 5] = b"\x04" + struct.pack("<I", 2**32 - 1)
    path = tmp_path / "lie.xdf"
    path.write_bytes(whole)
    contents = _read(path)
    assert len(contents.streams[0]) == 950
    assert contents.findings[0].check == "corrupt_chunks"
    assert "declares 4294967295 samples" in contents.findings[0].message


def test_a_nonsense_length_in_the_middle_is_skipped_to_the_next_boundary(tmp_path: Path) -> None:
    whole = bytearray(xdf_bytes([_eeg()]))
    at = whole.index(b"\x04" + struct.pack("<I", 50) + b"\x08") - 11
    whole[at : at + 5] = b"\x04" + struct.pack("<I", 2**31)
    path = tmp_path / "lie.xdf"
    path.write_bytes(whole)
    contents = _read(path)
    assert "corrupt_chunks" in _checks(contents)
    assert "truncated" not in _checks(contents)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"<channel_count>2<", b"<channel_count>x<", "no number"),
        (b"<channel_count>2<", b"<channel_c0unt>2<", "not well-formed"),
        (b"float32", b"float99", "'float99'"),
        (b"<nominal_srate>100.0</nominal_srate>", b"<nominal_xrate>100.0</nominal_xrate>", "lacks nominal_srate"),
        (b'<?xml version="1.0"?><info><name>amp', b"<!DOCTYPE a [ ]>     <info><name>amp", "document type"),
    ],
    ids=["count-no-number", "bad-xml", "unknown-format", "missing-field", "doctype"],
)
def test_a_damaged_stream_header_is_refused(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    whole = xdf_bytes([_eeg()])
    assert len(old) == len(new)
    path = tmp_path / "bad.xdf"
    path.write_bytes(whole.replace(old, new))
    with pytest.raises(UnreadableError, match=message):
        _read(path)


def test_a_stamp_that_is_no_time_is_refused(tmp_path: Path) -> None:
    stamps = 500 + np.arange(1000) / 100
    stamps[10] = np.nan
    with pytest.raises(UnreadableError, match="sample 10 has the stamp nan s"):
        _read(_write(tmp_path, _eeg(stamps_s=stamps)))


def test_destroyed_bytes_never_crash(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    markers = XdfStream("stim", "Markers", ["a"] * 30, 500 + np.arange(30) / 4, offsets=[(500.0, 1.0)])
    whole = xdf_bytes([_eeg(count=100), markers])
    path = tmp_path / "hit.xdf"
    for _ in range(120):
        damaged = bytearray(whole)
        at = int(rng.integers(4, len(whole) - 8))
        damaged[at : at + 8] = rng.bytes(8)
        path.write_bytes(damaged)
        try:
            _read(path)
        except UnreadableError as error:
            assert "hit.xdf" in str(error)


def test_recognises_by_content_only(tmp_path: Path) -> None:
    assert not XdfReader().recognises(Probe(tmp_path / "a.xdf", b"RIFF"))
    assert XdfReader().recognises(Probe(tmp_path / "a.bin", b"XDF:\x01"))


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["minimal", "empty_streams", "clock_resets"])
def test_agrees_with_pyxdf_on_real_files(shared_data: Path, name: str) -> None:
    path = shared_data / "xdf/xdf-modules__example-files" / f"{name}.xdf"
    contents = _read(path)
    with np.errstate(all="ignore"):
        raw, _ = pyxdf.load_xdf(path, synchronize_clocks=False, dejitter_timestamps=False, handle_clock_resets=False)
    clocks = {clock.name: clock for clock in contents.clocks}
    assert len(contents.streams) == len(raw)
    for stream, truth in zip(contents.streams, raw, strict=True):
        shown_ns = clocks[stream.clock].raw_ns(stream.timestamps_ns)
        assert shown_ns.tolist() == np.rint(np.asarray(truth["time_stamps"]) * 1e9).astype(np.int64).tolist()
        if stream.samples.dtype != object:
            assert np.array_equal(stream.samples.read(0, len(stream)), truth["time_series"])
    offsets = sum(len(truth["clock_times"]) for truth in raw)
    assert sum(len(evidence) for evidence in contents.evidence) == offsets


@pytest.mark.shared_data
def test_the_real_clock_reset_is_undone(shared_data: Path) -> None:
    contents = _read(shared_data / "xdf/xdf-modules__example-files/clock_resets.xdf")
    for clock, evidence in zip(contents.clocks[1:], contents.evidence, strict=True):
        assert len(clock.resets) == 1
        assert clock.resets[0].shift_ns / 1e9 == pytest.approx(653461.4508, abs=1e-3)
        assert np.ptp(evidence.offsets_ns) < 3_000_000
    assert len(contents.streams[1]) == 27815


@pytest.mark.shared_data
@pytest.mark.parametrize("share", [k / 11 for k in range(1, 11)], ids=lambda s: f"cut-at-{s:.0%}")
def test_a_real_file_cut_anywhere_is_read_up_to_the_cut(shared_data: Path, tmp_path: Path, share: float) -> None:
    whole = (shared_data / "xdf/xdf-modules__example-files/clock_resets.xdf").read_bytes()
    path = tmp_path / "cut.xdf"
    path.write_bytes(whole[: int(len(whole) * share)])
    stream, size, _ = open_bytes(path)
    with stream:
        found = walk(stream, size, path.name)
    contents = _read(path)
    assert ("truncated" in _checks(contents)) == (found.cut_at is not None)
    assert len(contents.streams[1]) > 27815 * share * 0.9 - 200


def test_chunks_that_overtake_each_other_keep_their_samples_in_order(tmp_path: Path) -> None:
    session = make_lsl_session(LslCase(duration_s=60.0, lost_s=0.8), 3)
    (tmp_path / "lab.xdf").write_bytes(session.xdf)
    contents = XdfReader().read(Request(tmp_path / "lab.xdf", "lab.xdf", "lab"))
    stream = contents.streams[0]
    assert _checks(contents) == ["stamps_overtake", "lost_samples"]
    assert contents.findings[1].numbers["lost"] == 400
    assert np.any(np.diff(stream.recorded_ns) < 0)
    assert np.all(np.diff(stream.timestamps_ns) >= 0)
