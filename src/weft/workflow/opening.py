"""From paths to recordings that are checked and ready to be aligned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from weft import quality, readers, sync
from weft.core import Finding, Recording, Severity, UnreadableError, UsageError

Progress = Callable[[str, float], None]


def open_recording(
    path: str | Path | Sequence[str | Path],
    *,
    reference: str = "",
    skip_unreadable: bool = False,
    progress: Progress | None = None,
) -> Recording:
    """The recording that a folder, a file or several files hold, checked and ready to be aligned.

    Parameters
    ----------
    path
        A folder, a file, or several files.
    reference
        The reference clock's name; overrides ``recording.toml``.
    skip_unreadable
        Leave broken files out with a finding of severity error instead of raising.
    progress
        Called with what is being read and the share done, 0..1.

    Raises
    ------
    UnreadableError
        If a file is broken, or nothing can be read; all problems are named at once.
    UsageError
        If a path does not exist or ``recording.toml`` names what is not there.
    """
    recording = open_unchecked(path, reference=reference, skip_unreadable=skip_unreadable, progress=progress)
    return replace(recording, findings=(*recording.findings, *quality.check_recording(recording)))


def open_unchecked(
    path: str | Path | Sequence[str | Path],
    *,
    reference: str = "",
    skip_unreadable: bool = False,
    progress: Progress | None = None,
) -> Recording:
    """What :func:`open_recording` gives, without the checks, which read stamps and listen into the sound.

    For recordings that were checked before, or will be by who builds them.
    """
    recording = readers.open_recording(path, reference=reference, skip_unreadable=skip_unreadable, progress=progress)
    return replace(recording, aligner=sync.AlignedRecording)


def open_one(paths: Sequence[Path], *, reference: str = "", skip_unreadable: bool = False) -> Recording:
    """The one recording that a command's arguments name: a folder, or several files.

    Raises
    ------
    UsageError
        If a folder holds several recordings.
    """
    if len(paths) > 1 or not paths[0].is_dir():
        return open_recording(list(paths), reference=reference, skip_unreadable=skip_unreadable)
    found = readers.find_recordings(paths[0])
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:5]) + (", ..." if len(found) > 5 else "")
        raise UsageError(
            f"{paths[0]} holds {len(found)} recordings ({names}); name one of them, "
            "or put a recording.toml into the folder if they are one"
        )
    return open_recording(found[0], reference=reference, skip_unreadable=skip_unreadable)


def inspect(
    paths: Sequence[Path], *, skip_unreadable: bool = False, progress: Progress | None = None
) -> tuple[list[Recording], list[Finding]]:
    """Every recording at or below the paths, opened and checked; and a finding for each that was left out.

    Raises
    ------
    UnreadableError
        If any of them cannot be read; all problems are named at once.
    """
    return open_all(paths, open_recording, skip_unreadable=skip_unreadable, progress=progress)


def open_all(
    paths: Sequence[Path],
    opener: Callable[..., Recording],
    *,
    reference: str = "",
    skip_unreadable: bool,
    progress: Progress | None,
) -> tuple[list[Recording], list[Finding]]:
    """Every recording at or below the paths, under names that differ, and what was left out; all problems at once."""
    found = [root for path in paths for root in readers.find_recordings(path)]
    roots = list({root.resolve(): root for root in found}.values())
    opened: list[tuple[Path, Recording]] = []
    problems: dict[str, str] = {}
    for number, root in enumerate(roots):
        if progress:
            progress(f"reading {root.name}", number / len(roots))
        try:
            opened.append((root, opener(root, reference=reference, skip_unreadable=skip_unreadable)))
        except UnreadableError as error:
            problems[str(root)] = str(error)
    if problems and not (skip_unreadable and opened):
        raise UnreadableError.gather(problems.values())
    return _named_apart(opened), [left_out_finding(root, problem) for root, problem in problems.items()]


def _named_apart(opened: Sequence[tuple[Path, Recording]]) -> list[Recording]:
    """The recordings, with as many folders in front of equal names as tell them apart."""
    folders = [root.resolve().parent.parts[1:] for root, _ in opened]
    named = [recording for _, recording in opened]
    for depth in range(1, max(map(len, folders), default=0) + 1):
        times = Counter(recording.name for recording in named)
        if len(times) == len(named):
            break
        named = [
            replace(now, name="/".join((*parts[-depth:], own.name))) if times[now.name] > 1 else now
            for now, parts, (_, own) in zip(named, folders, opened, strict=True)
        ]
    twins = sorted(name for name, count in Counter(recording.name for recording in named).items() if count > 1)
    if twins:
        raise UsageError(
            f"a dataset names each recording once, found twice: {', '.join(twins)}; "
            'put files of one recording into one folder, or give each folder a recording.toml with name = "..."'
        )
    return named


def left_out_finding(subject: str, problem: str) -> Finding:
    """A whole recording that was left out on request."""
    return Finding(
        "unreadable_recording",
        Severity.ERROR,
        subject,
        problem,
        "repair or replace its files; until then the dataset lacks it",
    )
