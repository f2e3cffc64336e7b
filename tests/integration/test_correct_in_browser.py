"""Correcting by hand in a real browser: dragging, marking, saving, undoing; two tabs; a kill; hostile names."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from weft.readers.corrections import CORRECTIONS_NAME, read_pairs
from weft.testing.sessions import kitchen_session
from weft.web.server import CorrectionServer
from weft.web.session import Session

INTERVIEW = Path(__file__).resolve().parents[2] / "examples" / "recordings" / "interview"
HOSTILE = "<img src=x onerror=document.title='ran'>"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CorrectionServer]:
    """A made-up session with a name that is a trap."""
    recording, alignment, _ = kitchen_session()
    alignment = replace(alignment, recording=HOSTILE)
    with CorrectionServer(Session(replace(recording, name=HOSTILE), alignment, tmp_path / CORRECTIONS_NAME)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def browser(new_browser: Callable[[], Any]) -> Any:
    """A page without a window."""
    return new_browser()


def opened(browser: Any, url: str, **options: int) -> None:
    browser.open(url, **options)
    browser.wait("document.body.dataset.ready")
    browser.run("document.getElementById('clock').value = 'cam'; choose('cam')")
    browser.wait("page.tracks.every((t) => t.stream.kind === 'pictures' ? t.frames.length : t.data)")


def middle_of(browser: Any, side: str) -> tuple[float, float]:
    box = browser.run(
        f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
        f"(document.querySelector('#{side} canvas').getBoundingClientRect())"
    )
    return float(box[0]), float(box[1])


def test_drag_mark_save_and_take_back(browser: Any, server: CorrectionServer) -> None:
    opened(browser, server.url)
    x, y = middle_of(browser, "theirs")
    browser.drag((x, y), (x + 50, y))
    moved_s = browser.run("nudgeOf('cam')")
    assert moved_s == pytest.approx(50 * browser.run("perPx()"), rel=1e-6)
    browser.press("ArrowRight")
    browser.press("ArrowLeft", modifiers=8)
    browser.press("ArrowRight", modifiers=1)
    assert browser.run("nudgeOf('cam')") - moved_s == pytest.approx(0.091, abs=1e-9)
    browser.press(".")
    assert browser.run("nudgeOf('cam')") - moved_s - 0.091 == pytest.approx(browser.run("frameStep()"), abs=1e-9)
    browser.press("Enter")
    assert browser.run("page.pending.length") == 1
    assert not server.session.corrections.path.exists()
    browser.run("save()")
    browser.wait("page.pending.length === 0")
    (pair,) = server.session.corrections.pairs()
    cursor_s, there_s = browser.run("[page.cursor, fromReference('cam', page.cursor)]")
    assert pair.t_reference_ns == server.session.reading_ns("mic", cursor_s)
    assert pair.t_clock_ns == server.session.reading_ns("cam", there_s)
    browser.run("document.querySelector('#pairs button').click()")
    browser.wait("page.state.pairs.length === 0")
    assert server.session.corrections.pairs() == []
    assert browser.complaints == []


def test_a_click_above_and_a_click_below_make_a_pair_and_undo_takes_it(browser: Any, server: CorrectionServer) -> None:
    opened(browser, server.url)
    (x, above), (_, below) = middle_of(browser, "ours"), middle_of(browser, "theirs")
    browser.drag((x - 100, above), (x - 100, above))
    browser.drag((x + 60, below), (x + 60, below))
    pair = browser.run("page.pending[0]")
    gap_s = browser.run("toReference('cam', page.pending[0].clock_s)") - pair["reference_s"]
    assert gap_s == pytest.approx(160 * browser.run("perPx()"), rel=1e-6)
    browser.press("z", modifiers=2)
    assert browser.run("page.pending.length") == 0


def test_what_is_not_saved_is_asked_about_and_not_written(browser: Any, server: CorrectionServer) -> None:
    opened(browser, server.url)
    browser.press("Enter")
    browser.open("about:blank")
    assert browser.dialogs == 1
    assert not server.session.corrections.path.exists()


def test_two_tabs_do_not_overwrite_each_other(
    browser: Any, server: CorrectionServer, new_browser: Callable[[], Any]
) -> None:
    opened(browser, server.url)
    second = new_browser()
    opened(second, server.url)
    for tab, at in ((browser, 10), (second, 20), (browser, 30)):
        tab.run(f"moveCursor({at}); markAtCursor(); save()")
        tab.wait("page.pending.length === 0")
    assert second.run("page.state.pairs.length") == 2
    assert len(server.session.corrections.pairs()) == 3
    assert browser.run("page.state.pairs.length") == 3


def test_names_from_outside_are_text_and_nothing_leaves(browser: Any, server: CorrectionServer) -> None:
    opened(browser, server.url)
    assert browser.run("document.getElementById('recording').textContent") == HOSTILE
    assert browser.run("document.querySelectorAll('h1 img').length") == 0
    assert browser.run("performance.getEntriesByType('resource').every((r) => r.name.startsWith(location.origin))")
    assert browser.run("play().then(() => isPlaying())") is False or browser.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_a_narrow_phone(browser: Any, server: CorrectionServer, dark: bool) -> None:
    opened(browser, server.url, width=390, height=800, dark=dark)
    browser.press("Enter")
    assert browser.run("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert browser.complaints == []


def test_what_was_saved_survives_a_kill_and_is_believed(tmp_path: Path, browser: Any) -> None:
    session = tmp_path / "session"
    shutil.copytree(INTERVIEW, session)
    command = [sys.executable, "-m", "weft", "correct", str(session), "--no-browser", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        browser.open(json.loads("".join(lines))["url"])
        browser.wait("document.body.dataset.ready")
        browser.run("nudge(0.4); moveCursor(2); markAtCursor(); moveCursor(9); markAtCursor(); save()")
        browser.wait("page.pending.length === 0")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert len(read_pairs(session / CORRECTIONS_NAME)[0]) == 2
    done = subprocess.run(
        [sys.executable, "-m", "weft", "align", str(session), "--json"], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["clocks"][1]["methods"] == ["human"]
    assert "contradictory_evidence" in {finding["check"] for finding in found["findings"]}
