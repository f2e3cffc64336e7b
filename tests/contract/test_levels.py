"""An import goes to a strictly lower level; siblings never meet."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "weft"

LEVELS = {
    "core": 0,
    "dsp": 1,
    "faces": 1,
    "readers": 2,
    "sync": 2,
    "context": 2,
    "dataset": 3,
    "loaders": 4,
    "quality": 5,
    "report": 5,
    "engine": 5,
    "recipe": 5,
    "testing": 6,
    "workflow": 6,
    "web": 7,
    "cli": 8,
    "__main__": 9,
}
"""As in ARCHITECTURE.md. `testing` is shipped for users and may use what lies below level 6."""

FOREIGN = {"core": {"numpy"}, "dsp": {"numpy", "scipy", "soxr"}}
"""Rooms that may use only these packages beside the standard library."""

OPTIONAL = {"warp_compiled.py": {"numba"}}
"""Files that are left out where their package is absent: what imports them has another way that gives the same."""


def unit_of(path: Path) -> str:
    """The room or file of `src/weft` that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Every imported module, those inside functions and under TYPE_CHECKING counted."""
    package = ["weft", *path.relative_to(SOURCE).with_suffix("").parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level]) if node.level else ""
            module = ".".join(part for part in (start, node.module or "") if part)
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


FILES = sorted(path for path in SOURCE.rglob("*.py") if unit_of(path) != "__init__")


def test_every_room_has_a_level() -> None:
    rooms = {unit_of(path) for path in FILES}
    assert rooms <= set(LEVELS), f"give these a level here and in ARCHITECTURE.md: {sorted(rooms - set(LEVELS))}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_go_down(path: Path) -> None:
    unit = unit_of(path)
    upward = []
    for line, module in imports_of(path):
        parts = module.split(".")
        if parts[0] != "weft" or len(parts) < 2 or parts[1] == unit or parts[1] not in LEVELS:
            continue
        if LEVELS[parts[1]] >= LEVELS[unit]:
            upward.append(f"line {line}: {unit} (level {LEVELS[unit]}) imports {module} (level {LEVELS[parts[1]]})")
    assert not upward, upward


@pytest.mark.parametrize("path", [path for path in FILES if unit_of(path) in FOREIGN], ids=lambda path: path.stem)
def test_low_rooms_use_few_packages(path: Path) -> None:
    import sys

    allowed = FOREIGN[unit_of(path)] | OPTIONAL.get(path.name, set()) | {"weft"} | set(sys.stdlib_module_names)
    foreign = sorted({module.split(".")[0] for _, module in imports_of(path)} - allowed)
    assert not foreign, f"{path.name} imports {foreign}"


def test_no_room_is_called_by_a_name_that_says_nothing() -> None:
    vague = {"utils", "helpers", "common", "misc", "base", "util"}
    assert not [path for path in FILES if path.stem in vague]
