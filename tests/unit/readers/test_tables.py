"""Tables of every layout: what becomes a stream, what is remarked, what is refused."""

from __future__ import annotations

import csv
import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weft.core import Epoch, Modality, RegularTimeline, Severity, UnreadableError, UnsupportedError, UsageError
from weft.readers.protocol import Contents, Probe, Request
from weft.readers.tables.reader import TableReader

FIRST_NS = 1_685_088_813_175_076_015


def read(folder: Path, body: str | bytes, name: str = "a.csv", **options: Any) -> Contents:
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return TableReader().read(Request(path, name, path.stem, options))


def checks(contents: Contents) -> set[str]:
    return {finding.check for finding in contents.findings}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"time_s,x,y\n0.5,1,2\n1.5,3,4\n", id="comma"),
        pytest.param(b"time_s\tx\ty\n0.5\t1\t2\n1.5\t3\t4\n", id="tab"),
        pytest.param(b"time_s;x;y\r\n0,5;1;2\r\n1,5;3;4\r\n", id="semicolon with decimal commas and Windows lines"),
        pytest.param(b"time_s|x|y\n0.5|1|2\n1.5|3|4\n", id="bar"),
        pytest.param(b"time_s x y\n0.5 1 2\n1.5 3 4\n", id="space"),
        pytest.param(b"  time_s   x  y\n     0.5   1  2\n     1.5  3   4\n", id="aligned by blanks"),
        pytest.param(b"\xef\xbb\xbftime_s,x,y\n0.5,1,2\n1.5,3,4\n", id="UTF-8 with a mark"),
        pytest.param("time_s,x,y\n0.5,1,2\n1.5,3,4\n".encode("utf-16"), id="UTF-16 with a mark"),
        pytest.param("time_s,x,y\n0.5,1,2\n1.5,3,4\n".encode("utf-16-be"), id="UTF-16 without a mark"),
        pytest.param(b"# device 7\n# rate: 1 Hz\ntime_s,x,y\n0.5,1,2\n# pause\n1.5,3,4\n", id="comments"),
        pytest.param(b"Device: A7\nOwner, of it\n\ntime_s,x,y\n0.5,1,2\n1.5,3,4\n", id="a page of settings in front"),
        pytest.param(b"time,x,y\ns,mm,mm\n0.5,1,2\n1.5,3,4\n", id="a row of units"),
        pytest.param(b'"time_s","x","y"\n"0.5","1","2"\n"1.5","3","4"\n', id="quotes"),
        pytest.param(b' time_s , x , y \n 0.5 , 1 , 2 \n 1.5 , 3 , 4 \n', id="blanks around cells"),
    ],
)  # fmt: skip
def test_every_layout_gives_the_same_table(body: bytes, tmp_path: Path) -> None:
    (stream,) = read(tmp_path, body, time_unit="s").streams
    assert stream.channels == ("x", "y")
    assert stream.timestamps_ns.tolist() == [500_000_000, 1_500_000_000]
    assert stream.samples.read(0, 2).tolist() == [[1, 2], [3, 4]]
    assert stream.clock == "a"
    assert stream.source == "a.csv"


def test_latin_1_is_read_and_remarked(tmp_path: Path) -> None:
    contents = read(tmp_path, "time_s,größe\n0,1\n1,2\n".encode("latin-1"))
    assert contents.streams[0].channels == ("größe",)
    assert "assumed_encoding" in checks(contents)


def test_a_file_without_lines_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="found one of more than 16 Mi characters"):
        read(tmp_path, b'{"t": 1, "x": "' + b"a" * (17 << 20), "a.jsonl")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_integer_stamps_never_pass_through_a_float(name: str, tmp_path: Path) -> None:
    times = [FIRST_NS, FIRST_NS + 1, FIRST_NS + 3]
    if name == "a.csv":
        body = "timestamp [ns],x\n" + "".join(f"{t},1\n" for t in times)
    else:
        body = "".join(f'{{"timestamp_ns": {t}, "x": 1}}\n' for t in times)
    contents = read(tmp_path, body, name)
    assert contents.streams[0].timestamps_ns.tolist() == times
    assert contents.clocks[0].epoch is Epoch.UNIX


