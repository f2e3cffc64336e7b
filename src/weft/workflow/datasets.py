"""What is done with a dataset that was built: opening, checking, reporting, exporting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from weft import dataset, loaders, quality
from weft.core import DatasetError, Finding, Severity, UsageError
from weft.dataset.atomic import storage_errors
from weft.workflow.opening import open_unchecked

Progress = Callable[[str, float], None]


def open_dataset(path: str | Path, version: int | str | None = None) -> dataset.Dataset:
    """A version of the dataset in ``path``, the current one without ``version``.

    Parameters
    ----------
    path
        The dataset's folder.
    version
        The version's number or tag.

    Raises
    ------
    DatasetError
        If there is no dataset, or its manifest is damaged.
    UsageError
        If it has no such version.
    """
    opener = partial(open_unchecked, skip_unreadable=True)
    return dataset.open_dataset(path, version, opener=opener, to_torch=loaders.to_torch)


def check(
    path: Path, *, version: int | str | None = None, budget_ms: float = 80.0, files: bool = True
) -> tuple[Finding, ...]:
    """The findings of a version, of its clocks against a budget, and of its files."""
    opened = open_dataset(path, version)
    findings = list(opened.findings)
    for name in opened.recordings:
        for entry in opened.alignment(name).clocks:
            error_ms = entry.to_json()["error95_ms"]
            if error_ms is not None and error_ms > budget_ms:
                findings.append(quality.over_budget(f"{name}: {entry.clock.name}", error_ms, budget_ms))
        try:
            opened.originals(name).check()
        except DatasetError as error:
            cure = "training needs them: restore them, or say in links.json where they lie now"
            findings.append(
                Finding("originals_missing", Severity.ERROR, name, str(error).partition("\nput the")[0], cure)
            )
    return (*findings, *(dataset.verify(opened.store) if files else ()))


def report(path: Path, *, version: int | str | None = None, out: Path | None = None) -> Path:
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
    path: Path,
    target: str,
    out: Path,
    *,
    version: int | str | None = None,
    about: Path | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """The files of a version in another tool's format: ``webdataset``, ``parquet`` or ``mcap``.

    Parameters
    ----------
    path
        The dataset's folder.
    target
        The format.
    out
        A new or empty folder.
    version
        The version's number or tag; by default the current one.
    about
        A TOML file in which a person says what the dataset is; for ``parquet`` only.
    progress
        Called with what is being done and the share done.

    Raises
    ------
    UsageError
        If there is no such format, or something is in ``out``.
    DatasetError
        If originals are missing or have changed, or the disk is full.
    """
    said = dataset.read_about(about) if about is not None else None
    if said is not None and target != "parquet":
        raise UsageError(f"only the parquet export holds what {about} says")
    opened = open_dataset(path, version)
    exporters: dict[str, Callable[..., Path]] = {
        "webdataset": dataset.export_webdataset,
        "parquet": partial(dataset.export_parquet, about=said),
        "mcap": dataset.export_mcap,
    }
    if target not in exporters:
        raise UsageError(f"cannot export to {target!r}; known are {', '.join(exporters)}")
    folder = exporters[target](opened, out, progress=progress)
    return sorted(path for path in folder.rglob("*") if path.is_file())
