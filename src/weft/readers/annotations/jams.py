"""JAMS files: annotations of sound in JSON, by namespace.

Each observation (time, duration, value, confidence) becomes an annotation whose kind is
``"label"``, or what its namespace's name says, and whose tier is the namespace.

Format: https://jams.readthedocs.io/en/stable/jams_structure.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from weft.core import NS_PER_S, Annotation, Clock, Finding, Interval, Severity, UnreadableError, UnsupportedError
from weft.core.times import LATEST_NS
from weft.readers.annotations.kinds import kind_of_tier
from weft.readers.protocol import Contents, Probe, Request

MAX_BYTES = 256 << 20


class JamsReader:
    """Reads JAMS; the annotations follow the sound file of the same stem."""

    name = "jams"

    def recognises(self, probe: Probe) -> bool:
        """Whether it is called ``.jams`` or is JSON that names the format's version early on."""
        if probe.is_folder:
            return False
        return probe.suffix == ".jams" or (probe.head.lstrip().startswith(b"{") and b'"jams_version"' in probe.head)

    def read(self, request: Request) -> Contents:
        """Every observation that has a time.

        Raises
        ------
        UnreadableError
            If it is no whole JSON document, or an observation's time is no number.
        UnsupportedError
            If it is too large.
        """
        if request.path.stat().st_size > MAX_BYTES:
            raise UnsupportedError(f"{request.name}: expected at most {MAX_BYTES >> 20} MiB of annotations")
        try:
            document = json.loads(request.path.read_bytes(), parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise UnreadableError(
                f"{request.name}: expected a whole JSON document, found: {str(error)[:120]}; it may be cut off"
            ) from None
        parts = document.get("annotations") if isinstance(document, dict) else None
        if not isinstance(parts, list):
            raise UnreadableError(f"{request.name}: expected a list of annotations, found none")
        annotations, strange = [], 0
        for part in parts:
            for row in _observations(part):
                made = _annotation(request, str(part.get("namespace", "")), row)
                annotations += [made] if made else []
                strange += made is None
        message = f"{strange} observations have no usable time and were left out"
        note = Finding(
            "observations_left_out", Severity.WARNING, request.name, message, numbers={"observations": strange}
        )
        return Contents(
            clocks=(Clock(request.clock),),
            annotations=tuple(annotations),
            findings=(note,) if strange else (),
            follows_stem=True,
        )


def _observations(part: Any) -> Iterator[dict[str, Any]]:
    """The rows of an annotation, which may be stored as a list of rows or as columns."""
    data = part.get("data", []) if isinstance(part, dict) else []
    if isinstance(data, list):
        yield from (row for row in data if isinstance(row, dict))
    elif isinstance(data, dict) and all(isinstance(data.get(key), list) for key in ("time", "duration", "value")):
        confidences = data.get("confidence", [None] * len(data["time"]))
        for values in zip(data["time"], data["duration"], data["value"], confidences, strict=False):
            yield dict(zip(("time", "duration", "value", "confidence"), values, strict=True))


def _annotation(request: Request, namespace: str, row: dict[str, Any]) -> Annotation | None:
    """One observation; ``None`` if it has no usable time."""
    start_ns, length_ns = _nanoseconds(row.get("time")), _nanoseconds(row.get("duration", 0))
    if start_ns is None or length_ns is None or length_ns < 0:
        return None
    confidence = row.get("confidence")
    is_share = isinstance(confidence, int | Decimal) and 0 <= confidence <= 1
    return Annotation(
        kind_of_tier(namespace),
        Interval(start_ns, start_ns + length_ns),
        request.clock,
        _plain(row.get("value")),
        method=request.name,
        confidence=float(confidence) if is_share else None,  # type: ignore[arg-type]
        tier=namespace,
    )


def _nanoseconds(seconds: Any) -> int | None:
    """Nanoseconds of a number of seconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal):
        return None
    value = Decimal(seconds) * NS_PER_S
    return int(value.to_integral_value()) if value.is_finite() and abs(value) < LATEST_NS else None


def _plain(value: Any) -> Any:
    """A value with floats in place of exact decimals."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
