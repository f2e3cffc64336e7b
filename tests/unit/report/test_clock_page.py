"""What can be seen of an alignment: graph, evidence, errors, clips; as a page, as SVG, as PNG."""

from __future__ import annotations

import io
import re
import wave
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from weft.core import (
    Alignment,
    Clock,
    ClockAlignment,
    Evidence,
    Interval,
    Recording,
    Residual,
    Status,
    TimeMap,
    UsageError,
)
from weft.report.clip_pictures import clip_row, envelope_of
from weft.report.clips import CLIP_S, clips_of, wave_file
from weft.report.clock_graph import clock_graph
from weft.report.clock_page import write_clock_page
from weft.report.evidence_rows import evidence_rows, loops_of
from weft.report.plots import clock_plot, error_plot
from weft.sync import align
from weft.testing.scenes import Device, record_streams, speech_like
from weft.testing.sessions import kitchen_session

SECOND = 1_000_000_000
Pair = tuple[Recording, Alignment]


def measured(clock: str, reference: str, offset_ms: float, method: str = "lsl") -> Evidence:
    times_ns = np.arange(20, dtype=np.int64) * SECOND
    offsets_ns = np.full(20, round(offset_ms * 1e6), dtype=np.int64)
    return Evidence(clock, reference, times_ns, offsets_ns, np.full(20, 1e5), method)


@pytest.fixture(scope="module")
def pair() -> Pair:
    """Two microphones, one started 1.5 s later."""
    devices = [Device("near", 16_000, 0.0, seconds=20.0), Device("far", 16_000, 1.5, 40e-6, 20.0)]
    streams, clocks = record_streams(speech_like(24.0, seed=8), devices, seed=2)
    recording = Recording("two <b>mics</b>", Path(), streams, clocks)
    return recording, align(recording, reference="near")


def solved(evidence: tuple[Evidence, ...], residuals: tuple[Residual, ...]) -> Alignment:
    a = ClockAlignment(Clock("a"), (), Status.ALIGNED, TimeMap.identity("a"))
    b = ClockAlignment(Clock("b"), (), Status.ALIGNED, TimeMap.affine("b", "a"), residuals=residuals)
    c = ClockAlignment(Clock("c"), (), Status.NOT_ALIGNED, None)
    return Alignment("lab", "a", (a, b, c), evidence)


def test_what_became_of_evidence_is_read_from_residuals() -> None:
    evidence = (measured("b", "a", 1.0), measured("b", "a", 9.0, "audio_face"), measured("b", "a", 2.0, "arrival"))
    left = tuple(Residual(t * SECOND, 0.0, 1e5, "lsl") for t in range(20))
    out = tuple(Residual(t * SECOND, 8e6, 1e5, "audio_face", used=False) for t in range(20))
    rows = evidence_rows(solved(evidence, left + out))
    assert [(row.method, row.state) for row in rows] == [
        ("lsl", "used"),
        ("audio_face", "left out"),
        ("arrival", "compared"),
    ]
    assert (rows[0].moments, rows[0].sd_ms) == (20, pytest.approx(0.1))


def test_evidence_measured_the_other_way_round_is_recognised_too() -> None:
    e = measured("a", "b", 1.0)
    left = tuple(Residual(t * SECOND + 1_000_000, 0.0, 1e5, "lsl") for t in range(20))
    assert [row.state for row in evidence_rows(solved((e,), left))] == ["used"]


def test_a_loop_tells_its_gap() -> None:
    (loop,) = loops_of([measured("a", "b", 10.0), measured("c", "b", -5.0), measured("a", "c", 40.0)])
    assert loop.clocks == ("a", "b", "c")
    assert loop.gap_ms == pytest.approx(-25.0, abs=1e-3)
    assert loop.sd_ms == pytest.approx(np.sqrt(3) * 0.1)


def test_two_sides_are_no_loop() -> None:
    assert loops_of([measured("a", "b", 10.0), measured("b", "c", 5.0)]) == []