def test_json_lines_are_flattened_and_decimal_seconds_stay_exact(tmp_path: Path) -> None:
    body = '{"t": 1685088813.175076015, "p": {"x": [1, 2.5]}}\n{"t": 1685088813.275076015, "p": {"x": [3, null]}}\n'
    (stream,) = read(tmp_path, body, "a.jsonl").streams
    assert stream.timestamps_ns.tolist() == [FIRST_NS, FIRST_NS + 100_000_000]
    assert stream.channels == ("p.x.0", "p.x.1")
    np.testing.assert_array_equal(stream.samples.read(0, 2), [[1, 2.5], [3, np.nan]])


def test_names_that_json_lines_bring_up_late_are_left_out_aloud(tmp_path: Path) -> None:
    body = "".join(f'{{"t": {i}.5, "x": 1}}\n' for i in range(1005)) + '{"t": 2000.5, "x": 1, "y": 2}\n'
    contents = read(tmp_path, body, "a.jsonl")
    assert contents.streams[0].channels == ("x",)
    (finding,) = (f for f in contents.findings if f.check == "columns_left_out")
    assert finding.message.endswith(": y")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False)),
        min_size=1,
        max_size=20,
    ),
    delimiter=st.sampled_from([",", "\t", ";", "|"]),
)
def test_every_number_survives_being_written(rows: list[tuple[int, float]], delimiter: str, tmp_path: Path) -> None:
    rows.sort()
    body = "".join(f"{delimiter.join(cells)}\n" for cells in [("time_ns", "x"), *((str(t), repr(v)) for t, v in rows)])
    (stream,) = read(tmp_path, body).streams
    assert stream.timestamps_ns.tolist() == [t for t, _ in rows]
    assert stream.samples.read(0, len(rows)).ravel().tolist() == [v for _, v in rows]


@pytest.mark.parametrize("name", ["a.parquet", "a.feather"])
def test_arrow_files_give_the_same_streams_as_text(name: str, tmp_path: Path) -> None:
    table = pa.table(
        {"timestamp": pa.array([FIRST_NS, FIRST_NS + 7], pa.timestamp("ns", "UTC")), "x": [1.5, None], "m": ["a", "b"]}
    )
    path = tmp_path / name
    (pyarrow.parquet.write_table if name == "a.parquet" else pyarrow.feather.write_feather)(table, path)
    contents = TableReader().read(Request(path, name, "a"))
    numbers, marks = contents.streams
    assert numbers.timestamps_ns.tolist() == [FIRST_NS, FIRST_NS + 7]
    np.testing.assert_array_equal(numbers.samples.read(0, 2), [[1.5], [np.nan]])
    assert marks.samples.read(0, 2).tolist() == ["a", "b"]


def test_parquet_is_read_by_row_group_and_survives_a_pickle(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"time_ns": np.arange(1000) * 10, "x": np.arange(1000.0), "y": np.arange(1000) * 2})
    pyarrow.parquet.write_table(table, path, row_group_size=64)
    (stream,) = TableReader().read(Request(path, "a.parquet", "a")).streams
    again = pickle.loads(pickle.dumps(stream.samples))  # noqa: S301 (our own bytes)
    for start, stop in [(0, 1000), (63, 65), (999, 1000), (5, 5)]:
        expected = np.column_stack([np.arange(start, stop), np.arange(start, stop) * 2])
        np.testing.assert_array_equal(again.read(start, stop), expected.reshape(-1, 2))


def test_lists_of_numbers_become_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.feather"
    pyarrow.feather.write_feather(pa.table({"time_ms": [0, 1], "pixel": [[1.0, 2.0], [3.0, 4.0]]}), path)
    (stream,) = TableReader().read(Request(path, "a.feather", "a")).streams
    assert stream.channels == ("pixel.0", "pixel.1")
    assert stream.samples.read(0, 2).tolist() == [[1, 2], [3, 4]]


