"""The one file that joins the rooms: recordings to alignments, to capsules, to a version, to a report."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from weft import context, dataset, loaders, quality, readers, sync
from weft.core import (
    Alignment,
    DatasetError,
    Finding,
    Recording,
    Severity,
    Status,
    UnreadableError,
    UsageError,
    Version,
    WeftError,
)
from weft.dataset.atomic import storage_errors, write_text
from weft.dataset.manifest import RecordingEntry
from weft.dataset.originals import files_of, opened_as
from weft.dataset.version_log import written_at_s
from weft.engine import Item, Outcome, StepCache, run, step_key
from weft.recipe import Recipe, read_recipe

Progress = Callable[[str, float], None]

MOST_TABLES = 20
"""Clock tables that a person is shown after a build; the report has them all."""


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
    recording = readers.open_recording(path, reference=reference, skip_unreadable=skip_unreadable, progress=progress)
    findings = (*recording.findings, *quality.check_recording(recording))
    return replace(recording, findings=findings, aligner=sync.AlignedRecording)


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
    return _open_all(paths, reference="", skip_unreadable=skip_unreadable, progress=progress)


def align(
    recording: Recording, *, reference: str = "", budget_ms: float = 80.0, progress: Progress | None = None
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
    progress
        Called with what is being done and the share done, 0..1.

    Raises
    ------
    UsageError
        If there is no clock of that name.
    """
    return sync.align(recording, reference=reference, budget_ms=budget_ms, progress=progress)


def alignment_findings(alignment: Alignment) -> tuple[Finding, ...]:
    """What the solver remarked, and a finding for each clock that is weak or not aligned."""
    said = {(finding.check, finding.subject) for finding in alignment.findings}
    findings = list(alignment.findings)
    for entry in alignment.clocks:
        finding = _status_finding(entry.clock.name, entry.status, entry.note, alignment.reference)
        if finding is not None and (finding.check, finding.subject) not in said:
            findings.append(finding)
    return tuple(findings)


def _status_finding(clock: str, status: Status, note: str, reference: str) -> Finding | None:
    """What is to be said of a clock's status."""
    if status is Status.NOT_ALIGNED:
        return Finding(
            "clock_not_aligned",
            Severity.ERROR,
            clock,
            f"nothing relates this clock to {reference!r}"
            + (f": {note}" if note and "nothing relates" not in note else ""),
            "record an event that both devices sense (a clap, a flash), or declare the relation in recording.toml",
        )
    if status is Status.WEAK:
        return Finding(
            "clock_weak",
            Severity.WARNING,
            clock,
            f"there is evidence for {reference!r}, not enough of it" + (f": {note}" if note else ""),
            "use it knowingly; longer overlap or a shared event would settle it",
        )
    return None


def save_alignment(alignment: Alignment, path: Path) -> None:
    """Write a whole alignment, exact, as JSON that :meth:`Alignment.from_dict` reads; wholly or not at all.

    Raises
    ------
    DatasetError
        If the disk is full or the file may not be written.
    """
    content = json.dumps(alignment.to_dict(), ensure_ascii=False, indent=1) + "\n"
    write_text(path.absolute(), content, work=path.absolute().parent)


@dataclass(frozen=True)
class BuildOptions:
    """How a build works; nothing here changes what a version holds.

    Parameters
    ----------
    media
        Leave originals where they are and link them, or copy them into the dataset.
    add
        Keep the recordings of the newest version and add these.
    jobs
        Recordings built at once.
    skip_unreadable
        Leave broken files out with a finding, instead of stopping.
    """

    media: Literal["link", "copy"] = "link"
    add: bool = False
    jobs: int = 1
    skip_unreadable: bool = False


@dataclass(frozen=True)
class BuildResult:
    """What a build left behind.

    Parameters
    ----------
    path
        The dataset's folder.
    version
        The version that holds what was asked for.
    is_new
        Whether it was written now, or was there already.
    report
        The page about it.
    clocks
        How many clocks have which status.
    findings
        Everything that readers, checks, solver and context remarked.
    """

    path: Path
    version: Version
    is_new: bool
    report: Path
    clocks: Mapping[str, int]
    findings: tuple[Finding, ...]

    def alignments(self, most: int = MOST_TABLES) -> list[Alignment]:
        """The first alignments, in order of the recordings' names."""
        built = open_dataset(self.path, self.version.number)
        return [built.alignment(name) for name in built.recordings[:most]]

    def to_json(self) -> dict[str, Any]:
        """What ``weft build --json`` prints."""
        return {
            "dataset": str(self.path),
            "version": self.version.number,
            "content_sha256": self.version.content_sha256,
            "new": self.is_new,
            "recordings": self.version.counts["recordings"],
            "streams": self.version.counts["streams"],
            "clocks": dict(self.clocks),
            "capsules": self.version.counts["capsules"],
            "report": str(self.report),
            "findings": [finding.to_dict() for finding in self.findings],
        }


