"""Clips as the page shows them: two envelopes against each other, a close look, sound to play, frames."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from weft.core import ClockAlignment, Residual
from weft.report.clip import CLIP_RATE_HZ, Clip, Sight
from weft.report.clips import wave_file

WIDTH, HEIGHT, MIDDLE = 440, 110, 50
PARTS = 220
CLOSE_S = 0.03
"""The close look: 30 ms, in which a tenth of a millisecond can be seen."""

Rows = list[dict[str, Any]]


def clip_row(clip: Clip, *, words: str) -> dict[str, Any]:
    """One clip, ready for the template; ``words`` say when it was."""
    has_sound = clip.after.sound.size > 0
    return {
        "clock": clip.clock,
        "stream": clip.stream,
        "reference_stream": clip.reference_stream,
        "when": words,
        "seconds": f"{clip.interval.duration_s:g}",
        "has_sound": has_sound,
        "has_mouth": bool(clip.after.mouth.size or clip.before.mouth.size),
        "sides": [
            _side("as recorded, both started together", clip, clip.before),
            _side("as aligned", clip, clip.after),
        ],
        "close": _close_look(clip) if has_sound else Markup(""),
        "close_ms": f"{CLOSE_S * 1e3:g}",
    }


def _side(title: str, clip: Clip, sight: Sight) -> dict[str, Any]:
    """One of the two alignments."""
    if sight.sound.size:
        picture = _mirrored(clip.reference, sight.sound, f"{clip.clock} {title}: its sound below the reference's")
        heard = bool(np.abs(sight.sound).max(initial=0.0) > 0)
        played = _data_uri("audio/wav", wave_file(clip.reference, sight.sound)) if heard else ""
        note = "" if heard else "the device recorded nothing at that moment of its own time"
        return {"title": title, "picture": picture, "audio": played, "frames": [], "note": note}
    what = "mouth opening below" if sight.mouth.size else "frames of the device under"
    picture = _mirrored(clip.reference, sight.mouth, f"{clip.clock} {title}: {what} the reference's sound")
    frames = [_data_uri("image/jpeg", jpeg) if jpeg else "" for jpeg in sight.frames]
    note = "" if any(frames) else "the device recorded nothing at that moment of its own time"
    return {"title": title, "picture": picture, "audio": "", "frames": frames, "note": note}


def _mirrored(upper: NDArray[np.float32], lower: NDArray[np.float32], title: str) -> Markup:
    """The reference's envelope upwards and the device's downwards from one line."""
    parts = [f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT - 8}" role="img" aria-label="{escape(title)}">']
    parts.append(f'<path class="zero" d="M0,{MIDDLE}H{WIDTH}"/>')
    for sound, kind, sign in ((upper, "ours", -1.0), (lower, "theirs", 1.0)):
        if sound.size:
            heights = envelope_of(sound) if sound.size > PARTS else sound
            x = np.linspace(0, WIDTH, heights.size)
            edge = "L".join(f"{a:.1f},{MIDDLE + sign * 46 * h:.1f}" for a, h in zip(x, heights, strict=True))
            parts.append(f'<polygon class="{kind}" points="0,{MIDDLE} {edge.replace("L", " ")} {WIDTH},{MIDDLE}"/>')
    return Markup("".join([*parts, "</svg>"]))


def envelope_of(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """The loudness in :data:`PARTS` equal parts, 0..1 of its largest."""
    blocks = np.array_split(np.asarray(sound, dtype=np.float64), PARTS)
    rms = np.array([np.sqrt(np.mean(block**2)) if block.size else 0.0 for block in blocks])
    shares: NDArray[np.float64] = rms / max(float(rms.max()), 1e-12)
    return shares


def _close_look(clip: Clip) -> Markup:
    """Both waves over each other around the loudest moment, after alignment."""
    count = round(CLOSE_S * CLIP_RATE_HZ)
    loud = np.convolve(np.abs(clip.reference) * 1.0, np.ones(count), mode="valid")
    start = int(np.argmax(loud)) if loud.size else 0
    title = f"{CLOSE_S * 1e3:g} ms of both sounds over each other, as aligned"
    parts = [f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">']
    parts.append(f'<path class="zero" d="M0,{MIDDLE}H{WIDTH}"/>')
    for sound, kind in ((clip.reference, "ours-line"), (clip.after.sound, "theirs-line")):
        part = np.asarray(sound[start : start + count], dtype=np.float64)
        if part.size < 2:
            continue
        part = part / max(float(np.abs(part).max()), 1e-12)
        x = np.linspace(0, WIDTH, part.size)
        line = "L".join(f"{a:.1f},{MIDDLE - 44 * v:.1f}" for a, v in zip(x, part, strict=True))
        parts.append(f'<path class="{kind}" d="M{line}"/>')
    return Markup("".join([*parts, "</svg>"]))


def _data_uri(kind: str, content: bytes) -> str:
    """A file inside the page."""
    return f"data:{kind};base64,{b64encode(content).decode()}"


def by_method(entry: ClockAlignment) -> list[tuple[str, tuple[Residual, ...]]]:
    """A clock's residuals, one group for each kind of evidence."""
    methods = sorted({residual.method for residual in entry.residuals})
    return [(method, tuple(r for r in entry.residuals if r.method == method)) for method in methods]


def size_of(rows: Sequence[dict[str, Any]]) -> int:
    """Bytes that the clips add to a page."""
    return sum(len(side["audio"]) + sum(map(len, side["frames"])) for row in rows for side in row["sides"])
