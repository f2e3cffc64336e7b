"""``weft export``: a version in the formats of other tools."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option, version_option


@click.command(name="export", short_help="Write Parquet with media, WebDataset shards or MCAP files.")
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Choice(["parquet", "webdataset", "mcap"]),
    help="parquet: tables and media clips with a card and Croissant metadata. webdataset: tar shards, a sample "
    "for each capsule. mcap: a file for each recording with corrected times.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="A new or empty folder.")
@click.option(
    "--about",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file that says the dataset's name, licence, creators and conditions of use; for parquet.",
)
@version_option
@json_option
def command(dataset: Path, target: str, out: Path, about: Path | None, version: str | None, as_json: bool) -> int:
    """Write a version in a format of other tools.

    Sources, confidences, clock errors and the synthetic mark go along.
    """
    from weft import workflow
    from weft.cli.console import print_json, progress_bar

    with progress_bar(quiet=as_json) as progress:
        paths = workflow.export(dataset, target, out, version=version, about=about, progress=progress)
    if as_json:
        print_json({"dataset": str(dataset), "to": target, "out": str(out), "files": [str(path) for path in paths]})
    else:
        click.echo(f"{len(paths)} files in {out}")
    return 0
