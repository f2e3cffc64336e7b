"""``weft collect``: remove what no version needs."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option


@click.command(name="collect", short_help="Remove files that no version needs.")
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@json_option
def command(dataset: Path, dry_run: bool, as_json: bool) -> int:
    """Remove what interrupted builds left behind; no version ever loses a file.

    The finished steps of an interrupted build go too, so end it first if it shall be continued.
    """
    from weft.cli.console import print_json
    from weft.cli.tables import counted
    from weft.dataset import Store, collect, unused

    store = Store.open(dataset)
    paths = unused(store) if dry_run else collect(store)
    if as_json:
        print_json({"dataset": str(dataset), "removed": [] if dry_run else list(paths), "unused": list(paths)})
        return 0
    for path in paths:
        click.echo(path)
    click.echo(f"{counted(len(paths), 'file')} {'would be removed' if dry_run else 'removed'}")
    return 0
