"""``weft report``: the page about a version."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option, version_option


@click.command(name="report", short_help="Write the HTML page about a version.")
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@version_option
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to write it. Default: in the dataset."
)
@json_option
def command(dataset: Path, version: str | None, out: Path | None, as_json: bool) -> int:
    """Write one self-contained HTML page that says what can be trusted.

    It holds the clock table with error bars over time, residuals, what is missing, a few
    capsules, and all findings with their cures; it needs no network.
    """
    from weft import workflow
    from weft.cli.console import print_json

    path = workflow.report(dataset, version=version, out=out)
    if as_json:
        print_json({"dataset": str(dataset), "report": str(path)})
    else:
        click.echo(path)
    return 0
