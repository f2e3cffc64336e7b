"""Which sound streams are listened to."""

from __future__ import annotations

from collections.abc import Sequence

from weft.context.options import ALL_AUDIO, ContextOptions
from weft.context.presence import Presence
from weft.core import Modality, Recording, Stream, TimeMap, UsageError

_SPEECH_ROLES = ("speech", "voice", "microphone", "reference")


def chosen_microphones(
    recording: Recording, present: Sequence[Presence], options: ContextOptions
) -> list[tuple[Stream, TimeMap]]:
    """The sound streams to listen to, each with its map to the reference, the preferred one first.

    Preferred is one whose ``role`` in ``recording.toml`` is speech, voice, microphone or
    reference; then one on the reference clock; then the longest; then the first by name.

    Raises
    ------
    UsageError
        If ``options.audio`` names a stream that the recording does not have as sound.
    """
    sounds = {p.stream.name: p for p in present if p.stream.modality is Modality.AUDIO}
    unknown = [name for name in options.audio if name != ALL_AUDIO and name not in sounds]
    if unknown:
        known = ", ".join(sounds) or "none"
        raise UsageError(f"recording {recording.name!r} has no sound stream {', '.join(unknown)}; it has {known}")
    usable = [p for p in sounds.values() if p.time_map is not None and len(p.stream)]
    ranked = sorted(usable, key=lambda p: _rank(p))
    if not options.audio:
        ranked = ranked[:1]
    elif ALL_AUDIO not in options.audio:
        ranked = sorted(
            (p for p in ranked if p.stream.name in options.audio), key=lambda p: options.audio.index(p.stream.name)
        )
    return [(p.stream, p.time_map) for p in ranked if p.time_map is not None]


def _rank(presence: Presence) -> tuple[int, int, int, str]:
    """Less is better."""
    stream, time_map = presence.stream, presence.time_map
    role = str(stream.details.get("role", "")).lower()
    is_reference = time_map is not None and time_map.clock == time_map.reference
    return (
        0 if role in _SPEECH_ROLES else 1,
        0 if is_reference else 1,
        -stream.interval.duration_ns,
        stream.name,
    )
