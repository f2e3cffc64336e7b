"""What a person says about a recording, in ``recording.toml`` beside the files.

::

    name = "session-7"                 # default: the folder's name
    reference = "mic"                  # default: chosen by weft.align

    [files."gaze.tsv"]                 # a path relative to the folder
    clock = "tracker"                  # default: the stem
    time_column = "ts"                 # and whatever else the file's reader documents
    ignore = false

    [streams."cam/video"]              # a stream as weft inspect names it
    modality = "video"
    interpolation = "nearest"
    role = "face"
    nominal_rate_hz = 30.0

    [[relations]]                      # what is known about two clocks
    clock = "cam"
    reference = "mic"
    offset_ms = 120.0                  # t_reference = t_clock + offset
    sd_ms = 5.0
    at_s = 0.0                         # reading of `clock` at which it holds

    [clocks.mic]                       # what is known about one clock
    distance_m = 2.0                   # from the source of the sound, which travels 2.9 ms per metre
    distance_sd_m = 0.2                # default: a tenth of the distance, at least 0.1 m

    [clocks.cam.assumptions.exposure_centre]
    value_ms = 4.0                     # either may be left out: the usual one stays
    sd_ms = 0.5

    [assumptions.lip_lead]             # the same for all clocks; alignment.md lists the names
    value_ms = 20.0
    sd_ms = 5.0
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from weft.core import Evidence, Interpolation, Modality, Stream, UnreadableError, UsageError, seconds_to_ns
from weft.core.times import NS_PER_MS
from weft.readers.assumption_tables import Said, read_assumptions

FILE_NAME = "recording.toml"

_TOP_KEYS = {"name", "reference", "files", "streams", "relations", "clocks", "assumptions"}
_STREAM_KEYS = {"modality", "interpolation", "role", "nominal_rate_hz"}
_RELATION_KEYS = {"clock", "reference", "offset_ms", "sd_ms", "at_s"}


@dataclass(frozen=True)
class RecordingNotes:
    """The contents of one ``recording.toml``; all empty where there is none."""

    name: str = ""
    reference: str = ""
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    streams: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    relations: tuple[Evidence, ...] = ()
    assumptions: Said = field(default_factory=dict)

    def ignores(self, file_name: str) -> bool:
        """Whether the person asked to leave that file out."""
        return bool(self.files.get(file_name, {}).get("ignore", False))

    def options_of(self, file_name: str) -> dict[str, Any]:
        """What the file's reader is told, without what the folder reader uses itself."""
        return {key: value for key, value in self.files.get(file_name, {}).items() if key not in ("ignore", "clock")}

    def apply_to(self, streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
        """The streams with what the person said about them.

        Raises
        ------
        UsageError
            If a named stream does not exist.
        """
        known = {stream.name for stream in streams}
        unknown = sorted(set(self.streams) - known)
        if unknown:
            there = ", ".join(sorted(known)) or "no streams"
            raise UsageError(f"{FILE_NAME} describes {', '.join(unknown)}, but the recording has only {there}")
        return tuple(_described(stream, self.streams.get(stream.name, {})) for stream in streams)


def read_notes(folder: Path) -> RecordingNotes:
    """The notes of ``folder``, empty where it has no ``recording.toml``.

    Raises
    ------
    UnreadableError
        If the file is not TOML.
    UsageError
        If it has keys or values that weft does not know; all of them are named at once.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return RecordingNotes()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: not a TOML file: {error}") from error
    problems = [
        f"unknown key {key!r} (known: {', '.join(sorted(_TOP_KEYS))})" for key in sorted(set(table) - _TOP_KEYS)
    ]
    problems += _text_problems(table, ("name", "reference"), "")
    problems += _file_problems(table.get("files", {}))
    problems += _stream_problems(table.get("streams", {}))
    relations, more = _relations(table.get("relations", []))
    assumptions, wrong = read_assumptions(table)
    problems += [*more, *wrong]
    if problems:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise UsageError("\n".join([f"{path}: {count}:", *(f"  - {problem}" for problem in problems)]))
    return RecordingNotes(
        name=str(table.get("name", "")),
        reference=str(table.get("reference", "")),
        files=table.get("files", {}),
        streams=table.get("streams", {}),
        relations=relations,
        assumptions=assumptions,
    )


def _text_problems(table: Mapping[str, Any], keys: tuple[str, ...], where: str) -> list[str]:
    """What is wrong with values that must be printable text."""
    return [
        f"{where}{key} must be text without control characters, found {table[key]!r}"
        for key in keys
        if key in table and not (isinstance(table[key], str) and table[key].isprintable())
    ]


def _relations(relations: Any) -> tuple[tuple[Evidence, ...], list[str]]:
    """The declared relations, and what is wrong with them."""
    if not isinstance(relations, list) or not all(isinstance(relation, dict) for relation in relations):
        return (), ["`relations` must be a list of tables, each under its own [[relations]]"]
    evidence, problems = [], []
    for number, relation in enumerate(relations, start=1):
        try:
            evidence.append(_relation(relation))
        except (UsageError, TypeError, ValueError, OverflowError) as error:
            problems.append(f"relation {number}: {error}")
    return tuple(evidence), problems


def _file_problems(files: Any) -> list[str]:
    """What is wrong with the ``files`` tables."""
    if not isinstance(files, dict) or not all(isinstance(options, dict) for options in files.values()):
        return ['`files` must hold one table for each file, as in [files."gaze.tsv"]']
    escaping = [name for name in files if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts]
    problems = [f"file {name!r} lies outside the recording's folder; name files relative to it" for name in escaping]
    for name, options in files.items():
        problems += _text_problems(options, ("clock",), f"file {name!r}: ")
        if not isinstance(options.get("ignore", False), bool):
            problems.append(f"file {name!r}: ignore must be true or false, found {options['ignore']!r}")
    return problems


def _stream_problems(streams: Any) -> list[str]:
    """What is wrong with the ``streams`` tables."""
    if not isinstance(streams, dict) or not all(isinstance(options, dict) for options in streams.values()):
        return ['`streams` must hold one table for each stream, as in [streams."cam/video"]']
    problems = []
    for name, options in streams.items():
        for key in sorted(set(options) - _STREAM_KEYS):
            problems.append(f"stream {name!r}: unknown key {key!r} (known: {', '.join(sorted(_STREAM_KEYS))})")
        rate_hz = options.get("nominal_rate_hz", 1.0)
        if isinstance(rate_hz, bool) or not isinstance(rate_hz, (int, float)) or not 0 < rate_hz < float("inf"):
            problems.append(f"stream {name!r}: nominal_rate_hz must be a positive number, found {rate_hz!r}")
        problems += _text_problems(options, ("role",), f"stream {name!r}: ")
        for key, kinds in (("modality", Modality), ("interpolation", Interpolation)):
            if key in options and options[key] not in list(kinds):
                problems.append(f"stream {name!r}: {key} {options[key]!r} is not one of {', '.join(kinds)}")
    return problems


def _relation(relation: Mapping[str, Any]) -> Evidence:
    """A declared relation as evidence."""
    unknown = set(relation) - _RELATION_KEYS
    missing = {"clock", "reference", "offset_ms", "sd_ms"} - set(relation)
    if unknown or missing:
        raise UsageError(
            f"needs clock, reference, offset_ms, sd_ms (and may have at_s); found {', '.join(sorted(relation))}"
        )
    offset_ns, sd_ns = float(relation["offset_ms"]) * NS_PER_MS, float(relation["sd_ms"]) * NS_PER_MS
    if not (np.isfinite(offset_ns) and np.isfinite(sd_ns) and sd_ns > 0):
        raise UsageError(
            f"offset_ms must be finite and sd_ms positive, found {relation['offset_ms']} and {relation['sd_ms']}"
        )
    return Evidence(
        clock=str(relation["clock"]),
        reference=str(relation["reference"]),
        times_ns=np.array([seconds_to_ns(float(relation.get("at_s", 0.0)))], dtype=np.int64),
        offsets_ns=np.array([round(offset_ns)], dtype=np.int64),
        sds_ns=np.array([sd_ns]),
        method="declared",
        sources=(FILE_NAME,),
    )


def _described(stream: Stream, options: Mapping[str, Any]) -> Stream:
    """One stream with the person's words about it."""
    if not options:
        return stream
    changes: dict[str, Any] = {}
    if "modality" in options:
        changes |= {"modality": Modality(options["modality"]), "interpolation": Interpolation.BY_MODALITY}
    if "interpolation" in options:
        changes["interpolation"] = Interpolation(options["interpolation"])
    if "nominal_rate_hz" in options:
        changes["nominal_rate_hz"] = float(options["nominal_rate_hz"])
    if "role" in options:
        changes["details"] = {**stream.details, "role": str(options["role"])}
    return replace(stream, **changes)
