"""Real clips of the GRID corpus with their faces: for the bench and for who makes the weights.

Finding the faces is the slow part; they are kept in the system's temporary folder between runs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from weft.core import ArraySamples, ListedTimeline, Modality, RegularTimeline, Stream
from weft.faces import FaceTrack, track_faces
from weft.sync.learned.material import Pair, pair_of
from weft.testing.talking_faces import TalkingClip, decode_clip

HERE = Path(__file__).parent
FACES = HERE.parent.parent / "shared" / "data" / "faces"
KEPT = Path(tempfile.gettempdir()) / "weft-bench-faces"
BROKEN = {"bbizzn"}
"""Its picture starts with grey frames."""
ALSO_S1 = {"bbaf2n"}
"""This clip beside the other people's is one of s1's, byte for byte."""


@dataclass(frozen=True)
class Person:
    """A clip, its face in every frame, and whose it is."""

    clip: TalkingClip
    track: FaceTrack


def clips_of_s1() -> list[Path]:
    """85 clips of one speaker."""
    found = {p.stem: p for name in ("osalinasv__lipnet", "pushpakgote__lipnet") for p in (FACES / name).rglob("*.mpg")}
    return [found[stem] for stem in sorted(found) if stem not in BROKEN]


def clips_of_others() -> list[Path]:
    """Seven clips of six other people."""
    return [path for path in sorted((FACES / "rizkiarm__LipNet").rglob("*.mpg")) if path.stem not in ALSO_S1]


def load(paths: Sequence[Path], *, half_size: bool = False) -> list[Person]:
    """The clips with their faces, found in the pictures or in pictures of half the width and height."""
    people = [_kept(path, half_size) for path in paths]
    return [person for person in people if person is not None]


def _kept(path: Path, half_size: bool) -> Person | None:
    """One clip, from the temporary folder if it was there."""
    file = KEPT / f"{path.stem}{'-half' if half_size else ''}.npz"
    if not file.exists():
        clip = decode_clip(path)
        images = halved(clip.images) if half_size else clip.images
        tracks = track_faces(camera(np.round(clip.times_s * 1e9).astype(np.int64), images))
        if not tracks:
            return None
        KEPT.mkdir(exist_ok=True)
        np.savez(
            file,
            times_s=clip.times_s,
            sound=clip.sound,
            rate_hz=clip.rate_hz,
            times_ns=tracks[0].times_ns,
            measures=tracks[0].measures,
        )
    with np.load(file, allow_pickle=False) as kept:
        clip = TalkingClip(kept["times_s"], np.zeros((0, 1, 1, 3), np.uint8), kept["sound"], int(kept["rate_hz"]))
        return Person(clip, face(kept["times_ns"], kept["measures"]))


def face(times_ns: np.ndarray, measures: np.ndarray) -> FaceTrack:
    """A track of measures alone."""
    count = len(times_ns)
    return FaceTrack(0, times_ns, measures, np.zeros((count, 4), np.float32), np.ones(count, np.float32))


def halved(images: np.ndarray) -> np.ndarray:
    """Every four pixels' mean."""
    wide = images.astype(np.uint16)
    four = wide[:, ::2, ::2] + wide[:, 1::2, ::2] + wide[:, ::2, 1::2] + wide[:, 1::2, 1::2]
    return (four // 4).astype(np.uint8)


def camera(times_ns: np.ndarray, images: np.ndarray) -> Stream:
    """A camera's stream."""
    return Stream("cam/video", Modality.VIDEO, "cam", ListedTimeline(times_ns), ArraySamples(images))


def recorder(sound: np.ndarray, rate_hz: Fraction, offset_s: float = 0.0) -> Stream:
    """A recorder's stream."""
    timeline = RegularTimeline(round(offset_s * 1e9), rate_hz, len(sound))
    return Stream("mic/audio", Modality.AUDIO, "mic", timeline, ArraySamples(sound.astype(np.float32)))


def pairs_of(people: Sequence[Person]) -> list[Pair]:
    """Training material of clips, which are in step."""
    pairs = [
        pair_of(person.track, recorder(person.clip.sound, Fraction(person.clip.rate_hz)), seed=number)
        for number, person in enumerate(people)
    ]
    return [pair for pair in pairs if pair is not None]
