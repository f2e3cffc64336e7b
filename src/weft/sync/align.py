"""The room's one verb: every clock of a recording on one reference."""

from __future__ import annotations

from collections.abc import Callable

from weft.core import Alignment, Evidence, Modality, Recording, Stream
from weft.sync.reference_choice import choose_reference
from weft.sync.sound_pairs import relate_by_sound
from weft.sync.solve import solve
from weft.sync.stamps import stamp_evidence

Progress = Callable[[str, float], None]


def align(
    recording: Recording, *, reference: str = "", budget_ms: float = 80.0, progress: Progress | None = None
) -> Alignment:
    """Every clock's map to one reference, with its status, its error and what it rests on.

    Parameters
    ----------
    recording
        What was recorded, as the readers gave it.
    reference
        The clock to lead to; chosen when empty (see ``choose_reference``).
    budget_ms
        The largest 95 % error with which a clock counts as aligned.
    progress
        Called with what is being done and the share done, 0..1.

    Returns
    -------
    Alignment
        With one entry per clock; clocks that nothing relates to the reference are
        ``not_aligned`` and have no map.

    Raises
    ------
    UsageError
        If the reference is not a clock of the recording.
    """
    tell = progress or (lambda what, share: None)
    chosen = choose_reference(recording, reference)
    evidence = list(recording.evidence)
    tell("comparing sound", 0.0)
    sound = relate_by_sound(recording, chosen, evidence, lambda what, share: tell(what, 0.8 * share))
    evidence += sound.evidence
    tell("comparing sound with faces", 0.8)
    evidence += _face_evidence(recording)
    tell("reading stamps", 0.9)
    evidence += [e for e in stamp_evidence(recording) if not sound.refutes(e)]
    tell("solving", 0.95)
    solved = solve(recording, evidence, reference=chosen, budget_ms=budget_ms, reasons=sound.reasons)
    tell("solved", 1.0)
    return solved


def _face_evidence(recording: Recording) -> list[Evidence]:
    """Sound against a talking face, for clocks with pictures and no sound of their own."""
    return []


def _streams(recording: Recording, modality: Modality) -> list[Stream]:
    """The streams of one kind that hold anything."""
    return [stream for stream in recording.streams if stream.modality is modality and len(stream) > 1]
