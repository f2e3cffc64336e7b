"""``weft tag``: names for versions."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option, version_option


@click.command(name="tag", short_help="Name a version, or list the names.")
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.argument("name", required=False)
@version_option
@click.option("--move", is_flag=True, help="Take the name from another version if it has it.")
@click.option("--delete", is_flag=True, help="Take the name away. The version stays.")
@json_option
def command(dataset: Path, name: str | None, version: str | None, move: bool, delete: bool, as_json: bool) -> int:
    """Name a version, so that `--version`, `weft diff` and `weft checkout` take the name.

    Without NAME the names are listed.
    """
    from weft.cli.console import print_json
    from weft.dataset import Store, number_of, remove_tag, set_tag, tags

    store = Store.open(dataset)
    if delete and name is None:
        raise click.UsageError("say which NAME to delete")
    if delete and name is not None:
        remove_tag(store, name)
    elif name is not None:
        set_tag(store, name, number_of(store, version), move=move)
    known = tags(store)
    if as_json:
        print_json({"dataset": str(dataset), "tags": known})
        return 0
    for tag, number in known.items():
        click.echo(f"{tag}  version {number}")
    return 0
