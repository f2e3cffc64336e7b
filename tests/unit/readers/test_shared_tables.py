"""Every real table and annotation file is read, or refused for a reason that is listed here."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.core import UnreadableError, UnsupportedError
from weft.readers.protocol import HEAD_BYTES, Probe, Request
from weft.readers.registry import reader_for

FOLDERS = ("eyetracking", "physio", "annotation", "ambient", "multidevice", "ros/facontidavide__PlotJuggler")
SUFFIXES = {".csv", ".tsv", ".txt", ".log", ".jsonl", ".feather", ".asc", ".eaf", ".TextGrid", ".jams", ".lab", ".acq"}
COMPANIONS = {"SOURCE", "LICENSE", "NOTICE"}

NO_TIME_COLUMN = {
    "18sat_fixfinal.csv",
    "aru_coords.csv",
    "copco_rm_dummy.csv",
    "data.csv",
    "data.log",
    "demoCodingFile.txt",
    "gaze_on_faces_example.csv",
    "gazebase_example.csv",
    "gazebase_vr_example.csv",
    "gazegraph_example.csv",
    "input.csv",
    "markerInterval.tsv",
    "missing_values_example.csv",
    "potec_word_aoi_b0.tsv",
    "pyroserver_test.csv",
    "test.jsonl",
    "to_resample.csv",
    "to_upsample.csv",
    "toy_text_1_1_aoi.csv",
}
"""Lists of places, words, paths and numbered samples: they need time_column or rate_hz."""

NEEDS_A_FRAME_RATE = {"001.csv", "Feat_Test.csv"}
NOT_READ_YET = {"physio-5.0.1.acq"}


def real_files(root: Path) -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*")) if path.suffix in SUFFIXES]
    return [path for path in found if path.stem not in COMPANIONS and path.parent.name != "dictionaries"]


@pytest.mark.shared_data
def test_every_real_file_is_read_or_refused_for_a_listed_reason(shared_data: Path) -> None:
    refused: dict[str, str] = {}
    paths = real_files(shared_data)
    for path in paths:
        with path.open("rb") as file:
            reader = reader_for(Probe(path, file.read(HEAD_BYTES)))
        assert reader is not None, path
        try:
            contents = reader.read(Request(path, path.name, path.stem))
        except (UnreadableError, UnsupportedError) as error:
            refused[path.name] = str(error)
            continue
        assert all(len(stream.samples.read(0, 5)) == min(5, len(stream)) for stream in contents.streams)
    assert len(paths) > 190
    assert set(refused) == NO_TIME_COLUMN | NEEDS_A_FRAME_RATE | NOT_READ_YET
    assert all("time_column" in refused[name] for name in NO_TIME_COLUMN)
    assert all("rate_hz" in refused[name] for name in NEEDS_A_FRAME_RATE)