def recipe_from(path: Path | None, *, reference: str = "", budget_ms: float | None = None) -> Recipe:
    """The recipe of a file, with what the command line says in its place.

    Raises
    ------
    UsageError
        If the file or an option is wrong.
    """
    recipe = read_recipe(path) if path is not None else Recipe()
    return replace(
        recipe,
        reference=reference or recipe.reference,
        budget_ms=recipe.budget_ms if budget_ms is None else budget_ms,
    )


def build(
    paths: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    recipe: Recipe | None = None,
    options: BuildOptions | None = None,
    progress: Progress | None = None,
) -> BuildResult:
    """Align recordings, wrap what was said in its context, and write a version and its report.

    Killed at any moment and called again, it continues and gives the same bytes. Called
    again with the same inputs and recipe, it writes nothing.

    Parameters
    ----------
    paths
        Recordings: folders, files, or folders of such folders.
    out
        The dataset's folder, made where there is none.
    recipe
        The options that shape the version.
    options
        How the build works.
    progress
        Called with what is being done and the share done, 0..1.

    Raises
    ------
    UnreadableError
        If an input is broken; all are named, and nothing is written.
    DatasetError
        If the dataset is damaged, another writer is at work, or the disk is full.
    UsageError
        If a path or an option is wrong.
    """
    recipe, options = (recipe or Recipe()).resolved(), options or BuildOptions()
    recordings, left_out = _open_all(
        [Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths)],
        reference=recipe.reference,
        skip_unreadable=options.skip_unreadable,
        progress=_part(progress, 0.0, 0.05),
    )
    if not options.skip_unreadable and (empty := [_why_empty(r) for r in recordings if _is_empty(r)]):
        raise UnreadableError.gather(empty)
    recordings = [dataset.hash_sources(recording) for recording in recordings]
    store = dataset.Store.create(out)
    with store.lock():
        before = store.numbers()
        try:
            entries, failed = _entries(store, recordings, recipe, options, _part(progress, 0.05, 0.95))
            dataset.link_originals(store, [r for r in recordings if r.name not in failed], media=options.media)
            version = dataset.write_version(store, _with_kept(store, entries, options), recipe=recipe.to_dict())
        except WeftError as error:
            _leave_nothing_half_written(store, resume=isinstance(error, DatasetError))
            raise
    page = report(store.root, version=version.number)
    if progress:
        progress("done", 1.0)
    result = _result(store.root, version, page, is_new=version.number not in before)
    return replace(result, findings=(*result.findings, *left_out, *failed.values()))


def _entries(
    store: dataset.Store,
    recordings: Sequence[Recording],
    recipe: Recipe,
    options: BuildOptions,
    progress: Progress | None,
) -> tuple[list[RecordingEntry], dict[str, Finding]]:
    """What each recording became, and by name those that failed and may be left out."""
    outcomes = run(
        partial(_build_one, progress=progress) if options.jobs == 1 and len(recordings) == 1 else _build_one,
        [_item(recording, recipe, store, options) for recording in recordings],
        journal=StepCache(store.work / "receipts"),
        jobs=options.jobs,
        usable=lambda receipt: store.has(RecordingEntry.from_dict(receipt)),
        progress=progress,
    )
    entries = [RecordingEntry.from_dict(outcome.receipt) for outcome in outcomes if outcome.receipt is not None]
    failures = {outcome.name: _why_failed(outcome) for outcome in outcomes if outcome.receipt is None}
    if failures and not (options.skip_unreadable and entries):
        hint = "\nthe others are kept; to go on without what failed: pass --skip-unreadable" if entries else ""
        raise UnreadableError(f"{UnreadableError.gather(failures.values())}{hint}")
    return entries, {name: _left_out(name, why) for name, why in failures.items()}


def _why_failed(outcome: Outcome) -> str:
    """What to say of a recording that could not be built."""
    fault = "; this is a fault of weft, please report it with the recording" if outcome.trace else ""
    return f"{outcome.name}: {outcome.error}{fault}"


def _left_out(subject: str, problem: str) -> Finding:
    """A whole recording that was left out on request."""
    return Finding(
        "unreadable_recording",
        Severity.ERROR,
        subject,
        problem,
        "repair or replace its files; until then the dataset lacks it",
    )


