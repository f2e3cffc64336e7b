"""``weft demo``: the main job on the recordings that the project ships."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option
from weft.core.errors import UsageError


@click.command(name="demo", short_help="Build from the shipped recordings.")
@click.option(
    "--examples",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("examples/recordings"),
    show_default=True,
    help="The shipped recordings; they come with the project's source.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-output"),
    show_default=True,
    help="Where the dataset is made.",
)
@json_option
def command(examples: Path, out: Path, as_json: bool) -> int:
    """Build a dataset from five real recordings and say where its report lies."""
    from weft import workflow
    from weft.cli.build import show
    from weft.cli.console import print_json, progress_bar

    if not examples.is_dir():
        raise UsageError(f"{examples}: no such folder; run this in a clone of the project, or name one with --examples")
    with progress_bar(quiet=as_json) as progress:
        result = workflow.build([examples], out, progress=progress)
    if as_json:
        print_json(result.to_json())
        return 0
    show(result)
    click.echo(f"\nOpen the report in a browser. Then: weft check {out}; weft build YOUR-FOLDER --out YOUR-DATASET")
    return 0
