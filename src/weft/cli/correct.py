"""``weft correct``: the page on which clocks are checked and corrected by hand."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option, reference_option, skip_unreadable_option


@click.command(name="correct", short_help="Check and correct clocks by hand, in a browser.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@reference_option
@click.option(
    "--corrections",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where marks are saved. Default: weft-corrections.jsonl in the recording's folder (or beside a file, with its "
    "name in front), where weft finds it.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: any that is free.")
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open the page.")
@skip_unreadable_option
@json_option
def command(
    paths: tuple[Path, ...],
    reference: str,
    corrections: Path | None,
    port: int,
    browser: bool,
    skip_unreadable: bool,
    as_json: bool,
) -> int:
    """Show a recording's tracks over common time, to check and correct its clocks by hand.

    PATHS is a folder, or the files of one recording. It is aligned; then a page opens on
    which one track is dragged against another and pairs of moments that belong together
    are marked. What you save is added to weft-corrections.jsonl, one line for each mark;
    `weft align` and `weft build` read it and believe it before anything measured. The
    recording itself is never changed. The page is served to this machine only; Ctrl+C
    ends it.
    """
    from weft import workflow
    from weft.cli.console import print_json, progress_bar
    from weft.web.server import CorrectionServer
    from weft.web.session import Session

    with progress_bar(quiet=as_json) as progress:
        recording = workflow.open_one(paths, reference=reference, skip_unreadable=skip_unreadable)
        alignment = workflow.align(recording, progress=progress)
    session = Session(recording, alignment, workflow.corrections_path(paths, corrections))
    with CorrectionServer(session, port=port) as server:
        if as_json:
            print_json({"url": server.url, "corrections": str(session.corrections.path)})
        else:
            click.echo(f"{server.url}\nmarks are saved in {session.corrections.path}; Ctrl+C ends this", err=True)
        if browser:
            import webbrowser

            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("ended", err=True)
    return 0
