"""``weft log``: the versions of a dataset."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option


@click.command(name="log", short_help="Show the versions of a dataset.")
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@json_option
def command(dataset: Path, as_json: bool) -> int:
    """Show every version, newest first: its tags, when, from which, what it holds, what changed.

    The current version, which other commands read, is marked with a star.
    """
    from weft.cli.console import print_json, stdout_console
    from weft.cli.tables import versions_table
    from weft.dataset import history

    rows = history(dataset)
    if as_json:
        print_json({"dataset": str(dataset), "versions": rows})
    else:
        stdout_console().print(versions_table(str(dataset), rows))
    return 0
