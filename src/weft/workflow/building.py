"""The main job: recordings in, a version and its report out."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from weft import context, dataset, quality
from weft.core import Alignment, DatasetError, Finding, Recording, Status, UnreadableError, Version, WeftError
from weft.dataset import RecordingEntry
from weft.dataset.originals import opened_as
from weft.engine import Item, Outcome, StepCache, code_version, run, step_key
from weft.recipe import Recipe
from weft.workflow.aligning import align
from weft.workflow.build_result import BuildOptions, BuildResult
from weft.workflow.datasets import open_dataset, report
from weft.workflow.opening import left_out_finding, open_all, open_recording, open_unchecked

Progress = Callable[[str, float], None]


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
    recordings, left_out = open_all(
        [Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths)],
        open_unchecked,
        reference=recipe.reference,
        skip_unreadable=options.skip_unreadable,
        progress=_part(progress, 0.0, 0.05),
    )
    if not options.skip_unreadable and (empty := [quality.why_empty(r) for r in recordings if quality.is_empty(r)]):
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
        _build_one if options.jobs > 1 else _telling([recording.name for recording in recordings], progress),
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
    return entries, {name: left_out_finding(name, why) for name, why in failures.items()}


def _why_failed(outcome: Outcome) -> str:
    """What to say of a recording that could not be built."""
    fault = "; this is a fault of weft, please report it with the recording" if outcome.trace else ""
    return f"{outcome.name}: {outcome.error}{fault}"


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


def _with_kept(store: dataset.Store, entries: list[RecordingEntry], options: BuildOptions) -> list[RecordingEntry]:
    """The entries, and with ``add`` those of the current version that they do not replace."""
    if not options.add or not store.numbers():
        return entries
    built = {entry.name for entry in entries}
    return entries + [entry for entry in store.manifest(dataset.current(store)).recordings if entry.name not in built]


def _item(recording: Recording, recipe: Recipe, store: dataset.Store, options: BuildOptions) -> Item:
    """One recording's work, under a key that says all that shapes it."""
    paths = [recording.root / source.path for source in recording.sources]
    payload = {
        "name": recording.name,
        "path": recording.root if opened_as(recording) == "folder" else paths,
        "store": store.root,
        "recipe": recipe,
        "skip_unreadable": options.skip_unreadable,
        "sources": {source.path: source.sha256 for source in recording.sources},
    }
    key = step_key(
        "recording",
        code=code_version(),
        inputs=dataset.input_hashes(recording),
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
    changed = [source.path for source in recording.sources if payload["sources"].get(source.path) != source.sha256]
    if changed:
        raise UnreadableError(
            f"{', '.join(changed)} changed while the dataset was built; run again when nobody writes it"
        )
    solved = StepCache(store.work / "receipts").remember(
        step_key("align", code=payload["key"], inputs=[], options={}),
        lambda: align(recording, budget_ms=recipe.budget_ms, progress=_part(progress, 0.0, 0.5)).to_dict(),
    )
    alignment = Alignment.from_dict(solved)
    capsules = context.contextualise(recording, alignment, options=recipe.context, progress=_part(progress, 0.5, 1.0))
    entry = dataset.store_recording(
        store,
        recording,
        alignment=replace(alignment, findings=quality.alignment_findings(alignment)),
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


def _part(progress: Progress | None, start: float, stop: float) -> Progress | None:
    """A progress that moves within a part of the whole."""
    if progress is None:
        return None
    return lambda what, share: progress(what, start + (stop - start) * share)
