"""All checks that need no truth, on one recording."""

from __future__ import annotations

from collections.abc import Callable, Collection

from weft.core import Alignment, Evidence, Recording, UsageError
from weft.sync.relations import Tell
from weft.sync.solver.ranking import GUESSES, tier_of
from weft.sync.verify.asking import checkable
from weft.sync.verify.halves import check_halves
from weft.sync.verify.loops import check_loops
from weft.sync.verify.shift import check_shift
from weft.sync.verify.swap import check_swap
from weft.sync.verify.trial import Trial, skipped

PairCheck = Callable[[Recording, Evidence, Tell], Trial]

PAIR_CHECKS: dict[str, PairCheck] = {
    "swap": check_swap,
    "halves": lambda recording, e, tell: check_halves(recording, e),
    "shift": check_shift,
}
"""Checks of one piece of evidence, in the order in which they are made."""

CHECKS = ("loop", *PAIR_CHECKS)
"""Every check's name."""


def verify(
    recording: Recording, alignment: Alignment, *, only: Collection[str] = CHECKS, tell: Tell | None = None
) -> tuple[Trial, ...]:
    """What can be checked without knowing the truth, for every kind of evidence that the alignment rests on.

    Parameters
    ----------
    recording
        What was recorded; its originals are read again and left as they are.
    alignment
        Its alignment, as ``weft.sync.align`` gave it.
    only
        Names of checks (``"loop"``, ``"swap"``, ``"halves"``, ``"shift"``).
    tell
        Told what is being done and the share done, 0..1.

    Returns
    -------
    tuple of Trial
        Never empty: where there is nothing to check, one skipped trial says why.

    Raises
    ------
    UsageError
        If there is no check of a name.

    Notes
    -----
    The checks find an alignment that contradicts itself. They cannot find an error that all
    evidence shares: two microphones that stood at different distances from one talker agree
    with themselves and are 2.9 ms wrong for each metre.
    """
    unknown = sorted(set(only) - set(CHECKS))
    if unknown:
        raise UsageError(f"there is no check {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    tell = tell or (lambda what, share: None)
    evidence = checkable(alignment.evidence)
    if not evidence:
        return (skipped("all", (), "", _why_nothing(alignment)),)
    trials: list[Trial] = []
    chosen = [(name, check) for name, check in PAIR_CHECKS.items() if name in only]
    jobs = [(name, check, e) for e in evidence for name, check in chosen]
    for number, (name, check, e) in enumerate(jobs):
        done = number / (len(jobs) + 1)
        tell(f"{name}: {e.clock} and {e.reference} by {e.method}", done)
        trials.append(_tried(name, check, recording, e, _at(tell, done)))
    if "loop" in only:
        done = len(jobs) / (len(jobs) + 1)
        tell("closing loops", done)
        trials = [*check_loops(recording, evidence, _at(tell, done)), *trials]
    tell("checked", 1.0)
    return tuple(trials)


def _tried(name: str, check: PairCheck, recording: Recording, e: Evidence, tell: Tell) -> Trial:
    """One check's trial; skipped where its evidence alone gives no map."""
    try:
        return check(recording, e, tell)
    except UsageError as error:
        return skipped(name, (e.clock, e.reference), e.method, str(error))


def _at(tell: Tell, done: float) -> Tell:
    """Progress within one job: what is done changes, the share does not."""
    return lambda what, share: tell(what, done)


def _why_nothing(alignment: Alignment) -> str:
    """Why there is nothing to check, and what would change that."""
    if len(alignment.clocks) < 2:
        return "the recording has one clock: nothing to align, nothing to check"
    if any(tier_of(e) >= GUESSES for e in alignment.evidence):
        return "its clocks are related by dates alone, which nothing can check; see the notes of `weft align`"
    return "nothing relates its clocks to each other, so there is nothing to check; see the notes of `weft align`"
