"""From synchronised recordings to a network that aligns faces with sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from weft.core import Modality, Recording, UsageError
from weft.workflow.opening import open_all, open_unchecked

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class SyncTraining:
    """What a training did.

    Parameters
    ----------
    out
        The file of weights.
    faces, material_s
        How many tracks of faces were learned from or judged by, and how long they are.
    parameters
        How many numbers the network has.
    found_within_40_ms
        The share of 10 s of held-out material, noise mixed in, whose lag the network names within 40 ms.
    """

    out: str
    faces: int
    material_s: float
    parameters: int
    found_within_40_ms: float

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return asdict(self)


def train_sync(
    paths: Sequence[Path], out: Path, *, steps: int | None = None, seed: int = 0, progress: Progress | None = None
) -> SyncTraining:
    """Train a network from videos whose own sound shares their clock, and write its weights.

    Parameters
    ----------
    paths
        Recordings: of each clock with pictures and sound the face is used that is in view the longest, so
        that one person in view, who speaks, is best.
    out
        Where the weights go, ``.npz``.
    steps
        Training steps; the usual number if not given.
    seed
        Of everything random.
    progress
        Called with what is being done and the share done, 0..1.

    Raises
    ------
    UsageError
        If there is too little material, or ``out`` is no ``.npz``.
    UnreadableError
        If a recording cannot be read.
    MissingExtraError
        If torch or LiteRT is not installed.
    """
    from weft.sync.learned import judge, material, network, train

    if out.suffix != ".npz":
        raise UsageError(f"weights are written as .npz, found {out.name!r}")
    tell = progress or (lambda what, share: None)
    recordings, _ = open_all(paths, open_unchecked, skip_unreadable=False, progress=None)
    pairs = []
    for number, recording in enumerate(recordings):
        tell(f"finding faces in {recording.name}", 0.6 * number / len(recordings))
        pairs += _pairs_of(recording)
    learned, judged = material.split_pairs(pairs)
    about = f"trained by weft train-sync on {len(pairs)} faces, {sum(pair.duration_s for pair in pairs):.0f} s"
    trained = train.train_network(
        learned,
        steps=steps or train.STEPS,
        seed=seed,
        about=about,
        progress=lambda what, share: tell(what, 0.6 + 0.35 * share),
    )
    trained = judge.with_head(trained, judged)
    network.save_network(trained, out)
    seen_s = round(sum(pair.duration_s for pair in pairs), 1)
    return SyncTraining(str(out), len(pairs), seen_s, trained.size, round(judge.share_found(trained, judged), 3))


def _pairs_of(recording: Recording) -> list[Any]:
    """The training material of one recording: for each clock that has both, its longest face and its sound."""
    from weft.faces import track_faces
    from weft.sync.learned.material import pair_of

    pairs = []
    for clock in recording.clocks:
        streams = recording.streams_of(clock.name)
        sounds = [stream for stream in streams if stream.modality is Modality.AUDIO]
        videos = [stream for stream in streams if stream.modality is Modality.VIDEO]
        if not sounds or not videos:
            continue
        tracks = track_faces(max(videos, key=len))
        pair = pair_of(tracks[0], max(sounds, key=len)) if tracks else None
        pairs += [pair] if pair is not None else []
    return pairs
