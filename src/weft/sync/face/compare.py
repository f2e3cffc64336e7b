"""Evidence from a talking face: one clock's video shows the mouth, another's sound carries the voice.

A mouth opens a little before its sound is heard, by how much depends on the speaker and
on the camera's exposure; the usual lead is subtracted and its spread is part of every
offset as a systematic error. Video and sound of *one* file share a clock and need none
of this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from weft.core import NS_PER_S, Assumption, Evidence, Modality, Stream, UsageError
from weft.faces import FaceTrack, track_faces
from weft.sync.assumptions import USUAL
from weft.sync.face.match import WRONG_S, Blocks, Match, block_heights, cut_blocks, find_match, part_lags
from weft.sync.face.method import HAND_MADE, FaceMethod
from weft.sync.face.signals import GRID_HZ, Rhythm

Progress = Callable[[str, float], None]

LARGEST_CHANCE = 1e-3
"""A match that chance reaches more often is weak."""
LEAST_STABILITY = 0.9
"""Selections of the recording that find another lag more often than this leaves make a match weak."""
LARGEST_SD_S = 0.04
LEAST_SPEECH_S = 8.0
_PART_S = 30.0
"""Each so many seconds of the recording make one moment of the evidence."""
_LEAST_SD_S = 0.002
LARGEST_SEARCH_S = 120.0
"""A wider search is cut to this: chance grows with it, and so does memory."""
_MOST_FACES = 8
_SHORTEST_FACE_S = 3.0
_STEP_NS = NS_PER_S // GRID_HZ


def audio_face_evidence(
    video: Stream,
    audio: Stream,
    *,
    tracks: Sequence[FaceTrack] | None = None,
    expected_offset_ns: int = 0,
    search_s: float = 2.0,
    setup: FaceSetup | None = None,
    progress: Progress | None = None,
) -> list[Evidence]:
    """How the clock of ``audio`` relates to the clock of ``video``, by whoever is seen and heard speaking.

    Parameters
    ----------
    video, audio
        A video of at least 8 frames a second (better 25) and a sound, on different clocks.
    tracks
        The video's faces if they are known already; they are the slow part.
    expected_offset_ns
        The middle of the search: the audio clock's reading minus the video clock's.
    search_s
        How far from it the truth may lie, at most 120 s.
    setup
        How mouth and voice are compared, and by how much lips usually lead; by hand-made
        rhythms and the usual lead if not given.
    progress
        Called with what is being done and the share done.

    Returns
    -------
    list of Evidence
        Empty where no face, no sound or no overlap was found; otherwise one, with the
        video's clock as ``clock`` and the audio's as ``reference``, one moment for each
        30 s of the recording. ``score`` is the match's height in standard deviations of
        what wrong lags give (chance alone reaches about 2.4, seldom 4). ``details["verdict"]``
        is ``"sure"`` or ``"weak"``; weak evidence must not align a clock by itself, and its
        ``systematic_sd_ns`` contains that it may be wrong altogether.

    Raises
    ------
    UsageError
        If a stream is of the wrong kind or both read one clock.
    MissingExtraError
        If faces have to be found and LiteRT is not installed.

    Notes
    -----
    It fails where the speaker is off camera or turned away, where lips and sound belong to
    different people (dubbing, an interpreter), and on less than about 15 s of speech, which
    it reports as weak. Singing or speaking in chorus can fool it. The offset contains the
    sound's way from the mouth to the microphone, 2.9 ms per metre.
    """
    _check(video, audio)
    if tracks is None:
        tracks = track_faces(video, progress=progress)
    search_s, setup = min(search_s, LARGEST_SEARCH_S), setup or FaceSetup()
    voice = setup.method.voice(audio)
    mouths = _candidates([mouth for track in tracks if (mouth := setup.method.mouth(track)) is not None])
    if voice is None or not mouths or not voice.active.any():
        return []
    voice = replace(voice, start_ns=voice.start_ns - expected_offset_ns)
    tried = [_compared(mouth, voice, search_s) for mouth in mouths]
    found = [result for result in tried if result is not None]
    if not found:
        return []
    best = max(found, key=lambda one: (-one.match.chance, one.match.height))
    evidence = _evidence(video, audio, best, _Tried(setup, len(mouths), search_s))
    return [_moved(evidence, expected_offset_ns).assuming(setup.lead)]


@dataclass(frozen=True)
class FaceSetup:
    """How a comparison is done.

    Parameters
    ----------
    method
        What is compared.
    lead
        By how much the lips lead the sound.
    """

    method: FaceMethod = HAND_MADE
    lead: Assumption = USUAL["lip_lead"]


@dataclass(frozen=True)
class _Tried:
    """What was tried to get a match."""

    setup: FaceSetup
    faces: int
    search_s: float


@dataclass(frozen=True, eq=False)
class _Compared:
    """One mouth and how it fits the voice; blocks count from ``start_ns`` of the video's clock."""

    mouth: Rhythm
    voice: Rhythm
    start_ns: int
    blocks: Blocks
    match: Match


def _check(video: Stream, audio: Stream) -> None:
    """Refuses streams that cannot be compared."""
    if video.modality is not Modality.VIDEO or audio.modality is not Modality.AUDIO:
        raise UsageError(
            f"a talking face needs a video and a sound, found {video.name!r} ({video.modality}) "
            f"and {audio.name!r} ({audio.modality})"
        )
    if video.clock == audio.clock:
        raise UsageError(f"{video.name!r} and {audio.name!r} read one clock, {video.clock!r}: there is nothing to find")


