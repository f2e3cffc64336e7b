"""``weft inspect``: what is there, before anything is done with it."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import exit_code, fail_on_option, json_option, skip_unreadable_option


@click.command(name="inspect", short_help="Show what is there: streams, clocks, rates, gaps, findings.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@skip_unreadable_option
@fail_on_option
@json_option
def command(paths: tuple[Path, ...], skip_unreadable: bool, fail_on: str | None, as_json: bool) -> int:
    """Show what recordings hold: streams, clocks, rates, gaps, findings.

    A folder with files is a recording; a folder that only holds folders is a collection
    of them. Kinds: media (mp4 mkv webm mov avi wmv mpg; wav flac mp3 ogg m4a), LSL XDF,
    ROS 1 and ROS 2 bags, MCAP, tables (CSV TSV Parquet JSON lines, and the exports of
    eye trackers, wristbands and phones), GoPro telemetry, logs of PTP and NTP, annotations (ELAN,
    TextGrid, WebVTT, SRT, GRID, OpenFace, py-feat).
    """
    from weft import workflow
    from weft.cli.console import print_json, progress_bar, stdout_console
    from weft.cli.tables import annotation_counts, counted, findings_table, recording_json, stream_json, streams_table

    with progress_bar(quiet=as_json) as progress:
        recordings, left_out = workflow.inspect(paths, skip_unreadable=skip_unreadable, progress=progress)
    findings = [*(finding for recording in recordings for finding in recording.findings), *left_out]
    if as_json:
        print_json(
            {
                "recordings": [recording_json(recording) for recording in recordings],
                "streams": [stream_json(stream, recording) for recording in recordings for stream in recording.streams],
                "findings": [finding.to_dict() for finding in findings],
            }
        )
        return exit_code(findings, fail_on)
    console = stdout_console()
    for recording in recordings:
        console.print(streams_table(recording, width=console.width))
        if recording.annotations:
            counts = annotation_counts(recording)
            console.print(f"{counted(len(recording.annotations), 'annotation')}: {counts}\n", markup=False)
        if marked := [e for e in recording.evidence if e.method == "human"]:
            words = "; ".join(f"{counted(len(e), 'pair')} between {e.clock} and {e.reference}" for e in marked)
            console.print(f"marked by hand: {words}\n", markup=False)
    if (table := findings_table(findings)) is not None:
        console.print(table)
    return exit_code(findings, fail_on)
