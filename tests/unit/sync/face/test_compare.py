"""Mouth against voice: made syllables with known truth, and what must never be called sure."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weft.core import ArraySamples, Evidence, ListedTimeline, Modality, RegularTimeline, Stream, UsageError
from weft.faces import FaceTrack
from weft.faces.track import COLUMNS
from weft.sync.assumptions import USUAL
from weft.sync.face.compare import FaceSetup, audio_face_evidence
from weft.sync.learned.choice import shipped_network

SOUND_HZ = 8000
SETUPS = (FaceSetup(), FaceSetup(shipped_network().method()))
LIP_LEAD_S = USUAL["lip_lead"].value_ns / 1e9


class Speaker:
    """Somebody who speaks in syllables of random length and loudness, with pauses, for ``duration_s``."""

    def __init__(self, seed: int, duration_s: float) -> None:
        rng = np.random.default_rng(seed)
        self.rng, self.duration_s = rng, duration_s
        syllables, t = [], 0.3
        while t < duration_s - 0.6:
            for _ in range(int(rng.integers(4, 12))):
                syllables.append((t, rng.uniform(0.12, 0.3), rng.uniform(0.4, 1.0)))
                t += syllables[-1][1] + rng.uniform(0.0, 0.05)
            t += rng.uniform(0.4, 1.0)

        self.grid_s = np.arange(0, duration_s, 0.005)
        self.curve = np.zeros(len(self.grid_s))
        for start, length, height in syllables:
            inside = slice(*np.searchsorted(self.grid_s, [start, start + length]))
            self.curve[inside] += height * np.sin(np.pi * (self.grid_s[inside] - start) / length) ** 2

    def opening(self, times_s: np.ndarray) -> np.ndarray:
        """How far the mouth is open, 0..1."""
        return np.interp(times_s, self.grid_s, self.curve, left=0.0, right=0.0)

    def track(
        self, *, rate_hz: float = 25.0, start_s: float = 0.0, noise: float = 0.03, track_id: int = 0
    ) -> FaceTrack:
        """The face as the camera's clock stamps it."""
        times_s = np.arange(0, self.duration_s, 1 / rate_hz)
        opening = self.opening(times_s) + noise * self.rng.standard_normal(len(times_s))
        measures = np.zeros((len(times_s), len(COLUMNS)), np.float32)
        for name, scale in (("mouth_gap", 0.2), ("mouth_height", 0.3), ("mouth_luma", -60.0)):
            measures[:, COLUMNS.index(name)] = scale * opening
        times_ns = np.round((times_s + start_s) * 1e9).astype(np.int64)
        count = len(times_s)
        return FaceTrack(track_id, times_ns, measures, np.zeros((count, 4), np.float32), np.ones(count, np.float32))

    def sound(self, *, offset_s: float = 0.0, drift: float = 0.0, noise: float = 0.01) -> Stream:
        """The voice as the recorder's clock stamps it: reading = (1 + drift) * camera's reading + offset."""
        times_s = np.arange(0, self.duration_s, 1 / SOUND_HZ)
        swell = self.opening(times_s - LIP_LEAD_S) ** 1.5
        sound = 0.3 * swell * self.rng.standard_normal(len(times_s)) + noise * self.rng.standard_normal(len(times_s))
        rate_hz = Fraction(round(SOUND_HZ / (1 + drift) * 100), 100)
        timeline = RegularTimeline(round(offset_s * 1e9), rate_hz, len(sound))
        return Stream("mic/audio", Modality.AUDIO, "mic", timeline, ArraySamples(sound.astype(np.float32)))


def camera(clock: str = "cam") -> Stream:
    """A video whose frames are not looked at, because its faces are given."""
    return Stream(
        f"{clock}/video",
        Modality.VIDEO,
        clock,
        ListedTimeline(np.array([0])),
        ArraySamples(np.zeros((1, 2, 2, 3), np.uint8)),
    )


def found(tracks: list[FaceTrack], sound: Stream, **options: Any) -> Evidence:
    """The one evidence of made tracks and sound."""
    (evidence,) = audio_face_evidence(camera(), sound, tracks=tracks, **options)
    return evidence


@pytest.mark.parametrize("offset_s", [-0.4, -0.13, 0.0, 0.26, 1.7])
def test_a_minute_gives_the_offset_and_is_sure(offset_s: float) -> None:
    speaker = Speaker(1, 60)
    evidence = found([speaker.track()], speaker.sound(offset_s=offset_s))
    assert (evidence.clock, evidence.reference, evidence.method) == ("cam", "mic", "audio_face")
    assert evidence.details["verdict"] == "sure", evidence.details
    assert evidence.details["chance"] < 1e-6
    assert evidence.score > 5
    np.testing.assert_allclose(evidence.offsets_ns / 1e9, offset_s, atol=0.02)
    assert np.all(evidence.sds_ns < 0.03e9)


