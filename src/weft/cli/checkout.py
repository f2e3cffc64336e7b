"""``weft checkout``: which version is current."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option


@click.command(name="checkout", short_help="Choose the version that is read and built upon.")
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.argument("version")
@json_option
def command(dataset: Path, version: str, as_json: bool) -> int:
    """Make VERSION, a number or a tag, the one that is read when nobody names another.

    `weft build` builds upon it, and makes what it writes the current version. No version is
    changed or lost; `weft checkout` with the highest number of `weft log` leads back.
    """
    from weft.cli.console import print_json
    from weft.dataset import Store, make_current, number_of

    store = Store.open(dataset)
    number = number_of(store, version)
    make_current(store, number)
    if as_json:
        print_json({"dataset": str(dataset), "version": number})
    else:
        click.echo(f"version {number} is current")
    return 0
