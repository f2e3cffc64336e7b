"""The capsules that the page shows, ready for the template."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from weft.core import Annotation, Capsule, Interval
from weft.report.data import Card, RecordingData, ReportData
from weft.report.plots import wave_picture
from weft.report.sections import MOST_ROWS, Rows, origin_of
from weft.report.wording import REASON_WORDS, lasting, moment, value_words

ACTION_UNITS = {
    1: "inner brow up", 2: "outer brow up", 4: "brow lowered", 5: "upper lid up", 6: "cheek raised", 7: "lids tight",
    9: "nose wrinkled", 10: "upper lip up", 12: "lip corners pulled", 14: "dimple", 15: "lip corners down",
    17: "chin raised", 20: "lips stretched", 23: "lips tight", 25: "lips apart", 26: "jaw dropped", 28: "lips sucked",
    45: "blink",
}  # fmt: skip
"""The facial action coding system's names, shortened."""


def cards_of(data: ReportData) -> Rows:
    """The capsules that are shown."""
    recordings = {recording.name: recording for recording in data.recordings}
    return [
        _card(card, recordings[card.capsule.recording]) for card in data.cards if card.capsule.recording in recordings
    ]


def _card(card: Card, recording: RecordingData) -> dict[str, Any]:
    """One capsule as the template shows it."""
    capsule = card.capsule
    origin_ns = origin_of(recording)
    total = max(1, capsule.context.duration_ns)
    return {
        "title": _text_of(capsule.anchor),
        "kind": capsule.anchor.kind.replace("_", " "),
        "recording": recording.name,
        "when": _when(capsule, recording, origin_ns),
        "tier": capsule.anchor.tier,
        "source": _who(capsule.anchor),
        "synthetic": capsule.synthetic,
        "pictures": [
            {
                "uri": Markup("data:image/jpeg;base64,") + b64encode(picture.jpeg).decode("ascii"),
                "part": _part_of(capsule, picture.t_reference_ns),
                "when": moment(recording.reference, picture.t_reference_ns, origin_ns),
                "stream": picture.stream,
            }
            for picture in card.pictures
        ],
        "wave": wave_picture(card.waveform) if card.waveform else "",
        "wave_stream": card.waveform.stream if card.waveform else "",
        "parts": [
            {"name": name, "percent": round(100 * part.duration_ns / total, 3), "length": _length(part)}
            for name, part in (("before", capsule.history), ("now", capsule.interval), ("after", capsule.future))
        ],
        "lines": _lines(capsule, recording, origin_ns),
        "facts": _facts(capsule),
        "spans": [
            {
                "stream": span.stream,
                "percent": f"{span.present:.0%}",
                "reason": REASON_WORDS.get(span.reason, span.reason),
                "is_whole": span.present >= 0.995,
            }
            for span in capsule.spans[:MOST_ROWS]
        ],
        "note": card.note,
    }


def _when(capsule: Capsule, recording: RecordingData, origin_ns: int) -> str:
    """From when to when, or at what moment."""
    start = moment(recording.reference, capsule.interval.start_ns, origin_ns)
    if capsule.interval.is_empty:
        return f"at {start}"
    stop = moment(recording.reference, capsule.interval.stop_ns, origin_ns)
    return f"{start} to {stop} ({lasting(capsule.interval.duration_ns)})"


def _length(part: Interval) -> str:
    """How long a part is; nothing for a moment."""
    return "" if part.is_empty else lasting(part.duration_ns)


def _text_of(annotation: Annotation) -> str:
    """What was said or happened, in words; empty where nobody wrote it down."""
    value = annotation.value
    if isinstance(value, Mapping):
        value = value.get("text", value.get("label", value_words(dict(value))))
    return "" if value is None else str(value)[:400]


def _who(annotation: Annotation) -> str:
    """Who says so, by what, and how sure."""
    sure = "" if annotation.confidence is None else f", {annotation.confidence:.0%} sure"
    method = f": {annotation.method}" if annotation.method else ""
    return f"{annotation.origin}{method}{sure}"


def _part_of(capsule: Capsule, t_ns: int) -> str:
    """Before, during or after."""
    if t_ns == capsule.interval.start_ns:
        return "during"
    return "before" if t_ns < capsule.interval.start_ns else "after" if t_ns >= capsule.interval.stop_ns else "during"


def _lines(capsule: Capsule, recording: RecordingData, origin_ns: int) -> Rows:
    """The utterances of the context in order, the capsule's own marked."""
    said = [a for a in capsule.annotations if a.kind == capsule.anchor.kind]
    if capsule.anchor not in said:
        said = sorted([*said, capsule.anchor], key=lambda a: a.interval)
    here = said.index(capsule.anchor)
    first = max(0, here - 4)
    return [
        {
            "when": moment(recording.reference, a.interval.start_ns, origin_ns),
            "tier": a.tier,
            "text": _text_of(a),
            "is_now": a == capsule.anchor,
        }
        for a in said[first : here + 5]
    ]


def _facts(capsule: Capsule) -> Rows:
    """What else is known about the interval: prosody, face, surroundings; each with who says so."""
    rows = []
    for kind, label in (("prosody", "voice"), ("ambient", "surroundings")):
        for annotation in capsule.of_kind(kind, within=capsule.interval)[:2]:
            rows.append(_fact(label, value_words(annotation.value), annotation))
    units = [a for a in capsule.of_kind("action_unit", within=capsule.interval) if isinstance(a.value, Mapping)]
    for source in sorted({(a.stream, a.method) for a in units}):
        mine = [a for a in units if (a.stream, a.method) == source]
        ordered = sorted(mine, key=lambda a: (-_strength(a), a.tier))
        strongest = [a for a in ordered[:6] if _strength(a) > 0] or ordered[:1]
        scales = sorted({str(a.value["scale"]) for a in strongest if a.value.get("scale")})
        scale = f" (scale {', '.join(scales)})" if scales else ""
        rows.append(_fact("face", " · ".join(_unit_words(a) for a in strongest) + scale, strongest[0]))
    shown = {"prosody", "ambient", "action_unit", "word", "phone", capsule.anchor.kind}
    rest = Counter(a.kind for a in capsule.annotations if a.kind not in shown)
    for kind in sorted(rest)[:6]:
        first = capsule.of_kind(kind)[0]
        words = value_words(first.value) + (f" (and {rest[kind] - 1} more)" if rest[kind] > 1 else "")
        rows.append(_fact(kind.replace("_", " "), words, first))
    return rows


def _fact(label: str, words: str, annotation: Annotation) -> dict[str, Any]:
    """One row of what is known."""
    confidence = "not stated" if annotation.confidence is None else f"{annotation.confidence:.0%}"
    source = f"{annotation.origin}: {annotation.method}" if annotation.method else str(annotation.origin)
    return {"label": label, "words": words[:600] or "–", "source": source, "confidence": confidence}


def _strength(annotation: Annotation) -> float:
    """How strong an action unit was."""
    value = annotation.value
    return float(value.get("mean") or value.get("present") or 0.0)


def _unit_words(annotation: Annotation) -> str:
    """One action unit with its name and strength."""
    value = annotation.value
    number = value.get("au")
    name = f"AU{number} {ACTION_UNITS.get(number, '')}".strip() if number is not None else annotation.tier
    if value.get("mean") is None:
        return f"{name} in {float(value.get('present') or 0.0):.0%} of frames"
    return f"{name} {float(value['mean']):.2g}"
