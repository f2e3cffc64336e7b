"""Output for people: progress on stderr, tables on stdout, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from weft.cli.table_layout import WIDE

if TYPE_CHECKING:
    from rich.console import Console


def stdout_console() -> Console:
    """Where tables go; as wide as the terminal, or wide enough for all columns in a pipe."""
    from rich.console import Console

    class PipedConsole(Console):
        """A console that leaves it to the command what a reader that went away means; rich would exit with 1."""

        def on_broken_pipe(self) -> None:
            """Called by rich while it handles the error."""
            raise BrokenPipeError

    return PipedConsole(width=None if sys.stdout.isatty() else WIDE, highlight=False)


def visible(text: str) -> str:
    r"""The text with control characters written out, so that a file's name cannot command the terminal.

    Examples
    --------
    >>> print(visible("red\x1b[31m.wav"))
    red\x1b[31m.wav
    """
    return "".join(
        letter if letter.isprintable() or letter in "\n " else letter.encode("unicode_escape").decode()
        for letter in text
    )


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Callable[[str, float], None]]:
    """A function that shows what is being done and the share done, on stderr.

    It shows a moving bar in a terminal, and nothing in a pipe or when ``quiet``.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda what, share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=min(max(share, 0.0), 1.0))
