"""``weft export``: a version in the formats of other tools."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option, version_option


@click.command(name="export", short_help="Write WebDataset shards or Parquet with media.")
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Choice(["webdataset", "parquet"]),
    help="webdataset: tar shards, a sample for each capsule. parquet: tables and media clips with a card.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="A new or empty folder.")
@version_option
@json_option
def command(dataset: Path, target: str, out: Path, version: str | None, as_json: bool) -> int:
    """Write a version as WebDataset shards or as Parquet tables with media.

    Sources, confidences, clock errors and the synthetic mark go along.
    """
    from weft import workflow
    from weft.cli.console import print_json, progress_bar

    with progress_bar(quiet=as_json) as progress:
        paths = workflow.export(dataset, target, out, version=version, progress=progress)
    if as_json:
        print_json({"dataset": str(dataset), "to": target, "out": str(out), "files": [str(path) for path in paths]})
    else:
        click.echo(f"{len(paths)} files in {out}")
    return 0
