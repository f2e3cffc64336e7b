"""The ``weft`` command: thin, each subcommand in a file of its own, imported when it is called."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from typing import Any

import click

from weft.core.errors import WeftError

COMMANDS = (
    "inspect",
    "align",
    "verify",
    "correct",
    "train-sync",
    "build",
    "report",
    "check",
    "log",
    "diff",
    "checkout",
    "tag",
    "collect",
    "export",
    "demo",
    "completion",
)
"""In the order in which a person meets them; each is ``weft.cli.<name>:command``, a hyphen written as an underscore."""


class LazyGroup(click.Group):
    """A group that imports a subcommand when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of :data:`COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"weft.cli.{cmd_name.replace('-', '_')}").command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="weft", prog_name="weft")
def weft() -> None:
    """Put what many devices recorded on one clock, keep its context, and weave it into a dataset.

    Start with `weft inspect FOLDER` to see what is there, then
    `weft build FOLDER --out DATASET`.

    Exit codes: 0 done; 1 findings at or above --fail-on; 2 wrong use or unreadable input.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its exit code; errors are one message, never a traceback."""
    _have_somewhere_to_write()
    try:
        result: Any = weft.main(args=arguments, prog_name="weft", standalone_mode=False)
    except click.exceptions.Abort:
        _leave(130, "stopped")
    except click.ClickException as error:
        error.show(file=sys.stderr)
        raise SystemExit(2) from error
    except WeftError as error:
        _leave(2, str(error))
    except BrokenPipeError:
        # The reader of our output went away (`weft log | head`): nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        _leave(2, _explained(error))
    raise SystemExit(result if isinstance(result, int) else 0)


def _have_somewhere_to_write() -> None:
    """Write into nothing where the caller closed stdout or stderr (`weft log >&-`)."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for the life of the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a locale without our letters is no fault


def _explained(error: OSError) -> str:
    """What a failed call to the system means for the person."""
    where = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"{where}the disk is full; free some space and run the same command again, it continues where it stopped"
    return f"{where}{error.strerror or error}"


def _leave(code: int, message: str) -> None:
    """Print one message to stderr and exit."""
    from weft.cli.console import visible

    click.echo(f"weft: {visible(message)}", err=True)
    raise SystemExit(code)
