"""What a person marks: appended whole, read back, taken back, believed; and what spoils such a file."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft import workflow
from weft.core import Evidence, Status, UnreadableError, UsageError
from weft.readers import find_recordings, open_recording
from weft.readers.corrections import CORRECTIONS_NAME, human_evidence, read_pairs
from weft.sync import align
from weft.sync.human import heed_people
from weft.testing.media_files import sweep, write_sound
from weft.web.saving import Corrections

SECOND = 1_000_000_000
EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "recordings"


def pair(at_s: float = 1.0, offset_ms: float = 20.0, sd_ms: float = 5.0, **more: Any) -> dict[str, Any]:
    t_ns = round(at_s * SECOND)
    marked = {"clock": "a", "reference": "b", "t_clock_ns": t_ns, "t_reference_ns": t_ns + round(offset_ms * 1e6)}
    return {**marked, "sd_ms": sd_ms, "streams": ["a/audio", "b/audio"], **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sounds that have nothing to do with each other."""
    write_sound(tmp_path / "a.wav", sweep(40_000))
    write_sound(tmp_path / "b.wav", sweep(44_000)[::-1])
    return tmp_path


def test_nothing_is_written_before_something_is_saved(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / CORRECTIONS_NAME, ["a", "b"])
    assert corrections.pairs() == []
    assert corrections.save([]) == []
    assert list(tmp_path.iterdir()) == []


def test_lines_are_added_and_never_rewritten(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / CORRECTIONS_NAME, ["a", "b"])
    (first,) = corrections.save([pair(1.0)])
    before = corrections.path.read_bytes()
    corrections.save([pair(8.0)])
    left = corrections.undo(first.id)
    assert [one.t_clock_ns for one in left] == [8 * SECOND]
    assert corrections.path.read_bytes().startswith(before)
    assert [json.loads(line)["weft"] for line in corrections.path.read_text().splitlines()] == ["correction"] * 3