def test_arrow_columns_that_are_no_values_are_left_out_aloud(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"time_ms": [0, 1], "x": [1, 2], "raw": [b"a", b"b"], "d": pa.array([1, 2], pa.duration("s"))})
    pyarrow.parquet.write_table(table, path)
    contents = TableReader().read(Request(path, "a.parquet", "a"))
    assert contents.streams[0].channels == ("x",)
    assert "columns_left_out" in checks(contents)


def test_units_come_from_the_names(tmp_path: Path) -> None:
    (stream,) = read(tmp_path, "time_s,gaze x [px],gyro (deg/s),pupil_mm,z\n0,1,2,3,4\n1,1,2,3,4\n").streams
    assert stream.units == ("px", "deg/s", "mm", "")


def test_units_come_from_a_row_of_units(tmp_path: Path) -> None:
    (stream,) = read(tmp_path, "time_s,x,y\ns,mm,deg\n0,1,2\n1,1,2\n").streams
    assert stream.units == ("mm", "deg")


@pytest.mark.parametrize(
    ("header", "modality"),
    [
        ("x_acc,y_acc", Modality.MOTION),
        ("gaze_x,pupil", Modality.GAZE),
        ("eda,temp", Modality.PHYSIOLOGY),
        ("latitude,longitude", Modality.LOCATION),
        ("a,b", Modality.TABLE),
    ],
)
def test_the_names_tell_the_modality(header: str, modality: Modality, tmp_path: Path) -> None:
    (stream,) = read(tmp_path, f"time_s,{header}\n0,1,2\n1,1,2\n").streams
    assert (stream.modality, stream.name) == (modality, f"a/{modality}")


def test_options_name_time_unit_and_modality(tmp_path: Path) -> None:
    options = {"time_column": "n", "time_unit": "us", "modality": "gaze"}
    (stream,) = read(tmp_path, "n,x\n5,1\n7,2\n", **options).streams
    assert stream.timestamps_ns.tolist() == [5000, 7000]
    assert stream.modality is Modality.GAZE


def test_a_table_without_time_starts_at_zero_at_its_declared_rate(tmp_path: Path) -> None:
    contents = read(tmp_path, "530\n518\n506\n", rate_hz=100.0)
    assert contents.streams[0].timeline == RegularTimeline(0, Fraction(100), 3)
    assert contents.clocks[0].epoch is Epoch.START
    assert contents.streams[0].nominal_rate_hz == 100.0


def test_a_table_without_time_or_rate_is_refused_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"a\.csv: expected a column that holds the time.*time_column.*rate_hz"):
        read(tmp_path, "x,y\n1,2\n3,4\n")


def test_a_time_column_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no column 'when'"):
        read(tmp_path, "time_s,x\n0,1\n1,2\n", time_column="when")


def test_markers_become_a_text_stream_and_constants_details(tmp_path: Path) -> None:
    numbers, marks = read(tmp_path, "time_s,x,device,event\n0,1,A7,\n1,2,A7,go\n2,3,A7,\n").streams
    assert numbers.details == {"constants": {"device": "A7"}}
    assert (marks.name, marks.modality) == ("a/event", Modality.TEXT)
    assert marks.samples.read(0, 3).tolist() == ["", "go", ""]
    assert marks.samples.shape == (3,)


def test_a_table_of_stamps_alone_gives_samples_of_no_columns(tmp_path: Path) -> None:
    (stream,) = read(tmp_path, "timestamp [ns]\n5\n7\n").streams
    assert stream.modality is Modality.EVENT
    assert stream.samples.shape == (2, 0)


def test_time_running_backwards_is_refused_and_names_row_and_cure(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r'1 falls, the first at row 3 .*order = "sort"'):
        read(tmp_path, "time_s,x\n0,1\n2,2\n1,3\n")


def test_sorting_moves_samples_with_their_stamps_and_says_so(tmp_path: Path) -> None:
    contents = read(tmp_path, "time_s,x,m\n0,1,a\n2,2,b\n1,3,c\n", order="sort")
    numbers, marks = contents.streams
    assert numbers.timestamps_ns.tolist() == [0, 1_000_000_000, 2_000_000_000]
    assert numbers.samples.read(0, 3).ravel().tolist() == [1, 3, 2]
    assert marks.samples.read(0, 3).tolist() == ["a", "c", "b"]
    assert "sorted_by_time" in checks(contents)


