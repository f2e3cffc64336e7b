"""From a recording to its alignment."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from weft import sync
from weft.core import Alignment, Finding, Recording, UnreadableError, UsageError
from weft.dataset.atomic import write_text
from weft.dataset.lock import writer_lock
from weft.sync.habits import Habits

Progress = Callable[[str, float], None]

HABITS_WAIT_S = 30.0
"""Reading and writing a file of habits takes milliseconds; a run that waits longer has met something else."""


def align(
    recording: Recording,
    *,
    reference: str = "",
    budget_ms: float = 80.0,
    sync_model: Path | None = None,
    progress: Progress | None = None,
    habits: Path | None = None,
) -> Alignment:
    """A map from every clock of a recording to its reference, or the admission that there is none.

    Parameters
    ----------
    recording
        As :func:`open_recording` gives it.
    reference
        The reference clock; by default the recording's, else one is chosen.
    budget_ms
        The largest 95 % error with which a clock still counts as aligned.
    sync_model
        Weights for faces against sound, as :func:`train_sync` writes them; by default those that ship with weft.
    progress
        Called with what is being done and the share done, 0..1.
    habits
        A file of what is remembered of devices, made where there is none: it is used as a prior, and what this
        recording teaches is added. Nothing is remembered without it.

    Raises
    ------
    UsageError
        If there is no clock of that name, or the file holds something else.
    UnreadableError
        If ``sync_model`` holds no weights of weft.
    DatasetError
        If the file of habits may not be written.
    """
    if sync_model is not None:
        recording = replace(recording, details={**recording.details, "sync_model": str(sync_model)})
    if habits is None:
        return sync.align(recording, reference=reference, budget_ms=budget_ms, progress=progress)
    known = _read_habits(habits)
    aligned = sync.align(recording, reference=reference, budget_ms=budget_ms, progress=progress, habits=known)
    path = habits.absolute()
    # Another run may have learnt meanwhile: read again under the lock, so that nothing is lost.
    with writer_lock(path.parent / f".{path.name}.lock", wait_s=HABITS_WAIT_S):
        learnt = _read_habits(path).with_alignment(recording, aligned)
        write_text(path, learnt.to_text(), work=path.parent)
    return aligned


def _read_habits(path: Path) -> Habits:
    """What a file remembers; nothing where there is none."""
    try:
        return Habits.from_text(path.read_text(encoding="utf-8"), where=str(path))
    except FileNotFoundError:
        return Habits()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: could not be read ({error})") from error


def plot(recording: Recording, alignment: Alignment, path: Path, *, findings: Sequence[Finding] = ()) -> Path:
    """Draw an alignment as a page with sound to hear (``.html``), or as ``.svg`` or ``.png``.

    Raises
    ------
    UsageError
        If the suffix is none of these, or the folder does not exist.
    """
    from weft.report.clock_page import write_clock_page

    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder; make it first")
    return write_clock_page(recording, alignment, path, findings=tuple(findings))


def require_plot_name(path: Path) -> None:
    """Refuse a file's name that says no kind of picture.

    Raises
    ------
    UsageError
        If its suffix is none of those that :func:`plot` writes.
    """
    from weft.report.clock_page import require_plot_name as require

    require(path)


def corrections_path(paths: Sequence[Path], asked: Path | None = None) -> Path:
    """Where the corrections by hand of the recording that a command's arguments name are kept.

    In its folder, or beside it where it is one file or one bag: there they are found again. Several files keep
    theirs beside the first; they are read when that file is named with them.

    Raises
    ------
    UsageError
        If its folder does not exist, or the file is there and holds something else.
    """
    from weft.readers.corrections import CORRECTIONS_NAME, corrections_of, read_pairs
    from weft.readers.finding_files import find_recordings, is_claimed_whole

    first = find_recordings(paths[0])[0] if paths[0].is_dir() else paths[0]
    if len(paths) > 1:
        usual = first.with_name(CORRECTIONS_NAME)
    else:
        usual = corrections_of(first.resolve(), is_whole=not first.is_dir() or is_claimed_whole(first))
    path = (asked or usual).absolute()
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder; make it first")
    try:
        read_pairs(path)
    except UnreadableError as error:
        raise UsageError(f"{path} holds something else than corrections: {error}") from error
    return path


def save_alignment(alignment: Alignment, path: Path) -> None:
    """Write a whole alignment, exact, as JSON that :meth:`Alignment.from_dict` reads; wholly or not at all.

    Raises
    ------
    DatasetError
        If the disk is full or the file may not be written.
    """
    content = json.dumps(alignment.to_dict(), ensure_ascii=False, indent=1) + "\n"
    write_text(path.absolute(), content, work=path.absolute().parent)
