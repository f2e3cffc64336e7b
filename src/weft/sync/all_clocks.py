"""The room's one verb: every clock of a recording on one reference."""

from __future__ import annotations

from collections.abc import Callable

from weft.core import Alignment, Recording
from weft.sync.face_pairs import relate_by_faces
from weft.sync.reference_choice import choose_reference
from weft.sync.solver import solve
from weft.sync.sound_pairs import relate_by_sound
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
    sound = relate_by_sound(recording, chosen, evidence, lambda what, share: tell(what, 0.5 * share))
    evidence += sound.evidence
    tell("reading stamps", 0.5)
    stamps = [e for e in stamp_evidence(recording) if not sound.refutes(e)]
    faces = relate_by_faces(recording, chosen, [*evidence, *stamps], lambda what, share: tell(what, 0.5 + 0.45 * share))
    evidence += [*faces.evidence, *stamps]
    tell("solving", 0.95)
    solved = solve(recording, evidence, reference=chosen, budget_ms=budget_ms, reasons=faces.reasons | sound.reasons)
    tell("solved", 1.0)
    return solved
