"""``weft align``: the clock table of one recording."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import (
    budget_option,
    exit_code,
    fail_on_option,
    json_option,
    reference_option,
    skip_unreadable_option,
)


@click.command(name="align", short_help="Measure every clock of a recording against the reference.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@reference_option
@budget_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Also save the whole alignment as JSON.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also draw it: FILE.html (with sound to hear), FILE.svg or FILE.png.",
)
@click.option(
    "--sync-model",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Weights for faces against sound, from weft train-sync. Default: those that ship with weft.",
)
@click.option(
    "--habits",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file that remembers devices' usual drift: used as a prior, and added to.",
)
@skip_unreadable_option
@fail_on_option
@json_option
def command(
    paths: tuple[Path, ...],
    reference: str,
    budget_ms: float,
    out: Path | None,
    plot: Path | None,
    sync_model: Path | None,
    habits: Path | None,
    skip_unreadable: bool,
    fail_on: str | None,
    as_json: bool,
) -> int:
    """Measure every clock of one recording against the reference.

    PATHS is a folder, or the files of one recording. The table gives, for each clock,
    offset and drift to the reference (t_reference = t_device + offset + drift * t), its
    95 % error, the jumps, the evidence it rests on, and a verdict: aligned, weak or
    not_aligned. Nothing is rewritten.
    """
    from weft import workflow
    from weft.cli.console import print_json, progress_bar, stdout_console
    from weft.cli.tables import assumptions_table, clocks_table, findings_table
    from weft.quality import alignment_findings

    if plot is not None:
        workflow.require_plot_name(plot)
    with progress_bar(quiet=as_json) as progress:
        recording = workflow.open_one(paths, reference=reference, skip_unreadable=skip_unreadable)
        alignment = workflow.align(
            recording, budget_ms=budget_ms, sync_model=sync_model, progress=progress, habits=habits
        )
    findings = (*recording.findings, *alignment_findings(alignment))
    if out is not None:
        workflow.save_alignment(alignment, out)
    if plot is not None:
        workflow.plot(recording, alignment, plot, findings=findings)
    if as_json:
        document = alignment.to_json()
        print_json({**document, "findings": [finding.to_dict() for finding in findings]})
        return exit_code(findings, fail_on)
    console = stdout_console()
    console.print(clocks_table(alignment, width=console.width))
    for table in (assumptions_table(alignment, width=console.width), findings_table(findings)):
        if table is not None:
            console.print(table)
    return exit_code(findings, fail_on)
