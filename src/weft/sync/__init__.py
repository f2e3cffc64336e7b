"""Evidence between clocks, one solution for all of them, and reading on the reference clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weft.sync.all_clocks import align
    from weft.sync.solver.solve import solve
    from weft.sync.view.recording import AlignedRecording

__all__ = ["AlignedRecording", "align", "solve"]

_HOMES = {
    "AlignedRecording": "weft.sync.view.recording",
    "align": "weft.sync.all_clocks",
    "solve": "weft.sync.solver.solve",
}


def __getattr__(name: str) -> Any:
    """The room's public names, imported when they are first asked for: scipy is slow to load."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
