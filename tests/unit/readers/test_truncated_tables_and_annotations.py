"""A file cut anywhere is read up to the cut with a remark, or refused; nothing else ever happens."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from weft.core import UnreadableError, UnsupportedError
from weft.readers.annotations.elan import ElanReader
from weft.readers.annotations.grid_align import GridAlignReader
from weft.readers.annotations.jams import JamsReader
from weft.readers.annotations.subtitles import SubtitleReader
from weft.readers.annotations.textgrid import TextGridReader
from weft.readers.annotations.transcripts import TranscriptReader
from weft.readers.devices.begaze import BeGazeReader
from weft.readers.devices.empatica import EmpaticaReader
from weft.readers.devices.eyelink import EyeLinkReader
from weft.readers.devices.face_tables import FaceTableReader
from weft.readers.devices.pupil_export import PupilExportReader
from weft.readers.devices.sensor_log import SensorLogReader
from weft.readers.devices.tobii_export import TobiiExportReader
from weft.readers.devices.tobii_glasses import TobiiGlassesReader
from weft.readers.protocol import Probe, Reader, Request
from weft.readers.tables.reader import TableReader
from weft.testing.reader_contract import RULES, Rule

CUTS = [0.0, 0.003, 0.1, 0.25, 0.4, 0.5, 0.66, 0.8, 0.93, 0.999]


def arrow_table() -> pa.Table:
    return pa.table({"time_s": np.arange(3000) / 100, "x": np.sin(np.arange(3000)), "mark": ["a", "b"] * 1500})


def parquet() -> bytes:
    sink = io.BytesIO()
    pyarrow.parquet.write_table(arrow_table(), sink, row_group_size=500)
    return sink.getvalue()


def feather() -> bytes:
    sink = io.BytesIO()
    pyarrow.feather.write_feather(arrow_table(), sink)
    return sink.getvalue()


def eaf() -> bytes:
    slots = "".join(f'<TIME_SLOT TIME_SLOT_ID="ts{i}" TIME_VALUE="{i * 100}"/>' for i in range(40))
    said = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{i}" TIME_SLOT_REF1="ts{i}" TIME_SLOT_REF2="ts{i + 1}">'
        f"<ANNOTATION_VALUE>wörd {i}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
        for i in range(39)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT FORMAT="3.0" VERSION="3.0">'
        f'<HEADER TIME_UNITS="milliseconds"/><TIME_ORDER>{slots}</TIME_ORDER>'
        f'<TIER TIER_ID="words" LINGUISTIC_TYPE_REF="t">{said}</TIER></ANNOTATION_DOCUMENT>'
    ).encode()


def textgrid(encoding: str) -> bytes:
    labels = "\n".join(f'{i}\n{i + 1}\n"wörd ""{i}"""' for i in range(30))
    head = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n30\n<exists>\n1\n'
    return f'{head}"IntervalTier"\n"words"\n0\n30\n30\n{labels}\n'.encode(encoding)


def vtt() -> bytes:
    cues = "\n".join(f"00:00:{i:02d}.000 --> 00:00:{i:02d}.900\n<v Mary>line {i}\n" for i in range(40))
    return f"WEBVTT\n\n{cues}".encode()


def srt() -> bytes:
    return "\r\n".join(
        f"{i + 1}\r\n00:00:{i:02d},000 --> 00:00:{i:02d},900\r\nline {i}\r\n" for i in range(40)
    ).encode()


def livedata() -> bytes:
    lines = []
    for i in range(200):
        lines.append(json.dumps({"ts": 484_000_000 + 10_000 * i, "s": 0, "gidx": i, "l": 1, "gp": [0.5, 0.4]}))
        if i % 20 == 0:
            lines.append(json.dumps({"ts": 484_000_000 + 10_000 * i, "s": 0, "vts": 10_000 * i}))
    return ("\n".join(lines) + "\n").encode()


def eyelink() -> bytes:
    head = "** CONVERTED FROM a.edf\n** TYPE: EDF_FILE BINARY EVENT SAMPLE TAGGED\n\n"
    head += "MSG\t1000 HELLO\nSTART\t1001 \tLEFT\tSAMPLES\tEVENTS\n"
    head += "SAMPLES\tGAZE\tLEFT\tRATE\t1000.00\tTRACKING\tCR\tFILTER\t2\n"
    body = "".join(f"{1001 + i}\t  {100 + i / 10:.1f}\t  50.0\t  700.0\t...\n" for i in range(60))
    return (head + body + "EFIX L   1001\t1060\t60\t 100.0\t 50.0\t 700\nEND\t1061 \tSAMPLES\tEVENTS\n").encode()


def jams() -> bytes:
    data = [{"time": i, "duration": 1.5, "value": f"v{i}", "confidence": 1} for i in range(40)]
    return json.dumps(
        {"annotations": [{"namespace": "tag_open", "data": data}], "file_metadata": {"jams_version": "0.3"}}
    ).encode()


UNIX_NS = 1_685_088_813_175_076_015