def test_missing_values_are_nan_and_remarked_with_their_share(tmp_path: Path) -> None:
    contents = read(tmp_path, "time_s,x,y\n0,NaN,\n1,2,\n2,n/a,\n")
    np.testing.assert_array_equal(contents.streams[0].samples.read(0, 3)[:, 0], [np.nan, 2, np.nan])
    (finding,) = (f for f in contents.findings if f.check == "nan_values")
    assert finding.severity is Severity.WARNING
    assert finding.numbers == {"columns": 2.0, "cells": 5.0, "empty_columns": 1.0}


def test_equal_stamps_are_kept(tmp_path: Path) -> None:
    assert read(tmp_path, "time_s,x\n0,1\n0,2\n1,3\n").streams[0].timestamps_ns.tolist() == [0, 0, 1_000_000_000]


def test_duplicate_column_names_are_told_apart(tmp_path: Path) -> None:
    contents = read(tmp_path, "time_s,x,x,x_2\n0,1,2,3\n1,1,2,3\n")
    assert contents.streams[0].channels == ("x", "x_3", "x_2")
    assert "duplicate_columns" in checks(contents)


def test_a_broken_row_is_left_out_and_remarked(tmp_path: Path) -> None:
    body = "time_s,x\n" + "".join(f"{i},1\n" for i in range(20)) + "20,1,9,9\n21,1\n"
    contents = read(tmp_path, body)
    assert len(contents.streams[0]) == 21
    (finding,) = (f for f in contents.findings if f.check == "broken_rows")
    assert "'20,1,9,9'" in finding.message


def test_many_broken_rows_are_refused(tmp_path: Path) -> None:
    body = "time_s,x\n" + "".join(f"{i},1\n" for i in range(20)) + "1,2,3\n" * 5
    with pytest.raises(UnreadableError, match="5 broken ones among 25"):
        read(tmp_path, body)


def test_a_word_among_numbers_is_missing_and_remarked(tmp_path: Path) -> None:
    contents = read(tmp_path, "time_s,x\n0,1\n1,ERR\n2,3\n")
    np.testing.assert_array_equal(contents.streams[0].samples.read(0, 3).ravel(), [1, np.nan, 3])
    (finding,) = (f for f in contents.findings if f.check == "not_a_number")
    assert "'ERR'" in finding.message


def test_a_row_without_time_is_left_out_and_remarked(tmp_path: Path) -> None:
    body = "time_s,x\n" + "".join(f"{i},1\n" for i in range(20)) + ",5\n"
    contents = read(tmp_path, body)
    assert len(contents.streams[0]) == 20
    assert "rows_without_time" in checks(contents)


def test_a_header_alone_gives_an_empty_stream_and_a_finding(tmp_path: Path) -> None:
    contents = read(tmp_path, "time_s,x\n")
    assert len(contents.streams[0]) == 0
    assert "no_rows" in checks(contents)


def test_a_last_row_without_line_end_is_remarked(tmp_path: Path) -> None:
    assert "unfinished_last_line" in checks(read(tmp_path, "time_s,x\n0,1\n1,2"))


@pytest.mark.parametrize("body", [b"", b"\n\n", b"# only\n# comments\n"])
def test_a_file_without_a_table_is_refused(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"a\.csv: expected a table"):
        read(tmp_path, body)


def test_ten_thousand_columns_are_read(tmp_path: Path) -> None:
    names = ",".join(f"c{i}" for i in range(10_000))
    body = f"time_s,{names}\n" + "".join(f"{row}{',1.5' * 10_000}\n" for row in range(3))
    (stream,) = read(tmp_path, body).streams
    assert stream.samples.shape == (3, 10_000)


def test_more_columns_than_the_limit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="has 16385 columns, weft reads at most 16384"):
        read(tmp_path, "time_s" + "".join(f",c{i}" for i in range(16_384)) + "\n0" + ",1" * 16_384 + "\n")


def test_integers_beyond_a_floats_reach_are_left_out_aloud(tmp_path: Path) -> None:
    contents = read(tmp_path, f"time_ms,header.stamp,x\n0,{FIRST_NS},1\n1,{FIRST_NS + 1},2\n")
    assert contents.streams[0].channels == ("x",)
    assert "columns_left_out" in checks(contents)


