"""From a recording to what checks of its alignment say that need no truth."""

from __future__ import annotations

from collections.abc import Callable, Collection

from weft import sync
from weft.core import Alignment, Recording
from weft.sync.verify.run import CHECKS, verify
from weft.sync.verify.trial import Trial

Progress = Callable[[str, float], None]

ALIGNING_SHARE = 0.25
"""Of the whole work: each of the three checks of a pair measures it about once more."""


def verify_alignment(
    recording: Recording, *, reference: str = "", only: Collection[str] = (), progress: Progress | None = None
) -> tuple[Alignment, tuple[Trial, ...]]:
    """A recording's alignment, and what it says when it is asked again in other ways.

    Parameters
    ----------
    recording
        As :func:`open_recording` gives it; its originals stay as they are.
    reference
        The reference clock; by default the recording's, else one is chosen.
    only
        Names of checks; by default all.
    progress
        Called with what is being done and the share done, 0..1.

    Raises
    ------
    UsageError
        If there is no clock or check of a name.
    """
    tell = progress or (lambda what, share: None)
    alignment = sync.align(
        recording, reference=reference, progress=lambda what, share: tell(what, ALIGNING_SHARE * share)
    )
    trials = verify(
        recording,
        alignment,
        only=tuple(only) or CHECKS,
        tell=lambda what, share: tell(what, ALIGNING_SHARE + (1.0 - ALIGNING_SHARE) * share),
    )
    return alignment, trials
