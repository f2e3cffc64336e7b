"""``weft build``: the main job."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import (
    Duration,
    exit_code,
    fail_on_option,
    json_option,
    reference_option,
    skip_unreadable_option,
)


@click.command(name="build", short_help="Align, contextualise, write a version and its report.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The dataset's folder.")
@click.option("--recipe", type=click.Path(path_type=Path, dir_okay=False), help="Options as TOML; others win over it.")
@reference_option
@click.option(
    "--budget",
    "budget_ms",
    type=Duration(),
    default=None,
    help="The largest 95 % error with which a clock still counts as aligned.  [default: 80ms]",
)
@click.option(
    "--media",
    type=click.Choice(["link", "copy"]),
    default="link",
    show_default=True,
    help="Leave originals where they are and link them, or copy them into the dataset.",
)
@click.option("--add", is_flag=True, help="Keep the recordings of the current version and add these.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Recordings built at once.")
@skip_unreadable_option
@fail_on_option
@json_option
def command(
    paths: tuple[Path, ...],
    out: Path,
    recipe: Path | None,
    reference: str,
    budget_ms: float | None,
    media: str,
    add: bool,
    jobs: int,
    skip_unreadable: bool,
    fail_on: str | None,
    as_json: bool,
) -> int:
    """Align recordings, wrap every utterance in its context, write a version and its report.

    PATHS are recordings: folders, files, or folders of such folders. The same command on
    the same inputs writes nothing new; other options write a new version beside the old.
    If it is stopped, by whatever means, the same command continues.
    """
    from weft import workflow
    from weft.cli.console import print_json, progress_bar
    from weft.recipe import recipe_from

    chosen = recipe_from(recipe, reference=reference, budget_ms=budget_ms)
    with progress_bar(quiet=as_json) as progress:
        result = workflow.build(
            paths,
            out,
            recipe=chosen,
            options=workflow.BuildOptions(
                media="copy" if media == "copy" else "link", add=add, jobs=jobs, skip_unreadable=skip_unreadable
            ),
            progress=progress,
        )
    if as_json:
        print_json(result.to_json())
    else:
        show(result)
    return exit_code(result.findings, fail_on)


def show(result: object) -> None:
    """Print what a build left behind: the clock tables, the gravest findings, the paths."""
    from weft.cli.console import stdout_console
    from weft.cli.tables import clocks_table, counted, findings_table
    from weft.core import Severity
    from weft.workflow import BuildResult

    if not isinstance(result, BuildResult):
        raise TypeError(f"expected a BuildResult, found {type(result).__name__}")
    console = stdout_console()
    for alignment in result.alignments():
        console.print(clocks_table(alignment, width=console.width))
    grave = [finding for finding in result.findings if finding.severity is not Severity.INFO]
    if (table := findings_table(grave)) is not None:
        console.print(table)
    if hidden := len(result.findings) - len(grave):
        console.print(f"{counted(hidden, 'more finding')} of severity info in the report")
    counts = result.version.counts
    state = "written" if result.is_new else "already there; nothing was written"
    console.print(
        f"version {result.version.number} {state}: {counted(counts['recordings'], 'recording')}, "
        f"{counted(counts['streams'], 'stream')}, {counted(counts['capsules'], 'capsule')}"
    )
    console.print(f"dataset {result.path}", soft_wrap=True, markup=False)
    console.print(f"report  {result.report}", soft_wrap=True, markup=False)