def _leave_nothing_half_written(store: dataset.Store, *, resume: bool) -> None:
    """Take back a dataset that has no version, unless work is finished with which the next run can ``resume``."""
    finished = [*(store.root / "tables").rglob("*.parquet"), *((store.work / "receipts").rglob("*") if resume else ())]
    if store.numbers() or finished:
        return
    for entry in store.root.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    with suppress(OSError):
        store.root.rmdir()


def _is_empty(recording: Recording) -> bool:
    """Whether there is nothing to build from."""
    return not recording.annotations and not any(len(stream) for stream in recording.streams)


def _why_empty(recording: Recording) -> str:
    """What to say of a recording without content; readers may have said why."""
    files = ", ".join(source.path for source in recording.sources)
    gravest = max(recording.findings, key=lambda finding: finding.severity.rank, default=None)
    why = f" ({gravest.message})" if gravest else ""
    return f"{files}: holds no sample and no annotation{why}; `weft inspect` shows what was found"


def _with_kept(store: dataset.Store, entries: list[RecordingEntry], options: BuildOptions) -> list[RecordingEntry]:
    """The entries, and with ``add`` those of the newest version that they do not replace."""
    if not options.add or not store.numbers():
        return entries
    built = {entry.name for entry in entries}
    return entries + [entry for entry in store.manifest().recordings if entry.name not in built]


