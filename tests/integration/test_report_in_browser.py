"""The report in a real browser: nothing on the console, nothing from the network, everything there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from weft.report import data_of_recordings, write_report
from weft.report.clock_page import write_clock_page
from weft.testing.sessions import drive_session, example_version, kitchen_session

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECTIONS = ("verdict", "came-in", "clocks", "residuals", "missing", "capsules", "findings", "made", "glossary")


@pytest.fixture(scope="module")
def browser() -> str:
    """A Chromium; skips where there is none, but never in CI."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Chromium to look at the report; install the package chromium")
        pytest.skip("needs Chromium")
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two made-up sessions."""
    data = data_of_recordings([kitchen_session(), drive_session()], example_version(), name="pilot")
    return write_report(data, tmp_path_factory.mktemp("report") / "report.html")


def run(browser: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Chromium without a window, without services of its own, with a profile that is thrown away."""
    still = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    profile = f"--user-data-dir={folder / 'profile'}"
    return subprocess.run([browser, *still, profile, *options], capture_output=True, text=True, timeout=120, check=True)


def test_all_sections_reach_the_document_without_a_word_on_the_console(
    browser: str, report: Path, tmp_path: Path
) -> None:
    done = run(browser, tmp_path, "--enable-logging=stderr", "--v=0", "--dump-dom", report.as_uri())
    assert all(f'id="{name}"' in done.stdout for name in SECTIONS)
    assert "parsererror" not in done.stdout
    assert [line for line in done.stderr.splitlines() if ":CONSOLE" in line] == []


def test_a_broken_page_would_be_noticed(browser: str, tmp_path: Path) -> None:
    page = tmp_path / "broken.html"
    page.write_text("<script>console.error('broken')</script>", encoding="utf-8")
    done = run(browser, tmp_path, "--enable-logging=stderr", "--v=0", "--dump-dom", page.as_uri())
    assert any(":CONSOLE" in line and "broken" in line for line in done.stderr.splitlines())


def urls_requested(browser: str, page: Path, folder: Path) -> set[str]:
    """The addresses that a page asked for, from the browser's own log of its network.

    What the browser asks for on its own account has no page as its initiator.
    """
    log = folder / f"{page.stem}.json"
    run(browser, folder, f"--log-net-log={log}", "--dump-dom", page.as_uri())
    asked = re.compile(r'"initiator":"([^"]*)".*"url":"(https?://[^"]*)"')
    found = (asked.search(line) for line in log.read_text(encoding="utf-8").splitlines())
    return {match[2] for match in found if match and match[1] != "not an origin"}


def test_nothing_is_asked_from_the_network(browser: str, report: Path, tmp_path: Path) -> None:
    assert urls_requested(browser, report, tmp_path) == set()


def test_a_request_would_be_noticed(browser: str, tmp_path: Path) -> None:
    page = tmp_path / "asking.html"
    page.write_text('<!doctype html><img src="http://127.0.0.1:9/x.png">', encoding="utf-8")
    assert urls_requested(browser, page, tmp_path) == {"http://127.0.0.1:9/x.png"}


def test_it_fits_a_narrow_phone_and_prints(browser: str, report: Path, tmp_path: Path) -> None:
    frame = tmp_path / "phone.html"
    measure = "const d=f.contentDocument.documentElement; document.title=d.scrollWidth-d.clientWidth"
    frame.write_text(
        f'<iframe id="f" width="360" height="800" src="{report.as_uri()}"></iframe>'
        f"<script>f.onload=()=>{{{measure}}}</script>",
        encoding="utf-8",
    )
    done = run(
        browser, tmp_path, "--allow-file-access-from-files", "--dump-dom", "--virtual-time-budget=5000", frame.as_uri()
    )
    assert "<title>0</title>" in done.stdout
    printed = tmp_path / "report.pdf"
    run(browser, tmp_path, f"--print-to-pdf={printed}", report.as_uri())
    assert printed.read_bytes().startswith(b"%PDF")


def test_the_page_of_clocks_is_quiet_and_fits_a_narrow_phone(browser: str, tmp_path: Path) -> None:
    recording, alignment, _ = kitchen_session()
    page = write_clock_page(recording, alignment, tmp_path / "clocks.html", findings=alignment.findings)
    done = run(browser, tmp_path, "--enable-logging=stderr", "--v=0", "--dump-dom", page.as_uri())
    assert all(f'id="{name}"' in done.stdout for name in ("clocks", "evidence", "time", "clips", "findings"))
    assert [line for line in done.stderr.splitlines() if ":CONSOLE" in line] == []
    assert urls_requested(browser, page, tmp_path) == set()
    frame = tmp_path / "narrow.html"
    measure = "const d=f.contentDocument.documentElement; document.title=d.scrollWidth-d.clientWidth"
    frame.write_text(
        f'<iframe id="f" width="360" height="800" src="{page.as_uri()}"></iframe>'
        f"<script>f.onload=()=>{{{measure}}}</script>",
        encoding="utf-8",
    )
    options = ("--allow-file-access-from-files", "--dump-dom", "--virtual-time-budget=5000")
    assert "<title>0</title>" in run(browser, tmp_path, *options, frame.as_uri()).stdout
