"""Options that several commands share, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import click

from weft.core.finding import Finding, Severity

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else."
)

fail_on_option = click.option(
    "--fail-on",
    type=click.Choice([str(severity) for severity in Severity]),
    default=None,
    help="Exit with 1 if there is a finding of this severity or above. A clock that is not aligned is an error.",
)

reference_option = click.option(
    "--reference",
    metavar="CLOCK",
    default="",
    help="The clock that all others are mapped to. Default: chosen, and said.",
)

version_option = click.option(
    "--version",
    "version",
    metavar="VERSION",
    default=None,
    help="A version's number or tag. Default: the current one.",
)

skip_unreadable_option = click.option(
    "--skip-unreadable", is_flag=True, help="Leave broken files out with a finding, instead of stopping."
)


_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "min": 60e3}


class Duration(click.ParamType):  # type: ignore[type-arg]
    """A duration such as ``80ms``, ``0.5s``, ``2min``; its value is in milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Milliseconds of ``value``; a bare number counts milliseconds."""
        if isinstance(value, (int, float)):
            return float(value)
        match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*(us|ms|s|min)?\s*", str(value))
        if match is None or float(match[1]) <= 0:
            self.fail(f"{value!r} is not a duration; write it as 80ms, 0.5s or 2min", param, ctx)
        return float(match[1]) * _MS[match[2] or "ms"]


budget_option = click.option(
    "--budget",
    "budget_ms",
    type=Duration(),
    default="80ms",
    show_default=True,
    help="The largest 95 % error with which a clock still counts as aligned.",
)


def exit_code(findings: Iterable[Finding], fail_on: str | None) -> int:
    """1 if a finding reaches the threshold, else 0."""
    if fail_on is None:
        return 0
    threshold = Severity(fail_on).rank
    return int(any(finding.severity.rank >= threshold for finding in findings))
