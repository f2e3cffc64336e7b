"""What ``recording.toml`` says of assumptions: its ``assumptions`` and ``clocks`` tables.

::

    [assumptions.lip_lead]                 # every clock; names as docs/alignment.md lists them
    value_ms = 20.0
    sd_ms = 5.0

    [clocks.mic]
    distance_m = 2.0                       # from the source of the sound: an acoustic_path of 5.8 ms
    distance_sd_m = 0.2                    # default: a tenth of the distance, at least 0.1 m

    [clocks.cam.assumptions.display_lag]   # one clock
    value_ms = 33.0                        # either may be left out: the usual one stays
    sd_ms = 4.0
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from weft.core.assumptions import SOUND_MS_PER_M, USUAL

Said = dict[str, dict[str, dict[str, float]]]
"""Clock name, or ``""`` for all, to the assumption's name to ``value_ms`` and ``sd_ms``."""

_ROW_KEYS = ("value_ms", "sd_ms")
_CLOCK_KEYS = ("assumptions", "distance_m", "distance_sd_m")


def read_assumptions(table: Mapping[str, Any]) -> tuple[Said, list[str]]:
    """What was said of each clock and of all, and everything that is wrong with it.

    Parameters
    ----------
    table
        The whole ``recording.toml``.

    Returns
    -------
    tuple
        By clock, ``""`` for all; and one sentence per problem.
    """
    problems: list[str] = []
    said: Said = {}
    if "assumptions" in table:
        said[""] = _rows(table["assumptions"], "assumptions", problems)
    clocks = table.get("clocks", {})
    if not isinstance(clocks, dict) or not all(isinstance(one, dict) for one in clocks.values()):
        return said, [*problems, "`clocks` must hold one table for each clock, as in [clocks.mic]"]
    for name, about in clocks.items():
        where = f"clock {name!r}"
        problems += [
            f"{where}: unknown key {key!r} (known: {', '.join(_CLOCK_KEYS)})"
            for key in sorted(set(about) - set(_CLOCK_KEYS))
        ]
        said[name] = _rows(about.get("assumptions", {}), where, problems) | _distance(about, where, problems)
    return said, problems


def _rows(rows: Any, where: str, problems: list[str]) -> dict[str, dict[str, float]]:
    """The rows of one ``assumptions`` table; what is wrong is added to ``problems``."""
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        problems.append(f"{where}: needs one table for each assumption, as in [assumptions.lip_lead]")
        return {}
    kept = {}
    for name, row in rows.items():
        if name not in USUAL:
            problems.append(f"{where}: unknown assumption {name!r} (known: {', '.join(sorted(USUAL))})")
            continue
        wrong = _row_problems(row)
        problems += [f"{where}: assumption {name!r}: {problem}" for problem in wrong]
        if not wrong:
            kept[name] = {key: float(value) for key, value in row.items()}
    return kept


def _row_problems(row: Mapping[str, Any]) -> list[str]:
    """What is wrong with one assumption's values."""
    problems = [f"unknown key {key!r} (known: {', '.join(_ROW_KEYS)})" for key in sorted(set(row) - set(_ROW_KEYS))]
    if not set(row) & set(_ROW_KEYS):
        problems.append("needs value_ms, sd_ms or both")
    problems += [
        f"{key} must be a finite number, found {row[key]!r}"
        for key in _ROW_KEYS
        if key in row and not _is_number(row[key])
    ]
    if _is_number(row.get("sd_ms")) and row["sd_ms"] < 0:
        problems.append(f"sd_ms must not be negative, found {row['sd_ms']!r}")
    return problems


def _distance(about: Mapping[str, Any], where: str, problems: list[str]) -> dict[str, dict[str, float]]:
    """A distance in metres as an acoustic path."""
    given = [key for key in ("distance_m", "distance_sd_m") if key in about]
    wrong = [
        f"{where}: {key} must be a number of metres, 0 or more, found {about[key]!r}"
        for key in given
        if not _is_number(about[key]) or about[key] < 0
    ]
    if given == ["distance_sd_m"]:
        wrong.append(f"{where}: distance_sd_m says how sure distance_m is, which is missing")
    rows = about.get("assumptions")
    if given and isinstance(rows, dict) and "acoustic_path" in rows:
        wrong.append(f"{where}: distance_m and the assumption 'acoustic_path' say the same; keep one of them")
    problems += wrong
    if wrong or not given:
        return {}
    distance_m = float(about["distance_m"])
    sd_m = float(about.get("distance_sd_m", max(0.1, 0.1 * distance_m)))
    return {"acoustic_path": {"value_ms": distance_m * SOUND_MS_PER_M, "sd_ms": sd_m * SOUND_MS_PER_M}}


def _is_number(value: Any) -> bool:
    """Whether a value is a finite number and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
