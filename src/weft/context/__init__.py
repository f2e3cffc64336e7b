"""Utterances and everything around them: the context capsule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weft.context.capsules import contextualise, findings_of
    from weft.context.options import ContextOptions

__all__ = ["ContextOptions", "contextualise", "findings_of"]

_HOMES = {
    "ContextOptions": "weft.context.options",
    "contextualise": "weft.context.capsules",
    "findings_of": "weft.context.capsules",
}


def __getattr__(name: str) -> Any:
    """The public names, each imported when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