# Header and row of each table; {i} counts, {ms}, {us} and {ns} are stamps that grow with it.
TABLES = {
    "csv": ("time_ms,x,label", "{i},{i}.25,go"),
    "tsv": ("timestamp [ns]\tx", "{ns}\t{i}"),
    "spans": ("start,stop,label", "{i}.0,{i}.5,go"),
    "json lines": ('{{"t": 0.0}}', '{{"t": {i}.5, "x": {i}}}'),
    "align": ("0 0 sil", "{i} {i} word{i}"),
    "openface": ("frame, face_id, timestamp, confidence, success, gaze_0_x, AU01_r", "{i}, 0, {i}, 0.9, 1, 0.1, 2.5"),
    "tobii tsv": ("Time\tLGazePos2dx\tLValidity\tRGazePos2dx\tRValidity", "{us}\t0.5\t0\t0.5\t4"),
    "pupil": ("recording id,timestamp [ns],gaze x [px]", "a,{ns},{i}.5"),
    "empatica": ("1560279825.000000\n4.000000", "0.{i}"),
    "empatica ibi": ("1560279825.000000, IBI", "{i},0.8"),
    "sensor log": ("x_acc,y_acc,z_acc,timestamp,label", "{i},1,2,{ms},SIT"),
    "begaze": ("## [BeGaze]\nTime\tType\tTrial\tL POR X [px]", "{us}\tSMP\t1\t{i}.5"),
}


def table(name: str) -> Callable[[], bytes]:
    header, row = TABLES[name]

    def make() -> bytes:
        stamps = [{"i": i, "ms": 1_657_533_977_813 + 10 * i, "us": 70_590_724_309 + 4000 * i} for i in range(60)]
        lines = [row.format(ns=UNIX_NS + 5_000_000 * stamp["i"], **stamp) for stamp in stamps]
        return ("\n".join([header.format(), *lines]) + "\n").encode()

    return make


FORMATS: dict[str, tuple[Reader, str, Callable[[], bytes]]] = {
    "csv": (TableReader(), "a.csv", table("csv")),
    "csv utf-16": (TableReader(), "a.csv", lambda: table("csv")().decode().encode("utf-16")),
    "csv latin-1": (TableReader(), "a.csv", lambda: table("csv")().replace(b"x,", b"gr\xf6\xdfe,", 1)),
    "tsv": (TableReader(), "a.tsv", table("tsv")),
    "spans": (TableReader(), "a.csv", table("spans")),
    "json lines": (TableReader(), "a.jsonl", table("json lines")),
    "parquet": (TableReader(), "a.parquet", parquet),
    "feather": (TableReader(), "a.feather", feather),
    "eaf": (ElanReader(), "a.eaf", eaf),
    "textgrid": (TextGridReader(), "a.TextGrid", lambda: textgrid("utf-8")),
    "textgrid utf-16": (TextGridReader(), "a.TextGrid", lambda: textgrid("utf-16")),
    "vtt": (SubtitleReader(), "a.vtt", vtt),
    "srt": (SubtitleReader(), "a.srt", srt),
    "align": (GridAlignReader(), "a.align", table("align")),
    "transcript": (TranscriptReader(), "a.lab", lambda: ("ein schöner Tag " * 20).encode()),
    "livedata": (TobiiGlassesReader(), "livedata.json", livedata),
    "livedata.gz": (TobiiGlassesReader(), "livedata.json.gz", lambda: gzip.compress(livedata(), mtime=0)),
    "eyelink": (EyeLinkReader(), "a.asc", eyelink),
    "jams": (JamsReader(), "a.jams", jams),
    "openface": (FaceTableReader(), "a.csv", table("openface")),
    "tobii tsv": (TobiiExportReader(), "a.tsv", table("tobii tsv")),
    "pupil": (PupilExportReader(), "gaze.csv", table("pupil")),
    "empatica": (EmpaticaReader(), "EDA.csv", table("empatica")),
    "empatica ibi": (EmpaticaReader(), "IBI.csv", table("empatica ibi")),
    "sensor log": (SensorLogReader(), "a.csv", table("sensor log")),
    "begaze": (BeGazeReader(), "a.txt", table("begaze")),
}


@pytest.mark.parametrize("share", CUTS)
@pytest.mark.parametrize("form", FORMATS)
def test_a_cut_file_is_read_up_to_the_cut_or_refused(form: str, share: float, tmp_path: Path) -> None:
    reader, name, make = FORMATS[form]
    whole = make()
    path = tmp_path / name
    path.write_bytes(whole[: int(len(whole) * share)])
    try:
        contents = reader.read(Request(path, name, "a"))
    except (UnreadableError, UnsupportedError) as error:
        assert name in str(error)
        return
    for stream in contents.streams:
        assert len(stream.samples.read(0, len(stream))) == len(stream)
        assert np.all(np.diff(stream.timestamps_ns) >= 0)


@pytest.mark.parametrize("form", FORMATS)
def test_a_whole_file_is_recognised_and_read(form: str, tmp_path: Path) -> None:
    reader, name, make = FORMATS[form]
    path = tmp_path / name
    path.write_bytes(make())
    assert reader.recognises(Probe(path, head=path.read_bytes()[:4096]))
    contents = reader.read(Request(path, name, "a"))
    assert contents.streams or contents.annotations or contents.findings


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_keeps_the_readers_contract(form: str, rule: Rule, tmp_path: Path) -> None:
    reader, name, make = FORMATS[form]
    path = tmp_path / name
    path.write_bytes(make())
    rule(reader, path)


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_file_is_refused(form: str, tmp_path: Path) -> None:
    reader, name, _ = FORMATS[form]
    path = tmp_path / name
    path.write_bytes(b"")
    with pytest.raises(UnreadableError, match=re.escape(name)):
        reader.read(Request(path, name, "a"))


@pytest.mark.parametrize("form", FORMATS)
def test_noise_under_the_files_name_is_refused_or_read_without_a_crash(form: str, tmp_path: Path) -> None:
    reader, name, _ = FORMATS[form]
    path = tmp_path / name
    path.write_bytes(np.random.default_rng(5).bytes(5000))
    try:
        reader.read(Request(path, name, "a"))
    except (UnreadableError, UnsupportedError) as error:
        assert name in str(error)
