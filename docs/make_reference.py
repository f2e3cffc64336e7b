"""Write ``docs/commands.md`` and ``docs/formats.md`` from the code itself, or check that they are current.

python docs/make_reference.py           # write
python docs/make_reference.py --check   # exit 1 if it is stale
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

import click

from weft.cli import weft
from weft.readers import recording_toml
from weft.readers.registry import READERS

HERE = Path(__file__).parent


def option_row(parameter: click.Parameter, context: click.Context) -> str:
    """One option or argument as a table row."""
    if isinstance(parameter, click.Argument):
        return f"| `{parameter.make_metavar(context)}` | |"
    record = parameter.get_help_record(context)
    names, text = record if record else (", ".join(parameter.opts), "")
    return f"| `{names}` | {text.replace('|', chr(92) + '|')} |"


def command_page(name: str, command: click.Command, parent: click.Context) -> list[str]:
    """One command's section."""
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(["weft", name, *command.collect_usage_pieces(context)])
    text = "\n\n".join(" ".join(part.split()) for part in (command.help or "").replace("\b", "").split("\n\n"))
    rows = [option_row(parameter, context) for parameter in command.get_params(context)]
    return [f"## weft {name}", "", f"    {usage}", "", text, "", "| option | meaning |", "|---|---|", *rows, ""]


def reference() -> str:
    """The whole page."""
    parent = weft.make_context("weft", [], resilient_parsing=True)
    lines = ["# Commands", "", "Written by `make docs` from the command itself.", ""]
    lines += [" ".join(part.split()) + "\n" for part in (weft.help or "").split("\n\n")]
    for name in weft.list_commands(parent):
        command = weft.get_command(parent, name)
        if command is not None:
            lines += command_page(name, command, parent)
    return "\n".join(lines).rstrip() + "\n"


def formats() -> str:
    """The page about every reader, from its own words."""
    lines = ["# What weft reads", "", "Written by `make docs` from the readers themselves, in the order in which they"]
    lines += ["are asked whether a file is theirs. Content decides before the suffix.", ""]
    for name, reader in READERS.items():
        module = inspect.getdoc(sys.modules[type(reader).__module__]) or ""
        own = inspect.getdoc(type(reader)) or ""
        lines += [f"## {name}", "", plain(module), "", plain(own), ""]
    return "\n".join(lines).rstrip() + "\n"


def plain(text: str) -> str:
    """A docstring as Markdown."""
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text).replace("``", "`")
    text = re.sub(r"^(\w[\w ]*)\n-{3,}$", r"**\1**\n", text, flags=re.MULTILINE)
    text = re.sub(r"^::\n\n", "", text, flags=re.MULTILINE)
    return re.sub(r"::\n\n((?:    .*\n?|\n)+)", r":\n\n\1", text)


def notes() -> str:
    """The page about ``recording.toml``, from the module that reads it."""
    text = plain(inspect.getdoc(recording_toml) or "")
    return f"# recording.toml\n\nWritten by `make docs` from the module that reads it.\n\n{text}\n\n" + _NOTES_MORE


_NOTES_MORE = """What a file's own reader takes besides `clock` and `ignore` is listed under its name in
[formats.md](formats.md); for tables that is `time_column`, `time_unit`, `time_format`, `rate_hz`, `order`,
`modality` and `follows_stem`.

Every key is checked. A file or stream that does not exist, an unknown key, and a clock that nobody has are
named all at once, before anything is read.
"""


PAGES = {"commands.md": reference, "formats.md": formats, "recording-toml.md": notes}


def main() -> int:
    """Write the pages, or compare."""
    stale = 0
    for name, make in PAGES.items():
        target, text = HERE / name, make()
        if "--check" not in sys.argv[1:]:
            target.write_text(text, encoding="utf-8")
        elif not target.is_file() or target.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{name} is stale; run `make docs`\n")
            stale = 1
    return stale


if __name__ == "__main__":
    raise SystemExit(main())