def test_a_table_follows_its_stem_when_asked(tmp_path: Path) -> None:
    assert not read(tmp_path, "time_s,x\n0,1\n1,2\n").follows_stem
    assert read(tmp_path, "time_s,x\n0,1\n1,2\n", follows_stem=True).follows_stem


def test_time_named_in_another_unit_is_believed(tmp_path: Path) -> None:
    (stream,) = read(tmp_path, "count,x\n0,1\n50,2\n", time_column="count", time_unit="samples", rate_hz=100).streams
    assert stream.timestamps_ns.tolist() == [0, 500_000_000]


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.csv", b"", True),
        ("a.bin", b"PAR1", True),
        ("a.feather", b"ARROW1", True),
        ("a.ndjson", b"{}", True),
        ("a.mp4", b"time,x\n", False),
        ("a.json", b"{}", False),
    ],
)
def test_content_is_asked_before_the_suffix(name: str, head: bytes, expected: bool) -> None:
    assert TableReader().recognises(Probe(Path(name), head)) is expected


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("path", "count", "rate_hz", "last"),
    [
        ("imu/GeoTecINIT__sp-sw-har-dataset/DATA/s01/s01_01_sw.csv", 1377, 104.27, None),
        ("physio/paulvangentcom__heartrate_analysis_python/heartpy/data/data2.csv", 15000, 116.99, None),
        ("ros/facontidavide__PlotJuggler/datasamples/fake_joints.csv", 2725, 1000.17, None),
        ("ros/facontidavide__PlotJuggler/datasamples/simple.csv", 5, 10.0, [7.0, 5.0, 0.0, 0.0]),
        ("eyetracking/aeye-lab__pymovements/tests/files/potec_example.tsv", 10, 1000.0, None),
    ],
)
def test_real_tables_have_the_rows_and_rates_seen_in_them(
    path: str, count: int, rate_hz: float, last: list[float] | None, shared_data: Path
) -> None:
    stream = TableReader().read(Request(shared_data / path, path, "a")).streams[0]
    assert len(stream) == count
    assert stream.effective_rate_hz == pytest.approx(rate_hz, rel=1e-3)
    if last is not None:
        assert stream.samples.read(count - 1, count).tolist() == [last]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("path", "delimiter", "time", "scale_ns"),
    [
        ("imu/GeoTecINIT__sp-sw-har-dataset/DATA/s01/s01_01_sp.csv", ",", "timestamp", 1_000_000),
        ("eyetracking/dcnieho__glassesValidator/example_data/Pupil Invisible/gaze.csv", ",", "timestamp [ns]", 1),
        ("eyetracking/dcnieho__I2MC_Python/example/example_data/participant1/2.tsv", "\t", "Time", 1000),
    ],
)
def test_a_second_small_implementation_reads_the_same_values(
    path: str, delimiter: str, time: str, scale_ns: int, shared_data: Path
) -> None:
    with (shared_data / path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=delimiter))
    stream = TableReader().read(Request(shared_data / path, path, "a", {"time_column": time})).streams[0]
    assert stream.timestamps_ns.tolist() == [int(row[time]) * scale_ns for row in rows]
    expected = [[float(row[name]) if row[name] else np.nan for name in stream.channels] for row in rows]
    np.testing.assert_array_equal(stream.samples.read(0, len(rows)), expected)


def test_a_counter_that_wraps_around_is_unfolded_and_its_readings_kept(tmp_path: Path) -> None:
    path = tmp_path / "imu.csv"
    counted = (2**32 - 50_000 + np.arange(100) * 1000) % 2**32
    path.write_text("time_us,x\n" + "".join(f"{t},1.5\n" for t in counted))
    contents = TableReader().read(Request(path, path.name, "imu"))
    assert np.all(np.diff(contents.streams[0].timestamps_ns) == 1_000_000)
    assert np.array_equal(contents.clocks[0].raw_ns(contents.streams[0].timestamps_ns), counted * 1000)
    assert [finding.check for finding in contents.findings] == ["counter_wrapped"]
