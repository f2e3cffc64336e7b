"""The page as a whole: whole, harmless, small, and the same every time."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from weft.core import Alignment, Capsule, ClockAlignment, Finding, Recording, Severity
from weft.dataset import open_dataset
from weft.report import ReportData, data_of_dataset, data_of_recordings, write_report
from weft.report.page import render
from weft.testing.sessions import drive_session, example_version, kitchen_session
from weft.testing.toy_dataset import build_toy_dataset, open_toy, write_toy_folder

SECTIONS = ("verdict", "came-in", "clocks", "residuals", "missing", "capsules", "findings", "made", "glossary")
VOID = {"meta", "link", "img", "br", "path"}
EVIL = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def data() -> ReportData:
    """Two sessions with everything that there is to tell."""
    return data_of_recordings([kitchen_session(), drive_session()], example_version(), name="pilot")


@pytest.fixture(scope="module")
def page(data: ReportData) -> str:
    """Their page."""
    return render(data)


class Balance(HTMLParser):
    """Refuses tags that do not close in order, and remembers what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Balance:
    """The page's tags, every one closed."""
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    return parser


def test_every_section_is_there_and_every_tag_closes(page: str) -> None:
    ids = {attrs.get("id") for _, attrs in parsed(page).seen}
    assert set(SECTIONS) <= ids


def test_every_link_leads_to_a_place_on_the_page(page: str) -> None:
    tags = parsed(page).seen
    ids = {attrs.get("id") for _, attrs in tags}
    assert {attrs["href"] for tag, attrs in tags if tag == "a"} <= {f"#{name}" for name in ids}


def test_nothing_is_loaded_from_anywhere(page: str) -> None:
    assert not re.search(r"""(?:src|href|action|poster|srcset)\s*=\s*["'](?!#|data:)""", page)
    assert not re.search(r"url\(|@import|https?://|<script|<iframe|<object", page)


def test_every_picture_has_a_text_and_every_table_a_header(page: str) -> None:
    tags = parsed(page).seen
    assert all(attrs.get("alt") for tag, attrs in tags if tag == "img")
    assert all(attrs.get("aria-label") or attrs.get("aria-hidden") for tag, attrs in tags if tag == "svg")
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in tags if tag == "th")


def test_equal_data_give_equal_bytes(data: ReportData, tmp_path: Path) -> None:
    one, two = (write_report(data, tmp_path / name).read_bytes() for name in ("a.html", "b.html"))
    assert one == two
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_a_report_that_cannot_be_written_leaves_nothing_behind(data: ReportData, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_report(data, tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_names_and_words_from_outside_are_harmless() -> None:
    recording, alignment, capsules = kitchen_session()
    anchor = replace(capsules[0].anchor, value=EVIL, tier=EVIL, method=EVIL)
    finding = Finding(EVIL, Severity.ERROR, EVIL, EVIL, EVIL)
    renamed = replace(
        recording, name=EVIL, streams=tuple(replace(s, name=f"{s.name}{EVIL}") for s in recording.streams)
    )
    clocks = tuple(replace(entry, note=EVIL, streams=(EVIL,)) for entry in alignment.clocks)
    aligned = replace(alignment, recording=EVIL, clocks=clocks, findings=(finding,))
    shown = (replace(capsules[0], recording=EVIL, anchor=anchor),)
    version = replace(example_version(), recipe={"reference": EVIL})
    page = render(data_of_recordings([(renamed, aligned, shown)], version, name=EVIL))
    tags = parsed(page).seen
    assert "script" not in {tag for tag, _ in tags}
    assert not any(name.startswith("on") for _, attrs in tags for name in attrs)
    assert EVIL not in page
    assert "&lt;script&gt;alert" in page


def test_a_clocks_name_is_harmless_inside_a_plot() -> None:
    recording, alignment, _ = kitchen_session()
    entries = []
    for entry in alignment.clocks:
        clock = replace(entry.clock, name=EVIL) if entry.clock.name == "cam" else entry.clock
        entries.append(replace(entry, clock=clock))
    streams = tuple(replace(s, clock=EVIL) if s.clock == "cam" else s for s in recording.streams)
    clocks = tuple(replace(c, name=EVIL) if c.name == "cam" else c for c in recording.clocks)
    built = (replace(recording, streams=streams, clocks=clocks), replace(alignment, clocks=tuple(entries)), ())
    assert EVIL not in render(data_of_recordings([built], example_version()))


def renamed(
    name: str, built: tuple[Recording, Alignment, tuple[Capsule, ...]]
) -> tuple[Recording, Alignment, tuple[Capsule, ...]]:
    """The same session under another name."""
    recording, alignment, capsules = built
    return (
        replace(recording, name=name),
        replace(alignment, recording=name),
        tuple(replace(capsule, recording=name) for capsule in capsules),
    )


def test_two_hundred_recordings_stay_within_five_megabytes() -> None:
    built = kitchen_session()
    many = data_of_recordings([renamed(f"day-{i:03d}", built) for i in range(200)], example_version(200), name="year")
    page = render(many)
    assert len(page.encode()) < 5_000_000
    assert "day-199" in page
    assert " open class" not in page.split('id="came-in"')[1].split('id="clocks"')[0]


def test_a_dataset_without_recordings_still_has_a_page() -> None:
    page = render(data_of_recordings([], example_version(0), name="empty"))
    assert "nothing to trust" in page
    assert set(SECTIONS) <= {attrs.get("id") for _, attrs in parsed(page).seen}


def test_a_recording_of_which_nothing_is_known_still_has_a_page() -> None:
    recording, alignment, _ = kitchen_session()
    lost = tuple(
        entry
        if entry.clock.name == "mic"
        else ClockAlignment(entry.clock, entry.streams, type(entry.status)("not_aligned"), None)
        for entry in alignment.clocks
    )
    silent = replace(recording, streams=tuple(s for s in recording.streams if s.clock != "mic"))
    page = render(data_of_recordings([(silent, replace(alignment, clocks=lost), ())], example_version()))
    assert "No clock of 1 recording could be aligned well" in page


def toy_dataset(folder: Path) -> Path:
    """A dataset of two tiny recordings."""
    sessions = [write_toy_folder(folder / name, seed=seed) for seed, name in enumerate(("alpha", "beta"))]
    build_toy_dataset(folder / "ds", sessions)
    return folder / "ds"


def test_a_report_of_a_dataset_shows_its_originals(tmp_path: Path) -> None:
    opened = open_dataset(toy_dataset(tmp_path), opener=open_toy)
    page = write_report(opened, tmp_path / "report.html").read_text(encoding="utf-8")
    assert {card.capsule.recording for card in data_of_dataset(opened).cards} == {"alpha", "beta"}
    assert "data:image/jpeg" in page
    assert 'class="wave"' in page


def test_a_report_of_a_dataset_whose_originals_are_gone_says_so(tmp_path: Path) -> None:
    path = toy_dataset(tmp_path)
    for original in (tmp_path / "alpha").iterdir():
        original.unlink()
    data = data_of_dataset(open_dataset(path, opener=open_toy))
    assert any(note.startswith("alpha: its originals could not be read") for note in data.notes)
    assert {card.capsule.recording for card in data.cards} == {"beta"}
    assert len(data.recordings) == 2
