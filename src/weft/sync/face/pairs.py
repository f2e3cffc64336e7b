"""Which talking faces to compare with which sound: only pictures that nothing better relates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weft.core import NS_PER_S, Evidence, MissingExtraError, Modality, Recording, Stream
from weft.sync.assumptions import allowing_for_codecs, assumed
from weft.sync.face.compare import FaceSetup, audio_face_evidence
from weft.sync.face.joint import choose_one
from weft.sync.learned.choice import network_for
from weft.sync.relations import Question, Relations
from weft.sync.solver.ranking import is_sufficient, reached, tier_of
from weft.sync.sound.pairs import longest_sounds

LEAST_FPS = 8.0
LEAST_SEARCH_S = 2.0


def relate_by_faces(question: Question) -> Relations:
    """Video against sound, for every clock with pictures that no better evidence ties to a clock with sound.

    Stamps in what is known tell where to search; faces are found once per video.
    """
    recording, reference, known = question.recording, question.reference, question.known
    relations = Relations()
    sounds = longest_sounds(recording)
    names = [clock.name for clock in recording.clocks]
    network = network_for(recording)
    firm = [e for e in known if tier_of(e) == 0]
    for video in _videos(recording):
        tied = reached(video.clock, names, [*firm, *relations.evidence])
        others = [sound for name, sound in sounds.items() if name not in tied]
        others.sort(key=lambda sound: (sound.clock != reference, -sound.interval.duration_ns))
        if not others:
            continue
        lead = assumed(recording, "lip_lead", clock=video.clock)
        setups = (FaceSetup(network.method(), lead), FaceSetup(lead=lead))
        try:
            relations.evidence += _first_match(video, others, question, setups)
        except MissingExtraError as error:
            relations.reasons[video.clock] = str(error)
    return relations


def _videos(recording: Recording) -> list[Stream]:
    """For every clock with moving pictures, the longest."""
    best: dict[str, Stream] = {}
    for stream in recording.streams:
        if stream.modality is not Modality.VIDEO or (stream.effective_rate_hz or 0.0) < LEAST_FPS:
            continue
        if stream.clock not in best or len(stream) > len(best[stream.clock]):
            best[stream.clock] = stream
    return list(best.values())


def _first_match(
    video: Stream, sounds: Sequence[Stream], question: Question, setups: tuple[FaceSetup, FaceSetup]
) -> list[Evidence]:
    """The first sound that surely belongs to the face; else the best that may."""
    from weft.faces import track_faces

    question.tell(f"looking for faces in {video.name}", 0.0)
    tracks = track_faces(video)
    unsure: list[Evidence] = []
    for sound in sounds:
        question.tell(f"comparing the face in {video.name} with {sound.name}", 0.5)
        expected_ns, search_s = _where_to_search(video.clock, sound.clock, question.known)
        learned, hand_made = (
            audio_face_evidence(
                video, sound, tracks=tracks, expected_offset_ns=expected_ns, search_s=search_s, setup=setup
            )
            for setup in setups
        )
        found = [
            allowing_for_codecs(question.recording, e, {sound.clock: sound}) for e in choose_one(learned, hand_made)
        ]
        if any(is_sufficient(e) for e in found):
            return found
        unsure += found
    return [max(unsure, key=lambda e: e.score)] if unsure else []


def _where_to_search(video: str, sound: str, known: Sequence[Evidence]) -> tuple[int, float]:
    """The offset that stamps suggest and how far around it to look."""
    for e in known:
        if {e.clock, e.reference} == {video, sound}:
            ours = e if e.clock == video else e.reversed()
            return int(np.median(ours.offsets_ns)), max(LEAST_SEARCH_S, 2.0 * e.systematic_sd_ns / NS_PER_S)
    return 0, LEAST_SEARCH_S