def test_both_clocks_keep_their_own_origin() -> None:
    speaker = Speaker(2, 40)
    evidence = found([speaker.track(start_s=1000.0)], speaker.sound(offset_s=1000.2))
    np.testing.assert_allclose(evidence.offsets_ns / 1e9, 0.2, atol=0.02)
    assert 1000 < evidence.times_ns.min() / 1e9 < 1040


def test_the_search_lies_around_the_expected_offset() -> None:
    speaker = Speaker(3, 40)
    sound = speaker.sound(offset_s=-37.5)
    expected = found([speaker.track()], sound, expected_offset_ns=-38_000_000_000)
    assert expected.details["verdict"] == "sure"
    np.testing.assert_allclose(expected.offsets_ns / 1e9, -37.5, atol=0.02)
    elsewhere = audio_face_evidence(camera(), sound, tracks=[speaker.track()])
    assert all(evidence.details["verdict"] == "weak" for evidence in elsewhere)


def test_a_wider_search_finds_what_a_narrow_one_cannot() -> None:
    speaker = Speaker(4, 60)
    wide = found([speaker.track()], speaker.sound(offset_s=7.3), search_s=12.0)
    assert wide.details["verdict"] == "sure"
    np.testing.assert_allclose(wide.offsets_ns / 1e9, 7.3, atol=0.02)


def test_a_drifting_recorder_shows_in_several_moments() -> None:
    speaker = Speaker(5, 300)
    evidence = found([speaker.track()], speaker.sound(offset_s=0.2, drift=200e-6))
    assert len(evidence) == 10
    slope, middle = np.polyfit(evidence.times_ns / 1e9 - 150, evidence.offsets_ns / 1e9, 1)
    assert slope == pytest.approx(200e-6, abs=40e-6)
    assert middle == pytest.approx(0.2 + 150 * 200e-6, abs=0.01)


@pytest.mark.parametrize("duration_s", [3, 6, 10])
def test_a_short_clip_is_never_sure(duration_s: float) -> None:
    for seed in range(6):
        speaker = Speaker(100 + seed, duration_s)
        evidence = audio_face_evidence(camera(), speaker.sound(offset_s=0.1), tracks=[speaker.track()])
        assert all(one.details["verdict"] == "weak" and one.details["reasons"] for one in evidence)


def test_strangers_are_weak_and_their_sd_says_so() -> None:
    for seed in range(8):
        one, other = Speaker(200 + seed, 60), Speaker(300 + seed, 60)
        evidence = found([one.track()], other.sound())
        assert evidence.details["verdict"] == "weak"
        assert evidence.systematic_sd_ns > 0.1e9


def test_of_two_faces_the_one_that_speaks_is_found() -> None:
    silent, speaker = Speaker(400, 60), Speaker(401, 60)
    tracks = [silent.track(track_id=0), speaker.track(track_id=1)]
    evidence = found(tracks, speaker.sound(offset_s=-0.3))
    assert evidence.details["verdict"] == "sure"
    assert evidence.details["faces_tried"] == 3
    np.testing.assert_allclose(evidence.offsets_ns / 1e9, -0.3, atol=0.02)


def test_a_speaker_cut_into_many_short_tracks_is_still_found() -> None:
    speaker = Speaker(410, 60)
    whole = speaker.track()
    pieces = [
        FaceTrack(n, whole.times_ns[s], whole.measures[s], whole.boxes[s], whole.presence[s])
        for n, s in enumerate(slice(at, at + 70) for at in range(0, 1500, 75))
    ]
    evidence = found(pieces, speaker.sound(offset_s=0.35))
    assert evidence.details["verdict"] == "sure"
    np.testing.assert_allclose(evidence.offsets_ns / 1e9, 0.35, atol=0.02)


@pytest.mark.parametrize("rate_hz", [12.5, 30.0, 59.94])
def test_other_frame_rates_work(rate_hz: float) -> None:
    speaker = Speaker(6, 60)
    evidence = found([speaker.track(rate_hz=rate_hz)], speaker.sound(offset_s=0.2))
    assert evidence.details["verdict"] == "sure"
    np.testing.assert_allclose(evidence.offsets_ns / 1e9, 0.2, atol=0.025)


def test_noise_makes_the_offset_less_certain() -> None:
    clean, noisy = Speaker(7, 60), Speaker(7, 60)
    first = found([clean.track()], clean.sound())
    second = found([noisy.track(noise=0.5)], noisy.sound())
    assert second.score < first.score
    assert second.sds_ns.max() > first.sds_ns.max()


