"""A folder as one recording: names of clocks, followers, broken files, notes."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from weft.core import UnreadableError, UnsupportedError, UsageError
from weft.readers import find_recordings, hash_file, open_recording

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "recordings"
TABLE = "time_s,x\n0.0,1\n0.1,2\n0.2,3\n0.3,4\n"
CAPTIONS = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nhello\n"


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A folder with one table."""
    folder = tmp_path / "session"
    folder.mkdir()
    (folder / "gaze.csv").write_text(TABLE, encoding="utf-8")
    return folder


def test_a_clock_is_named_after_its_file(session: Path) -> None:
    recording = open_recording(session)
    assert recording.name == "session"
    assert [clock.name for clock in recording.clocks] == ["gaze"]
    assert all(stream.name.startswith("gaze/") for stream in recording.streams)


def test_a_single_file_is_a_recording(session: Path) -> None:
    recording = open_recording(session / "gaze.csv")
    assert recording.name == "gaze" and recording.sources[0].path == "gaze.csv"


def test_several_files_are_one_recording(session: Path) -> None:
    (session / "imu.csv").write_text(TABLE, encoding="utf-8")
    recording = open_recording([session / "gaze.csv", session / "imu.csv"])
    assert {clock.name for clock in recording.clocks} == {"gaze", "imu"}


def test_captions_read_the_clock_of_the_file_with_their_stem(session: Path) -> None:
    (session / "gaze.vtt").write_text(CAPTIONS, encoding="utf-8")
    (session / "imu.csv").write_text(TABLE, encoding="utf-8")
    recording = open_recording(session)
    assert {annotation.clock for annotation in recording.annotations} == {"gaze"}


def test_captions_in_a_language_read_the_clock_of_their_stem(session: Path) -> None:
    (session / "gaze.en.vtt").write_text(CAPTIONS, encoding="utf-8")
    assert {annotation.clock for annotation in open_recording(session).annotations} == {"gaze"}


def test_captions_without_their_stem_read_the_only_clock_and_say_so(session: Path) -> None:
    (session / "transcript.vtt").write_text(CAPTIONS, encoding="utf-8")
    recording = open_recording(session)
    assert {annotation.clock for annotation in recording.annotations} == {"gaze"}
    assert "assumed_clock" in {finding.check for finding in recording.findings}


def test_captions_whose_clock_is_unclear_are_a_warning(session: Path) -> None:
    (session / "imu.csv").write_text(TABLE, encoding="utf-8")
    (session / "transcript.vtt").write_text(CAPTIONS, encoding="utf-8")
    recording = open_recording(session)
    assert "unclear_clock" in {finding.check for finding in recording.findings}


def test_two_devices_with_one_stem_get_their_full_names(session: Path) -> None:
    shutil.copy(EXAMPLES / "grid-speaker" / "recorder.flac", session / "gaze.flac")
    recording = open_recording(session)
    assert {clock.name for clock in recording.clocks} == {"gaze.csv", "gaze.flac"}
    assert [finding.check for finding in recording.findings].count("shared_stem") == 2


def test_notes_may_say_that_two_files_are_one_device(session: Path) -> None:
    shutil.copy(EXAMPLES / "grid-speaker" / "recorder.flac", session / "gaze.flac")
    (session / "recording.toml").write_text('[files."gaze.flac"]\nclock = "gaze"\n', encoding="utf-8")
    assert [clock.name for clock in open_recording(session).clocks] == ["gaze"]


def test_notes_name_streams_clocks_and_relations(session: Path) -> None:
    (session / "imu.csv").write_text(TABLE, encoding="utf-8")
    (session / "recording.toml").write_text(
        'name = "visit 3"\nreference = "imu"\n[files."gaze.csv"]\nclock = "tracker"\n'
        '[[relations]]\nclock = "tracker"\nreference = "imu"\noffset_ms = 120.0\nsd_ms = 5.0\n',
        encoding="utf-8",
    )
    recording = open_recording(session)
    assert recording.name == "visit 3" and recording.reference == "imu"
    assert recording.evidence[0].method == "declared" and recording.evidence[0].offsets_ns[0] == 120_000_000