def _open_all(
    paths: Sequence[Path], *, reference: str, skip_unreadable: bool, progress: Progress | None
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
            opened.append((root, open_recording(root, reference=reference, skip_unreadable=skip_unreadable)))
        except UnreadableError as error:
            problems[str(root)] = str(error)
    if problems and not (skip_unreadable and opened):
        raise UnreadableError.gather(problems.values())
    return _named_apart(opened), [_left_out(root, problem) for root, problem in problems.items()]


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


def _item(recording: Recording, recipe: Recipe, store: dataset.Store, options: BuildOptions) -> Item:
    """One recording's work, under a key that says all that shapes it."""
    paths = [recording.root / source.path for source in recording.sources]
    payload = {
        "name": recording.name,
        "path": recording.root if opened_as(recording) == "folder" else paths,
        "store": store.root,
        "recipe": recipe,
        "skip_unreadable": options.skip_unreadable,
    }
    inputs = [text for source in files_of(recording) for text in (source.path, source.sha256)]
    key = step_key(
        "recording",
        code=code_version(),
        inputs=inputs,
        options={"name": recording.name, "recipe": recipe.to_dict(), "skip_unreadable": options.skip_unreadable},
    )
    return Item(recording.name, key, {**payload, "key": key})


def _telling(names: Sequence[str], progress: Progress | None) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Building one of several recordings, with progress inside each; for one process only."""

    def build_one(payload: Mapping[str, Any]) -> dict[str, Any]:
        at, count = names.index(payload["name"]), len(names)
        return _build_one(payload, _part(progress, at / count, (at + 1) / count))

    return build_one


def _build_one(payload: Mapping[str, Any], progress: Progress | None = None) -> dict[str, Any]:
    """Open, align, contextualise and store one recording; pure but for the fragments it stores."""
    recipe: Recipe = payload["recipe"]
    store = dataset.Store.open(payload["store"])
    opened = open_recording(payload["path"], reference=recipe.reference, skip_unreadable=payload["skip_unreadable"])
    recording = dataset.hash_sources(replace(opened, name=payload["name"]))
    solved = StepCache(store.work / "receipts").remember(
        step_key("align", code=payload["key"], inputs=[], options={}),
        lambda: align(recording, budget_ms=recipe.budget_ms, progress=_part(progress, 0.0, 0.5)).to_dict(),
    )
    alignment = Alignment.from_dict(solved)
    capsules = context.contextualise(recording, alignment, options=recipe.context, progress=_part(progress, 0.5, 1.0))
    entry = dataset.store_recording(
        store,
        recording,
        alignment=replace(alignment, findings=alignment_findings(alignment)),
        capsules=capsules,
        findings=context.findings_of(capsules),
    )
    return entry.to_dict()


def _result(path: Path, version: Version, page: Path, *, is_new: bool) -> BuildResult:
    """What is told about a version that was built."""
    built = open_dataset(path, version.number)
    statuses = Counter(built.table("clocks", columns=["status"])["status"].to_pylist())
    clocks = {str(status): statuses.get(str(status), 0) for status in Status}
    return BuildResult(path, version, is_new, page, clocks, built.findings)


def open_dataset(path: str | Path, version: int | None = None) -> dataset.Dataset:
    """A version of the dataset in ``path``, the newest one without ``version``.

    Parameters
    ----------
    path
        The dataset's folder.
    version
        The version's number.

    Raises
    ------
    DatasetError
        If there is no dataset, or its manifest is damaged.
    UsageError
        If it has no such version.
    """
    opener = partial(open_recording, skip_unreadable=True)
    return dataset.open_dataset(path, version, opener=opener, to_torch=loaders.to_torch)


def check(
    path: Path, *, version: int | None = None, budget_ms: float = 80.0, files: bool = True
) -> tuple[Finding, ...]:
    """The findings of a version, of its clocks against a budget, and of its files."""
    opened = open_dataset(path, version)
    findings = list(opened.findings)
    for name in opened.recordings:
        for entry in opened.alignment(name).clocks:
            error_ms = entry.to_json()["error95_ms"]
            if error_ms is not None and error_ms > budget_ms:
                findings.append(_over_budget(f"{name}: {entry.clock.name}", error_ms, budget_ms))
    return (*findings, *(dataset.verify(opened.store) if files else ()))


def _over_budget(subject: str, error_ms: float, budget_ms: float) -> Finding:
    """A clock that is known less well than it must be."""
    return Finding(
        "over_budget",
        Severity.ERROR,
        subject,
        f"its 95 % error is {error_ms:.1f} ms, the budget is {budget_ms:g} ms",
        "add evidence, shorten the recording to where it lies, or raise --budget knowingly",
        {"error95_ms": error_ms, "budget_ms": budget_ms},
    )


def history(path: Path) -> list[dict[str, Any]]:
    """Every version of a dataset, newest first, with what changed since the one before."""
    rows = []
    for version in dataset.log(path):
        written = datetime.fromtimestamp(written_at_s(path, version.number)).astimezone()
        rows.append(
            {
                "version": version.number,
                "written": written.isoformat(sep=" ", timespec="seconds"),
                "parent": version.parent,
                "content_sha256": version.content_sha256,
                "counts": dict(version.counts),
                "recipe": dict(version.recipe),
                "changes": _changes(path, version),
            }
        )
    return rows


def _changes(path: Path, version: Version) -> str:
    """What a version changed, in a line."""
    if version.parent is None:
        return "first"
    difference = dataset.diff(path, version.parent, version.number)
    parts = [
        f"{word} {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"
        for word, names in (("+", difference.added), ("-", difference.removed), ("changed", difference.changed))
        if names
    ]
    parts += [f"recipe {', '.join(difference.recipe)}"] if difference.recipe else []
    return "; ".join(parts) or "nothing"


def report(path: Path, *, version: int | None = None, out: Path | None = None) -> Path:
    """The page about a version, written where it is not there yet."""
    from weft.report import write_report

    opened = open_dataset(path, version)
    target = out or opened.path / "reports" / f"{opened.version.number:06d}.html"
    if out is None and target.is_file():
        return target
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        return write_report(opened, target)


def export(
    path: Path, target: str, out: Path, *, version: int | None = None, progress: Progress | None = None
) -> list[Path]:
    """The files of a version in another tool's format: ``webdataset`` or ``parquet``."""
    opened = open_dataset(path, version)
    exporters = {"webdataset": dataset.export_webdataset, "parquet": dataset.export_parquet}
    if target not in exporters:
        raise UsageError(f"cannot export to {target!r}; known are {', '.join(exporters)}")
    folder = exporters[target](opened, out, progress=progress)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def summary(recording: Recording) -> dict[str, Any]:
    """One recording of ``weft inspect --json``, without its streams and findings."""
    return {
        "name": recording.name,
        "root": str(recording.root),
        "reference": recording.reference or None,
        "clocks": [clock.to_dict() for clock in recording.clocks],
        "sources": [
            {"path": source.path, "size_bytes": source.size_bytes, "reader": source.reader}
            for source in recording.sources
        ],
        "annotations": dict(sorted(Counter(annotation.kind for annotation in recording.annotations).items())),
        "evidence": [
            {"clock": e.clock, "reference": e.reference, "method": e.method, "count": len(e)}
            for e in recording.evidence
        ],
    }


def annotation_counts(recording: Recording) -> str:
    """How many annotations of each kind there are, in words."""
    counts = Counter(annotation.kind for annotation in recording.annotations)
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))


@cache
def code_version() -> str:
    """The hash of weft's own code: another code makes every receipt of the old one void."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _part(progress: Progress | None, start: float, stop: float) -> Progress | None:
    """A progress that moves within a part of the whole."""
    if progress is None:
        return None
    return lambda what, share: progress(what, start + (stop - start) * share)