def test_sound_of_integers_in_two_channels_gives_the_same() -> None:
    speaker = Speaker(8, 40)
    sound = speaker.sound(offset_s=0.1)
    values = sound.samples.read(0, len(sound))
    stereo = (np.stack([values, values], axis=1) * 20000).clip(-32768, 32767).astype(np.int16)
    track = speaker.track()
    one, two = found([track], sound), found([track], replace(sound, samples=ArraySamples(stereo)))
    np.testing.assert_allclose(one.offsets_ns, two.offsets_ns, atol=1_000_000)


@pytest.mark.parametrize(
    "what", ["no face", "three frames a second", "silence", "a steady hum", "nothing in common", "50 samples"]
)
def test_where_there_is_nothing_to_compare_there_is_no_evidence(what: str) -> None:
    speaker = Speaker(9, 20)
    tracks, sound = [speaker.track(rate_hz=3.0 if what == "three frames a second" else 25.0)], speaker.sound()
    if what == "no face":
        tracks = []
    if what == "silence":
        sound = replace(sound, samples=ArraySamples(np.zeros(len(sound), np.float32)))
    if what == "a steady hum":
        hum = np.sin(2 * np.pi * 440 * np.arange(len(sound)) / SOUND_HZ).astype(np.float32)
        sound = replace(sound, samples=ArraySamples(hum))
    if what == "50 samples":
        timeline = RegularTimeline(0, Fraction(SOUND_HZ), 50)
        sound = replace(sound, timeline=timeline, samples=ArraySamples(np.ones(50, np.float32)))
    if what == "nothing in common":
        sound = speaker.sound(offset_s=1.7e9)
    for setup in SETUPS:
        assert audio_face_evidence(camera(), sound, tracks=tracks, setup=setup) == []


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.method.name)
def test_frames_and_samples_that_are_no_numbers_are_passed_over(setup: FaceSetup) -> None:
    speaker = Speaker(15, 40)
    track, sound = speaker.track(), speaker.sound(offset_s=0.2)
    measures, values = track.measures.copy(), sound.samples.read(0, len(sound)).copy()
    measures[100:103], values[5000:5010] = np.nan, np.inf
    evidence = found([replace(track, measures=measures)], replace(sound, samples=ArraySamples(values)), setup=setup)
    np.testing.assert_allclose(evidence.offsets_ns / 1e9, 0.2, atol=0.08)


def test_streams_of_one_clock_or_of_the_wrong_kind_are_refused() -> None:
    sound = Speaker(10, 5).sound()
    with pytest.raises(UsageError, match="read one clock, 'mic'"):
        audio_face_evidence(camera("mic"), sound, tracks=[])
    with pytest.raises(UsageError, match="needs a video and a sound"):
        audio_face_evidence(sound, sound, tracks=[])


@pytest.mark.shared_data
def test_people_of_the_grid_corpus_in_a_row_are_sure_and_right(shared_data: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="needs the extra 'face'")
    from weft.testing.talking_faces import join_clips

    clips = sorted((shared_data / "faces" / "rizkiarm__LipNet").rglob("*.mpg"))
    video, sound = join_clips(clips, offset_s=0.27)
    evidence = audio_face_evidence(video, sound)
    assert [one.details["verdict"] for one in evidence] == ["sure"]
    np.testing.assert_allclose(evidence[0].offsets_ns / 1e9, 0.27, atol=0.04)
    video, sound = join_clips(clips[:1], offset_s=0.27)
    assert all(one.details["verdict"] == "weak" for one in audio_face_evidence(video, sound))


def test_a_declared_lead_is_subtracted_with_its_spread_and_named() -> None:
    speaker = Speaker(12, 40)
    track, sound = speaker.track(), speaker.sound()
    usual = found([track], sound)
    lead = replace(USUAL["lip_lead"], value_ns=40e6, sd_ns=3e6, origin="declared")
    declared = found([track], sound, setup=FaceSetup(lead=lead))
    np.testing.assert_allclose(usual.offsets_ns - declared.offsets_ns, 25_000_000, atol=2)
    assert declared.systematic_sd_ns == pytest.approx(3e6)
    assert [one.name for one in declared.assumptions] == ["lip_lead"]


def test_the_shipped_network_finds_made_syllables_too_and_calls_strangers_weak() -> None:
    setup = FaceSetup(shipped_network().method())
    speaker = Speaker(13, 60)
    evidence = found([speaker.track()], speaker.sound(offset_s=0.5), setup=setup)
    assert evidence.method == "learned"
    np.testing.assert_allclose(evidence.offsets_ns / 1e9, 0.5, atol=0.08)
    stranger = found([speaker.track()], Speaker(14, 60).sound(), setup=setup)
    assert stranger.details["verdict"] == "weak"
    assert stranger.details["synchronisable"] < evidence.details["synchronisable"]
