"""The page that goes with an export and says what it holds and what it does not claim."""

from __future__ import annotations

import json

import pyarrow.compute as pc

from weft.dataset.canonical import pretty_json
from weft.dataset.dataset import Dataset
from weft.dataset.exports.about import About
from weft.dataset.tables import COLUMNS

_PAGE = """{front}# {title}

{said}Version {number}, content {sha256}.

| table | rows |
|---|---|
{counts}

{synthetic} of {capsules} capsules contain something that a model made; they carry `synthetic = true`.
Clocks: {clocks}. `error95_ms` is the half-width of the 95 % interval of an alignment; a stream
whose clock is `not_aligned` has no times on the reference and its values are masked.
Every label names its origin (human, model, measured, import, synthetic), its method, and its
confidence where the source gives one. Values outside the `valid` ranges of a stream mean nothing.

## Recipe

```json
{recipe}```
"""


def card_of(dataset: Dataset, *, tables: tuple[str, ...] = (), about: About | None = None) -> str:
    """A Markdown page about one version.

    Parameters
    ----------
    dataset
        The version.
    tables
        Parquet tables beside the page; they are named in front matter that the Hugging
        Face Hub and ``datasets`` read.
    about
        What a person says of the dataset: its name, what it is, its licence and conditions.
    """
    version, said = dataset.version, about or About()
    capsules = dataset.table("capsules", columns=["synthetic"])["synthetic"]
    status = pc.value_counts(dataset.table("clocks", columns=["status"])["status"]).to_pylist()
    clocks = sorted(f"{row['counts']} {row['values']}" for row in status)
    return _PAGE.format(
        front=_front_matter(tables, said),
        title=said.name or "Recordings on one clock",
        said=_said(said),
        number=version.number,
        sha256=f"`{version.content_sha256}`",
        counts="\n".join(f"| {table} | {version.counts[table]} |" for table in COLUMNS),
        synthetic=pc.sum(capsules).as_py() or 0,
        capsules=len(capsules),
        clocks=", ".join(clocks) or "none",
        recipe=pretty_json(version.recipe),
    )


def _front_matter(tables: tuple[str, ...], about: About) -> str:
    """The licence, and the configurations that ``datasets.load_dataset`` finds; ``capsules`` is the default one."""
    if not tables:
        return ""
    licence = f"license: other\nlicense_name: {json.dumps(about.license)}\n" if about.license else ""
    parts = [
        f"- config_name: {table}\n  data_files: {table}.parquet\n" + "  default: true\n" * (table == "capsules")
        for table in tables
    ]
    return f"---\n{licence}configs:\n{''.join(parts)}---\n\n"


def _said(about: About) -> str:
    """What a person said, a paragraph each."""
    parts = {
        "": about.description,
        "Licence: ": about.license,
        "Made by: ": ", ".join(about.creators),
        "Conditions of use: ": ", ".join(about.use_conditions),
        "Personal information: ": about.personal_information,
        "Limits: ": about.limitations,
        "Meant for: ": about.use_cases,
    }
    return "".join(f"{word}{text}\n\n" for word, text in parts.items() if text)