def _candidates(mouths: list[Rhythm]) -> list[Rhythm]:
    """The longest faces alone, and all together, because a cut gives the same speaker a new track."""
    if len(mouths) < 2:
        return mouths
    start_ns = min(mouth.start_ns for mouth in mouths)
    count = max((mouth.stop_ns - start_ns) // _STEP_NS for mouth in mouths)
    values = np.sum([mouth.placed(start_ns, count) for mouth in mouths], axis=0)
    long = [mouth for mouth in mouths if len(mouth.values) >= _SHORTEST_FACE_S * GRID_HZ]
    return [
        *sorted(long, key=lambda mouth: -len(mouth.values))[:_MOST_FACES],
        Rhythm(start_ns, values, values.reshape(count, -1).any(axis=1)),
    ]


def _compared(mouth: Rhythm, voice: Rhythm, search_s: float) -> _Compared | None:
    """One mouth against the voice, on a grid that holds where they can meet and the wrong lags around it."""
    search_ns, wrong_ns = (round(s * NS_PER_S) for s in (search_s, search_s + WRONG_S))
    heard_from_ns, heard_to_ns = voice.start_ns - search_ns, voice.stop_ns + search_ns
    meet_from_ns, meet_to_ns = max(mouth.start_ns, heard_from_ns), min(mouth.stop_ns, heard_to_ns)
    if meet_to_ns - meet_from_ns < NS_PER_S:
        return None
    start_ns = max(heard_from_ns, meet_from_ns - wrong_ns)
    count = (min(heard_to_ns, meet_to_ns + wrong_ns) - start_ns) // _STEP_NS
    blocks = cut_blocks(mouth.placed(start_ns, count), voice.placed(start_ns, count), search_s)
    match = find_match(blocks, search_s)
    return None if match is None else _Compared(mouth, voice, start_ns, blocks, match)


def _moved(evidence: Evidence, offset_ns: int) -> Evidence:
    """The evidence with a constant added to its offsets."""
    return replace(evidence, offsets_ns=evidence.offsets_ns + offset_ns) if offset_ns else evidence


def _evidence(video: Stream, audio: Stream, best: _Compared, tried: _Tried) -> Evidence:
    """The best match as evidence, with its verdict; offsets from the expected one, the lead still in them."""
    match = best.match
    centres_s, lags_s, sd_s = _moments(best.blocks, match)
    speech_s = _speech_s(best.mouth, best.voice, match)
    chance = min(1.0, match.chance * tried.faces)
    reasons = _doubts(match, chance, speech_s)
    # What is not sure may lie anywhere in the search, with the probability that it is wrong.
    doubt_s = tried.search_s / np.sqrt(3) * np.sqrt(max(chance, 1 - match.stability)) if reasons else 0.0
    details = {
        "verdict": "weak" if reasons else "sure",
        "reasons": reasons,
        "chance": chance,
        "runner_up": round(match.runner_up, 3),
        "stability": match.stability,
        "speech_s": round(speech_s, 2),
        "search_s": tried.search_s,
        "faces_tried": tried.faces,
    }
    if (opinion := tried.setup.method.synchronisable) is not None:
        details["synchronisable"] = round(float(np.mean(opinion(block_heights(best.blocks, match)))), 4)
    return Evidence(
        clock=video.clock,
        reference=audio.clock,
        times_ns=best.start_ns + np.round(centres_s * NS_PER_S).astype(np.int64),
        offsets_ns=np.round(lags_s * NS_PER_S).astype(np.int64),
        sds_ns=np.full(len(centres_s), sd_s * NS_PER_S),
        method=tried.setup.method.name,
        systematic_sd_ns=float(doubt_s) * NS_PER_S,
        score=match.height,
        sources=(video.name, audio.name),
        details=details,
    )


def _moments(blocks: Blocks, match: Match) -> tuple[np.ndarray, np.ndarray, float]:
    """Middles, lags and the common standard deviation of parts of the recording; one part when it is short."""
    parts = max(1, round(len(blocks.centres_s) * blocks.block_s / max(_PART_S, 3 * blocks.block_s)))
    sd_s = max(match.sd_s, _LEAST_SD_S) if np.isfinite(match.sd_s) else 1.0
    if parts > 1:
        centres_s, lags_s = part_lags(blocks, match, parts)
        if len(centres_s) > parts / 2:
            residuals_s = lags_s - match.lag_s - match.drift * (centres_s - match.middle_s)
            scatter_s = float(1.4826 * np.median(np.abs(residuals_s - np.median(residuals_s))))
            return centres_s, lags_s, max(sd_s * float(np.sqrt(parts)), scatter_s)
    return np.array([match.middle_s]), np.array([match.lag_s]), sd_s


def _speech_s(mouth: Rhythm, voice: Rhythm, match: Match) -> float:
    """How long the face is seen while somebody may be speaking."""
    moved = Rhythm(voice.start_ns - round(match.lag_s * NS_PER_S), voice.active.astype(np.float64), voice.active)
    heard = moved.placed(mouth.start_ns, len(mouth.active)) > 0.5
    return float(np.count_nonzero(heard & mouth.active)) / GRID_HZ


def _doubts(match: Match, chance: float, speech_s: float) -> list[str]:
    """Why the match may be wrong, a clause each; empty when it is sure."""
    doubts = []
    if chance > LARGEST_CHANCE:
        doubts.append(f"chance would reach this match with probability {chance:.2g}")
    if not np.isfinite(match.sd_s):
        doubts.append("the recording is too short to compare its parts")
    elif match.stability < LEAST_STABILITY or match.sd_s > LARGEST_SD_S:
        doubts.append(f"parts of the recording disagree: only {match.stability:.0%} of selections find this lag")
    if speech_s < LEAST_SPEECH_S:
        doubts.append(f"only {speech_s:.1f} s of speech with a face in view")
    return doubts