def test_the_graph_names_clocks_verdicts_and_evidence() -> None:
    evidence = (measured("b", "a", 1.0), measured("b", "a", 2.0, "arrival"))
    alignment = solved(evidence, tuple(Residual(t * SECOND, 0.0, 1e5, "lsl") for t in range(20)))
    graph = str(clock_graph(alignment, evidence_rows(alignment)))
    words = [element.text for element in ElementTree.fromstring(graph).iter("text")]
    assert {"a", "b", "c", "reference", "✓ aligned", "✕ not aligned", "lsl ±0.100 ms", "compared"} <= set(words)
    assert graph.count('class="edge used"') == 1
    assert graph.count('class="edge compared"') == 1


def test_one_clock_has_no_graph() -> None:
    alone = Alignment("lab", "a", (ClockAlignment(Clock("a"), (), Status.ALIGNED, TimeMap.identity("a")),))
    assert clock_graph(alone, []) == ""


def test_jumps_are_marked_where_they_are() -> None:
    _, alignment, _ = kitchen_session()
    span = Interval(0, 60 * SECOND)
    for plot in (clock_plot, error_plot):
        assert str(plot(alignment["eye"], span, 0, x_label="time")).count('class="jump"') == 1
        assert 'class="jump"' not in plot(alignment["cam"], span, 0, x_label="time")


def test_a_clip_is_heard_apart_before_and_together_after(pair: Pair) -> None:
    (clip,) = clips_of(*pair)
    assert clip.interval.duration_s == CLIP_S
    likeness = [
        float(np.corrcoef(envelope_of(clip.reference), envelope_of(sight.sound))[0, 1])
        for sight in (clip.before, clip.after)
    ]
    assert likeness[1] > 0.9 > likeness[0] + 0.3


def test_pictures_stand_under_the_sound_where_a_device_has_no_ears() -> None:
    recording, alignment, _ = kitchen_session()
    (clip,) = clips_of(recording, alignment)
    assert (clip.clock, clip.after.sound.size) == ("cam", 0)
    assert all(jpeg.startswith(b"\xff\xd8") for jpeg in clip.after.frames)
    sides = clip_row(clip, words="0:10")["sides"]
    assert [side["audio"] for side in sides] == ["", ""]
    assert sides[1]["frames"][0].startswith("data:image/jpeg;base64,")


def test_a_moment_that_the_device_missed_is_said(pair: Pair) -> None:
    recording, alignment = pair
    (clip,) = clips_of(recording, alignment)
    silent = replace(clip, before=replace(clip.before, sound=np.zeros_like(clip.before.sound)))
    (before, _) = clip_row(silent, words="0:10")["sides"]
    assert (before["audio"], before["note"]) == ("", "the device recorded nothing at that moment of its own time")


def test_each_ear_hears_one_sound() -> None:
    left, right = np.array([0.0, 0.5, -0.5], dtype=np.float32), np.array([0.1, 0.0, 0.0], dtype=np.float32)
    with wave.open(io.BytesIO(wave_file(left, right))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 3)
        heard = np.frombuffer(file.readframes(3), dtype="<i2").reshape(3, 2)
    assert heard.tolist() == [[0, 29490], [29490, 0], [-29490, 0]]


def test_the_page_is_one_small_file_without_script_or_foreign_markup(pair: Pair, tmp_path: Path) -> None:
    text = write_clock_page(*pair, tmp_path / "clocks.html").read_text(encoding="utf-8")
    assert len(text) < 3_000_000
    assert "<script" not in text
    assert re.search(r'(src|href)="(?!data:|#)', text) is None
    assert "two &lt;b&gt;mics&lt;/b&gt;" in text
    assert "<b>mics" not in text
    assert text.count("<audio controls") == 2


def test_the_svg_is_whole_and_the_png_shows_it(pair: Pair, tmp_path: Path) -> None:
    drawn = ElementTree.fromstring(write_clock_page(*pair, tmp_path / "clocks.svg").read_bytes())
    width, height = int(drawn.attrib["width"]), int(drawn.attrib["height"])
    captions = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "far: audio residuals" in captions
    picture = Image.open(write_clock_page(*pair, tmp_path / "clocks.PNG"))
    assert picture.size == (2 * width, 2 * height)
    colours = {colour for _, colour in picture.getcolors(1 << 20)}
    assert {(0, 114, 178), (204, 227, 240), (255, 255, 255)} <= colours


def test_a_name_that_is_no_picture_is_refused(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a plot is written as \.html, \.svg, \.png"):
        write_clock_page(*pair, tmp_path / "clocks.pdf")
    assert list(tmp_path.iterdir()) == []
