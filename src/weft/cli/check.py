"""``weft check``: the gate for a pipeline."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import budget_option, json_option, version_option


@click.command(name="check", short_help="Gate a pipeline on clocks, findings and files.")
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@version_option
@budget_option
@click.option("--files/--no-files", default=True, show_default=True, help="Also hash every file of the dataset.")
@click.option(
    "--fail-on",
    type=click.Choice(["info", "warning", "error"]),
    default="error",
    show_default=True,
    help="Exit with 1 if there is a finding of this severity or above.",
)
@json_option
def command(dataset: Path, version: str | None, budget_ms: float, files: bool, fail_on: str, as_json: bool) -> int:
    """Exit with 1 unless every clock is within the budget and every file is what it was.

    A clock that is not aligned, or whose 95 % error exceeds the budget, is an error; so is
    a damaged file. Findings of the build itself are counted too.
    """
    from weft import workflow
    from weft.cli.console import print_json, stdout_console
    from weft.cli.options import exit_code
    from weft.cli.tables import findings_table

    findings = workflow.check(dataset, version=version, budget_ms=budget_ms, files=files)
    code = exit_code(findings, fail_on)
    if as_json:
        print_json({"dataset": str(dataset), "passed": code == 0, "findings": [f.to_dict() for f in findings]})
        return code
    console = stdout_console()
    if (table := findings_table(findings)) is not None:
        console.print(table)
    console.print("[green]passed[/]" if code == 0 else "[red]failed[/]")
    return code
