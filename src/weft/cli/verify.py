"""``weft verify``: what can be checked of an alignment without knowing the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weft.cli.options import exit_code, fail_on_option, json_option, reference_option, skip_unreadable_option

if TYPE_CHECKING:
    from weft.sync.verify.trial import Trial

_CHECK_NAMES = ("loop", "swap", "halves", "shift")

_MEANINGS = {
    "loop": "three clocks measured in a circle",
    "swap": "device and reference exchanged",
    "halves": "first half predicts second half",
    "shift": "a known shift asked back",
}


@click.command(name="verify", short_help="Check an alignment on your own data, without knowing the truth.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@reference_option
@click.option(
    "--only", "only", multiple=True, type=click.Choice(_CHECK_NAMES), help="Make only this check; may be repeated."
)
@skip_unreadable_option
@fail_on_option
@json_option
def command(
    paths: tuple[Path, ...],
    reference: str,
    only: tuple[str, ...],
    skip_unreadable: bool,
    fail_on: str | None,
    as_json: bool,
) -> int:
    """Align one recording, then ask again in ways to which the answer is known.

    PATHS is a folder, or the files of one recording. For every kind of evidence: loop, three
    clocks measured in a circle must come back to where they started; swap, device and
    reference exchanged must give the inverse; halves, what the first half of the evidence
    says must predict the second; shift, 37 ms and 25 ppm put into a clock must come back.
    A failed check is a finding of severity error. What all evidence gets wrong alike (a
    distance that sound travelled) no check can see. Originals are read and left alone.
    """
    from weft import workflow
    from weft.cli.console import print_json, progress_bar, stdout_console
    from weft.cli.tables import findings_table
    from weft.sync.verify.trial import Outcome

    with progress_bar(quiet=as_json) as progress:
        recording = workflow.open_one(paths, reference=reference, skip_unreadable=skip_unreadable)
        alignment, trials = workflow.verify_alignment(recording, only=only, progress=progress)
    findings = [trial.to_finding() for trial in trials if trial.outcome is Outcome.FAILED]
    if as_json:
        print_json(
            {
                "recording": alignment.recording,
                "reference_clock": alignment.reference,
                "passed": not findings,
                "checks": [trial.to_json() for trial in trials],
                "findings": [finding.to_dict() for finding in findings],
            }
        )
        return exit_code(findings, fail_on)
    console = stdout_console()
    console.print(_table(alignment.recording, trials, console.width))
    if (table := findings_table(findings)) is not None:
        console.print(table)
    console.print(_summary(trials))
    return exit_code(findings, fail_on)


def _table(recording: str, trials: Sequence[Trial], width: int) -> object:
    """Every check with its outcome, as much of it as ``width`` characters hold."""
    from weft.cli.table_layout import Column, fitted_table
    from weft.cli.tables import plain

    styles = {"passed": "green", "failed": "red", "skipped": "cyan"}
    rows = [
        (
            f"[{styles[trial.outcome]}]{trial.outcome}[/]",
            trial.check,
            plain(trial.subject),
            plain(trial.method or "–"),
            f"{trial.gap_ms:+.4f}" if trial.gap_ms is not None else "–",
            f"{trial.allowed_ms:.4f}" if trial.allowed_ms is not None else "–",
            plain(trial.says),
        )
        for trial in trials
    ]
    columns = (
        Column("outcome"),
        Column("check"),
        Column("clocks", text=True),
        Column("evidence", expendable=2),
        Column("gap ms", right=True),
        Column("allowed ms", right=True, expendable=1),
        Column("what it says", text=True, expendable=3),
    )
    return fitted_table(plain(f"{recording}: checks that need no truth"), columns, rows, width=width)


def _summary(trials: Sequence[Trial]) -> str:
    """One line: how many passed, failed and could not be made."""
    counts = {name: sum(trial.outcome == name for trial in trials) for name in ("passed", "failed", "skipped")}
    if not counts["passed"] and not counts["failed"]:
        return "[cyan]nothing could be checked[/]"
    style = "red" if counts["failed"] else "green"
    made = sorted({trial.check for trial in trials if trial.gap_ms is not None})
    meanings = "; ".join(f"{name}: {_MEANINGS[name]}" for name in made)
    return (
        f"[{style}]{counts['passed']} passed, {counts['failed']} failed[/], "
        f"{counts['skipped']} could not be made\n{meanings}"
    )
