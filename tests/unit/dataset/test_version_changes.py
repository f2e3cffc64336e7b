"""What changed between two versions: which rows, and how far clocks moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from weft.core import Alignment, Capsule, Clock, ClockAlignment, Interval, Recording, Status, TimeMap, UsageError
from weft.dataset import Store, diff, hash_sources, store_recording, write_version
from weft.dataset.version_changes import ClockChange, RowChange
from weft.testing.toy_dataset import open_toy, toy_alignment, toy_capsules, write_toy_folder

Alter = Callable[[Recording], Recording]


def write(
    path: Path,
    alignment: Callable[[Recording], Alignment] = toy_alignment,
    capsules: Callable[[Recording], tuple[Capsule, ...]] = toy_capsules,
    alter: Alter = lambda recording: recording,
) -> int:
    """One version of the toy recording, with parts of it made otherwise."""
    store = Store.create(path / "DS")
    folder = path / "toy"
    recording = alter(hash_sources(open_toy(folder if folder.exists() else write_toy_folder(folder))))
    entry = store_recording(store, recording, alignment=alignment(recording), capsules=capsules(recording))
    return write_version(store, [entry], recipe={}).number


def test_a_clock_that_moved_says_by_how_much(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, lambda recording: toy_alignment(recording, offset_ms=262.5))
    [moved] = diff(tmp_path / "DS").clocks
    assert moved == ClockChange("toy", "mic", "aligned", "aligned", 12.5, 0.0, 0.0)


def test_a_clock_that_was_lost_moved_by_nothing_that_can_be_told(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, lambda recording: toy_alignment(recording, lost=["mic"]))
    [change] = diff(tmp_path / "DS", 1, 2).clocks
    assert (change.before, change.after, change.moved_ms) == ("aligned", "not_aligned", None)
    [back] = diff(tmp_path / "DS", 2, 1).clocks
    assert (back.before, back.after) == ("not_aligned", "aligned")


def test_the_largest_move_is_found_where_pieces_end(tmp_path: Path) -> None:
    def drifting(ppm: float) -> Callable[[Recording], Alignment]:
        device = Interval.from_seconds(0, 10)

        def alignment(recording: Recording) -> Alignment:
            plain = toy_alignment(recording)
            time_map = TimeMap.affine("mic", "cam", drift=ppm * 1e-6, device=device)
            entry = ClockAlignment(Clock("mic"), ("mic/audio",), Status.ALIGNED, time_map)
            return replace(plain, clocks=(plain.clocks[0], entry))

        return alignment

    write(tmp_path, drifting(0.0))
    write(tmp_path, drifting(100.0))
    [change] = diff(tmp_path / "DS").clocks
    assert change.moved_ms == pytest.approx(1.0, abs=1e-6)


def test_another_reference_is_not_compared(tmp_path: Path) -> None:
    def led_to_mic(recording: Recording) -> Alignment:
        plain = toy_alignment(recording)
        swapped = [
            replace(entry, time_map=TimeMap.affine(entry.clock.name, "mic"), residuals=()) for entry in plain.clocks
        ]
        return replace(plain, reference="mic", clocks=tuple(swapped))

    write(tmp_path)
    write(tmp_path, led_to_mic)
    assert {change.moved_ms for change in diff(tmp_path / "DS").clocks} <= {None}


def test_capsules_and_labels_that_came_went_and_changed_are_counted(tmp_path: Path) -> None:
    def fewer(recording: Recording) -> tuple[Capsule, ...]:
        first, *_ = toy_capsules(recording)
        return (replace(first, context=first.context.grown(1, 1)),)

    def relabelled(recording: Recording) -> Recording:
        one, two, three = recording.annotations
        later = replace(three, interval=three.interval.shifted(1))
        return replace(recording, annotations=(one, replace(two, value="another word"), later))

    write(tmp_path)
    write(tmp_path, capsules=fewer, alter=relabelled)
    assert diff(tmp_path / "DS").rows == (
        RowChange("toy", "capsules", added=0, removed=2, changed=1),
        RowChange("toy", "labels: word", added=1, removed=1, changed=1),
    )


def test_two_labels_at_one_place_are_told_apart(tmp_path: Path) -> None:
    def doubled(recording: Recording) -> Recording:
        one, *rest = recording.annotations
        return replace(recording, annotations=(one, one, *rest))

    write(tmp_path)
    write(tmp_path, alter=doubled)
    assert diff(tmp_path / "DS").rows == (RowChange("toy", "labels: word", added=1, removed=0, changed=0),)


def test_a_first_version_is_compared_with_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    first = diff(tmp_path / "DS")
    assert (first.before, first.recordings) == (0, {"toy": "added"})
    with pytest.raises(UsageError, match="there is no version 7"):
        diff(tmp_path / "DS", 7)


def test_equal_versions_differ_in_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    same = diff(tmp_path / "DS", 1, 1)
    assert (same.recordings, same.clocks, same.rows, same.recipe) == ({}, (), (), {})
