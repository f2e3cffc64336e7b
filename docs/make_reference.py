"""Write ``docs/commands.md`` from the command itself, or check that it is current.

python docs/make_reference.py           # write
python docs/make_reference.py --check   # exit 1 if it is stale
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from weft.cli import weft

TARGET = Path(__file__).parent / "commands.md"


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
    parent = click.Context(weft, info_name="weft")
    lines = ["# Commands", "", "Written by `make docs` from the command itself.", ""]
    lines += [" ".join(part.split()) + "\n" for part in (weft.help or "").split("\n\n")]
    for name in weft.list_commands(parent):
        command = weft.get_command(parent, name)
        if command is not None:
            lines += command_page(name, command, parent)
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write the page, or compare."""
    text = reference()
    if "--check" in sys.argv[1:]:
        if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
            return 0
        sys.stderr.write(f"{TARGET.name} is stale; run `make docs`\n")
        return 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
