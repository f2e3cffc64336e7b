"""Logs of PTP and NTP daemons become evidence, against series whose truth is known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from weft.core import Epoch, UnreadableError
from weft.dsp.two_way import promptest, two_way
from weft.readers.clock_logs.series import timescale_of
from weft.readers.protocol import Contents, Request
from weft.readers.registry import reader_for
from weft.testing.clock_exchanges import Exchanges, make_exchanges
from weft.testing.reader_contract import probe_of

UNIX_S = 1_760_000_000


def read(path: Path, **options: object) -> Contents:
    reader = reader_for(probe_of(path))
    assert reader is not None
    return reader.read(Request(path, path.name, "cam", options))


def checks(contents: Contents) -> list[str]:
    return [finding.check for finding in contents.findings]


def csv(folder: Path, made: Exchanges, *, unit: str = "ns", extra: dict[str, list[str]] | None = None) -> Path:
    """A table of exchanges."""
    scale = {"ns": 1, "us": 1000}[unit]
    columns = {f"t{k}_{unit}": [str(int(t) // scale) for t in times] for k, times in enumerate(made.stamps_ns, 1)}
    columns |= extra or {}
    lines = [",".join(columns), *(",".join(row) for row in zip(*columns.values(), strict=True))]
    path = folder / "cam.ptp.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


# --- two-way exchanges -----------------------------------------------------------------------------


def test_offset_and_delay_are_those_that_made_the_stamps() -> None:
    found = two_way(np.array([1_200]) - 300, np.array([1_200]) + 300)
    assert (found.offsets_ns.tolist(), found.delays_ns.tolist()) == ([300], [1_200])


def test_the_promptest_of_every_block_is_chosen() -> None:
    delays = np.random.default_rng(1).integers(0, 1000, 600)
    chosen = promptest(np.arange(600), delays, blocks=6)
    assert [int(delays[i]) for i in chosen] == [int(delays[k : k + 100].min()) for k in range(0, 600, 100)]


# --- tables of exchanges ---------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["ns", "us"])
def test_a_table_gives_the_offsets_of_its_clock(tmp_path: Path, unit: str) -> None:
    made = make_exchanges(seconds=300, offset_ns=5_000_000, drift_ppm=30.0, seed=1)
    contents = read(csv(tmp_path, made, unit=unit))
    (evidence,) = contents.evidence
    assert (evidence.clock, evidence.reference, evidence.method) == ("cam", "cam/master", "ptp")
    truth_ns = np.interp(evidence.times_ns - UNIX_S * 10**9, made.times_ns - UNIX_S * 10**9, made.true_offsets_ns)
    error_ns = np.abs(evidence.offsets_ns - truth_ns)
    assert np.quantile(error_ns, 0.95) < 6_000
    assert np.mean(error_ns < 1.96 * np.hypot(evidence.sds_ns, evidence.systematic_sd_ns)) > 0.9
    assert [one.name for one in evidence.assumptions] == ["path_asymmetry"]
    assert contents.follows_stem and {clock.name for clock in contents.clocks} == {"cam", "cam/master"}
    assert all(clock.epoch is Epoch.UNIX for clock in contents.clocks)


def test_a_known_asymmetry_is_taken_off(tmp_path: Path) -> None:
    made = make_exchanges(seconds=100, offset_ns=0, asymmetry_ns=40_000, seed=2)
    path = csv(tmp_path, made)
    blind, told = read(path).evidence[0], read(path, asymmetry_us=40.0).evidence[0]
    assert np.median(blind.offsets_ns) == pytest.approx(-20_000, abs=3_000)
    assert np.median(told.offsets_ns) == pytest.approx(0, abs=3_000)
    assert told.assumptions[0].origin == "declared" and told.systematic_sd_ns < blind.systematic_sd_ns


def test_every_grandmaster_is_a_clock_and_only_following_counts(tmp_path: Path) -> None:
    made = make_exchanges(seconds=200, offset_ns=1_000, seed=3)
    count = made.times_ns.size
    extra = {
        "port_state": ["SLAVE"] * (count - 40) + ["UNCALIBRATED"] * 40,
        "gm_identity": ["aa"] * (count // 2) + ["bb"] * (count - count // 2),
    }
    contents = read(csv(tmp_path, made, extra=extra))
    assert [e.reference for e in contents.evidence] == ["ptp:aa", "ptp:bb"]
    assert checks(contents) == ["not_following", "grandmaster_changed"]
    assert contents.findings[0].numbers["exchanges"] == 40


@pytest.mark.parametrize("seconds", [37, 18])
def test_a_time_scale_is_named_and_kept(tmp_path: Path, seconds: int) -> None:
    contents = read(csv(tmp_path, make_exchanges(seconds=60, offset_ns=seconds * 10**9 - 5_000_000, seed=4)))
    assert checks(contents) == ["mixed_timescales"]
    assert np.median(contents.evidence[0].offsets_ns) / 1e9 == pytest.approx(seconds, abs=0.01)
    assert timescale_of(seconds).startswith("TAI" if seconds == 37 else "GPS")


def test_a_utc_offset_that_is_applied_halfway_is_a_step_and_named(tmp_path: Path) -> None:
    made = make_exchanges(seconds=300, offset_ns=0, step_ns=37 * 10**9, seed=5)
    contents = read(csv(tmp_path, made))
    assert checks(contents)[0] == "clock_step"
    assert "TAI against UTC" in contents.findings[0].message
    (gap,) = contents.evidence[0].details["breaks"]
    assert gap["clock_ns"][0] < made.step_at_ns <= gap["clock_ns"][1]


def test_parquet_and_json_lines_are_known_by_their_columns(tmp_path: Path) -> None:
    made = make_exchanges(seconds=30, offset_ns=7_000, seed=6)
    names = [f"t{k}_ns" for k in (1, 2, 3, 4)]
    table = pa.table(dict(zip(names, made.stamps_ns, strict=True)))
    parquet.write_table(table, tmp_path / "a.parquet")
    rows = [dict(zip(names, (int(t) for t in row), strict=True)) for row in zip(*made.stamps_ns, strict=True)]
    (tmp_path / "a.jsonl").write_text("\n".join(str(row).replace("'", '"') for row in rows))
    one, two = (read(tmp_path / name).evidence[0] for name in ("a.parquet", "a.jsonl"))
    assert np.array_equal(one.offsets_ns, two.offsets_ns)


def test_other_tables_are_left_to_their_readers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,t1,t2\n0,1,2\n1,2,3\n")
    reader = reader_for(probe_of(tmp_path / "a.csv"))
    assert reader is not None and reader.name == "table"


def test_a_table_without_a_whole_exchange_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t1_ns,t2_ns,t3_ns,t4_ns\n1,,3,4\n2,,4,5\n")
    with pytest.raises(UnreadableError, match="four stamps, found none"):
        read(tmp_path / "a.csv")


# --- linuxptp --------------------------------------------------------------------------------------


def ptp4l_lines(*, dated: bool, count: int = 60) -> list[str]:
    lines = []
    for i in range(count):
        stamp = datetime.fromtimestamp(UNIX_S + i, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000 ")
        front = f"{stamp}host ptp4l[77]: [{1000 + i + 0.25:.3f}]" if dated else f"ptp4l[{1000 + i + 0.25:.3f}]:"
        if i == 0:
            lines.append(f"{front} selected best master clock 001122.fffe.334455")
        state = 0 if i < 5 else 2
        lines.append(f"{front} master offset {-12 + i % 3:10d} s{state} freq   -5374 path delay      1234")
    return lines


def test_dated_lines_of_ptp4l_are_evidence(tmp_path: Path) -> None:
    (tmp_path / "cam.ptp4l.log").write_text("\n".join(ptp4l_lines(dated=True)) + "\n")
    contents = read(tmp_path / "cam.ptp4l.log")
    (evidence,) = contents.evidence
    assert evidence.reference == "ptp:001122.fffe.334455"
    assert set(evidence.offsets_ns.tolist()) <= {10, 11, 12}
    assert evidence.times_ns[0] == pytest.approx((UNIX_S + 5.25) * 1e9, abs=1.1e9)
    assert checks(contents) == ["not_following"]


def test_undated_lines_say_so_and_are_evidence_once_the_start_is_known(tmp_path: Path) -> None:
    path = tmp_path / "cam.log"
    path.write_text("\n".join(ptp4l_lines(dated=False)) + "\n")
    assert checks(read(path)) == ["not_following", "undated_clock_log", "no_clock_measurements"]
    (evidence,) = read(path, boot_unix_s=UNIX_S - 1000).evidence
    assert int(evidence.times_ns[0]) == (UNIX_S + 5) * 10**9 + 250_000_000


@pytest.mark.parametrize(
    ("line", "offset_ns"),
    [
        ("phc2sys[10.900]: CLOCK_REALTIME phc offset        -5 s2 freq    +123 delay    456", 5),
        ("phc2sys[10.900]: eth0 sys offset        17 s2 freq    +123 delay    456", -17),
        ("ptp4l[10.900]: rms  603 max 2100 freq  -5374 +/-  12 delay  1234 +/-   3", 0),
        ("ptp4l[10.900]: [ptp4l.0.config:6] master offset  9 s2 freq  -1 path delay  1234", -9),
    ],
    ids=["phc2sys", "phc2sys_sys", "summary", "tagged"],
)
def test_every_kind_of_line_is_read(tmp_path: Path, line: str, offset_ns: int) -> None:
    path = tmp_path / "cam.log"
    path.write_text((line + "\n") * 3 + line.replace("10.900", "11.900") + "\n")
    (evidence,) = read(path, boot_unix_s=UNIX_S).evidence
    assert evidence.offsets_ns.tolist() == [offset_ns] * len(evidence)


def test_a_port_that_stops_following_is_remarked(tmp_path: Path) -> None:
    lines = [*ptp4l_lines(dated=True), "x ptp4l[77]: [1090.000] port 1: SLAVE to LISTENING on FAULT_DETECTED"]
    (tmp_path / "cam.log").write_text("\n".join(lines) + "\n")
    contents = read(tmp_path / "cam.log")
    assert checks(contents) == ["not_following", "port_state_left"]


# --- NTP -------------------------------------------------------------------------------------------

TRACKING = (
    "=" * 40 + "\n   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     Offset L Co  Offset sd Rem. corr. "
    "Root delay Root disp. Max. error\n" + "=" * 40 + "\n"
)


def logged(kind: str, i: int, offset_s: float) -> str:
    """One line of a kind that says that the server is ``offset_s`` ahead of the local clock."""
    date = datetime.fromtimestamp(UNIX_S + 16 * i, UTC).strftime("%Y-%m-%d %H:%M:%S")
    day, second = divmod(UNIX_S + 16 * i, 86_400)
    return {
        "tracking": f"{date} 10.0.0.1  3  -5.2  0.018 {-offset_s:.3e} N  1  2.0e-06 1.0e-07  1.0e-03  5.0e-04  1.2e-03",
        "statistics": f"{date} 10.0.0.1 4.6e-06 {-offset_s:.3e} 5.2e-06  9.7e-07 9.7e-06 4.9e-04  3  0  3  0.00",
        "measurements": f"{date} 10.0.0.1 N  2 111 111 1111  6  6 1.00 {offset_s:.3e}  1.0e-03  1.0e-06  2.0e-03  "
        "4.0e-04 CB00717B 4B D K",
        "loopstats": f"{day + 40_587} {second}.123 {offset_s:.9f} -5.374 0.000002000 0.018 6",
        "peerstats": f"{day + 40_587} {second}.123 10.0.0.1 961a {offset_s:.9f} 0.001000000 0.0005 0.000002000",
    }[kind]


@pytest.mark.parametrize("kind", ["tracking", "statistics", "measurements", "loopstats", "peerstats"])
def test_the_sign_and_the_time_of_every_ntp_log_are_right(tmp_path: Path, kind: str) -> None:
    lines = [logged(kind, i, 0.0035) for i in range(40)]
    path = tmp_path / f"cam.{kind}.log"
    path.write_text((TRACKING if kind == "tracking" else "") + "\n".join(lines) + "\n")
    contents = read(path)
    (evidence,) = contents.evidence
    assert evidence.method == "ntp"
    assert evidence.reference == ("utc" if kind in ("tracking", "loopstats") else "ntp:10.0.0.1")
    assert np.allclose(evidence.offsets_ns, 3_500_000, atol=2)
    assert evidence.times_ns[0] == pytest.approx(UNIX_S * 1e9, abs=0.2e9)
    assert 50_000 < evidence.systematic_sd_ns < 6e6
    assert checks(contents) == []


def test_one_server_can_be_chosen(tmp_path: Path) -> None:
    lines = [logged("measurements", i, 0.001) for i in range(10)]
    lines += [line.replace("10.0.0.1", "10.0.0.2") for line in lines]
    (tmp_path / "cam.log").write_text("\n".join(lines) + "\n")
    assert [e.reference for e in read(tmp_path / "cam.log").evidence] == ["ntp:10.0.0.1", "ntp:10.0.0.2"]
    assert [e.reference for e in read(tmp_path / "cam.log", server="10.0.0.2").evidence] == ["ntp:10.0.0.2"]


def test_a_log_with_banners_alone_says_that_it_measured_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cam.log"
    path.write_text("\n".join([logged("tracking", 0, 0.0), *["=" * 20] * 3]) + "\n")
    reader = reader_for(probe_of(path))
    assert reader is not None
    path.write_text("=" * 20 + "\n")
    assert checks(reader.read(Request(path, path.name, "cam"))) == ["no_clock_measurements"]
