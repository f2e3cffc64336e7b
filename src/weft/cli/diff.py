"""``weft diff``: what changed between two versions, and by how much."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option


@click.command(name="diff", short_help="Show what changed between two versions, and by how much.")
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.argument("before", required=False)
@click.argument("after", required=False)
@json_option
def command(dataset: Path, before: str | None, after: str | None, as_json: bool) -> int:
    """Show which recordings, clocks, capsules and labels changed, and by how much.

    BEFORE and AFTER are numbers or tags. AFTER is the current version when it is not given,
    BEFORE the one that AFTER was made from. For a clock, `moved` is the largest change of a
    reference time anywhere in the recording.
    """
    from weft.cli.console import print_json, stdout_console
    from weft.cli.version_tables import changes_tables
    from weft.dataset import diff

    changes = diff(dataset, before, after)
    if as_json:
        print_json({"dataset": str(dataset), **changes.to_dict()})
        return 0
    console = stdout_console()
    for table in changes_tables(changes, width=console.width):
        console.print(table)
    return 0