def test_the_marked_pairs_are_evidence_of_kind_human(folder: Path) -> None:
    Corrections(folder / CORRECTIONS_NAME, ["a", "b"]).save([pair(1.5, 20.1), pair(0.5, 20.0)])
    (evidence,) = open_recording(folder).evidence
    assert (evidence.clock, evidence.reference, evidence.method) == ("a", "b", "human")
    assert evidence.times_ns.tolist() == [SECOND // 2, 3 * SECOND // 2]
    assert evidence.offsets_ns.tolist() == [20_000_000, 20_100_000]
    assert evidence.sds_ns.tolist() == [5e6, 5e6]
    assert evidence.sources == ("a/audio", "b/audio")


def test_two_marks_align_what_nothing_else_relates(folder: Path) -> None:
    assert align(open_recording(folder), reference="b")["a"].status is Status.NOT_ALIGNED
    Corrections(folder / CORRECTIONS_NAME, ["a", "b"]).save([pair(0.1), pair(2.4)])
    entry = align(open_recording(folder), reference="b")["a"]
    assert (entry.status, entry.methods) == (Status.ALIGNED, ("human",))
    assert entry.to_json()["offset_ms"] == pytest.approx(20.0, abs=0.01)


def test_a_single_file_keeps_its_marks_beside_it(tmp_path: Path) -> None:
    xdf = tmp_path / "resets.xdf"
    shutil.copyfile(EXAMPLES / "eeg-clock-resets" / "clock_resets.xdf", xdf)
    path = workflow.corrections_path([xdf])
    assert path.name == f"resets.xdf.{CORRECTIONS_NAME}"
    clocks = [clock.name for clock in open_recording(xdf).clocks]
    Corrections(path, clocks).save([pair(clock=clocks[0], reference=clocks[1])])
    for where in (xdf, tmp_path):
        assert "human" in {evidence.method for evidence in open_recording(where).evidence}


def test_a_bag_keeps_its_marks_beside_its_folder(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    shutil.copytree(EXAMPLES / "lidar-bag", bag)
    path = workflow.corrections_path([bag])
    assert path == tmp_path / f"bag.{CORRECTIONS_NAME}"
    clocks = [clock.name for clock in open_recording(bag).clocks]
    Corrections(path, clocks).save([pair(clock=clocks[0], reference=clocks[1])])
    assert [evidence.method for evidence in open_recording(bag).evidence] == ["human"]
    assert find_recordings(tmp_path) == [bag]


def test_a_file_that_holds_something_else_is_not_written_to(folder: Path) -> None:
    (folder / "notes.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    with pytest.raises(UsageError, match="holds something else than corrections"):
        workflow.corrections_path([folder], folder / "notes.jsonl")


def test_a_build_sees_new_marks(tmp_path: Path) -> None:
    session, dataset = tmp_path / "session", tmp_path / "dataset"
    session.mkdir()
    write_sound(session / "a.wav", sweep(40_000))
    write_sound(session / "b.wav", sweep(44_000)[::-1])
    assert workflow.build([session], dataset).version.number == 1
    Corrections(session / CORRECTIONS_NAME, ["a", "b"]).save([pair(0.1), pair(2.4)])
    built = workflow.build([session], dataset)
    assert (built.version.number, dict(built.clocks)["aligned"]) == (2, 2)


def test_marks_of_a_clock_that_is_gone_are_left_out_with_a_word(folder: Path) -> None:
    Corrections(folder / CORRECTIONS_NAME, ["a", "gone"]).save([pair(reference="gone")])
    recording = open_recording(folder)
    assert recording.evidence == ()
    (finding,) = [f for f in recording.findings if f.check == "correction_of_unknown_clock"]
    assert "gone" in finding.message


def test_a_line_that_was_cut_off_is_left_out_and_the_next_stands_alone(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / CORRECTIONS_NAME, ["a", "b"])
    corrections.save([pair(1.0), pair(2.0)])
    whole = corrections.path.read_bytes()
    corrections.path.write_bytes(whole[:-40])
    assert len(corrections.pairs()) == 1
    assert len(corrections.save([pair(3.0)])) == 2
    pairs, findings = read_pairs(corrections.path)
    assert [one.t_clock_ns for one in pairs] == [SECOND, 3 * SECOND]
    assert [finding.check for finding in findings] == ["correction_cut_off"]


@pytest.mark.parametrize(
    ("spoilt", "what"),
    [
        ({"t_clock_ns": 1.5}, "whole number of nanoseconds"),
        ({"t_clock_ns": True}, "whole number of nanoseconds"),
        ({"t_reference_ns": 10**30}, "whole number of nanoseconds"),
        ({"sd_ms": 0}, "sd_ms must be positive"),
        ({"sd_ms": float("nan")}, "sd_ms must be positive"),
        ({"clock": "b"}, "found 'b' twice"),
        ({"clock": "x\u001b[31m"}, "printable text"),
        ({"clock": "elsewhere"}, "two of the clocks a, b"),
        ({"sd_ms": "wide"}, "no pair of moments"),
    ],
    ids=["fraction", "truth", "beyond time", "no spread", "not a number", "one clock", "control", "stranger", "text"],
)
def test_what_cannot_be_is_refused_whole(tmp_path: Path, spoilt: dict[str, Any], what: str) -> None:
    corrections = Corrections(tmp_path / CORRECTIONS_NAME, ["a", "b"])
    with pytest.raises(UsageError, match=what):
        corrections.save([pair(), pair(**spoilt)])
    assert not corrections.path.exists()


def test_a_pair_is_taken_back_once(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / CORRECTIONS_NAME, ["a", "b"])
    (one,) = corrections.save([pair()])
    corrections.undo(one.id)
    with pytest.raises(UsageError, match="not in force"):
        corrections.undo(one.id)


def test_lines_that_are_no_corrections_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / CORRECTIONS_NAME
    Corrections(path, ["a", "b"]).save([pair()])
    path.write_text(path.read_text() + '{"weft": "correction", "id": "x"}\n[1]\n', encoding="utf-8")
    with pytest.raises(UnreadableError, match=r"(?s)line 2: not a correction.*line 3: not a correction"):
        read_pairs(path)


def append_many(path: Path, start: int) -> None:
    """What one of several pages does."""
    corrections = Corrections(path, ["a", "b"])
    for number in range(20):
        corrections.save([pair(start + number)])


def test_two_processes_lose_nothing_to_each_other(tmp_path: Path) -> None:
    path = tmp_path / CORRECTIONS_NAME
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=append_many, args=(path, start)) for start in (0, 100)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    pairs, findings = read_pairs(path)
    assert sorted(one.t_clock_ns // SECOND for one in pairs) == [*range(20), *range(100, 120)]
    assert findings == []


def measured(offset_ms: float, method: str = "audio", systematic_ms: float = 0.1) -> Evidence:
    times_ns = np.arange(10, dtype=np.int64) * SECOND
    offsets_ns = np.full(10, round(offset_ms * 1e6), dtype=np.int64)
    return Evidence("b", "a", times_ns, offsets_ns, np.full(10, 1e3), method, systematic_sd_ns=systematic_ms * 1e6)


def marked(tmp_path: Path) -> Evidence:
    corrections = Corrections(tmp_path / CORRECTIONS_NAME, ["a", "b"])
    return human_evidence(corrections.save([pair(1.0, 20.0), pair(8.0, 21.0)]))[0]


def test_what_agrees_with_a_person_stays(tmp_path: Path) -> None:
    evidence = [marked(tmp_path), measured(-23.0)]
    assert heed_people(evidence) == (evidence, [])


def test_what_contradicts_a_person_is_left_out_and_named(tmp_path: Path) -> None:
    said, wrong = marked(tmp_path), measured(-900.0)
    kept, (finding,) = heed_people([said, wrong])
    assert kept == [said]
    assert finding.check == "contradictory_evidence"
    assert "879.5 ms from where a person marked it" in finding.message


def test_loose_evidence_does_not_contradict_a_person(tmp_path: Path) -> None:
    evidence = [marked(tmp_path), measured(-900.0, "wall_clock", 500.0)]
    assert heed_people(evidence) == (evidence, [])
