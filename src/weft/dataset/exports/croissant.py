"""Croissant 1.1: what a dataset is, in a form that catalogues and loaders read.

The specification is MLCommons' (http://mlcommons.org/croissant/1.1), with its responsible-AI
vocabulary and W3C PROV for where things came from. Croissant has no words for clocks, so time
maps are told in a small vocabulary of ours, ``urn:weft:``, beside the table ``clocks`` that holds them.
``encodingFormat`` is ``application/x-parquet``: the name that IANA gave is not read by ``mlcroissant``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from weft.core import Status
from weft.dataset.dataset import Dataset
from weft.dataset.exports.about import About

PARQUET = "application/x-parquet"
CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
MOST_SOURCES = 1000
"""Above it the source files stand in ``sources.parquet`` alone, so that the page stays small."""

_TYPES = {"string": "sc:Text", "int64": "cr:Int64", "double": "cr:Float64", "bool": "sc:Boolean"}

_CR_TERMS = (
    *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject"),
    *("fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5"),
    *("parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate"),
    *("separator", "source", "subField", "transform"),
)

_RAI_LABELS = (
    "Every label names its origin (human, model, measured, import, synthetic), its method, and its confidence where "
    "the source gives one; individual votes are kept beside each other."
)
_RAI_CLOCKS = (
    "Each stream keeps the stamps of its own device. Maps to one reference clock are estimated from evidence and "
    "stated with a 95 % error; a clock without evidence has no map, and its values are masked with a reason."
)


def croissant_of(dataset: Dataset, folder: Path, *, about: About | None = None) -> dict[str, Any]:
    """The Croissant metadata of an export whose tables lie in ``folder`` as Parquet files.

    Parameters
    ----------
    dataset
        The version that was exported.
    folder
        Where the export's ``*.parquet`` files lie; they are read and hashed.
    about
        What a person says of the dataset.

    Returns
    -------
    dict
        JSON-LD, without anything that depends on time or place: the same version and the same
        words give the same document.
    """
    about = about or About()
    tables = sorted(folder.glob("*.parquet"))
    return {
        "@context": _context(),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": _slug(about.name) or f"weft-{dataset.version.content_sha256[:12]}",
        "description": about.description or _description(dataset),
        "version": f"{dataset.version.number}.0.0",
        "identifier": f"sha256:{dataset.version.content_sha256}",
        **_said(about),
        **_responsible(dataset, about),
        **_provenance(dataset),
        "distribution": [_file_object(path) for path in tables],
        "recordSet": [_record_set(path) for path in tables],
    }


def _context() -> dict[str, Any]:
    """The JSON-LD context of Croissant 1.1, with PROV, the responsible-AI terms and ours."""
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        **{term: f"cr:{term}" for term in _CR_TERMS},
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "description": {"@container": "@language"},
        "name": {"@container": "@language"},
        "dct": "http://purl.org/dc/terms/",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "prov": "http://www.w3.org/ns/prov#",
        "sc": "https://schema.org/",
        "weft": "urn:weft:",
    }


def _description(dataset: Dataset) -> str:
    """A sentence from the version itself."""
    counts = dataset.version.counts
    return (
        f"Version {dataset.version.number} of a dataset woven by weft: {counts['recordings']} recordings with "
        f"{counts['streams']} streams on one clock each, {counts['capsules']} capsules, {counts['annotations']} labels."
    )


def _said(about: About) -> dict[str, Any]:
    """What a person said, in schema.org's words; nothing stands for what was not said."""
    said = {
        "license": about.license,
        "url": about.url,
        "citeAs": about.cite_as,
        "creator": [{"@type": "sc:Organization", "name": name} for name in about.creators],
        "usageInfo": [{"@id": term} for term in about.use_conditions],
        "alternateName": about.name if about.name and _slug(about.name) != about.name else "",
    }
    return {key: value for key, value in said.items() if value}


def _responsible(dataset: Dataset, about: About) -> dict[str, Any]:
    """The responsible-AI fields, those that the version itself can answer filled in."""
    labels = dataset.table("annotations", columns=["origin", "method"])
    made = sorted({f"{m} ({o})" for o, m in zip(*(labels[c].to_pylist() for c in ("origin", "method")), strict=True)})
    statuses = dataset.table("clocks", columns=["status"])["status"].to_pylist()
    lost = statuses.count(str(Status.NOT_ALIGNED))
    synthetic = sum(dataset.table("capsules", columns=["synthetic"])["synthetic"].to_pylist())
    missing = f"{lost} of {len(statuses)} clocks could not be aligned; their streams have no reference times. "
    filled = {
        "rai:dataCollection": "Recorded by several devices, each with a clock of its own; see the table sources.",
        "rai:dataPreprocessingProtocol": _RAI_CLOCKS,
        "rai:dataAnnotationProtocol": _RAI_LABELS,
        "rai:machineAnnotationTools": made,
        "rai:dataCollectionMissingData": missing + "Every missing modality of a capsule has a reason.",
        "rai:dataImputationProtocol": f"Nothing is imputed across a gap. {synthetic} capsules carry synthetic = true.",
        "rai:personalSensitiveInformation": about.personal_information,
        "rai:dataLimitations": about.limitations,
        "rai:dataUseCases": about.use_cases,
    }
    return {key: value for key, value in filled.items() if value}


def _provenance(dataset: Dataset) -> dict[str, Any]:
    """From which originals and by which recipe the version was made, and that its clocks are estimates."""
    rows = dataset.table("sources").to_pylist()
    sources = [
        {
            "@type": "prov:Entity",
            "@id": f"urn:sha256:{row['sha256']}",
            "name": f"{row['recording']}/{row['path']}",
            "sha256": row["sha256"],
            "contentSize": f"{row['size_bytes']} B",
        }
        for row in rows[:MOST_SOURCES]
    ]
    clocks = dataset.table("clocks", columns=["error95_ms"])["error95_ms"].to_pylist()
    known = [error for error in clocks if error is not None]
    return {
        "prov:wasDerivedFrom": sources,
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "name": "weft build",
            "weft:recipe": {"@type": "@json", "@value": dict(dataset.version.recipe)},
            "weft:parentVersion": dataset.version.parent or 0,
        },
        "weft:clockModel": "t_reference = t_device + offset + drift * (t_device - t0), piecewise; see clocks.parquet",
        "weft:largestError95Ms": max(known, default=0.0),
    }


def _file_object(path: Path) -> dict[str, Any]:
    """One Parquet file of the export."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {
        "@type": "cr:FileObject",
        "@id": path.name,
        "name": path.name,
        "contentUrl": path.name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": PARQUET,
        "sha256": digest,
    }


def _record_set(path: Path) -> dict[str, Any]:
    """One table as a record set; its fields are its columns."""
    columns: Iterable[pa.Field] = pq.read_schema(path)
    return {
        "@type": "cr:RecordSet",
        "@id": path.stem,
        "name": path.stem,
        "field": [_field(path, column.name, str(column.type)) for column in columns],
    }


def _field(path: Path, column: str, kind: str) -> Mapping[str, Any]:
    """One column."""
    return {
        "@type": "cr:Field",
        "@id": f"{path.stem}/{column}",
        "name": column,
        "dataType": _TYPES.get(kind, "sc:Text"),
        "source": {"fileObject": {"@id": path.name}, "extract": {"column": column}},
    }


def _slug(name: str) -> str:
    """A name with nothing in it that Croissant's names may not hold."""
    return re.sub(r"[^A-Za-z0-9_.\-]+", "-", name).strip("-")
