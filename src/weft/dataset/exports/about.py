"""What only a person can say of a dataset: its name, its licence, who made it, how it may be used.

::

    name = "Kitchen talks"                       # about.toml
    description = "Twelve families at breakfast."
    license = "https://creativecommons.org/licenses/by-nc/4.0/"
    creators = ["Lab for Child Language"]
    url = "https://example.org/kitchen-talks"
    cite_as = "@misc{kitchen, title = {Kitchen talks}}"
    use_conditions = ["http://purl.obolibrary.org/obo/DUO_0000042"]   # terms of DUO or ODRL
    personal_information = "faces and voices of adults and children"
    limitations = "one language, one city"
    use_cases = "studies of turn-taking"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from weft.core import UnreadableError, UsageError

_LISTS = ("creators", "use_conditions")


@dataclass(frozen=True)
class About:
    """What a person says of a dataset; what is empty was not said.

    Parameters
    ----------
    name, description, url, cite_as
        For people and catalogues.
    license
        The address or the SPDX name of a licence. Without it nobody may assume anything.
    creators
        Names of people or institutions.
    use_conditions
        Addresses of terms, for instance of the Data Use Ontology (DUO) or of ODRL.
    personal_information, limitations, use_cases
        Sentences for Croissant's responsible-AI fields.
    """

    name: str = ""
    description: str = ""
    license: str = ""
    creators: tuple[str, ...] = ()
    url: str = ""
    cite_as: str = ""
    use_conditions: tuple[str, ...] = ()
    personal_information: str = ""
    limitations: str = ""
    use_cases: str = ""


def read_about(path: Path) -> About:
    """What a TOML file says of a dataset.

    Raises
    ------
    UnreadableError
        If there is no such file, or it is not TOML.
    UsageError
        If it has keys or values of the wrong kind; all of them are named at once.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: not a TOML file: {error}") from error
    problems = _problems(table)
    if problems:
        raise UsageError("\n".join([f"{path}:", *(f"  - {problem}" for problem in problems)]))
    said: dict[str, Any] = {key: tuple(value) if key in _LISTS else value for key, value in table.items()}
    return About(**said)


def _problems(table: dict[str, Any]) -> list[str]:
    """What is wrong with a table."""
    known = [field.name for field in fields(About)]
    problems = [f"unknown key {key!r} (known: {', '.join(known)})" for key in sorted(set(table) - set(known))]
    for key in known:
        value = table.get(key)
        if key in _LISTS:
            if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
                problems.append(f"{key} must be a list of texts, found {value!r}")
        elif value is not None and not isinstance(value, str):
            problems.append(f"{key} must be text, found {value!r}")
    return problems
