"""The report that says what can be trusted: one HTML file, readable offline."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weft.report.data import ReportData
    from weft.report.gather import data_of_dataset, data_of_recordings
    from weft.report.page import write_report

_HOMES = {
    "ReportData": "data",
    "data_of_dataset": "gather",
    "data_of_recordings": "gather",
    "write_report": "page",
}

__all__ = ["ReportData", "data_of_dataset", "data_of_recordings", "write_report"]


def __getattr__(name: str) -> Any:
    """Import a public name from its file when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
