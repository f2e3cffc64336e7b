"""``weft train-sync``: a network for faces and sound from a person's own recordings."""

from __future__ import annotations

from pathlib import Path

import click

from weft.cli.options import json_option


@click.command(name="train-sync", short_help="Train a network that aligns faces with sound on your own recordings.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The weights, .npz.")
@click.option("--steps", type=click.IntRange(min=1), default=None, help="Training steps. Default: 150, a minute or so.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything random.")
@json_option
def command(paths: tuple[Path, ...], out: Path, steps: int | None, seed: int, as_json: bool) -> int:
    """Train a network that aligns faces with sound.

    PATHS are recordings whose videos have their own sound, with one person in view who
    speaks. They are in step with themselves, so they need no labels. A fifth of the
    material is held out, and the share of it that comes out right is told. Use the weights
    with `weft align --sync-model`. Needs the extras face and torch.
    """
    from weft import workflow
    from weft.cli.console import print_json, progress_bar, stdout_console

    with progress_bar(quiet=as_json) as progress:
        done = workflow.train_sync(paths, out, steps=steps, seed=seed, progress=progress)
    if as_json:
        print_json(done.to_dict())
        return 0
    stdout_console().print(
        f"{done.out}: {done.parameters:,} numbers from {done.faces} faces, {done.material_s:.0f} s; "
        f"within 40 ms in {done.found_within_40_ms:.0%} of held-out stretches of 10 s"
    )
    return 0
