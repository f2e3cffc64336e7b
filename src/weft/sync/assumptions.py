"""What measurements of this room take for granted: the table of ``core``, and what a file says of its own sound."""

from __future__ import annotations

from collections.abc import Mapping

from weft.core import NS_PER_MS, Assumption, Evidence, Modality, Recording, Stream
from weft.core.assumptions import ASSUMPTIONS as KEY
from weft.core.assumptions import USUAL, assumed, declared, negated

__all__ = ["KEY", "USUAL", "allowing_for_codecs", "allowing_for_paths", "assumed", "codec_delay", "negated"]


def codec_delay(recording: Recording, sound: Stream) -> Assumption | None:
    """How late a sound track's stamps are against the other streams of its clock, or ``None`` where they are right.

    It matters only where streams of another kind read the same clock: a file of nothing but sound
    reads 0 at its first decoded sample, whatever the encoder put in front, and needs no assumption.

    Parameters
    ----------
    recording
        May hold what a person said (``codec_delay``), which comes first.
    sound
        Its ``details["codec_delay"]`` hold what the reader could tell of the file.

    Returns
    -------
    Assumption or None
        Positive where sound is stamped late: the offset of its clock, measured by that sound, is then too
        small, so that clock's evidence takes it ``negated``.
    """
    if all(stream.modality is Modality.AUDIO for stream in recording.streams_of(sound.clock)):
        return None
    told = sound.details.get("codec_delay")
    if not told:
        said = recording.details.get(KEY, {}).get(sound.clock, {})
        return declared(recording, USUAL["codec_delay"], clock=sound.clock) if "codec_delay" in said else None
    value_ns, sd_ns = float(told["value_ms"]) * NS_PER_MS, float(told["sd_ms"]) * NS_PER_MS
    known = Assumption("codec_delay", value_ns, sd_ns, str(told["says"]), str(told["origin"]))
    return declared(recording, known, clock=sound.clock) or known


def allowing_for_codecs(recording: Recording, evidence: Evidence, sounds: Mapping[str, Stream]) -> Evidence:
    """Evidence from sound, with the codec delays of both clocks' sound taken off and named.

    Parameters
    ----------
    recording
        What was recorded.
    evidence
        A relation that was measured by the sound of one or both of its clocks.
    sounds
        By clock, the sound that was used; a clock whose sound was not is left out.
    """
    for clock in (evidence.clock, evidence.reference):
        delay = codec_delay(recording, sounds[clock]) if clock in sounds else None
        if delay is not None:
            evidence = evidence.assuming(negated(delay) if clock == evidence.clock else delay)
    return evidence


def allowing_for_paths(recording: Recording, evidence: Evidence) -> Evidence:
    """Evidence from sound with what is known, or named as unknown, of sound's way to the two microphones.

    What a person said of the distances is taken off and counts. Otherwise the usual assumption, that both were
    equally far, is named and does not count: sound alone cannot show it. Where several talkers showed their
    different ways, the evidence carries that already.
    """
    said = {
        clock: declared(recording, USUAL["acoustic_path"], clock=clock)
        for clock in (evidence.clock, evidence.reference)
    }
    for clock, path in said.items():
        if path is not None:
            evidence = evidence.assuming(negated(path) if clock == evidence.clock else path)
    if any(said.values()) or any(one.name == "acoustic_path" for one in evidence.assumptions):
        return evidence
    return evidence.assuming(USUAL["acoustic_path"])
