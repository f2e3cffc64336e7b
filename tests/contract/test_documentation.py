"""What is public is documented, and what is documented is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from weft.cli import weft

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "weft"
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions() -> Iterator[tuple[str, FUNCTION]]:
    """Every function and method whose name and room are public."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, FUNCTION) and not node.name.startswith("_"):
                yield f"{path.relative_to(SOURCE).as_posix()}:{node.name}", node
            elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                for inner in node.body:
                    if isinstance(inner, FUNCTION) and not inner.name.startswith("_"):
                        yield f"{path.relative_to(SOURCE).as_posix()}:{node.name}.{inner.name}", inner


FUNCTIONS = dict(public_functions())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_says_what_the_caller_gets(name: str) -> None:
    first = (ast.get_docstring(FUNCTIONS[name]) or "").partition("\n")[0]
    assert first, f"{name} has no docstring"


@pytest.mark.parametrize(
    "name", [name for name, node in FUNCTIONS.items() if "\nParameters\n---" in (ast.get_docstring(node) or "")]
)
def test_described_parameters_are_those_of_the_signature(name: str) -> None:
    node = FUNCTIONS[name]
    doc = ast.get_docstring(node) or ""
    section = re.split(r"\n(?=[A-Z][a-z]+\n-{3,})", doc.split("\nParameters\n", 1)[1].split("\n", 1)[1])[0]
    described = {
        part.strip().lstrip("*")
        for line in section.splitlines()
        if line and not line.startswith(" ")
        for part in line.split(" : ")[0].split(",")
    }
    arguments = node.args
    actual = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)} - {"self", "cls"}
    actual |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a}
    assert described <= actual, f"{name} describes {sorted(described - actual)}, which it does not take"


def commands() -> dict[str, click.Command]:
    """Every subcommand by name."""
    context = click.Context(weft)
    return {name: command for name in weft.list_commands(context) if (command := weft.get_command(context, name))}


@pytest.mark.parametrize("name", commands())
def test_every_command_and_option_has_help(name: str) -> None:
    command = commands()[name]
    assert command.help
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not silent, f"weft {name}: no help for {silent}"


@pytest.mark.parametrize("page", ["commands.md", "formats.md", "recording-toml.md"])
def test_the_references_are_current(page: str) -> None:
    import runpy

    made = runpy.run_path(str(ROOT / "docs" / "make_reference.py"))["PAGES"][page]()
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == made, "run `make docs`"


def test_every_dependency_earns_its_place() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    names = {re.split(r"[\[<>=~!; ]", requirement)[0] for requirement in wanted} - {"weft"}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert not [name for name in sorted(names) if not re.search(rf"\b{re.escape(name)}\b", page)]


def test_relative_links_in_the_documents_lead_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                broken.append(f"{page.name}: {target}")
    assert not broken


def test_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [page.name for page in sorted((ROOT / "docs").glob("*.md")) if f"(docs/{page.name})" not in readme]


def test_the_page_about_testing_names_every_module_and_rule() -> None:
    from weft.testing.reader_contract import RULES

    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    modules = [path.stem for path in sorted((SOURCE / "testing").glob("*.py")) if path.stem != "__init__"]
    assert not [name for name in (*modules, *(rule.__name__ for rule in RULES)) if f"`{name}`" not in page]


def test_the_architecture_lists_the_levels_that_are_kept() -> None:
    import runpy

    levels = runpy.run_path(str(ROOT / "tests" / "contract" / "test_levels.py"))["LEVELS"]
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE)
    written = {room: int(level) for level, rooms in rows for room in re.findall(r"`(\w+)`", rooms)}
    assert written == {room: level for room, level in levels.items() if not room.startswith("__")}
