"""One function over many recordings, in this process or in a pool, with the same result.

    process(payload) -> receipt      pure, picklable, repeatable; stores its own fragments
    run(process, items, ...)         receipts in the order of the items

What was done before is taken from the journal. A recording that fails gives a failed
outcome and leaves the others alone. The process that calls ``run`` is the only one that
commits; how the work was spread cannot be seen in the result.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from weft.core import DatasetError, UsageError, WeftError
from weft.engine.steps import Receipt, StepCache

Process = Callable[[Any], Receipt]
Progress = Callable[[str, float], None]

ATTEMPTS = 3
"""How often a recording may take its worker down before it counts as failed."""


@dataclass(frozen=True)
class Item:
    """One recording's work: its name for people, the key of its step, and what ``process`` is given."""

    name: str
    key: str
    payload: Any


@dataclass(frozen=True)
class Outcome:
    """What became of one item.

    Parameters
    ----------
    name
        The item's name.
    receipt
        What ``process`` gave back; ``None`` if it failed.
    error
        Why it failed, for the person who reads the report; empty if it did not.
    trace
        Where, when the failure was not one that weft foresees: a fault to be reported.
    resumed
        Whether the receipt is of an earlier run.
    """

    name: str
    receipt: Receipt | None
    error: str = ""
    trace: str = ""
    resumed: bool = False


def run(
    process: Process,
    items: Sequence[Item],
    *,
    journal: StepCache,
    jobs: int = 1,
    usable: Callable[[Receipt], bool] | None = None,
    progress: Progress | None = None,
) -> tuple[Outcome, ...]:
    """Do each item's work unless it was done before; outcomes in the order of the items.

    Parameters
    ----------
    process
        Called with an item's payload. For ``jobs > 1`` it must be picklable: a function
        of a module, or a ``functools.partial`` of one.
    items
        What is to be done.
    journal
        Where receipts of finished items are kept. Failed items are not, so that the next
        run tries them again.
    jobs
        How many processes; 1 works in this one.
    usable
        Whether a receipt of an earlier run still holds (its fragments are in place).
    progress
        Called with the name of what was finished and the share done, 0..1.

    Raises
    ------
    DatasetError
        If the dataset cannot be written; then no recording can go on.
    UsageError
        If ``jobs`` is not positive.
    """
    if jobs < 1:
        raise UsageError(f"jobs must be at least 1, found {jobs}")
    outcomes: dict[int, Outcome] = {}
    for number, item in enumerate(items):
        receipt = journal.get(item.key)
        if receipt is not None and (usable is None or usable(receipt)):
            outcomes[number] = Outcome(item.name, receipt, resumed=True)
    waiting = [number for number in range(len(items)) if number not in outcomes]
    finished = (
        _in_pool(process, items, waiting, jobs) if jobs > 1 and len(waiting) > 1 else _here(process, items, waiting)
    )
    for number, outcome in finished:
        if outcome.receipt is not None:
            kept = journal.put(items[number].key, outcome.receipt)
            outcome = Outcome(outcome.name, kept)
        outcomes[number] = outcome
        if progress:
            progress(outcome.name, len(outcomes) / len(items))
    return tuple(outcomes[number] for number in range(len(items)))


def _here(process: Process, items: Sequence[Item], waiting: Sequence[int]) -> Iterator[tuple[int, Outcome]]:
    """The waiting items' outcomes, one after another in this process."""
    for number in waiting:
        yield number, _attempt(process, items[number].name, items[number].payload)


def _in_pool(
    process: Process, items: Sequence[Item], waiting: Sequence[int], jobs: int
) -> Iterator[tuple[int, Outcome]]:
    """The waiting items' outcomes as they come; what a killed worker lost is tried again.

    A pool breaks as a whole when a worker dies, and nobody can say whose item killed it.
    Every item that was lost may try again; from the second round on each has a pool of its
    own, so that one that kills its worker cannot take others down with it.
    """
    lost = list(waiting)
    for attempt in range(ATTEMPTS):
        rounds = [lost] if attempt == 0 else [[number] for number in lost]
        lost = []
        for some in rounds:
            for number, outcome in _one_pool(process, items, some, jobs):
                if outcome is None:
                    lost.append(number)
                else:
                    yield number, outcome
    for number in lost:
        why = f"its worker process died {ATTEMPTS} times, most likely killed for using too much memory"
        yield number, Outcome(items[number].name, None, why)


def _one_pool(
    process: Process, items: Sequence[Item], numbers: Sequence[int], jobs: int
) -> Iterator[tuple[int, Outcome | None]]:
    """Outcomes of one pool's life; ``None`` for items that were lost when it broke."""
    # Not fork: a forked child would share the writer's lock and the locks of Arrow's threads.
    clean = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(clean)
    with ProcessPoolExecutor(min(jobs, len(numbers)), mp_context=context, initializer=_end_with_parent) as pool:
        with _deaf_to_ctrl_c():  # workers inherit it until they can end quietly
            futures = {pool.submit(_attempt, process, items[n].name, items[n].payload): n for n in numbers}
        try:
            for future in as_completed(futures):
                try:
                    yield futures[future], future.result()
                except BrokenProcessPool:
                    yield futures[future], None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Put Ctrl-C off while the block runs, where the system can; processes started in it inherit that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """End this worker, without a word, at Ctrl-C or when the process that started it has gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: Any) -> None:
    """Wait for a process to end, then end this one at once."""
    parent.join()
    os._exit(1)


def _attempt(process: Process, name: str, payload: Any) -> Outcome:
    """One item's outcome; what its input does to the code stays its own affair."""
    try:
        return Outcome(name, process(payload))
    except DatasetError:
        raise
    except WeftError as error:
        return Outcome(name, None, str(error))
    except Exception as error:  # noqa: BLE001 - one bad recording among thousands must not end the job
        return Outcome(name, None, f"{type(error).__name__}: {error}", traceback.format_exc())
