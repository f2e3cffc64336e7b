"""Runs: the same in one process and in a pool, resumed, and not ended by what fails in them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from weft.core import DatasetError, UsageError
from weft.engine import Item, StepCache, run, step_key

Work = Callable[[dict], dict]


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """A function that worker processes can import."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return import_module("pool_work").work


def items_in(folder: Path, *, count: int = 4, fail: dict[int, str] | None = None) -> list[Item]:
    """Items that square their number."""
    (folder / "traces").mkdir(exist_ok=True)
    payloads = [{"number": n, "traces": str(folder / "traces"), "fail": (fail or {}).get(n)} for n in range(count)]
    return [
        Item(f"r{n}", step_key("square", code="1", inputs=[str(n)], options={}), payload)
        for n, payload in enumerate(payloads)
    ]


@pytest.fixture
def journal(tmp_path: Path) -> StepCache:
    return StepCache(tmp_path / "work" / "receipts")


@pytest.mark.parametrize("jobs", [1, 2])
def test_outcomes_come_in_the_order_of_the_items(tmp_path: Path, journal: StepCache, work: Work, jobs: int) -> None:
    shares: list[float] = []
    outcomes = run(work, items_in(tmp_path), journal=journal, jobs=jobs, progress=lambda _, share: shares.append(share))
    assert [outcome.receipt for outcome in outcomes] == [{"number": n, "square": n**2} for n in range(4)]
    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_what_was_done_is_not_done_again(tmp_path: Path, journal: StepCache, work: Work) -> None:
    run(work, items_in(tmp_path, count=2), journal=journal)
    outcomes = run(work, items_in(tmp_path, count=4), journal=journal)
    assert [outcome.resumed for outcome in outcomes] == [True, True, False, False]
    assert [(tmp_path / "traces" / str(n)).read_text() for n in range(4)] == ["x"] * 4


def test_a_receipt_that_no_longer_holds_is_made_again(tmp_path: Path, journal: StepCache, work: Work) -> None:
    run(work, items_in(tmp_path), journal=journal)
    run(work, items_in(tmp_path), journal=journal, usable=lambda receipt: receipt["number"] != 2)
    assert [(tmp_path / "traces" / str(n)).read_text() for n in range(4)] == ["x", "x", "xx", "x"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_recording_that_fails_leaves_the_others_and_is_tried_again(
    tmp_path: Path, journal: StepCache, work: Work, jobs: int
) -> None:
    outcomes = run(work, items_in(tmp_path, fail={1: "unreadable", 2: "fault"}), journal=journal, jobs=jobs)
    assert [outcome.receipt is None for outcome in outcomes] == [False, True, True, False]
    assert outcomes[1].error == "b.wav: expected RIFF, found nothing; replace the file"
    assert outcomes[1].trace == ""
    assert outcomes[2].error == "ZeroDivisionError: a fault of ours"
    assert "in work" in outcomes[2].trace
    again = run(work, items_in(tmp_path), journal=journal)
    assert [outcome.resumed for outcome in again] == [True, False, False, True]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_ends_the_run(tmp_path: Path, journal: StepCache, work: Work, jobs: int) -> None:
    with pytest.raises(DatasetError, match="no space is left"):
        run(work, items_in(tmp_path, fail={1: "disk"}), journal=journal, jobs=jobs)


def test_a_killed_worker_s_items_are_done_again(tmp_path: Path, journal: StepCache, work: Work) -> None:
    outcomes = run(work, items_in(tmp_path, count=3, fail={1: "killed once"}), journal=journal, jobs=2)
    assert [outcome.error for outcome in outcomes] == ["", "", ""]


def test_a_recording_that_always_kills_its_worker_fails_alone(tmp_path: Path, journal: StepCache, work: Work) -> None:
    outcomes = run(work, items_in(tmp_path, count=3, fail={1: "killed"}), journal=journal, jobs=2)
    assert [outcome.receipt is None for outcome in outcomes] == [False, True, False]
    assert "worker process died 3 times" in outcomes[1].error


def test_no_process_at_all_is_refused(tmp_path: Path, journal: StepCache, work: Work) -> None:
    with pytest.raises(UsageError, match="at least 1, found 0"):
        run(work, items_in(tmp_path), journal=journal, jobs=0)


def test_nothing_to_do_is_done(journal: StepCache, work: Work) -> None:
    assert run(work, [], journal=journal, jobs=4) == ()
