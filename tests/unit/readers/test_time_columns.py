"""Stamps are exact, units are told or assumed aloud, dates are parsed or refused."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.core import NS_PER_S, Epoch, Severity, UnsupportedError, UsageError
from weft.readers.tables.time_columns import (
    PLACES,
    TimeRule,
    date_ns,
    declared_rule,
    epoch_of,
    exact_ns,
    find_time_column,
    infer_rule,
    unit_word,
)


@given(st.integers(-(2**61) + 1, 2**61 - 1), st.sampled_from(sorted(PLACES)))
def test_every_instant_survives_being_written_in_any_unit(value_ns: int, unit: str) -> None:
    written = f"{Decimal(value_ns).scaleb(-PLACES[unit]):f}"
    times_ns, valid = exact_ns(pa.array([written]), PLACES[unit])
    assert valid.tolist() == [True]
    assert times_ns.tolist() == [value_ns]


@pytest.mark.parametrize(
    ("cell", "expected_ns"),
    [
        pytest.param("29.080000000000002", 29_080_000_000, id="digits beyond the nanosecond are rounded away"),
        pytest.param("0.0000000005", 1, id="half a nanosecond rounds up"),
        pytest.param("-0.25", -250_000_000, id="negative fraction"),
        pytest.param("+7", 7_000_000_000, id="plus sign"),
        pytest.param(".5", 500_000_000, id="no leading zero"),
        pytest.param("5.", 5_000_000_000, id="no fraction"),
        pytest.param("1.5e-3", 1_500_000, id="exponent"),
    ],
)
def test_decimal_seconds_are_read_exactly(cell: str, expected_ns: int) -> None:
    assert exact_ns(pa.array([cell]), 9)[0].tolist() == [expected_ns]


@pytest.mark.parametrize("cell", ["", "x", "-", ".", "1.2.3", "99999999999999999999", "1e400", "nan", "inf"])
def test_what_is_no_time_is_said_to_be_none(cell: str) -> None:
    assert exact_ns(pa.array([cell]), 9)[1].tolist() == [False]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("timestamp [ns]", "ns"),
        ("time_ms", "ms"),
        ("Recording timestamp [μs]", "us"),
        ("timestamp_unix_seconds", "s"),
        ("Time (s)", "s"),
        ("seconds", "s"),
        ("timestamp", ""),
        ("t", ""),
        ("pupil_mm", ""),
    ],
)
def test_a_name_states_its_unit(name: str, unit: str) -> None:
    assert unit_word(name) == unit


@pytest.mark.parametrize(
    ("cells", "unit", "severity"),
    [
        pytest.param(["1657533977813", "1657533977823"], "ms", Severity.INFO, id="unix milliseconds"),
        pytest.param(["1396293888.886", "1396293888.985"], "s", Severity.INFO, id="unix seconds"),
        pytest.param(["1486559106139796569", "1486559106140360682"], "ns", Severity.INFO, id="unix nanoseconds"),
        pytest.param(["2619771723", "2619775056"], "us", Severity.INFO, id="a counter that is no unix time at 300 Hz"),
        pytest.param(["8.547", "17.095"], "ms", Severity.INFO, id="117 Hz, not one sample in 8 s"),
        pytest.param(["0", "1", "2"], "ms", Severity.WARNING, id="ambiguous steps warn"),
        pytest.param(["5"], "s", Severity.WARNING, id="one row tells nothing"),
    ],
)
def test_values_tell_the_unit_and_a_finding_says_so(cells: list[str], unit: str, severity: Severity) -> None:
    rule, (finding,) = infer_rule("a.csv", "time", cells)
    assert rule.unit == unit
    assert (finding.check, finding.severity) == ("inferred_time_unit", severity)
    assert "time_unit" in finding.cure


def test_a_stated_unit_leaves_no_finding() -> None:
    assert infer_rule("a.csv", "time_ms", ["0", "1"]) == (TimeRule("ms"), ())


@pytest.mark.parametrize(
    ("cell", "date_format", "expected_ns"),
    [
        ("2021-01-20T10:11:32.332Z", "", 1_611_137_492_332_000_000),
        ("2021-01-20 11:11:32+01:00", "", 1_611_137_492_000_000_000),
        ("2021-01-20T10:11:32.123456789", "", 1_611_137_492_123_456_789),
        ("01/20/2021 10:11:32.5", "%m/%d/%Y %H:%M:%S", 1_611_137_492_500_000_000),
        ("00:01:00.25", "%H:%M:%S", 60_250_000_000),
    ],
)
def test_dates_are_read_to_the_nanosecond(cell: str, date_format: str, expected_ns: int) -> None:
    assert date_ns(cell, date_format) == expected_ns


def test_dates_without_a_zone_are_taken_as_utc_with_a_finding() -> None:
    rule, (finding,) = infer_rule("a.csv", "time", ["2021-01-20 10:11:32"])
    assert rule == TimeRule("date")
    assert finding.check == "assumed_utc"


def test_a_day_beyond_twelve_tells_the_order_of_day_and_month() -> None:
    rule, _ = infer_rule("a.csv", "time", ["01/20/2021 10:11:32"])
    assert rule.date_format == "%m/%d/%Y %H:%M:%S"


def test_dates_that_may_be_either_are_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"day and month cannot be told apart.*time_format"):
        infer_rule("a.csv", "time", ["01/02/2021 10:11:32"])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["x", "timestamp"], "timestamp", id="plain name"),
        pytest.param(["eyelink_timestamp", "time"], "time", id="plain name before a longer one"),
        pytest.param(["time_to_next", "gaze_timestamp"], "gaze_timestamp", id="a word in front does not make a time"),
        pytest.param(["x", "y"], "", id="none"),
        pytest.param(["%time", "x"], "%time", id="as rostopic writes it"),
        pytest.param(["Recording timestamp [ms]", "x"], "Recording timestamp [ms]", id="Tobii Pro Lab"),
    ],
)
def test_the_time_column_is_found_by_name(names: list[str], expected: str) -> None:
    assert find_time_column(names, {name: ["1", "2"] for name in names}) == expected


def test_a_duration_that_falls_is_no_time() -> None:
    assert find_time_column(["word_go_past_time"], {"word_go_past_time": ["380", "120"]}) == ""


def test_samples_need_a_rate() -> None:
    with pytest.raises(UsageError, match="rate_hz"):
        declared_rule({"time_unit": "samples"})
    rule = declared_rule({"time_unit": "samples", "rate_hz": 44100})
    assert rule is not None
    assert rule.read(pa.array(["44100", "1"]))[0].tolist() == [NS_PER_S, 22_676]


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(UsageError, match="found 'minutes'"):
        declared_rule({"time_unit": "minutes"})


@pytest.mark.parametrize(
    ("unit", "first_ns", "epoch"),
    [
        ("ms", 1_657_533_977_813_000_000, Epoch.UNIX),
        ("us", 2_619_771_723_000, Epoch.BOOT),
        ("date", 60_250_000_000, Epoch.BOOT),
        ("samples", 1_657_533_977_813_000_000, Epoch.BOOT),
    ],
)
def test_only_readings_of_today_count_from_1970(unit: str, first_ns: int, epoch: Epoch) -> None:
    assert epoch_of(TimeRule(unit), first_ns) is epoch