def test_notes_may_ignore_a_broken_file(session: Path) -> None:
    (session / "broken.mp4").write_bytes(b"")
    (session / "recording.toml").write_text('[files."broken.mp4"]\nignore = true\n', encoding="utf-8")
    assert "ignored_file" in {finding.check for finding in open_recording(session).findings}


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ("referense = 'a'", "unknown key 'referense'"),
        ("[files.'nobody.csv']\nclock = 'a'", "no such file"),
        ("[files.'../secret.csv']\nclock = 'a'", "outside the recording's folder"),
        ("[streams.'gaze/gaze'.x]\n", "unknown key 'x'"),
        ("[streams.'nobody/video']\nrole = 'face'", "describes nobody/video"),
        ("reference = 'nobody'", "there is no clock 'nobody'"),
        ("[[relations]]\nclock = 'gaze'\n", "needs clock, reference, offset_ms, sd_ms"),
        (
            "[[relations]]\nclock = 'gaze'\nreference = 'mic'\noffset_ms = 1\nsd_ms = 1\n",
            "relates clock 'mic'",
        ),
        (
            "[[relations]]\nclock = 'gaze'\nreference = 'mic'\noffset_ms = nan\nsd_ms = 1\n",
            "offset_ms must be finite",
        ),
    ],
    ids=lambda value: value[:28].replace("\n", " "),
)
def test_wrong_notes_are_refused_with_what_is_wrong(session: Path, notes: str, message: str) -> None:
    (session / "recording.toml").write_text(notes, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        open_recording(session)


def test_notes_that_are_no_toml_are_unreadable(session: Path) -> None:
    (session / "recording.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(UnreadableError, match="not a TOML file"):
        open_recording(session)


def test_every_broken_file_is_named_at_once(session: Path) -> None:
    (session / "a.mp4").write_bytes(b"")
    (session / "b.wav").write_bytes(b"")
    with pytest.raises(UnreadableError, match=r"(?s)a\.mp4.*b\.wav.*skip-unreadable"):
        open_recording(session)


def test_broken_files_may_be_skipped_knowingly(session: Path) -> None:
    (session / "a.mp4").write_bytes(b"")
    recording = open_recording(session, skip_unreadable=True)
    assert "unreadable_file" in {finding.check for finding in recording.findings}


def test_an_unknown_file_in_a_folder_is_a_remark(session: Path) -> None:
    (session / "model.blend").write_bytes(b"BLENDER")
    assert "unrecognised_file" in {finding.check for finding in open_recording(session).findings}


def test_a_table_without_times_beside_a_recording_is_left_out_with_a_warning(session: Path) -> None:
    (session / "subjects.csv").write_text("subject,age\na,31\nb,28\n", encoding="utf-8")
    recording = open_recording(session)
    assert [clock.name for clock in recording.clocks] == ["gaze"]
    assert "unsupported_file" in {finding.check for finding in recording.findings}


def test_a_table_without_times_alone_is_refused(session: Path) -> None:
    (session / "gaze.csv").write_text("subject,age\na,31\nb,28\n", encoding="utf-8")
    with pytest.raises(UnreadableError, match="column that holds the time"):
        open_recording(session)


def test_an_unknown_file_alone_is_refused(session: Path) -> None:
    (session / "model.blend").write_bytes(b"BLENDER")
    with pytest.raises(UnsupportedError, match=r"model\.blend"):
        open_recording(session / "model.blend")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="nothing to read"):
        open_recording(tmp_path)


def test_a_folder_of_folders_is_a_collection(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gaze.csv").write_text(TABLE, encoding="utf-8")
    assert [path.name for path in find_recordings(tmp_path)] == ["one", "two"]


def test_notes_make_a_folder_of_folders_one_recording(tmp_path: Path) -> None:
    (tmp_path / "cam1").mkdir()
    (tmp_path / "cam1" / "gaze.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "recording.toml").write_text("", encoding="utf-8")
    assert find_recordings(tmp_path) == [tmp_path]


def test_a_missing_path_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        open_recording(tmp_path / "nobody")


def test_the_hash_of_a_folder_follows_its_files(session: Path) -> None:
    before = hash_file(session)
    (session / "gaze.csv").write_text(TABLE + "0.4,5\n", encoding="utf-8")
    assert hash_file(session) != before


def test_weft_s_own_dataset_inside_a_recording_is_no_part_of_it(session: Path) -> None:
    before = open_recording(session)
    dataset = session / "dataset"
    (dataset / "tables").mkdir(parents=True)
    (dataset / "weft.json").write_text('{"format": "weft dataset"}', encoding="utf-8")
    (dataset / "tables" / "more.csv").write_text(TABLE, encoding="utf-8")
    after = open_recording(session)
    assert (after.sources, after.findings) == (before.sources, before.findings)
    assert find_recordings(session) == [session]


def test_a_dataset_is_not_taken_for_a_recording(tmp_path: Path) -> None:
    (tmp_path / "weft.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="holds no recordings; name the originals' folder"):
        find_recordings(tmp_path)


def test_links_back_upward_are_not_followed_for_ever(session: Path) -> None:
    (session / "again").symlink_to(session, target_is_directory=True)
    (session / "inner").mkdir()
    (session / "inner" / "up").symlink_to("..", target_is_directory=True)
    assert [source.path for source in open_recording(session).sources] == ["gaze.csv"]


def test_a_linked_file_keeps_its_own_name(session: Path, tmp_path: Path) -> None:
    (tmp_path / "blob").write_text(TABLE, encoding="utf-8")
    (session / "inner").mkdir()
    (session / "inner" / "imu.csv").symlink_to(tmp_path / "blob")
    assert [source.path for source in open_recording(session).sources] == ["gaze.csv", "inner/imu.csv"]


def test_a_link_that_leads_nowhere_is_named(session: Path) -> None:
    (session / "lost.csv").symlink_to("nowhere")
    with pytest.raises(UnreadableError, match=r"^lost\.csv: cannot be opened"):
        open_recording(session)
    assert [f.subject for f in open_recording(session, skip_unreadable=True).findings if f.severity == "error"] == [
        "lost.csv"
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_refused_and_not_waited_for(session: Path) -> None:
    os.mkfifo(session / "live.wav")
    with pytest.raises(UnreadableError, match=r"live\.wav: is a pipe, a socket or a device"):
        open_recording(session)


@pytest.mark.skipif(sys.platform != "linux", reason="this system lets no such name be")
def test_a_name_that_is_no_text_is_refused(session: Path) -> None:
    (session / "caf\udce9.csv").write_text(TABLE, encoding="utf-8")
    with pytest.raises(UnreadableError, match="not valid UTF-8; rename it"):
        open_recording(session)


def test_a_file_given_twice_is_read_once(session: Path) -> None:
    recording = open_recording([session / "gaze.csv", session / ".." / "session" / "gaze.csv"])
    assert recording.name == "gaze" and len(recording.sources) == 1


def test_how_to_go_on_is_not_counted_as_a_problem(session: Path) -> None:
    (session / "cam.mp4").write_bytes(b"")
    with pytest.raises(UnreadableError, match=r"^cam\.mp4: .*\nto go on without what is broken: pass --skip"):
        open_recording(session)


def test_source_code_that_speaks_of_elan_is_not_taken_for_it(session: Path) -> None:
    (session / "make.py").write_text("print('<ANNOTATION_DOCUMENT>')\n", encoding="utf-8")
    assert [f.check for f in open_recording(session).findings if f.subject == "make.py"] == ["unrecognised_file"]


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ("name = 3", "name must be text"),
        ('name = "a\\u001b[31m"', "name must be text without control characters"),
        ('reference = ["gaze"]', "reference must be text"),
        ("relations = 3", "must be a list of tables"),
        ('relations = ["a"]', "must be a list of tables"),
        ('[[relations]]\nclock="gaze"\nreference="b"\noffset_ms=1e300\nsd_ms=1', "relation 1: "),
        ('[files."gaze.csv"]\nclock = ["x"]', "clock must be text"),
        ('[files."gaze.csv"]\nignore = "no"', "ignore must be true or false"),
        ('[streams."gaze/table"]\nnominal_rate_hz = "a"', "must be a positive number, found 'a'"),
        ('[streams."gaze/table"]\nnominal_rate_hz = -5', "must be a positive number, found -5"),
    ],
    ids=lambda value: value if " must " in value else None,
)
def test_a_value_of_the_wrong_kind_in_the_notes_is_named(session: Path, notes: str, message: str) -> None:
    (session / "recording.toml").write_text(notes + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        open_recording(session)
