"""The page that goes with an export and says what it holds and what it does not claim."""

from __future__ import annotations

import pyarrow.compute as pc

from weft.dataset.canonical import pretty_json
from weft.dataset.dataset import Dataset
from weft.dataset.tables import COLUMNS

_PAGE = """{front}# Recordings on one clock

Version {number}, content {sha256}.

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


def card_of(dataset: Dataset, *, tables: tuple[str, ...] = ()) -> str:
    """A Markdown page about one version.

    Parameters
    ----------
    dataset
        The version.
    tables
        Parquet tables beside the page; they are named in front matter that the Hugging
        Face Hub and ``datasets`` read.
    """
    version = dataset.version
    capsules = dataset.table("capsules", columns=["synthetic"])["synthetic"]
    status = pc.value_counts(dataset.table("clocks", columns=["status"])["status"]).to_pylist()
    clocks = sorted(f"{row['counts']} {row['values']}" for row in status)
    return _PAGE.format(
        front=_front_matter(tables),
        number=version.number,
        sha256=f"`{version.content_sha256}`",
        counts="\n".join(f"| {table} | {version.counts[table]} |" for table in COLUMNS),
        synthetic=pc.sum(capsules).as_py() or 0,
        capsules=len(capsules),
        clocks=", ".join(clocks) or "none",
        recipe=pretty_json(version.recipe),
    )


def _front_matter(tables: tuple[str, ...]) -> str:
    """The configurations that ``datasets.load_dataset`` finds."""
    if not tables:
        return ""
    parts = [f"- config_name: {table}\n  data_files: {table}.parquet\n" for table in tables]
    return f"---\nconfigs:\n{''.join(parts)}---\n\n"
