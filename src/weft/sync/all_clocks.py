"""The room's one verb: every clock of a recording on one reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from weft.core import Alignment, Recording
from weft.sync.habits import Habits, find_leavers, usual_drifts
from weft.sync.human import heed_people
from weft.sync.reference_choice import choose_reference
from weft.sync.relations import Question, Relations, Tell
from weft.sync.solver.solve import solve
from weft.sync.sources import SOURCES
from weft.sync.stamps.elsewhere import at_hand

Progress = Callable[[str, float], None]


def align(
    recording: Recording,
    *,
    reference: str = "",
    budget_ms: float = 80.0,
    progress: Progress | None = None,
    habits: Habits | None = None,
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
    habits
        What is remembered of devices: a prior for their drifts. A device that left its habit is a finding
        ``left_its_habit``, and its habit is not used.

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
    found = gather_relations(recording, chosen, tell)
    tell("solving", 0.97)
    heeded, overruled = heed_people(found.credible)
    found.findings += overruled
    solved = solve(recording, heeded, reference=chosen, budget_ms=budget_ms, reasons=found.reasons)
    remarks = list(found.findings)
    if habits is not None and (usual := usual_drifts(recording, chosen, habits)):
        left = find_leavers(solved, usual)
        remarks += left
        kept = {name: habit for name, habit in usual.items() if name not in {finding.subject for finding in left}}
        solved = solve(recording, heeded, reference=chosen, budget_ms=budget_ms, reasons=found.reasons, habits=kept)
    tell("solved", 1.0)
    return replace(solved, findings=(*remarks, *solved.findings)) if remarks else solved


def gather_relations(recording: Recording, reference: str, tell: Tell) -> Relations:
    """What the files say and what every source finds, each told what was found before it."""
    found = at_hand(recording)
    done = 0.0
    for doing, (relate, share) in SOURCES.items():
        tell(doing, done)
        told = _part(tell, done, share)
        found.add(relate(Question(recording, reference, tuple(found.credible), told)))
        done += share
    return found


def _part(tell: Tell, done: float, share: float) -> Tell:
    """Progress of one source as progress of all."""
    return lambda what, part: tell(what, done + share * part)
